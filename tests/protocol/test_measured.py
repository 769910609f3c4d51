"""Departures found by asking real browsers at random: what they did, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.diagnosis.console import console_text
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.engines import ENGINES
from tests.protocol.kit import ask, request, response


@pytest.mark.parametrize(
    ("engine", "code"),
    [("standard", "CORS202"), ("webkit", "CORS203"), ("chromium", "CORS203"), ("firefox", "CORS203")],
)
def test_mode_same_origin_and_mixed_content(engine: str, code: str) -> None:
    outcome, sent = ask(request("http://api.example/", mode="same-origin"), engine=engine)
    assert (outcome.verdict, outcome.failure and outcome.failure.code, sent) == ("blocked", code, [])
    outcome, _ = ask(request("http://api.example/"), engine=engine)
    assert outcome.failure is not None
    assert outcome.failure.code == "CORS202"
    outcome, _ = ask(request("data:,x", mode="same-origin"), engine=engine)
    assert outcome.verdict == "allowed"


@pytest.mark.parametrize("mode", ["manual", "error", "follow"])
@pytest.mark.parametrize("headers", [{"acao": "*"}, {}])
def test_a_malformed_location_under_every_redirect_mode(mode: Any, headers: dict[str, str]) -> None:
    answer = response(302, location="http://[::1", **headers)
    outcome, _ = ask(request(redirect=mode), answer, engine="chromium")
    assert outcome.failure is not None
    assert outcome.failure.code == "CORS501"
    assert console_text(outcome) is None
    firefox, _ = ask(request(redirect=mode), answer, engine="firefox")
    if mode == "manual" and headers:
        assert firefox.verdict == "allowed"
    elif mode == "follow":
        assert firefox.failure is not None
        assert firefox.failure.code == "CORS501"


@pytest.mark.parametrize(
    ("location", "first"),
    [
        ("data:,x", True), ("file:///x", True), ("javascript:1", True), ("blob:https://a.example/1", True),
        ("about:blank", False), ("ftp://a.example/", False), ("foo:bar", False), ("mailto:a@b.example", False),
    ],
)  # fmt: skip
def test_firefox_gives_up_on_some_schemes_before_the_cors_check(location: str, first: bool) -> None:
    outcome, _ = ask(request(), response(302, location=location), engine="firefox")
    assert outcome.failure is not None
    assert outcome.failure.code == ("CORS502" if first else "CORS301")
    chromium, _ = ask(request(), response(302, location=location), engine="chromium")
    assert chromium.failure is not None
    assert chromium.failure.code == "CORS301"


def test_a_redirect_loop_of_an_opaque_page_is_preflighted_once() -> None:
    """Chromium: one fetch() of an opaque page remembers its preflight; the next one does not."""
    asked = request(origin="null", method="PUT")
    yes = response(204, acao="*", acam="PUT", acma="600")
    cache = PreflightCache(ENGINES["chromium"].rules)
    loop = (yes, response(307, acao="*", location="/x"))
    outcome, sent = ask(asked, *loop, engine="chromium", cache=cache)
    assert outcome.failure is not None
    assert outcome.failure.code == "CORS503"
    assert [r.kind for r in sent].count("preflight") == 1
    _, sent = ask(asked, yes, response(acao="*"), engine="chromium", cache=cache)
    assert [r.kind for r in sent] == ["preflight", "actual"]
    _, sent = ask(asked, yes, response(acao="*"), engine="chromium", cache=cache)
    assert [r.kind for r in sent] == ["preflight", "actual"]


def test_a_tainted_hop_is_preflighted_every_time_in_chromium() -> None:
    yes = response(204, acao="*", acam="PUT", acma="600")
    away = response(307, acao="*", location="https://cdn.example/y")
    _, sent = ask(request(method="PUT"), yes, away, yes, response(307, acao="*", location="/y"), yes, engine="chromium")
    assert [r.kind for r in sent[:6]] == ["preflight", "actual", "preflight", "actual", "preflight", "actual"]


@pytest.mark.parametrize(("length", "preflights"), [(1023, 1), (1024, 2)])
def test_chromium_does_not_remember_long_urls(length: int, preflights: int) -> None:
    url = "https://api.example/" + "x" * (length - 20)
    assert len(url) == length
    cache = PreflightCache(ENGINES["chromium"].rules)
    yes = response(204, acao="*", acam="PUT", acma="600")
    kinds: list[str] = []
    for _ in range(2):
        _, sent = ask(request(url, method="PUT"), yes, response(acao="*"), engine="chromium", cache=cache)
        kinds += [r.kind for r in sent]
    assert kinds.count("preflight") == preflights


@pytest.mark.parametrize("name", ["DPR", "Width", "Viewport-Width", "RTT", "Downlink", "ECT", "Device-Memory"])
@pytest.mark.parametrize("engine", ["chromium", "firefox", "standard"])
def test_chromium_removes_client_hints_on_a_redirect(engine: str, name: str) -> None:
    yes = response(204, acao="*", acah=name)
    _, sent = ask(request(headers=((name, "zz"),)), yes, response(302, acao="*", location="/y"), yes, engine=engine)
    second = [r for r in sent if r.hop == 1]
    assert (second[-1].get(name) is None) is (engine == "chromium")
    assert [r.kind for r in second] == (["actual"] if engine == "chromium" else ["preflight", "actual"])


def test_chromium_keeps_client_hints_on_a_redirect_to_the_pages_own_origin() -> None:
    yes = response(204, acao="*", acah="dpr")
    away = response(302, acao="*", location="https://app.example/y")
    _, sent = ask(request(headers=(("DPR", "zz"),)), yes, away, yes, response(acao="*"), engine="chromium")
    assert sent[-1].get("DPR") == "zz"


@pytest.mark.parametrize("location", ["https://u:p@cdn.example/y", "http://u@app.example/y"])
def test_chromium_names_the_mode_before_userinfo_under_mode_same_origin(location: str) -> None:
    page = request("https://app.example/x", mode="same-origin")
    outcome, _ = ask(page, response(302, location=location), engine="chromium")
    assert outcome.failure is not None
    assert outcome.failure.code == "CORS203"


@pytest.mark.parametrize("name", ["Save-Data", "Intervention", "Content-DPR", "Range", "X-A"])
def test_other_headers_travel_along(name: str) -> None:
    yes = response(204, acao="*", acah=name)
    answers = (response(302, acao="*", location="/y"),) if name == "Intervention" else (
        yes, response(302, acao="*", location="/y"), yes)  # fmt: skip
    _, sent = ask(request(headers=((name, "zz"),)), *answers, response(acao="*"), engine="chromium")
    assert sent[-1].hop == 1
    assert sent[-1].get(name) == "zz"


@pytest.mark.parametrize(("engine", "code"), [("chromium", "CORS504"), ("firefox", "CORS507"), ("standard", "CORS507")])
def test_userinfo_under_redirect_mode_error(engine: str, code: str) -> None:
    away = response(302, acao="*", location="https://u:p@cdn.example/")
    outcome, _ = ask(request(redirect="error"), away, engine=engine)
    assert outcome.failure is not None
    assert outcome.failure.code == code
    outcome, _ = ask(request(redirect="manual"), away, engine=engine)
    assert outcome.verdict == "allowed"
    # Without an origin change there is nothing to refuse: the redirect mode decides.
    home = response(302, location="https://u:p@app.example/y")
    outcome, _ = ask(request("https://app.example/", redirect="error"), home, engine="firefox")
    assert outcome.failure is not None
    assert outcome.failure.code == "CORS507"


@pytest.mark.parametrize("location", ["/y", "https://cdn.example/", "data:,x", "http://[::1", "mailto:a@b.example"])
@pytest.mark.parametrize(("mode", "code"), [("manual", "CORS401"), ("error", "CORS401"), ("follow", None)])
def test_firefox_and_a_redirected_preflight_under_other_redirect_modes(
    location: str, mode: Any, code: str | None
) -> None:
    outcome, _ = ask(request(method="PUT", redirect=mode), response(302, acao="*", location=location), engine="firefox")
    assert outcome.failure is not None
    assert outcome.failure.code == (code or ("CORS501" if "[" in location else "CORS402"))
    missing, _ = ask(request(method="PUT", redirect=mode), response(302, location=location), engine="firefox")
    assert missing.failure is not None
    if code is not None:
        assert missing.failure.code == "CORS301"
        said = console_text(outcome) or ""
        assert "preflight response did not succeed). Status code: 302." in said.split("\n")[0]


@pytest.mark.parametrize(("origin", "source"), [("https://app.example", "https://api.example/x"), ("null", "null/")])
def test_who_may_not_load_a_blob(origin: str, source: str) -> None:
    outcome, _ = ask(
        request(origin=origin), response(302, acao="*", location="blob:https://a.example/1"), engine="firefox"
    )
    said = (console_text(outcome) or "").split("\n")
    assert said[0] == f"Security Error: Content at {source} may not load data from blob:https://a.example/1."
    assert len(said) == 2


def test_where_the_redirecting_url_may_load_its_own_blob_the_page_is_named() -> None:
    """Measured with Firefox 153: the second look is the page's."""
    outcome, _ = ask(request(), response(302, acao="*", location="blob:https://api.example/1"), engine="firefox")
    said = (console_text(outcome) or "").split("\n")
    assert (
        said[0] == "Security Error: Content at https://app.example/ may not load data from blob:https://api.example/1."
    )
    assert len(said) == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("engine", "location", "method"),
    [
        ("webkit", "//cdn.example/y", "GET"), ("webkit", "///cdn.example/y", "GET"),
        ("webkit", "https://cdn.example/y", "DELETE"), ("webkit", "//api.example/y", "DELETE"),
        ("webkit", "/y", "DELETE"), ("standard", "//cdn.example/y", "DELETE"), ("firefox", "//cdn.example/y", "DELETE"),
    ],
)  # fmt: skip
def test_webkit_makes_a_get_of_a_delete_that_leaves_by_two_slashes(
    engine: str, location: str, method: str, status: int
) -> None:
    allowing = response(204, acao="*", acam="DELETE")
    answers = (allowing, response(status, acao="*", location=location), allowing, response(acao="*"))
    _, sent = ask(request(method="DELETE"), *answers, engine=engine)
    assert sent[-1].method == method


