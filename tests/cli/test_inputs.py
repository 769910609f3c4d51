"""Input files and values that no command can use: exit status 2 and words, quickly and without much memory.

More of them, generated: ``tests/fuzz/test_commands.py``.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from corscheck.model.bounded import lines_of, read_all
from corscheck.model.values import LONGEST_TIME, ConfigError
from tests.cli.fakes import Command, Runner
from tests.servers.raw import READ, RawServer

ROOT = Path(__file__).resolve().parents[2]
PAGE = "https://app.example"
PROBE = ("probe", "http://127.0.0.1:9/", "--origin", PAGE)
OPEN = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

MEMORY = 600 << 20
"""Bytes of address space that a command over an endless file may take: several times what it needs."""

READERS = {
    "--targets": ("probe", "--origin", PAGE, "--targets", "FILE"),
    "policy": ("run", "FILE"),
    "--openapi": ("probe", "--origin", PAGE, "--openapi", "FILE"),
    "--curl": ("probe", "--curl", "@FILE"),
    "-d": (*PROBE, "-d", "@FILE"),
    "-F": (*PROBE, "-F", "a=@FILE"),
    "-H": (*PROBE, "-H", "@FILE"),
    "a file in --curl": ("probe", "--origin", PAGE, "--curl", "curl http://127.0.0.1:9/ -d @FILE"),
    "--baseline": ("audit", "http://127.0.0.1:9/", "--baseline", "FILE"),
    "report show": ("report", "show", "FILE"),
    "report merge": ("report", "merge", "FILE", "-o", "out.json"),
    "har": ("har", "FILE"),
    "transcript": ("transcript", "FILE"),
}
STDIN = {
    "--targets": ("probe", "--origin", PAGE, "--targets", "-"),
    "--openapi": ("probe", "--origin", PAGE, "--openapi", "-"),
    "--curl": ("probe", "--curl", "-"),
    "-d": (*PROBE, "-d", "@-"),
    "-H": (*PROBE, "-H", "@-"),
    "har": ("har", "-"),
    "transcript": ("transcript", "-"),
    "explain": ("explain", "-"),
}


def corscheck(argv: tuple[str, ...], where: Path, stdin: str = os.devnull) -> subprocess.CompletedProcess[str]:
    """Run a command with little memory and little time."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))

    with Path(stdin).open("rb") as file:
        return subprocess.run(
            [sys.executable, "-m", "corscheck", *argv], stdin=file, capture_output=True, encoding="utf-8", cwd=where,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, preexec_fn=limited, timeout=60, check=False,
        )  # fmt: skip


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("source", ["/dev/zero", "/dev/urandom", "sparse", "one long line"])
def test_endless_files(name: str, source: str, tmp_path: Path) -> None:
    path = tmp_path / source.replace(" ", "-") if not source.startswith("/") else Path(source)
    if source == "sparse":
        with path.open("wb") as file:
            file.truncate(400 << 20)
    elif source == "one long line":
        with path.open("wb") as file:
            file.write(b'{"a": "' + b"a" * 1000)
            file.truncate(400 << 20)
    done = corscheck(tuple(word.replace("FILE", str(path)) for word in READERS[name]), tmp_path)
    assert done.returncode == 2, (done.stdout[-300:], done.stderr[-300:])
    assert done.stderr.startswith("corscheck: ")
    assert len(done.stderr) < 2000


@pytest.mark.parametrize("name", STDIN)
def test_endless_standard_input(name: str, tmp_path: Path) -> None:
    done = corscheck(STDIN[name], tmp_path, "/dev/zero")
    assert done.returncode == 2, (done.stdout[-300:], done.stderr[-300:])
    assert done.stderr.startswith("corscheck: ")


def test_read_all(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 2_000_000)
    with path.open("rb") as file:
        assert read_all(file, "x", 2_000_000) == b"a" * 2_000_000
    with path.open("rb") as file, pytest.raises(ConfigError, match=r"^x: larger than 1 MiB"):
        read_all(file, "x", 1 << 20)
    with path.open("rb") as file, pytest.raises(ConfigError, match=r"^x, line 1: larger than 1 MiB"):
        list(lines_of(file, "x", 1 << 20))


