"""An advice of several lines in every format: sentences stay sentences, commands can be copied, nothing is escaped."""

from __future__ import annotations

import html
import json
import re

import pytest
from lxml import etree
from msgspec.structs import replace

from corscheck.model.audits import Audit
from corscheck.model.result import Result
from corscheck.report.formats.advice import AdvicePart, advice_parts
from corscheck.report.formats.registry import WRITERS
from corscheck.report.saved.saved import Saved
from tests.report import audit_samples, samples
from tests.report.saved_reports import saved, text

COMMAND = "corscheck fix --for fastapi http://localhost:8000/data --origin 'https://a.example' -X PUT"
ADVICE = f"Add the method PUT to the list.\nIf this is FastAPI:\n  {COMMAND}"
SETTINGS = 'In CORSMiddleware:\n  allow_methods=["PUT"],\n  allow_headers=[\n    "X-Tenant",\n  ],'
CONTROL = re.compile(r"\\x0a|\\u000a|\\x0A")
"""A line break that somebody spelled out."""


def with_advice(advice: str) -> Result:
    return replace(samples.WILDCARD, findings=(replace(samples.WILDCARD.findings[0], advice=advice),))


def audited(advice: str) -> Audit:
    finding = replace(audit_samples.REFLECTED, advice=advice)
    return replace(audit_samples.VULNERABLE, findings=(finding,))


def both(advice: str) -> list[Saved]:
    return [saved([with_advice(advice)]), saved(audits=[audited(advice)])]


def test_parts() -> None:
    assert advice_parts(ADVICE) == [
        AdvicePart("Add the method PUT to the list.", is_code=False),
        AdvicePart("If this is FastAPI:", is_code=False),
        AdvicePart(COMMAND, is_code=True),
    ]
    assert advice_parts(SETTINGS)[1].text == 'allow_methods=["PUT"],\nallow_headers=[\n  "X-Tenant",\n],'
    assert advice_parts(None) == advice_parts("") == []


@pytest.mark.parametrize(
    "report", [*both(ADVICE), *both(SETTINGS)], ids=["probe", "audit", "settings", "audit, settings"]
)
@pytest.mark.parametrize("form", sorted(set(WRITERS) - {"har"}))
def test_no_line_break_is_spelled_out(form: str, report: Saved) -> None:
    made = text(form, report)
    assert not CONTROL.search(made.replace("\\\\", "\\"))


@pytest.mark.parametrize("report", both(ADVICE), ids=["probe", "audit"])
def test_json_keeps_it_as_it_is(report: Saved) -> None:
    for form in ("json", "jsonl"):
        assert json.dumps(ADVICE)[1:-1] in text(form, report)


@pytest.mark.parametrize("report", both(ADVICE), ids=["probe", "audit"])
def test_html_has_a_block_for_the_command(report: Saved) -> None:
    page = etree.HTML(text("html", report))
    (fix,) = page.xpath("//article/div[@class='fix']")
    assert [e.text for e in fix.iter("p")] == ["Add the method PUT to the list.", "If this is FastAPI:"]
    assert [e.text for e in fix.iter("pre")] == [COMMAND]


@pytest.mark.parametrize("report", both(SETTINGS), ids=["probe", "audit"])
def test_settings_keep_their_lines(report: Saved) -> None:
    code = 'allow_methods=["PUT"],\nallow_headers=[\n  "X-Tenant",\n],'
    page = etree.HTML(text("html", report))
    assert [e.text for e in page.xpath("//article/div[@class='fix']/pre")] == [code]
    # They are not for a shell.
    assert f"```text\n{code}\n```\n" in text("markdown", report)


def test_an_ellipsis_is_a_word() -> None:
    shown = text("markdown", saved([with_advice("In your CORSMiddleware (... stands for the current values):")]))
    assert "In your CORSMiddleware (... stands for the current values):" in shown


def test_html_details_have_it_too() -> None:
    made = text("html", saved([with_advice(ADVICE)]))
    details = made.partition('<div id="details">')[2]
    assert f'<pre class="command">{html.escape(COMMAND, quote=True)}</pre>' in details.replace(
        "&#34;", "&quot;"
    ).replace("&#39;", "&#x27;")


@pytest.mark.parametrize("report", both(ADVICE), ids=["probe", "audit"])
def test_markdown_has_a_fence_for_the_command(report: Saved) -> None:
    made = text("markdown", report)
    assert f"**Fix:** Add the method PUT to the list.\n\nIf this is FastAPI:\n\n```sh\n{COMMAND}\n```\n" in made


@pytest.mark.parametrize("report", both(ADVICE), ids=["probe", "audit"])
def test_sarif_has_plain_lines_and_a_fence(report: Saved) -> None:
    (result,) = json.loads(text("sarif", report))["runs"][0]["results"]
    # SARIF 2.1.0, 3.11.5: brackets and backslashes of a message are escaped; these lines have none.
    assert result["message"]["text"].endswith(f"\n{ADVICE}")
    assert f"```sh\n{COMMAND}\n```" in result["message"]["markdown"]


@pytest.mark.parametrize("report", both(ADVICE), ids=["probe", "audit"])
def test_junit_has_the_command_in_a_line(report: Saved) -> None:
    (problem,) = etree.fromstring(text("junit", report).encode()).iter("failure")
    assert COMMAND in [line.strip() for line in (problem.text or "").splitlines()]
    assert "\n" not in (problem.get("message") or "")


@pytest.mark.parametrize("report", both(ADVICE), ids=["probe", "audit"])
def test_github_has_it_in_lines(report: Saved) -> None:
    (line,) = text("github", report).splitlines()
    lines = line.rpartition("::")[2].replace("%25", "%").split("%0A")
    assert f"  {COMMAND}" in lines


@pytest.mark.parametrize("report", both(ADVICE), ids=["probe", "audit"])
def test_gitlab_has_a_line_without_it(report: Saved) -> None:
    (issue,) = json.loads(text("gitlab", report))
    assert "\n" not in issue["description"]
    assert COMMAND not in issue["description"]
