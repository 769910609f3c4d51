"""``probe --watch``: asks again when the application's files or the server's answers change, and shows what changed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.fakes import Command
from tests.servers.raw import READ, RawServer

ROOT = Path(__file__).resolve().parents[2]
PAGE = "https://app.example"
APP = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"vary", b"Origin")] + {headers}
        await send({{"type": "http.response.start", "status": 200, "headers": headers}})
        await send({{"type": "http.response.body", "body": b""}})
"""
CLOSED = APP.format(headers="[]")
OPEN = APP.format(headers=f'[(b"access-control-allow-origin", b"{PAGE}")]')


class Answers:
    """Answers of a server that a test switches: ``allowed`` are the paths that the page may read."""

    def __init__(self) -> None:
        self.allowed: set[bytes] = set()

    def __call__(self, raw: bytes) -> bytes:
        path = raw.split(b" ")[1]
        allow = b"Access-Control-Allow-Origin: %s\r\n" % PAGE.encode() if path in self.allowed else b""
        return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + allow + b"\r\n"


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def base(answers: Answers) -> Iterator[str]:
    with RawServer([READ, answers] * 100) as server:
        yield server.url("")


class Watching:
    """A command that runs, and what it has printed so far."""

    def __init__(self, folder: Path, *argv: str) -> None:
        self.out, self.err = folder / "out.log", folder / "err.log"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "corscheck", "probe", *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
            )

    def said(self, text: str, times: int = 1, *, where: str = "out") -> str:
        """Wait until it has printed a text so often. Returns all that it has printed there."""
        file: Path = getattr(self, where)
        until = time.monotonic() + 60
        while file.read_text("utf-8").count(text) < times:
            assert time.monotonic() < until, (self.out.read_text("utf-8"), self.err.read_text("utf-8"))
            time.sleep(0.05)
        return file.read_text("utf-8")

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[list[Watching]]:
    """Commands to be ended with the test."""
    running: list[Watching] = []
    yield running
    for one in running:
        one.process.kill()
        one.process.wait()


def test_a_server_that_changes(base: str, answers: Answers, tmp_path: Path, watching: list[Watching]) -> None:
    one = Watching(tmp_path, f"{base}/a", "--origin", PAGE, "--watch")
    watching.append(one)
    first = one.said("BLOCKED")
    time.sleep(2.5)
    assert one.out.read_text() == first, "the same answer is not shown again"
    answers.allowed.add(b"/a")
    one.said("ALLOWED")
    assert "the result has changed: 1 of 1 changed" in one.said("changed", where="err")
    assert one.interrupt() == 130
    assert "Traceback" not in one.err.read_text()


def test_only_what_changed_is_shown(base: str, answers: Answers, tmp_path: Path, watching: list[Watching]) -> None:
    one = Watching(tmp_path, f"{base}/a", f"{base}/b", "--origin", PAGE, "--watch")
    watching.append(one)
    first = one.said("BLOCKED", 2)
    answers.allowed.add(b"/b")
    one.said("1 of 2 changed", where="err")
    more = one.said("ALLOWED").removeprefix(first)
    assert more.splitlines() == [f"ALLOWED  GET {base}/b from {PAGE}"]


def test_until_allowed(base: str, answers: Answers, tmp_path: Path, watching: list[Watching]) -> None:
    one = Watching(tmp_path, f"{base}/a", f"{base}/b", "--origin", PAGE, "--until-allowed")
    watching.append(one)
    one.said("BLOCKED", 2)
    answers.allowed.add(b"/a")
    one.said("ALLOWED")
    assert one.process.poll() is None, "one is blocked still"
    answers.allowed.add(b"/b")
    assert one.process.wait(60) == 0


def test_an_app_whose_file_changes(tmp_path: Path, watching: list[Watching]) -> None:
    (tmp_path / "main.py").write_text(CLOSED)
    one = Watching(tmp_path, "--app", "main:app", "/a", "--origin", PAGE, "--until-allowed", "--json", "r.json")
    watching.append(one)
    one.said("BLOCKED")
    (tmp_path / "main.py").write_text(CLOSED + "\n# no difference\n")
    one.said("main.py changed: the same result", where="err")
    (tmp_path / "main.py").write_text(CLOSED + "\n)\n")
    one.said("SyntaxError", where="err")
    (tmp_path / "main.py").write_text(OPEN)
    one.said("ALLOWED")
    assert one.process.wait(60) == 0
    assert '"verdict": "allowed"' in (tmp_path / "r.json").read_text()


def test_a_setting_in_a_package(tmp_path: Path, watching: list[Watching]) -> None:
    """Any file of the application counts, not only the module that --app names."""
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "web.py").write_text("from shop.settings import app\n")
    (package / "settings.py").write_text(CLOSED)
    one = Watching(tmp_path, "--app", "shop.web:app", "/a", "--origin", PAGE, "--until-allowed")
    watching.append(one)
    one.said("BLOCKED")
    (package / "settings.py").write_text(OPEN)
    assert one.process.wait(60) == 0
    assert "shop/settings.py changed: 1 of 1 changed" in " ".join(one.err.read_text().split())


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--resume", "--jsonl", "r.jsonl"), "--resume continues one run"),
        (("--dry-run",), "send nothing"),
        (("-d", "@-"), "standard input"),
        (("--targets", "-"), "standard input"),
        (("--json", "-"), "a report on standard output"),
    ],
)
def test_what_cannot_be_watched(more: tuple[str, ...], why: str, command: Command) -> None:
    done = command.probe("--watch", *more)
    assert done.status == 2
    assert f"--watch repeats the request: {why}" in done.stderr or why in done.stderr


def test_exit_zero_would_end_at_once(command: Command) -> None:
    done = command.probe("--until-allowed", "--exit-zero")
    assert (done.status, "--exit-zero" in done.stderr) == (2, True)
