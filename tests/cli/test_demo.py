"""The demo: its server answers from the table, its run agrees with the table, its commands work."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from msgspec.structs import replace

from corscheck.cli.demo.endpoints import BY_PATH, ENDPOINTS, DemoEndpoint
from corscheck.cli.demo.run import check_all, command_of, compare, run_demo, serve_text, table
from corscheck.cli.demo.server import DemoServer
from corscheck.protocol.steps import CODES
from corscheck.report.text.view import View

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "COLUMNS": "80"}

# In the background a shell ignores interrupts, and child processes inherit that.
SERVE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["corscheck", "demo", "--serve"]
from corscheck.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


def ask(
    server: DemoServer, method: str, path: str, origin: str = "http://x.example"
) -> tuple[int, list[tuple[str, str]]]:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, path, headers={"Origin": origin})
        response = connection.getresponse()
        response.read()
        return response.status, [(name.lower(), value) for name, value in response.getheaders()]
    finally:
        connection.close()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.path)
def test_the_server_answers_from_the_table(server: DemoServer, endpoint: DemoEndpoint) -> None:
    for method, reply in (("OPTIONS", endpoint.preflight), ("GET", endpoint.actual)):
        status, headers = ask(server, method, endpoint.path)
        assert status == reply.status
        for name, value in reply.headers:
            wanted = value.replace("{origin}", "http://x.example").replace("{other}", server.other_url)
            assert headers.count((name.lower(), wanted)) == reply.headers.count((name, value))


def test_the_table_is_sound() -> None:
    """Paths are unique; an allowed endpoint has no code, every other one has a code that exists."""
    assert len(BY_PATH) == len(ENDPOINTS)
    assert {e.verdict for e in ENDPOINTS} == {"allowed", "blocked"}
    for endpoint in ENDPOINTS:
        assert (endpoint.code is None) == (endpoint.verdict == "allowed"), endpoint.path
        assert endpoint.code is None or endpoint.code in CODES


def test_the_issue_named_endpoints_are_there() -> None:
    wanted = {
        *("/no-cors", "/wildcard", "/wildcard-credentials", "/reflected", "/header-missing", "/options-405"),
        *("/preflight-redirect", "/error-no-headers", "/good", "/good-preflight"),
    }
    assert wanted <= BY_PATH.keys()


def test_the_index_lists_every_endpoint(server: DemoServer) -> None:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", "/")
        page = connection.getresponse().read().decode()
    finally:
        connection.close()
    assert all(f"'{endpoint.path}'" in page for endpoint in ENDPOINTS)


def test_a_connection_serves_several_requests(server: DemoServer) -> None:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    try:
        for method, body in (("OPTIONS", None), ("PUT", b"x" * 100_000), ("HEAD", None), ("GET", None)):
            connection.request(method, "/good-preflight?x=1", body=body)
            first = connection.sock
            response = connection.getresponse()
            response.read()
            assert response.status in (200, 204)
            assert connection.sock is first
    finally:
        connection.close()


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b""])
def test_nonsense_ends_the_connection_and_nothing_else(server: DemoServer, sent: bytes) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as sock:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100)[:12] in (b"HTTP/1.1 400", b"")
    assert ask(server, "GET", "/nowhere")[0] == 404
    assert ask(server, "GET", "/sign-in")[0] == 200


def test_every_endpoint_comes_as_the_table_says(server: DemoServer) -> None:
    assert [(one.endpoint.path, one.differences) for one in check_all(server.url) if one.differences] == []


def test_a_difference_is_found_and_shown(server: DemoServer) -> None:
    """Held against a wrong table, each kind of expectation complains."""
    one = next(checked for checked in check_all(server.url) if checked.endpoint.path == "/hidden-header")
    wrong = replace(one.endpoint, verdict="blocked", code="CORS301", hidden=("content-length",))
    differences = compare(wrong, one.result)
    assert differences == (
        "expected blocked, got allowed",
        "expected the reason CORS301, got None",
        "content-length should be hidden",
    )
    lines = table("blocked", [replace(one, endpoint=wrong, differences=differences)], View())
    assert lines == ["blocked as expected", "  CORS301  GET     /hidden-header        UNEXPECTED"]
    other_engines = replace(one.result, passed=False)
    assert "in every engine of the gate" in compare(one.endpoint, other_engines)[0]


def test_the_run_says_how_it_went(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    assert len(run_demo(server, written.append)) == len(ENDPOINTS)
    assert written[-3].startswith(f"OK  All {len(ENDPOINTS)} are as expected.")
    assert max(map(len, written)) <= 80
    assert len(written) <= 35
    broken = (replace(BY_PATH["/good"], verdict="blocked", code="CORS301"),)
    monkeypatch.setattr("corscheck.cli.demo.run.ENDPOINTS", broken)
    written.clear()
    run_demo(server, written.append)
    assert "UNEXPECTED  GET /good: expected blocked, got allowed" in written
    assert written[-1] == "FAILED  1 of 1 are not as expected."


def test_demo_exits_0() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", "demo"], capture_output=True, encoding="utf-8", env=ENVIRONMENT, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert all(endpoint.path in done.stdout for endpoint in ENDPOINTS)


def test_a_port_that_is_taken_is_said(server: DemoServer) -> None:
    port = server.url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", "demo", "--port", port],
        capture_output=True,
        encoding="utf-8",
        env=ENVIRONMENT,
        timeout=60,
    )
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_prints_commands_that_do_what_they_say_and_stops_on_ctrl_c() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=ENVIRONMENT,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        base = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert base is not None
        command = shlex.split(command_of(BY_PATH["/wildcard-credentials"], base[0]))
        assert command[0] == "corscheck"
        done = subprocess.run(
            [sys.executable, "-m", *command], capture_output=True, encoding="utf-8", env=ENVIRONMENT, timeout=60
        )
        assert done.returncode == 1
        assert "BLOCKED" in done.stdout
        process.send_signal(signal.SIGINT)
        # Not communicate(): it would miss what readline() has read ahead.
        out, err = process.stdout.read(), process.stderr.read()
        process.wait(20)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, err) == (0, "stopped\n")
    assert command_of(BY_PATH["/patch"], base[0]) in out


def test_the_text_of_serve_has_a_command_for_each(server: DemoServer) -> None:
    text = list(serve_text(server))
    assert sum(line.startswith("corscheck probe ") for line in text) == len(ENDPOINTS)
