"""Other engines by replay, and the departure that makes them differ."""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.model.values import Probe
from corscheck.protocol.agreement import replay, why
from corscheck.protocol.engines import ENGINES
from corscheck.runner.result import Assembler
from tests.protocol.kit import PAGE, ask, request, response

AUTHORIZED = request(headers=(("Authorization", "t"),))
STAR = (response(204, acao="*", acah="*"), response(acao="*"))


@pytest.mark.parametrize(
    ("driving", "other", "asked", "answers", "subject"),
    [
        ("chromium", "standard", AUTHORIZED, STAR, "Authorization under Access-Control-Allow-Headers: *"),
        ("firefox", "standard", AUTHORIZED, STAR, "Authorization under Access-Control-Allow-Headers: *"),
        ("chromium", "firefox", request(), (response(407, acao="*"),), "407 from a server"),
        ("firefox", "chromium", request(), (response(407, acao="*"),), "407 from a server"),
        ("chromium", "firefox", request(redirect="error"), (response(302, acao="*"),), "Redirect mode error"),
    ],
)
def test_the_departure_that_makes_the_difference(
    driving: str, other: str, asked: Any, answers: Any, subject: str
) -> None:
    outcome, _ = ask(asked, *answers, engine=driving)
    replayed = replay(outcome, ENGINES[other])
    assert replayed is not None
    assert replayed.verdict != outcome.verdict
    text = why(outcome, replayed)
    assert text is not None
    assert text.startswith(subject)


def test_both_browsers_are_named_where_both_depart() -> None:
    outcome, _ = ask(AUTHORIZED, *STAR, engine="chromium")
    standard = replay(outcome, ENGINES["standard"])
    assert standard is not None
    said = why(outcome, standard)
    assert said is not None
    assert "Chromium, Firefox and WebKit: is covered by *" in said


def test_what_was_not_recorded_cannot_be_judged() -> None:
    asked = request(method="PUT")
    away = response(307, acao="*", location="https://cdn.example/y")
    yes = response(204, acao="*", acam="PUT")
    outcome, _ = ask(asked, yes, away, yes, response(acao="*"), engine="chromium")
    assert replay(outcome, ENGINES["firefox"]) is None
    result = Assembler().result(Probe(url=asked.url, origin=PAGE, method="PUT"), outcome)
    assert (result.engines["firefox"].verdict, result.engines["firefox"].code) == ("inconclusive", "CORS911")
    assert "--engine firefox" in (result.engines["firefox"].message or "")
    assert not result.passed


def test_a_replay_gives_the_driving_engine_its_own_verdict() -> None:
    for engine in ENGINES.values():
        outcome, _ = ask(AUTHORIZED, *STAR, engine=engine.name)
        again = replay(outcome, engine)
        assert again is not None
        assert (again.verdict, again.steps) == (outcome.verdict, outcome.steps)
