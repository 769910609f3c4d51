"""What a probe or an audit would send (``--dry-run``). Sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corscheck.protocol.drive import run
from corscheck.protocol.headers import get
from corscheck.protocol.request import HTTPResponse
from corscheck.runner.audit import wire
from corscheck.runner.conversation import Pause, once
from corscheck.runner.options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from corscheck.auditing.plan import AuditPlan
    from corscheck.model.values import Probe
    from corscheck.transports.base import WireRequest


def plan_probe(probe: Probe, options: RunOptions | None = None) -> list[WireRequest]:
    """Return what a probe would send to a server that allows every step and does not redirect. Sends nothing."""
    return _sent(once(probe, options or RunOptions(), None), _yes)


def plan_audit(plan: AuditPlan, options: RunOptions) -> list[WireRequest]:
    """Return what an audit would send to a server that allows only the allowed origins. Sends nothing."""

    def answer(request: WireRequest) -> HTTPResponse:
        origin = get(request.headers, "Origin")
        if plan.is_socket:
            return HTTPResponse(403, ())
        return HTTPResponse(200, (("Access-Control-Allow-Origin", origin),) if origin in plan.allowed else ())

    return _sent(wire(plan, options), answer)


def _sent(flow: Generator[Any, Any, object], answer: Callable[[WireRequest], HTTPResponse]) -> list[WireRequest]:
    """Run a conversation to its end, and return its requests."""
    sent: list[WireRequest] = []

    def take(request: WireRequest | Pause) -> HTTPResponse | None:
        if isinstance(request, Pause):
            return None
        sent.append(request)
        return answer(request)

    run(flow, take)
    return sent


def _yes(request: WireRequest) -> HTTPResponse:
    """Return the response of a server that allows exactly the request."""
    origin = get(request.headers, "Origin") or "*"
    headers = [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
    for asked, allowed in (("Access-Control-Request-Method", "Methods"), ("Access-Control-Request-Headers", "Headers")):
        value = get(request.headers, asked)
        if value is not None:
            headers.append((f"Access-Control-Allow-{allowed}", value))
    return HTTPResponse(200, tuple(headers))
