"""The result of an audit: Audit and AuditFinding, masked and ready to be saved or shown."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from corscheck.model.json import to_plain
from corscheck.model.result import ErrorRecord
from corscheck.model.values import Depth, Excuse, FailOn, Severity


class AuditFinding(Struct, frozen=True, kw_only=True):
    """A page that is let in and should not be (or what makes that worse), proven by the exchange and seen twice.

    ``origin`` is the hostile origin exactly as it was sent, ``credentials`` whether the CORS check passes for it with
    credentials. ``message`` is the attack in one sentence, ``browsers`` those that can send the origin and pass the
    check. ``url`` and ``method`` are the request's (a redirect's hop or an error page may be another URL than the
    target's), ``evidence`` its header lines: the request's first, then the answer's, masked.
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
    """What hostile origins may do with one target. Masked and ready to be saved or shown.

    ``allowed_origins`` are the origins that are meant to be let in. ``requests`` counts what was sent. ``notes`` say what
    limits the audit (a login answered, a redirect leads elsewhere), ``unstable`` what did not come again when it was
    asked a second time. ``error`` says why the target could not be audited. ``fail_on`` is the severity from which on a
    finding fails (``never``: none does), ``passed`` that none does. ``file`` and ``line`` are where the target stands.
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

    @property
    def ok(self) -> bool:
        """True when nothing at or above ``fail_on`` was found; a target that could not be asked has not passed."""
        return self.passed

    def to_dict(self) -> dict[str, Any]:
        """The report's audit object: plain dicts, lists, strings and numbers, ready for ``json.dumps``."""
        plain: dict[str, Any] = to_plain(self)
        return plain
