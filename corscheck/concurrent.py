"""Many probes at once: bounded per host and in all, results in the order of the probes, memory that does not grow.

The only place that schedules with asyncio. A probe under way owns a transport; idle transports wait for the next probe to
the same host, so that connections are used again.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from corscheck.assemble import Assembler
from corscheck.diagnosis.findings import diagnose
from corscheck.drive import arun
from corscheck.outgoing import dress, may_send
from corscheck.protocol.fetch import fetch
from corscheck.protocol.origin import URLError, parse_url
from corscheck.protocol.request import HeldBack
from corscheck.runner import Patience, RunOptions, fetch_request
from corscheck.transports.http import AsyncHTTPTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from corscheck.model import Finding, Probe, Result
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Answer, HTTPRequest
    from corscheck.transports.base import AsyncTransport

_PER_HOST_TO_TOTAL = 8
_WINDOW = 4
"""Probes started or waiting, for each that may be under way: so a slow host does not keep the others waiting."""


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


class _Pace:
    """At most so many requests a second over all."""

    def __init__(self, rate: float | None) -> None:
        self._every = 1 / rate if rate else 0.0
        self._next = 0.0

    async def wait(self) -> None:
        if not self._every:
            return
        now = time.monotonic()
        start = max(now, self._next)
        self._next = start + self._every
        if start > now:
            await asyncio.sleep(start - now)


class _Run:
    def __init__(self, options: RunOptions) -> None:
        self.options = options
        self.total = options.concurrency_total or options.concurrency * _PER_HOST_TO_TOTAL
        self.slots = asyncio.Semaphore(self.total)
        self.hosts: dict[str, tuple[asyncio.Semaphore, int]] = {}
        self.idle = _Idle(options, self.total)
        self.pace = _Pace(options.rate)
        self.assembler = Assembler(show_secrets=options.show_secrets)

    async def ask(self, probe: Probe) -> Result:
        """One probe, when its host and the whole have room for it."""
        place = _place(probe)
        semaphore, users = self.hosts.get(place) or (asyncio.Semaphore(self.options.concurrency), 0)
        self.hosts[place] = (semaphore, users + 1)
        try:
            async with semaphore, self.slots:
                transport = self.idle.take(place)
                try:
                    outcome = await self._outcome(probe, transport)
                    findings = await self._findings(probe, outcome, transport)
                except BaseException:
                    await transport.aclose()
                    raise
                await self.idle.give(place, transport)
                return self.assembler.result(probe, outcome, findings)
        finally:
            # Forget a host that nobody asks any more: a run may see a million of them.
            semaphore, users = self.hosts[place]
            if users == 1:
                del self.hosts[place]
            else:
                self.hosts[place] = (semaphore, users - 1)

    async def _outcome(self, probe: Probe, transport: AsyncTransport) -> Outcome:
        patience = Patience(self.options)
        while True:
            outcome = await self._once(probe, transport)
            pause = patience.pause(outcome)
            if pause is None:
                return outcome
            await asyncio.sleep(pause)

    async def _once(self, probe: Probe, transport: AsyncTransport) -> Outcome:
        deadline = time.monotonic() + self.options.network.timeout
        user_agent = self.options.network.user_agent

        async def answer(request: HTTPRequest) -> Answer:
            if not may_send(request, probe):
                return HeldBack(time.monotonic())
            await self.pace.wait()
            return await transport.send(dress(request, probe, user_agent), deadline)

        return await arun(fetch(fetch_request(probe), probe.engine, now=time.monotonic()), answer)

    async def _findings(self, probe: Probe, outcome: Outcome, transport: AsyncTransport) -> tuple[Finding, ...]:
        async def control(question: Probe) -> Outcome | None:
            return await self._once(question, transport) if self.options.diagnose else None

        return await arun(diagnose(probe, outcome), control)


def _place(probe: Probe) -> str:
    """What concurrency per host counts by: the place that is connected to."""
    try:
        return parse_url(probe.via or probe.url).origin
    except URLError:
        return ""


async def results(probes: Iterable[Probe], options: RunOptions) -> AsyncIterator[Result]:
    """Results in the order of the probes. Closing the iterator early cancels what is under way."""
    run = _Run(options)
    under_way: deque[asyncio.Task[Result]] = deque()
    try:
        for probe in probes:
            under_way.append(asyncio.ensure_future(run.ask(probe)))
            while under_way[0].done() or len(under_way) >= run.total * _WINDOW:
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
