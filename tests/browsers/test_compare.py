"""Prediction beside observation: what counts as a difference, and what does not."""

from __future__ import annotations

import pytest

from corscheck.browsers.compare import compare, engine_of
from corscheck.model.result import (
    EngineVerdict,
    ExchangeRecord,
    Observation,
    ObservedRequest,
    PreflightRecord,
    RequestRecord,
    ResponseRecord,
    Result,
)

ORIGIN = "http://app.example"
URL = "http://api.example/x"
PUT = (("Origin", ORIGIN),)
ASKED = (("Access-Control-Request-Method", "PUT"), ("Origin", ORIGIN))


def exchange(kind="actual", method="PUT", headers=PUT, status=200):
    response = None if status is None else ResponseRecord(status, ())
    return ExchangeRecord(kind, 0, RequestRecord(method, URL, headers), response, None, 1.0, status is None)


PREFLIGHT = exchange("preflight", "OPTIONS", ASKED, 204)
SEEN_PREFLIGHT = ObservedRequest("preflight", "OPTIONS", URL, tuple((n.lower(), v) for n, v in reversed(ASKED)))
SEEN_PUT = ObservedRequest("actual", "PUT", URL, (("Accept", "*/*"), *PUT))


def result(**changes):
    fields = {
        "url": URL,
        "origin": ORIGIN,
        "method": "PUT",
        "headers": (),
        "credentials": "same-origin",
        "redirect": "follow",
        "mode": "cors",
        "body": None,
        "engine": "chromium",
        "send": "always",
        "index": 0,
        "check": None,
        "verdict": "allowed",
        "complete": True,
        "expected": "allowed",
        "passed": True,
        "reason": None,
        "engines": {name: EngineVerdict("allowed", "recorded") for name in ("chromium", "firefox")},
        "preflight": PreflightRecord(True, ("method PUT",), True, {}),
        "steps": (),
        "exchanges": (PREFLIGHT, exchange()),
        "response": None,
        "readable_headers": ("content-type",),
        "console": {"chromium": None, "firefox": None},
    }
    return Result(**{**fields, **changes})


def observation(**changes):
    fields = {
        "browser": "chromium",
        "version": "1",
        "verdict": "allowed",
        "readable_headers": ("Content-Type",),
        "requests": (SEEN_PREFLIGHT, SEEN_PUT),
    }
    return Observation(**{**fields, **changes})


BLOCKED = {"verdict": "blocked", "readable_headers": ()}
X_A = "Access to fetch [...]: Request header field x-a is not allowed by [...]"
AT = f"http://api.example:80 Origin='{ORIGIN}'"
WARNING = "Cross-Origin Request Warning: [...]"
NOT_HTTP = "Cross-Origin Request Blocked: [...] at ftp://a/. (Reason: CORS request not http)."


@pytest.mark.parametrize(
    ("predicted", "observed"),
    [
        ({}, {}),
        ({"engine": "firefox"}, {"browser": "firefox"}),
        ({}, {"browser": "chrome"}),
        # Another engine drove: its exchanges and readable headers say nothing.
        ({"engine": "firefox", "readable_headers": (), "exchanges": ()}, {"browser": "edge"}),
        # Chromium names one of several missing headers.
        (
            {**BLOCKED, "console": {"chromium": X_A}},
            {**BLOCKED, "console": X_A.replace("x-a", "x-b")},
        ),
        ({"engine": "firefox", "console": {"firefox": WARNING}}, {"browser": "firefox"}),
        (
            {"engine": "firefox", **BLOCKED, "console": {"firefox": "b"}},
            {"browser": "firefox", **BLOCKED, "console": f"{NOT_HTTP}\nb"},
        ),
        # A repetition after 421 is not told by browsers; Firefox's after a hang-up may be.
        ({"exchanges": (exchange(status=421), exchange())}, {"requests": (SEEN_PUT,)}),
        ({"engine": "firefox"}, {"browser": "firefox", "requests": (SEEN_PREFLIGHT, SEEN_PUT, SEEN_PUT)}),
        ({"exchanges": (PREFLIGHT, exchange(status=None))}, {"requests": (SEEN_PREFLIGHT,)}),
        # Firefox may have forgotten a cached preflight.
        (
            {"engine": "firefox", "exchanges": (PREFLIGHT, exchange(), exchange())},
            {"browser": "firefox", "requests": (SEEN_PREFLIGHT, SEEN_PUT, SEEN_PREFLIGHT, SEEN_PUT)},
        ),
        # An opaque page is called differently each time.
        (
            {"engine": "firefox", **BLOCKED, "console": {"firefox": "Security Error: Content at null/ may not load."}},
            {
                "browser": "firefox",
                **BLOCKED,
                "console": "Security Error: Content at moz-nullprincipal:{1-2}?http://a may not load.",
            },
        ),
    ],
)
def test_agreement(predicted, observed):
    found = compare(result(**predicted), observation(**observed))
    assert (found.agrees, found.differences) == (True, ())


@pytest.mark.parametrize(
    ("predicted", "observed", "difference"),
    [
        ({}, BLOCKED, "verdict: predicted allowed, observed blocked"),
        ({"readable_headers": ("a", "content-type")}, {}, "readable headers: predicted but not observed: a"),
        ({"readable_headers": ()}, {}, "readable headers: observed but not predicted: content-type"),
        ({}, {"console": "x"}, "console: predicted None, observed 'x'"),
        (
            {},
            {"requests": (SEEN_PUT,)},
            f"requests: predicted OPTIONS {AT} Request-Method='PUT', PUT {AT}; observed PUT {AT}",
        ),
        (
            {"exchanges": (exchange(),)},
            {"requests": ()},
            f"requests: predicted PUT {AT}; observed none",
        ),
        (
            {"engines": {"firefox": EngineVerdict("blocked", "recorded")}},
            {"browser": "firefox"},
            "verdict: predicted blocked, observed allowed",
        ),
    ],
)
def test_difference(predicted, observed, difference):
    found = compare(result(**predicted), observation(**observed))
    assert found.agrees is False
    assert found.differences == (difference,)


@pytest.mark.parametrize(
    ("predicted", "observed"),
    [
        ({"verdict": "inconclusive"}, {}),
        ({}, {"verdict": "inconclusive"}),
        ({"engines": {}}, {"browser": "firefox"}),
    ],
)
def test_nothing_to_compare(predicted, observed):
    found = compare(result(**predicted), observation(**observed))
    assert (found.agrees, found.differences) == (None, ())


def test_what_was_held_back_is_not_compared():
    found = compare(result(complete=False, exchanges=(PREFLIGHT,), readable_headers=()), observation())
    assert found.agrees


def test_engine_of():
    assert [engine_of(n) for n in ("chromium", "chrome", "edge", "firefox")] == ["chromium"] * 3 + ["firefox"]
