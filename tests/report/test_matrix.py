"""The views of many results."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from corscheck.model.result import EngineVerdict, ErrorRecord, Result
from corscheck.report.saved.summary import Summary
from corscheck.report.text.matrix import block, list_header, list_row, totals
from corscheck.report.text.view import View
from tests.report import samples


def summary(results: Iterable[Result]) -> Summary:
    counted = Summary()
    for result in results:
        counted.add(result)
    return counted


def shown(results: tuple[Result, ...], expected: str | None = "allowed", width: int = 80) -> str:
    view = View(width=width)
    return "\n".join([*block(results, view), "", *totals(summary(results), expected, view)])


def test_the_sketch(snapshot: SnapshotAssertion) -> None:
    assert shown(samples.MATRIX) == snapshot


def test_all_passed(snapshot: SnapshotAssertion) -> None:
    assert shown(samples.MATRIX[:3]) == snapshot


def test_many_methods_are_continued_below(snapshot: SnapshotAssertion) -> None:
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT")
    results = tuple(
        samples.method_refused(origin, method, samples.ORDERS)
        if method in ("PUT", "REPORT")
        else replace(samples.ALLOWED, url=samples.ORDERS, origin=origin, method=method)
        for origin in (samples.APP, samples.STAGING)
        for method in methods
    )
    text = shown(results)
    assert max(map(len, text.splitlines())) <= 80
    assert text == snapshot


def test_long_origins_get_their_own_line(snapshot: SnapshotAssertion) -> None:
    long = "https://" + "a-very-long-label." * 4 + "example.com:8443"
    results = tuple(
        replace(samples.ALLOWED, url=samples.ORDERS, origin=origin, method=method)
        for origin in (long, samples.APP)
        for method in ("GET", "POST")
    )
    assert shown(results) == snapshot


def test_one_cause_of_many_origins_is_explained_once(snapshot: SnapshotAssertion) -> None:
    results = tuple(samples.blocked(f"https://o{i}.example", "GET", samples.ORDERS, None) for i in range(7))
    text = shown(results)
    assert "\n2  " not in text
    assert text == snapshot


def test_other_verdicts(snapshot: SnapshotAssertion) -> None:
    results = (
        replace(samples.REFUSED, origin=samples.APP),
        replace(samples.INVALID, origin=samples.APP),
        replace(samples.ENGINES_DIFFER, origin=samples.APP, method="HEAD"),
    )
    assert shown(results) == snapshot


def test_blocked_as_expected(snapshot: SnapshotAssertion) -> None:
    results = (
        replace(samples.blocked(samples.APP, "GET", samples.ORDERS, None), expected="blocked", passed=True),
        replace(samples.ALLOWED, url=samples.ORDERS, origin=samples.STAGING, expected="blocked", passed=False),
    )
    assert shown(results, "blocked") == snapshot


def test_interrupted(snapshot: SnapshotAssertion) -> None:
    results = samples.MATRIX[:3]
    counted = summary(results)
    counted.interrupted = True
    lines = [*block(results, View(), interrupted=True), "", *totals(counted, "allowed", View())]
    assert "\n".join(lines) == snapshot


def test_a_list_of_urls(snapshot: SnapshotAssertion) -> None:
    results = (
        replace(samples.ALLOWED, url="https://api.example.com/a"),
        samples.blocked(samples.PAGE, "GET", "https://api.example.com/b", None),
        replace(samples.PREFLIGHT_ONLY, url="https://api.example.com/c"),
        replace(samples.REFUSED, url="https://api.example.com/d", error=ErrorRecord("timeout", "no response in 10 s")),
    )
    view = View()
    lines = list_header(results[0], view, uniform=True)
    for result in results:
        lines += list_row(result, view, uniform=True)
    assert "\n".join([*lines, "", *totals(summary(results), "allowed", view)]) == snapshot


def test_a_list_from_several_origins_names_them() -> None:
    (row,) = list_row(samples.ALLOWED, View(), uniform=False)
    assert row == f"  allowed       GET {samples.URL} from {samples.PAGE}"


@pytest.mark.parametrize(
    ("results", "expected", "text"),
    [
        ((), "allowed", "INCONCLUSIVE  nothing was tested."),
        ((samples.ALLOWED,), "allowed", "PASSED  1 of 1 allowed."),
        ((samples.ALLOWED, samples.PREFLIGHT_ONLY), "allowed", "PASSED  2 of 2 allowed (1 by preflight only)."),
        ((samples.REFUSED,), "allowed", "INCONCLUSIVE  1 of 1 inconclusive; it was expected allowed."),
        (
            (samples.ALLOWED, samples.WILDCARD, samples.INVALID, samples.REFUSED),
            "allowed",
            "FAILED  1 of 4 blocked, 1 invalid, 1 inconclusive, 1 allowed; all 4 expected\n        allowed.",
        ),
        (
            (samples.ALLOWED, replace(samples.WILDCARD, expected="blocked", passed=True)),
            None,
            "PASSED  1 of 2 blocked, 1 allowed; all as expected.",
        ),
        (
            (replace(samples.WILDCARD, expected="blocked", passed=True),),
            "blocked",
            "PASSED  1 of 1 blocked; it was expected blocked.",
        ),
    ],
)
def test_totals(results: tuple[Result, ...], expected: str | None, text: str) -> None:
    assert "\n".join(totals(summary(results), expected, View())) == text


@pytest.mark.parametrize(
    ("result", "passed", "failed", "undecided"),
    [
        (samples.ALLOWED, 1, 0, 0),
        (samples.PREFLIGHT_ONLY, 1, 0, 0),
        (samples.WILDCARD, 0, 1, 0),
        (samples.INVALID, 0, 1, 0),
        (samples.REFUSED, 0, 0, 1),
        (samples.ENGINES_DIFFER, 0, 1, 0),
        # The driving engine allows it, the other one of the gate could not be judged: nobody failed.
        (
            replace(
                samples.ALLOWED,
                passed=False,
                engines=samples.engines(firefox=EngineVerdict("inconclusive", "recorded")),
            ),
            0,
            0,
            1,
        ),
        # An engine outside the gate decides nothing.
        (
            replace(
                samples.REFUSED, engines=samples.engines("inconclusive", webkit=EngineVerdict("blocked", "source"))
            ),
            0,
            0,
            1,
        ),
        (replace(samples.ALLOWED, expected="blocked", passed=False), 0, 1, 0),
    ],
)
def test_each_result_is_passed_failed_or_undecided(result: Result, passed: int, failed: int, undecided: int) -> None:
    counted = summary([result])
    assert (counted.passed, counted.failed, counted.undecided) == (passed, failed, undecided)
