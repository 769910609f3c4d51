"""Corners: values at which a change of one token in the protocol's code shows, and nowhere else.

Each expectation is the standard's, or a departure that ``engines.py`` gives a source for. What no test can tell apart
is listed with a reason in ``MUTANTS.md``.
"""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.protocol.blocking import is_bad_port
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.cors_check import CheckResult, cors_check, looks_like_a_url
from corscheck.protocol.engines import ENGINES, STANDARD
from corscheck.protocol.fetch import fetch
from corscheck.protocol.headers import is_header_value
from corscheck.protocol.mime import essence, gecko_request_essence
from corscheck.protocol.origin import parse_url, same_site
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.preflight import PreflightQuestion, judge
from corscheck.protocol.redirect import Deliver, Follow, Hop, Location, http_redirect_fetch, locate
from corscheck.protocol.request import Answer, HeldBack, HTTPRequest, HTTPResponse, Request
from corscheck.protocol.safelist import (
    combine,
    is_safelisted_request_header,
    normalize_method,
    unsafe_request_header_names,
)
from corscheck.protocol.steps import standard_url
from tests.protocol.kit import ask, request, response

CHROMIUM, FIREFOX = (ENGINES[n].rules for n in ("chromium", "firefox"))
PAGE, URL = "https://app.example", parse_url("https://api.example/x")
NOWHERE = Location(None, None)
YES = response(204, acao="*", acam="PUT", acma="600")


def failed(outcome: Outcome) -> str:
    assert outcome.failure is not None
    return outcome.failure.code


# ---------------------------------------------------------------------------------------------------- values and URLs


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("blob:https://a.example/0b1f", "https://a.example"),
        ("blob:http://a.example:81/0b1f", "http://a.example:81"),
        ("blob:ftp://a.example/0b1f", "null"),
        ("blob:data:text/plain,x", "null"),
        ("blob:0b1f", "null"),
        ("data:text/plain,https://a.example/", "null"),
        ("file:///https://a.example/", "null"),
        ("foo:https://a.example/", "null"),
    ],
)
def test_the_origin_of_a_blob_url_is_the_one_in_its_path(url: str, origin: str) -> None:
    parse_url.cache_clear()
    assert parse_url(url).origin == origin


def test_a_trailing_dot_belongs_to_the_registrable_domain() -> None:
    def registrable(host: str) -> str:
        return ".".join(host.split(".")[-2:])

    assert same_site("https://a.shop.example.", "https://b.shop.example.", registrable)
    assert not same_site("https://a.shop.example.", "https://b.shop.example", registrable)


@pytest.mark.parametrize("value", ["a\x0b", "\x0ca", "\x85", "\xa0", "\xff", "aXb", "X"])
def test_only_http_whitespace_may_not_surround_a_value(value: str) -> None:
    assert is_header_value(value)


@pytest.mark.parametrize("value", ["\u0100", "a\u2028"])
def test_no_value_beyond_latin_1(value: str) -> None:
    assert not is_header_value(value)


@pytest.mark.parametrize("blank", ["\x0b", "\x0c", "\x85", "\xa0"])
def test_blanks_that_are_not_http_whitespace_spoil_a_mime_type(blank: str) -> None:
    assert essence(f"{blank}text/plain") is None
    assert essence(f"text/plain{blank};a=b") is None


def test_firefox_ends_a_type_at_the_first_blank() -> None:
    assert gecko_request_essence("text/plain a b c;d=e") == "text/plain"


def test_combining_ignores_the_case_of_names_as_ascii_does() -> None:
    headers = (("X-Kept", "1"), ("x-kEPT", "2"), ("X-Other", "3"))
    assert combine(headers) == (("X-Kept", "1, 2"), ("X-Other", "3"))


def test_a_steps_address_is_that_of_its_algorithm() -> None:
    assert standard_url("cors-check:4") == standard_url("cors-check:8") != standard_url("preflight:4")
    assert str(standard_url("cors-check:4")).endswith("#concept-cors-check")
    assert standard_url("no-such-algorithm:1") is None


def test_looking_like_a_url_reads_bytes_as_utf_8_and_never_fails() -> None:
    assert looks_like_a_url("https://\xc3\xbc.example")
    assert not looks_like_a_url("\u20ac")
    assert not looks_like_a_url("https://\xff\xff")


