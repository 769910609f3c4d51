"""Whole processes on a machine with faults: full disks, closed streams, signals, few files, no name service, no home.

Each ends with a status of DESIGN 4.3 and in words; none with a traceback or with "please report it".
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.fakes import Command, Runner
from tests.servers.raw import HOLD, READ, RawServer

ROOT = Path(__file__).resolve().parents[2]
PAGE = "http://localhost:3000"
OPEN = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
# Port 9 is refused before anything is sent: a blocked result without any network.
BAD_PORT = ("probe", "http://127.0.0.1:9/", "--origin", PAGE, "-q")
POLICY = f'base-url = "http://127.0.0.1:9"\n[defaults]\norigins = ["{PAGE}"]\n[[check]]\nname = "a"\nurls = ["/a"]\n'
TRANSPORTS = ("httpx", "curl")


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "TMPDIR", "SYSTEMROOT")}
    # A process that may write only 1 KiB (ulimit -f) would leave truncated bytecode behind for all others.
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "80", **more}


def shell(line: str, where: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which ``corscheck`` is this one."""
    called = f'corscheck() {{ "{sys.executable}" -m corscheck "$@"; }}; set -o pipefail; {line}'
    done = subprocess.run(
        ["bash", "-c", called], capture_output=True, encoding="utf-8", cwd=where, env=environment(**more), timeout=60,
        check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert "Please report" not in done.stderr, done.stderr
    return done


PROBE = " ".join(BAD_PORT)
FULL = "no space left on device"

LINES: dict[str, tuple[str, int, str]] = {
    "a full disk: --json": (f"corscheck {PROBE} --json /dev/full", 2, f"--json: cannot write /dev/full: {FULL}"),
    "a full disk: --jsonl": (f"corscheck {PROBE} --jsonl /dev/full", 2, f"--jsonl: cannot write /dev/full: {FULL}"),
    "a full disk: --report": (f"corscheck {PROBE} --report html:/dev/full", 2, f"/dev/full: {FULL}"),
    "a full disk: the view": (f"corscheck {PROBE} >/dev/full", 2, f"standard output: cannot write: {FULL}"),
    "a full disk: a report on stdout": (f"corscheck {PROBE} --json - >/dev/full", 2, FULL),
    "a full disk: help": ("corscheck --help >/dev/full", 2, FULL),
    "a full disk: explain": ("corscheck explain CORS301 >/dev/full", 2, FULL),
    "a full disk: engines": ("corscheck engines >/dev/full", 2, FULL),
    "a full disk: fix": ("corscheck fix --list >/dev/full", 2, FULL),
    "a full disk: schema": ("corscheck schema report >/dev/full", 2, FULL),
    "a full disk: --dry-run": (f"corscheck {PROBE} --dry-run >/dev/full", 2, FULL),
    "a full disk: --print-curl": (f"corscheck {PROBE} --print-curl >/dev/full", 2, FULL),
    "a full disk: run": ("corscheck run corscheck.toml >/dev/full", 2, FULL),
    "a full disk: an audit": ("corscheck audit --dry-run http://127.0.0.1:9/ >/dev/full", 2, FULL),
    "a disk that fills up": (f"(ulimit -f 1; corscheck {PROBE} --report html:r.html)", 2, "cannot write r.html"),
    "a directory that cannot be written": (f"corscheck {PROBE} --json /proc/r.json", 2, "cannot write /proc/r.json"),
    "a directory that is not there": (f"corscheck {PROBE} --json none/r.json", 2, "cannot write none/r.json"),
    "a report that is a directory": (f"corscheck {PROBE} --jsonl .", 2, "cannot write .: is a directory"),
    "stdout closed": (f"corscheck {PROBE} >&-", 1, ""),
    "stdin closed": (f"corscheck {PROBE} <&-", 1, ""),
    "stdin closed, and a body from it": (f"corscheck {PROBE} -d @- <&-", 1, ""),
    "stdin closed, and targets from it": (f"corscheck probe --targets - --origin {PAGE} <&-", 2, "nothing to test"),
    "stdin closed, and a text from it": ("corscheck explain <&-", 2, "no text to explain"),
    "everything closed": (f"corscheck {PROBE} <&- >&- 2>&-", 1, ""),
    "a reader that leaves: run": ("corscheck run corscheck.toml | true", 141, ""),
    "a reader that leaves: explain": ("corscheck explain --list | head -1", 0, ""),
    "a reader that leaves: an audit": ("corscheck audit --dry-run http://127.0.0.1:9/ | true", 0, ""),
    "the working directory is gone": (f"cd gone && rmdir ../gone && corscheck {PROBE}", 1, ""),
    "the working directory is gone: a report": (f"cd gone && rmdir ../gone && corscheck {PROBE} --json r.json", 2, "is gone"),
    "the working directory is gone: run": ("cd gone && rmdir ../gone && corscheck run", 2, "is gone"),
    "no home": (f"HOME= corscheck {PROBE}", 1, ""),
    "a home that is not there": (f"HOME=/nonexistent corscheck {PROBE}", 1, ""),
    "no home in the environment": (f"unset HOME; corscheck {PROBE}", 1, ""),
    "an empty environment": (f'env -i PYTHONPATH="$PYTHONPATH" "{sys.executable}" -m corscheck {PROBE}', 1, ""),
    "LANG=C": (f"LANG=C LC_ALL=C PYTHONUTF8=0 corscheck {PROBE} -X é", 1, ""),
    "python -OO": (f"PYTHONOPTIMIZE=2 corscheck {PROBE} --report html:r.html --report junit:r.xml", 1, ""),
    "python -OO: run": ("PYTHONOPTIMIZE=2 corscheck run corscheck.toml", 1, ""),
    "python -OO: help": ("PYTHONOPTIMIZE=2 corscheck probe --help", 0, ""),
    "python -W error": (f"PYTHONWARNINGS=error corscheck {PROBE}", 1, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_faults(name: str, tmp_path: Path) -> None:
    line, status, words = LINES[name]
    (tmp_path / "corscheck.toml").write_text(POLICY)
    (tmp_path / "gone").mkdir()
    done = shell(line, tmp_path)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert words or not done.stderr
    assert not list(tmp_path.glob(".*.tmp")), "a report is written whole or not at all"


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_name_service(scheme: str, transport: str, tmp_path: Path) -> None:
    argv = f"probe {scheme}://corscheck-none.invalid/ --origin {scheme}://app.example -m 5 --transport {transport} --json -"
    done = shell(f"corscheck {argv}", tmp_path, RES_OPTIONS="timeout:1 attempts:1", LOCALDOMAIN="invalid")
    assert done.returncode == 3
    assert json.loads(done.stdout)["probes"][0]["error"]["kind"] in ("dns", "timeout")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_few_files_may_be_open(transport: str, tmp_path: Path) -> None:
    """Two hundred at a time are asked for, sixty-four files allowed: fewer at a time, and every answer is there."""
    with RawServer([READ, OPEN]) as server:
        (tmp_path / "targets").write_text("".join(server.url(f"/{i}") + "\n" for i in range(300)))
        argv = f"probe --targets targets --origin {PAGE} -q --concurrency 200 --transport {transport}"
        done = shell(f"ulimit -n 64; corscheck {argv}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("ALLOWED") == 300


def test_no_room_for_temporary_files(
    tmp_path: Path, command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long run keeps its results in a temporary file; without one its documents are complained of, the rest goes on."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    (tmp_path / "targets").write_text("".join(f"http://a.example/{i}\n" for i in range(600)))
    jsonl, document = tmp_path / "r.jsonl", tmp_path / "r.html"
    done = command(
        "probe", "--targets", str(tmp_path / "targets"), "--origin", PAGE, "-q", "--jsonl", str(jsonl),
        "--report", f"html:{document}",
    )  # fmt: skip
    assert done.status == 2
    assert "temporary file" in done.stderr
    assert "bug" not in done.stderr
    assert len(jsonl.read_text().splitlines()) == 602
    assert not document.exists()


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("ignored", [False, True], ids=["", "in the background"])
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("targets", [1, 5])
def test_a_signal_in_the_middle(
    targets: int, number: signal.Signals, ignored: bool, transport: str, tmp_path: Path
) -> None:
    """What is known is printed and written, nobody waits, the connection is closed. A job in the background has no Ctrl-C."""
    if ignored and number == signal.SIGINT:
        number = signal.SIGTERM
    known = min(targets - 1, 2)
    scripts = [*([[READ, OPEN]] * known), [READ, HOLD]]
    with RawServer(*scripts) as server:
        (tmp_path / "targets").write_text("".join(server.url(f"/{i}") + "\n" for i in range(targets)))
        running = subprocess.Popen(
            [sys.executable, "-m", "corscheck", "probe", "--targets", "targets", "--origin", PAGE, "--concurrency", "1",
             "--transport", transport, "--jsonl", "r.jsonl", "--json", "r.json", "-m", "30"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=environment(),
            preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignored else None,
        )  # fmt: skip
        until(lambda: len(server.requests) > known or running.poll() is not None)
        before = time.monotonic()
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
        assert time.monotonic() - before < 5
        # The server that never answers sees the end of the connection, and its thread ends.
        until(lambda: not server.open_connections())
    assert running.returncode == 130
    assert err == b"" or err.startswith(b"corscheck: INTERRUPTED after "), err
    assert b"INTERRUPTED" in out
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert len(lines) == known + 2
    assert lines[-1]["summary"]["exit_status"] == 130
    assert len(json.loads((tmp_path / "r.json").read_text())["probes"]) == known


def until(came: Callable[[], bool]) -> None:
    """Wait until it is so; 20 seconds at most."""
    for _ in range(1000):
        if came():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def test_the_table_needs_what_linux_has() -> None:
    assert Path("/dev/full").exists()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64
