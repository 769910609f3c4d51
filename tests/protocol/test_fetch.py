"""The whole algorithm: preflights, redirects, credentials, what is held back, what does not count as a response."""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.request import HeldBack, HTTPResponse, NetworkError
from corscheck.protocol.steps import CODES, standard_url
from tests.protocol.kit import PAGE, ask, request, response

OK = response(204, acao="*", acam="PUT, DELETE", acah="x-a, authorization, content-type", acma="600")


def test_a_preflight_asks_in_the_standards_order_without_credentials() -> None:
    asked = request(method="PUT", headers=(("X-B", "1"), ("X-A", "2")), credentials="include", body=b"{}")
    yes = response(204, acao=PAGE, acac="true", acam="PUT", acah="x-a, x-b")
    outcome, sent = ask(asked, yes, response(acao=PAGE, acac="true"))
    assert outcome.verdict == "allowed"
    assert sent[0].headers == (
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "x-a,x-b"),
        ("Origin", PAGE),
    )
    assert (sent[0].credentials, sent[0].body, sent[0].kind) == (False, None, "preflight")
    assert (sent[1].credentials, sent[1].body, sent[1].kind) == (True, b"{}", "actual")
    assert outcome.preflight.because == ("method PUT", "header x-a", "header x-b")


@pytest.mark.parametrize(
    ("mode", "own", "foreign"), [("omit", False, False), ("same-origin", True, False), ("include", True, True)]
)
def test_when_credentials_go_along(mode: Any, own: bool, foreign: bool) -> None:
    _, sent = ask(request("https://app.example/x", credentials=mode), response())
    assert sent[0].credentials is own
    _, sent = ask(request(credentials=mode), response(acao=PAGE, acac="true"))
    assert sent[0].credentials is foreign


def test_same_origin_requests_are_none_of_corss_business() -> None:
    outcome, sent = ask(request("https://app.example/x", method="DELETE"), response(500, X_A="1"))
    assert (outcome.verdict, outcome.readable_headers) == ("allowed", ("x-a",))
    assert [r.kind for r in sent] == ["actual"]
    assert sent[0].get("origin") == PAGE
    assert "CORS is not involved" in outcome.steps[0].message
    _, sent = ask(request("https://app.example/x"), response())
    assert sent[0].get("origin") is None


@pytest.mark.parametrize(
    ("kind", "code"),
    [("dns", "CORS901"), ("connect", "CORS902"), ("tls", "CORS903"), ("timeout", "CORS904"), ("protocol", "CORS905"),
     ("too-large", "CORS906"), ("proxy", "CORS907"), ("app", "CORS908")],
)  # fmt: skip
def test_no_answer_is_no_verdict(kind: Any, code: str) -> None:
    outcome, _ = ask(request(), NetworkError(kind, "It failed."))
    assert (outcome.verdict, outcome.failure and outcome.failure.code) == ("inconclusive", code)
    assert [step.status for step in outcome.steps if step.decisive] == ["skip"]
    assert outcome.complete


def test_held_back_after_a_good_preflight() -> None:
    outcome, sent = ask(request(method="PUT"), OK, HeldBack())
    assert (outcome.verdict, outcome.complete, outcome.response) == ("allowed", False, None)
    assert [r.kind for r in sent] == ["preflight", "actual"]


def test_held_back_with_a_cached_preflight() -> None:
    cache = PreflightCache(ENGINES["chromium"].rules)
    ask(request(method="PUT"), OK, response(acao="*"), engine="chromium", cache=cache, now=1.0)
    outcome, sent = ask(request(method="PUT"), HeldBack(), engine="chromium", cache=cache, now=2.0)
    assert (outcome.verdict, outcome.complete, [r.kind for r in sent]) == ("allowed", False, ["actual"])
    assert outcome.preflight.cached
    assert "cached" in outcome.steps[0].message


def test_held_back_with_nothing_to_judge_by() -> None:
    outcome, _ = ask(request(method="POST"), HeldBack())
    assert (outcome.verdict, outcome.failure and outcome.failure.code) == ("inconclusive", "CORS910")


def test_a_preflight_that_was_held_back() -> None:
    outcome, sent = ask(request(method="PUT"), HeldBack())
    assert (outcome.verdict, len(sent)) == ("inconclusive", 1)


def test_held_back_on_the_second_hop_without_a_preflight_there() -> None:
    """POST, redirected with 307 to where no preflight is needed: nothing says whether it may be read."""
    outcome, _ = ask(request(method="POST"), response(307, acao="*", location="https://api.example/y"), HeldBack())
    assert outcome.verdict == "inconclusive"


def test_421_is_asked_once_more_on_a_new_connection() -> None:
    outcome, sent = ask(request(), response(421, acao="*"), response(200, acao="*"))
    assert outcome.verdict == "allowed"
    assert outcome.response is not None
    assert outcome.response.status == 200
    assert [r.new_connection for r in sent] == [False, True]
    outcome, sent = ask(request(), response(421, acao="*"))
    assert len(sent) == 2
    assert outcome.response is not None
    assert outcome.response.status == 421


