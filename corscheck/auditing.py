"""Audits that are carried out: the questions of ``audit`` over a transport, one target or many. What comes back is masked.

As ``runner`` does for probes, this ties what decides to what sends; only here is it known how an audit's questions reach
the network.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, cast

from corscheck.audit import websocket
from corscheck.audit.investigation import audit
from corscheck.audit.plan import Lookup
from corscheck.audit.websocket import Handshake
from corscheck.drive import arun, run
from corscheck.masking import mask_header, mask_text, mask_url
from corscheck.outgoing import dress, may_send
from corscheck.protocol.fetch import fetch
from corscheck.protocol.origin import URLError, parse_url
from corscheck.protocol.request import HeldBack, HTTPResponse
from corscheck.runner import fetch_request

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator

    from corscheck.audit.plan import Came, Plan
    from corscheck.model import Audit, AuditFinding, Probe
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Answer
    from corscheck.runner import RunOptions
    from corscheck.transports.base import NetworkOptions, WireRequest

Wire: TypeAlias = "Generator[WireRequest, Answer, Audit]"

_LOOKUP_SECONDS = 2.0
_HOSTS = 8
_WINDOW = 4


def wire(plan: Plan, options: RunOptions) -> Wire:
    """An audit as a conversation: yields what to send, is sent what came, returns the audit, masked."""
    network = options.network
    flow = audit(plan)
    try:
        ask = next(flow)
        while True:
            came: Came
            if isinstance(ask, Lookup):
                came = addresses(ask.url, network)
            elif isinstance(ask, Handshake):
                came = yield dress(websocket.request(ask), ask.probe, network.user_agent)
            else:
                came = yield from _probe(ask, network)
            ask = flow.send(came)
    except StopIteration as done:
        found = cast("Audit", done.value)
    return found if options.show_secrets else masked(found)


def _probe(probe: Probe, network: NetworkOptions) -> Generator[WireRequest, Answer, Outcome]:
    flow = fetch(fetch_request(probe), probe.engine, now=time.monotonic())
    try:
        request = next(flow)
        while True:
            if may_send(request, probe):
                request = flow.send((yield dress(request, probe, network.user_agent)))
            else:
                request = flow.send(HeldBack(time.monotonic()))
    except StopIteration as done:
        return cast("Outcome", done.value)


def addresses(url: str, network: NetworkOptions) -> tuple[str, ...]:
    """The addresses of the URL's own name: what ``--resolve`` says of it, else what the system finds in two seconds."""
    from corscheck.transports import failures, lookup
    from corscheck.transports.routing import Router, split

    plain = replace(network, connect_to=(), proxy="", unix_socket=None)
    if parse_url(url).scheme in websocket.SCHEMES:
        url = websocket.http_url(url)
    try:
        route = Router(plain).route(split(url), None)
        found = lookup.look_up(route, network.ip_version, _LOOKUP_SECONDS)
    except failures.Failure:
        return ()
    return tuple(str(address[0]) for _, address in found or ())


def masked(found: Audit) -> Audit:
    """Without secrets: the gate of ``masking``, for an audit."""
    return replace(
        found,
        url=mask_url(found.url),
        findings=tuple(_masked(finding) for finding in found.findings),
        notes=tuple(mask_text(note) for note in found.notes),
        unstable=tuple(mask_text(text) for text in found.unstable),
        error=replace(found.error, message=mask_text(found.error.message)) if found.error is not None else None,
    )


def _masked(finding: AuditFinding) -> AuditFinding:
    first, *lines = finding.evidence.split("\n")
    kept = [mask_text(first)]
    for line in lines:
        name, colon, value = line.partition(": ")
        kept.append(f"{name}: {mask_header(name, value)}" if colon else line)
    return replace(finding, url=mask_url(finding.url), message=mask_text(finding.message), evidence="\n".join(kept))


