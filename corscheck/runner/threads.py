"""Many conversations over a synchronous transport: a pool of threads, each of which carries one conversation at a time.

Idle transports wait for the next conversation with the same place, so that connections are used again.
"""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from corscheck.runner import schedule as bounds
from corscheck.runner.drive import ParallelRun, carry
from corscheck.transports.http.tls import Contexts
from corscheck.transports.http.transport import HTTPTransport

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Iterable

    from corscheck.protocol.request import Answer
    from corscheck.runner.conversation import Asking
    from corscheck.runner.options import RunOptions
    from corscheck.runner.schedule import Flow
    from corscheck.transports.base import WireRequest

_T = TypeVar("_T")


class _Closed(Exception):  # noqa: N818 - ends a conversation, and is nobody's error
    """The run was closed while a conversation was under way."""


class _Transports:
    """Transports, with the place that each idle one is connected to. Above a limit the longest unused one is closed."""

    def __init__(self, options: RunOptions) -> None:
        self._network = options.network
        self._limit = options.total
        self._contexts = Contexts(options.network)
        self._lock = threading.Lock()
        self._idle: dict[HTTPTransport, Hashable] = {}  # the longest unused one first
        self._in_use: set[HTTPTransport] = set()
        self._closed = False

    def take(self, place: Hashable) -> HTTPTransport:
        """Raises ``_Closed`` after ``close``: nobody would abort that transport any more."""
        with self._lock:
            if self._closed:
                raise _Closed
            transport = next((idle for idle, at in reversed(self._idle.items()) if at == place), None)
            if transport is None:
                transport = HTTPTransport(self._network, self._contexts)
            self._idle.pop(transport, None)
            self._in_use.add(transport)
            return transport

    def give(self, place: Hashable, transport: HTTPTransport) -> None:
        excess = None
        with self._lock:
            self._in_use.discard(transport)
            self._idle[transport] = place
            if self._closed or len(self._idle) > self._limit:
                excess = next(iter(self._idle))
                del self._idle[excess]
        if excess is not None:
            excess.close()

    def discard(self, transport: HTTPTransport) -> None:
        with self._lock:
            self._in_use.discard(transport)
        transport.close()

    def close(self) -> None:
        """Close the idle ones, cut the connections of those in use, and give out no more."""
        with self._lock:
            self._closed = True
            idle = list(self._idle)
            self._idle.clear()
            in_use = list(self._in_use)
        for transport in idle:
            transport.close()
        for transport in in_use:
            transport.abort()


def drive(flows: Iterable[tuple[Hashable, Asking[_T]]], options: RunOptions) -> Generator[_T, None, None]:
    """Yield what the flows return, in their order; each comes with the place it goes to.

    The bounds, deadlines and errors are those of ``curl_loop.drive``. Closing the generator cuts what is under way.
    """
    yield from _Run[_T](flows, options).results()


class _Run(ParallelRun[_T]):
    def __init__(self, flows: Iterable[tuple[Hashable, Asking[_T]]], options: RunOptions) -> None:
        super().__init__(flows, options)
        self._transports = _Transports(options)
        self._begun: SimpleQueue[Flow[_T] | None] = SimpleQueue()
        self._ended: SimpleQueue[Flow[_T]] = SimpleQueue()
        self._threads = self._under_way = 0
        self._closed = threading.Event()

    def _turn(self) -> None:
        """Wait until a flow has ended, or until it is time to look for stalled ones."""
        if not self._under_way:
            return
        try:
            self._end(self._ended.get(timeout=bounds.STALL_SECONDS / 2 if self._schedule.wants_room else None))
        except Empty:
            self._find_stalled()
        while not self._ended.empty():
            self._end(self._ended.get())

    def _close(self) -> None:
        """Cancel what is under way. No thread is waited for: each ends when its connection is cut."""
        self._closed.set()
        for _ in range(self._threads):
            self._begun.put(None)
        self._transports.close()

    def _begin(self, flow: Flow[_T]) -> None:
        self._under_way += 1
        if self._under_way > self._threads:
            self._threads += 1
            # Daemons: a server that stays silent must not hold up the end of the program.
            threading.Thread(target=self._work, daemon=True, name="corscheck-probe").start()
        self._begun.put(flow)

    def _end(self, flow: Flow[_T]) -> None:
        self._under_way -= 1
        self._schedule.go_on(flow)
        self._schedule.end(flow)

    def _work(self) -> None:
        """Carry one flow after the other, until the run is closed."""
        while (flow := self._begun.get()) is not None:
            try:
                transport = self._transports.take(flow.place)
            except _Closed:
                flow.asking.close()
                return
            try:
                flow.returned = self._carry(flow, transport)
            except _Closed:
                flow.asking.close()
                self._transports.discard(transport)
                return
            except BaseException as error:  # noqa: BLE001 - it is raised again, in this flow's turn
                flow.error = error
                self._transports.discard(transport)
            else:
                self._transports.give(flow.place, transport)
            self._ended.put(flow)

    def _carry(self, flow: Flow[_T], transport: HTTPTransport) -> _T:
        def send(request: WireRequest, deadline: float) -> Answer:
            self._sleep(0)
            self._sent[flow] = time.monotonic()
            try:
                answer = transport.send(request, deadline)
            finally:
                del self._sent[flow]
            self._sleep(0)
            return answer

        return carry(flow.asking, send, self._timeout, self._pace.delay, self._sleep)

    def _sleep(self, seconds: float) -> None:
        """Wait, and end the conversation if the run is closed."""
        if self._closed.wait(seconds) if seconds > 0 else self._closed.is_set():
            raise _Closed