def test_a_stream_is_not_asked_once_more() -> None:
    asked = request(method="POST", stream=True, body=b"x")
    _, sent = ask(asked, response(204, acao="*"), response(421, acao="*"))
    assert [r.kind for r in sent] == ["preflight", "actual"]


def test_every_hop_is_checked_and_preflighted_anew() -> None:
    asked = request(method="PUT", headers=(("X-A", "1"),))
    outcome, sent = ask(asked, OK, response(307, acao="*", location="/y"), OK, response(acao="*"))
    assert outcome.verdict == "allowed"
    assert [(r.kind, r.url, r.hop) for r in sent] == [
        ("preflight", "https://api.example/x", 0),
        ("actual", "https://api.example/x", 0),
        ("preflight", "https://api.example/y", 1),
        ("actual", "https://api.example/y", 1),
    ]
    assert outcome.response is not None
    assert (outcome.response.url, outcome.response.redirected) == ("https://api.example/y", True)


def test_a_redirect_loop_uses_the_cached_preflight_and_ends() -> None:
    outcome, sent = ask(request(method="PUT"), OK, response(307, acao="*", location="/x"))
    assert (outcome.verdict, outcome.failure and outcome.failure.code) == ("blocked", "CORS503")
    assert [r.kind for r in sent].count("preflight") == 1
    assert [r.kind for r in sent].count("actual") == 21


def test_the_fragment_is_inherited_and_never_in_response_url() -> None:
    outcome, sent = ask(request("https://api.example/x#f"), response(302, acao="*", location="/y"), response(acao="*"))
    assert sent[1].url == "https://api.example/y#f"
    assert outcome.response is not None
    assert outcome.response.url == "https://api.example/y"
    _, sent = ask(request("https://api.example/x#f"), response(302, acao="*", location="/y#g"), response(acao="*"))
    assert sent[1].url == "https://api.example/y#g"


def test_an_event_source_is_never_preflighted() -> None:
    _, sent = ask(request(headers=(("Last-Event-ID", "1"),), unsafe_request=False), response(acao="*"))
    assert [r.kind for r in sent] == ["actual"]


@pytest.mark.parametrize(("engine", "kinds"), [("standard", 2), ("firefox", 2), ("chromium", 1)])
def test_an_upload_listener_without_a_body(engine: str, kinds: int) -> None:
    _, sent = ask(request(method="POST", use_cors_preflight=True), response(204, acao="*", acam="POST"), engine=engine)
    assert len(sent) == kinds


def test_bodies_cut_short_are_a_warning() -> None:
    cut = HTTPResponse(200, (("Access-Control-Allow-Origin", "*"),), body_error="closed")
    outcome, _ = ask(request(), cut)
    assert outcome.verdict == "allowed"
    assert [step.code for step in outcome.steps if step.status == "warn"] == ["CORS521"]


def test_an_expose_list_that_does_not_parse_is_a_warning() -> None:
    outcome, _ = ask(request(), response(acao="*", aceh="a b", etag="1"))
    assert [step.code for step in outcome.steps if step.status == "warn"] == ["CORS520"]
    outcome, _ = ask(request(), response(acao="*", aceh="ETag", etag="1"))
    assert outcome.readable_headers == ("etag",)
    assert outcome.steps[-1].header == "Access-Control-Expose-Headers"


@pytest.mark.parametrize(("vary", "rows"), [("Origin", 1), ("accept, ORIGIN", 1), ("*", 1), ("Accept", 0), (None, 0)])
def test_vary_is_a_row_when_it_names_the_origin(vary: str | None, rows: int) -> None:
    headers = {} if vary is None else {"vary": vary}
    outcome, _ = ask(request(), response(acao=PAGE, **headers))
    assert [step.header for step in outcome.steps].count("Vary") == rows
    outcome, _ = ask(request(), response(acao="*", **headers))
    assert [step.header for step in outcome.steps].count("Vary") == 0


def test_later_rows_are_evaluated_after_a_failure() -> None:
    outcome, _ = ask(request(method="PUT", headers=(("X-T", "1"),)), response(400, acao=PAGE, acam="PUT", acah="x-o"))
    rows = {step.header: (step.status, step.decisive) for step in outcome.steps}
    assert rows["status"] == ("fail", True)
    assert rows["Access-Control-Allow-Methods"] == ("pass", False)
    assert rows["Access-Control-Allow-Headers"] == ("fail", False)


@pytest.mark.parametrize(
    ("engine", "code"),
    [("standard", "CORS301"), ("chromium", "CORS402"), ("firefox", "CORS301"), ("webkit", "CORS402")],
)
def test_which_fault_of_a_preflight_is_named_first(engine: str, code: str) -> None:
    outcome, _ = ask(request(method="PUT"), response(302, location="/y"), engine=engine)
    assert outcome.failure is not None
    assert outcome.failure.code == code


