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
from corscheck.runner.conversation import Pause, once
from corscheck.runner.sending import dress
from corscheck.runner.single import Conversation

if TYPE_CHECKING:
    from corscheck.auditing.plan import AuditPlan, Came
    from corscheck.model.audits import Audit, AuditFinding
    from corscheck.runner.conversation import Asking
    from corscheck.runner.options import RunOptions
    from corscheck.transports.base import NetworkOptions

_LOOKUP_SECONDS = 2.0


def wire(plan: AuditPlan, options: RunOptions) -> Asking[Audit]:
    """Run an audit: yields the requests to send, is sent their answers, returns the audit without secrets."""
    network = options.network
    left = _Allowance(plan.max_requests)
    flow = audit(plan)
    try:
        ask = next(flow)
        while True:
            came: Came
            # Each question has a deadline of its own.
            yield Pause()
            if isinstance(ask, Lookup):
                came = addresses(ask.url, network)
            elif isinstance(ask, (Handshake, OwnPage)):
                left.take()
                came = yield dress(ask.request(), ask.probe, network.user_agent)
            else:
                came = yield from once(ask, options, None, left.take)
            ask = flow.send(came)
    except StopIteration as done:
        found = cast("Audit", done.value)
    return found if options.show_secrets else masked(found)


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
