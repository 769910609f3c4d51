"""GitLab's code quality report: a JSON array with an issue per problem, shown in merge requests. Written issue by issue.

Every issue needs a file and a line. A probe of a policy has those of its check, an audit those of its target in a file;
another is placed at its URL, so that the list at least says what it is about.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from corscheck.model.printable import printable
from corscheck.report.formats import audit_problems
from corscheck.report.formats.problems import place, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.report.formats.audit_problems import AuditProblem
    from corscheck.report.formats.problems import Problem
    from corscheck.report.saved.saved import Saved

_SEVERITIES = {"high": "critical", "medium": "major", "low": "minor"}
_AUDIT_SEVERITIES = {**_SEVERITIES, "info": "info"}


def render(saved: Saved) -> Iterator[str]:
    """The array in pieces."""
    yield "["
    separator = ""
    for result in saved.results():
        found = problem(result)
        if found is not None:
            yield f"{separator}\n" + json.dumps(_issue(found, result))
            separator = ","
    for audit in saved.audits():
        for one in audit_problems.problems(audit):
            yield f"{separator}\n" + json.dumps(_audit_issue(one, audit))
            separator = ","
    yield "\n]\n"


def _issue(found: Problem, result: Result) -> dict[str, Any]:
    path, line = place(result.check) or (_of_url(result.url), 1)
    return {
        "description": f"{found.title}: {found.message}",
        "check_name": found.code,
        "fingerprint": found.identity,
        "severity": _severity(found, result),
        "location": {"path": path, "lines": {"begin": line}},
    }


def _audit_issue(found: AuditProblem, audit: Audit) -> dict[str, Any]:
    path, line = audit_problems.place(audit) or (_of_url(audit.url), 1)
    return {
        "description": f"{found.title}: {found.message}",
        "check_name": found.code,
        "fingerprint": found.identity,
        "severity": _AUDIT_SEVERITIES[found.finding.severity] if found.finding is not None else "minor",
        "location": {"path": path, "lines": {"begin": line}},
    }


def _of_url(url: str) -> str:
    """Host and path, which is a relative path."""
    path = url.partition("://")[2] or url
    return printable(path.partition("?")[0].lstrip("./")) or "unknown"


def _severity(found: Problem, result: Result) -> str:
    """What could not be judged is minor; else the weightiest finding says it, and without one it is major."""
    if not found.error:
        return "minor"
    return next((_SEVERITIES[f.severity] for f in result.findings if f.severity in _SEVERITIES), "major")
