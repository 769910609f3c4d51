"""The answer to a probe: Result and its parts, masked and ready to be saved or shown.

The report's probe object (and its JSON Schema) has exactly the fields of ``Result.to_dict()``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from corscheck.model.json import to_plain
from corscheck.model.values import Basis, CheckRef, EngineName, Excuse, Send, Severity
from corscheck.protocol.outcome import StepStatus, Verdict
from corscheck.protocol.request import Credentials, Headers, Mode, Redirect


class Reason(Struct, frozen=True):
    """What decided a verdict other than ``allowed``."""

    code: str
    step: str
    standard_url: str | None
    message: str


class EngineVerdict(Struct, frozen=True):
    """The verdict under one engine's rules, what it rests on, and its deciding code if it is not ``allowed``.

    ``because`` names the departure that makes it differ from the engine that drove the network.
    """

    verdict: Verdict
    basis: Basis
    code: str | None = None
    message: str | None = None
    because: str | None = None


class PreflightRecord(Struct, frozen=True):
    """The first hop's preflight: needed, because of what, sent, and how long each engine will cache it (seconds)."""

    needed: bool = False
    because: tuple[str, ...] = ()
    sent: bool = False
    cache_seconds: Mapping[str, int] = {}


class StepRecord(Struct, frozen=True):
    """A row of the table as saved: values masked, cut and printable."""

    step: str
    header: str
    expected: str | None
    received: str | None
    status: StepStatus
    message: str
    code: str | None = None
    exchange: int | None = None
    decisive: bool = False


class RequestRecord(Struct, frozen=True):
    """A request line and its header pairs, in wire order."""

    method: str
    url: str
    headers: Headers


class ResponseRecord(Struct, frozen=True):
    """A status and header pairs, in wire order, duplicates kept; ``body`` is evidence from a failed answer."""

    status: int
    headers: Headers
    reason: str = ""
    body: str | None = None
    http_version: str = "HTTP/1.1"


class ErrorRecord(Struct, frozen=True):
    """Why there was no answer: a closed list of kinds, and a sentence."""

    kind: str
    message: str


class ExchangeRecord(Struct, frozen=True):
    """One exchange as saved. ``held_back`` says that the request was not sent; ``elapsed_ms`` is None then."""

    kind: str
    hop: int
    request: RequestRecord
    response: ResponseRecord | None
    error: ErrorRecord | None
    elapsed_ms: float | None = None
    held_back: bool = False


class ReadResponse(Struct, frozen=True):
    """What ``fetch()`` resolved to."""

    type: str
    status: int
    url: str
    redirected: bool


class Finding(Struct, frozen=True):
    """Something to say about an outcome, with a stable code."""

    code: str
    severity: Severity
    title: str
    message: str
    evidence: str | None = None
    advice: str | None = None
    help: str | None = None


class ObservedRequest(Struct, frozen=True):
    """A request that a real browser put on the wire."""

    kind: str
    method: str
    url: str
    headers: Headers


class Observation(Struct, frozen=True):
    """What a real browser was seen to do with a probe.

    ``verdict`` is ``allowed``, ``blocked`` or ``invalid`` (``fetch()`` itself threw), or ``inconclusive`` with
    ``error`` saying why nothing could be observed. ``console`` are the console lines, joined by newlines; ``agrees``
    is filled in when the prediction stands beside it, ``differences`` say in what they differ.
    """

    browser: str
    version: str
    verdict: Verdict
    readable_headers: tuple[str, ...] = ()
    console: str | None = None
    requests: tuple[ObservedRequest, ...] = ()
    error: str | None = None
    agrees: bool | None = None
    differences: tuple[str, ...] = ()


class Result(Struct, frozen=True, kw_only=True):
    """The answer to a probe, masked and ready to be saved or shown.

    ``passed`` says whether it came as expected; a failure that is ``excused`` has not passed and fails no run.
    The defaults are what a saved report means that lacks the field.
    """

    url: str
    origin: str
    method: str
    headers: Headers = ()
    credentials: Credentials = "same-origin"
    redirect: Redirect = "follow"
    mode: Mode = "cors"
    body: int | None = None
    engine: EngineName = "chromium"
    send: Send = "auto"
    index: int = 0
    check: CheckRef | None = None
    verdict: Verdict
    complete: bool = True
    expected: Verdict = "allowed"
    passed: bool
    reason: Reason | None = None
    engines: Mapping[str, EngineVerdict] = {}
    preflight: PreflightRecord = PreflightRecord()
    steps: tuple[StepRecord, ...] = ()
    exchanges: tuple[ExchangeRecord, ...] = ()
    response: ReadResponse | None = None
    readable_headers: tuple[str, ...] = ()
    console: Mapping[str, str | None] = {}
    gate: tuple[EngineName, ...] = ("chromium", "firefox")
    via: str | None = None
    findings: tuple[Finding, ...] = ()
    observed: Observation | None = None
    error: ErrorRecord | None = None
    excused: Excuse | None = None

    def __str__(self) -> str:
        """The verdict line: what ``corscheck probe -q`` prints."""
        from corscheck.model.verdict_line import verdict_line

        return verdict_line(self)

    @property
    def ok(self) -> bool:
        """True when it came as expected, for every engine of the gate."""
        return self.passed

    def to_dict(self) -> dict[str, Any]:
        """The report's probe object: plain dicts, lists, strings and numbers, ready for ``json.dumps``."""
        plain: dict[str, Any] = to_plain(self)
        return plain
