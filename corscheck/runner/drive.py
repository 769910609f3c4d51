"""The loop that carries a conversation over a transport: one that waits, and one that awaits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from corscheck.runner.conversation import Pause

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from corscheck.protocol.request import Answer
    from corscheck.runner.conversation import Asking
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
