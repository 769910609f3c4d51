"""Probes in, results out: one after the other without asyncio, or many at once with bounded concurrency.

A probe is one ``conversation``: a generator that yields requests and is sent their answers, driven here one at a time,
in ``concurrent`` with asyncio, in ``multi`` without. What may be sent is asked of ``outgoing``; what came is made a
``Result`` by ``assemble``.
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import field, replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from corscheck.assemble import Assembler
from corscheck.diagnosis.findings import diagnose
from corscheck.kindred import whole
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.protocol.origin import URLError, parse_url
from corscheck.protocol.request import Answer, HeldBack, HTTPRequest, HTTPResponse, Request
from corscheck.protocol.steps import NETWORK_CODES
from corscheck.records import dataclass
from corscheck.sending import dress, may_send
from corscheck.transports.base import NetworkOptions, request_to
from corscheck.transports.choice import chosen, live

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterable, Sequence

    from corscheck.kin import Kin
    from corscheck.model.result import Finding, Result
    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Outcome
    from corscheck.transports.base import Transport, WireRequest

Returned = TypeVar("Returned")

RETRY_SECONDS = 0.2
"""The pause before the first repetition; it doubles with each."""

WAIT_SECONDS = 0.25
"""How often ``wait_for`` asks whether the server is up."""

WINDOW = 4
"""Probes started or waiting, for each that may be under way: so a slow host does not keep the others waiting."""

_AUTHORITY = re.compile(r"https?://[A-Za-z0-9.:-]+(?=/)")
APART_FROM = 500
"""The number of probes from which on a process of its own for libcurl is worth its start."""

_PER_HOST_TO_TOTAL = 8
_STARTING = frozenset({NETWORK_CODES["connect"], NETWORK_CODES["dns"], NETWORK_CODES["protocol"]})
"""What a server that is just being started may answer: nothing there yet, or a hang-up."""


_OTHER_FILES = 32
"""Files that a process has open beside its connections: reports, libraries, certificates."""

_FILES_EACH = 2
"""A probe under way has a connection, and there may be an idle one for each."""


def _affordable() -> int:
    """How many probes may be under way before the system refuses to open another socket (``ulimit -n``)."""
    try:
        import resource
    except ImportError:  # Windows, where nothing of the kind is limited
        return sys.maxsize
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if most == resource.RLIM_INFINITY else max((most - _OTHER_FILES) // _FILES_EACH, 1)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run goes about its probes.

    ``concurrency`` is the number of probes under way per host, ``concurrency_total`` in all (eight times as many unless
    it is given); ``rate`` the most requests a second over all; ``retry`` how often a probe without an answer is asked
    again; ``wait_for`` the seconds to keep asking a server that is not there yet; ``show_secrets`` switches masking off.
    ``diagnose`` allows a control request after a blocked probe, to tell causes apart; whoever counts what is sent leaves
    it off. ``apart`` lets libcurl work in a process of its own where that helps: for thousands of probes, and for a program
    without threads.
    """

    network: NetworkOptions = field(default_factory=NetworkOptions)
    concurrency: int = 8
    concurrency_total: int | None = None
    rate: float | None = None
    retry: int = 0
    wait_for: float = 0.0
    show_secrets: bool = False
    diagnose: bool = False
    apart: bool = False

    @property
    def total(self) -> int:
        """The number of probes under way in all: as asked for, as far as the process may open files for it."""
        return min(self.concurrency_total or self.concurrency * _PER_HOST_TO_TOTAL, _affordable())


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


@dataclass(frozen=True, slots=True)
class Pause:
    """Yielded in place of a request: wait so many seconds. What is sent after it has a deadline of its own."""

    seconds: float = 0.0


Asking: TypeAlias = "Generator[WireRequest | Pause, Answer, Returned]"
"""What every driver drives: it yields requests and is sent their answers; after a ``Pause`` it is only resumed."""


def conversation(
    probe: Probe,
    options: RunOptions,
    assembler: Assembler,
    cache: PreflightCache | None = None,
    kin: Kin | None = None,
) -> Asking[Result]:
    """All there is to ask about one probe: its fetch, again as often as the options say, and the diagnosis' questions.

    ``cache`` is the page's preflight cache, if it has one; control probes are asked outside of it. ``kin`` knows what was
    found for probes that differ in their path alone; without a cache only.
    """
    patience = Patience(options)
    came: list[Answer] = []
    sent: list[WireRequest] = []
    begin = step = kin.of(probe) if kin is not None and cache is None else None
    ahead = options.rate is None  # what goes out unasked keeps to no rate
    outcome: Outcome | None = None
    while outcome is None:
        # As its kin went, as far as that is known.
        while step is not None and step.request is not None:
            answer = yield request_to(step.request, probe.url, step.course if ahead else None)
            came.append(answer)
            step = step.after(answer)
        if kin is not None and step is not None and step.result is not None:
            return kin.result(step.result, probe, came)
        # By itself, until its kin is known again: others are under way beside it.
        probe, came, sent = whole(probe), list(map(whole, came)), []
        flow = once(probe, options, cache, came, sent)
        try:
            wanted = next(flow)
            while True:
                if begin is not None:
                    begin.teach(came, wanted)
                came.append((yield wanted))
                step = begin.follow(came) if begin is not None else None
                if step is not None:
                    break
                wanted = flow.send(came[-1])
        except StopIteration as done:
            outcome = done.value
    while (pause := patience.pause(outcome)) is not None:
        yield Pause(pause)
        outcome = yield from once(probe, options, cache)
    diagnosis = diagnose(probe, outcome)
    seen: Outcome | None = None
    try:
        question = next(diagnosis)
        while True:
            if options.diagnose:
                yield Pause()
                seen = yield from once(question, options, None)
            question = diagnosis.send(seen)
    except StopIteration as done:
        findings: tuple[Finding, ...] = done.value
    result = assembler.result(probe, outcome, findings)
    if kin is not None and begin is not None:
        kin.learn(begin, sent, outcome, result)
    return result


