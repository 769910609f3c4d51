"""The requests of pages in a HAR file, matched with their preflights, redirect targets and stored responses.

Only a window of entries is kept in memory, because all of these are close to their request.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import IO, TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from corscheck.protocol.headers import get
from corscheck.protocol.preflight import ACRH, ACRM
from corscheck.sources.found import SourceError
from corscheck.sources.har import entries
from corscheck.sources.har.entries import HAREntry
from corscheck.sources.har.pairing import NEAR, Pairing
from corscheck.sources.har.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.model.values import EngineName
    from corscheck.protocol.request import HTTPRequest

WINDOW = 500
"""Number of entries before and after a request among which its preflight and redirect targets are searched."""


class Counts(Struct):
    """How many entries a file has, and how many were skipped for which reason."""

    entries: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


class HARRecording:
    """A HAR file. ``counts``, ``engine`` and ``tells_failures`` cover the part that has been read."""

    def __init__(self, file: IO[bytes], name: str, page: str | None = None) -> None:
        self._stream = Stream(file, name)
        self._page = page
        self._held: deque[HAREntry] = deque()
        self._by_address: defaultdict[str, list[HAREntry]] = defaultdict(list)
        self._taken: set[int] = set()
        self._pairing = Pairing()
        self.counts = Counts()

    @property
    def engine(self) -> EngineName | None:
        """The engine that made the recording, or None if unknown."""
        return entries.engine_of(self._stream.head)

    @property
    def tells_failures(self) -> bool:
        """Whether a response without an error was readable: see ``entries.tells_failures``."""
        return entries.tells_failures(self._stream.head)

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
                self._by_address[one.address].append(one)
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
            self._forget(self._held.popleft())
        if one.number in self._taken:
            return
        if one.asked is not None:
            self._taken |= {e.number for e in self.exchanges_of(one)}
            yield one
            return
        other = self._partner(one)
        if one.preflight and other is not None:
            # Its request will use it.
            return
        if one.skipped is not None and other is None:
            self.counts.skipped[one.skipped] += 1
            return
        if other is not None and not one.origin_sent:
            # Only a request in mode cors has a preflight, and the preflight names the page.
            one = replace(one, skipped=None, origin=other.origin, origin_sent=True)
        self._taken.add(one.number)
        yield one

    def _forget(self, one: HAREntry) -> None:
        self._taken.discard(one.number)
        self._pairing.forget(one)
        same = self._by_address[one.address]
        same.pop(0)
        if not same:
            del self._by_address[one.address]

    def _entries(self) -> Iterator[HAREntry]:
        pages: dict[str, str] | None = None
        for number, found in enumerate(self._stream.entries(), 1):
            self.counts.entries = number
            if pages is None:
                pages = entries.pages_of(self._stream.head)
            made = entries.entry(found, number, pages, self._page)
            if isinstance(made, HAREntry):
                yield made
            else:
                self.counts.skipped[made] += 1
        self.counts.entries += self._stream.dropped
        self.counts.skipped["unreadable"] += self._stream.dropped

    def exchanges_of(self, first: HAREntry) -> list[HAREntry]:
        """Return the exchanges of a probe in corscheck's own report, in order; ``first`` is the first of them."""
        number = first.asked.number if first.asked is not None else None
        return [e for e in self._held if e.asked is not None and e.asked.number == number]

    def preflight_of(self, request: HAREntry) -> HAREntry | None:
        """Return the preflight of a request, or None if it is not recorded. Mark it as used."""
        found = self._partner(request)
        if found is not None:
            self._taken.add(found.number)
        return found

    def _partner(self, of: HAREntry) -> HAREntry | None:
        """Return the request of a preflight, or the preflight of a request."""
        same = self._by_address[of.address]
        if len(same) == 1:
            return None
        # If the recording has no Origin, what was skipped may be a request in mode cors all the same.
        able = [
            e
            for e in same
            if (e is of or e.number not in self._taken)
            and (e.skipped is None or (e.skipped != "not-cors" and not e.origin_sent))
        ]
        return self._pairing.partner(of, able, self.engine or of.engine or "chromium")

    def answer(self, asked: HTTPRequest, first: HAREntry) -> HAREntry | None:
        """Return the entry with the response to ``asked``, a later hop or the request of a preflight that is alone.

        Mark it as used, so that ``requests`` does not yield it.
        """
        found = self.later(first, asked.url, preflight=asked.kind == "preflight", fits=lambda e: _fits(e, asked))
        if found is not None:
            self._taken.add(found.number)
        return found

    def later(
        self, first: HAREntry, url: str, *, preflight: bool = False, fits: Callable[[HAREntry], bool] = bool
    ) -> HAREntry | None:
        """Return the entry for a URL that follows ``first`` most closely."""
        return self._nearest(
            first,
            url.partition("#")[0],
            lambda e: (
                e.preflight == preflight
                and e.skipped != "not-cors"
                and e.number not in self._taken
                and (e.at, e.number) > (first.at, first.number)
                and abs(e.at - first.at) <= NEAR
                and fits(e)
            ),
        )

    def stored(self, asked: HAREntry) -> HAREntry | None:
        """Return the earlier response that a browser had in its cache when it asked whether it is still good."""
        return self._nearest(
            asked,
            asked.address,
            lambda e: (
                e.status != 304
                and e.method == asked.method
                and (e.at, e.number) < (asked.at, asked.number)
                and e.answered
                and not e.revalidated
            ),
        )

    def _nearest(self, to: HAREntry, address: str, fits: Callable[[HAREntry], bool]) -> HAREntry | None:
        found = (e for e in self._by_address.get(address, ()) if e.number != to.number and fits(e))
        return min(found, key=lambda e: (abs(e.at - to.at), abs(e.number - to.number)), default=None)


def _fits(found: HAREntry, asked: HTTPRequest) -> bool:
    """Whether an entry may be what the protocol asks: its method, its headers, and the origin that the hop sends."""
    if (get(found.headers, ACRM) or found.method) != (asked.get(ACRM) or asked.method):
        return False
    if (get(found.headers, ACRH) or "").replace(" ", "") != (asked.get(ACRH) or ""):
        return False
    origin = asked.get("Origin")
    return origin is None or not found.origin_sent or found.origin == origin
