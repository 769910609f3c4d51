"""What CI systems are told of an audit: each finding and a target that could not be audited, with place and identity.

Shared by the formats that list problems, as ``problems`` is for probes. Knows the saved model and words, no format.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from corscheck.model.printable import printable
from corscheck.report.formats.problems import path_and_line
from corscheck.report.saved.summary import audit_failed
from corscheck.report.text.audits import statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.audits import Audit, AuditFinding
    from corscheck.model.values import Severity

Level: TypeAlias = Literal["error", "warning", "note"]

LEVELS: dict[Severity, Level] = {"high": "error", "medium": "error", "low": "warning", "info": "note"}
NOT_AUDITED = "not-audited"


class AuditProblem(Struct, frozen=True):
    """A finding, or that there is no answer (``finding`` is None). Texts are printable; ``advice`` may have lines.

    ``identity`` is the same for the same problem in another run: the origin that proved it was made up for this one and
    is no part of it.
    """

    code: str
    level: Level
    name: str
    title: str
    message: str
    advice: str
    identity: str
    finding: AuditFinding | None


def problems(audit: Audit) -> Iterator[AuditProblem]:
    """What to report of an audit, the excused left out. Two findings that are alike but for the origin are numbered."""
    url = printable(audit.url)
    seen: Counter[tuple[object, ...]] = Counter()
    for finding in audit.findings:
        key = finding_key(audit, finding)
        seen[key] += 1
        if finding.excused is not None:
            continue
        name, origin = printable(finding.title), printable(finding.origin)
        yield AuditProblem(
            code=printable(finding.code),
            level=LEVELS[finding.severity],
            name=name,
            title=f"{finding.severity.upper()} {name}: {url}",
            message=printable(finding.message.replace("\n", " ")) + f" Sent: Origin: {origin}",
            advice="\n".join(printable(line) for line in finding.advice.split("\n")),
            identity=_identity(*key, seen[key]),
            finding=finding,
        )
    if not audit.passed and not audit_failed(audit):
        yield AuditProblem(
            code=NOT_AUDITED,
            level="warning",
            name="The target could not be audited",
            title=f"INCONCLUSIVE {url}",
            message=statement(audit),
            advice="",
            identity=_identity(audit.url, NOT_AUDITED),
            finding=None,
        )


def finding_key(audit: Audit, finding: AuditFinding, url: str | None = None) -> tuple[object, ...]:
    """What makes a finding the same in another run, or (with ``url``) at another host: target, class, request.

    A code is a class of hostile origins; the labels in an origin, and the path of an error page, are made up each time.
    With credentials is another, graver thing than without.
    """
    target = audit.url if url is None else url
    return (target, finding.code, finding.method, finding.credentials, finding.url != audit.url)


def place(audit: Audit) -> tuple[str, int] | None:
    """File and line of the target; None where it stands in no file."""
    return path_and_line(audit.file, audit.line)


def _identity(*parts: object) -> str:
    text = "\0".join(["audit", *map(str, parts)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
