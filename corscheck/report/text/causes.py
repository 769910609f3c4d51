"""Causes of failures: which failures share a cause, and the sentence that explains it. All views of many results use them.

This module knows the saved model and words, but no layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from corscheck.model import words
from corscheck.model.result import Result  # noqa: TC001 - msgspec reads the annotations
from corscheck.report.saved.summary import failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.model.result import StepRecord


def groups(results: Sequence[Result]) -> list[list[Result]]:
    """Group the unexpected results by cause, in order of appearance."""
    found: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        if not result.passed and result.excused is None:
            found.setdefault(cause(result), []).append(result)
    return list(found.values())


class Causes:
    """The causes of a list of results, counted as they come: memory grows with the causes, not with the results."""

    def __init__(self) -> None:
        self.found: dict[tuple[object, ...], CauseCount] = {}

    def add(self, result: Result) -> int | None:
        """Count a result. Return the number of its cause; None if there is nothing to explain."""
        if result.passed or result.excused is not None:
            return None
        key = cause(result)
        counted = self.found.get(key)
        if counted is None:
            counted = self.found[key] = CauseCount(len(self.found) + 1, light(result))
        counted.count += 1
        if len(counted.examples) < EXAMPLES and result.url not in counted.examples:
            counted.examples.append(result.url)
        return counted.number


class CauseCount(Struct):
    """A cause: its number, the first of its results, how many there are, and some of their URLs."""

    number: int
    first: Result
    count: int = 0
    examples: list[str] = field(default_factory=list)


EXAMPLES = 3


def light(result: Result) -> Result:
    """Return the result without what explains no cause: exchanges, console texts, and rows that decide nothing."""
    steps = tuple(step for step in result.steps if step.decisive)
    return replace(result, steps=steps, exchanges=(), console={}, readable_headers=())


def advice(result: Result) -> str | None:
    """Return how to fix the cause of a result, or what to do about it."""
    weighty = next((f for f in result.findings if f.severity != "info"), None)
    return weighty.advice if weighty is not None and weighty.advice else None


def cause(result: Result) -> tuple[object, ...]:
    """Return the key of a cause: verdict, reason, the received value of the deciding row, and other engines' verdicts.

    The expected value is not part of it: if one header is missing for twenty origins, that is one cause.
    """
    step = deciding(result)
    others = tuple((n, result.engines[n].verdict, result.engines[n].code) for n in result.differing)
    return (
        result.verdict,
        result.reason.code if result.reason is not None else None,
        result.error.message if result.error is not None else None,
        result.reason.message if result.reason is not None and not at_origin(step) else None,
        (step.header.lower(), step.received) if step is not None else None,
        tuple(f.message for f in result.findings if f.severity != "info")[:1],
        others if result.as_driven else (),
        tuple(result.unmet) if result.as_driven else (),
    )


def at_origin(step: StepRecord | None) -> bool:
    """Whether Access-Control-Allow-Origin decided. Its expected value is different for each origin."""
    return step is not None and words.subject(step.header).lower() == "allow-origin"


def deciding(result: Result) -> StepRecord | None:
    """Return the row that decided."""
    return next((s for s in result.steps if s.decisive), None)


def why(result: Result) -> str:
    """Return one sentence with its step: that of the first finding, otherwise that of the reason."""
    if result.as_driven and not result.passed:
        if agreed(result) and result.unmet:
            return " ".join(result.unmet)
        others = [result.other_verdict(n) for n in result.differing if n in result.gate]
        if others:
            return " ".join(others)
    finding = next((f for f in result.findings if f.severity != "info"), None)
    step = result.reason.step if result.reason is not None else None
    if finding is not None:
        return words.sentence(finding.message or finding.title, step)
    if result.error is not None:
        return f"No answer: {words.sentence(result.error.message)}"
    if result.reason is not None:
        return result.because
    if result.as_driven:
        return f"It is {result.word} as expected, but something else that was expected of it is not so."
    return f"Expected {result.expected}, but it is {result.word}."


def why_all(first: Result, *, varied: bool) -> str:
    """Return the sentence that is true of several results with one cause. ``varied``: their own sentences differ."""
    if varied and at_origin(deciding(first)):
        step = first.reason.step if first.reason is not None else None
        return words.sentence("Access-Control-Allow-Origin does not name them", step)
    return why(first)


def label(result: Result) -> str:
    """Return one word for a result: its verdict, or the problem if the verdict is the expected one."""
    if result.passed:
        return result.word
    if result.excused is not None:
        return "excused"
    if not result.as_driven:
        return result.word
    # The driving engine has the expected verdict. Another engine of the gate has not, or another expectation is not met.
    return "unmet" if agreed(result) and result.unmet else "differs"


def shown(result: Result) -> str:
    """Return the label, in capitals if the result is not as expected."""
    return label(result) if state(result) == "pass" else label(result).upper()


def style(result: Result) -> str:
    """Return the name of the label's colours."""
    if result.passed:
        return "pass"
    if result.excused is not None:
        return "dim"
    return "unsure" if result.verdict == "inconclusive" else "fail"


def agreed(result: Result) -> bool:
    """Whether every engine of the gate has the expected verdict."""
    return all(result.engines[n].verdict == result.expected for n in result.gate if n in result.engines)


def state(result: Result) -> Literal["pass", "fail", "unsure"]:
    """Return whether the result is as expected (or excused), is not, or could not be judged."""
    if result.passed or result.excused is not None:
        return "pass"
    return "fail" if failed(result) else "unsure"
