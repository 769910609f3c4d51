"""Prediction beside observation: what counts as a difference, and what does not."""

from __future__ import annotations

import pytest
from msgspec import structs

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
ACAM = "Access-Control-Allow-Methods"
URL = "http://api.example/x"
PUT = (("Origin", ORIGIN),)
ASKED = (("Access-Control-Request-Method", "PUT"), ("Origin", ORIGIN))


def exchange(kind="actual", method="PUT", headers=PUT, status=200):
    response = None if status is None else ResponseRecord(status, ())
    return ExchangeRecord(kind, 0, RequestRecord(method, URL, headers), response, None, 1.0, status is None)


def answered(*headers, method="PUT", status=200, url=URL):
    """An exchange whose answer has headers: names and values in turn."""
    found = exchange(method=method)
    response = ResponseRecord(status, tuple(zip(headers[::2], headers[1::2], strict=True)))
    return structs.replace(found, request=RequestRecord(method, url, PUT), response=response)


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
# Recorded texts: about XMLHttpRequest, and about fetch().
XHR_TEXT = {
    "chromium": f"Access to XMLHttpRequest at '{URL}' from origin '{ORIGIN}' has been blocked by CORS policy: [...]: The value "
    "of the 'Access-Control-Allow-Credentials' header in the response is '' which must be 'true' when the request's "
    "credentials mode is 'include'. The credentials mode of requests initiated by the XMLHttpRequest is controlled by the "
    "withCredentials attribute.",
    "webkit": f'Refused to set unsafe header "Cookie"\n[...]\nXMLHttpRequest cannot load {URL} due to access control checks.',
}
FETCH_TEXT = {
    "chromium": f"Access to fetch at '{URL}' from origin '{ORIGIN}' has been blocked by CORS policy: [...]: The value of the "
    "'Access-Control-Allow-Credentials' header in the response is '' which must be 'true' when the request's credentials "
    "mode is 'include'.",
    "webkit": f"[...]\nFetch API cannot load {URL} due to access control checks.",
}
NOT_EQUAL = f"Access to {{}} at '{URL}' [...] has a value 'x' that is not equal to the supplied origin."
MIXED_TEXT = {
    "chromium": "Mixed Content: The page at '{}' was loaded over HTTPS, but requested an insecure resource [...]",
    "webkit": "[blocked] The page at {} requested insecure content from [...]",
}
SHORT = "Mixed Content: The page at 'a' was loaded over HTTP"
LISTENED = {**BLOCKED, "upload_listener": True}
EMBEDDED = {**BLOCKED, "origin": "null", "secure_context": True, "exchanges": ()}
UNSENT = {**BLOCKED, "requests": ()}
WARNING = "Cross-Origin Request Warning: [...]"
NOT_HTTP = "Cross-Origin Request Blocked: [...] at ftp://a/. (Reason: CORS request not http)."


