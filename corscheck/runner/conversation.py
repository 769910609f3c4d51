"""One probe as a conversation: a generator that yields requests, is sent their answers, and returns the result.

Every driver (``single``, ``threads``, ``curl_loop``, ``app``) drives the same generator.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from corscheck.diagnosis.findings import diagnose
from corscheck.kindred import whole
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.protocol.request import Answer, HeldBack, Request
from corscheck.protocol.steps import NETWORK_CODES
from corscheck.records import dataclass
from corscheck.runner.sending import dress, may_send
from corscheck.transports.base import request_to

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from corscheck.model.result import Finding, Result
    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Outcome
    from corscheck.runner.memo import Kin
    from corscheck.runner.options import RunOptions
    from corscheck.runner.result import Assembler
    from corscheck.transports.base import WireRequest

Returned = TypeVar("Returned")


RETRY_SECONDS = 0.2
"""The pause before the first repetition; it doubles with each."""


WAIT_SECONDS = 0.25
"""How often ``wait_for`` asks whether the server is up."""


_STARTING = frozenset({NETWORK_CODES["connect"], NETWORK_CODES["dns"], NETWORK_CODES["protocol"]})
"""What a server that is just being started may answer: nothing there yet, or a hang-up."""


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


def new_cache(probe_engine: str) -> PreflightCache:
    """An empty preflight cache under an engine's rules."""
    return PreflightCache(ENGINES[probe_engine].rules)
