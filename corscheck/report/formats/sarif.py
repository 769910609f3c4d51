"""SARIF 2.1.0: a result for each problem, at the line of its check or target, and a rule for each code.

Written result by result. Probes that passed are only counted, in the run's properties: viewers show each result as an alert.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.model.result import Result
from corscheck.report.formats.json import separated
from corscheck.report.formats.problems import problems
from corscheck.report.text.audits import evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.item import Item
    from corscheck.report.formats.problems import Problem
    from corscheck.report.saved.saved import Saved

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SECURITY_SEVERITY = {"high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}
"""GitHub sorts alerts by these: high from 7.0, medium from 4.0, low above 0."""
INFORMATION = "https://github.com/corscheck/corscheck"


def render(saved: Saved) -> Iterator[str]:
    """Yield the document in pieces. The rules come last, when all codes are known."""
    yield f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{{"results": ['
    rules: dict[str, dict[str, Any]] = {}
    yield from separated(_results(saved, rules))
    yield "\n],\n" + json.dumps(_rest(saved, list(rules.values())))[1:] + "]}\n"


def _results(saved: Saved, rules: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the results, and collect the rules of their codes."""
    for item in saved.items():
        for problem in problems(item):
            if problem.code not in rules:
                rules[problem.code] = _rule(problem, item) if isinstance(item, Result) else _audit_rule(problem)
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


def _rule(problem: Problem, result: Result) -> dict[str, Any]:
    """Return the rule of a probe's code: the step of the standard, if the code is that of the deciding reason."""
    rule: dict[str, Any] = {"id": problem.code, "defaultConfiguration": {"level": problem.level}}
    reason = result.reason
    if reason is not None and reason.code == problem.code:
        rule["shortDescription"] = {"text": f"Decided by step {printable(reason.step)} of the Fetch Standard"}
        _add_help_uri(rule, reason.standard_url)
    else:
        rule["shortDescription"] = {"text": f"Not as expected: {problem.code}"}
    return rule


def _audit_rule(problem: Problem) -> dict[str, Any]:
    """Return the rule of a finding's code: its title and advice."""
    rule: dict[str, Any] = {
        "id": problem.code,
        "shortDescription": {"text": words.capital(problem.name) or problem.code},
        "defaultConfiguration": {"level": problem.level},
    }
    if problem.advice:
        rule["help"] = {"text": problem.advice}
    _add_help_uri(rule, problem.finding.help if problem.finding is not None else None)
    return rule


def _add_help_uri(rule: dict[str, Any], url: str | None) -> None:
    if url is not None and url.startswith("https://"):
        rule["helpUri"] = quote(printable(url), safe=":/?#[]@!$&'()*+,;=%")


def _weigh(rule: dict[str, Any], problem: Problem) -> None:
    """Give the rule of a finding's code the level and severity of the gravest finding with that code."""
    if problem.finding is None:
        return
    weight = SECURITY_SEVERITY[problem.finding.severity]
    properties = rule.setdefault("properties", {"tags": ["security"]})
    if float(weight) > float(properties.get("security-severity", -1)):
        properties["security-severity"] = weight
        rule["defaultConfiguration"] = {"level": problem.level}


def _result(problem: Problem, item: Item) -> dict[str, Any]:
    # Results have always escaped the line breaks of their advice here; findings have blanks instead.
    advice = problem.advice.replace("\n", "\\x0a" if isinstance(item, Result) else " ")
    text = f"{problem.title}: {problem.message}" + (f" {advice}" if advice else "")
    return {
        "ruleId": problem.code,
        "level": problem.level,
        "message": {"text": _message(text)},
        "partialFingerprints": {"corscheck/v1": problem.identity},
        "properties": _properties(problem, item),
        "locations": [_location(problem)],
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


def _location(problem: Problem) -> dict[str, Any]:
    logical = [{"fullyQualifiedName": problem.asked, "kind": "resource"}]
    if problem.place is None:
        return {"logicalLocations": logical}
    path, line = problem.place
    physical = {"artifactLocation": {"uri": _path_uri(path)}, "region": {"startLine": line}}
    return {"physicalLocation": physical, "logicalLocations": logical}


def _path_uri(path: str) -> str:
    quoted = quote(printable(path))
    return f"file:///{quoted.lstrip('/')}" if Path(path).is_absolute() else quoted