@pytest.mark.parametrize(
    ("predicted", "observed"),
    [
        ({}, {}),
        ({"engine": "firefox"}, {"browser": "firefox"}),
        ({}, {"browser": "chrome"}),
        ({}, {"browser": "edge"}),
        ({"engine": "webkit"}, {"browser": "webkit"}),
        # WebKit's repetition after a 421 is on the wire.
        (
            {"engine": "webkit", "exchanges": (exchange(status=421), exchange())},
            {"browser": "webkit", "requests": (SEEN_PUT, SEEN_PUT)},
        ),
        # libsoup replaces bytes that are not UTF-8, also in the console.
        (
            {"engine": "webkit", **BLOCKED, "exchanges": (answered(ACAM, "\xe9"),), "console": {"webkit": "\xe9"}},
            {"browser": "webkit", **BLOCKED, "requests": (SEEN_PUT,), "console": "\ufffd"},
        ),
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
        # Script uses XMLHttpRequest for an upload listener.
        (
            {**LISTENED, "console": {"chromium": FETCH_TEXT["chromium"]}},
            {**BLOCKED, "console": XHR_TEXT["chromium"]},
        ),
        (
            {**LISTENED, "engine": "webkit", "console": {"webkit": FETCH_TEXT["webkit"]}},
            {**BLOCKED, "browser": "webkit", "console": XHR_TEXT["webkit"]},
        ),
        (
            {
                **LISTENED,
                "console": {
                    "chromium": NOT_EQUAL.format("fetch") + " Have the server send the header with a valid value."
                },
            },
            {**BLOCKED, "console": NOT_EQUAL.format("XMLHttpRequest")},
        ),
        ({"upload_listener": True}, {"console": 'Refused to set unsafe header "Cookie"'}),
        (
            {**LISTENED, "exchanges": (), "console": {"chromium": MIXED_TEXT["chromium"]}},
            {**UNSENT, "console": MIXED_TEXT["chromium"].replace("resource", "XMLHttpRequest endpoint")},
        ),
        # The prediction is not told which page embeds this one.
        (
            {**EMBEDDED, "console": {"chromium": MIXED_TEXT["chromium"].format("(the page that embeds this one)")}},
            {**UNSENT, "console": MIXED_TEXT["chromium"].format("https://127.0.0.1:4000/")},
        ),
        (
            {**EMBEDDED, "engine": "webkit", "console": {"webkit": MIXED_TEXT["webkit"].format("about:srcdoc")}},
            {**UNSENT, "browser": "webkit", "console": MIXED_TEXT["webkit"].format("https://127.0.0.1:4000/")},
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
            {**BLOCKED, "console": {"chromium": "Access to fetch"}},
            {**BLOCKED, "console": "Access to XMLHttpRequest"},
            "console: predicted 'Access to fetch', observed 'Access to XMLHttpRequest'",
        ),
        (
            {**LISTENED, "console": {"chromium": "Access to fetch at 'http://a/'"}},
            {**BLOCKED, "console": "Access to XMLHttpRequest at 'http://b/'"},
            "console: predicted \"Access to fetch at 'http://a/'\", observed \"Access to XMLHttpRequest at 'http://b/'\"",
        ),
        (
            {**EMBEDDED, "console": {"chromium": MIXED_TEXT["chromium"].format("a")}},
            {**UNSENT, "console": SHORT},
            f"console: predicted {MIXED_TEXT['chromium'].format('a')!r}, observed {SHORT!r}",
        ),
        (
            {"engine": "webkit", "exchanges": (PREFLIGHT, answered(ACAM, "\xe9"))},
            {"browser": "webkit", "requests": (SEEN_PREFLIGHT,)},
            f"requests: predicted OPTIONS {AT} Request-Method='PUT', PUT {AT}; observed OPTIONS {AT} Request-Method='PUT'",
        ),
        (
            {"engine": "webkit", "console": {"webkit": "x"}, "exchanges": (PREFLIGHT, answered(ACAM, "e"))},
            {"browser": "webkit"},
            "console: predicted 'x', observed None",
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
    ],
)
def test_nothing_to_compare(predicted, observed):
    found = compare(result(**predicted), observation(**observed))
    assert (found.agrees, found.differences) == (None, ())


@pytest.mark.parametrize("browser", ["firefox", "webkit"])
def test_prediction_of_another_engine_is_refused(browser):
    with pytest.raises(ValueError, match=f"a prediction for {browser} is needed, not one for chromium"):
        compare(result(), observation(browser=browser))


@pytest.mark.parametrize(
    ("exchanges", "reason"),
    [
        ((answered("Location", "/a", "Location", "/b", status=302),), "joins several Location headers"),
        ((answered("Location", "/\xe9", status=302),), "that is not ASCII"),
        ((answered("Location", "http://else.example/", method="DELETE", status=307),), "turns a DELETE"),
        (
            (
                answered("Location", "//else.example/", method="DELETE", status=307),
                answered(method="DELETE", url="http://else.example/"),
            ),
            "turns a DELETE",
        ),
        ((answered("Location", "/b", method="DELETE", status=307), answered(method="DELETE")), None),
        ((answered("Location", "http://else.example/", method="PUT", status=307),), None),
        ((answered("Location", "/a", "Location", "/b"),), None),
    ],
)
def test_what_only_libsoup_decides_is_not_compared(exchanges, reason):
    seen = {"verdict": "blocked", "readable_headers": ()}
    found = compare(result(engine="webkit", exchanges=exchanges), observation(browser="webkit", **seen))
    assert found.agrees is (False if reason is None else None)
    if reason is not None:
        (said,) = found.differences
        assert said.startswith("not compared: libsoup ")
        assert reason in said
    # Chromium and Firefox have network layers of their own.
    assert compare(result(exchanges=exchanges), observation(**seen)).agrees is False


def test_what_was_held_back_is_not_compared():
    found = compare(result(complete=False, exchanges=(PREFLIGHT,), readable_headers=()), observation())
    assert found.agrees


def test_engine_of():
    names = ("chromium", "chrome", "edge", "firefox", "webkit")
    assert [engine_of(n) for n in names] == ["chromium"] * 3 + ["firefox", "webkit"]
