"""Requests of recordings, one rule each: preflights and their requests, renewed responses, evidence, unknown credentials.

The right verdicts follow from the Fetch Standard and RFC 9111; ``tests/browsers/test_har_recordings.py`` sees most of them
in browsers.
"""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.model.result import Result
from corscheck.runner.recorded import Terms
from tests.runner.test_recorded import ALLOW, API, APP, PERMIT, entry, har, judge, one, preflight, reason

STAR = {"Access-Control-Allow-Origin": "*"}
TAG = {"ETag": '"a"'}
ASKED = {"If-None-Match": '"a"'}


def verdicts(*entries: dict[str, Any], creator: str = "mitmproxy") -> list[str]:
    return [r.verdict for r in judge(har(*entries, creator=creator))]


def rows(results: list[Result]) -> list[tuple[str, str, tuple[str, ...], str]]:
    return [(r.method, r.url.removeprefix(API), tuple(n for n, _ in r.headers), r.verdict) for r in results]


# ---------------------------------------------------------------------- preflights


@pytest.mark.parametrize("creator", ["mitmproxy", "Firefox", "WebInspector"])
def test_a_failed_preflight_is_not_that_of_a_later_request(creator: str) -> None:
    """The page asked with X-Version, which failed, and then without."""
    failed = preflight("GET", "x-version", came=PERMIT)
    assert rows(judge(har(failed, entry(came=ALLOW, at=1), creator=creator))) == [
        ("GET", "/a", ("x-version",), "blocked"),
        ("GET", "/a", (), "allowed"),
    ]


def test_after_a_failed_preflight_no_request_follows() -> None:
    """The second request needs a preflight of its own, which passes, in whatever order the recording has them."""
    failed, passed = preflight("GET", "x-a", came=ALLOW), preflight("GET", "x-a", came=PERMIT, at=1)
    request = entry(sent={"X-A": "1"}, came=ALLOW, at=1.1)
    for order in ((failed, passed, request), (request, failed, passed), (passed, request, failed)):
        assert sorted(verdicts(*order)) == ["allowed", "blocked"]
        assert sorted(len(r.exchanges) for r in judge(har(*order, creator="mitmproxy"))) == [1, 2]


def test_preflights_that_cross_belong_to_the_requests_with_their_headers() -> None:
    results = judge(
        har(
            preflight("GET", "x-a", came=PERMIT),
            preflight("GET", "x-a,x-b", came=PERMIT, at=0.01),
            preflight("PUT", "x-a", came=ALLOW, status=500, at=0.02),
            preflight("DELETE", "x-a", came={**PERMIT, "Access-Control-Allow-Methods": "DELETE"}, at=0.03),
            entry("DELETE", sent={"X-A": "1"}, came={}, at=0.2),
            entry(sent={"X-A": "1"}, came=ALLOW, at=0.3),
            entry(came=ALLOW, at=0.35),
            creator="mitmproxy",
        )
    )
    assert rows(results) == [
        ("GET", "/a", ("x-a", "x-b"), "blocked"),
        ("PUT", "/a", ("x-a",), "blocked"),
        ("DELETE", "/a", ("X-A",), "inconclusive"),
        ("GET", "/a", ("X-A",), "allowed"),
        ("GET", "/a", (), "allowed"),
    ]
    assert [len(r.exchanges) for r in results] == [1, 1, 1, 2, 1]


def test_requests_without_an_answer_are_those_of_the_failed_preflights() -> None:
    """As browsers' developer tools record it: the request stands before its preflight, with status 0."""
    found = judge(
        har(
            entry(sent={"X-A": "1"}, status=0, error="net::ERR_FAILED"),
            preflight("GET", "x-a", came=ALLOW, at=0.01),
            entry(sent={"X-A": "1"}, came=ALLOW, at=0.02),
            preflight("GET", "x-a", came=PERMIT, at=0.03),
        )
    )
    assert rows(found) == [("GET", "/a", ("X-A",), "blocked"), ("GET", "/a", ("X-A",), "allowed")]


