"""That no replay is made only where it would show nothing: held against the replay, over the corpus and random cases."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from corscheck.protocol.agreement import all_engines_agree, replay
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import Answer, HTTPResponse, NetworkError, Request
from tests import corpus
from tests.browsers.generate import cases
from tests.protocol.kit import PAGE, ask, request, response
from tests.protocol.test_corpus import Server, page_request

PLACES = {"{A:port}": "8001", "{B:port}": "8002", "{A}": "http://127.0.0.1:8001", "{B}": "http://127.0.0.1:8002"}
PLACES |= {"{S}": "https://127.0.0.1:8003", "{id}": "1"}


def placed(value: Any) -> Any:
    """A random case with its placeholders filled in."""
    if isinstance(value, str):
        for mark, text in PLACES.items():
            value = value.replace(mark, text)
        return value
    if isinstance(value, dict):
        return {key: placed(v) for key, v in value.items()}
    return [placed(v) for v in value] if isinstance(value, (list, tuple)) else value


def check(outcome: Outcome) -> bool:
    """Whether the outcome is called alike; if so, every engine must come to it."""
    if not all_engines_agree(outcome):
        return False
    for name, engine in ENGINES.items():
        assert replay(outcome, engine) == replace(outcome, engine=name)
    return True


@pytest.mark.parametrize("engine", ENGINES)
def test_over_the_corpus(engine: str) -> None:
    found = allowed = 0
    for case_id in corpus.ids():
        case = corpus.rows("cases")[case_id]
        server = Server(case)
        for step in corpus.requests(case):
            outcome = run(fetch(page_request(case, step), engine), server.answer)
            allowed += outcome.verdict == "allowed"
            found += check(outcome)
    assert allowed / 3 < found < allowed, "it is worth having, and it does not say yes to everything"


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(), st.sampled_from(list(ENGINES)))
def test_over_random_cases(case: dict[str, Any], engine: str) -> None:
    made = placed(case)
    server = Server(made)
    outcome = run(fetch(page_request(made, made["request"]), engine), server.answer)
    check(outcome)


NAMES = (
    "X-A",
    "x-a",
    "Accept",
    "Content-Type",
    "Range",
    "Authorization",
    "User-Agent",
    "DPR",
    "Save-Data",
    "Cookie",
    "X-Key",
)
VALUES = ("1", "", "application/json", "bytes=0-99999999999999999999", "on", "a\x80", "x" * 200, "2")
FIELDS = (
    ("Access-Control-Allow-Origin", (PAGE, "*", "", "null")),
    ("access-control-allow-origin", (PAGE, "*", "")),
    ("Access-Control-Allow-Methods", ("PUT, patch", "*", "", "GET")),
    ("Access-Control-Allow-Headers", ("*", "x-a, x-key, accept, content-type, range, authorization", "", "x-a")),
    ("Access-Control-Allow-Credentials", ("true", "True")),
    ("Access-Control-Max-Age", ("600", "-1", "x")),
    ("Access-Control-Expose-Headers", ("*", "X-One", "a b")),
    ("Location", ("/b", "", "http://[", "https://u:p@api.example/")),
    ("Vary", ("Origin",)),
)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    status = draw(st.sampled_from((200, 200, 200, 204, 299, 301, 302, 307, 404, 407, 421, 500)))
    names = draw(st.lists(st.sampled_from(FIELDS), max_size=6))
    fields = [("Access-Control-Allow-Origin", draw(st.sampled_from((PAGE, "*"))))] * draw(st.integers(0, 1))
    fields += [(name, draw(st.sampled_from(values))) for name, values in names]
    return NetworkError("connect", "no") if status == 500 and not names else HTTPResponse(status, tuple(fields))


@st.composite
def questions(draw: st.DrawFn) -> Request:
    headers = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=3))
    return request(
        method=draw(st.sampled_from(("GET", "POST", "PUT", "patch", "HEAD"))),
        headers=tuple(headers),
        credentials=draw(st.sampled_from(("omit", "same-origin", "include"))),
        redirect=draw(st.sampled_from(("follow", "follow", "error", "manual"))),
        mode=draw(st.sampled_from(("cors", "cors", "cors", "no-cors", "same-origin"))),
        origin=draw(st.sampled_from((PAGE, PAGE, "null", "https://api.example"))),
        stream=draw(st.sampled_from((False, False, False, True))),
        use_cors_preflight=draw(st.sampled_from((False, False, False, True))),
        unsafe_request=draw(st.sampled_from((True, True, True, False))),
    )


@pytest.mark.slow
@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions(), st.lists(answers(), min_size=1, max_size=3), st.sampled_from(list(ENGINES)))
def test_over_what_the_switches_are_about(asked: Request, given_: list[Answer], engine: str) -> None:
    check(ask(asked, *given_, engine=engine)[0])


def mostly_allowing(dice: random.Random) -> tuple[Request, list[Answer]]:
    """A question and the answers of a server that mostly allows it; now and then something that switches are about."""
    method = dice.choice(["GET", "GET", "PUT", "POST", "HEAD", "patch"])
    headers = [("X-A", "1")] if dice.random() < 0.4 else []
    if dice.random() < 0.15:
        headers.append((dice.choice(NAMES), dice.choice(VALUES)))
    credentials = dice.choice(["omit", "same-origin", "include"])
    asked = request(method=method, headers=tuple(headers), credentials=credentials)
    answers = []
    for _ in range(3):
        fields = {
            "Access-Control-Allow-Origin": PAGE, "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
            "Access-Control-Allow-Methods": "PUT, patch", "Access-Control-Allow-Headers": "x-a",
            "X-Request-Id": str(dice.random()),
        }  # fmt: skip
        if dice.random() < 0.3:
            name, values = dice.choice(FIELDS)
            fields[name] = dice.choice(values)
        answers.append(HTTPResponse(dice.choice([200, 200, 200, 204, 404, 301, 407]), tuple(fields.items())))
    return asked, answers


@pytest.mark.slow
def test_over_servers_that_mostly_allow() -> None:
    dice = random.Random(20261125)
    agreed = 0
    for _ in range(6000):
        asked, answers_ = mostly_allowing(dice)
        agreed += check(ask(asked, *answers_, engine=dice.choice(list(ENGINES)))[0])
    assert agreed > 600, "too few for a wrong yes to be noticed"


def test_what_a_healthy_server_answers_needs_no_replay() -> None:
    yes = response(204, acao=PAGE, acam="PUT", acah="x-a", acma="600")
    for asked in (request(), request(method="PUT"), request(headers=(("X-A", "1"),)), request(credentials="include")):
        outcome, _ = ask(
            asked, response(200, acao=PAGE, acac="true") if asked.method == "GET" and not asked.headers else yes
        )
        assert check(outcome), asked


def test_a_held_back_request_is_not_alike() -> None:
    from corscheck.protocol.request import HeldBack

    outcome, _ = ask(request(method="PUT"), response(204, acao="*", acam="PUT"), HeldBack())
    assert (outcome.verdict, outcome.complete, all_engines_agree(outcome)) == ("allowed", False, False)


def test_a_preflight_from_the_cache_is_not_alike() -> None:
    from corscheck.protocol.cache import PreflightCache

    cache = PreflightCache(ENGINES["chromium"].rules)
    yes = response(200, acao="*", acam="PUT", acma="600")
    found = [ask(request(method="PUT"), yes, engine="chromium", cache=cache)[0] for _ in range(2)]
    assert [o.preflight.cached for o in found] == [False, True]
    assert [all_engines_agree(o) for o in found] == [True, False]