@pytest.mark.parametrize(("engine", "code"), [("standard", "CORS404"), ("chromium", "CORS404"), ("firefox", "CORS405")])
def test_lists_are_parsed_together_or_one_after_the_other(engine: str, code: str) -> None:
    outcome, _ = ask(request(method="PUT"), response(204, acao="*", acam="GET", acah="a b"), engine=engine)
    assert outcome.failure is not None
    assert outcome.failure.code == code


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_a_preflight_redirected_to_nowhere(engine: str) -> None:
    outcome, _ = ask(request(method="PUT"), response(302, location="http://[::1"), engine=engine)
    assert outcome.failure is not None
    assert outcome.failure.code == "CORS501"


def test_407_is_a_network_error_to_chromium() -> None:
    outcome, sent = ask(request(method="PUT"), response(407, acao="*", acam="PUT"), engine="chromium")
    assert (outcome.failure and outcome.failure.code, len(sent)) == ("CORS508", 1)
    outcome, _ = ask(request(), response(407, acao="*"), engine="firefox")
    assert outcome.verdict == "allowed"


def test_a_method_in_the_wrong_case_is_said_to_be_so() -> None:
    outcome, _ = ask(request(method="patch"), response(204, acao="*", acam="PATCH"))
    assert outcome.failure is not None
    assert outcome.failure.message == "Method patch is not PATCH: methods are case-sensitive (preflight:7.5)."
    outcome, _ = ask(
        request(method="PUT", credentials="include"), response(204, acao=PAGE, acac="true", acam="*", acah="*")
    )
    assert outcome.failure is not None
    assert "With credentials, *" in outcome.failure.message


def test_authorization_under_the_wildcard() -> None:
    asked = request(headers=(("Authorization", "t"), ("X-A", "1")))
    yes = response(204, acao="*", acah="*")
    standard, _ = ask(asked, yes, response(acao="*"))
    assert standard.failure is not None
    assert standard.failure.code == "CORS406"
    firefox, _ = ask(asked, yes, response(acao="*"), engine="firefox")
    assert (firefox.verdict, firefox.notices) == ("allowed", (("CORS406", "https://api.example/x"),))
    missing, _ = ask(asked, response(204, acao="*", acah="x-a"))
    assert missing.failure is not None
    assert (missing.failure.code, missing.failure.value) == ("CORS407", "authorization")
    assert next(step.step for step in missing.steps if step.decisive) == "preflight:7.6"


def test_firefox_leaves_the_cors_check_out_on_a_preflight_to_the_page_itself() -> None:
    asked = request(method="PUT")
    back = response(307, acao=PAGE, location="https://app.example/y")
    answers = (OK, back, response(204, acam="PUT"), response(acao="null"))
    outcome, sent = ask(asked, *answers, engine="firefox")
    assert outcome.verdict == "allowed"
    assert [r.get("origin") for r in sent] == [PAGE, PAGE, PAGE, "null"]
    outcome, sent = ask(asked, *answers, engine="chromium")
    assert (outcome.failure and outcome.failure.code, sent[2].get("origin")) == ("CORS301", "null")


@pytest.mark.parametrize("mode", ["no-store", "reload", "no-cache", "force-cache", "default"])
@pytest.mark.parametrize("engine", ["standard", "chromium", "firefox"])
def test_cache_modes_and_the_preflight_cache(engine: str, mode: Any) -> None:
    """The second request of two; recorded: Chromium bypasses for three modes (no-store does not even store)."""
    bypassed = {"chromium": ("no-store", "reload", "no-cache"), "firefox": ("no-store", "reload")}.get(engine, ())
    cache = PreflightCache(ENGINES[engine].rules)
    ask(request(method="PUT", cache=mode), OK, response(acao="*"), engine=engine, cache=cache, now=1.0)
    _, sent = ask(request(method="PUT", cache=mode), OK, response(acao="*"), engine=engine, cache=cache, now=2.0)
    assert ("preflight" in [r.kind for r in sent]) is (mode in bypassed)
    _, sent = ask(request(method="PUT"), OK, response(acao="*"), engine=engine, cache=cache, now=3.0)
    assert ("preflight" in [r.kind for r in sent]) is (engine == "chromium" and mode == "no-store")


def test_every_code_has_its_step_and_a_place_in_the_standard_where_there_is_one() -> None:
    assert len(CODES) == len({code.title for code in CODES.values()})
    for code in CODES.values():
        own = code.code >= "CORS900"
        assert (code.url is None) is own, code
        assert standard_url(code.step) == code.url


def test_a_time_from_the_future_is_not_taken_back() -> None:
    """Answers carry their own time; a cache entry counts from its answer."""
    cache = PreflightCache(ENGINES["standard"].rules)
    late = HTTPResponse(204, OK.headers, at=100.0)
    ask(request(method="PUT"), late, response(acao="*"), cache=cache, now=1.0)
    _, sent = ask(request(method="PUT"), OK, response(acao="*"), cache=cache, now=699.0)
    assert [r.kind for r in sent] == ["actual"]
    _, sent = ask(request(method="PUT"), OK, response(acao="*"), cache=cache, now=700.0)
    assert [r.kind for r in sent] == ["preflight", "actual"]
