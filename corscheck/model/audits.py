"""The result of an audit: Audit and AuditFinding, masked and ready to be saved or shown."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from corscheck.model.json import to_plain
from corscheck.model.result import ErrorRecord, ExchangeRecord
from corscheck.model.values import SEVERITIES, Depth, Excuse, FailOn, Severity


class AuditFinding(Struct, frozen=True, kw_only=True):
    """An origin that is allowed and should not be (or something that makes this worse), confirmed by a second request.

    ``origin`` is the hostile origin exactly as sent. ``credentials`` says whether the CORS check passes for it with
    credentials. ``message`` describes the attack in one sentence. ``browsers`` are those that can send the origin and
    pass the check. ``url`` and ``method`` are those of the request, whose URL may differ from the target's (a redirect,
    an error page). ``evidence`` holds the header lines of the request and the response, masked.
    """

    code: str
    severity: Severity
    title: str
    message: str = ""
    origin: str
    credentials: bool = False
    url: str
    method: str
    evidence: str = ""
    advice: str = ""
    browsers: tuple[str, ...] = ()
    help: str | None = None
    excused: Excuse | None = None


class Audit(Struct, frozen=True, kw_only=True):
    """What hostile origins can do with one target. Masked and ready to be saved or shown.

    ``allowed_origins`` are the origins that should be allowed. ``requests`` is the number of requests sent. ``notes``
    describe limits of the audit (the target requires a login, a redirect leads to another site). ``unstable`` lists
    results that a second request did not reproduce. ``error`` says why the target could not be audited. ``fail_on`` is
    the lowest severity that fails (``never``: none does); ``passed`` means that the audit came to its end, its results were
    reproduced and no finding fails. ``file`` and ``line`` locate the target in the input. ``exchanges`` are all that were
    sent, if the run keeps them (``audit -v``).
    """

    url: str
    allowed_origins: tuple[str, ...]
    requests: int = 0
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
    exchanges: tuple[ExchangeRecord, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the audit passed. False if the target did not respond, or if its responses vary."""
        return self.passed

    def to_dict(self) -> dict[str, Any]:
        """Return the report's audit object: plain dicts, lists, strings and numbers, ready for ``json.dumps``."""
        plain: dict[str, Any] = to_plain(self)
        return plain


def failing(audit: Audit) -> tuple[AuditFinding, ...]:
    """Return the findings that fail an audit: of its ``fail_on`` or a higher severity, and not excused."""
    if audit.fail_on == "never":
        return ()
    heavy = SEVERITIES[: SEVERITIES.index(audit.fail_on) + 1]
    return tuple(f for f in audit.findings if f.severity in heavy and f.excused is None)


def passes(audit: Audit) -> bool:
    """Whether an audit passes: it came to its end, its results were reproduced, and no finding fails.

    A server whose responses vary never passes, because an attacker can repeat a request.
    """
    return audit.error is None and not failing(audit) and (not audit.unstable or audit.fail_on == "never")
