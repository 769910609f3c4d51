"""A recording as the requests of pages: each with the entries near it, from which preflights and redirects are taken.

Nothing is held but a window: a preflight stands near its request, and so does where a redirect leads.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import IO, TYPE_CHECKING

from msgspec import Struct, field

from corscheck.protocol.headers import get
from corscheck.protocol.preflight import ACRM
from corscheck.sources.found import SourceError
from corscheck.sources.har.entries import HAREntry, engine_of, entry, pages_of
from corscheck.sources.har.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.values import EngineName
    from corscheck.protocol.request import HTTPRequest

WINDOW = 500
"""Entries on either side among which a preflight or a redirect's target is looked for."""

NEAR = 120.0
"""Seconds between a request and what belongs to it."""


class Counts(Struct):
    """What became of the entries of a file."""

    entries: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


class HARRecording:
    """A HAR file. ``counts`` and ``engine`` are known as far as it has been read."""

    def __init__(self, file: IO[bytes], name: str, page: str | None = None) -> None:
        self._stream = Stream(file, name)
        self._page = page
        self._held: deque[HAREntry] = deque()
        self._taken: set[int] = set()
        self.counts = Counts()

    @property
    def engine(self) -> EngineName | None:
        """Whose recording it is."""
        return engine_of(self._stream.head)

    def requests(self) -> Iterator[HAREntry]:
        """Every request that is judged by itself, in order; a preflight only where its request is missing.

        While one is being judged ``answer`` finds what belongs to it. Raises ``SourceError``, after what could be read.
        """
        waiting: deque[HAREntry] = deque()
        fault: SourceError | None = None
        try:
            for one in self._entries():
                self._held.append(one)
                waiting.append(one)
                while len(waiting) > WINDOW:
                    yield from self._next(waiting)
        except SourceError as error:
            fault = error
        while waiting:
            yield from self._next(waiting)
        if fault is not None:
            raise fault

    def _next(self, waiting: deque[HAREntry]) -> Iterator[HAREntry]:
        one = waiting.popleft()
        while self._held and self._held[0].number < one.number - WINDOW:
            self._taken.discard(self._held.popleft().number)
        if one.number in self._taken:
            return
        if one.preflight and self._request_of(one) is not None:
            # Its request comes later and will take it.
            return
        self._taken.add(one.number)
        yield one

    def _entries(self) -> Iterator[HAREntry]:
        pages: dict[str, str] | None = None
        for number, found in enumerate(self._stream.entries(), 1):
            self.counts.entries = number
            if pages is None:
                pages = pages_of(self._stream.head)
            made = entry(found, number, pages, self._page)
            if isinstance(made, HAREntry):
                yield made
            else:
                self.counts.skipped[made] += 1
        self.counts.entries += self._stream.dropped
        self.counts.skipped["unreadable"] += self._stream.dropped

    def preflight_of(self, request: HAREntry) -> HAREntry | None:
        """The nearest preflight that asks for a request's method, at its URL, for its page."""
        return self._nearest(request, lambda e: e.preflight and _fits(e, request))

    def _request_of(self, preflight: HAREntry) -> HAREntry | None:
        return self._nearest(preflight, lambda e: not e.preflight and _fits(preflight, e))

    def answer(self, asked: HTTPRequest, first: HAREntry) -> HAREntry | None:
        """The entry that holds what was answered; it is not judged once more by itself."""
        if asked.kind == "actual" and asked.hop == 0 and not first.preflight:
            return first
        if asked.kind == "preflight" and asked.hop == 0 and first.preflight:
            return first
        method = asked.get(ACRM) or asked.method
        url = asked.url.partition("#")[0]
        found = self._nearest(
            first,
            lambda e: (
                e.url.partition("#")[0] == url
                and e.preflight == (asked.kind == "preflight")
                and (get(e.headers, ACRM) or e.method) == method
                and (e.number > first.number or asked.hop == 0)
            ),
        )
        if found is not None:
            self._taken.add(found.number)
        return found

    def _nearest(self, to: HAREntry, fits: object) -> HAREntry | None:
        best: HAREntry | None = None
        for one in self._held:
            if one.number == to.number or one.number in self._taken or abs(one.at - to.at) > NEAR:
                continue
            if fits(one) and (best is None or _distance(one, to) < _distance(best, to)):  # type: ignore[operator]
                best = one
        return best


def _distance(one: HAREntry, to: HAREntry) -> tuple[float, int]:
    return abs(one.at - to.at), abs(one.number - to.number)


def _fits(preflight: HAREntry, request: HAREntry) -> bool:
    """Whether a preflight can be a request's."""
    same = preflight.url.partition("#")[0] == request.url.partition("#")[0] and preflight.origin == request.origin
    return same and preflight.asks_for[0] == request.method
