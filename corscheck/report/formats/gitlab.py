"""GitLab's code quality report: a JSON array with an issue for each problem, written issue by issue.

Every issue needs a file and a line. A probe of a policy has those of its check, an audit those of its target in a file. Any
other is placed at its URL, so that the list in a merge request at least names the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corscheck.model.printable import printable
from corscheck.model.result import Result
from corscheck.report.formats.json import separated
from corscheck.report.formats.problems import problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.item import Item
    from corscheck.report.formats.problems import Problem
    from corscheck.report.saved.saved import Saved

_SEVERITIES = {"high": "critical", "medium": "major", "low": "minor", "info": "info"}


def render(saved: Saved) -> Iterator[str]:
    """Yield the array in pieces."""
    yield "["
    yield from separated(_issue(problem, item) for item in saved.items() for problem in problems(item))
    yield "\n]\n"


def _issue(problem: Problem, item: Item) -> dict[str, Any]:
    path, line = problem.place or (_url_path(item.url), 1)
    return {
        "description": f"{problem.title}: {problem.message}",
        "check_name": problem.code,
        "fingerprint": problem.identity,
        "severity": _severity(problem, item),
        "location": {"path": path, "lines": {"begin": line}},
    }


def _url_path(url: str) -> str:
    """Return host and path of a URL, which form a relative path."""
    path = url.partition("://")[2] or url
    return printable(path.partition("?")[0].lstrip("./")) or "unknown"


def _severity(problem: Problem, item: Item) -> str:
    """Return the finding's severity, ``minor`` for what could not be judged, else that of the result's first finding."""
    if problem.finding is not None:
        return _SEVERITIES[problem.finding.severity]
    if problem.level == "warning":
        return "minor"
    causes = item.findings if isinstance(item, Result) else ()
    return next((_SEVERITIES[f.severity] for f in causes if f.severity != "info"), "major")
