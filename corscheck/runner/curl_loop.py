"""Many conversations at once without asyncio: generators over libcurl's multi interface, in one thread.

Bounded per place and in all; results in the order of the flows, as soon as the next one is there; memory that does not
grow. It knows when to send, not what: that is the flows' business.
"""

from __future__ import annotations

import contextlib
import heapq
import signal
import threading
import time
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from corscheck.model.values import ConfigError
from corscheck.runner.conversation import Pause, conversation
from corscheck.runner.options import WINDOW, Pace, RunOptions, place_of
from corscheck.runner.result import Assembler
from corscheck.transports.choice import asked_again
from corscheck.transports.curl import CurlMulti

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterable, Iterator

    from corscheck.model.result import Result
    from corscheck.model.values import Probe
    from corscheck.protocol.request import Answer
    from corscheck.runner.conversation import Asking
    from corscheck.transports.base import WireRequest

_T = TypeVar("_T")


def results(probes: Iterable[Probe], options: RunOptions) -> Generator[Result, None, None]:
    """Results in the order of the probes. Closing the iterator early cancels what is under way."""
    assembler = Assembler(show_secrets=options.show_secrets)
    return drive(((place_of(probe), conversation(probe, options, assembler)) for probe in probes), options)


def ask_all(probes: Iterable[Probe], options: RunOptions, take: Callable[[Result], object]) -> None:
    """Call ``take`` with each result, in order; True ends the run. Ctrl-C waits until it has taken, as with asyncio."""
    hand(results(probes, options), take)


def hand(found: Generator[_T, None, None], take: Callable[[_T], object]) -> None:
    """Call ``take`` with each of what is found, as ``ask_all`` does with results."""
    with contextlib.closing(found), _Interrupt() as interrupt:
        for one in found:
            with interrupt:
                done = take(one) is True
            if done:
                return


class _Interrupt:
    """Entered once, it holds SIGINT's handler; entered again in there, it keeps Ctrl-C until that is left."""

    def __init__(self) -> None:
        self._depth = 0
        self._pending = False
        self._before: Any = None

    def __enter__(self) -> _Interrupt:
        self._depth += 1
        main = threading.current_thread() is threading.main_thread()
        if self._depth == 1 and main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0 and self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _interrupted(self, _number: int, _frame: object) -> None:
        if self._depth < 2:
            raise KeyboardInterrupt
        self._pending = True


def drive(flows: Iterable[tuple[Hashable, Asking[_T]]], options: RunOptions) -> Generator[_T, None, None]:
    """What the flows return, in their order. Each comes with the place it goes to.

    At most ``options.concurrency`` flows are under way per place, ``options.total`` in all; ``options.rate`` bounds the
    requests a second. A flow has ``options.network.timeout`` seconds from its start, and anew after each ``Pause``. What
    a flow raises is raised in its turn. Closing the iterator cancels what is under way.
    """
    run = _Run[_T](options)
    try:
        yield from run.results(iter(flows))
    finally:
        run.close()


class _Flow(Generic[_T]):
    """A flow and how far it has come."""

    __slots__ = ("asking", "deadline", "done", "error", "place", "request", "returned")

    request: WireRequest
    returned: _T

    def __init__(self, place: Hashable, asking: Asking[_T]) -> None:
        self.place = place
        self.asking = asking
        self.deadline = 0.0
        self.done = False
        self.error: BaseException | None = None


