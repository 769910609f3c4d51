"""The loops that carry conversations over a transport: one at a time, with and without ``await``, and many at once."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from corscheck.runner import schedule as bounds
from corscheck.runner.conversation import Pause
from corscheck.runner.options import Pace
from corscheck.runner.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Hashable, Iterable

    from corscheck.protocol.request import Answer
    from corscheck.runner.conversation import Asking
    from corscheck.runner.options import RunOptions
    from corscheck.runner.schedule import Flow
    from corscheck.transports.base import WireRequest

_T = TypeVar("_T")


def carry(
    asking: Asking[_T],
    send: Callable[[WireRequest, float], Answer],
    timeout: float,
    delay: Callable[[], float],
    sleep: Callable[[float], object] = time.sleep,
) -> _T:
    """Send what a conversation asks to send, wait where it pauses, and return what it returns.

    ``send`` is given a request and its deadline in monotonic seconds. A deadline is ``timeout`` seconds after the start,
    and after each ``Pause``. ``delay`` says how long the pace makes the next request wait.
    """
    deadline = time.monotonic() + timeout
    try:
        wanted = next(asking)
        while True:
            if isinstance(wanted, Pause):
                if wanted.seconds:
                    sleep(wanted.seconds)
                deadline = time.monotonic() + timeout
                wanted = next(asking)
                continue
            seconds = delay()
            if seconds:
                sleep(seconds)
                deadline += seconds  # our own pace is not the server's time
            wanted = asking.send(send(wanted, deadline))
    except StopIteration as done:
        returned: _T = done.value
        return returned


async def acarry(
    asking: Asking[_T],
    send: Callable[[WireRequest, float], Awaitable[Answer]],
    timeout: float,
    sleep: Callable[[float], Awaitable[object]],
) -> _T:
    """Do the same in an event loop, at any pace."""
    deadline = time.monotonic() + timeout
    try:
        wanted = next(asking)
        while True:
            if isinstance(wanted, Pause):
                await sleep(wanted.seconds)
                deadline = time.monotonic() + timeout
                wanted = next(asking)
            else:
                wanted = asking.send(await send(wanted, deadline))
    except StopIteration as done:
        returned: _T = done.value
        return returned


class ParallelRun(ABC, Generic[_T]):
    """Many conversations over one kind of transport. A driver says how one begins, and how to wait for the next event."""

    def __init__(self, flows: Iterable[tuple[Hashable, Asking[_T]]], options: RunOptions) -> None:
        self._schedule = Schedule(flows, options.concurrency, options.total)
        self._timeout = options.network.timeout
        self._pace = Pace(options.rate)
        self._in_sequence = options.concurrency == 1
        self._sent: dict[Flow[_T], float] = {}  # the flows that wait for an answer, and since when

    def results(self) -> Generator[_T, None, None]:
        """Yield what the flows return, in their order, and close the run at the end."""
        schedule = self._schedule
        try:
            while True:
                # The next requests are sent before results are handed out. With one at a time they are sent after them.
                if not (self._in_sequence and schedule.is_due):
                    for flow in schedule.begin():
                        self._begin(flow)
                self._flush()
                for flow in schedule.due():
                    yield flow.result()
                if schedule.is_over:
                    return
                if not schedule.is_due:
                    self._turn()
        finally:
            self._close()

    def _find_stalled(self) -> None:
        """Make room for others beside the flows whose hosts do not answer."""
        now = time.monotonic()
        for flow, since in list(self._sent.items()):
            if now - since >= bounds.STALL_SECONDS:
                self._schedule.stall(flow)
            else:
                self._schedule.go_on(flow)

    @abstractmethod
    def _begin(self, flow: Flow[_T]) -> None:
        """Start a conversation."""

    def _flush(self) -> None:
        """Send what the started conversations have asked for."""

    @abstractmethod
    def _turn(self) -> None:
        """Wait for the next event, and act on it."""

    @abstractmethod
    def _close(self) -> None:
        """Cancel what is under way."""
