"""SARIF as GitHub code scanning takes it: the required properties and limits of its page "SARIF support for code scanning"."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from msgspec.structs import replace

from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.report.formats import sarif
from corscheck.report.saved.saved import Saved
from tests.report import audit_samples, samples
from tests.report.saved_reports import EVERYTHING, in_policy, saved, text

REQUIRED = {
    "sarifLog": ("$schema", "version", "runs"),
    "run": ("tool.driver", "results"),
    "toolComponent": ("name", "rules"),
    "reportingDescriptor": ("id", "shortDescription.text", "fullDescription.text", "help.text"),
    "result": ("message.text", "locations", "partialFingerprints.primaryLocationLineHash"),
    "location": ("physicalLocation",),
    "physicalLocation": (
        "artifactLocation.uri",
        "region.startLine",
        "region.startColumn",
        "region.endLine",
        "region.endColumn",
    ),
}
"""The properties that the tables of the page mark as required. The empty string is not supported for them."""

LIMITS = {"name": 255, "shortDescription.text": 1024, "fullDescription.text": 1024}
RECOMMENDED = ("help.markdown", "properties.precision")
PRECISIONS = ("very-high", "high", "medium", "low")
SEVERITIES = ("error", "warning", "recommendation")

AUDITS = [getattr(audit_samples, name) for name in ("VULNERABLE", "UNREACHABLE")]
REPORTS = {
    "everything": saved(EVERYTHING, audits=AUDITS),
    "nothing is wrong": saved([samples.ALLOWED], status=0),
    "a file outside": saved([in_policy(samples.WILDCARD, url="https://[::1]:8443/a b?x")]),
}


def at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value[name]
    return value


def has(value: Any, kind: str) -> None:
    for path in REQUIRED[kind]:
        assert at(value, path) not in ("", None), (kind, path)


def run_of(report: Saved) -> dict[str, Any]:
    document = json.loads(text("sarif", report))
    has(document, "sarifLog")
    (run,) = document["runs"]
    found: dict[str, Any] = run
    return found


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_required_properties(report: Saved) -> None:
    run = run_of(report)
    has(run, "run")
    driver = run["tool"]["driver"]
    has(driver, "toolComponent")
    for rule in driver["rules"]:
        has(rule, "reportingDescriptor")
        for path in RECOMMENDED:
            assert at(rule, path)
        for path, most in LIMITS.items():
            assert len(at(rule, path)) <= most
        properties = rule["properties"]
        assert properties["precision"] in PRECISIONS
        if "security" in properties["tags"]:
            assert 0.0 <= float(properties["security-severity"]) <= 10.0
        else:
            assert properties["problem.severity"] in SEVERITIES
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for result in run["results"]:
        has(result, "result")
        assert result["ruleId"] in ids
        (location,) = result["locations"]
        has(location, "location")
        has(location["physicalLocation"], "physicalLocation")
        is_in_repository(location["physicalLocation"]["artifactLocation"]["uri"])


def is_in_repository(uri: str) -> None:
    """A relative reference without a scheme or authority (RFC 3986, section 4.2) that stays below the root."""
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", ""), uri
    assert parts.path == uri
    assert not uri.startswith("/")
    assert ":" not in uri.partition("/")[0]
    assert not {"", ".", ".."} & set(uri.split("/"))


@pytest.mark.parametrize("code", RECORDS)
def test_every_code_has_a_rule_of_the_registry(code: str) -> None:
    result = replace(samples.WILDCARD, reason=replace(samples.WILDCARD.reason, code=code))
    (rule,) = run_of(saved([result]))["tool"]["driver"]["rules"]
    has(rule, "reportingDescriptor")
    assert rule["id"] == code
    assert rule["shortDescription"]["text"].lower() == RECORDS[code].title.lower()
    assert RECORDS[code].advice in rule["help"]["text"]
    for path in ("name", "shortDescription.text", "fullDescription.text"):
        assert "Decided by" not in at(rule, path)
        assert len(at(rule, path)) <= LIMITS[path]
    assert rule["name"].isalnum()


def test_a_rule_does_not_depend_on_the_results() -> None:
    """GitHub: rules should be the same for different code bases analyzed with the same tool."""
    one, other = (
        run_of(saved([replace(samples.WILDCARD, url=f"https://{host}.example/")]))["tool"]["driver"]["rules"]
        for host in ("a", "b")
    )
    assert one == other


@pytest.mark.parametrize(
    ("where", "name", "uri"),
    [
        (".", "corscheck.toml", "corscheck.toml"),
        ("api/v1", "corscheck.toml", "api/v1/corscheck.toml"),
        ("api/v1", "../my checks.toml", "api/my checks.toml"),
        ("api", "{root}/corscheck.toml", "corscheck.toml"),
        ("api", "/elsewhere/corscheck.toml", "elsewhere/corscheck.toml"),
    ],
)
def test_files_are_named_from_the_root_of_the_repository(
    where: str, name: str, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / where).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(root / where)
    check = in_policy(samples.WILDCARD).check
    assert check is not None
    named = replace(check, file=name.format(root=os.fspath(root)))
    (result,) = run_of(saved([replace(samples.WILDCARD, check=named)]))["results"]
    found = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    is_in_repository(found)
    assert unquote(found) == uri


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("https://api.example.com/data", "api.example.com/data"),
        ("https://api.example.com/data?x=1", "api.example.com/data"),
        ("http://localhost:8000/a/../b", "localhost:8000/a/b"),
        ("http://[::1]/", "[::1]"),
    ],
)
def test_a_result_without_a_file_has_a_path_made_of_its_url(url: str, uri: str) -> None:
    (result,) = run_of(saved([replace(samples.WILDCARD, url=url)]))["results"]
    found = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    is_in_repository(found)
    assert unquote(found) == uri


def test_github_refuses_more_results_than_this(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is 25,000 results per run; a smaller one is quicker to test."""
    assert sarif.MOST_RESULTS == 25_000
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    run = run_of(saved(replace(samples.WILDCARD, url=f"https://a.example/{i}") for i in range(5)))
    assert len(run["results"]) == 3
    assert run["properties"]["left_out"] == 2
    assert "left_out" not in run_of(saved([samples.WILDCARD]))["properties"]
