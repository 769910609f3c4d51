"""SARIF 2.1.0: a result for each problem, at the line of its check or target, and a rule for each code.

Has what GitHub requires ("SARIF support for code scanning"). Written result by result. Probes that passed are only
counted, in the run's properties: viewers show each result as an alert.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from corscheck.model.printable import printable
from corscheck.model.result import Result
from corscheck.report.formats.json import separated
from corscheck.report.formats.markdown import fix
from corscheck.report.formats.markdown import text as markdown_text
from corscheck.report.formats.problems import problems, url_path
from corscheck.report.formats.rules import rule
from corscheck.report.text.audits import evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.item import Item
    from corscheck.report.formats.problems import Problem
    from corscheck.report.saved.saved import Saved

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SECURITY_SEVERITY = {"high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}
"""GitHub sorts alerts by these: high from 7.0, medium from 4.0, low above 0. With 0.0 a rule has no security severity."""
MOST_RESULTS = 25_000
"""With more results GitHub refuses a file."""
INFORMATION = "https://github.com/corscheck/corscheck"


def render(saved: Saved) -> Iterator[str]:
    """Yield the document in pieces. The rules come last, when all codes are known."""
    yield f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{{"results": ['
    rules: dict[str, dict[str, Any]] = {}
    left_out: Counter[str] = Counter()
    yield from separated(_results(saved, rules, left_out))
    rest = _rest(saved, list(rules.values()))
    if left_out:
        rest["properties"]["left_out"] = left_out["results"]
    yield "\n],\n" + json.dumps(rest)[1:] + "]}\n"


def _results(saved: Saved, rules: dict[str, dict[str, Any]], left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """Yield the results as far as GitHub takes them, count the others, and collect the rules of their codes."""
    count = 0
    for item in saved.items():
        for problem in problems(item):
            if count == MOST_RESULTS:
                left_out["results"] += 1
                continue
            count += 1
            if problem.code not in rules:
                rules[problem.code] = _rule(problem)
            _weigh(rules[problem.code], problem)
            yield _result(problem, item)


def _rest(saved: Saved, rules: list[dict[str, Any]]) -> dict[str, Any]:
    """Return everything of the run but its results."""
    tool = saved.head["tool"]
    out: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "corscheck",
                "version": printable(str(tool.get("version", ""))),
                "informationUri": INFORMATION,
                "rules": rules,
            }
        },
        "columnKind": "unicodeCodePoints",
        "properties": {"summary": dict(saved.summary)},
    }
    run = saved.run or {}
    status = saved.summary.get("exit_status")
    if isinstance(status, int):
        invocation: dict[str, Any] = {"executionSuccessful": status in (0, 1, 3), "exitCode": status}
        for name, ours in (("startTimeUtc", "started"), ("endTimeUtc", "finished")):
            if ours in run:
                invocation[name] = printable(str(run[ours]))
        out["invocations"] = [invocation]
    return out


def _rule(problem: Problem) -> dict[str, Any]:
    made = rule(problem.code, problem.name, problem.advice)
    severity = {"error": "error", "warning": "warning", "note": "recommendation"}[problem.level]
    made["defaultConfiguration"] = {"level": problem.level}
    made["properties"] = {"tags": ["cors"], "precision": "very-high", "problem.severity": severity}
    return made


def _weigh(rule: dict[str, Any], problem: Problem) -> None:
    """Give the rule of a finding's code the level and severity of the gravest finding with that code."""
    if problem.finding is None:
        return
    weight = SECURITY_SEVERITY[problem.finding.severity]
    if "security-severity" not in rule["properties"]:
        rule["properties"] = {"tags": ["security"], "precision": "very-high", "security-severity": weight}
    if float(weight) >= float(rule["properties"]["security-severity"]):
        rule["properties"]["security-severity"] = weight
        rule["defaultConfiguration"] = {"level": problem.level}


def _result(problem: Problem, item: Item) -> dict[str, Any]:
    said = f"{problem.title}: {problem.message}"
    advice = f"\n{problem.advice}" if problem.advice else ""
    markdown = markdown_text(said) + (f"\n\n{fix(problem.advice)}" if problem.advice else "")
    return {
        "ruleId": problem.code,
        "level": problem.level,
        "message": {"text": _message(f"{said}{advice}"), "markdown": markdown},
        # GitHub tells results apart by the first only.
        "partialFingerprints": {"primaryLocationLineHash": f"{problem.identity}:1", "corscheck/v1": problem.identity},
        "properties": _properties(problem, item),
        "locations": [_location(problem, item)],
    }


def _properties(problem: Problem, item: Item) -> dict[str, Any]:
    if isinstance(item, Result):
        texts = {"origin": item.origin, "url": item.url, "method": item.method}
        printed = {name: printable(text) for name, text in texts.items()}
        return {"verdict": item.verdict, "expected": item.expected, **printed}
    finding = problem.finding
    properties: dict[str, Any] = {"url": printable(item.url)}
    if finding is not None:
        properties |= {
            "severity": finding.severity,
            "security-severity": SECURITY_SEVERITY[finding.severity],
            "origin": printable(finding.origin),
            "credentials": finding.credentials,
            "browsers": [printable(name) for name in finding.browsers],
            "method": printable(finding.method),
            "evidence": evidence(finding),
        }
    return properties


def _message(text: str) -> str:
    # In a message "[text](1)" is a link.
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _location(problem: Problem, item: Item) -> dict[str, Any]:
    """Return file and line, or a path made of the URL: GitHub shows no result without a path in the repository."""
    path, line = problem.place or (url_path(item.url), 1)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _relative_uri(path)},
            "region": {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 2},
        },
        "logicalLocations": [{"fullyQualifiedName": problem.asked, "kind": "resource"}],
    }


def _relative_uri(path: str) -> str:
    """Quote a path. A file outside of the repository has no path in it, so it gets one like that of a URL."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return quote("/".join(parts)) or "unknown"
