"""Causes of failures: which failures share a cause, and the sentence that explains it. All views of many results use them.

This module knows the saved model and words, but no layout.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.report.saved.summary import failed
from corscheck.report.text.exchanges import split_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.model.result import Result, StepRecord


EXAMPLES = 24
"""How many results with the same cause are kept as examples."""

NO_ANSWER = {
    "dns": "the host name does not resolve",
    "connect": "the connection failed",
    "tls": "the TLS handshake failed",
    "timeout": "the request timed out",
    "protocol": "the response is not valid HTTP",
    "too-large": "the response is too large",
    "proxy": "the proxy did not connect",
    "app": "the application failed",
    "status": "something else responded instead of the application",
}
"""What is true of every result without a response, by the kind of error. Messages name the host."""

HINTS = {
    "dns": "This says nothing about CORS. Is the host name right?",
    "connect": "This says nothing about CORS. Is the server running?\nIn CI, --wait-for 30 retries until it is.",
    "tls": "This says nothing about CORS. --cacert FILE trusts your own CA; -k accepts any certificate.",
    "timeout": "This says nothing about CORS. Wait longer with --max-time SECONDS.",
    "protocol": "No browser rule was reached, so there is no verdict. -v shows what the server sent.",
    "too-large": "No browser rule was reached, so there is no verdict. -v shows what the server sent.",
    "proxy": "This says nothing about CORS. Set another proxy with -x URL, or bypass it with --noproxy HOST.",
    "app": "No browser rule was reached, so there is no verdict.",
}
"""What to do if there is no response, by the kind of error."""


class Example(NamedTuple):
    """A result that has a cause, as texts. ``number`` is its position among the results, from 1."""

    number: int
    method: str
    base: str
    path: str
    origin: str

    def request(self, *, whole: bool) -> str:
        """Return method and URL; method and path unless ``whole``."""
        return f"{self.method} {self.base if whole else ''}{self.path}"


class CauseGroup(Struct):
    """A cause that several results share. ``first`` represents all of them.

    ``varied`` means that their own sentences differ, ``varied_fix`` that their fixes do.
    """

    first: Result
    state: Literal["pass", "fail", "unsure"]
    number: int = 0
    count: int = 0
    examples: list[Example] = field(default_factory=list)
    varied: bool = False
    varied_fix: bool = False

    def why(self) -> str:
        """Return the sentence that is true of all of them."""
        return why_all(self.first, varied=self.varied)

    def fixes(self) -> list[str]:
        """Return what to change, for the first result."""
        return fixes(self.first)

    def several_hosts(self) -> bool:
        """Whether the examples are on different hosts."""
        return len({example.base for example in self.examples}) > 1


class CauseTable:
    """Groups the unexpected results of a run by cause, as they come. Keeps one result and a few examples per cause."""

    def __init__(self) -> None:
        self._groups: dict[tuple[object, ...], CauseGroup] = {}
        self._seen = 0

    def add(self, result: Result) -> CauseGroup | None:
        """Count a result. Returns its group, or None if it is as expected or excused."""
        self._seen += 1
        if state(result) == "pass":
            return None
        key = cause(result)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = CauseGroup(result, state(result), number=len(self._groups) + 1)
        group.varied = group.varied or why(result) != why(group.first)
        group.varied_fix = group.varied_fix or fixes(result) != fixes(group.first)
        group.count += 1
        if len(group.examples) < EXAMPLES:
            base, path = base_and_path(result.url)
            group.examples.append(
                Example(self._seen, intern(printable(result.method)), base, path, intern(printable(result.origin)))
            )
        return group

    def ranked(self) -> list[CauseGroup]:
        """Return the groups, failures before what could not be judged, the most frequent first. Numbers them so."""
        return _numbered(sorted(self._groups.values(), key=lambda group: (group.state != "fail", -group.count)))

    def in_order(self) -> list[CauseGroup]:
        """Return the groups in order of appearance, for a view of a few results. Numbers them so."""
        return _numbered(list(self._groups.values()))


def light(result: Result) -> Result:
    """Return the result without what explains no cause: exchanges, console texts, and rows that decide nothing."""
    steps = tuple(step for step in result.steps if step.decisive)
    return replace(result, steps=steps, exchanges=(), console={}, readable_headers=())


def _numbered(groups: list[CauseGroup]) -> list[CauseGroup]:
    for number, group in enumerate(groups, 1):
        group.number = number
    return groups


def base_and_path(url: str) -> tuple[str, str]:
    """Split a URL into scheme, host and port, and path with query. Both are printable."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        return "", printable(url)
    authority, path = split_url(url)
    return intern(printable(f"{scheme}://{authority}")), intern(printable(path))


