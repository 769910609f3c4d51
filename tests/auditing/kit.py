"""An audit of a server that is a function: it is called with what was sent, and returns what is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from corscheck.auditing.labels import Labels
from corscheck.auditing.origins import Suffixes
from corscheck.auditing.plan import AuditPlan
from corscheck.model.audits import Audit
from corscheck.model.suffixes import known_suffix, registrable_domain
from corscheck.model.values import Probe
from corscheck.protocol.drive import run
from corscheck.protocol.request import Answer, HTTPResponse, NetworkError
from corscheck.runner.audit import wire
from corscheck.runner.conversation import Pause
from corscheck.runner.options import RunOptions
from corscheck.transports.base import NetworkOptions, WireRequest

API = "https://api.example.com/me"
APP = "https://app.example.com"
SUFFIXES = Suffixes(registrable_domain, known_suffix)
TRUE = ("Access-Control-Allow-Credentials", "true")
Reply = HTTPResponse | NetworkError
Server = Callable[["Asked"], Reply]


@dataclass(frozen=True)
class Asked:
    """A request as a server sees it. ``number`` counts from 1."""

    number: int
    method: str
    url: str
    headers: dict[str, str]

    @property
    def origin(self) -> str | None:
        return self.headers.get("origin")

    @property
    def preflight(self) -> bool:
        return self.method == "OPTIONS" and "access-control-request-method" in self.headers

    @property
    def cookie(self) -> str | None:
        return self.headers.get("cookie")


def reply(status: int = 200, *headers: tuple[str, str]) -> HTTPResponse:
    return HTTPResponse(status, headers)


def named(asked: Asked, *more: tuple[str, str], status: int = 200, credentials: bool = True) -> HTTPResponse:
    """A response that allows the origin of the request."""
    origin = (("Access-Control-Allow-Origin", asked.origin),) if asked.origin is not None else ()
    methods = (("Access-Control-Allow-Methods", "GET, PUT, POST, DELETE"),) if asked.preflight else ()
    return HTTPResponse(status, (*origin, *((TRUE,) if credentials else ()), *methods, *more))


def those(allows: Callable[[str], bool], *more: tuple[str, str], credentials: bool = True) -> Server:
    """A server that decides by the origin alone, and varies by it."""
    vary = ("Vary", "Origin")

    def server(asked: Asked) -> Reply:
        if asked.origin is not None and allows(asked.origin):
            return named(asked, vary, *more, credentials=credentials)
        return reply(200, vary, *more)

    return server


def make_plan(url: str = API, allowed: tuple[str, ...] = (APP,), **more: object) -> AuditPlan:
    """The plan as the command makes it; arguments that are not fields of a plan change its template."""
    fields = {k: more.pop(k) for k in list(more) if k in AuditPlan.__struct_fields__}
    fields.setdefault("labels", Labels("tests"))
    template = Probe(**{"url": url, "origin": "null", **more})  # type: ignore[arg-type]
    return AuditPlan(**{"template": template, "suffixes": SUFFIXES, "allowed": allowed, **fields})  # type: ignore[arg-type]


def audit_of(server: Server, plan: AuditPlan | None = None, **network: object) -> tuple[Audit, list[Asked]]:
    """The audit, masked as it is told, and what was sent for it."""
    asked: list[Asked] = []

    def answer(request: WireRequest | Pause) -> Answer | None:
        if isinstance(request, Pause):
            return None
        headers = {name.lower(): value for name, value in request.headers}
        asked.append(Asked(len(asked) + 1, request.method, request.url, headers))
        return server(asked[-1])

    options = RunOptions(network=NetworkOptions(**{"proxy": "", **network}))  # type: ignore[arg-type]
    found = run(wire(plan or make_plan(), options), answer)
    assert found.requests == len(asked)
    return found, asked


def codes(found: Audit) -> list[str]:
    return [finding.code for finding in found.findings]
