"""The findings of many audits, grouped by code: what HTML and Markdown show before the audits if there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.model.values import SEVERITIES
from corscheck.report.text import audits, causes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.model.audits import Audit

MANY_AUDITS = 20
"""With more audits than these, the findings come first, and the audits are collapsed."""

EXAMPLES = 4
"""How many targets with the same finding are named."""


class FindingGroup(Struct):
    """A finding that several targets share. ``label`` is its severity, or ``INCONCLUSIVE`` for what was not audited."""

    label: str
    weight: str
    code: str
    title: str
    advice: str
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, url: str) -> None:
        """Count a target."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(printable(url))


def group_findings(found: Iterable[Audit]) -> list[FindingGroup]:
    """Group by severity and code, the gravest first. A target counts once in a group; excused findings are left out."""
    groups: dict[tuple[str, str], FindingGroup] = {}
    for audit in found:
        here: dict[tuple[str, str], FindingGroup] = {}
        for finding in audit.findings:
            if finding.excused is None:
                one = FindingGroup(audits.label(finding), finding.severity, finding.code, finding.title, finding.advice)
                here[finding.severity, finding.code] = groups.setdefault((finding.severity, finding.code), one)
        if audit.error is not None:
            kind = audit.error.kind
            title = words.sentence(words.capital(causes.NO_ANSWER.get(kind, kind)))
            one = FindingGroup("INCONCLUSIVE", "unsure", "", title, audits.HINTS.get(kind, ""))
            here["unsure", kind] = groups.setdefault(("unsure", kind), one)
        for group in here.values():
            group.add(audit.url)
    order = [*SEVERITIES, "unsure"]
    return sorted(groups.values(), key=lambda group: (order.index(group.weight), -group.count))