def test_a_request_that_was_answered_although_its_preflight_failed() -> None:
    """An extension, or headers that are not recorded: the browser went on, so nothing was blocked there."""
    result = one(preflight(came=ALLOW), entry("PUT", came=ALLOW, at=0.1), creator="mitmproxy")
    assert (result.verdict, len(result.exchanges)) == ("inconclusive", 1)
    assert reason(result).startswith("The browser let the page read this")


def test_a_failed_forced_preflight_is_not_that_of_a_plain_request() -> None:
    post = entry("POST", sent={"Content-Type": "text/plain"}, came=ALLOW, at=1)
    assert verdicts(preflight("POST", status=404, came={"Server": "x"}), post) == ["blocked", "allowed"]


def test_authorization_is_missing_in_exports_without_secrets() -> None:
    found = judge(har(preflight("GET", "authorization", came=PERMIT), entry(came=ALLOW, at=0.1)))
    assert rows(found) == [("GET", "/a", ("authorization",), "allowed")]


def test_the_request_of_a_preflight_is_in_mode_cors_even_if_nothing_says_so() -> None:
    """puppeteer-har leaves out Origin and Sec-Fetch-Mode, and the type of a request."""
    request = entry("POST", came=ALLOW, at=0.1, sent={"Content-Type": "application/json"})
    request["request"]["headers"] = [
        {"name": "Referer", "value": APP + "/"},
        {"name": "content-type", "value": "application/json"},
    ]
    allowed = {**PERMIT, "Access-Control-Allow-Headers": "content-type"}
    result = one(preflight("POST", "content-type", came=allowed), request, creator="chrome-har")
    assert (result.verdict, result.origin, len(result.exchanges)) == ("allowed", APP, 2)


def test_a_preflight_that_is_not_recorded_however_long_its_address() -> None:
    """Chromium caches no preflight of an address of 1024 characters: it was sent, and the recorder left it out."""
    result = one(entry("PUT", "/" + "a" * 1100, came=ALLOW))
    assert (result.verdict, result.steps[0].message) == (
        "allowed", "from the preflight cache, or not recorded (method PUT)",
    )  # fmt: skip
    assert one(entry("PUT", came={"Access-Control-Allow-Origin": "null"}, origin="null")).verdict == "allowed"


def test_a_preflight_of_a_later_hop_that_is_not_recorded() -> None:
    first = entry("PUT", status=307, came={**ALLOW, "Location": "/b"})
    result = one(first, entry("PUT", "/b", came=ALLOW, at=0.1))
    assert (result.verdict, [e.kind for e in result.exchanges]) == ("allowed", ["actual", "actual"])


# ---------------------------------------------------------------------- responses that were renewed


@pytest.mark.parametrize("creator", ["Firefox", "mitmproxy", "WebInspector", "WebKit Web Inspector"])
def test_a_304_renews_the_stored_response(creator: str) -> None:
    full = entry(came={**ALLOW, **TAG})
    assert verdicts(full, entry(sent=ASKED, status=304, came=TAG, at=1), creator=creator) == ["allowed", "allowed"]


def test_a_304_updates_the_headers_of_the_stored_response() -> None:
    """RFC 9111, 3.2: what the 304 has replaces what was stored."""
    full, other = entry(came={**ALLOW, **TAG}), {"Access-Control-Allow-Origin": "https://other.example", **TAG}
    assert verdicts(full, entry(sent=ASKED, status=304, came=other, at=1)) == ["allowed", "blocked"]
    bare = entry(came=TAG)
    assert verdicts(bare, entry(sent=ASKED, status=304, came={**ALLOW, **TAG}, at=1)) == ["blocked", "allowed"]
    assert verdicts(bare, entry(sent=ASKED, status=304, came=TAG, at=1)) == ["blocked", "blocked"]


def test_a_304_without_the_response_that_it_renews() -> None:
    result = one(entry(sent=ASKED, status=304, came=TAG), creator="Firefox")
    assert (result.verdict, reason(result)) == (
        "inconclusive",
        "The response only confirms that a stored response is still valid (304), and that one is not in the recording.",
    )
    later = entry(came={**ALLOW, **TAG}, at=1)
    assert verdicts(entry(sent=ASKED, status=304, came=TAG), later) == ["inconclusive", "allowed"]
    # What it has itself decides.
    assert verdicts(entry(sent=ASKED, status=304, came={**ALLOW, **TAG})) == ["allowed"]


