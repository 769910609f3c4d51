"""What a probe or an audit would send (``--dry-run``). Sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from corscheck.protocol.drive import run
from corscheck.protocol.fetch import fetch
from corscheck.protocol.request import Answer, HeldBack, HTTPRequest, HTTPResponse
from corscheck.runner.audit import wire
from corscheck.runner.conversation import Pause, fetch_request
from corscheck.runner.options import RunOptions
from corscheck.runner.sending import dress, may_send

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.auditing.plan import AuditPlan
    from corscheck.model.audits import Audit
    from corscheck.model.values import Probe
    from corscheck.transports.base import WireRequest


def plan_probe(probe: Probe, options: RunOptions | None = None) -> list[WireRequest]:
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


def plan_audit(plan: AuditPlan, options: RunOptions) -> list[WireRequest]:
    """What an audit would send to a server that lets in the allowed origins and nobody else. Sends nothing."""
    sent: list[WireRequest] = []

    def answer(request: WireRequest | Pause) -> Answer | None:
        if isinstance(request, Pause):
            return None
        sent.append(request)
        origin = next((v for n, v in request.headers if n == "Origin"), None)
        if plan.is_socket:
            return HTTPResponse(403, ())
        allowed = (("Access-Control-Allow-Origin", origin),) if origin is not None and origin in plan.allowed else ()
        return HTTPResponse(200, cast("tuple[tuple[str, str], ...]", allowed))

    run(cast("Generator[WireRequest | Pause, Answer | None, Audit]", wire(plan, options)), answer)
    return sent