# --------------------------------------------------------------------------------------------------------- CORS check


@pytest.mark.parametrize(
    ("value", "credentials", "code"),
    [
        ("*", "include", "CORS302"),
        ("https://other.example", "include", "CORS306"),
        ("null", "include", "CORS306"),
        ("https://app.example,https://b.example", "omit", "CORS304"),
        ("https://app.example https://b.example", "omit", "CORS304"),
        ("aXXb", "omit", "CORS305"),
    ],
)
def test_which_fault_an_allowed_origin_has(value: str, credentials: Any, code: str) -> None:
    assert cors_check(PAGE, credentials, (("Access-Control-Allow-Origin", value),)).code == code


# ---------------------------------------------------------------------------------------------------------- preflight


def judged(asked: PreflightQuestion, answer: HTTPResponse, rules: Any = STANDARD) -> Any:
    return judge(asked, answer, NOWHERE, rules)


def test_300_is_not_ok() -> None:
    assert judged(PreflightQuestion(PAGE, "omit", "GET", ()), response(300, acao="*")).failed.code == "CORS401"
    assert judged(PreflightQuestion(PAGE, "omit", "GET", ()), response(299, acao="*")).failed is None


def test_the_value_at_fault_is_the_one_that_decided() -> None:
    asked = PreflightQuestion(PAGE, "include", "PUT", ("x-a",))
    no = judged(asked, response(acao=PAGE, acac="TRUE", acam="GET"))
    assert (no.failed.code, no.value) == ("CORS307", "TRUE")
    no = judged(asked, response(acao="*", acac="TRUE", acam="GET"))
    assert (no.failed.code, no.value) == ("CORS302", "*")
    no = judged(asked, response(acao=PAGE, acac="true", acam="GET"))
    assert (no.failed.code, no.value) == ("CORS405", "PUT")


def test_lists_are_parsed_before_they_are_searched() -> None:
    """7.1 to 7.3 come before 7.5 and 7.6, whichever of them it is that the search would fail at."""
    asked = PreflightQuestion(PAGE, "omit", "PUT", ("authorization",))
    bad = response(acao="*", acam="P UT", acah="*")
    assert judged(asked, bad).failed.code == "CORS403"
    bad = response(acao="*", acam="PUT", acah="*")
    assert judged(asked, bad).failed.code == "CORS406"
    bad = response(acao="*", acam="GET", acah="*")
    assert judged(asked, bad).failed.code == "CORS405"


def test_a_forced_preflight_without_a_list_of_methods_allows_its_method() -> None:
    """``preflight:7.4``: null becomes a list of the method, for the cache too; an empty list stays empty."""
    forced = PreflightQuestion(PAGE, "omit", "POST", (), forced=True)
    assert judged(forced, response(acao="*")).methods == ("POST",)
    assert judged(forced, response(acao="*", acam="PUT")).methods == ("PUT",)
    assert judged(forced, response(acao="*", acam="")).methods == ()
    assert judged(PreflightQuestion(PAGE, "omit", "POST", ()), response(acao="*")).methods == ()


def test_authorization_is_searched_for_before_the_other_names() -> None:
    """``preflight:7.6`` before ``7.7``, where the name sorts behind another that is missing."""
    asked = PreflightQuestion(PAGE, "omit", "GET", ("accept-x", "authorization", "x-a"))
    no = judged(asked, response(acao="*", acah="x-b"))
    assert (no.failed.step, no.value) == ("preflight:7.6", "authorization")
    no = judged(asked, response(acao="*", acah="authorization"))
    assert (no.failed.step, no.value) == ("preflight:7.7", "accept-x")


def test_engine_rules_reach_every_part_of_the_judgement() -> None:
    empty_and_full = HTTPResponse(
        200,
        (
            ("access-control-allow-origin", ""),
            ("Access-control-allow-origin", PAGE),
            ("Access-Control-Max-Age", "999999"),
        ),
    )
    yes = judged(PreflightQuestion(PAGE, "omit", "GET", ()), empty_and_full, FIREFOX)
    assert (yes.failed, yes.seconds) == (None, 86400)
    assert judged(PreflightQuestion(PAGE, "omit", "GET", ()), empty_and_full).failed.code == "CORS303"
    nowhere = Location("", None)
    asked = PreflightQuestion(PAGE, "omit", "GET", ())
    no = judge(asked, response(302, acao="*", location=""), nowhere, CHROMIUM)
    assert no.failed is not None
    assert no.failed.code == "CORS401"  # Chromium: an empty Location redirects nowhere
    no = judge(asked, response(302, acao="*", location=""), nowhere, STANDARD)
    assert no.failed is not None
    assert no.failed.code == "CORS402"


