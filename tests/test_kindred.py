"""A kindred value is the value it stands for: the same parts, the same report, and an ordinary one once it is copied."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corscheck.kindred import KindredResult, probe_of, result_for, whole
from corscheck.model.result import ReadResponse, Result
from corscheck.model.values import CheckRef, Probe
from corscheck.protocol.request import HTTPResponse
from corscheck.report.saved.compact import Encoder
from corscheck.report.saved.document import probe_object
from corscheck.report.saved.summary import Summary
from corscheck.report.text import terminal
from corscheck.transports.base import Unreadable, WireRequest, request_to, response_at
from tests.report import samples

PROBE = Probe(url="http://a.example/1", origin=samples.PAGE, method="PUT", headers=(("X-A", "1"),), index=3)
REQUEST = WireRequest("PUT", "http://a.example/1", (("X-A", "1"),), b"body", keep_body=7)
ANSWER = HTTPResponse(200, (("Vary", "Origin"),), "OK", b"", None, 1.0, 2.0, "HTTP/2", (("Host", "a"),))
PAIRS = {
    "probe": (probe_of(PROBE, "http://a.example/2", 9), replace(PROBE, url="http://a.example/2", index=9)),
    "request": (request_to(REQUEST, "http://a.example/2"), replace(REQUEST, url="http://a.example/2")),
    "response": (response_at(ANSWER, 5.0, 6.0), replace(ANSWER, at=5.0, elapsed_ms=6.0)),
}


def found(url: str, index: int = 7, check: CheckRef | None = None, first: Result | None = None) -> tuple[Any, Result]:
    """A kindred result, and the same with all its parts."""
    first = first or FIRST
    probe = replace(PROBE, url=url, index=index, check=check)
    times = tuple(round(1.25 * n, 3) for n in range(1, len(first.exchanges) + 1))
    exchanges = tuple(
        replace(e, request=replace(e.request, url=url), elapsed_ms=t)
        for e, t in zip(first.exchanges, times, strict=True)
    )
    read = first.response
    assert read is not None
    all_parts = replace(first, url=url, index=index, check=check, exchanges=exchanges, response=replace(read, url=url))
    return result_for(first, probe, url, times), all_parts


FIRST = replace(
    samples.ALLOWED,
    exchanges=(samples.exchange("OPTIONS", 204), samples.exchange("PUT", 200)),
    response=ReadResponse("cors", 200, samples.URL, False),
)
PAIRS["result"] = found("http://a.example/2?b=%41", check=CheckRef("a check"))


@pytest.mark.parametrize("name", PAIRS)
def test_it_equals_what_it_stands_for(name: str) -> None:
    kindred, ordinary = PAIRS[name]
    assert type(kindred) is not type(ordinary)
    assert isinstance(kindred, type(ordinary))
    for part in type(ordinary).__slots__:
        assert getattr(kindred, part) == getattr(ordinary, part), part
    assert kindred == ordinary
    assert ordinary == kindred
    assert kindred != object()
    if name != "result":  # it holds dictionaries
        assert hash(kindred) == hash(ordinary)
    for made in (whole(kindred), pickle.loads(pickle.dumps(kindred)), copy.copy(kindred), replace(kindred)):
        assert type(made) is type(ordinary)
        assert made == ordinary
    assert whole(ordinary) is ordinary


@pytest.mark.parametrize("name", PAIRS)
def test_a_misspelled_part_is_an_error(name: str) -> None:
    with pytest.raises(AttributeError):
        _ = PAIRS[name][0].orgin
    with pytest.raises(AttributeError):
        PAIRS[name][0].url = "http://b.example/"


def test_others_differ() -> None:
    kindred, ordinary = PAIRS["request"]
    assert kindred != replace(ordinary, url="http://a.example/3")
    assert kindred != replace(ordinary, method="POST")
    assert Unreadable("protocol", "x") != kindred


texts = st.text(alphabet=st.sampled_from('a%sd{}"\\/:,\n\x00é\u202e-1.0url')) | st.sampled_from(
    ['"url":"url"', '"index":-1', '"elapsed_ms":-1.0', "url", "%s", "%(url)s", "-1"]
)


@given(url=texts, header=texts, value=texts, body=texts, index=st.integers(-2, 10**9), reproducible=st.booleans())
def test_the_text_of_a_kindred_result(
    url: str, header: str, value: str, body: str, index: int, reproducible: bool
) -> None:
    """What a server sends and what a URL is called fills no hole but its own."""
    exchange = samples.exchange("PUT", 404, headers=((header, value), ("url", "url")), body=body, reason=value)
    first = replace(FIRST, exchanges=(FIRST.exchanges[0], exchange), origin=body, headers=((header, value),))
    encoder = Encoder(reproducible=reproducible)
    for number, address in enumerate((url, "http://a.example/", url + "x")):
        kindred, ordinary = found(address, index + number, CheckRef(value), first)
        expected = json.dumps(probe_object(ordinary, reproducible=reproducible), separators=(",", ":"))
        assert encoder.encode(kindred) == expected
        assert json.dumps(probe_object(kindred, reproducible=reproducible), separators=(",", ":")) == expected


def test_families_are_told_apart() -> None:
    encoder = Encoder(reproducible=False)
    blocked = replace(FIRST, verdict="blocked", passed=False)
    for first in (FIRST, blocked, FIRST):
        for check in (None, CheckRef("one"), CheckRef("two")):
            kindred, ordinary = found("http://a.example/x", check=check, first=first)
            assert json.loads(encoder.encode(kindred)) == json.loads(json.dumps(ordinary.to_dict()))


def test_it_is_counted_and_shown_like_any_other() -> None:
    counted = [Summary(), Summary()]
    for first in (FIRST, replace(FIRST, verdict="blocked", passed=False), replace(FIRST, complete=False)):
        kindred, ordinary = found("http://a.example/x", first=first)
        assert isinstance(kindred, KindredResult)
        assert terminal.line(kindred) == terminal.line(ordinary)
        view = terminal.View(width=80)
        assert terminal.render(kindred, view) == terminal.render(ordinary, view)
        counted[0].add(found("http://a.example/x", first=first)[0])
        counted[1].add(ordinary)
    assert counted[0] == counted[1]