def test_a_304_that_script_asked_for_is_what_script_gets() -> None:
    asked = preflight("GET", "if-none-match", came={**PERMIT, "Access-Control-Allow-Headers": "if-none-match"}, at=1)
    assert verdicts(entry(came={**ALLOW, **TAG}), asked, entry(sent=ASKED, status=304, came=TAG, at=1.1)) == [
        "allowed", "blocked",
    ]  # fmt: skip


def test_a_renewed_response_that_chromiums_tools_record_as_200() -> None:
    """Playwright and chrome-har give it the status of the stored response, and the headers of the 304."""
    full, renewed = entry(came={**ALLOW, **TAG}), entry(sent=ASKED, came=TAG, at=1)
    assert verdicts(full, renewed, creator="Playwright") == ["allowed", "allowed"]
    # A proxy writes what it saw: the server did not answer 304, and left out its headers.
    assert verdicts(full, renewed) == ["allowed", "blocked"]


# ---------------------------------------------------------------------- evidence


@pytest.mark.parametrize("creator", ["WebInspector", "Playwright", "chrome-har", "WebKit Web Inspector"])
def test_what_was_read_on_a_later_hop_was_not_blocked(creator: str) -> None:
    first = entry(status=302, came={**ALLOW, "Location": "https://b.example/y"})
    then = entry(origin="null", came={"Content-Type": "text/plain"}, at=0.1)
    then["request"]["url"] = "https://b.example/y"
    result = one(first, then, creator=creator)
    assert (result.verdict, len(result.exchanges)) == ("inconclusive", 2)
    assert reason(result).startswith("The browser let the page read this")
    assert one(first, then, creator="mitmproxy").verdict == "blocked"
    then["response"]["_error"] = "net::ERR_FAILED"
    assert one(first, then, creator=creator).verdict == "blocked"


def test_another_engine_is_not_contradicted() -> None:
    """The recording shows what Chromium did, and not what WebKit would do."""
    assert one(entry(came={"X-A": "1"}), terms=Terms(engine="webkit")).verdict == "blocked"


def test_what_was_sent_and_answered_was_not_refused_before() -> None:
    """Mixed content, which the recording contradicts; without a response it explains the failure."""
    sent = entry(came=ALLOW)
    sent["request"]["url"] = "http://api.example/a"
    assert one(sent, creator="mitmproxy").verdict == "inconclusive"
    sent["response"] = {"status": 0, "headers": []}
    assert one(sent, creator="mitmproxy").verdict == "blocked"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "GE T"])
def test_what_was_recorded_was_sent(method: str) -> None:
    result = one(entry(method, came=ALLOW), creator="Fiddler")
    assert result.verdict == "inconclusive"
    assert reason(result).startswith("No page could make this request with fetch(), so something else did: ")


@pytest.mark.parametrize("data", [{"mimeType": "", "text": ""}, {"mimeType": "", "text": "q=1"}])
def test_a_get_with_a_body_is_a_get(data: dict[str, str]) -> None:
    sent = entry(came=ALLOW)
    sent["request"]["postData"] = data
    assert one(sent, creator="Firefox").verdict == "allowed"


def test_playwrights_failures() -> None:
    def failed(came: dict[str, str], status: int = 200, text: str = "net::ERR_FAILED") -> Result:
        one_entry = entry(came=came, status=status)
        one_entry["response"]["_failureText"] = text
        return one(one_entry, creator="Playwright")

    assert (failed(STAR).verdict, failed(STAR).credentials) == ("blocked", "include")
    assert failed({"X-A": "1"}).verdict == "blocked"
    assert reason(failed({}, status=-1)).endswith("(it reports net::ERR_FAILED).")
    assert failed(STAR, text="NS_ERROR_DOM_BAD_URI").verdict == "blocked"
    # A truncated body does not affect the CORS check.
    assert failed(STAR, text="net::ERR_INCOMPLETE_CHUNKED_ENCODING").verdict == "inconclusive"
    assert failed({}, status=-1, text="NS_ERROR_CONNECTION_REFUSED").verdict == "inconclusive"


