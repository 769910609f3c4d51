"""Probes that differ in nothing but the path: what was found for one is found for the next if the same is answered.

A run asks thousands of URLs of a few places. Where every engine agrees (``differences.alike``), the requests, the verdict
and every row depend on the URL's origin and on what was answered, never on its path and query: those stand in three
places of a result and are filled in anew. Whatever is answered otherwise is judged as ever, and so is every URL that would
have to be parsed first. Tests hold both ways together; it knows no network.
"""

from __future__ import annotations

import re
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from corscheck.kindred import KindredProbe, result_for
from corscheck.model.values import Probe
from corscheck.protocol.agreement import alike
from corscheck.protocol.origin import URLError, parse_url
from corscheck.protocol.request import HTTPResponse
from corscheck.transports.base import Course, KindredResponse

if TYPE_CHECKING:
    from corscheck.model.result import Result
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Answer
    from corscheck.runner.result import Assembler
    from corscheck.transports.base import WireRequest

_SERIALIZED = re.compile(r"(https?://[^/?#@\\]+)(/[A-Za-z0-9_~./=:,;-]*(?:\?[A-Za-z0-9_~./=:,;&+-]*)?)")
"""A URL that the parser gives back as it is, provided its origin is a serialized one and no segment is of dots."""

_MOST = 256
"""How many places and answers are remembered; then it begins anew."""

_OTHERS = 16
"""How many other answers in a row it takes to expect another one."""

_OWN = ("url", "index", "check")
_SHARED = attrgetter(*(field.name for field in fields(Probe) if field.name not in _OWN))
_ANSWERED = attrgetter("status", "headers", "reason", "body", "body_error", "http_version", "sent")


class Step:
    """What is asked next, or the result, after a row of answers: a node of the tree of all that came."""

    __slots__ = ("_after", "_after_first", "_others", "course", "request", "result")

    def __init__(self) -> None:
        self.request: WireRequest | None = None
        self.result: Result | None = None
        self.course: Course | None = None  # how it mostly goes on
        self._others = 0
        self._after: dict[Any, Step] = {}
        self._after_first: dict[int, tuple[HTTPResponse, Step | None]] = {}  # by the id of a kindred answer's first

    def after(self, answer: Answer) -> Step | None:
        """Where this answer leads, if it came before."""
        if type(answer) is not KindredResponse:
            return self._after.get(_ANSWERED(answer)) if isinstance(answer, HTTPResponse) else None
        first = answer.first
        found = self._after_first.get(id(first))
        if found is None:
            if len(self._after_first) >= _MOST:
                self._after_first.clear()
            # The first is kept, so that its id is not another's.
            found = self._after_first[id(first)] = (first, self._after.get(_ANSWERED(first)))
        step = found[1]
        if step is not None and step.request is not None:
            self._expect(first, step.request)
        return step

    def _expect(self, answer: HTTPResponse, request: WireRequest) -> None:
        """Expect that what came, and went on so, comes the next time, unless something else comes most of the time."""
        if self.course is not None and self.course.answer is answer:
            self._others = 0
            return
        self._others += 1
        if self.course is None or self._others > _OTHERS:
            self.course = Course(answer, request)
            self._others = 0

    def follow(self, answers: list[Answer]) -> Step | None:
        """Where these answers lead, if it is known what comes then."""
        step: Step | None = self
        for answer in answers:
            if step is None:
                return None
            step = step.after(answer)
        return step if step is not None and (step.request is not None or step.result is not None) else None

    def teach(self, answers: list[Answer], request: WireRequest) -> None:
        """After these answers that was asked: so will it be of its kin. What was redirected goes where it was led."""
        step = self
        for answer in answers:
            if not (isinstance(answer, HTTPResponse) and 200 <= answer.status < 300):
                return
            step = step.after(answer) or step.lead(answer)
        if step.request is None:
            step.request = request

    def lead(self, answer: HTTPResponse) -> Step:
        """Where this answer leads from now on."""
        if len(self._after) >= _MOST:
            self._after.clear()
        self._after_first.clear()
        return self._after.setdefault(_ANSWERED(answer), Step())


class Kin:
    """Remembers for one run; ``assembler`` is the run's."""

    def __init__(self, assembler: Assembler) -> None:
        self._url = assembler.url
        self._first: dict[tuple[str, Any], Step | None] = {}
        self._shared: dict[int, tuple[Probe, Any]] = {}  # what kindred probes share, by the id of their first

    def of(self, probe: Probe) -> Step | None:
        """What to do for a probe that has kin: where to begin. None for what must be judged by itself."""
        match = _SERIALIZED.fullmatch(probe.url)
        if match is None or "/." in match[2]:
            return None
        key = (match[1], self._shared_by(probe.first) if type(probe) is KindredProbe else _Shared(probe))
        step = self._first.get(key, _UNKNOWN)
        if step is _UNKNOWN:
            if len(self._first) >= _MOST:
                self._first.clear()
            step = self._first[key] = Step() if _is_origin(match[1]) else None
        return step

    def _shared_by(self, first: Probe) -> _Shared:
        found = self._shared.get(id(first))
        if found is None:
            if len(self._shared) >= _MOST:
                self._shared.clear()
            # The first is kept, so that its id is not another's.
            found = self._shared[id(first)] = (first, _Shared(first))
        return found[1]

    def learn(self, step: Step, requests: list[WireRequest], outcome: Outcome, result: Result) -> None:
        """Keep what came of a probe, if it holds for its kin: ``step`` is what ``of`` gave, ``requests`` what was sent."""
        answers = [exchange.answer for exchange in outcome.exchanges]
        if len(requests) != len(answers) or not alike(outcome):
            return
        for request, answer in zip(requests, answers, strict=True):
            assert isinstance(answer, HTTPResponse)  # or it would not be alike
            step.request = request
            step = step.lead(answer)
        step.result = result

    def result(self, known: Result, probe: Probe, answers: list[Answer]) -> Result:
        """The result of a probe of which the same was found: its own URL, place in the run and times."""
        times = tuple([round(answer.elapsed_ms, 3) for answer in answers])  # type: ignore[union-attr]
        return result_for(known, probe, self._url(probe.url), times)


class _Shared:
    """What probes have in common, hashed once."""

    __slots__ = ("_hash", "_parts")

    def __init__(self, probe: Probe) -> None:
        self._parts = _SHARED(probe)
        self._hash = hash(self._parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, _Shared) and self._parts == other._parts)


_UNKNOWN = Step()


def _is_origin(text: str) -> bool:
    try:
        return parse_url(text).origin == text
    except URLError:
        return False
