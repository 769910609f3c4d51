"""The terminal's views of audits: at 80 columns, without colour."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from corscheck.cli.show import sinks
from corscheck.model.audits import Audit
from corscheck.report.saved.summary import Summary
from corscheck.report.text.audits import quiet, render
from corscheck.report.text.view import View
from tests.report import audit_samples as audits
from tests.report import samples


@pytest.mark.parametrize("name", audits.SINGLE)
def test_view(name: str, snapshot: SnapshotAssertion) -> None:
    assert "\n".join(render(audits.SINGLE[name], View())) == snapshot


@pytest.mark.parametrize("name", audits.SINGLE)
def test_quiet_lines(name: str, snapshot: SnapshotAssertion) -> None:
    assert "\n".join(quiet(audits.SINGLE[name])) == snapshot


def test_a_clean_target_is_passed_over_in_silence() -> None:
    assert quiet(audits.CLEAN) == []


@pytest.mark.parametrize("name", audits.SINGLE)
@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_fits(name: str, width: int) -> None:
    """Nothing is wider than the terminal but what cannot be broken: a URL or an origin."""
    for text in render(audits.SINGLE[name], View(width=width)):
        if len(text) > width:
            assert len(text.split()) == 1, text


def test_colour_changes_no_word() -> None:
    for audit in audits.EVERYTHING:
        colored = "\n".join(render(audit, View(color=True)))
        assert "\x1b[" in colored
        assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == "\n".join(render(audit, View()))


def shown(sink: sinks.Viewed, capsys: pytest.CaptureFixture[str], *found: Audit, probe: bool = False) -> str:
    summary = Summary()
    if probe:
        sink.add(samples.ALLOWED)  # type: ignore[attr-defined]
        summary.add(samples.ALLOWED)
    for audit in found:
        sink.add(audit)
        summary.add(audit)
    sink.finish(summary)  # type: ignore[attr-defined]
    return capsys.readouterr().out


def test_many_targets(capsys: pytest.CaptureFixture[str], snapshot: SnapshotAssertion) -> None:
    assert shown(sinks.AuditList(View()), capsys, *audits.EVERYTHING) == snapshot


def test_one_target_needs_no_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(sinks.Full(View(), None), capsys, audits.CLEAN).endswith("\nPASSED  Nothing found.\n")


@pytest.mark.parametrize("kind", [sinks.Full, sinks.Grid])
def test_audits_beside_probes(kind: type[sinks.Viewed], capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(kind(View(), "allowed"), capsys, audits.CLEAN, audits.UNREACHABLE, probe=True)
    assert said.index(samples.URL) < said.index(audits.CLEAN.url) < said.index(audits.UNREACHABLE.url)
    assert said.endswith(
        "\n\nINCONCLUSIVE  1 of 1 allowed; it was expected allowed. 1 of 2 targets could not\n"
        "              be audited; nothing found with 29 requests.\n"
    )


TOTALS = {
    "PASSED  2 targets audited with 56 requests: nothing found.": (audits.CLEAN, audits.CLEAN),
    "PASSED  2 targets audited with 29 requests: 1 low, 1 info found.": (audits.CLEAN, audits.MINOR),
    "FAILED  1 of 2 targets vulnerable; 1 high, 1 medium, 1 low, 1 info found with 62 requests.": (
        audits.VULNERABLE, audits.CLEAN,
    ),
    "FAILED  1 of 2 targets vulnerable, 1 could not be audited; 1 high found with 13 requests.": (
        audits.UNREACHABLE, audits.BROKEN_OFF,
    ),
    "INCONCLUSIVE  1 of 1 target could not be audited; nothing found with 1 request.": (audits.UNREACHABLE,),
    "PASSED  1 target audited with 34 requests: 1 info found.": (audits.EXCUSED,),
}  # fmt: skip


@pytest.mark.parametrize(("said", "found"), TOTALS.items(), ids=TOTALS)
def test_totals(said: str, found: tuple[Audit, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(sinks.AuditList(View(width=120)), capsys, *found).splitlines()[-1] == said


def test_an_interrupted_audit_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    sink = sinks.Full(View(), None)
    sink.finish(Summary(audits=1, interrupted=True))
    assert capsys.readouterr().out.startswith("INTERRUPTED  1 target audited with 0 requests")


def test_a_long_line_of_evidence_is_cut() -> None:
    long = replace(audits.REFLECTED, evidence="Access-Control-Allow-Headers: " + "x" * 5000)
    (line,) = [
        text for text in render(replace(audits.VULNERABLE, findings=(long,)), View()) if text.strip().startswith("x")
    ]
    assert line.endswith("…")
    assert len(line) < 1100
