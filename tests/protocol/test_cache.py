"""The preflight cache at its edges: keys, credentials, expiry, what clears it, and Access-Control-Max-Age.

Expectations are the standard's, or a departure that ``engines.py`` gives a source for.
"""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.protocol.cache import PreflightCache, max_age
from corscheck.protocol.engines import ENGINES, STANDARD
from corscheck.protocol.origin import parse_url
from corscheck.protocol.outcome import Outcome
from tests.protocol.kit import ask, request, response

CHROMIUM, FIREFOX, WEBKIT = (ENGINES[n].rules for n in ("chromium", "firefox", "webkit"))
PAGE, URL = "https://app.example", parse_url("https://api.example/x")


def failed(outcome: Outcome) -> str:
    assert outcome.failure is not None
    return outcome.failure.code


@pytest.mark.parametrize(
    ("values", "rules", "seconds"),
    [
        (("600", "600"), STANDARD, 5),
        (("0",), STANDARD, 0),
        (("", "", "7"), FIREFOX, 7),
        (("", ""), FIREFOX, 5),
        (("5", "6"), FIREFOX, None),
        (("0",), CHROMIUM, 0),
        (("-1",), CHROMIUM, None),
        (("-0",), CHROMIUM, 0),
        (("1",), CHROMIUM, 1),
        ((str(2**63 - 1),), CHROMIUM, 7200),
        ((str(2**63),), CHROMIUM, 5),
        (("9" * 3999,), CHROMIUM, 5),
        (("9" * 5000,), CHROMIUM, 5),
        (("9" * 5000,), FIREFOX, 86400),
        (("9" * 5000,), WEBKIT, 5),
    ],
)
def test_max_age(values: tuple[str, ...], rules: Any, seconds: int | None) -> None:
    assert max_age(tuple(("Access-Control-Max-Age", v) for v in values), rules) == seconds


def test_without_a_cap_the_number_is_taken_as_it_is() -> None:
    assert max_age((("Access-Control-Max-Age", "9" * 30),)) == int("9" * 30)


def stored(rules: Any = STANDARD, credentials: Any = "omit", url: Any = URL, **more: Any) -> PreflightCache:
    cache = PreflightCache(rules)
    given: dict[str, Any] = {"methods": ("PUT",), "names": ("x-a",), "seconds": 10, "now": 0.0, **more}
    cache.store(PAGE, url, credentials, **given)
    return cache


def covered(cache: PreflightCache, credentials: Any = "omit", url: Any = URL, **more: Any) -> bool:
    given: dict[str, Any] = {"method": "PUT", "names": ("x-a",), "now": 1.0, **more}
    return cache.covers(PAGE, url, credentials, **given)


def test_the_cache_key_has_the_fragment_where_an_engine_keeps_it() -> None:
    other = parse_url("https://api.example/x#f")
    assert covered(stored(url=other))
    assert covered(stored(), url=other)
    for rules in (CHROMIUM, FIREFOX):
        assert not covered(stored(rules, url=other))
        assert covered(stored(rules, url=other), url=other)


def test_credentials_in_the_cache() -> None:
    assert covered(stored(credentials="include"), "include")
    assert covered(stored(credentials="include"), "omit")
    assert not covered(stored(credentials="omit"), "include")
    # Firefox keeps two entries, which do not know of each other.
    assert covered(stored(FIREFOX, "include"), "include")
    assert not covered(stored(FIREFOX, "include"), "omit")
    assert covered(stored(FIREFOX, "omit"), "omit")
    assert not covered(stored(FIREFOX, "omit"), "include")
    assert covered(stored(FIREFOX, "omit"), "same-origin")


def test_a_safelisted_method_needs_an_entry_only_under_the_flag() -> None:
    cache = stored(methods=())
    assert covered(cache, method="POST")
    assert not covered(cache, method="POST", method_needed=True)
    assert covered(stored(methods=("POST",)), method="POST", method_needed=True)


@pytest.mark.parametrize("part", ["methods", "names"])
def test_every_part_of_an_entry_knows_its_credentials(part: str) -> None:
    cache = PreflightCache()
    both: dict[str, Any] = {"methods": ("PUT",), "names": ("x-a",), "seconds": 10, "now": 0.0}
    cache.store(PAGE, URL, "include", **{**both, part: ()})
    cache.store(PAGE, URL, "omit", **both)
    assert covered(cache, "omit")
    assert not covered(cache, "include")