# ---------------------------------------------------------------------------------------------------------- redirects


def hop(**more: Any) -> Hop:
    given: dict[str, Any] = {
        "page_origin": PAGE, "mode": "cors", "tainting": "cors", "url": URL, "count": 0, "method": "GET",
        "headers": (), "body": None, "stream": False, "redirect": "follow",
    }  # fmt: skip
    return Hop(**{**given, **more})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_303_keeps_get_and_head_with_their_headers(method: str) -> None:
    """``redirect:12``: only another method becomes GET, and loses the headers of its body."""
    headers = (("Content-Type", "text/plain"), ("Content-Language", "de"))
    there = http_redirect_fetch(hop(method=method, headers=headers), 303, (("Location", "/y"),))
    assert isinstance(there, Follow)
    assert (there.method, there.headers) == (method, headers)


def test_a_stream_ends_where_the_method_becomes_get() -> None:
    there = http_redirect_fetch(hop(method="PUT", stream=True, body=b"x"), 303, (("Location", "/y"),))
    assert isinstance(there, Follow)
    assert (there.method, there.body, there.stream) == ("GET", None, False)
    there = http_redirect_fetch(hop(method="GET", stream=True), 303, (("Location", "/y"),))
    assert isinstance(there, Follow)
    assert there.stream is True


def test_no_location_is_no_redirect() -> None:
    assert http_redirect_fetch(hop(), 302, ()) == Deliver("returned-as-is")
    assert http_redirect_fetch(hop(), 302, (("Location", ""),), CHROMIUM) == Deliver("returned-as-is")
    assert http_redirect_fetch(hop(redirect="error"), 302, (("Location", ""),), CHROMIUM) == Deliver("returned-as-is")
    assert isinstance(http_redirect_fetch(hop(), 302, (("Location", ""),)), Follow)


def test_the_body_travels_with_a_307_and_not_with_a_303() -> None:
    asked = request(method="POST", body=b"hello", headers=(("Content-Type", "text/plain"),))
    _, sent = ask(asked, response(307, acao="*", location="/y"), response(acao="*"))
    assert [r.body for r in sent] == [b"hello", b"hello"]
    _, sent = ask(asked, response(303, acao="*", location="/y"), response(acao="*"))
    assert [r.body for r in sent] == [b"hello", None]


def test_a_refused_redirect_names_what_it_is_about() -> None:
    outcome, _ = ask(request(redirect="error"), response(302, acao="*"))
    row = next(s for s in outcome.steps if s.decisive)
    assert (row.code, row.received) == ("CORS507", "302")
    outcome, _ = ask(request(redirect="error"), response(302, acao="*", location="/y"))
    assert next(s for s in outcome.steps if s.decisive).received == "/y"


def test_the_failure_knows_where_the_fetch_began() -> None:
    outcome, _ = ask(request(), response(302, acao="*", location="https://cdn.example/y"), response())
    assert outcome.failure is not None
    assert (outcome.failure.first_url, outcome.failure.url) == ("https://api.example/x", "https://cdn.example/y")
    # Before any URL is known it is the request's, as it was given; afterwards it is the parsed one.
    outcome, _ = ask(request("https://API.example/a/../x"), response())
    assert outcome.failure is not None
    assert outcome.failure.first_url == "https://api.example/x"


def test_a_second_fault_does_not_keep_the_first_out_of_the_rows() -> None:
    outcome, _ = ask(request(), response(200), engine="standard")
    assert [s.code for s in outcome.steps if s.status == "fail"] == ["CORS301"]


# --------------------------------------------------------------------------------------------------------- what is sent


@pytest.mark.parametrize(("method", "named"), [("GET", False), ("HEAD", False), ("POST", True), ("OPTIONS", True)])
def test_the_origin_goes_along_to_the_pages_own_origin(method: str, named: bool) -> None:
    """*Append a request Origin header*: with cors tainting always, otherwise unless the method is GET or HEAD."""
    _, sent = ask(request("https://app.example/x", method=method), response())
    assert (sent[0].get("Origin") is not None) is named
    _, sent = ask(request(mode="no-cors", method=method if method != "OPTIONS" else "POST"), response())
    assert (sent[0].get("Origin") is not None) is named