def test_an_origin_that_is_not_recorded_decides_nothing() -> None:
    """A stylesheet's font: its Referer is the stylesheet, and its Origin is the page."""
    font = entry(came=ALLOW)
    font["_resourceType"] = "font"
    font["request"]["headers"] = [{"name": "Referer", "value": "https://styles.example/a.css"}]
    assert reason(one(font, creator="some tool")) == (
        "The recording does not contain the request's Origin: from https://styles.example it would be blocked."
    )
    font["response"]["headers"] = [{"name": "X-A", "value": "1"}]
    assert one(font, creator="some tool").verdict == "blocked"


# ---------------------------------------------------------------------- credentials


def test_a_wildcard_if_nobody_knows_whether_the_page_asked_with_credentials() -> None:
    for creator in ("Firefox", "mitmproxy", "Charles Proxy", "Fiddler"):
        result = one(entry(came=STAR), creator=creator)
        assert result.verdict == "inconclusive"
        assert "whether the page sent credentials. If it did, * blocks the request" in reason(result)
    assert one(entry(came=STAR), creator="Firefox", terms=Terms(credentials="omit")).verdict == "allowed"
    assert one(entry(came=STAR), creator="Firefox", terms=Terms(credentials="include")).verdict == "blocked"


def test_credentials_explain_a_failure_where_the_browser_stopped() -> None:
    permit = {**PERMIT, **STAR}
    failed = entry("PUT", status=0, error="net::ERR_FAILED", at=0.1)
    result = one(preflight(came=permit), failed)
    assert (result.verdict, result.credentials, len(result.exchanges)) == ("blocked", "include", 1)
    # It followed this redirect, which it would not have done with credentials.
    first = entry(status=302, came={**ALLOW, "Location": "/b"})
    lost = entry(path="/b", status=0, error="net::ERR_FAILED", at=0.1)
    assert one(first, lost).verdict == "inconclusive"


@pytest.mark.parametrize(("name", "value"), [("Cookie", "a=1"), ("Sec-Fetch-Storage-Access", "active")])
def test_what_tells_credentials(name: str, value: str) -> None:
    result = one(entry(sent={name: value}, came=STAR), creator="Firefox")
    assert (result.verdict, result.credentials) == ("blocked", "include")


CHROME, FIREFOX = (
    "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0",
    "Mozilla/5.0 (X11) Firefox/{}.0",
)


@pytest.mark.parametrize(
    ("agent", "site", "verdict"),
    [
        (CHROME.format(156), "cross-site", "allowed"),
        (FIREFOX.format(153), "cross-site", "allowed"),
        # There are no cookies of another site of which the browser could tell.
        (CHROME.format(156), "same-site", "inconclusive"),
        # They have no Sec-Fetch-Storage-Access.
        (CHROME.format(132), "cross-site", "inconclusive"),
        (FIREFOX.format(146), "cross-site", "inconclusive"),
        ("Mozilla/5.0 (X11) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15", "cross-site", "inconclusive"),
    ],
)
def test_a_browser_that_would_tell_and_does_not_asks_without(agent: str, site: str, verdict: str) -> None:
    assert verdicts(entry(sent={"User-Agent": agent, "Sec-Fetch-Site": site}, came=STAR)) == [verdict]


def test_what_a_wildcard_cannot_have_blocked() -> None:
    # With credentials the preflight would have failed, and nothing would have followed.
    assert verdicts(preflight(came={**PERMIT, **STAR}), entry("PUT", came=STAR, at=0.1)) == ["allowed"]
    # Chromium's tools mark or leave out what was blocked.
    assert verdicts(entry(came=STAR), creator="WebInspector") == ["allowed"]
    # Fonts are fetched without, and so are elements with crossorigin="anonymous".
    assert verdicts(entry(sent={"Sec-Fetch-Dest": "font"}, came=STAR)) == ["allowed"]
    typed = entry(came=STAR)
    typed["response"]["content"] = {"mimeType": "font/woff2"}
    assert verdicts(typed) == ["allowed"]