def groups(results: Sequence[Result]) -> list[list[Result]]:
    """Group the unexpected results by cause, in order of appearance."""
    found: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        if not result.passed and result.excused is None:
            found.setdefault(cause(result), []).append(result)
    return list(found.values())


def cause(result: Result) -> tuple[object, ...]:
    """Return the key of a cause: verdict, reason, the received value of the deciding row, and other engines' verdicts.

    The expected value is not part of it: if one header is missing for twenty origins, that is one cause. Neither are the
    URL, host and origin of the request where a text names them. Results without a response are grouped by kind.
    """
    others = tuple((n, result.engines[n].verdict, result.engines[n].code) for n in result.differing)
    key = (
        result.verdict,
        result.reason.code if result.reason is not None else None,
        others if result.as_driven else (),
        tuple(result.unmet) if result.as_driven else (),
        result.observed.differences if result.observed is not None and contradicted(result) else (),
    )
    if result.error is not None:
        return (*key, result.error.kind, tuple(f.code for f in result.findings if f.severity != "info"))
    step = deciding(result)
    received = (step.header.lower(), _shared(step.received or "", result)) if step is not None else None
    return (
        *key,
        _shared(result.reason.message, result) if result.reason is not None and not at_origin(step) else None,
        received,
        tuple(_shared(f.message, result) for f in result.findings if f.severity != "info")[:1],
    )


def _shared(text: str, result: Result) -> str:
    """Return a text with names for what belongs to this request alone: its URL, its origin, its host."""
    host = split_url(result.url)[0]
    for part, name in ((result.url, "{url}"), (result.origin, "{origin}"), (host, "{host}")):
        text = text.replace(part, name) if part else text
    return text


def contradicted(result: Result) -> bool:
    """Whether a real browser was seen to contradict the prediction."""
    return result.observed is not None and result.observed.agrees is False


def fixes(result: Result) -> list[str]:
    """Return the advice of the findings that matter, or what to do if there is no response."""
    found = [f.advice for f in result.findings if f.advice and f.severity != "info"]
    hint = HINTS.get(result.error.kind) if result.error is not None and not found else None
    return [hint] if hint is not None else found


def at_origin(step: StepRecord | None) -> bool:
    """Whether Access-Control-Allow-Origin decided. Its expected value is different for each origin."""
    return step is not None and words.subject(step.header).lower() == "allow-origin"


def deciding(result: Result) -> StepRecord | None:
    """Return the row that decided."""
    return next((s for s in result.steps if s.decisive), None)


def why(result: Result) -> str:
    """Return one sentence with its step: that of the first finding, otherwise that of the reason."""
    if result.observed is not None and contradicted(result):
        browser = words.BROWSERS.get(result.observed.browser, printable(result.observed.browser))
        return printable(f"{browser} was seen to differ: " + "; ".join(result.observed.differences))
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
        return f"No response: {words.sentence(result.error.message)}"
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
    if varied and first.error is not None:
        return f"No response: {words.sentence(NO_ANSWER.get(first.error.kind, first.error.kind))}"
    finding = next((f for f in first.findings if f.severity != "info"), None)
    if varied and finding is not None:
        return words.sentence(words.capital(finding.title), first.reason.step if first.reason is not None else None)
    return why(first)


def label(result: Result) -> str:
    """Return the label of a result: its verdict, or the problem if the verdict is the expected one.

    ``differs`` means that a real browser contradicted the prediction; ``unmet`` that an expectation is not met, be it of
    another engine of the gate or of the check.
    """
    if contradicted(result):
        return "differs"
    if result.passed:
        return result.label
    if result.excused is not None:
        return "excused"
    return "unmet" if result.as_driven else result.label


def shown(result: Result) -> str:
    """Return the label, in capitals if the result is not as expected."""
    return label(result) if state(result) == "pass" else label(result).upper()


def style(result: Result) -> str:
    """Return the name of the label's colours."""
    if contradicted(result):
        return "fail"
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
    if contradicted(result):
        return "fail"
    if result.passed or result.excused is not None:
        return "pass"
    return "fail" if failed(result) else "unsure"
