"""Many probes at once: bounded per host and in all, results in the order of the probes, memory that does not grow.

The only place that schedules with asyncio. A probe under way owns a transport; idle transports wait for the next probe to
the same host, so that connections are used again.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, TypeVar

from corscheck.runner.conversation import Pause, conversation
from corscheck.runner.options import WINDOW, Pace, RunOptions, place_of
from corscheck.runner.result import Assembler
from corscheck.transports.http.transport import AsyncHTTPTransport

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from corscheck.model.result import Result
    from corscheck.model.values import Probe
    from corscheck.runner.conversation import Asking
    from corscheck.transports.base import AsyncTransport


_T = TypeVar("_T")


class _Idle:
    """Transports at rest, by the place they are connected to; beyond a limit the one unused longest is closed."""

    def __init__(self, options: RunOptions, limit: int) -> None:
        self._options = options
        self._limit = limit
        self._by_place: OrderedDict[str, list[AsyncTransport]] = OrderedDict()
        self._count = 0

    def take(self, place: str) -> AsyncTransport:
        waiting = self._by_place.get(place)
        if waiting:
            self._count -= 1
            transport = waiting.pop()
            if not waiting:
                del self._by_place[place]
            return transport
        return AsyncHTTPTransport(self._options.network)

    async def give(self, place: str, transport: AsyncTransport) -> None:
        self._by_place.setdefault(place, []).append(transport)
        self._by_place.move_to_end(place)
        self._count += 1
        if self._count > self._limit:
            oldest, transports = next(iter(self._by_place.items()))
            self._count -= 1
            excess = transports.pop(0)
            if not transports:
                del self._by_place[oldest]
            await excess.aclose()

    async def close(self) -> None:
        for transports in self._by_place.values():
            for transport in transports:
                await transport.aclose()
        self._by_place.clear()


class _Run:
    def __init__(self, options: RunOptions) -> None:
        self.options = options
        self.total = options.total
        self.slots = asyncio.Semaphore(self.total)
        self.hosts: dict[str, tuple[asyncio.Semaphore, int]] = {}
        self.idle = _Idle(options, self.total)
        self.pace = Pace(options.rate)

    async def carry(self, place: str, flow: Asking[_T]) -> _T:
        """One conversation, when its place and the whole have room for it."""
        semaphore, users = self.hosts.get(place) or (asyncio.Semaphore(self.options.concurrency), 0)
        self.hosts[place] = (semaphore, users + 1)
        try:
            async with semaphore, self.slots:
                transport = self.idle.take(place)
                try:
                    returned = await self._drive(flow, transport)
                except BaseException:
                    await transport.aclose()
                    raise
                await self.idle.give(place, transport)
                return returned
        finally:
            # Forget a host that nobody asks any more: a run may see a million of them.
            semaphore, users = self.hosts[place]
            if users == 1:
                del self.hosts[place]
            else:
                self.hosts[place] = (semaphore, users - 1)

    async def _drive(self, flow: Asking[_T], transport: AsyncTransport) -> _T:
        """Send what a conversation asks to send, and wait where it says so."""
        timeout = self.options.network.timeout
        deadline = time.monotonic() + timeout
        try:
            wanted = next(flow)
            while True:
                if isinstance(wanted, Pause):
                    await asyncio.sleep(wanted.seconds)
                    deadline = time.monotonic() + timeout
                    wanted = next(flow)
                    continue
                delay = self.pace.delay()
                if delay:
                    await asyncio.sleep(delay)
                    deadline += delay
                wanted = flow.send(await transport.send(wanted, deadline))
        except StopIteration as done:
            returned: _T = done.value
            return returned


def results(probes: Iterable[Probe], options: RunOptions) -> AsyncGenerator[Result, None]:
    """Results in the order of the probes. Closing the iterator early cancels what is under way."""
    assembler = Assembler(show_secrets=options.show_secrets)
    return drive(((place_of(probe), conversation(probe, options, assembler)) for probe in probes), options)


async def drive(flows: Iterable[tuple[str, Asking[_T]]], options: RunOptions) -> AsyncGenerator[_T, None]:
    """What the flows return, in their order; each comes with the place it goes to. The counterpart of ``multi.drive``."""
    run = _Run(options)
    under_way: deque[asyncio.Task[_T]] = deque()
    try:
        for place, flow in flows:
            under_way.append(asyncio.ensure_future(run.carry(place, flow)))
            while under_way[0].done() or len(under_way) >= run.total * WINDOW:
                yield await under_way.popleft()
                if not under_way:
                    break
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await run.idle.close()
