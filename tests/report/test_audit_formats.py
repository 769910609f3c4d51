"""Audits in every format: against the published schemas, and what each says of findings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from msgspec.structs import replace

from corscheck.report.formats import github, registry
from corscheck.report.saved.load import load
from corscheck.report.saved.saved import Saved
from corscheck.report.saved.schema import schema
from tests.report import audit_samples as audits
from tests.report import samples
from tests.report.saved_reports import on_disk, saved, text
from tests.report.test_formats import CHECKS, is_gitlab, is_junit, is_sarif

REPORTS = {
    "all audits": saved(audits=[replace(a, url=f"{a.url}?{n}") for n, a in enumerate(audits.EVERYTHING)]),
    "reproducible": saved(run=None, audits=[audits.VULNERABLE]),
    "with probes": saved(samples.MATRIX, audits=[audits.VULNERABLE, audits.UNREACHABLE]),
    "clean": saved(audits=[audits.CLEAN], status=0),
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
@pytest.mark.parametrize("form", registry.WRITERS)
@pytest.mark.parametrize("name", ["report.json", "report.jsonl"])
def test_the_same_saved_report_renders_to_every_format(form: str, report: Saved, name: str, tmp_path: Path) -> None:
    made = text(form, report)
    assert made == text(form, load(str(on_disk(tmp_path / name, report))))
    CHECKS.get(form, str)(made)


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_reports_fit_our_own_schema(report: Saved) -> None:
    document = schema()
    jsonschema.Draft202012Validator(document).validate(json.loads(text("json", report)))
    lines = jsonschema.Draft202012Validator({"$ref": "#/$defs/Line", "$defs": document["$defs"]})
    for line in text("jsonl", report).splitlines():
        lines.validate(json.loads(line))


def test_the_schema_refuses_an_audit_that_is_none() -> None:
    document = json.loads(text("json", REPORTS["clean"]))
    document["audits"][0]["fail_on"] = "sometimes"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(document)


# ---------------------------------------------------------------------- SARIF


def test_sarif_levels_and_places() -> None:
    run = is_sarif(text("sarif", saved(audits=[audits.VULNERABLE, audits.UNREACHABLE])))["runs"][0]
    found = [(r["ruleId"], r["level"], r["properties"].get("security-severity")) for r in run["results"]]
    assert found == [
        ("CORS801", "error", "8.0"),
        ("CORS803", "error", "5.5"),
        ("CORS828", "warning", "3.0"),
        ("CORS802", "note", "0.0"),
        ("not-audited", "warning", None),
    ]
    first, last = run["results"][0], run["results"][-1]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "targets.txt"},
        "region": {"startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 2},
    }
    assert last["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "down.example.com"}
    assert first["properties"]["origin"] == "https://kq3v9x.example"
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    properties = {"tags": ["security"], "precision": "very-high", "security-severity": "8.0"}
    assert rules["CORS801"]["shortDescription"]["text"] == "Reflected origin"
    assert rules["CORS801"]["properties"] == properties
    assert rules["CORS801"]["defaultConfiguration"] == {"level": "error"}
    assert "security-severity" not in rules["not-audited"]["properties"]


def test_a_rule_weighs_as_much_as_its_gravest_finding() -> None:
    mild = replace(audits.REFLECTED, severity="low", credentials=False)
    for findings in ((mild, audits.REFLECTED), (audits.REFLECTED, mild)):
        audit = replace(audits.VULNERABLE, findings=findings)
        run = is_sarif(text("sarif", saved(audits=[audit])))["runs"][0]
        (rule,) = run["tool"]["driver"]["rules"]
        assert (rule["properties"]["security-severity"], rule["defaultConfiguration"]["level"]) == ("8.0", "error")


def relabelled() -> list[dict[str, object]]:
    """The fingerprints of a run, and of another whose origins and error page have other labels."""
    other = json.loads(json.dumps(audits.VULNERABLE.to_dict()).replace("kq3v9x", "zz91aa").replace("2b8f0a", "77ffee"))
    assert other["findings"][0]["origin"] == "https://zz91aa.example"
    return [audits.VULNERABLE.to_dict(), other]


def test_fingerprints_know_nothing_of_made_up_labels() -> None:
    from corscheck.model.audits import Audit
    from corscheck.model.json import decode

    one, other = (saved(audits=[decode(a, Audit)]) for a in relabelled())
    prints = [
        [r["partialFingerprints"] for r in is_sarif(text("sarif", report))["runs"][0]["results"]]
        for report in (one, other)
    ]
    assert prints[0] == prints[1]
    assert len({str(p) for p in prints[0]}) == 4
    issues = [[i["fingerprint"] for i in is_gitlab(text("gitlab", report))] for report in (one, other)]
    assert issues[0] == issues[1]


@pytest.mark.parametrize(
    "changes", [{"code": "CORS809"}, {"method": "PUT"}, {"credentials": False}], ids=["code", "method", "credentials"]
)
def test_another_finding_has_another_fingerprint(changes: dict[str, object]) -> None:
    one, other = (
        is_gitlab(text("gitlab", saved(audits=[replace(audits.VULNERABLE, findings=(finding,))])))[0]["fingerprint"]
        for finding in (audits.REFLECTED, replace(audits.REFLECTED, **changes))  # type: ignore[arg-type]
    )
    assert one != other


def test_two_of_a_kind_are_told_apart() -> None:
    """Two origins of one class at one target: other characters, say."""
    two = (audits.REFLECTED, replace(audits.REFLECTED, origin="https://other.example"))
    issues = is_gitlab(text("gitlab", saved(audits=[replace(audits.VULNERABLE, findings=two)])))
    assert len(issues) == 2


# ---------------------------------------------------------------------- JUnit, GitLab


def test_junit_has_a_case_per_audit() -> None:
    chosen = [audits.VULNERABLE, audits.CLEAN, audits.MINOR, audits.UNREACHABLE, audits.BROKEN_OFF]
    root = is_junit(text("junit", saved([samples.ALLOWED], audits=chosen)))
    assert dict(root.attrib) == {"name": "corscheck", "tests": "6", "failures": "2", "errors": "1"}
    cases = root.findall(".//testcase")
    assert [[child.tag for child in case] for case in cases] == [
        [], ["failure"], [], ["system-out"], ["error"], ["failure"],
    ]  # fmt: skip
    failure = cases[1][0]
    assert failure.get("type") == "CORS801"
    assert failure.get("message") == "VULNERABLE 1 high, 1 medium, 1 low, 1 info."
    said = failure.text or ""
    assert "CORS801" in said
    assert "CORS803" in said
    assert "CORS828" not in said
    assert "down.example.com:443 refused the connection" in (cases[4][0].text or "")


def test_gitlab_severities_and_places() -> None:
    issues = is_gitlab(text("gitlab", saved(audits=[audits.VULNERABLE, audits.UNREACHABLE])))
    assert [i["severity"] for i in issues] == ["critical", "major", "minor", "info", "minor"]
    assert issues[0]["location"] == {"path": "targets.txt", "lines": {"begin": 3}}
    assert issues[4]["location"]["path"] == "down.example.com/"


def test_what_is_excused_is_no_alert() -> None:
    report = saved(audits=[audits.EXCUSED])
    assert [i["check_name"] for i in is_gitlab(text("gitlab", report))] == ["CORS802"]
    assert [r["ruleId"] for r in is_sarif(text("sarif", report))["runs"][0]["results"]] == ["CORS802"]
    assert "CORS801" not in text("github", report)


def test_an_unstable_audit_fails_in_every_format() -> None:
    """It has no finding that fails, and does not pass either."""
    report = saved(audits=[audits.UNSTABLE])
    assert [(i["check_name"], i["severity"]) for i in is_gitlab(text("gitlab", report))] == [
        ("CORS802", "info"), ("unstable", "major"),
    ]  # fmt: skip
    run = is_sarif(text("sarif", report))["runs"][0]
    assert [(r["ruleId"], r["level"]) for r in run["results"]] == [("CORS802", "note"), ("unstable", "error")]
    root = is_junit(text("junit", report))
    assert (root.get("failures"), root.get("errors")) == ("1", "0")
    assert [f.get("type") for f in root.iter("failure")] == ["unstable"]
    assert any(line.startswith("::error title=UNSTABLE ") for line in text("github", report).splitlines())
    page = CHECKS["html"](text("html", report))
    assert [p.text for p in page.findall(".//section/p[@class='statement']/span")] == ["UNSTABLE"]
    assert [r.get("class") for r in page.findall(".//rect")] == ["fail"]
    markdown = text("markdown", report)
    assert "❌ **UNSTABLE** The responses differ" in markdown
    assert "PASSED" not in markdown


# ---------------------------------------------------------------------- GitHub, Markdown, HTML


def test_annotations() -> None:
    lines = text("github", saved(audits=[audits.VULNERABLE, audits.UNREACHABLE])).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::warning", "::warning", "::notice"]
    assert lines[0].startswith(
        "::error file=targets.txt,line=3,title=HIGH reflected origin%3A https%3A//api.example.com/me::Any web page"
    )
    assert "Sent: Origin: https://kq3v9x.example [CORS801]%0ACompare the origin" in lines[0]
    assert lines[3].startswith("::warning title=INCONCLUSIVE https%3A//down.example.com/::Not audited: down.example")


def test_findings_of_one_code_are_one_annotation() -> None:
    many = tuple(replace(audits.REFLECTED, origin=f"https://{n}.example") for n in range(5))
    (line,) = text("github", saved(audits=[replace(audits.VULNERABLE, findings=many)])).splitlines()
    assert line.endswith("%0Aand 4 more like it")


def test_the_summary_never_exceeds_what_github_takes(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    many = (replace(audits.VULNERABLE, url=f"https://api.example.com/{n}") for n in range(1200))
    github.add_summary(saved([samples.WILDCARD], audits=many), str(path))
    written = path.read_bytes()
    assert github.SUMMARY_BYTES * 0.9 < len(written) <= github.SUMMARY_BYTES
    assert re.search(rb"_\d+ results are not shown here", written)
    assert b"### Why" in written


def test_markdown() -> None:
    lines = text("markdown", saved(audits=[audits.VULNERABLE, audits.CLEAN])).splitlines()
    assert lines[0] == "## ❌ corscheck: FAILED"
    assert "1 of 2 targets vulnerable; 1 high, 1 medium, 1 low, 1 info found with 62 requests." in lines
    assert "### Audit of `https://api.example.com/me`" in lines
    assert "❌ **VULNERABLE** 1 high, 1 medium, 1 low, 1 info." in lines
    assert "**HIGH** `CORS801` reflected origin (`https://kq3v9x.example`)" in lines
    assert "**Fix:** Compare the origin with a list of the origins that are meant, whole and exactly." in lines
    assert "Access-Control-Allow-Credentials: true" in lines
    assert "✅ **PASSED** Nothing found." in lines


def test_html() -> None:
    root = CHECKS["html"](text("html", saved(audits=[audits.VULNERABLE, audits.CLEAN, audits.UNREACHABLE])))
    sections = root.findall(".//section")
    assert [s.find("h2").text for s in sections] == [
        "https://api.example.com/me", "https://www.example.com/", "https://down.example.com/",
    ]  # fmt: skip
    assert [s.findtext("p[@class='statement']/span") for s in sections] == ["VULNERABLE", "PASSED", "INCONCLUSIVE"]
    articles = sections[0].findall("article")
    assert [a.findtext("h3/span") for a in articles] == ["HIGH", "MEDIUM", "LOW", "INFO"]
    assert "Access-Control-Allow-Origin: https://kq3v9x.example" in (articles[0].findtext("pre") or "")
    assert [r.get("class") for r in root.findall(".//rect")] == ["pass", "unsure", "fail"]
