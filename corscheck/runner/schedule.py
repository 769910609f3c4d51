"""Which conversations are under way: so many at a place, so many in all, and their results in the order of the questions.

Knows neither transports nor time. A driver asks ``begin`` what to start, says what ended or stalled, and takes what is
due from ``due``.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from corscheck.runner.conversation import Asking

_T = TypeVar("_T")

WINDOW = 8192
"""How many questions are taken in at once: waiting, under way, or answered and kept until their turn comes.

One host that never answers holds back the results of so many others, but not their requests. The bound is what keeps the
memory of a long run flat.
"""

STALL_SECONDS = 0.5
"""A flow that waits longer for an answer is stalled."""

STALLED_TIMES = 8
"""How many times the total may be under way when all others wait for hosts that do not answer."""


class Flow(Generic[_T]):
    """A conversation, the place it goes to, and what came of it: ``returned``, or the ``error`` that it raised."""

    __slots__ = ("asking", "deadline", "done", "error", "place", "returned", "stalled")

    returned: _T

    def __init__(self, place: Hashable, asking: Asking[_T]) -> None:
        self.place = place
        self.asking = asking
        self.deadline = 0.0
        self.done = self.stalled = False
        self.error: BaseException | None = None

    def result(self) -> _T:
        """Return what the conversation returned, or raise what it raised."""
        if self.error is not None:
            raise self.error
        return self.returned


class Schedule(Generic[_T]):
    """At most ``per_place`` flows under way at a place and ``total`` in all, not counting those that are stalled."""

    def __init__(self, flows: Iterable[tuple[Hashable, Asking[_T]]], per_place: int, total: int) -> None:
        self._flows = iter(flows)
        self._per_place, self._total = per_place, total
        self._exhausted = False
        self._window: deque[Flow[_T]] = deque()  # in their order: taken in, and not handed out yet
        self._ready: deque[Flow[_T]] = deque()  # have got the room of one that ended
        self._waiting: dict[Hashable, deque[Flow[_T]]] = {}  # for room at their place
        self._busy: dict[Hashable, int] = {}
        self._under_way = self._stalled = 0

    def begin(self) -> Iterator[Flow[_T]]:
        """Take in questions, and yield the flows to start now."""
        while self._ready:
            yield self._ready.popleft()
        while not self._exhausted and self._has_room() and len(self._window) < WINDOW:
            taken = next(self._flows, None)
            if taken is None:
                self._exhausted = True
                return
            flow = Flow(*taken)
            self._window.append(flow)
            busy = self._busy.get(flow.place, 0)
            if busy >= self._per_place:
                self._waiting.setdefault(flow.place, deque()).append(flow)
            else:
                self._busy[flow.place] = busy + 1
                self._under_way += 1
                yield flow

    def _has_room(self) -> bool:
        return self._under_way < self._total and self._under_way + self._stalled < self._total * STALLED_TIMES

    def stall(self, flow: Flow[_T]) -> None:
        """The flow waits for a host that does not answer: others may begin elsewhere. With one at a time nobody may."""
        if not flow.stalled and self._total > 1:
            flow.stalled = True
            self._under_way -= 1
            self._stalled += 1

    def go_on(self, flow: Flow[_T]) -> None:
        """The flow has got its answer: it counts again if it was stalled."""
        if flow.stalled:
            flow.stalled = False
            self._under_way += 1
            self._stalled -= 1

    def end(self, flow: Flow[_T]) -> None:
        """The flow is done: the next that waits for its place gets the room."""
        flow.done = True
        waiting = self._waiting.get(flow.place)
        if waiting:
            self._ready.append(waiting.popleft())
            if not waiting:
                del self._waiting[flow.place]
            return
        self._under_way -= 1
        self._busy[flow.place] -= 1
        if not self._busy[flow.place]:
            del self._busy[flow.place]  # a run may see a million hosts

    def due(self) -> Iterator[Flow[_T]]:
        """Yield the flows that are done and whose turn it is."""
        while self._window and self._window[0].done:
            yield self._window.popleft()

    @property
    def wants_room(self) -> bool:
        """Whether there may be more questions than those that were taken in."""
        return not self._exhausted

    @property
    def is_due(self) -> bool:
        """Whether the next flow in order is done."""
        return bool(self._window) and self._window[0].done

    @property
    def is_over(self) -> bool:
        """Whether everything was taken in and handed out."""
        return self._exhausted and not self._window

    def close(self) -> None:
        """End the conversations that were taken in and are not done."""
        for flow in self._window:
            if not flow.done:
                flow.asking.close()
