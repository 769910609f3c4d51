"""Every format against its published schema, on the same saved reports; what each says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree
from msgspec.structs import replace

from corscheck.model.result import EngineVerdict, Observation
from corscheck.report.formats import github, registry
from corscheck.report.saved.load import load
from corscheck.report.saved.saved import Saved
from tests.report import samples
from tests.report.saved_reports import EVERYTHING, in_policy, on_disk, saved, text

SCHEMAS = Path(__file__).resolve().parents[1] / "data" / "schemas"
SARIF = json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))
GITLAB = json.loads((SCHEMAS / "gitlab-code-quality.json").read_text("utf-8"))
JUNIT = etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd"))

REPORTS = {
    "all that there is": saved(EVERYTHING),
    "reproducible": saved(EVERYTHING, None),
    "all is well": saved([samples.ALLOWED], status=0),
    "nothing": saved([], status=2),
}


def is_junit(text: str) -> etree._Element:
    root = etree.fromstring(text.encode())
    assert JUNIT.validate(root), JUNIT.error_log
    return root


def is_sarif(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    jsonschema.Draft4Validator(SARIF).validate(document)
    return document


def is_gitlab(text: str) -> list[dict[str, Any]]:
    document: list[dict[str, Any]] = json.loads(text)
    jsonschema.Draft202012Validator(GITLAB).validate(document)
    fingerprints = [issue["fingerprint"] for issue in document]
    assert len(set(fingerprints)) == len(fingerprints)
    return document


def is_html(text: str) -> etree._Element:
    return etree.HTML(text)


CHECKS = {"junit": is_junit, "sarif": is_sarif, "gitlab": is_gitlab, "html": is_html, "json": json.loads}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
@pytest.mark.parametrize("form", registry.WRITERS)
@pytest.mark.parametrize("name", ["report.json", "report.jsonl"])
def test_the_same_saved_report_renders_to_every_format(form: str, report: Saved, name: str, tmp_path: Path) -> None:
    """From a run and from disk alike, and valid. Fingerprints are unique only if no question is asked twice."""
    made = text(form, report)
    assert made == text(form, load(str(on_disk(tmp_path / name, report))))
    if form == "gitlab" and "DIFFERS" in made:
        return
    CHECKS.get(form, str)(made)


def test_the_schemas_refuse_what_is_wrong() -> None:
    """A check that cannot fail checks nothing."""
    sarif = json.loads(text("sarif", REPORTS["all that there is"]))
    sarif["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        is_sarif(json.dumps(sarif))
    with pytest.raises(jsonschema.ValidationError):
        is_gitlab('[{"description": "x"}]')
    assert not JUNIT.validate(etree.fromstring(b"<testsuites><testcase/></testsuites>"))


def test_junit_counts_what_failed_and_what_could_not_be_judged() -> None:
    root = is_junit(text("junit", saved([samples.ALLOWED, samples.WILDCARD, samples.REFUSED, samples.PREFLIGHT_ONLY])))
    assert dict(root.attrib) == {"name": "corscheck", "tests": "4", "failures": "1", "errors": "1"}
    cases = root.findall(".//testcase")
    assert [[child.tag for child in case] for case in cases] == [[], ["failure"], ["error"], ["system-out"]]
    assert cases[1][0].get("type") == "CORS302"
    assert "  FAIL" in (cases[1][0].text or "")
    assert "BLOCKED" in (cases[1][0].text or "")
    assert (cases[3][0].text or "").startswith("allowed*: The preflight allows it; PUT itself was not sent")
    properties = {p.get("name"): p.get("value") for p in root.findall(".//property")}
    assert properties["allowed_preflight_only"] == "1"


def test_sarif_is_located_at_the_check() -> None:
    run = is_sarif(text("sarif", saved([in_policy(samples.WILDCARD), samples.REFUSED, samples.ALLOWED])))["runs"][0]
    first, second = run["results"]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "corscheck.toml"},
        "region": {"startLine": 12, "startColumn": 1, "endLine": 12, "endColumn": 2},
    }
    assert (first["ruleId"], first["level"]) == ("CORS302", "error")
    assert (second["ruleId"], second["level"]) == ("CORS902", "warning")
    assert second["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "localhost%3A8000/data"}
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["CORS302", "CORS902"]
    assert run["properties"]["summary"]["total"] == 3


def test_gitlab_takes_what_is_wrong_only() -> None:
    first, second = is_gitlab(text("gitlab", saved([samples.ALLOWED, in_policy(samples.WILDCARD), samples.REFUSED])))
    assert first["location"] == {"path": "corscheck.toml", "lines": {"begin": 12}}
    assert (first["severity"], second["severity"]) == ("critical", "minor")
    assert second["location"]["path"] == "localhost:8000/data"


def test_a_fingerprint_does_not_depend_on_the_run() -> None:
    one = is_gitlab(text("gitlab", saved([samples.WILDCARD])))
    other = is_gitlab(text("gitlab", saved([samples.ALLOWED, samples.WILDCARD], None)))
    assert one == other


@pytest.mark.parametrize(
    ("result", "code", "said"),
    [
        (samples.WILDCARD, "CORS302", "exact origin"),
        (replace(samples.ALLOWED, expected="blocked", passed=False), "expected-blocked", "Expected blocked"),
        (samples.ENGINES_DIFFER, "CORS407", "Firefox blocks it."),
        (replace(samples.ALLOWED, passed=False), "expectation", "something else that was expected"),
        (
            replace(
                samples.ALLOWED,
                observed=Observation("firefox", "128", "blocked", agrees=False, differences=("verdict: blocked",)),
            ),
            "browser-differs",
            "Firefox was seen to differ: verdict: blocked",
        ),
    ],
    ids=["blocked", "expected otherwise", "another engine", "another expectation", "seen to differ"],
)
def test_every_kind_of_problem_has_its_code(result: Any, code: str, said: str) -> None:
    (issue,) = is_gitlab(text("gitlab", saved([result])))
    assert issue["check_name"] == code
    assert said in issue["description"]


# ---------------------------------------------------------------------- GitHub


def test_an_annotation_per_check_and_code() -> None:
    results = [in_policy(samples.WILDCARD, origin=f"https://{i}.example") for i in range(30)]
    (line,) = text("github", saved(results)).splitlines()
    assert line.startswith(
        "::error file=corscheck.toml,line=12,title=orders%3A BLOCKED GET http%3A//localhost%3A8000/data"
    )
    assert "[CORS302]%0A" in line
    assert line.endswith("%0Aand 29 more like it")


@pytest.mark.parametrize(("count", "errors", "more"), [(9, 9, 0), (10, 10, 0), (11, 10, 2), (400, 10, 391)])
def test_no_more_annotations_than_github_shows(count: int, errors: int, more: int) -> None:
    results = [in_policy(samples.WILDCARD, line=i + 1, name=f"check {i}") for i in range(count)]
    results += [in_policy(samples.REFUSED, line=i + 1, name=f"other {i}") for i in range(count)]
    lines = text("github", saved(results)).splitlines()
    assert sum(line.startswith("::error ") for line in lines) == errors
    assert sum(line.startswith("::warning ") for line in lines) == errors
    assert len(lines) == 2 * errors
    assert (f"{more} more of these" in lines[errors - 1]) == bool(more)


def test_a_new_summary_is_its_owners(tmp_path: Path) -> None:
    github.add_summary(saved([samples.ALLOWED]), str(tmp_path / "new"))
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "already", [0, 1000, github.SUMMARY_BYTES - 3000, github.SUMMARY_BYTES, github.SUMMARY_BYTES + 5]
)
def test_the_summary_never_exceeds_what_github_takes(already: int, tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_bytes(b"x" * already)
    results = (
        replace(samples.ALLOWED, url=f"{samples.URL}/{i}", origin=f"https://{i}" + "o" * 700) for i in range(9000)
    )
    github.add_summary(saved([*results, samples.WILDCARD]), str(path))
    written = path.read_bytes()
    assert written.startswith(b"x" * already)
    assert len(written) <= max(github.SUMMARY_BYTES, already)
    if already < 2000:
        assert b"results are not shown here" in written
        assert b"### Why" in written
        assert len(written) > github.SUMMARY_BYTES * 0.9


@pytest.mark.parametrize(
    ("line", "inert"),
    [
        ("ALLOWED", "ALLOWED"),
        ("a :: b", "a :: b"),
        ("::set-env name=X::y", "\\x3a:set-env name=X::y"),
        ("   ::error::x", "   \\x3a:error::x"),
        ("x ##[add-mask]y", "x ##\\x5badd-mask]y"),
    ],
)
def test_nothing_else_that_is_printed_is_a_command(line: str, inert: str) -> None:
    assert github.inert(line) == inert


# ---------------------------------------------------------------------- Markdown


def test_markdown_shows_matrix_and_causes() -> None:
    lines = text("markdown", saved(samples.MATRIX)).splitlines()
    assert lines[0] == "## ❌ corscheck: FAILED"
    assert "| origin | GET `/orders` | PUT `/orders` |" in lines
    assert "| `https://staging.example.com` | ✅ allowed | ❌ **BLOCKED** 1 |" in lines
    assert "**1.** Method PUT is not in Access-Control-Allow-Methods (preflight:7.5)." in lines


def test_differing_engines_are_told() -> None:
    result = replace(samples.ENGINES_DIFFER, engines=samples.engines(firefox=EngineVerdict("blocked", "recorded")))
    assert "**UNMET** 1" in text("markdown", saved([result]))