@pytest.mark.parametrize("answer", [{}, {"acao": "https://other.example"}])
def test_webkit_names_the_preflight_after_a_redirect_without_its_userinfo(answer: dict[str, str]) -> None:
    page = request("https://app.example/x", headers=(("X-A", "1"),))
    away = response(302, location="https://u:p@cdn.example/y")
    outcome, _ = ask(page, away, response(204, **answer), engine="webkit")
    assert outcome.failure is not None
    assert outcome.failure.phase == "preflight"
    said = (console_text(outcome) or "").split("\n")
    assert said[-1] == "Fetch API cannot load https://cdn.example/y due to access control checks."


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://cdn.example/z", "CORS202"), ("https://[::1", "CORS501"), ("data:,x", "CORS502"), ("foo://bar", "CORS502"),
        ("https://u:p@cdn.example/z", "CORS504"), ("https://cdn.example:25/z", "CORS201"),
        ("https://cdn.example/z", "CORS307"),
    ],
)  # fmt: skip
def test_webkit_asks_for_credentials_after_it_has_looked_at_the_target(target: str, code: str) -> None:
    away = response(302, location="https://api.example/y")
    again = response(307, acao="https://app.example", location=target)
    outcome, _ = ask(request("https://app.example/x"), away, again, engine="webkit")
    assert outcome.failure is not None
    assert outcome.failure.code == code


