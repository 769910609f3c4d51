"""The registry is whole: a record for every code, each with its texts, and addresses that exist."""

from __future__ import annotations

import re

import pytest

from corscheck.diagnosis.codes.code import Record
from corscheck.diagnosis.codes.registry import RECORDS, causes_of, of_step
from corscheck.protocol.steps import ANCHORS, CODES

KNOWN_PLACES = (
    "https://fetch.spec.whatwg.org/#",
    "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS/Errors/",
)
MDN_PAGES = {
    "CORSMissingAllowOrigin", "CORSNotSupportingCredentials", "CORSMultipleAllowOriginNotAllowed",
    "CORSAllowOriginNotMatchingOrigin", "CORSMissingAllowCredentials", "CORSPreflightDidNotSucceed",
    "CORSExternalRedirectNotAllowed", "CORSInvalidAllowMethod", "CORSInvalidAllowHeader", "CORSMethodNotFound",
    "CORSMissingAllowHeaderFromPreflight", "CORSRequestNotHttp", "CORSDidNotSucceed", "CORSDisabled",
    "CORSOriginHeaderNotAdded",
}  # fmt: skip
"""Firefox's property names without their digits: so MDN's pages are called."""


def test_every_step_code_has_a_record() -> None:
    assert [c for c in CODES if c not in RECORDS] == []


def test_codes_are_in_their_ranges() -> None:
    kinds = {"6": "cause", "7": "remark", "8": "audit"}
    for code, record in RECORDS.items():
        assert re.fullmatch(r"CORS[1-9]\d\d", code)
        assert record.code == code
        assert record.kind == kinds.get(code[4], "step")


@pytest.mark.parametrize("record", RECORDS.values(), ids=str)
def test_a_record_says_something(record: Record) -> None:
    for text in (record.title, record.meaning, record.explanation, record.example, record.advice, record.since):
        assert text.strip() == text
        assert text
    assert not record.title.endswith(".")
    assert record.meaning.endswith((".", ":"))
    assert "\n" not in record.meaning
    assert record.explanation.endswith(".")
    assert record.advice.endswith((".", "'."))
    assert len(record.title) < 80
    assert record.title.lower() not in record.meaning.lower()


@pytest.mark.parametrize("record", RECORDS.values(), ids=str)
def test_help_is_a_place_that_exists(record: Record) -> None:
    websockets = "https://developer.mozilla.org/en-US/docs/Web/API/WebSocket"
    if record.help in (None, "https://wicg.github.io/local-network-access/", websockets):
        return
    assert record.help.startswith(KNOWN_PLACES)
    page = record.help.rpartition("/")[2]
    if "mozilla" in record.help:
        assert page in MDN_PAGES
    else:
        anchors = {a.partition("#")[2] for a in ANCHORS.values()}
        known = {"cors-protocol-and-http-caches", "http-access-control-expose-headers", "http-access-control-max-age"}
        assert page.removeprefix("#") in anchors | known


@pytest.mark.parametrize("record", [r for r in RECORDS.values() if r.kind == "cause"], ids=str)
def test_a_cause_shows_itself_somewhere(record: Record) -> None:
    assert record.shows_as
    for code in record.shows_as:
        assert CODES[code].code == code
        assert record in causes_of(code)


def test_codes_of_a_step() -> None:
    assert [r.code for r in of_step("cors-check:4")] == ["CORS302", "CORS303", "CORS304", "CORS305", "CORS306"]
    assert of_step("cors-check:99") == ()


def test_causes_of_a_phase() -> None:
    on_preflights = {r.code for r in causes_of("CORS301", preflight=True)}
    on_requests = {r.code for r in causes_of("CORS301", preflight=False)}
    assert "CORS602" in on_preflights - on_requests
    assert "CORS603" in on_requests - on_preflights
