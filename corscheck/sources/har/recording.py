"""The requests of pages in a HAR file, matched with their preflights and redirect targets.

Only a window of entries is kept in memory, because preflights and redirect targets are close to their request.
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
    from collections.abc import Callable, Iterator

    from corscheck.model.values import EngineName
    from corscheck.protocol.request import HTTPRequest

WINDOW = 500
"""Number of entries before and after a request among which its preflight and redirect targets are searched."""

NEAR = 120.0
"""The maximum time in seconds between a request and its preflight or redirect target."""


class Counts(Struct):
    """How many entries a file has, and how many were skipped for which reason."""

    entries: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


class HARRecording:
    """A HAR file. ``counts`` and ``engine`` cover the part that has been read."""

    def __init__(self, file: IO[bytes], name: str, page: str | None = None) -> None:
        self._stream = Stream(file, name)
        self._page = page
        self._held: deque[HAREntry] = deque()
        self._taken: set[int] = set()
        self.counts = Counts()

    @property
    def engine(self) -> EngineName | None:
        """The engine that made the recording, or None if unknown."""
        return engine_of(self._stream.head)

    def requests(self) -> Iterator[HAREntry]:
        """Yield every request to judge, in order. A preflight is yielded only if its request is missing.

        Until the next one is yielded, ``answer`` finds the entries that belong to it. A ``SourceError`` is raised after
        all readable requests.
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
            # A later entry is its request, and will use it.
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
        """Return the nearest preflight with the method, URL and origin of a request."""
        return self._nearest(request, lambda e: e.preflight and _fits(e, request))

    def _request_of(self, preflight: HAREntry) -> HAREntry | None:
        return self._nearest(preflight, lambda e: not e.preflight and _fits(preflight, e))

    def answer(self, asked: HTTPRequest, first: HAREntry) -> HAREntry | None:
        """Return the entry with the response to ``asked``. Mark it as used, so that ``requests`` does not yield it."""
        if asked.hop == 0 and (asked.kind == "preflight") == first.preflight:
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

    def _nearest(self, to: HAREntry, fits: Callable[[HAREntry], bool]) -> HAREntry | None:
        others = (one for one in self._held if one.number != to.number and one.number not in self._taken)
        near = (one for one in others if abs(one.at - to.at) <= NEAR and fits(one))
        return min(near, key=lambda one: (abs(one.at - to.at), abs(one.number - to.number)), default=None)


def _fits(preflight: HAREntry, request: HAREntry) -> bool:
    """Whether a preflight can belong to a request."""
    same = preflight.url.partition("#")[0] == request.url.partition("#")[0] and preflight.origin == request.origin
    return same and preflight.asks_for[0] == request.method