def test_an_entry_is_good_until_its_second_has_come() -> None:
    assert covered(stored(seconds=1), now=0.5)
    assert not covered(stored(seconds=1), now=1.0)
    for seconds in (None, 0, -1):
        assert not covered(stored(seconds=seconds), now=-0.5)


def test_chromium_forgets_the_whole_entry_when_it_stores_another() -> None:
    for rules, still in ((STANDARD, True), (CHROMIUM, False)):
        cache = stored(rules)
        cache.store(PAGE, URL, "omit", ("DELETE",), (), 10, 0.0)
        # In this order: Chromium removes an entry that does not cover a request.
        assert covered(cache, method="DELETE", names=())
        assert covered(cache) is still


@pytest.mark.parametrize("credentials", ["omit", "include"])
@pytest.mark.parametrize("rules", [STANDARD, FIREFOX])
def test_clearing_forgets_both_kinds_of_entry_and_no_other_url(credentials: Any, rules: Any) -> None:
    elsewhere = parse_url("https://api.example/y")
    cache = stored(rules, credentials)
    cache.store(PAGE, elsewhere, credentials, ("PUT",), ("x-a",), 10, 0.0)
    cache.clear(PAGE, URL)
    assert not covered(cache, credentials)
    assert covered(cache, credentials, elsewhere)


YES = response(204, acao="*", acam="PUT", acma="600")


@pytest.mark.parametrize(
    ("engine", "kept"), [("standard", False), ("firefox", False), ("chromium", True), ("webkit", True)]
)
def test_a_failure_clears_the_cache(engine: str, kept: bool) -> None:
    """*Clear cache entries* (``http-fetch:4.1``/``4.4``): of the request's origin and URL, in a network error."""
    for wrong in ("preflight", "actual"):
        cache = PreflightCache(ENGINES[engine].rules)
        asked = request(method="PUT")
        ask(asked, YES, response(acao="*"), engine=engine, cache=cache)
        assert [r.kind for r in ask(asked, response(acao="*"), engine=engine, cache=cache)[1]] == ["actual"]
        if wrong == "actual":
            outcome, _ = ask(asked, response(), engine=engine, cache=cache)
        else:
            outcome, _ = ask(request(method="DELETE"), response(), engine=engine, cache=cache)
        assert failed(outcome) == "CORS301"
        _, sent = ask(asked, YES, response(acao="*"), engine=engine, cache=cache)
        # Chromium and WebKit have removed the entry before: it does not cover DELETE.
        assert [r.kind for r in sent] == (["actual"] if kept and wrong == "actual" else ["preflight", "actual"])


@pytest.mark.parametrize(("engine", "kinds"), [("chromium", 2), ("firefox", 2), ("standard", 2), ("webkit", 1)])
def test_a_preflight_that_is_refused_for_a_header(engine: str, kinds: int) -> None:
    """PUT is cached, then PUT with a new header is refused, then PUT: recorded in the three browsers."""
    cache = PreflightCache(ENGINES[engine].rules)
    ask(request(method="PUT"), YES, response(acao="*"), engine=engine, cache=cache)
    ask(request(method="PUT", headers=(("X-A", "1"),)), YES, engine=engine, cache=cache)
    _, sent = ask(request(method="PUT"), *[YES][: kinds - 1], response(acao="*"), engine=engine, cache=cache)
    assert len(sent) == kinds


def test_firefox_keys_by_the_page_and_not_by_the_origin_it_sends() -> None:
    """After a taint the Origin is null: an entry made so serves a page's own request in Firefox only."""
    away = response(307, acao="*", location="https://cdn.example/y")
    for engine, kinds in (("standard", ["preflight", "actual"]), ("firefox", ["actual"])):
        cache = PreflightCache(ENGINES[engine].rules)
        ask(request(method="PUT"), YES, away, YES, response(acao="*"), engine=engine, cache=cache)
        direct = request("https://cdn.example/y", method="PUT")
        _, sent = ask(direct, YES, response(acao="*"), engine=engine, cache=cache)
        assert [r.kind for r in sent] == kinds


def test_the_use_cors_preflight_flag_asks_the_cache_for_the_method() -> None:
    listener = request(method="POST", body=b"x", use_cors_preflight=True)
    cache = PreflightCache()
    cache.store(PAGE, URL, "omit", (), (), 600, 0.0)
    cache.store(PAGE, URL, "omit", ("PUT",), (), 600, 0.0)
    _, sent = ask(listener, response(204, acao="*"), response(acao="*"), cache=cache)
    assert [r.kind for r in sent] == ["preflight", "actual"]