@pytest.mark.parametrize("option", ["-m", "--wait-for"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e308", "-1", str(2 * LONGEST_TIME)])
def test_times(command: Command, fake: Runner, option: str, value: str) -> None:
    done = command(*PROBE, f"{option}={value}" if option.startswith("--") else f"{option}{value}")
    assert done.status == 2
    assert option in done.stderr
    assert not fake.probes


@pytest.mark.parametrize("value", ["nan/s", "inf/s", "1e-300/s", "1e-9/d", "0/s", "-1/s", "x/s"])
def test_rates(command: Command, fake: Runner, value: str) -> None:
    done = command(*PROBE, "--rate", value)
    assert done.status == 2
    assert f"--rate {value!r}" in done.stderr
    assert not fake.probes


@pytest.mark.parametrize("value", ["nan", "inf", "1e308", "0", "-1", "x"])
def test_times_in_a_curl_command(command: Command, fake: Runner, value: str) -> None:
    done = command("probe", "--origin", PAGE, "--curl", f"curl http://a.example/ -m {value}")
    assert done.status == 2
    assert "-m" in done.stderr
    assert not fake.probes


@pytest.mark.parametrize("transport", ["httpx", "curl"])
@pytest.mark.parametrize("by_curl", [False, True], ids=["typed", "in a curl command"])
def test_cookies_and_agents_go_out_in_utf8(command: Command, transport: str, by_curl: bool) -> None:
    """As curl sends them, and browsers the cookies."""
    with RawServer((READ, OPEN)) as server:
        url = f"http://127.0.0.1:{server.port}/"
        typed = ("-b", "a=\u20ac\xe9", "-A", "b\u20ac")
        asked = (url, *typed) if not by_curl else ("--curl", f"curl {url} -b 'a=\u20ac\xe9' -A 'b\u20ac'")
        done = command("probe", *asked, "--origin", PAGE, "--credentials", "include", "--transport", transport, "-q")
        sent = b"".join(server.requests)
    assert done.status == 1, done.stderr  # * allows no credentials
    assert "Cookie: a=\u20ac\xe9\r\n".encode() in sent
    assert "User-Agent: b\u20ac\r\n".encode() in sent


@pytest.mark.parametrize(
    "argv",
    [
        ("-A", "a\r\nX: 1"),
        ("-A", "a\nX: 1"),
        ("-b", "a=b\r\nX: 1"),
        ("--curl", "curl http://127.0.0.1:9/ -A $'a\\r\\nX: 1'"),
        ("--curl", "curl http://127.0.0.1:9/ -b $'a=b\\r\\nX: 1'"),
    ],
)
def test_line_breaks_in_headers(command: Command, fake: Runner, argv: tuple[str, str]) -> None:
    done = command(*PROBE, *argv)
    assert done.status == 2
    assert done.stderr.startswith(("corscheck: Invalid -A ", "corscheck: Invalid -b "))
    assert "or line breaks. Remove" in done.stderr
    assert not fake.probes


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (" http://h.example/ ", "http://h.example/"),
        ("\thttp://h.example/\n", "http://h.example/"),
        ("http:h.example/", "http:h.example/"),
        ("http:/127.0.0.1:80/", "http:/127.0.0.1:80/"),
        ("http:127.0.0.1/", "http:127.0.0.1/"),
        ("HTTPS:127.0.0.1", "HTTPS:127.0.0.1"),
        (" localhost:8000/x", "http://localhost:8000/x"),
        ("h.example:8000", "https://h.example:8000"),
    ],
)
def test_urls_as_browsers_parse_them(command: Command, fake: Runner, typed: str, asked: str) -> None:
    """The URL Standard strips C0 controls and spaces, and needs no slashes after a special scheme."""
    done = command("probe", typed, "--origin", PAGE, "-q")
    assert [probe.url for probe in fake.probes] == [asked]
    assert ("has no scheme" in done.stderr) is (asked != typed.strip())


@pytest.mark.parametrize("transport", ["httpx", "curl"])
@pytest.mark.parametrize("files", [5, 6, 7, 8, 10])
def test_few_file_descriptors(files: int, transport: str, tmp_path: Path) -> None:
    line = f'ulimit -n {files}; exec "$0" -m corscheck probe http://127.0.0.1:9999/ --origin {PAGE} --transport {transport}'
    done = subprocess.run(
        ["bash", "-c", line, sys.executable], capture_output=True, encoding="utf-8", cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in (2, 3), done.stderr
    assert done.stdout + done.stderr
    assert "Please report" not in done.stderr


def test_a_url_that_no_browser_fetches_does_not_end_the_run(command: Command) -> None:
    with RawServer((READ, OPEN)) as server:
        urls = ("wss://h/", "file:///x", server.url("/a"), "about:blank", server.url("/b"))
        done = command("probe", *urls, "--origin", PAGE, "--mode", "no-cors", "-q")
    assert done.status == 1, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "BLOCKED",
        "BLOCKED",
        "ALLOWED",
        "BLOCKED",
        "ALLOWED",
    ]
