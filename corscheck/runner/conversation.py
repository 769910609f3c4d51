"""One probe as a conversation: a generator that yields requests, is sent their answers, and returns the result.

Every driver (``single``, ``threads``, ``curl_loop``, ``app``) drives the same generator.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from corscheck.diagnosis.findings import diagnose
from corscheck.model.suffixes import registrable_domain
from corscheck.protocol.agreement import Caches, judge_by_all
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import Flow, fetch
from corscheck.protocol.outcome import Exchange
from corscheck.protocol.replay import NotRecordedError, Recording
from corscheck.protocol.request import Answer, HeldBack, Request
from corscheck.protocol.steps import NETWORK_CODES
from corscheck.runner.result import OtherEngines
from corscheck.runner.sending import SAFE_METHODS, dress, may_send

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from corscheck.model.result import Finding, Result
    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Outcome
    from corscheck.runner.options import RunOptions
    from corscheck.runner.result import Assembler
    from corscheck.transports.base import WireRequest

Returned = TypeVar("Returned")


RETRY_SECONDS = 0.2
"""The pause before the first retry; it doubles with each retry."""

WAIT_SECONDS = 0.25
"""The pause between two attempts while ``wait_for`` waits for a server."""

_STARTING = frozenset({NETWORK_CODES["connect"], NETWORK_CODES["dns"], NETWORK_CODES["protocol"]})
"""Failures of a server that is starting: nothing listens yet, or it hangs up."""


def fetch_request(probe: Probe) -> Request:
    """Return the page's request that a probe describes."""
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
        use_cors_preflight=probe.upload_listener,
        coep=probe.coep,
        secure_context=probe.secure_context,
    )


class Patience:
    """Decides when to retry a probe: after a network failure (``retry``), and while a server starts (``wait_for``)."""

    def __init__(self, options: RunOptions) -> None:
        self._retries = options.retry
        self._pause = RETRY_SECONDS
        self._until = time.monotonic() + options.wait_for

    def pause(self, outcome: Outcome) -> float | None:
        """Return the seconds to wait before a retry, or None if there is none."""
        failure = outcome.failure
        if failure is None or outcome.verdict != "inconclusive":
            return None
        return self.pause_after(failure.code)

    def pause_after(self, code: str) -> float | None:
        """Return the seconds to wait before a retry after a failure with this code, or None if there is none."""
        if code not in NETWORK_CODES.values():
            return None
        if code in _STARTING and time.monotonic() < self._until:
            return WAIT_SECONDS
        if self._retries == 0:
            return None
        self._retries -= 1
        self._pause *= 2
        return self._pause / 2


class Pause(Struct, frozen=True):
    """Yielded in place of a request: wait so many seconds. The requests after it get a new deadline."""

    seconds: float = 0.0


Asking: TypeAlias = "Generator[WireRequest | Pause, Answer, Returned]"
"""A conversation: it yields requests and is sent their answers. After a ``Pause`` it is resumed without a response."""


def conversation(
    probe: Probe,
    options: RunOptions,
    assembler: Assembler,
    caches: Caches | None = None,
    *,
    alone: bool = False,
) -> Asking[Result]:
    """Ask one probe: its fetch, repeated as often as the options say, and then the diagnosis' control requests.

    ``caches`` are the page's preflight caches, one for each engine, if it has any; controls are asked outside of them.
    ``alone`` says that this is not one of many probes, so that an allowed one is worth a control, too.
    """
    patience = Patience(options)
    began = time.monotonic()
    cache = caches[probe.engine] if caches is not None else None
    outcome = yield from once(probe, options, cache)
    while (pause := patience.pause(outcome)) is not None:
        yield Pause(pause)
        outcome = yield from once(probe, options, cache)
    others = yield from _other_engines(probe, options, outcome, caches, began)
    diagnosis = diagnose(probe, outcome, alone=alone)
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
    return assembler.result(probe, outcome, findings, others)


def _other_engines(
    probe: Probe, options: RunOptions, outcome: Outcome, caches: Caches | None, began: float
) -> Generator[WireRequest | Pause, Answer, OtherEngines]:
    """Judge the answers by the rules of every engine. An engine of the gate asks what was not asked yet."""
    outcomes = judge_by_all(outcome, registrable_domain, caches, began)
    found = OtherEngines(outcomes, {})
    known = [exchange for exchange in outcome.exchanges if not isinstance(exchange.answer, HeldBack)]
    if outcome.verdict == "inconclusive":  # a server that gives no answer is not asked for others
        return found
    for name in probe.gate:
        if outcomes[name] is None:
            yield Pause()
            cache = caches[name] if caches is not None else None
            more: list[Exchange] = []
            outcomes[name] = yield from _complete(replace(probe, engine=name), options, known, more, cache)
            known += more
            if more:
                found.exchanges[name] = tuple(more)
    return found


def _complete(
    probe: Probe, options: RunOptions, known: Sequence[Exchange], more: list[Exchange], cache: PreflightCache | None
) -> Generator[WireRequest, Answer, Outcome]:
    """Run one fetch with the answers that are known already; ask only for the others, and add these to ``more``."""
    recording = Recording(known)
    sent = {exchange.request.method for exchange in known if exchange.request.kind == "actual"}
    flow = _flow(probe, cache)
    try:
        request = next(flow)
        while True:
            try:
                answer = recording.answer(request)
            except NotRecordedError:
                # What may change data on the server is not done a second time for the sake of another engine.
                repeats = request.method in sent and request.method not in SAFE_METHODS
                if may_send(request, probe) and not repeats:
                    answer = yield dress(request, probe, options.network.user_agent)
                    more.append(Exchange(request, answer))
                    if request.kind == "actual":
                        sent.add(request.method)
                else:
                    answer = HeldBack(time.monotonic())
            request = flow.send(answer)
    except StopIteration as done:
        outcome: Outcome = done.value
    return outcome


def once(
    probe: Probe, options: RunOptions, cache: PreflightCache | None, allows: Callable[[], bool] | None = None
) -> Generator[WireRequest, Answer, Outcome]:
    """Run one fetch: yields each complete request that may be sent, is sent its answer, returns the outcome.

    ``allows`` counts a request that is about to be sent, and says whether it may be.
    """
    flow = _flow(probe, cache)
    try:
        request = next(flow)
        while True:
            if may_send(request, probe) and (allows is None or allows()):
                answer: Answer = yield dress(request, probe, options.network.user_agent)
            else:
                answer = HeldBack(time.monotonic())
            request = flow.send(answer)
    except StopIteration as done:
        outcome: Outcome = done.value
    return outcome


def _flow(probe: Probe, cache: PreflightCache | None) -> Flow:
    return fetch(
        fetch_request(probe),
        probe.engine,
        now=time.monotonic(),
        cache=cache,
        registrable_domain=registrable_domain,
    )


def new_caches() -> dict[str, PreflightCache]:
    """Return the empty preflight caches of a page: one for each engine."""
    return {name: PreflightCache(engine.rules) for name, engine in ENGINES.items()}
