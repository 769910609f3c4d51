"""Whole processes: readers that leave, terminals that know little, streams that are closed, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

PAGE = "https://app.example"
ROOT = Path(__file__).resolve().parents[2]


def process(*argv: str, **more: object) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    return subprocess.Popen(
        [sys.executable, "-m", "corscheck", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        **more,  # type: ignore[call-overload]
    )


def test_a_reader_that_leaves(tmp_path: Path) -> None:
    """``corscheck ... | head -1``: the run stops with the status that a shell gives for SIGPIPE, and says nothing."""
    targets = tmp_path / "targets"
    # Port 9 is refused before anything is sent: many results, no network.
    targets.write_text("".join(f"http://127.0.0.1:9/{i}\n" for i in range(3000)))
    for more in ((), ("-q",), ("--jsonl", "-"), ("--dry-run",)):
        running = process("probe", "--targets", str(targets), "--origin", PAGE, *more)
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        said = running.stderr.read()
        running.stderr.close()
        assert (running.wait(60), said) == (0 if more == ("--dry-run",) else 141, b""), more


def test_help_through_a_reader_that_leaves() -> None:
    read, write = os.pipe()
    os.close(read)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", "probe", "--help"],
        stdout=write, stderr=subprocess.PIPE, env=environment, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_that_knows_ascii_only(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", "probe", "http://127.0.0.1:9/é", "--origin", PAGE, "-X", "é"],
        capture_output=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"INVALID" in done.stdout


def test_closed_streams() -> None:
    argv = f"{sys.executable} -m corscheck probe http://127.0.0.1:9/ --origin {PAGE}"
    for closed in (">&-", ">&- 2>&-"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(["bash", "-c", f"{argv} {closed}"], capture_output=True, env=environment, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_ctrl_c(tmp_path: Path) -> None:
    """What is known is printed and written; a server that never answers keeps nobody waiting."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        report = tmp_path / "r.jsonl"
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        running = process(
            "probe", "http://127.0.0.1:9/", url, "--origin", "http://localhost:3000", "--jsonl", str(report)
        )
        assert running.stdout is not None
        while b"BLOCKED" not in running.stdout.readline():
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert err == b"" or err.startswith(b"corscheck: INTERRUPTED after "), err
    assert b"INTERRUPTED  1 of 1 blocked" in out
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert len(lines) == 3
    assert lines[-1]["summary"]["exit_status"] == 130
