"""The values that everything outside the protocol speaks: Probe, Result and their parts.

``Result`` is what a caller gets and what a report is made of: behind ``masking`` nothing secret exists in it. The
report's probe object (and its JSON Schema) has exactly the fields of ``Result.to_dict()``.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from corscheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.protocol.outcome import StepStatus, Verdict
    from corscheck.protocol.request import CacheMode, Credentials, Headers, Mode, Redirect

EngineName: TypeAlias = Literal["standard", "chromium", "firefox", "webkit"]
Basis: TypeAlias = Literal["recorded", "source", "text"]
Send: TypeAlias = Literal["auto", "always", "never"]
Severity: TypeAlias = Literal["high", "medium", "low", "info"]
FailOn: TypeAlias = Literal["high", "medium", "low", "info", "never"]
Depth: TypeAlias = Literal["normal", "full"]

SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low", "info")
ENGINE_NAMES: tuple[EngineName, ...] = ("standard", "chromium", "firefox", "webkit")
SCHEMA_VERSION = "1.0"


class ConfigError(ValueError):
    """What was asked for is not a question that can be put: the command line exits 2 with this text."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that a check expects of a probe, and what came of it.

    ``name`` is the policy's key (``expect``, ``because``, ``max-age`` ...; ``ignore`` for an entry that has expired).
    ``passed`` is None where it could not be judged, which is no pass; ``message`` says what is wrong, in a sentence.
    """

    name: str
    expected: str
    received: str | None
    passed: bool | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class CheckRef:
    """Where in a policy file a probe comes from, and in a result what the check expects of it and what came of that."""

    name: str
    file: str | None = None
    line: int | None = None
    expectations: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why a failure does not fail the run: an ``[[ignore]]`` of the policy, or a baseline that has it already.

    ``expires`` is the last day on which an ignore is in force, ``YYYY-MM-DD``.
    """

    by: Literal["ignore", "baseline"]
    reason: str
    file: str | None = None
    line: int | None = None
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """One question: would a page at ``origin`` be allowed to read the answer to this request?

    ``engine`` drives the network; ``gate`` are the engines for which ``expected`` must hold. ``via`` is another base
    URL to send to while the URL is judged as written. ``body_asked`` says that the user typed the body on the command
    line (which counts as asking to send it). ``username``/``password`` and ``cookies`` are stored credentials: sent
    only where the credentials mode lets them. ``secret_headers`` are lower-case names of headers whose values are
    masked whatever they are called (a policy's ``${VARIABLES}``).
    """

    url: str
    origin: str
    method: str = "GET"
    headers: Headers = ()
    credentials: Credentials = "same-origin"
    redirect: Redirect = "follow"
    mode: Mode = "cors"
    body: bytes | None = None
    cache: CacheMode = "default"
    engine: EngineName = "chromium"
    gate: tuple[EngineName, ...] = ("chromium", "firefox")
    send: Send = "auto"
    body_asked: bool = False
    expected: Verdict = "allowed"
    index: int = 0
    check: CheckRef | None = None
    user: str | None = None
    password: str | None = None
    cookies: str | None = None
    via: str | None = None
    secret_headers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """What decided a verdict other than ``allowed``."""

    code: str
    step: str
    standard_url: str | None
    message: str


@dataclass(frozen=True, slots=True)
class EngineVerdict:
    """The verdict under one engine's rules, what it rests on, and its deciding code if it is not ``allowed``.

    ``because`` names the departure that makes it differ from the engine that drove the network.
    """

    verdict: Verdict
    basis: Basis
    code: str | None = None
    message: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class PreflightRecord:
    """The first hop's preflight: needed, because of what, sent, and how long each engine will cache it (seconds)."""

    needed: bool
    because: tuple[str, ...]
    sent: bool
    cache_seconds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StepRecord:
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


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request line and its header pairs, in wire order."""

    method: str
    url: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class ResponseRecord:
    """A status and header pairs, in wire order, duplicates kept; ``body`` is evidence from a failed answer."""

    status: int
    headers: Headers
    reason: str = ""
    body: str | None = None
    http_version: str = "HTTP/1.1"


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """Why there was no answer: a closed list of kinds, and a sentence."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """One exchange as saved. ``held_back`` says that the request was not sent; ``elapsed_ms`` is None then."""

    kind: str
    hop: int
    request: RequestRecord
    response: ResponseRecord | None
    error: ErrorRecord | None
    elapsed_ms: float | None
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class ReadResponse:
    """What ``fetch()`` resolved to."""

    type: str
    status: int
    url: str
    redirected: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say about an outcome, with a stable code."""

    code: str
    severity: Severity
    title: str
    message: str
    evidence: str | None = None
    advice: str | None = None
    help: str | None = None


