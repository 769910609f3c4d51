"""Which request a recorded preflight belongs to.

A preflight asks for one method and a list of header names, and the request that follows has just these. Several requests
to one URL may be under way at once, so each belongs to the one that fits it best. After a failed preflight no request
follows: the pair then has a request without a response, or there is none.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from corscheck.model.secret_names import means_secret
from corscheck.protocol.drive import run
from corscheck.protocol.fetch import fetch
from corscheck.protocol.preflight import unsafe_names
from corscheck.protocol.request import HeldBack, HTTPResponse, Request
from corscheck.protocol.safelist import is_safelisted_method
from corscheck.sources import author_headers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from corscheck.model.values import EngineName
    from corscheck.protocol.request import Answer, HTTPRequest
    from corscheck.sources.har.entries import HAREntry

NEAR = 120.0
"""The maximum time in seconds between a request and its preflight or redirect target."""

AROUND = 64
"""How many entries before and after a request, of those to its URL, may be its preflight."""

_Rating: TypeAlias = tuple[bool, int, float, int, int]


class _Question(Struct, frozen=True):
    """What decides about a pair: the method and the header names that need a preflight, or that it asks for.

    ``sent`` are the names of all headers of a request. ``refused`` says that the preflight failed.
    """

    method: str
    names: frozenset[str]
    sent: frozenset[str]
    refused: bool


class Pairing:
    """The pairs found so far. ``engine`` is the one whose rules decide whether a preflight failed."""

    def __init__(self) -> None:
        self._partners: dict[int, HAREntry] = {}
        self._questions: dict[int, _Question] = {}

    def forget(self, one: HAREntry) -> None:
        """Drop what is known about an entry."""
        self._partners.pop(one.number, None)
        self._questions.pop(one.number, None)

    def partner(self, of: HAREntry, same: Sequence[HAREntry], engine: EngineName) -> HAREntry | None:
        """Return the request of a preflight, or the preflight of a request.

        ``same`` are the entries to the same URL that may belong to a pair, in the order of their numbers.
        """
        while of.number not in self._partners:
            # The best partner may have a better one than this: the chain ends at two that prefer each other.
            one, other = of, self._best(of, same, engine)
            if other is None:
                return None
            while (better := self._best(other, same, engine)) is not None and better.number != one.number:
                one, other = other, better
            self._partners[one.number], self._partners[other.number] = other, one
        return self._partners[of.number]

    def _best(self, one: HAREntry, same: Sequence[HAREntry], engine: EngineName) -> HAREntry | None:
        rated = ((rating, e) for e in _around(one, same) if (rating := self._rate(one, e, engine)) is not None)
        found = min(rated, key=lambda pair: pair[0], default=None)
        return found[1] if found is not None else None

    def _rate(self, one: HAREntry, other: HAREntry, engine: EngineName) -> _Rating | None:
        """Rate a pair, the best lowest; None if the two do not belong together."""
        if other.number in self._partners or one.preflight == other.preflight:
            return None
        preflight, request = (one, other) if one.preflight else (other, one)
        asks, has = self._question(preflight, engine), self._question(request, engine)
        if asks.method != has.method or (request.origin_sent and request.origin != preflight.origin):
            return None
        gap = min(abs(request.at - preflight.at), abs(request.at - preflight.at - preflight.elapsed_ms / 1000))
        # Exports without secrets lack Authorization; nothing else that a preflight asks about is left out.
        if gap > NEAR or any(not means_secret(name) for name in asks.names - has.sent):
            return None
        unasked = len(has.names - asks.names)
        contradicted = asks.refused and request.answered
        if contradicted and (unasked or not (asks.names or not is_safelisted_method(asks.method))):
            return None
        return contradicted, unasked, gap, abs(request.number - preflight.number), preflight.number

    def _question(self, one: HAREntry, engine: EngineName) -> _Question:
        found = self._questions.get(one.number)
        if found is None:
            if one.preflight:
                found = _Question(*one.asks_for, frozenset(), _refuses(one, engine))
            else:
                author = author_headers.sort(one.headers, one.method, one.url).author
                sent = frozenset(name.lower() for name, _ in one.headers)
                found = _Question(one.method, frozenset(unsafe_names(author)), sent, refused=False)
            self._questions[one.number] = found
        return found


def _around(one: HAREntry, same: Sequence[HAREntry]) -> Iterator[HAREntry]:
    place = bisect_left(same, one.number, key=lambda e: e.number)
    yield from same[max(0, place - AROUND) : place + AROUND]


def _refuses(preflight: HAREntry, engine: EngineName) -> bool:
    """Whether a preflight fails, in whatever credentials mode the page asked."""
    method, names = preflight.asks_for
    asked = Request(
        url=preflight.url,
        origin=preflight.origin,
        method=method,
        headers=tuple((name, author_headers.sample(name)) for name in names),
        body=None if method in ("GET", "HEAD") else b"",
        use_cors_preflight=not names and is_safelisted_method(method),
    )

    def answer(request: HTTPRequest) -> Answer:
        if request.kind == "actual" or not preflight.answered:
            return HeldBack()
        return HTTPResponse(preflight.status, preflight.answer, preflight.reason)

    return run(fetch(asked, engine), answer).verdict == "blocked"
