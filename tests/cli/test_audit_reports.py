"""Audits on the command line: a session, its views and reports, shown again, compared and repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from corscheck.cli.run_loop import Session
from corscheck.cli.show import sinks
from corscheck.cli.show.outputs import OutputOptions
from corscheck.model.audits import Audit
from corscheck.report.saved.load import load
from tests.cli.fakes import Command, Runner
from tests.report import audit_samples as audits
from tests.report import samples
from tests.report.saved_reports import on_disk, saved


@pytest.fixture(autouse=True)
def outside_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


# ---------------------------------------------------------------------- run


def test_a_session_of_audits(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = ("junit", "sarif", "gitlab", "html", "markdown", "json", "jsonl")
    wanted = OutputOptions(reports=tuple(f"{name}:{tmp_path / name}" for name in names), color="never")
    session = Session(wanted.audit_sinks(2))

    def ask(take: Callable[[Audit], None]) -> None:
        take(audits.VULNERABLE)
        take(replace(audits.CLEAN, index=1))

    assert session.run(ask) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)
    assert json.loads((tmp_path / "json").read_text())["summary"]["exit_status"] == 1
    assert [a.url for a in load(str(tmp_path / "jsonl")).audits()] == [audits.URL, audits.CLEAN.url]
    shown = capsys.readouterr().out
    assert "VULNERABLE  1 high" in shown
    assert "  PASSED        https://www.example.com/" in shown


@pytest.mark.parametrize("argv", [(), ("-v",), ("-q",)], ids=["", "-v", "-q"])
@pytest.mark.parametrize("found", [audits.EVERYTHING, audits.EVERYTHING[:1]], ids=["many", "one"])
def test_show_is_what_the_run_showed(
    found: tuple[Audit, ...],
    argv: tuple[str, ...],
    command: Command,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    wanted = OutputOptions(quiet="-q" in argv, verbose="-v" in argv, color="never", jsonl=str(tmp_path / "r.jsonl"))
    session = Session(wanted.audit_sinks(len(found)))

    def ask(take: Callable[[Audit], None]) -> None:
        for index, audit in enumerate(found):
            take(replace(audit, index=index))

    session.run(ask)
    first = capsys.readouterr().out
    done = command("report", "show", str(tmp_path / "r.jsonl"), *argv, "--color", "never")
    assert (done.status, done.stdout, done.stderr) == (0, first, "")


def test_nothing_audited(capsys: pytest.CaptureFixture[str]) -> None:
    assert Session([sinks.Quiet()]).run(lambda take: None) == 2


def test_a_report_of_audits_is_a_list_of_targets(command: Command, fake: Runner, tmp_path: Path) -> None:
    path = on_disk(tmp_path / "r.jsonl", saved([samples.ALLOWED], audits=[audits.VULNERABLE, audits.CLEAN]))
    done = command("probe", "--targets", str(path), "--origin", "https://app.example")
    assert done.status == 0
    assert [p.url for p in fake.probes] == [samples.URL, audits.URL, audits.CLEAN.url]
    assert [p.origin for p in fake.probes] == [samples.PAGE, "https://app.example", "https://app.example"]


# ---------------------------------------------------------------------- compared

WORSE = replace(audits.MINOR, url=audits.URL, findings=(audits.REFLECTED, audits.METHODS), passed=False)
BETTER = replace(audits.MINOR, url=audits.URL, findings=(audits.METHODS,))
OTHER_LABEL = replace(WORSE, findings=(replace(audits.REFLECTED, origin="https://other.example"), audits.METHODS))
UNAUDITED = replace(audits.UNREACHABLE, url=audits.URL)


@pytest.mark.parametrize(
    ("old", "new", "status", "said"),
    [
        (WORSE, WORSE, 0, "SAME  Of 1 audit compared, findings: 0 new, 0 gone, 2 the same."),
        (WORSE, OTHER_LABEL, 0, "SAME  Of 1 audit compared, findings: 0 new, 0 gone, 2 the same."),
        (BETTER, WORSE, 1, "CHANGED  Of 1 audit compared, findings: 1 new, 0 gone, 1 the same."),
        (WORSE, BETTER, 1, "CHANGED  Of 1 audit compared, findings: 0 new, 1 gone, 1 the same."),
        (WORSE, UNAUDITED, 3, "INCONCLUSIVE  Of 1 audit compared, findings: 0 new, 0 gone, 0 the same, 2 not judged"),
        (UNAUDITED, WORSE, 3, "1 not audited to the end on both sides."),
    ],
    ids=["same", "another label", "new", "gone", "unaudited now", "unaudited then"],
)
def test_diff(old: Audit, new: Audit, status: int, said: str, command: Command, tmp_path: Path) -> None:
    a, b = on_disk(tmp_path / "a.json", saved(audits=[old])), on_disk(tmp_path / "b.jsonl", saved(audits=[new]))
    done = command("report", "diff", str(a), str(b))
    assert (done.status, done.stderr) == (status, "")
    assert " ".join(said.split()) in " ".join(done.stdout.split())


def test_diff_shows_what_is_new_and_what_is_gone(command: Command, tmp_path: Path) -> None:
    a = on_disk(tmp_path / "a", saved([samples.ALLOWED], audits=[BETTER, audits.CLEAN]))
    b = on_disk(tmp_path / "b", saved([samples.ALLOWED], audits=[replace(WORSE, findings=(audits.REFLECTED,))]))
    done = command("report", "diff", str(a), str(b))
    assert done.status == 1
    assert done.stdout.splitlines() == [
        "SAME  Of 1 compared, 1 the same.",
        "",
        "NEW FINDING  HIGH  https://api.example.com/me",
        "    what   CORS801 reflected origin: https://kq3v9x.example",
        "    why    Any web page can read https://api.example.com/me with the victim's",
        "           cookies.",
        "",
        "GONE  LOW  https://api.example.com/me",
        "    what   CORS828 More methods are allowed than are served:",
        "           https://app.example.com",
        "    why    An allowed page may use DELETE, which https://api.example.com/me does",
        "           not serve.",
        "",
        "only in OLD  audit of https://www.example.com/",
        "",
        "CHANGED  Of 1 audit compared, findings: 1 new, 1 gone, 0 the same.",
    ]


def test_diff_of_two_hosts(command: Command, tmp_path: Path) -> None:
    there = replace(BETTER, url="https://staging.example.org/me")
    a, b = on_disk(tmp_path / "a", saved(audits=[WORSE])), on_disk(tmp_path / "b", saved(audits=[there]))
    done = command("report", "diff", str(a), str(b))
    assert done.status == 2
    assert "have no audited target in common: nothing to compare (--ignore-host" in done.stderr
    done = command("report", "diff", str(a), str(b), "--ignore-host")
    assert done.status == 1
    assert "GONE  HIGH  https://api.example.com/me" in done.stdout