def test_an_opaque_response_never_says_that_it_was_redirected() -> None:
    outcome, _ = ask(request(mode="no-cors"), response(302, location="/y"), response())
    assert outcome.response is not None
    assert (outcome.response.type, outcome.response.redirected, outcome.response.url) == ("opaque", False, "")
    outcome, _ = ask(request(), response(302, acao="*", location="/y"), response(acao="*"))
    assert outcome.response is not None
    assert outcome.response.redirected is True


def test_with_credentials_a_star_exposes_nothing_but_itself() -> None:
    answer = response(acao=PAGE, acac="true", aceh="*", X_A="1")
    assert "x-a" not in ask(request(credentials="include"), answer)[0].readable_headers
    assert "x-a" in ask(request(credentials="omit"), answer)[0].readable_headers


@pytest.mark.parametrize(("vary", "named"), [("Origin", True), ("Accept,  Origin", True), ("a origin", False)])
def test_vary_is_a_list_with_commas(vary: str, named: bool) -> None:
    outcome, _ = ask(request(), response(acao=PAGE, vary=vary))
    assert any(s.header == "Vary" for s in outcome.steps) is named


def test_why_no_preflight_went_out_is_a_row() -> None:
    cache = PreflightCache()
    ask(request(method="PUT"), YES, response(acao="*"), cache=cache)
    outcome, _ = ask(request(method="PUT"), response(acao="*"), cache=cache)
    row = outcome.steps[0]
    assert (row.step, row.status, row.header) == ("http-fetch:4.1", "skip", "preflight")
    assert row.message == "not sent: cached (method PUT)"


def test_the_first_preflight_is_the_one_reported() -> None:
    """A redirect's later preflight, answered by the cache, does not hide that one was sent."""
    outcome, _ = ask(request(method="PUT"), YES, response(307, acao="*", location="/x"), response(acao="*"))
    assert (outcome.preflight.sent, outcome.preflight.cached) == (True, False)


def test_held_back_after_a_redirect_is_no_verdict() -> None:
    """Only a preflight just before it can stand for a request that was held back."""
    sent: list[HTTPRequest] = []
    flow = fetch(request("https://app.example/a", method="PUT"))
    answers: list[Answer] = [response(307, location="https://api.example/x"), YES, HeldBack()]
    try:
        sent.append(next(flow))
        while True:
            sent.append(flow.send(answers[len(sent) - 1]))
    except StopIteration as done:
        outcome = done.value
    assert [r.kind for r in sent] == ["actual", "preflight", "actual"]
    assert (outcome.verdict, outcome.complete) == ("allowed", False)


def test_rules_reach_the_checks_of_the_actual_response() -> None:
    two = HTTPResponse(200, (("access-control-allow-origin", ""), ("Access-control-allow-origin", PAGE)))
    assert ask(request(), two, engine="firefox")[0].verdict == "allowed"
    assert failed(ask(request(), two)[0]) == "CORS303"
    # Two Locations that are the same are one in Chromium, and none that parses to the standard.
    twice = HTTPResponse(302, (("Location", "/y"), ("Location", "/y"), ("Access-Control-Allow-Origin", "*")))
    assert ask(request(), twice, response(acao="*"), engine="chromium")[0].verdict == "allowed"
    assert failed(ask(request(), twice, response(acao="*"))[0]) == "CORS501"
    outcome, _ = ask(request(method="PUT"), HTTPResponse(302, twice.headers), engine="chromium")
    assert failed(outcome) == "CORS402"
    assert isinstance(request(), Request)


# -------------------------------------------------------------------------------------------------- a second look


