"""The counts of a run, updated with each item, so that no item has to stay in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from corscheck.model.audits import failing
from corscheck.model.result import Result
from corscheck.model.values import SEVERITIES

if TYPE_CHECKING:
    from corscheck.model.audits import Audit
    from corscheck.model.item import Item


class Summary(Struct):
    """The counts of a run.

    ``total`` counts probes, and so do the verdicts below it; ``allowed`` includes ``allowed_preflight_only`` (held back
    after a good preflight) and ``allowed_with_error`` (the page can read the response, which is a 4xx or 5xx). Every probe
    and every audit is one of ``passed``, ``failed`` (see the function ``failed``), ``excused`` (a failure that an ignore or
    a baseline allows) and ``undecided`` (nothing failed, but something could not be judged). ``differing`` counts results
    that a real browser contradicted, ``unobserved`` those that it could not perform.
    ``audits`` counts audited targets: ``vulnerable`` of them have a finding that fails, ``unstable`` have none but gave
    results that could not be reproduced, ``unaudited`` could not be tested.
    ``findings_*`` leave out what is excused; ``audit_requests`` counts the requests that audits sent.
    The session fills in ``exit_status`` at the end of the run.
    """

    total: int = 0
    allowed: int = 0
    allowed_preflight_only: int = 0
    allowed_with_error: int = 0
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
    unstable: int = 0
    unaudited: int = 0
    findings_high: int = 0
    findings_medium: int = 0
    findings_low: int = 0
    findings_info: int = 0
    audit_requests: int = 0
    interrupted: bool = False
    exit_status: int | None = None

    def add(self, item: Item) -> None:
        """Count one result or audit."""
        if isinstance(item, Result):
            self._add_result(item)
        else:
            self._add_audit(item)
        excused = isinstance(item, Result) and item.excused is not None
        self._count("passed" if item.passed else "excused" if excused else "failed" if failed(item) else "undecided")

    def _add_result(self, result: Result) -> None:
        self.total += 1
        self._count(result.verdict)
        self.allowed_preflight_only += result.word == "allowed*"
        self.allowed_with_error += result.verdict == "allowed" and result.label != result.word
        if result.observed is not None:
            self.differing += result.observed.agrees is False
            self.unobserved += result.observed.verdict == "inconclusive"

    def _add_audit(self, audit: Audit) -> None:
        self.audits += 1
        self.audit_requests += audit.requests
        if not audit.passed:
            self._count("vulnerable" if failing(audit) else "unstable" if failed(audit) else "unaudited")
        for finding in audit.findings:
            if finding.excused is None:
                self._count(f"findings_{finding.severity}")

    def _count(self, name: str) -> None:
        setattr(self, name, getattr(self, name) + 1)

    @property
    def tested(self) -> int:
        """The number of probes and audits."""
        return self.total + self.audits

    @property
    def audits_passed(self) -> int:
        """The number of audits that passed."""
        return self.audits - self.vulnerable - self.unstable - self.unaudited

    def findings(self) -> dict[str, int]:
        """Return the number of findings of each severity, the highest first."""
        return {severity: getattr(self, f"findings_{severity}") for severity in SEVERITIES}

    def to_dict(self) -> dict[str, Any]:
        """Return the summary object of the report."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def failed(item: Item) -> bool:
    """Whether something is known to be wrong with the server; an excused failure counts.

    An item that neither passed nor failed could not be judged. A result failed if an engine of the gate came to another
    verdict than expected, or if an expectation of its check is not met. An audit failed if it came to its end, or if
    one of the findings up to there fails.
    """
    if item.passed:
        return False
    if not isinstance(item, Result):
        return item.error is None or bool(failing(item))
    if item.check is not None and any(e.passed is False for e in item.check.expectations):
        return True
    verdicts = [item.engines[name].verdict for name in item.gate if name in item.engines] or [item.verdict]
    return any(v not in ("inconclusive", item.expected) for v in verdicts)
