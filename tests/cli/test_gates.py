"""``--baseline``, ``--exit-zero``, ``--max-failures``, ``--retry`` and ``--wait-for`` on ``probe``, ``run`` and ``audit``.

The tables say for each command the same server and what is asked of it; the tests are the same for all three.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.fakes import Command
from tests.servers.raw import READ, RESET, RawServer

ROOT = Path(__file__).resolve().parents[2]
PAGE = "https://app.example"
COMMANDS = ("probe", "run", "audit")
CLOSED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
OPEN = f"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: {PAGE}\r\nVary: Origin\r\nContent-Length: 0\r\n\r\n".encode()
EVERYBODY = OPEN.replace(PAGE.encode(), b"null").replace(b"Vary: Origin", b"Access-Control-Allow-Credentials: true")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def asking(command: str, base: str, paths: tuple[str, ...] = ("/a",)) -> tuple[str, ...]:
    """The command line that asks these paths of a server. The audit's failures are findings, the others' are blocks."""
    if command == "probe":
        return ("probe", *(f"{base}{path}" for path in paths), "--origin", PAGE, "--concurrency", "1")
    if command == "audit":
        return ("audit", *(f"{base}{path}" for path in paths), "-b", "s=1", "--concurrency", "1")
    checks = "".join(f'[[check]]\nname = "{p[1:]}"\nurls = ["{p}"]\norigins = ["{PAGE}"]\n' for p in paths)
    Path("corscheck.toml").write_text(f'base-url = "{base}"\n{checks}')
    return ("run", "--concurrency", "1")


@contextmanager
def failing(command: str) -> Iterator[str]:
    """A server that makes every probe or audit fail."""
    with RawServer([READ, EVERYBODY if command == "audit" else CLOSED] * 100) as server:
        yield server.url("")


@pytest.mark.parametrize("name", COMMANDS)
def test_exit_zero(name: str, command: Command) -> None:
    with failing(name) as base:
        assert command(*asking(name, base)).status == 1
        done = command(*asking(name, base), "--exit-zero", "--json", "r.json")
    assert done.status == 0
    assert json.loads(Path("r.json").read_text())["summary"]["exit_status"] == 1
    assert command(*asking(name, nowhere()), "--exit-zero").status == 0
    assert command(*asking(name, base), "--exit-zero", "--rate", "x").status == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_baseline(name: str, command: Command) -> None:
    with failing(name) as base:
        assert command(*asking(name, base), "--json", "old.json").status == 1
        done = command(*asking(name, base), "--baseline", "old.json", "--json", "new.json")
        assert done.status == 0, done
        assert command(*asking(name, base, ("/a", "/b")), "--baseline", "old.json").status == 1
        same = command(*asking(name, base), "--baseline", "old.json", "--json", "old.json")
        assert (same.status, "which would be overwritten" in same.stderr) == (2, True)
    assert command(*asking(name, base), "--baseline", "none.json").status == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_max_failures(name: str, command: Command) -> None:
    paths = ("/a", "/b", "/c", "/d")
    with failing(name) as base:
        done = command(*asking(name, base, paths), "--max-failures", "2", "--json", "r.json")
        assert done.status == 1
        assert "stopped after 2 failures (--max-failures): 2 of 4" in done.stderr
        whole = command(*asking(name, base, paths), "--max-failures", "5")
    report = json.loads(Path("r.json").read_text())
    assert len(report["probes"]) + len(report.get("audits", ())) == 2
    assert "stopped" not in whole.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_retry(name: str, command: Command) -> None:
    """The first connection is reset; the second one is answered."""
    with RawServer([READ, RESET], [READ, OPEN] * 100) as server:
        assert command(*asking(name, server.url(""))).status == 3
    with RawServer([READ, RESET], [READ, OPEN] * 100) as server:
        assert command(*asking(name, server.url("")), "--retry", "1").status == 0


def test_retry_of_a_handshake(command: Command) -> None:
    refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    for more, status in ((), 3), (("--retry", "1"), 0):
        with RawServer([READ, RESET], *[[READ, refused]] * 100) as server:
            url = server.url("/ws").replace("http:", "ws:")
            assert command("audit", url, "-b", "s=1", *more).status == status


@pytest.mark.parametrize("name", COMMANDS)
def test_wait_for(name: str, command: Command) -> None:
    """The server comes up only after the command has begun."""
    base = nowhere()
    port = base.rpartition(":")[2]
    script = (
        "import time; time.sleep(0.6)\nfrom http.server import *\nclass H(BaseHTTPRequestHandler):\n def do_GET(self):\n"
        f"  self.send_response(200); self.send_header('Access-Control-Allow-Origin', {PAGE!r}); self.end_headers()\n"
        " do_OPTIONS = do_GET\n"
        f"ThreadingHTTPServer(('127.0.0.1', {port}), H).serve_forever()"
    )
    assert command(*asking(name, base)).status == 3
    starting = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    try:
        assert command(*asking(name, base), "--wait-for", "20").status == 0
    finally:
        starting.kill()
        starting.wait()


def nowhere() -> str:
    """The address of a port at which nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{sock.getsockname()[1]}"