@dataclass(frozen=True, slots=True)
class ObservedRequest:
    """A request that a real browser put on the wire."""

    kind: str
    method: str
    url: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class Observation:
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


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a probe, masked and ready to be saved or shown.

    ``passed`` says whether it came as expected; a failure that is ``excused`` has not passed and fails no run.
    """

    url: str
    origin: str
    method: str
    headers: Headers
    credentials: Credentials
    redirect: Redirect
    mode: Mode
    body: int | None
    engine: EngineName
    send: Send
    index: int
    check: CheckRef | None
    verdict: Verdict
    complete: bool
    expected: Verdict
    passed: bool
    reason: Reason | None
    engines: Mapping[str, EngineVerdict]
    preflight: PreflightRecord
    steps: tuple[StepRecord, ...]
    exchanges: tuple[ExchangeRecord, ...]
    response: ReadResponse | None
    readable_headers: tuple[str, ...]
    console: Mapping[str, str | None]
    gate: tuple[EngineName, ...] = ("chromium", "firefox")
    via: str | None = None
    findings: tuple[Finding, ...] = field(default=())
    observed: Observation | None = None
    error: ErrorRecord | None = None
    excused: Excuse | None = None

    @property
    def ok(self) -> bool:
        """True when it came as expected, for every engine of the gate."""
        return self.passed

    def to_dict(self) -> dict[str, Any]:
        """The report's probe object: plain dicts, lists, strings and numbers, ready for ``json.dumps``."""
        plain: dict[str, Any] = _plain(self)
        return plain


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """A page that is let in and should not be (or what makes that worse), proven by the exchange and seen twice.

    ``origin`` is the hostile origin exactly as it was sent, ``credentials`` whether the CORS check passes for it with
    credentials. ``message`` is the attack in one sentence, ``browsers`` those that can send the origin and pass the
    check. ``url`` and ``method`` are the request's (a redirect's hop or an error page may be another URL than the
    target's), ``evidence`` its header lines: the request's first, then the answer's, masked.
    """

    code: str
    severity: Severity
    title: str
    message: str
    origin: str
    credentials: bool
    url: str
    method: str
    evidence: str
    advice: str
    browsers: tuple[str, ...] = ()
    help: str | None = None
    excused: Excuse | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """What hostile origins may do with one target. Masked and ready to be saved or shown.

    ``allowed_origins`` are the origins that are meant to be let in. ``requests`` counts what was sent. ``notes`` say what
    limits the audit (a login answered, a redirect leads elsewhere), ``unstable`` what did not come again when it was
    asked a second time. ``error`` says why the target could not be audited. ``fail_on`` is the severity from which on a
    finding fails (``never``: none does), ``passed`` that none does. ``file`` and ``line`` are where the target stands.
    """

    url: str
    allowed_origins: tuple[str, ...]
    requests: int
    findings: tuple[AuditFinding, ...]
    passed: bool
    fail_on: FailOn = "medium"
    depth: Depth = "normal"
    notes: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()
    error: ErrorRecord | None = None
    index: int = 0
    file: str | None = None
    line: int | None = None

    @property
    def ok(self) -> bool:
        """True when nothing at or above ``fail_on`` was found; a target that could not be asked has not passed."""
        return self.passed

    def to_dict(self) -> dict[str, Any]:
        """The report's audit object: plain dicts, lists, strings and numbers, ready for ``json.dumps``."""
        plain: dict[str, Any] = _plain(self)
        return plain


def _plain(value: Any) -> Any:
    """A dataclass and its parts as plain JSON values; ``dataclasses.asdict`` deep-copies and is ten times slower."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    names = getattr(value, "__match_args__", None)  # a dataclass' parts, and those of what is kindred to it
    if names is not None:
        return {name: _plain(getattr(value, name)) for name in names}
    return {k: _plain(v) for k, v in value.items()}
