"""The result of a probe: Result and its parts, masked and ready to be saved or shown.

The report's probe object (and its JSON Schema) has exactly the fields of ``Result.to_dict()``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from corscheck.model import words
from corscheck.model.json import to_plain
from corscheck.model.printable import printable
from corscheck.model.values import Basis, CheckRef, EngineName, Excuse, Send, Severity
from corscheck.protocol.outcome import StepStatus, Verdict
from corscheck.protocol.request import Credentials, EmbedderPolicy, Headers, Mode, Redirect

HTTP_ERROR = 400
"""The lowest status of an error response."""


class Reason(Struct, frozen=True):
    """The reason for a verdict other than ``allowed``."""

    code: str
    step: str
    standard_url: str | None
    message: str


class EngineVerdict(Struct, frozen=True):
    """The verdict by one engine's rules, the source of these rules, and the deciding code if it is not ``allowed``.

    ``because`` names the departure from the standard that makes it differ from the engine that drove the network.
    """

    verdict: Verdict
    basis: Basis
    code: str | None = None
    message: str | None = None
    because: str | None = None


class PreflightRecord(Struct, frozen=True):
    """The first hop's preflight: whether and why it was needed, whether it was sent, and for how many seconds each
    engine caches it.
    """

    needed: bool = False
    because: tuple[str, ...] = ()
    sent: bool = False
    cache_seconds: Mapping[str, int] = {}


class StepRecord(Struct, frozen=True):
    """A row of the table of steps: values are masked, truncated and printable."""

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
    """A request line and its headers, in wire order."""

    method: str
    url: str
    headers: Headers


class ResponseRecord(Struct, frozen=True):
    """A status and its headers, in wire order with duplicates. ``body`` is the start of an error response."""

    status: int
    headers: Headers
    reason: str = ""
    body: str | None = None
    http_version: str = "HTTP/1.1"


class ErrorRecord(Struct, frozen=True):
    """Why there was no response: a kind from a closed list, and a sentence."""

    kind: str
    message: str


class ExchangeRecord(Struct, frozen=True):
    """One exchange. ``held_back`` means that the request was not sent; ``elapsed_ms`` is None then."""

    kind: str
    hop: int
    request: RequestRecord
    response: ResponseRecord | None
    error: ErrorRecord | None
    elapsed_ms: float | None = None
    held_back: bool = False


class ReadResponse(Struct, frozen=True):
    """The response that ``fetch()`` resolved to."""

    type: str
    status: int
    url: str
    redirected: bool


class Finding(Struct, frozen=True):
    """A diagnosis of an outcome, with a stable code."""

    code: str
    severity: Severity
    title: str
    message: str
    evidence: str | None = None
    advice: str | None = None
    help: str | None = None


class ObservedRequest(Struct, frozen=True):
    """A request that a real browser sent."""

    kind: str
    method: str
    url: str
    headers: Headers


class Observation(Struct, frozen=True):
    """What a real browser did with a probe.

    ``verdict`` is ``allowed``, ``blocked``, ``invalid`` (``fetch()`` itself threw), or ``inconclusive``, for which
    ``error`` says why nothing could be observed. ``console`` holds the console lines, joined by newlines. ``agrees``
    and ``differences`` hold the comparison with the prediction.
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
    """The result of a probe, masked and ready to be saved or shown.

    ``exchanges`` are those of the engine that drove. ``sent_for`` holds, by engine, what had to be sent for another one of
    the gate.

    ``passed`` says whether the verdict is the expected one. A failure that is ``excused`` has not passed, but does not
    fail the run. The defaults apply to a saved report that lacks the field.
    """

    url: str
    origin: str
    method: str
    headers: Headers = ()
    credentials: Credentials = "same-origin"
    redirect: Redirect = "follow"
    mode: Mode = "cors"
    upload_listener: bool = False
    coep: EmbedderPolicy = "unsafe-none"
    secure_context: bool = False
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
    sent_for: Mapping[str, tuple[ExchangeRecord, ...]] = {}
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
        """The verdict line, never wrapped, as printed by ``corscheck probe -q``."""
        line = f"{self.label.upper()}  {printable(self.method)} {printable(self.url)} from {printable(self.origin)}"
        because = "" if self.verdict == "allowed" else self.not_allowed
        differing = [self.other_makes(name) for name in self.differing if name in self.gate]
        if differing:
            because = f"{because} {'But' if because else 'but'} {words.several(differing)}.".lstrip()
        elif not self.passed and self.as_driven:
            because = " ".join([*([because] if because else []), *self.unmet])
        if self.excused is not None:
            because = f"{because} Excused: {words.sentence(self.excused.reason)}".lstrip()
        return f"{line}: {because}" if because else line

    @property
    def ok(self) -> bool:
        """Whether the verdict is the expected one for every engine of the gate."""
        return self.passed

    def to_dict(self) -> dict[str, Any]:
        """Return the report's probe object: plain dicts, lists, strings and numbers, ready for ``json.dumps``."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @property
    def modes(self) -> tuple[object, ...]:
        """What says how the page asks, beside the request itself."""
        return (self.credentials, self.redirect, self.mode, self.upload_listener, self.coep, self.secure_context)

    @property
    def word(self) -> str:
        """The verdict in one word; ``allowed*`` if only the preflight was sent."""
        return "allowed*" if self.verdict == "allowed" and not self.complete else self.verdict

    @property
    def label(self) -> str:
        """The verdict as people see it: the word, and the status if the page can read an error, as in ``allowed (404)``."""
        status = self.response.status if self.response is not None and self.verdict == "allowed" else 0
        return f"{self.word} ({status})" if status >= HTTP_ERROR else self.word

    @property
    def not_allowed(self) -> str:
        """The meaning of a verdict other than ``allowed``, in one or two sentences."""
        if self.verdict == "inconclusive" and self.error is not None:
            return f"No response: {words.sentence(self.error.message)}"
        if self.verdict == "inconclusive" and self.not_sent is not None:
            method = printable(self.method)
            if self.send == "never":
                return f"{method} was not sent ({self.not_sent}), and there is no preflight to judge by."
            return (
                f"{method} may change data, so it was not sent, and there is no preflight to judge by. {self._add_send}"
            )
        return self.because

    @property
    def _add_send(self) -> str:
        """What sends a request that was held back: an option, or for a check of a policy its key."""
        return "Add --send always." if self.check is None else 'Add send = "always" to the check.'

    @property
    def because(self) -> str:
        """The reason as a sentence with its step: ``The method is not allowed (preflight:7.5).``"""
        if self.reason is None:
            return ""
        said = words.sentence(self.reason.message, self.reason.step)
        held_back = self.verdict == "inconclusive" and self.error is None and self.not_sent is not None
        return f"{said} {self._add_send}" if held_back and self.send == "auto" else said

    @property
    def not_sent(self) -> str | None:
        """Why a request was held back, and which option sends it; None if none was."""
        if not any(exchange.held_back for exchange in self.exchanges):
            return None
        return "--send never" if self.send == "never" else "it may change data (--send always)"

    @property
    def as_driven(self) -> bool:
        """Whether the driving engine met the expectation. Another engine of the gate may still have failed."""
        return self.verdict == self.expected

    @property
    def differing(self) -> list[str]:
        """The engines with another verdict than the driving one, those of the gate first.

        An engine outside the gate whose verdict is inconclusive is left out.
        """
        others = [
            name
            for name, found in self.engines.items()
            if name != self.engine
            and found.verdict != self.verdict
            and (name in self.gate or found.verdict != "inconclusive")
        ]
        return sorted(others, key=lambda name: name not in self.gate)

    @property
    def agreeing(self) -> list[str]:
        """The other engines with the same verdict."""
        return [n for n, found in self.engines.items() if n != self.engine and found.verdict == self.verdict]

    def other_makes(self, name: str) -> str:
        """What another engine does: ``Firefox blocks it``, ``WebKit (from its source) allows it``."""
        found = self.engines[name]
        basis = f" ({words.BASES[found.basis]})" if found.basis in words.BASES else ""
        return f"{words.engine(name)}{basis} {words.MAKES[found.verdict]}"

    def other_verdict(self, name: str) -> str:
        """What another engine does, with its reason: ``Firefox blocks it. Method X is not ...``"""
        found = self.engines[name]
        message = found.because or found.message
        shown = f" What was sent for it: -v, or --engine {name}." if name in self.sent_for else ""
        return f"{words.capital(self.other_makes(name))}." + (f" {words.sentence(message)}" if message else "") + shown

    @property
    def unmet(self) -> list[str]:
        """The unmet expectations of a check besides the verdict, or else those that could not be judged: a sentence each."""
        if self.check is None:
            return []
        found = [e for e in self.check.expectations if e.name != "expect"]
        wrong = [printable(e.message) for e in found if e.passed is False]
        return wrong or [printable(e.message) for e in found if e.passed is None and e.message]