class _Run(Generic[_T]):
    def __init__(self, options: RunOptions) -> None:
        self._per_place = options.concurrency
        self._total = options.total
        self._network = options.network
        self._timeout = options.network.timeout
        self._pace = Pace(options.rate)
        self._multi = CurlMulti(options.network, self._total)
        self._window: deque[_Flow[_T]] = deque()  # in their order: what was taken in and not yet given out
        self._started = 0
        self._busy: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, deque[_Flow[_T]]] = {}  # for room at their place
        self._ready: deque[_Flow[_T]] = deque()  # have got room, and are to begin
        self._timers: list[tuple[float, int, _Flow[_T], WireRequest | None]] = []
        self._tickets = count()

    def results(self, flows: Iterator[tuple[Hashable, Asking[_T]]]) -> Iterator[_T]:
        window = self._window
        exhausted = False
        while True:
            while not exhausted and self._started < self._total and len(window) < self._total * WINDOW:
                taken = next(flows, None)
                if taken is None:
                    exhausted = True
                else:
                    self._take(_Flow(*taken))
            # What has come is given out while the next answers are on their way. One at a time means: after it.
            if self._per_place > 1:
                self._begin_ready()
            self._multi.flush()
            while window and window[0].done:
                flow = window.popleft()
                if flow.error is not None:
                    raise flow.error
                yield flow.returned
            if window:
                self._turn()
            elif exhausted:
                return

    def close(self) -> None:
        """Cancel what is under way."""
        self._multi.close()
        for flow in self._window:
            flow.asking.close()

    def _take(self, flow: _Flow[_T]) -> None:
        self._window.append(flow)
        if self._busy.get(flow.place, 0) >= self._per_place:
            self._waiting.setdefault(flow.place, deque()).append(flow)
            return
        self._started += 1
        self._busy[flow.place] = self._busy.get(flow.place, 0) + 1
        self._begin(flow)

    def _begin_ready(self) -> None:
        while self._ready:
            self._begin(self._ready.popleft())

    def _begin(self, flow: _Flow[_T]) -> None:
        flow.deadline = time.monotonic() + self._timeout
        self._resume(flow, None)

    def _resume(self, flow: _Flow[_T], answer: Answer | None) -> None:
        """Give a flow its answer (None: it begins, or has paused) and see to what it wants next."""
        try:
            wanted = next(flow.asking) if answer is None else flow.asking.send(answer)
            while isinstance(wanted, Pause):
                if wanted.seconds > 0:
                    self._at(wanted.seconds, flow, None)
                    return
                flow.deadline = time.monotonic() + self._timeout
                wanted = next(flow.asking)
        except StopIteration as done:
            flow.returned = done.value
            self._end(flow)
        except Exception as error:  # noqa: BLE001 - it is raised again, in this flow's turn
            flow.error = error
            self._end(flow)
        else:
            delay = self._pace.delay()
            if delay:
                flow.deadline += delay  # our own pace is not the server's time
                self._at(delay, flow, wanted)
            else:
                self._send(flow, wanted)

    def _send(self, flow: _Flow[_T], request: WireRequest) -> None:
        flow.request = request
        try:
            self._multi.submit(request, flow.deadline, flow)
        except ConfigError as error:
            flow.error = error
            self._end(flow)

    def _end(self, flow: _Flow[_T]) -> None:
        """Give the flow's room at its place to the next that waits for it; it begins in the next turn."""
        flow.done = True
        place = flow.place
        waiting = self._waiting.get(place)
        if waiting:
            self._ready.append(waiting.popleft())
            if not waiting:
                del self._waiting[place]
            return
        self._started -= 1
        self._busy[place] -= 1
        if not self._busy[place]:
            del self._busy[place]

    def _at(self, seconds: float, flow: _Flow[_T], request: WireRequest | None) -> None:
        """Go on with the flow then: send its request, or resume it after a pause (None)."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._tickets), flow, request))

    def _turn(self) -> None:
        """Wait for the next thing to happen, and see to it."""
        self._begin_ready()
        if self._window[0].done:
            return
        timers = self._timers
        pause = max(timers[0][0] - time.monotonic(), 0.0) if timers else None
        answers = self._multi.wait(pause)
        for flow, answer in answers:
            # Everybody waits while it is asked again; it happens to none but the oddest answers.
            self._resume(flow, asked_again(flow.request, answer, self._network, flow.deadline))
        if timers and not answers:
            time.sleep(max(timers[0][0] - time.monotonic(), 0.0))  # nothing was under way to be waited for
        while timers and timers[0][0] <= time.monotonic():
            _, _, flow, request = heapq.heappop(timers)
            if request is None:
                self._begin(flow)
            else:
                self._send(flow, request)
