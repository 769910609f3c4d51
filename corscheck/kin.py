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

from corscheck.differences import alike
from corscheck.model import ExchangeRecord, Probe, ReadResponse, RequestRecord, Result
from corscheck.protocol.origin import URLError, parse_url
from corscheck.protocol.request import HTTPResponse
from corscheck.transports.base import WireRequest

if TYPE_CHECKING:
    from corscheck.assemble import Assembler
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Answer

_SERIALIZED = re.compile(r"(https?://[^/?#@\\]+)(/[A-Za-z0-9_~./=:,;-]*(?:\?[A-Za-z0-9_~./=:,;&+-]*)?)")
"""A URL that the parser gives back as it is, provided its origin is a serialized one and no segment is of dots."""

_MOST = 256
"""How many places and answers are remembered; then it begins anew."""

_OWN = ("url", "index", "check")
_SHARED = attrgetter(*(field.name for field in fields(Probe) if field.name not in _OWN))
_PARTS = tuple(field.name for field in fields(Result))
_VALUES = attrgetter(*_PARTS)
_AT = {name: _PARTS.index(name) for name in (*_OWN, "exchanges", "response")}
_ANSWERED = attrgetter("status", "headers", "reason", "body", "body_error", "http_version", "sent")


class Step:
    """What is asked next, or the result, after a row of answers: a node of the tree of all that came."""

    __slots__ = ("_after", "request", "result")

    def __init__(self) -> None:
        self.request: WireRequest | None = None
        self.result: Result | None = None
        self._after: dict[Any, Step] = {}

    def after(self, answer: Answer) -> Step | None:
        """Where this answer leads, if it came before."""
        return self._after.get(_ANSWERED(answer)) if isinstance(answer, HTTPResponse) else None

    def lead(self, answer: HTTPResponse) -> Step:
        """Where this answer leads from now on."""
        if len(self._after) >= _MOST:
            self._after.clear()
        return self._after.setdefault(_ANSWERED(answer), Step())


class Kin:
    """Remembers for one run; ``assembler`` is the run's."""

    def __init__(self, assembler: Assembler) -> None:
        self._url = assembler.url
        self._first: dict[Any, Step | None] = {}

    def of(self, probe: Probe) -> Step | None:
        """What to do for a probe that has kin: where to begin. None for what must be judged by itself."""
        match = _SERIALIZED.fullmatch(probe.url)
        if match is None or "/." in match[2]:
            return None
        key = (match[1], _SHARED(probe))
        if key not in self._first:
            if len(self._first) >= _MOST:
                self._first.clear()
            self._first[key] = Step() if _is_origin(match[1]) else None
        return self._first[key]

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
        url = self._url(probe.url)
        exchanges = []
        for exchange, answer in zip(known.exchanges, answers, strict=True):
            assert isinstance(answer, HTTPResponse)
            request = RequestRecord(exchange.request.method, url, exchange.request.headers)
            elapsed = round(answer.elapsed_ms, 3)
            exchanges.append(
                ExchangeRecord(exchange.kind, exchange.hop, request, exchange.response, None, elapsed, held_back=False)
            )
        read = known.response
        assert read is not None
        values = list(_VALUES(known))
        values[_AT["url"]] = url
        values[_AT["index"]] = probe.index
        values[_AT["check"]] = probe.check
        values[_AT["exchanges"]] = tuple(exchanges)
        values[_AT["response"]] = ReadResponse(read.type, read.status, url, read.redirected)
        return Result(*values)


def at(request: WireRequest, url: str) -> WireRequest:
    """The same request to another path."""
    return WireRequest(
        request.method, url, request.headers, request.body, request.send_to, request.new_connection, request.keep_body
    )


def _is_origin(text: str) -> bool:
    try:
        return parse_url(text).origin == text
    except URLError:
        return False