def once(
    probe: Probe,
    options: RunOptions,
    cache: PreflightCache | None,
    came: Sequence[Answer] = (),
    sent: list[WireRequest] | None = None,
) -> Generator[WireRequest, Answer, Outcome]:
    """One fetch: yields the complete requests that may be sent, and notes them in ``sent``.

    ``came`` are the answers to the first of them, which are not sent again.
    """
    known = iter(tuple(came))
    flow = fetch(fetch_request(probe), probe.engine, now=time.monotonic(), cache=cache)
    try:
        request = next(flow)
        while True:
            if may_send(request, probe):
                wire = dress(request, probe, options.network.user_agent)
                if sent is not None:
                    sent.append(wire)
                given = next(known, None)
                answer = given if given is not None else (yield wire)
            else:
                answer = HeldBack(time.monotonic())
            request = flow.send(answer)
    except StopIteration as done:
        outcome: Outcome = done.value
    return outcome


def place_of(probe: Probe) -> str:
    """What concurrency per host counts by: the place that is connected to."""
    text = probe.via or probe.url
    try:
        # The path is no part of it, and most of what is parsed has been parsed before.
        return parse_url(text[: _path_at(text)]).origin
    except URLError:
        return ""


def _path_at(text: str) -> int | None:
    """Where the path of a plain URL begins; None where only the parser can tell."""
    match = _AUTHORITY.match(text)
    return None if match is None else match.end()


class Pace:
    """At most so many requests a second over all (None: as many as there are)."""

    def __init__(self, rate: float | None) -> None:
        self._every = 1 / rate if rate else 0.0
        self._next = 0.0

    def delay(self) -> float:
        """Take the next place in the line: the seconds until it is there."""
        if not self._every:
            return 0.0
        now = time.monotonic()
        start = max(now, self._next)
        self._next = start + self._every
        return start - now


class Conversation:
    """Asks probes one at a time over one transport, which keeps its connections between them. Knows no asyncio."""

    def __init__(self, options: RunOptions, transport: Transport | None = None) -> None:
        self.options = options
        self._transport = transport
        self._assembler = Assembler(show_secrets=options.show_secrets)
        self._pace = Pace(options.rate)

    def ask(self, probe: Probe, cache: PreflightCache | None = None) -> Result:
        """The result of one probe; ``cache`` is the page's preflight cache, if it has one."""
        return self.drive(conversation(probe, self.options, self._assembler, cache))

    def drive(self, flow: Asking[Returned]) -> Returned:
        """Send what a conversation asks to send, and wait where it says so."""
        transport, timeout = self._live(), self.options.network.timeout
        # What it takes to import the transport is not the server's time.
        deadline = time.monotonic() + timeout
        try:
            wanted = next(flow)
            while True:
                if isinstance(wanted, Pause):
                    time.sleep(wanted.seconds)
                    deadline = time.monotonic() + timeout
                    wanted = next(flow)
                    continue
                delay = self._pace.delay()
                if delay:
                    time.sleep(delay)
                    deadline += delay  # our own pace is not the server's time either
                wanted = flow.send(transport.send(wanted, deadline))
        except StopIteration as done:
            returned: Returned = done.value
            return returned

    def _live(self) -> Transport:
        if self._transport is None:
            self._transport = live(self.options.network)
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


def for_many(options: RunOptions, total: int) -> RunOptions:
    """The options for so many probes, in a program without threads: from ``APART_FROM`` on a process for the network."""
    return replace(options, apart=True) if total >= APART_FROM else options


def ask_all(probes: Iterable[Probe], options: RunOptions, take: Callable[[Result], object]) -> None:
    """Ask many, bounded as ``run_many``; ``take`` is called with each result, in order, and ends the run with True."""
    if chosen(options.network) == "curl":
        from corscheck import multi

        multi.ask_all(probes, options, take)
        return

    import asyncio

    async def consume() -> None:
        found = run_many(probes, options)
        try:
            async for result in found:
                if take(result) is True:
                    return
        finally:
            close = getattr(found, "aclose", None)
            if close is not None:
                await close()

    asyncio.run(consume())


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
