"""SARIF 2.1.0: a result per problem, at the line of its check or target; a rule per code. Written result by result.

Probes that came as expected are counted in the run's properties and are no results: viewers show each result as an alert.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.report.formats import audit_problems
from corscheck.report.formats.problems import place, problem, request
from corscheck.report.text.audits import evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.report.formats.audit_problems import AuditProblem
    from corscheck.report.formats.problems import Problem
    from corscheck.report.saved.saved import Saved

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SECURITY_SEVERITY = {"high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}
"""GitHub sorts alerts by these: high from 7.0, medium from 4.0, low above 0."""
INFORMATION = "https://github.com/corscheck/corscheck"


def render(saved: Saved) -> Iterator[str]:
    """The document in pieces; the rules come last, when it is known which there are."""
    yield f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{{"results": ['
    rules: dict[str, dict[str, Any]] = {}
    separator = ""
    for result in saved.results():
        found = problem(result)
        if found is not None:
            rules.setdefault(found.code, _rule(found, result))
            yield f"{separator}\n" + json.dumps(_result(found, result))
            separator = ","
    for audit in saved.audits():
        for one in audit_problems.problems(audit):
            _weigh(rules.setdefault(one.code, _audit_rule(one)), one)
            yield f"{separator}\n" + json.dumps(_audit_result(one, audit))
            separator = ","
    yield "\n],\n" + json.dumps(_rest(saved, list(rules.values())))[1:] + "]}\n"


def _rest(saved: Saved, rules: list[dict[str, Any]]) -> dict[str, Any]:
    """All of the run but its results."""
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


def _rule(found: Problem, result: Result) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": found.code, "defaultConfiguration": {"level": "error" if found.error else "warning"}}
    reason = result.reason
    if reason is not None and reason.code == found.code:
        rule["shortDescription"] = {"text": f"Decided by step {printable(reason.step)} of the Fetch Standard"}
        if reason.standard_url is not None and reason.standard_url.startswith("https://"):
            rule["helpUri"] = _uri(reason.standard_url)
    else:
        rule["shortDescription"] = {"text": f"Not as expected: {found.code}"}
    return rule


def _result(found: Problem, result: Result) -> dict[str, Any]:
    advice = next((f.advice for f in result.findings if f.advice and f.severity != "info"), None)
    text = f"{found.title}: {found.message}" + (f" {printable(advice)}" if advice else "")
    out: dict[str, Any] = {
        "ruleId": found.code,
        "level": "error" if found.error else "warning",
        "message": {"text": _message(text)},
        "partialFingerprints": {"corscheck/v1": found.identity},
        "properties": {
            "verdict": result.verdict,
            "expected": result.expected,
            "origin": printable(result.origin),
            "url": printable(result.url),
            "method": printable(result.method),
        },
    }
    out["locations"] = [_location(request(result), place(result.check))]
    return out


def _message(text: str) -> str:
    # In a message "[text](1)" is a link.
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _location(name: str, where: tuple[str, int] | None) -> dict[str, Any]:
    logical = [{"fullyQualifiedName": name, "kind": "resource"}]
    if where is None:
        return {"logicalLocations": logical}
    path, line = where
    physical = {"artifactLocation": {"uri": _path_uri(path)}, "region": {"startLine": line}}
    return {"physicalLocation": physical, "logicalLocations": logical}


def _audit_rule(found: AuditProblem) -> dict[str, Any]:
    """The rule of a finding's code: its title and advice. Its weight is that of the gravest finding with the code."""
    rule: dict[str, Any] = {
        "id": found.code,
        "shortDescription": {"text": words.capital(found.name) or found.code},
        "defaultConfiguration": {"level": found.level},
    }
    finding = found.finding
    if found.advice:
        rule["help"] = {"text": found.advice}
    if finding is not None and finding.help is not None and finding.help.startswith("https://"):
        rule["helpUri"] = _uri(finding.help)
    return rule


def _weigh(rule: dict[str, Any], found: AuditProblem) -> None:
    if found.finding is None:
        return
    weight = SECURITY_SEVERITY[found.finding.severity]
    properties = rule.setdefault("properties", {"tags": ["security"]})
    if float(weight) > float(properties.get("security-severity", -1)):
        properties["security-severity"] = weight
        rule["defaultConfiguration"] = {"level": found.level}


def _audit_result(found: AuditProblem, audit: Audit) -> dict[str, Any]:
    finding = found.finding
    properties: dict[str, Any] = {"url": printable(audit.url)}
    asked = printable(audit.url)
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
        asked = printable(f"{finding.method} {finding.url}")
    text = f"{found.title}: {found.message}" + (
        f" {printable(found.advice.replace(chr(10), ' '))}" if found.advice else ""
    )
    return {
        "ruleId": found.code,
        "level": found.level,
        "message": {"text": _message(text)},
        "partialFingerprints": {"corscheck/v1": found.identity},
        "properties": properties,
        "locations": [_location(asked, audit_problems.place(audit))],
    }


def _path_uri(path: str) -> str:
    quoted = quote(printable(path))
    return f"file:///{quoted.lstrip('/')}" if Path(path).is_absolute() else quoted


def _uri(text: str) -> str:
    return quote(printable(text), safe=":/?#[]@!$&'()*+,;=%")
