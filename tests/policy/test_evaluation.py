"""Expectations against results: what holds, what does not, what cannot be judged; ignores and baselines."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from corscheck.model.result import EngineVerdict, Result
from corscheck.model.values import CheckRef, ConfigError
from corscheck.policy.checks_on_values import Limit
from corscheck.policy.evaluate import evaluate
from corscheck.policy.ignore import IgnoreEntry, Ignores
from corscheck.policy.matrix import Wants
from corscheck.report.saved import baseline
from corscheck.report.saved.summary import Summary, failed
from tests.report import samples, saved_reports

CHECK = CheckRef("x", "corscheck.toml", 3)


def asked(sample: Result, **more: Any) -> Result:
    return replace(sample, check=CHECK, **more)


ALLOWED = asked(samples.ALLOWED)
HELD = asked(samples.PREFLIGHT_ONLY)
BLOCKED = asked(samples.WILDCARD, engines=samples.engines("blocked") | {
    n: EngineVerdict("blocked", "recorded", "CORS302", "why") for n in ("chromium", "firefox")
})  # fmt: skip
SPLIT = asked(
    samples.ALLOWED, engines=samples.engines("allowed", firefox=EngineVerdict("blocked", "recorded", "CORS301", "no"))
)
DOWN = asked(samples.REFUSED)
CACHED = replace(
    HELD, preflight=replace(HELD.preflight, needed=True, sent=True, cache_seconds={"chromium": 7200, "firefox": 86400})
)

# result, what is wanted, {expectation: (received, passed)}; of the whole: passed
TABLE: dict[str, tuple[Result, Wants, dict[str, tuple[str | None, bool | None]]]] = {
    "allowed": (ALLOWED, Wants(), {"expect": ("allowed", True)}),
    "allowed by preflight": (HELD, Wants(), {"expect": ("allowed", True)}),
    "blocked": (BLOCKED, Wants(expect="blocked"), {"expect": ("blocked", True)}),
    "blocked unexpectedly": (BLOCKED, Wants(), {"expect": ("blocked", False)}),
    "allowed unexpectedly": (ALLOWED, Wants(expect="blocked"), {"expect": ("allowed", False)}),
    "engines differ": (SPLIT, Wants(), {"expect": ("chromium allowed, firefox blocked", False)}),
    "no answer": (DOWN, Wants(), {"expect": ("inconclusive", None)}),
    "no answer is not blocked": (DOWN, Wants(expect="blocked"), {"expect": ("inconclusive", None)}),
    "because": (
        BLOCKED, Wants(expect="blocked", because="CORS302"), {"expect": ("blocked", True), "because": ("CORS302", True)}
    ),
    "because of something else": (
        BLOCKED, Wants(expect="blocked", because="CORS301"), {"expect": ("blocked", True), "because": ("CORS302", False)}
    ),
    "nothing more is judged where the verdict is wrong": (
        BLOCKED, Wants(status=200, exposes=("x-a",)),
        {"expect": ("blocked", False), "status": (None, None), "exposes": (None, None)},
    ),
    "no preflight": (ALLOWED, Wants(preflight="none"), {"expect": ("allowed", True), "preflight": ("none", True)}),
    "a preflight expected": (ALLOWED, Wants(preflight="sent"), {"expect": ("allowed", True), "preflight": ("none", False)}),
    "a preflight": (CACHED, Wants(preflight="sent"), {"expect": ("allowed", True), "preflight": ("sent", True)}),
    "no preflight expected": (CACHED, Wants(preflight="none"), {"expect": ("allowed", True), "preflight": ("sent", False)}),
    "max-age holds in every engine": (
        CACHED, Wants(max_age=Limit(">=", 600)),
        {"expect": ("allowed", True), "max-age": ("chromium 7200, firefox 86400", True)},
    ),
    "max-age holds in one": (
        CACHED, Wants(max_age=Limit("<", 7201)),
        {"expect": ("allowed", True), "max-age": ("chromium 7200, firefox 86400", False)},
    ),
    "max-age without a preflight": (
        ALLOWED, Wants(max_age=Limit(">=", 600)), {"expect": ("allowed", True), "max-age": (None, False)}
    ),
    "max-age of defaults without a preflight": (
        ALLOWED, Wants(max_age=Limit(">=", 600), inherited=frozenset({"max_age"})), {"expect": ("allowed", True)}
    ),
    "status": (ALLOWED, Wants(status=200), {"expect": ("allowed", True), "status": ("200", True)}),
    "another status": (ALLOWED, Wants(status=201), {"expect": ("allowed", True), "status": ("200", False)}),
    "status of what was not sent": (HELD, Wants(status=200), {"expect": ("allowed", True), "status": ("not sent", None)}),
    "status of defaults": (
        HELD, Wants(status=200, inherited=frozenset({"status"})), {"expect": ("allowed", True)}
    ),
    "exposes": (
        ALLOWED, Wants(exposes=("content-type",)), {"expect": ("allowed", True), "exposes": ("content-type", True)}
    ),
    "hides": (ALLOWED, Wants(hides=("x-a",)), {"expect": ("allowed", True), "hides": ("none of them", True)}),
    "hides what is readable": (
        ALLOWED, Wants(hides=("content-type",)), {"expect": ("allowed", True), "hides": ("content-type", False)}
    ),
    "complete": (ALLOWED, Wants(complete=True), {"expect": ("allowed", True), "complete": ("true", True)}),
    "not complete": (HELD, Wants(complete=True), {"expect": ("allowed", True), "complete": ("false", None)}),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_an_expectation(name: str) -> None:
    result, wants, expected = TABLE[name]
    judged = evaluate(replace(result, expected=wants.expect), wants)
    assert judged.check is not None
    assert {e.name: (e.received, e.passed) for e in judged.check.expectations} == expected
    outcomes = [passed for _, passed in expected.values()]
    assert judged.passed is all(p is True for p in outcomes)
    assert failed(judged) is (False in outcomes), "what cannot be judged is neither passed nor failed"
    assert all(e.message for e in judged.check.expectations if e.passed is False)


@pytest.mark.parametrize(
    ("vary", "wanted", "passed"),
    [("Origin", True, True), ("Accept, origin", True, True), ("*", True, True), ("Accept", True, False), (None, True, False),
     (None, False, True), ("Origin", False, False)],
)  # fmt: skip
def test_vary_origin(vary: str | None, wanted: bool, passed: bool) -> None:
    exchange = samples.exchange("GET", 200, headers=(("Vary", vary),) if vary is not None else ())
    judged = evaluate(replace(ALLOWED, exchanges=(exchange,)), Wants(vary_origin=wanted))
    assert judged.check is not None
    assert judged.check.expectations[1].passed is passed


def test_exposes_says_what_is_missing() -> None:
    exchange = samples.exchange("GET", 200, headers=(("X-A", "1"),))
    judged = evaluate(replace(ALLOWED, exchanges=(exchange,)), Wants(exposes=("x-a", "x-b")))
    assert judged.check is not None
    message = judged.check.expectations[1].message
    assert "x-a is not in Access-Control-Expose-Headers" in message
    assert "the response has no x-b" in message


WRONG = evaluate(replace(BLOCKED, expected="allowed"), Wants())
UNSURE = evaluate(DOWN, Wants())
FINE = evaluate(ALLOWED, Wants())
TODAY = date(2030, 6, 15)


def entry(**more: Any) -> IgnoreEntry:
    return IgnoreEntry("because", "corscheck.toml", 9, **more)


@pytest.mark.parametrize(
    ("about", "excused"),
    [
        ({"check": "x"}, True),
        ({"check": "y*"}, False),
        ({"url": "http://localhost:8000/*"}, True),
        ({"origin": WRONG.origin, "method": "GET"}, True),
        ({"origin": WRONG.origin, "method": "PUT"}, False),
        ({"code": "CORS302"}, True),
        ({"code": "CORS301"}, False),
        ({"check": "x", "expires": TODAY}, True),
    ],
)
def test_an_ignore_excuses_what_it_is_about(about: dict[str, Any], excused: bool) -> None:
    ignores = Ignores([entry(**about)], TODAY)
    judged = ignores.judge(WRONG)
    assert (judged.excused is not None) is excused
    assert judged.passed is False
    summary = Summary()
    summary.add(judged)
    assert (summary.failed, summary.excused) == ((0, 1) if excused else (1, 0))
    assert len(ignores.unused) == (not excused)


def test_an_answer_that_is_missing_is_not_excused() -> None:
    assert Ignores([entry(check="*")], TODAY).judge(UNSURE).excused is None


def test_an_expired_ignore_fails_whatever_came() -> None:
    ignores = Ignores([entry(check="x", expires=date(2030, 6, 14))], TODAY)
    for result in (WRONG, FINE):
        judged = ignores.judge(result)
        assert (judged.passed, judged.excused) == (False, None)
        assert failed(judged)
        assert judged.check is not None
        assert "expired on 2030-06-14 (because)" in judged.check.expectations[-1].message
    assert len(ignores.expired) == 1


def saved(path: Path, *results: Result) -> str:
    return str(saved_reports.on_disk(path, saved_reports.saved(results)))


def test_a_baseline_excuses_what_it_has_already(tmp_path: Path) -> None:
    known = baseline.read(saved(tmp_path / "b.json", WRONG, FINE))
    excused = known.judge(replace(WRONG, index=7)).excused
    assert excused is not None
    assert excused.by == "baseline"
    assert known.judge(FINE) == FINE


@pytest.mark.parametrize(
    "new",
    [
        replace(WRONG, origin="https://other.example"),
        replace(WRONG, method="PUT"),
        replace(WRONG, check=replace(WRONG.check, name="y")),  # type: ignore[type-var]
        replace(WRONG, engines=WRONG.engines | {"chromium": EngineVerdict("blocked", "recorded", "CORS301", "")}),
        evaluate(BLOCKED, Wants(expect="blocked", because="CORS301")),
    ],
)
def test_a_new_failure_is_none_of_the_baseline(tmp_path: Path, new: Result) -> None:
    assert baseline.read(saved(tmp_path / "b.json", WRONG)).judge(new).excused is None


def test_what_is_no_baseline(tmp_path: Path) -> None:
    for text in ("", "{}", "[]", "null", "x", json.dumps({"schema_version": "1.0", "probes": [1]}), '{"url": 1}'):
        path = tmp_path / "b"
        path.write_text(text)
        with pytest.raises(ConfigError, match="--baseline"):
            baseline.read(str(path))
    with pytest.raises(ConfigError, match="no such file"):
        baseline.read(str(tmp_path / "missing"))
