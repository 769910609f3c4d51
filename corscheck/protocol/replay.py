"""A recording as a transport: the exchanges of one engine answer the questions of another, without the network.

An exchange matches by what the server could have told apart: kind, method, URL, Origin, Access-Control-Request-*, and
whether credentials went along; never by order. Where the same question was asked several times (a 421, a redirect loop)
the answers come in their order and the last one stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.protocol.preflight import ACRH, ACRM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.protocol.outcome import Exchange
    from corscheck.protocol.request import Answer, HTTPRequest


class NotRecordedError(LookupError):
    """The recording does not hold this request: nothing can be said about an engine that would send it."""


def _key(request: HTTPRequest) -> tuple[object, ...]:
    return (
        request.kind,
        request.method,
        request.url,
        request.get("Origin"),
        request.get(ACRM),
        request.get(ACRH),
        request.credentials,
    )


class Recording:
    """Answers from recorded exchanges."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self._answers: dict[tuple[object, ...], list[Answer]] = {}
        for exchange in exchanges:
            self._answers.setdefault(_key(exchange.request), []).append(exchange.answer)

    def answer(self, request: HTTPRequest) -> Answer:
        """The recorded answer. Raises ``NotRecordedError``."""
        answers = self._answers.get(_key(request))
        if not answers:
            raise NotRecordedError(f"{request.kind} {request.method} {request.url}")
        return answers.pop(0) if len(answers) > 1 else answers[0]
