"""Probes in, results out: one after the other without asyncio, or many at once with bounded concurrency.

A probe is one conversation: a fetch generator, a transport, one deadline. What may be sent is asked of ``outgoing``; what
came is made a ``Result`` by ``assemble``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from corscheck.assemble import Assembler
from corscheck.diagnosis.findings import diagnose
from corscheck.drive import run
from corscheck.outgoing import dress, may_send
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.protocol.request import Answer, HeldBack, HTTPRequest, HTTPResponse, Request
from corscheck.protocol.steps import NETWORK_CODES
from corscheck.transports.base import NetworkOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from corscheck.model import Probe, Result
    from corscheck.protocol.outcome import Outcome
    from corscheck.transports.base import Transport, WireRequest

RETRY_SECONDS = 0.2
"""The pause before the first repetition; it doubles with each."""

WAIT_SECONDS = 0.25
"""How often ``wait_for`` asks whether the server is up."""

_STARTING = frozenset({NETWORK_CODES["connect"], NETWORK_CODES["dns"], NETWORK_CODES["protocol"]})
"""What a server that is just being started may answer: nothing there yet, or a hang-up."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run goes about its probes.

    ``concurrency`` is the number of probes under way per host, ``concurrency_total`` in all (eight times as many unless
    it is given); ``rate`` the most requests a second over all; ``retry`` how often a probe without an answer is asked
    again; ``wait_for`` the seconds to keep asking a server that is not there yet; ``show_secrets`` switches masking off.
    ``diagnose`` allows a control request after a blocked probe, to tell causes apart; whoever counts what is sent leaves
    it off.
    """

    network: NetworkOptions = field(default_factory=NetworkOptions)
    concurrency: int = 8
    concurrency_total: int | None = None
    rate: float | None = None
    retry: int = 0
    wait_for: float = 0.0
    show_secrets: bool = False
    diagnose: bool = False


def fetch_request(probe: Probe) -> Request:
    """The page's request that a probe stands for."""
    return Request(
        url=probe.url,
        origin=probe.origin,
        method=probe.method,
        headers=probe.headers,
        credentials=probe.credentials,
        redirect=probe.redirect,
        mode=probe.mode,
        body=probe.body,
        cache=probe.cache,
    )


class Patience:
    """When to ask a probe again: after a failure that may pass (``retry``), while a server starts (``wait_for``)."""

    def __init__(self, options: RunOptions) -> None:
        self._retries = options.retry
        self._pause = RETRY_SECONDS
        self._until = time.monotonic() + options.wait_for

    def pause(self, outcome: Outcome) -> float | None:
        """Seconds to wait before asking again; None: this is the answer."""
        failure = outcome.failure
        if failure is None or outcome.verdict != "inconclusive" or failure.code not in NETWORK_CODES.values():
            return None
        if failure.code in _STARTING and time.monotonic() < self._until:
            return WAIT_SECONDS
        if self._retries == 0:
            return None
        self._retries -= 1
        self._pause *= 2
        return self._pause / 2


class Conversation:
    """Asks probes one at a time over one transport, which keeps its connections between them. Knows no asyncio."""

    def __init__(self, options: RunOptions, transport: Transport | None = None) -> None:
        self.options = options
        self._transport = transport
        self._assembler = Assembler(show_secrets=options.show_secrets)
        self._next_send = 0.0

    def ask(self, probe: Probe, cache: PreflightCache | None = None) -> Result:
        """The result of one probe; ``cache`` is the page's preflight cache, if it has one."""
        outcome = self.outcome(probe, cache)
        return self._assembler.result(probe, outcome, run(diagnose(probe, outcome), self._control))

    def _control(self, probe: Probe) -> Outcome | None:
        """A control probe of the diagnosis: asked once and outside the page's cache, or not at all."""
        return self._once(probe, None) if self.options.diagnose else None

    def outcome(self, probe: Probe, cache: PreflightCache | None = None) -> Outcome:
        """The outcome, asked again as often as the options say."""
        patience = Patience(self.options)
        while True:
            outcome = self._once(probe, cache)
            pause = patience.pause(outcome)
            if pause is None:
                return outcome
            time.sleep(pause)

    def _once(self, probe: Probe, cache: PreflightCache | None) -> Outcome:
        transport = self._live()
        # What it takes to import the transport is not the server's time.
        deadline = time.monotonic() + self.options.network.timeout
        flow = fetch(fetch_request(probe), probe.engine, now=time.monotonic(), cache=cache)
        return run(flow, lambda request: self._answer(request, probe, transport, deadline))

    def _answer(self, request: HTTPRequest, probe: Probe, transport: Transport, deadline: float) -> Answer:
        if not may_send(request, probe):
            return HeldBack(time.monotonic())
        if self.options.rate:
            now = time.monotonic()
            time.sleep(max(self._next_send - now, 0.0))
            self._next_send = max(now, self._next_send) + 1 / self.options.rate
        return transport.send(dress(request, probe, self.options.network.user_agent), deadline)

    def _live(self) -> Transport:
        if self._transport is None:
            from corscheck.transports.http import HTTPTransport

            self._transport = HTTPTransport(self.options.network)
        return self._transport

    def close(self) -> None:
        """Close the transport."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None


def run_one(probe: Probe, options: RunOptions | None = None) -> Result:
    """Ask one probe synchronously. Raises ``ConfigError`` for a question that cannot be put."""
    conversation = Conversation(options or RunOptions())
    try:
        return conversation.ask(probe)
    finally:
        conversation.close()


def run_many(probes: Iterable[Probe], options: RunOptions | None = None) -> AsyncIterator[Result]:
    """Ask many; yields results in the order of the probes, as soon as each is next. Memory stays bounded."""
    from corscheck.concurrent import results

    return results(probes, options or RunOptions())


def plan(probe: Probe, options: RunOptions | None = None) -> list[WireRequest]:
    """What a probe would send to a server that allows every step and redirects nowhere. Sends nothing."""
    options = options or RunOptions()
    sent: list[WireRequest] = []

    def answer(request: HTTPRequest) -> Answer:
        if not may_send(request, probe):
            return HeldBack()
        sent.append(dress(request, probe, options.network.user_agent))
        return _yes(request)

    run(fetch(fetch_request(probe), probe.engine), answer)
    return sent


def _yes(request: HTTPRequest) -> HTTPResponse:
    """The answer of a server that allows exactly what was asked."""
    origin = request.get("Origin") or "*"
    headers = [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
    for asked, allowed in (("Access-Control-Request-Method", "Methods"), ("Access-Control-Request-Headers", "Headers")):
        value = request.get(asked)
        if value is not None:
            headers.append((f"Access-Control-Allow-{allowed}", value))
    return HTTPResponse(200, tuple(headers))


def new_cache(probe_engine: str) -> PreflightCache:
    """An empty preflight cache under an engine's rules."""
    return PreflightCache(ENGINES[probe_engine].rules)
