"""The topics: every name leads to one page, every page names its reference, and no name hides a message or a stack."""

from __future__ import annotations

import re

import msgspec
import pytest

from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.diagnosis.guides.registry import GUIDES
from corscheck.diagnosis.guides.registry import lookup as stack
from corscheck.diagnosis.remedies.registry import REMEDIES
from corscheck.diagnosis.topics.registry import TOPICS, close, lookup
from corscheck.diagnosis.topics.topic import Topic
from tests.sources.pasted import rows

# https://fetch.spec.whatwg.org/#http-cors-protocol, and what caches and Chromium add to it.
HEADERS = (
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
    "Access-Control-Allow-Private-Network",
    "Access-Control-Request-Private-Network",
    "Origin",
    "Vary",
)


def test_every_cors_header_has_a_page() -> None:
    for header in HEADERS:
        for called in (header, header.lower(), f"{header}:", f"`{header}`", f"{header}: x"):
            assert lookup(called) is not None, called


def test_names_are_unambiguous() -> None:
    called = [name.lower() for topic in TOPICS.values() for name in {topic.name.lower(), *topic.aliases}]
    assert sorted(set(called)) == sorted(called)
    assert [name for name in called if stack(name) is not None or name in REMEDIES] == []


def test_a_name_is_not_a_message() -> None:
    """A message says which codes it can come from; a topic of the same name would hide them."""
    assert [row["text"] for row in rows() if lookup(row["text"]) is not None] == []


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_a_topic_says_something(topic: Topic) -> None:
    assert re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]+/\S+", topic.source)
    assert set(topic.codes) <= set(RECORDS)
    assert topic.guide is None or topic.guide in GUIDES
    for text in (topic.text, topic.advice):
        assert len(text) > 5
        assert text.endswith(".")
        assert "\n" not in text
    assert max(map(len, (topic.example or "").split("\n"))) <= 76


def test_a_misspelt_field_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown field `advise`"):
        msgspec.convert({**msgspec.to_builtins(TOPICS["cors"]), "advise": ""}, Topic)


def test_a_like_name_is_found() -> None:
    assert close("preflihgt") == "preflight"
    assert close("lorem") is None
