"""The CORS check's codes, safelist additions and Chromium's idea of a URL: tables of what the browsers did."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corscheck.diagnosis.console import console_text
from corscheck.protocol import engines
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.cors_check import corp_check, cors_check, looks_like_a_url
from corscheck.protocol.departures import DEPARTURES
from corscheck.protocol.engines import ENGINES, Rules
from corscheck.protocol.origin import parse_url
from corscheck.protocol.redirect import Follow, Hop, Refuse, http_redirect_fetch, is_redirect, locate
from corscheck.protocol.safelist import combine, is_safelisted_request_header, unsafe_request_header_names
from tests.protocol.kit import ask, request, response

CHROMIUM = ENGINES["chromium"].rules


@pytest.mark.parametrize(
    ("name", "value", "safe"),
    [
        # Chromium 156, each asked with fetch(): without a preflight (True) or with one.
        ("ECT", "4g", True), ("ECT", "5g", False), ("ect", "4G", False), ("DPR", "1.5", True), ("DPR", "1.", False),
        ("DPR", ".5", False), ("DPR", "1.5.1", False), ("DPR", "", False), ("Width", "10", True), ("Width", "1.5", False),
        ("Viewport-Width", "x", False), ("Viewport-Width", "10", True),
        ("RTT", "50", True), ("RTT", "1.5", False), ("Downlink", "1.5", True),
        ("Downlink", "x", False), ("Save-Data", "on", True), ("Save-Data", "ON", True), ("Save-Data", "1", False),
        ("Intervention", "x", True), ("Device-Memory", "0.5", True), ("Device-Memory", "abc", False),
        ("Content-DPR", "1", False), ("Critical-CH", "x", False),
    ],
)  # fmt: skip
def test_chromiums_additions_to_the_safelist(name: str, value: str, safe: bool) -> None:
    assert is_safelisted_request_header(name, value, CHROMIUM) is safe
    assert not is_safelisted_request_header(name, value)
    assert not is_safelisted_request_header(name, value, ENGINES["firefox"].rules)


@pytest.mark.parametrize(
    ("value", "chromium", "firefox", "standard"),
    [
        ("bytes=9223372036854775806-", True, True, True),
        ("bytes=9223372036854775807-", False, True, True),
        ("bytes=0-9223372036854775807", False, True, True),
        ("bytes=18446744073709551615-", False, True, True),
        ("bytes=18446744073709551616-", False, False, True),
        ("bytes=00-1", True, True, True),
    ],
)
def test_large_ranges(value: str, chromium: bool, firefox: bool, standard: bool) -> None:
    got = [is_safelisted_request_header("Range", value, ENGINES[e].rules) for e in ("chromium", "firefox", "standard")]
    assert got == [chromium, firefox, standard]


def test_combining_keeps_the_first_place_and_spelling() -> None:
    headers = (("X-A", "1"), ("Accept", "a"), ("x-a", "2"))
    assert combine(headers) == (("X-A", "1, 2"), ("Accept", "a"))


@given(st.lists(st.tuples(st.sampled_from(["Accept", "X-A", "x-b", "Range"]), st.text('ab"=0-', max_size=6))))
def test_unsafe_names_are_sorted_lower_case_and_independent_of_order(headers: list[tuple[str, str]]) -> None:
    names = unsafe_request_header_names(tuple(headers))
    assert list(names) == sorted({n.lower() for n in names})
    assert names == unsafe_request_header_names(tuple(reversed(headers)))


@pytest.mark.parametrize(
    "value",
    ["null", "localhost:3000", "app.example:443", "https://*.example", "http://*", "http:app.example", "file://",
     "https:///app.example", "https://app_1.example", "http://app.example;", "http://u@app.example", "foo:bar",
     "javascript:1", "http://app.example\x01", "http://app.example\x0b", "http://m\xc3\xbcnchen.example"],
)  # fmt: skip
def test_values_that_chromium_calls_another_origin(value: str) -> None:
    assert value == "null" or looks_like_a_url(value)
    code = cors_check("https://app.example", "omit", (("Access-Control-Allow-Origin", value),), CHROMIUM).code
    assert code == "CORS306"


@pytest.mark.parametrize(
    "value",
    ["", "example.com", "//app.example", "NULL", "**", "*.example", '"https://app.example"', "https:", "https://",
     "http://[::1", "http://app.example:99999", "http://a%zz", "http://a\x7f", "http://a\xa0", "http://b\xfccher.example"],
)  # fmt: skip
def test_values_that_chromium_calls_invalid(value: str) -> None:
    code = cors_check("https://app.example", "omit", (("Access-Control-Allow-Origin", value),), CHROMIUM).code
    assert code == "CORS305"


@pytest.mark.parametrize(
    ("headers", "code", "firefox"),
    [
        ([("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Origin", "")], "CORS303", "CORS303"),
        ([("Access-Control-Allow-Origin", "*"), ("access-control-allow-origin", "")], "CORS303", None),
        ([("access-control-allow-origin", "*"), ("access-control-allow-origin", "*")], "CORS303", "CORS304"),
        ([("Access-Control-Allow-Origin", "https://app.example")] * 2, "CORS303", "CORS303"),
    ],
)
def test_two_fields(headers: Any, code: str, firefox: str | None) -> None:
    """Firefox looks for the exact spelling before anything else, and joins headers without their empty fields."""
    assert cors_check("https://app.example", "omit", tuple(headers), CHROMIUM).code == code
    assert cors_check("https://app.example", "omit", tuple(headers), ENGINES["firefox"].rules).code == firefox


def test_credentials_in_two_fields_one_of_them_empty() -> None:
    headers = (("Access-Control-Allow-Origin", "https://app.example"), ("Access-Control-Allow-Credentials", ""),
               ("Access-Control-Allow-Credentials", "true"))  # fmt: skip
    assert cors_check("https://app.example", "include", headers, ENGINES["firefox"].rules).ok
    assert cors_check("https://app.example", "include", headers, CHROMIUM).code == "CORS307"


@pytest.mark.parametrize(
    ("origin", "url", "policy", "allowed"),
    [
        ("https://www.shop.example", "https://api.shop.example/", "same-site", True),
        ("https://www.shop.example", "http://api.shop.example/", "same-site", True),
        ("http://www.shop.example", "https://api.shop.example/", "same-site", False),
        ("https://a.example", "https://b.example/", "same-site", False),
        ("https://a.example", "https://a.example/x", "same-origin", True),
        ("https://a.example", "https://b.example/", "cross-origin", True),
        ("null", "https://a.example/", "same-site", False),
        ("null", "https://a.example/", "cross-origin", True),
        ("https://a.shop.example", "https://b.shop.example/", "same-origin", False),
        ("https://a.shop.example", "https://b.shop.example/", "Same-Origin", True),
    ],
)
def test_corp(origin: str, url: str, policy: str, allowed: bool) -> None:
    def domain(host: str) -> str | None:
        labels = host.split(".")
        return ".".join(labels[-2:]) if len(labels) > 1 else None

    headers = (("Cross-Origin-Resource-Policy", policy),)
    assert corp_check(origin, url, headers, registrable_domain=domain) is allowed


@pytest.mark.parametrize(
    ("policy", "coep", "allowed"),
    [
        (None, "unsafe-none", True),
        (None, "require-corp", False),
        ("nonsense", "require-corp", False),
        ("cross-origin", "require-corp", True),
        ("same-site", "require-corp", True),
        (None, "credentialless", True),
    ],
)
def test_corp_under_coep(policy: str | None, coep: Any, allowed: bool) -> None:
    """Absent (or unknown) means same-origin where the page asks for it: a page of the same site is not enough."""
    headers = () if policy is None else (("Cross-Origin-Resource-Policy", policy),)
    pages = "https://a.shop.example", "https://b.shop.example/"
    assert corp_check(*pages, headers, coep, registrable_domain=lambda _: "shop.example") is allowed


def test_engines_are_made_of_their_departures() -> None:
    for name, engine in ENGINES.items():
        assert engines._engine(name, engine.title, engine.basis, engine.version) == engine
        assert (engine.name, bool(engine.title)) == (name, True)
    assert [e.basis for e in ENGINES.values()] == ["text", "recorded", "recorded", "recorded"]
    assert [e.version for e in ENGINES.values()] == [None, "156", "153", "2.50.6"]


def test_a_later_entry_of_the_cache_counts_too() -> None:
    """Entries made without credentials come first and do not match; the ones behind them do."""
    url = parse_url("https://api.example/x")
    cache = PreflightCache()
    cache.store("https://app.example", url, "omit", ("PUT",), ("x-a",), 600, 0.0)
    cache.store("https://app.example", url, "include", ("PUT",), ("x-a",), 600, 0.0)
    assert cache.covers("https://app.example", url, "include", "PUT", ("x-a",), 1.0)


@pytest.mark.parametrize(("engine", "covered"), [("standard", True), ("chromium", False), ("webkit", True)])
def test_a_wildcard_entry_made_with_credentials(engine: str, covered: bool) -> None:
    url = parse_url("https://api.example/x")
    cache = PreflightCache(ENGINES[engine].rules)
    cache.store("https://app.example", url, "include", ("*",), ("*",), 600, 0.0)
    assert cache.covers("https://app.example", url, "omit", "PUT", ("x-a",), 1.0) is covered


def test_where_a_redirect_leads() -> None:
    base = parse_url("https://api.example/a/b?q#f")
    assert locate((), base).value is None
    assert locate((("Location", "c"),), base).url == parse_url("https://api.example/a/c#f")
    assert locate((("location", " /d#g "),), base).url == parse_url("https://api.example/d#g")
    assert locate((("Location", "/\xc3\xbc"),), base).url == parse_url("https://api.example/%C3%BC#f")
    two = (("Location", "/c"), ("Location", "/d"))
    assert (locate(two, base).url, locate(two, base).value) == (None, "/c, /d")
    assert locate((("Location", "/c"),) * 2, base, CHROMIUM).url == parse_url("https://api.example/c#f")
    assert not is_redirect(302, locate((("Location", ""),), base), CHROMIUM)
    assert is_redirect(302, locate((("Location", ""),), base))
    assert not is_redirect(300, locate((("Location", "/c"),), base))


def hop(**more: Any) -> Hop:
    given: dict[str, Any] = {
        "page_origin": "https://app.example", "mode": "cors", "tainting": "basic", "url": parse_url("https://app.example/"),
        "count": 0, "method": "GET", "headers": (), "body": None, "stream": False, "redirect": "follow",
    }  # fmt: skip
    return Hop(**{**given, **more})


@pytest.mark.parametrize(
    ("engine", "more", "location", "code"),
    [
        ("standard", {}, "https://u:p@api.example/", "CORS504"),
        ("webkit", {}, "https://u:p@api.example/", "CORS504"),
        ("webkit", {"tainting": "cors"}, "https://u:p@api.example/", "CORS504"),
        ("standard", {"mode": "no-cors"}, "https://u:p@api.example/", None),
        ("chromium", {"mode": "no-cors"}, "https://u:p@api.example/", "CORS510"),
        ("standard", {"tainting": "cors"}, "https://u:p@app.example/", "CORS505"),
        ("chromium", {}, "https://u:p@app.example/", "CORS510"),
        ("firefox", {}, "https://u:p@app.example/", None),
    ],
)
def test_userinfo_in_a_location(engine: str, more: dict[str, Any], location: str, code: str | None) -> None:
    became = http_redirect_fetch(hop(**more), 302, (("Location", location),), ENGINES[engine].rules)
    assert (became.code if isinstance(became, Refuse) else None) == code
    assert code is not None or isinstance(became, Follow)


def test_every_departure_changes_a_rule_and_says_why() -> None:
    standard = Rules()
    for departure in DEPARTURES:
        assert getattr(standard, departure.rule) != departure.value, departure
        assert getattr(ENGINES[departure.engine].rules, departure.rule) == departure.value
        assert departure.evidence
        assert departure.subject
        assert departure.differs
    assert len({(d.engine, d.rule) for d in DEPARTURES}) == len(DEPARTURES)
    assert ENGINES["standard"].rules == standard


def test_the_standard_has_no_console() -> None:
    outcome, _ = ask(request(), response())
    assert console_text(outcome) is None