LAST = "Fetch API cannot load {} due to access control checks."
BLOCKED = (
    "[blocked] The page at https://app.example/ requested insecure content from {}. "
    "This content was blocked and must be served over HTTPS."
)


@pytest.mark.parametrize(
    ("target", "first", "last"),
    [
        ("file:///x", "Not allowed to load local resource: file:///x", "https://api.example/x"),
        (
            "blob:https://api.example/x",
            "Not allowed to load local resource: blob:https://api.example/x",
            "https://api.example/x",
        ),
        ("mailto:a@b", BLOCKED.format("mailto:a@b"), "https://api.example/x"),
        ("ws://api.example/", BLOCKED.format("ws://api.example/"), "https://api.example/x"),
        ("wss://api.example/", "Redirection to URL with a scheme that is not HTTP(S).", "wss://api.example/"),
        ("about:blank", "Redirection to URL with a scheme that is not HTTP(S).", "about:blank"),
        ("data:text/plain,x", "Redirection to URL with a scheme that is not HTTP(S).", "data:text/plain,x"),
    ],
)
def test_what_webkit_prints_of_a_no_cors_redirect_to_another_scheme(target: str, first: str, last: str) -> None:
    page = request("https://api.example/x", mode="no-cors")
    outcome, _ = ask(page, response(302, location=target), engine="webkit")
    assert console_text(outcome) == f"{first}\n{LAST.format(last)}"


@pytest.mark.parametrize(
    ("url", "named"),
    [("https://app.example/x", "https://cdn.example/y"), ("https://api.example/x", "https://u:p@cdn.example/y")],
)
def test_webkit_drops_the_userinfo_of_a_redirect_away_from_the_pages_own_origin(url: str, named: str) -> None:
    away = response(302, location="https://u:p@cdn.example/y")
    refused = response(200, Cross_Origin_Resource_Policy="same-origin")
    outcome, _ = ask(request(url, mode="no-cors"), away, refused, engine="webkit")
    said = (console_text(outcome) or "").split("\n")
    assert said[0].startswith(f"Cancelled load to {named} because it violates")
    assert said[1] == LAST.format("https://cdn.example/y")


def test_webkit_names_a_redirect_under_mode_same_origin_without_userinfo() -> None:
    page = request("https://app.example/x", mode="same-origin")
    outcome, _ = ask(page, response(302, location="https://u:p@cdn.example/y"), engine="webkit")
    assert (console_text(outcome) or "").startswith("Unsafe attempt to load URL https://cdn.example/y from origin")


def test_webkit_names_a_restricted_port_after_a_redirect_without_userinfo() -> None:
    page = request("https://api.example/x", mode="no-cors")
    outcome, _ = ask(page, response(302, location="https://u:p@api.example:25/y"), engine="webkit")
    assert console_text(outcome) == "Not allowed to use restricted network port 25: https://api.example:25/y"
