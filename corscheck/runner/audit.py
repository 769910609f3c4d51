"""One audit as a conversation: it sends the questions of ``auditing`` over a transport and returns the audit, masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from corscheck.auditing import websocket
from corscheck.auditing.flow import audit
from corscheck.auditing.plan import Lookup, OwnPage
from corscheck.auditing.websocket import Handshake
from corscheck.model.masking import mask_lines, mask_text, mask_url
from corscheck.protocol.origin import parse_url
from corscheck.protocol.request import HeldBack, NetworkError
from corscheck.protocol.steps import NETWORK_CODES
from corscheck.runner.conversation import Patience, Pause, once
from corscheck.runner.result import Assembler
from corscheck.runner.sending import dress
from corscheck.runner.single import Conversation

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.auditing.plan import Ask, AuditPlan, Came
    from corscheck.model.audits import Audit, AuditFinding
    from corscheck.model.result import ExchangeRecord
    from corscheck.model.values import Probe
    from corscheck.protocol.request import Answer, HTTPRequest
    from corscheck.runner.conversation import Asking
    from corscheck.runner.options import RunOptions
    from corscheck.transports.base import NetworkOptions, WireRequest

_LOOKUP_SECONDS = 2.0


def wire(plan: AuditPlan, options: RunOptions) -> Asking[Audit]:
    """Run an audit: yields the requests to send, is sent their answers, returns the audit without secrets."""
    left = _Allowance(plan.max_requests)
    kept = _Kept(Assembler(show_secrets=options.show_secrets)) if options.keep_exchanges else None
    flow = audit(plan)
    patience = Patience(options)
    try:
        ask = next(flow)
        while True:
            # Each question has a deadline of its own.
            yield Pause()
            came = yield from _answered(ask, options, left, patience, kept)
            # A server that has answered once is not waited for again.
            patience = Patience(replace(options, wait_for=0.0))
            ask = flow.send(came)
    except StopIteration as done:
        found = cast("Audit", done.value)
    shown = found if options.show_secrets else masked(found)
    return replace(shown, exchanges=tuple(kept.exchanges)) if kept is not None else shown


class _Kept:
    """The exchanges of an audit so far, masked."""

    def __init__(self, assembler: Assembler) -> None:
        self._assembler = assembler
        self.exchanges: list[ExchangeRecord] = []

    def add(self, kind: str, request: HTTPRequest, answer: Answer, probe: Probe) -> None:
        """Record an exchange."""
        url = self._assembler.url(request.url)
        made = self._assembler.exchange(kind, request.hop, request.method, url, request.headers, answer, probe)
        self.exchanges.append(made)


def _answered(
    ask: Ask, options: RunOptions, left: _Allowance, patience: Patience, kept: _Kept | None
) -> Generator[WireRequest | Pause, Answer, Came]:
    """Put one question, again after a network failure as often as ``patience`` allows."""
    network = options.network
    while True:
        came: Came
        if isinstance(ask, Lookup):
            return addresses(ask.url, network)
        if isinstance(ask, (Handshake, OwnPage)):
            left.take()
            request = ask.request()
            came = answer = yield dress(request, ask.probe, network.user_agent)
            if kept is not None:
                kind = "handshake" if isinstance(ask, Handshake) else request.kind
                kept.add(kind, request, answer, ask.probe)
            pause = patience.pause_after(NETWORK_CODES[came.kind]) if isinstance(came, NetworkError) else None
        else:
            came = outcome = yield from once(ask, options, None, left.take)
            if kept is not None:
                for exchange in (e for e in outcome.exchanges if not isinstance(e.answer, HeldBack)):
                    kept.add(exchange.request.kind, exchange.request, exchange.answer, ask)
            pause = patience.pause(came)
        if pause is None:
            return came
        yield Pause(pause)


class _Allowance:
    """How many requests may still be sent. One question can take two requests, so each request is counted."""

    def __init__(self, most: int | None) -> None:
        self._left = most

    def take(self) -> bool:
        """Whether one more request may be sent; counts it."""
        if self._left is None:
            return True
        self._left -= 1
        return self._left >= 0


def addresses(url: str, network: NetworkOptions) -> tuple[str, ...]:
    """Return the addresses of the URL's host: from ``--resolve``, or what the system resolves within two seconds."""
    from corscheck.transports import failures, lookup
    from corscheck.transports.routing import Router, split

    plain = replace(network, connect_to=(), proxy="", unix_socket=None)
    if parse_url(url).scheme in websocket.SCHEMES:
        url = websocket.http_url(url)
    try:
        route = Router(plain).route(split(url), None)
        found = lookup.look_up(route, network.ip_version, _LOOKUP_SECONDS)
    except failures.NetworkFailure:
        return ()
    return tuple(str(address[0]) for _, address in found or ())


def masked(found: Audit) -> Audit:
    """Return the audit with its secrets masked."""
    return replace(
        found,
        url=mask_url(found.url),
        findings=tuple(_masked(finding) for finding in found.findings),
        notes=tuple(mask_text(note) for note in found.notes),
        unstable=tuple(mask_text(text) for text in found.unstable),
        error=replace(found.error, message=mask_text(found.error.message)) if found.error is not None else None,
    )


def _masked(finding: AuditFinding) -> AuditFinding:
    return replace(
        finding,
        url=mask_url(finding.url),
        message=mask_text(finding.message),
        evidence=mask_lines(finding.evidence),
    )


def audit_one(plan: AuditPlan, options: RunOptions) -> Audit:
    """Audit one target. Each question has a deadline of ``options.network.timeout`` seconds."""
    with Conversation(options) as conversation:
        return conversation.drive(wire(plan, options))
