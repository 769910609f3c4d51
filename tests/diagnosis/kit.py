"""Servers as functions of what they are asked, in memory or on the wire, and what diagnosis makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from corscheck.diagnosis.findings import diagnose
from corscheck.model.result import Finding
from corscheck.model.values import Probe
from corscheck.protocol.drive import run
from corscheck.protocol.fetch import fetch
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import Answer, HeldBack, HTTPRequest, HTTPResponse, NetworkError
from corscheck.runner.conversation import fetch_request
from corscheck.runner.sending import may_send

APP = "https://app.example"
API = "https://api.example/data"


@dataclass(frozen=True)
class Asked:
    """A request as a server of the tests sees it."""

    method: str
    url: str
    headers: dict[str, str]

    @property
    def preflight(self) -> bool:
        return self.method == "OPTIONS" and "access-control-request-method" in self.headers

    @property
    def origin(self) -> str | None:
        return self.headers.get("origin")


@dataclass(frozen=True)
class Reply:
    """A status, header lines and a body, as text."""

    status: int = 200
    headers: tuple[str, ...] = ()
    body: str = ""
    reason: str = "X"

    def pairs(self) -> tuple[tuple[str, str], ...]:
        return tuple((line.partition(":")[0], line.partition(":")[2].strip()) for line in self.headers)

    def wire(self) -> bytes:
        head = [f"HTTP/1.1 {self.status} {self.reason}", *self.headers, f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*head, "Connection: close", "", self.body]).encode("latin-1")


Server = Callable[[Asked], Reply | NetworkError]


def read(raw: bytes, base: str) -> Asked:
    """A raw request, parsed."""
    head = raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = (line.partition(":") for line in head[1:])
    return Asked(method, base + target, {n.lower(): v.strip() for n, _, v in pairs})


@dataclass
class Seen:
    """What came of a probe in memory: its outcome, the findings, the control probes, every request."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    controls: list[Probe] = field(default_factory=list)
    requests: list[HTTPRequest] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        return [f.code for f in self.findings]


def ask(server: Server, *, diagnosing: bool = True, alone: bool = False, **probe: object) -> Seen:
    """Ask a server in memory."""
    question = Probe(**{"url": API, "origin": APP, **probe})  # type: ignore[arg-type]
    requests: list[HTTPRequest] = []
    controls: list[Probe] = []

    def outcome_of(asked: Probe) -> Outcome:
        def answer(request: HTTPRequest) -> Answer:
            if not may_send(request, asked):
                return HeldBack()
            requests.append(request)
            reply = server(Asked(request.method, request.url, {n.lower(): v for n, v in request.headers}))
            if isinstance(reply, NetworkError):
                return reply
            body = reply.body.encode() if reply.status >= 400 else b""
            return HTTPResponse(reply.status, reply.pairs(), reply.reason, body)

        return run(fetch(fetch_request(asked), asked.engine), answer)

    def control(asked: Probe) -> Outcome | None:
        controls.append(asked)
        return outcome_of(asked) if diagnosing else None

    outcome = outcome_of(question)
    return Seen(outcome, run(diagnose(question, outcome, alone=alone), control), controls, requests)