def test_the_whole_result_of_a_cors_check() -> None:
    acac = ("Access-Control-Allow-Credentials", "true")
    star = ("Access-Control-Allow-Origin", "*")
    twice = (star, ("Access-Control-Allow-Origin", ""), acac)
    assert cors_check(PAGE, "omit", twice, FIREFOX) == CheckResult(False, "cors-check:4", "*", "true", "CORS303")
    assert cors_check(PAGE, "omit", (acac,)) == CheckResult(False, "cors-check:2", None, "true", "CORS301")
    assert cors_check(PAGE, "omit", (star, acac)) == CheckResult(True, "cors-check:3", "*", "true")
    assert cors_check(PAGE, "include", (star, acac)) == CheckResult(False, "cors-check:4", "*", "true", "CORS302")
    own = ("Access-Control-Allow-Origin", PAGE)
    assert cors_check(PAGE, "include", (own,)) == CheckResult(False, "cors-check:8", PAGE, None, "CORS307")
    assert cors_check(PAGE, "include", (own, acac)) == CheckResult(True, "cors-check:7", PAGE, "true")


@pytest.mark.parametrize("scheme", ["http", "https", "ws", "wss"])
def test_a_bad_port_is_bad_under_every_scheme_of_the_network(scheme: str) -> None:
    assert is_bad_port(parse_url(f"{scheme}://api.example:25/"))
    assert not is_bad_port(parse_url(f"{scheme}://api.example:8000/"))


def test_methods_are_normalized_as_bytes() -> None:
    """A long s is not an S, although Python's upper() makes it one."""
    assert normalize_method("po\u017ft") == "po\u017ft"
    assert normalize_method("post") == "POST"


@pytest.mark.parametrize(("value", "safe"), [("de, en;q=0.5", True), ("de(", False), ("de\x7f", False)])
@pytest.mark.parametrize("name", ["Content-Language", "Accept-Language", "accept-LANGUAGE"])
def test_languages(name: str, value: str, safe: bool) -> None:
    assert is_safelisted_request_header(name, value) is safe


def test_beyond_1024_bytes_every_safelisted_name_joins_the_unsafe_ones() -> None:
    many = (("X-A", "1"), *((("Accept", "a" * 128),) * 9))
    assert unsafe_request_header_names(many) == ("accept", "x-a")
    assert unsafe_request_header_names(many[:9]) == ("x-a",)


def test_an_engine_may_be_given_as_it_is() -> None:
    flow = fetch(request(), ENGINES["chromium"])
    next(flow)
    with pytest.raises(StopIteration) as done:
        flow.send(response(acao="*"))
    assert done.value.value.verdict == "allowed"


def test_only_if_cached_is_for_mode_same_origin() -> None:
    assert ask(request("https://app.example/x", mode="same-origin", cache="only-if-cached"), response())[1]
    assert ask(request(cache="only-if-cached"), response())[0].verdict == "invalid"


def test_bytes_of_a_location_are_percent_encoded_each_by_itself() -> None:
    """As all three browsers do (group ``encode`` of the recordings), whether they are UTF-8 or not."""
    assert locate((("Location", "/\xff\xc3\xa9"),), URL).url == parse_url("https://api.example/%FF%C3%A9")


def test_an_empty_fragment_is_a_fragment_of_its_own() -> None:
    there = locate((("Location", "/d#"),), parse_url("https://api.example/x#f")).url
    assert there is not None
    assert there.fragment == ""


@pytest.mark.parametrize("engine", ["standard", "chromium", "firefox"])
def test_a_preflight_first_needed_after_a_redirect_is_reported_and_remembered(engine: str) -> None:
    cache = PreflightCache(ENGINES[engine].rules)
    away = response(307, location=URL.href)
    asked = request("https://app.example/a", method="PUT")
    outcome, sent = ask(asked, away, YES, response(acao="*"), engine=engine, cache=cache)
    assert [r.kind for r in sent] == ["actual", "preflight", "actual"]
    assert (outcome.preflight.needed, outcome.preflight.sent) == (True, True)
    _, sent = ask(request(method="PUT"), response(acao="*"), engine=engine, cache=cache)
    assert [r.kind for r in sent] == ["actual"]


@pytest.mark.parametrize(("engine", "sent"), [("standard", "null"), ("chromium", PAGE), ("firefox", "null")])
def test_the_origin_is_kept_from_http_outside_of_cors(engine: str, sent: str) -> None:
    """Measured with Chromium 156 and Firefox 153; mode cors tells everybody."""
    asked = request("http://127.0.0.1/x", method="POST", mode="no-cors")
    _, requests = ask(asked, response(), engine=engine)
    assert requests[0].get("origin") == sent
    _, requests = ask(request("http://127.0.0.1/x", method="POST"), response(), engine=engine)
    assert requests[0].get("origin") == PAGE
