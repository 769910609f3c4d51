"""What a run came to, in numbers: counted as results come, so that it needs none of them in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from corscheck.model.values import SEVERITIES

if TYPE_CHECKING:
    from corscheck.model.audits import Audit, AuditFinding
    from corscheck.model.result import Result


class Summary(Struct):
    """The counts of a run.

    ``total`` counts probes, and so do the verdicts below it; ``allowed`` includes ``allowed_preflight_only`` (held back
    after a good preflight). Every probe and every audit is one of ``passed``, ``failed`` (an engine of the gate came to
    another verdict than expected, or something else that its check expects is not so; an audit found what fails),
    ``excused`` (it failed, which an ignore or a baseline allows) and ``undecided`` (nothing failed, but something could
    not be judged). ``differing`` counts results that a real browser was seen to contradict, ``unobserved`` those that it
    was to perform and could not.
    ``audits`` are targets that hostile origins were tried on: ``vulnerable`` of them have a finding that fails,
    ``unaudited`` could not be asked. ``findings_*`` leave out what is excused; ``audit_requests`` were sent for all that.
    ``exit_status`` is filled in by whoever ends the run.
    """

    total: int = 0
    allowed: int = 0
    allowed_preflight_only: int = 0
    blocked: int = 0
    invalid: int = 0
    inconclusive: int = 0
    passed: int = 0
    failed: int = 0
    excused: int = 0
    undecided: int = 0
    differing: int = 0
    unobserved: int = 0
    audits: int = 0
    vulnerable: int = 0
    unaudited: int = 0
    findings_high: int = 0
    findings_medium: int = 0
    findings_low: int = 0
    findings_info: int = 0
    audit_requests: int = 0
    interrupted: bool = False
    exit_status: int | None = None

    def add(self, result: Result) -> None:
        """Count one result."""
        self.total += 1
        if result.verdict == "allowed":
            self.allowed += 1
            self.allowed_preflight_only += not result.complete
        elif result.verdict == "blocked":
            self.blocked += 1
        elif result.verdict == "invalid":
            self.invalid += 1
        else:
            self.inconclusive += 1
        if result.passed:
            self.passed += 1
        elif result.excused is not None:
            self.excused += 1
        elif failed(result):
            self.failed += 1
        else:
            self.undecided += 1
        if result.observed is not None:
            self.differing += result.observed.agrees is False
            self.unobserved += result.observed.error is not None

    def add_audit(self, audit: Audit) -> None:
        """Count one audit, among what passed, failed or could not be judged, and its findings."""
        self.audits += 1
        self.audit_requests += audit.requests
        if audit.passed:
            self.passed += 1
        elif audit_failed(audit):
            self.failed += 1
            self.vulnerable += 1
        else:
            self.undecided += 1
            self.unaudited += 1
        for finding in audit.findings:
            if finding.excused is None:
                name = f"findings_{finding.severity}"
                setattr(self, name, getattr(self, name) + 1)

    @property
    def tested(self) -> int:
        """How much was asked: probes and audits."""
        return self.total + self.audits

    @property
    def audits_passed(self) -> int:
        """How many of ``passed`` are audits."""
        return self.audits - self.vulnerable - self.unaudited

    def findings(self) -> dict[str, int]:
        """How many findings there are of each severity, the highest first."""
        return {severity: getattr(self, f"findings_{severity}") for severity in SEVERITIES}

    def to_dict(self) -> dict[str, Any]:
        """The report's summary object."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def failed(result: Result) -> bool:
    """Whether an engine of the gate came to a verdict, and it is not the expected one, or an expectation is not met.

    An excused failure is one all the same. A result that did not pass without this could not be judged: that is no
    failure of the server's.
    """
    if result.passed:
        return False
    if result.check is not None and any(e.passed is False for e in result.check.expectations):
        return True
    verdicts = [result.engines[name].verdict for name in result.gate if name in result.engines] or [result.verdict]
    return any(v not in ("inconclusive", result.expected) for v in verdicts)


def failing(audit: Audit) -> tuple[AuditFinding, ...]:
    """The findings that fail an audit: of its ``fail_on`` or a higher severity, and not excused."""
    if audit.fail_on == "never":
        return ()
    heavy = SEVERITIES[: SEVERITIES.index(audit.fail_on) + 1]
    return tuple(f for f in audit.findings if f.severity in heavy and f.excused is None)


def audit_failed(audit: Audit) -> bool:
    """Whether something is known to be wrong with the target: one that could not be asked (to the end) may have that."""
    return not audit.passed and (audit.error is None or bool(failing(audit)))
