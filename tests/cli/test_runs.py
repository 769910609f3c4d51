"""A run from its first probe to its exit status: views, reports, interruptions, broken outputs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corscheck.cli.exitcodes import exit_status
from corscheck.model.values import ConfigError, Probe
from corscheck.report.saved.summary import Summary
from tests.cli.fakes import Command, Runner

PAGE = "https://app.example"
ROOT = Path(__file__).resolve().parents[2]


def test_a_table(command: Command, fake: Runner) -> None:
    done = command.probe()
    assert done.stdout.startswith("GET http://api.example/data\nfrom https://app.example, credentials same-origin")
    assert "\nALLOWED  The page can read this response" in done.stdout
    assert done.stderr == ""


def test_a_quiet_line(command: Command, fake: Runner) -> None:
    assert command.probe("-q").stdout == "ALLOWED  GET http://api.example/data from https://app.example\n"


def test_a_grid(command: Command, fake: Runner) -> None:
    done = command.probe("-X", "GET", "-X", "POST")
    assert "  origin                GET      POST\n  https://app.example   allowed  allowed\n" in done.stdout
    assert done.stdout.endswith("\nPASSED  2 of 2 allowed.\n")


def test_a_grid_per_url(command: Command, fake: Runner) -> None:
    done = command.probe("http://b.example/blocked", "--origin", "null")
    assert done.stdout.count("  origin ") == 2
    assert done.stdout.endswith("FAILED  2 of 4 blocked, 2 allowed; all 4 expected allowed.\n")
    assert done.status == 1


def test_a_list(command: Command, fake: Runner) -> None:
    done = command.probe("http://b.example/blocked", "http://c.example/held")
    assert done.stdout.splitlines()[:4] == [
        "from https://app.example, credentials same-origin, as Chromium",
        "",
        "  allowed       GET http://api.example/data",
        "  BLOCKED 1     GET http://b.example/blocked",
    ]
    assert "* preflight only" in done.stdout
    # Each cause stands below the list once.
    assert "\n1  " in done.stdout


def test_verbose_shows_every_probe_whole(command: Command, fake: Runner) -> None:
    done = command.probe("http://b.example/blocked", "-v")
    assert done.stdout.count("> GET /data HTTP/1.1") == 2
    assert done.stdout.endswith("FAILED  1 of 2 blocked, 1 allowed; both expected allowed.\n")


@pytest.mark.parametrize(
    ("argv", "environment", "colored"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {}, False),
    ],
)
def test_colour(
    argv: tuple[str, ...],
    environment: dict[str, str],
    colored: bool,
    command: Command,
    fake: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in command.probe(*argv).stdout) is colored


@pytest.mark.parametrize(
    ("terminal", "environment", "colored"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_automatic_colour(
    terminal: bool, environment: dict[str, str], colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corscheck.cli.show import outputs

    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(outputs.sys.stdout, "isatty", lambda: terminal)
    assert outputs.colored("auto") is colored


# ---------------------------------------------------------------------- exit statuses


@pytest.mark.parametrize(
    ("urls", "argv", "status"),
    [
        (("allowed",), (), 0),
        (("blocked",), (), 1),
        (("invalid",), (), 1),
        (("inconclusive",), (), 3),
        (("blocked",), ("--expect", "blocked"), 0),
        (("allowed",), ("--expect", "blocked"), 1),
        (("inconclusive",), ("--expect", "blocked"), 3),
        (("held",), (), 0),
        (("held",), ("--complete",), 3),
        (("allowed", "held"), ("--complete",), 3),
        (("allowed", "blocked"), (), 1),
        (("blocked", "inconclusive"), (), 1),
        (("allowed", "inconclusive"), (), 3),
        (("blocked", "held"), ("--complete",), 1),
    ],
)
@pytest.mark.parametrize("output", [(), ("-q",), ("-v",), ("--json", "-"), ("--jsonl", "-")], ids=" ".join)
def test_exit_status_is_independent_of_the_format(
    urls: tuple[str, ...], argv: tuple[str, ...], status: int, output: tuple[str, ...], command: Command, fake: Runner
) -> None:
    done = command("probe", *(f"http://a.example/{u}" for u in urls), "--origin", PAGE, *argv, *output)
    assert done.status == status
    if "-" in output:
        last = json.loads(done.stdout if output[0] == "--json" else done.stdout.splitlines()[-1])
        assert last["summary"]["exit_status"] == status
        assert last["summary"]["total"] == len(urls)


@pytest.mark.parametrize(
    ("counts", "options", "status"),
    [
        ({"total": 1, "passed": 1}, {}, 0),
        ({}, {}, 2),
        ({"total": 1, "failed": 1}, {}, 1),
        ({"total": 1, "undecided": 1}, {}, 3),
        ({"total": 2, "failed": 1, "undecided": 1}, {}, 1),
        ({"total": 1, "passed": 1, "allowed_preflight_only": 1}, {}, 0),
        ({"total": 1, "passed": 1, "allowed_preflight_only": 1}, {"complete": True}, 3),
        ({"total": 1, "passed": 1}, {"complete": True}, 0),
        ({"total": 1, "failed": 1}, {"output_failed": True}, 2),
        ({"total": 1, "failed": 1, "differing": 1}, {"output_failed": True}, 4),
        ({"total": 1, "failed": 1, "differing": 1, "interrupted": True}, {"output_failed": True}, 130),
        ({"interrupted": True}, {}, 130),
        ({"total": 1, "passed": 1, "unobserved": 1}, {}, 3),
        ({"total": 1, "failed": 1, "unobserved": 1}, {}, 1),
    ],
)
def test_when_several_apply(counts: dict[str, int], options: dict[str, bool], status: int) -> None:
    assert exit_status(Summary(**counts), **options) == status  # type: ignore[arg-type]


# ---------------------------------------------------------------------- reports


def test_reports_together_with_the_table(command: Command, fake: Runner, tmp_path: Path) -> None:
    one, lines = tmp_path / "r.json", tmp_path / "r.jsonl"
    done = command.probe("http://b.example/blocked", "--json", str(one), "--jsonl", str(lines))
    assert "FAILED  1 of 2" in done.stdout
    report = json.loads(one.read_text())
    parts = [json.loads(line) for line in lines.read_text().splitlines()]
    assert report["probes"] == parts[1:-1]
    assert report["summary"] == parts[-1]["summary"]
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["r.json", "r.jsonl"]


def test_a_report_takes_standard_output_for_itself(command: Command, fake: Runner) -> None:
    assert json.loads(command.probe("--json", "-").stdout)["probes"][0]["verdict"] == "allowed"
    assert json.loads(command.probe("--json", "-", "-v").stdout)["summary"]["total"] == 1
    assert all(json.loads(line) for line in command.probe("--jsonl", "-", "-q").stdout.splitlines())


def test_the_command_line_in_a_report_holds_no_secret(command: Command, fake: Runner) -> None:
    done = command.probe(
        "-u", "me:s3cr3t", "-b", "sid=s3cr3t", "-H", "Authorization: Bearer s3cr3t", "-H", "X-A: open",
        "-d", "password=s3cr3t", "--json", "-",
    )  # fmt: skip
    argv = json.loads(done.stdout)["run"]["argv"]
    assert "s3cr3t" not in " ".join(argv)
    assert argv[:3] == ["corscheck", "probe", "http://api.example/data"]
    assert "X-A: open" in argv
    assert "Authorization: ***" in argv


def test_reproducible(command: Command, fake: Runner) -> None:
    first = command.probe("--reproducible", "--json", "-").stdout
    assert first == command.probe("--reproducible", "--json", "-").stdout
    assert "run" not in json.loads(first)
    assert "elapsed_ms" not in first


@pytest.mark.parametrize("option", ["--json", "--jsonl"])
def test_an_unwritable_report(option: str, command: Command, fake: Runner, tmp_path: Path) -> None:
    """The verdict is printed all the same, other reports are written, and the exit status says that one is missing."""
    good = tmp_path / "good.jsonl" if option == "--json" else tmp_path / "good.json"
    other = "--jsonl" if option == "--json" else "--json"
    done = command.probe(option, str(tmp_path / "no" / "r"), other, str(good))
    assert done.status == 2
    assert "ALLOWED" in done.stdout
    assert done.stderr == f"corscheck: {option}: cannot write {tmp_path / 'no' / 'r'}: no such file or directory\n"
    assert good.exists()


def test_a_full_disk(command: Command, fake: Runner) -> None:
    done = command.probe("--json", "/dev/full")
    assert done.status == 2
    assert "ALLOWED" in done.stdout
    assert "--json: cannot write /dev/full: no space left on device" in done.stderr


def test_lines_are_there_while_the_run_is_under_way(command: Command, fake: Runner, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    seen: list[int] = []
    fake.before = lambda probe: seen.append(len(path.read_text().splitlines()) if path.exists() else 0)
    command("probe", *(f"http://a.example/{i}" for i in range(4)), "--origin", PAGE, "--jsonl", str(path))
    assert seen == [0, 2, 3, 4]
    assert len(path.read_text().splitlines()) == 6


# ---------------------------------------------------------------------- what can go wrong on the way


def _after(count: int, error: BaseException) -> Callable[[Probe], None]:
    def before(probe: Probe) -> None:
        if probe.index == count:
            raise error

    return before


@pytest.mark.parametrize("matrix", [(), ("-X", "GET", "-X", "POST")])
def test_interrupted(matrix: tuple[str, ...], command: Command, fake: Runner, tmp_path: Path) -> None:
    """What is known is printed and written, the status is 130."""
    fake.before = _after(3, KeyboardInterrupt())
    path = tmp_path / "r.json"
    urls = [f"http://a.example/{i}" for i in range(5)]
    done = command("probe", *urls, "--origin", PAGE, *matrix, "--json", str(path))
    assert done.status == 130
    assert done.stdout.endswith("INTERRUPTED  3 of 3 allowed.\n")
    report = json.loads(path.read_text())
    assert len(report["probes"]) == 3
    assert report["summary"]["interrupted"] is True
    assert report["summary"]["exit_status"] == 130


def test_interrupted_before_anything_came(command: Command, fake: Runner) -> None:
    fake.before = _after(0, KeyboardInterrupt())
    done = command.probe()
    assert (done.status, done.stdout) == (130, "INTERRUPTED  nothing was tested.\n")


def test_a_question_that_cannot_be_put(command: Command, fake: Runner, tmp_path: Path) -> None:
    fake.before = _after(0, ConfigError("cacert: no such file"))
    path = tmp_path / "r.json"
    done = command.probe("--json", str(path))
    assert (done.status, done.stdout, done.stderr) == (2, "", "corscheck: cacert: no such file\n")
    assert not path.exists()


def test_one_of_many_that_cannot_be_put(command: Command, fake: Runner) -> None:
    fake.before = _after(1, ConfigError("no"))
    done = command.probe("http://b.example/", "-q")
    assert done.status == 2
    assert done.stdout.startswith("ALLOWED")


def test_a_crash(command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CORSCHECK_TRACEBACK", raising=False)
    fake.before = _after(0, RuntimeError("boom \x1b[2J"))
    done = command.probe()
    assert done.status == 4
    assert "internal error: RuntimeError" in done.stderr
    assert "Please report it: https://" in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


def test_a_crash_with_its_traceback(command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORSCHECK_TRACEBACK", "1")
    fake.before = _after(0, RuntimeError("boom at https://u:s3cret@h/?token=s3cret"))
    done = command.probe()
    assert done.status == 4
    assert "Traceback" in done.stderr
    assert "RuntimeError: boom at https://***@h/?token=***" in done.stderr
    assert "s3cret" not in done.stderr


def test_one_line_needs_no_rich() -> None:
    """rich takes a quarter of the time of a start. The views need it; -q and reports on standard output do not."""
    for more, needed in ((("-q",), False), (("--json", "-"), False), (("--jsonl", "-"), False), ((), True)):
        argv = ("probe", "http://127.0.0.1:9/", "--origin", "http://localhost:3000", *more)
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "corscheck", *argv], capture_output=True, check=False
        )
        assert (b"rich." in done.stderr) is needed, more
