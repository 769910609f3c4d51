"""Many conversations over libcurl's multi interface, in one thread, without asyncio.

It knows when to send, not what: that is the conversations' business.
"""

from __future__ import annotations

import heapq
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from corscheck.model.values import ConfigError
from corscheck.runner import schedule as bounds
from corscheck.runner.conversation import Pause
from corscheck.runner.drive import ParallelRun
from corscheck.transports.choice import asked_again, is_unread
from corscheck.transports.curl import CurlMulti

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterable

    from corscheck.protocol.request import Answer, HTTPResponse, NetworkError
    from corscheck.runner.conversation import Asking
    from corscheck.runner.options import RunOptions
    from corscheck.runner.schedule import Flow
    from corscheck.transports.base import WireRequest

_T = TypeVar("_T")
_NEVER = float("inf")

_LOOK_SECONDS = 0.01
"""How often to look whether a request that is repeated in a thread has its answer."""


def drive(flows: Iterable[tuple[Hashable, Asking[_T]]], options: RunOptions) -> Generator[_T, None, None]:
    """Yield what the flows return, in their order. Each comes with the place it goes to.

    At most ``options.concurrency`` flows are under way at a place, ``options.total`` in all (see ``Schedule``);
    ``options.rate`` bounds the requests a second. A flow has ``options.network.timeout`` seconds from its start, and
    again after each ``Pause``. What a flow raises is raised in its turn. Closing the generator cancels what is under way.
    """
    yield from _Run[_T](flows, options).results()


class _Run(ParallelRun[_T]):
    def __init__(self, flows: Iterable[tuple[Hashable, Asking[_T]]], options: RunOptions) -> None:
        super().__init__(flows, options)
        self._network = options.network
        self._multi = CurlMulti(options.network, options.total)
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._tickets = count()
        self._check_at = 0.0

    def _flush(self) -> None:
        self._multi.flush()

    def _close(self) -> None:
        self._multi.close()
        self._schedule.close()

    def _begin(self, flow: Flow[_T]) -> None:
        flow.deadline = time.monotonic() + self._timeout
        self._resume(flow, None)

    def _resume(self, flow: Flow[_T], answer: Answer | None) -> None:
        """Give a flow its answer (None: it begins, or has paused) and do what it wants next."""
        try:
            wanted = next(flow.asking) if answer is None else flow.asking.send(answer)
            while isinstance(wanted, Pause):
                if wanted.seconds > 0:
                    self._after(wanted.seconds, lambda: self._begin(flow))
                    return
                flow.deadline = time.monotonic() + self._timeout
                wanted = next(flow.asking)
        except StopIteration as done:
            flow.returned = done.value
            self._schedule.end(flow)
        except Exception as error:  # noqa: BLE001 - it is raised again, in this flow's turn
            flow.error = error
            self._schedule.end(flow)
        else:
            request, delay = wanted, self._pace.delay()
            if delay:
                flow.deadline += delay  # our own pace is not the server's time
                self._after(delay, lambda: self._send(flow, request))
            else:
                self._send(flow, request)

    def _send(self, flow: Flow[_T], request: WireRequest) -> None:
        self._sent[flow] = time.monotonic()
        try:
            self._multi.submit(request, flow.deadline, (flow, request))
        except ConfigError as error:
            del self._sent[flow]
            flow.error = error
            self._schedule.end(flow)

    def _repeat(self, flow: Flow[_T], request: WireRequest, answer: HTTPResponse | NetworkError) -> None:
        """Repeat a request over httpx, in a thread so that the others need not wait."""
        came: list[Answer] = []

        def ask() -> None:
            try:
                came.append(asked_again(request, answer, self._network, flow.deadline))
            except Exception:  # noqa: BLE001 - what libcurl said stands
                came.append(answer)

        def look() -> None:
            if came:
                self._resume(flow, came[0])
            else:
                self._after(_LOOK_SECONDS, look)

        threading.Thread(target=ask, daemon=True).start()
        look()

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._tickets), act))

    def _turn(self) -> None:
        timers = self._timers
        until = min(timers[0][0] if timers else _NEVER, self._check_at)
        answers = self._multi.wait(None if until == _NEVER else max(until - time.monotonic(), 0.0))
        for (flow, request), answer in answers:
            del self._sent[flow]
            self._schedule.go_on(flow)
            if is_unread(request, answer):
                self._repeat(flow, request, answer)
            else:
                self._resume(flow, answer)
        if time.monotonic() >= self._check_at:
            self._find_stalled()
            wanted = self._schedule.wants_room
            self._check_at = time.monotonic() + bounds.STALL_SECONDS / 2 if wanted else _NEVER
        if timers and not answers and not self._sent:
            time.sleep(max(timers[0][0] - time.monotonic(), 0.0))  # nothing was under way to be waited for
        while timers and timers[0][0] <= time.monotonic():
            heapq.heappop(timers)[2]()