def plan_only(plan: Plan, options: RunOptions) -> list[WireRequest]:
    """What an audit would send to a server that lets in the allowed origins and nobody else. Sends nothing."""
    sent: list[WireRequest] = []

    def answer(request: WireRequest) -> Answer:
        sent.append(request)
        origin = next((v for n, v in request.headers if n == "Origin"), None)
        if plan.is_socket:
            return HTTPResponse(403, ())
        allowed = (("Access-Control-Allow-Origin", origin),) if origin is not None and origin in plan.allowed else ()
        return HTTPResponse(200, cast("tuple[tuple[str, str], ...]", allowed))

    run(wire(plan, options), answer)
    return sent


def audit_one(plan: Plan, options: RunOptions) -> Audit:
    """Audit one target, synchronously. Each request has the deadline of ``options.network.timeout``."""
    from corscheck.transports.http import HTTPTransport

    transport = HTTPTransport(options.network)
    pace = _Pace(options.rate)

    def answer(request: WireRequest) -> Answer:
        pace.wait()
        return transport.send(request, time.monotonic() + options.network.timeout)

    try:
        return run(wire(plan, options), answer)
    finally:
        transport.close()


class _Pace:
    """At most so many requests a second."""

    def __init__(self, rate: float | None) -> None:
        self._every = 1 / rate if rate else 0.0
        self._next = 0.0

    def wait(self) -> None:
        now = time.monotonic()
        time.sleep(max(self._next - now, 0.0))
        self._next = max(now, self._next) + self._every


def audit_all(plans: Iterable[Plan], options: RunOptions) -> Iterator[Audit]:
    """Audit many, in their order, each as soon as it is next; one at a time per host, many hosts at once."""
    import asyncio

    found = audit_many(plans, options)
    with asyncio.Runner() as runner:
        try:
            while True:
                try:
                    yield runner.run(anext(found))
                except StopAsyncIteration:
                    return
        finally:
            runner.run(found.aclose())


async def audit_many(plans: Iterable[Plan], options: RunOptions) -> AsyncGenerator[Audit, None]:
    """Audit many, in their order, each as soon as it is next: one at a time per host, many hosts at once, over asyncio."""
    import asyncio
    from collections import deque

    total = options.concurrency_total or options.concurrency * _HOSTS
    slots, hosts, pace = asyncio.Semaphore(total), _Hosts(), _AsyncPace(options.rate)

    async def one(plan: Plan) -> Audit:
        from corscheck.transports.http import AsyncHTTPTransport

        async with hosts.lock(place(plan)), slots:
            transport = AsyncHTTPTransport(options.network)

            async def answer(request: WireRequest) -> Answer:
                await pace.wait()
                return await transport.send(request, time.monotonic() + options.network.timeout)

            try:
                return await arun(wire(plan, options), answer)
            finally:
                await transport.aclose()

    under_way: deque[asyncio.Task[Audit]] = deque()
    try:
        for plan in plans:
            under_way.append(asyncio.ensure_future(one(plan)))
            while under_way[0].done() or len(under_way) >= total * _WINDOW:
                yield await under_way.popleft()
                if not under_way:
                    break
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def place(plan: Plan) -> str:
    """What politeness counts by: the place that is connected to."""
    try:
        return parse_url(plan.template.via or plan.url).origin
    except URLError:
        return ""


class _Hosts:
    """A lock for each host that is being audited; forgotten when nobody waits for it."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        import asyncio

        lock, users = self._locks.get(name) or (asyncio.Lock(), 0)
        self._locks[name] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            _, users = self._locks[name]
            if users == 1:
                del self._locks[name]
            else:
                self._locks[name] = (lock, users - 1)


class _AsyncPace:
    """At most so many requests a second over all."""

    def __init__(self, rate: float | None) -> None:
        self._every = 1 / rate if rate else 0.0
        self._next = 0.0

    async def wait(self) -> None:
        import asyncio

        if self._every:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._every
            await asyncio.sleep(start - now)
