"""``corscheck audit`` as a whole command, over the wire: exit statuses, files, secrets, servers that do not behave."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.test_faults import environment
from tests.servers.raw import HOLD, READ, RESET, RawServer

ROOT = Path(__file__).resolve().parents[2]
APP = "https://app.example.com"
API = "https://api.example.com/me"


def answering(allows: Callable[[str], bool], more: str = "") -> Callable[[bytes], bytes]:
    def answer(raw: bytes) -> bytes:
        found = re.search(rb"\r\nOrigin: ([^\r]*)", raw)
        origin = found[1].decode() if found is not None else ""
        allow = f"Access-Control-Allow-Origin: {origin}\r\nAccess-Control-Allow-Credentials: true\r\n"
        head = f"HTTP/1.1 200 OK\r\nVary: Origin\r\nContent-Length: 0\r\n{more}{allow if origin and allows(origin) else ''}\r\n"
        return head.encode()

    return answer


def steps(allows: Callable[[str], bool], more: str = "") -> list[object]:
    """A connection's script: it answers as often as it is asked."""
    return [READ, answering(allows, more)] * 100


@pytest.fixture(scope="module")
def prefix() -> Iterator[RawServer]:
    with RawServer(steps(lambda o: o.startswith(APP))) as server:
        yield server


@pytest.fixture(scope="module")
def exact() -> Iterator[RawServer]:
    with RawServer(steps(lambda o: o == APP)) as server:
        yield server


@pytest.fixture(scope="module")
def subdomains() -> Iterator[RawServer]:
    with RawServer(steps(lambda o: o == APP or bool(re.fullmatch(r"https://[a-z]+\.example\.com", o)))) as server:
        yield server


def run(*arguments: str, server: RawServer | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    via = ["--via", server.url("")] if server is not None else []
    return subprocess.run(
        [sys.executable, "-m", "corscheck", "audit", *arguments, *via],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, input=stdin, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


ASKED = (API, "--allowed-origin", APP)


@pytest.mark.parametrize(
    ("name", "more", "status"),
    [
        ("exact", (), 0),
        ("prefix", (), 1),
        ("prefix", ("--fail-on", "high"), 1),
        ("prefix", ("--fail-on", "never"), 0),
        ("prefix", ("--exit-zero",), 0),
        ("subdomains", (), 1),
        ("subdomains", ("--fail-on", "medium"), 1),
        ("subdomains", ("--fail-on", "high"), 0),
        ("subdomains", ("--allowed-origin", "https://*.example.com"), 0),
        ("prefix", ("--allowed-origin", "null"), 2),
        ("prefix", ("--allowed-origin", "app.example.com"), 2),
        ("prefix", ("--max-requests", "0"), 2),
    ],
)
def test_exit_status(request: pytest.FixtureRequest, name: str, more: tuple[str, ...], status: int) -> None:
    done = run(*ASKED, *more, server=request.getfixturevalue(name))
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("url", ["", "ftp://api.example.com/", "https://", "chrome://x"])
def test_what_is_no_target_is_a_usage_error(url: str) -> None:
    done = run(url)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_text_says_what_is_wrong(prefix: RawServer) -> None:
    done = run(*ASKED, server=prefix)
    assert "CORS803" in done.stdout
    assert "can read https://api.example.com/me with the victim's cookies" in " ".join(done.stdout.split())
    assert f"Origin: {APP}." in done.stdout


def test_the_same_bytes_twice(prefix: RawServer, tmp_path: Path) -> None:
    """With --reproducible; without it the labels are random."""

    def written(name: str, *more: str) -> tuple[bytes, ...]:
        files = [tmp_path / f"{name}.{form}" for form in ("json", "sarif", "html", "jsonl")]
        reports = ("--report", f"sarif:{files[1]}", "--report", f"html:{files[2]}", "--jsonl", str(files[3]))
        assert run(*ASKED, *more, "--json", str(files[0]), *reports, "-q", server=prefix).returncode == 1
        return tuple(file.read_bytes() for file in files)

    assert written("a", "--reproducible") == written("b", "--reproducible")
    assert written("c")[0] != written("d")[0]


def test_each_finding_stands_at_its_line(exact: RawServer, prefix: RawServer, tmp_path: Path) -> None:
    targets, sarif = tmp_path / "urls.txt", tmp_path / "cors.sarif"
    targets.write_text("# what we run\n\nhttps://api.example.com/one\nhttps://api.example.com/two\n")
    done = run("--targets", str(targets), "--allowed-origin", APP, "-q", "--report", f"sarif:{sarif}", server=prefix)
    assert done.returncode == 1, done.stderr
    results = json.loads(sarif.read_text())["runs"][0]["results"]
    lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in results]
    assert lines == [3, 4]
    assert {r["ruleId"] for r in results} == {"CORS803"}


def test_what_is_announced_is_printed_and_not_sent(exact: RawServer) -> None:
    before = len(exact.requests)
    done = run(*ASKED, "--dry-run", "--reproducible", server=exact)
    assert len(exact.requests) == before
    announced = [line.split() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert done.returncode == 0
    assert f"{len(announced)} requests" in done.stdout
    assert run(*ASKED, "--reproducible", server=exact).returncode == 0
    sent = [raw.decode().split("\r\n") for raw in exact.requests[before:]]
    origins = [next((line[8:] for line in head if line.startswith("Origin: ")), "no Origin") for head in sent]
    assert [(m, " ".join(o)) for m, _, *o in announced] == [
        (head[0].split(" ")[0], origin) for head, origin in zip(sent, origins, strict=True)
    ]


def test_secrets_are_sent_and_never_shown(prefix: RawServer, tmp_path: Path) -> None:
    url = f"{API}?access_token=hush-url&page=2"
    before = len(prefix.requests)
    out = tmp_path / "all"
    out.mkdir()
    reports = [
        word
        for form in ("sarif", "html", "markdown", "junit", "github", "gitlab")
        for word in ("--report", f"{form}:{out / form}")
    ]
    done = run(
        url, "--allowed-origin", APP, "-b", "session=hush-cookie", "-H", "X-Api-Key: hush-header", "-u", "me:hush-login", "-v",
        "--json", str(out / "json"), "--jsonl", str(out / "jsonl"), "--poc", str(out / "poc"), *reports, server=prefix,
    )  # fmt: skip
    dry = run(url, "--allowed-origin", APP, "-b", "session=hush-cookie", "--dry-run", server=prefix)
    sent = b"".join(prefix.requests[before:])
    assert b"access_token=hush-url" in sent
    assert b"session=hush-cookie" in sent
    assert b"hush-header" in sent
    assert done.returncode in (0, 1), done.stderr
    for text in (done.stdout, done.stderr, dry.stdout, *(file.read_text("utf-8") for file in out.iterdir())):
        assert "hush" not in text
        assert "bWU6aHVzaC1sb2dpbg==" not in text


def test_secrets_in_a_redirect_are_not_shown() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: https://other.example.org/cb?token=hush\r\nContent-Length: 0\r\n\r\n"
    with RawServer([READ, moved] * 100) as server:
        done = run(*ASKED, "--json", "-", "-v", server=server)
    assert "hush" not in done.stdout + done.stderr
    assert "another site" in done.stdout


# ------------------------------------------------------------------ servers that do not behave


def test_a_name_that_does_not_resolve() -> None:
    done = run("https://nowhere.invalid/", "--json", "-")
    assert done.returncode == 3
    found = json.loads(done.stdout)["audits"][0]
    assert (found["error"]["kind"], found["passed"], found["findings"]) == ("dns", False, [])


def test_a_server_that_hangs() -> None:
    with RawServer([READ, HOLD]) as server:
        began = time.monotonic()
        done = run(*ASKED, "-m", "0.5", "--json", "-", server=server)
        assert time.monotonic() - began < 10
    assert done.returncode == 3
    assert json.loads(done.stdout)["audits"][0]["error"]["kind"] == "timeout"
    assert len(server.requests) == 1


def test_a_server_that_begins_to_hang() -> None:
    """It is asked three more times, then no more."""
    exact = answering(lambda o: o == APP)
    with RawServer([*[READ, exact] * 4, READ, HOLD], [READ, HOLD]) as server:
        done = run(*ASKED, "-m", "0.3", "--json", "-", server=server)
    assert done.returncode == 3
    assert len(server.requests) == 7


def test_a_server_that_resets() -> None:
    with RawServer([READ, RESET]) as server:
        done = run(*ASKED, "--json", "-", server=server)
    assert done.returncode == 3
    assert json.loads(done.stdout)["audits"][0]["error"]["kind"] == "connect"


def test_one_dead_target_among_others(exact: RawServer, tmp_path: Path) -> None:
    with RawServer([READ, HOLD]) as dead:
        rules = (
            "--connect-to",
            f"dead.example.com:80:127.0.0.1:{dead.port}",
            "--connect-to",
            f"::127.0.0.1:{exact.port}",
        )
        urls = ("http://dead.example.com/", "http://api.example.com/a", "http://api.example.com/b")
        done = run(*urls, *rules, "-m", "0.5", "--json", "-")
    found = json.loads(done.stdout)["audits"]
    assert done.returncode == 3
    assert [a["url"] for a in found] == list(urls)
    assert [a["error"] is None for a in found] == [False, True, True]


def test_a_handshake_is_answered_by_a_page() -> None:
    """A 200 to a handshake opens no WebSocket, however open its CORS headers are."""
    with RawServer(steps(lambda o: True)) as server:
        done = run("wss://api.example.com/ws", "-b", "session=1", "--json", "-", server=server)
    found = json.loads(done.stdout)["audits"][0]
    assert (done.returncode, found["findings"]) == (0, [])
    assert "no WebSocket was opened" in " ".join(found["notes"])


def test_a_server_that_waits_for_a_subprotocol_names_the_option() -> None:
    """It never answers a handshake without one, as some GraphQL servers do."""
    hint = "If the server expects a subprotocol, name it: -H 'Sec-WebSocket-Protocol: NAME'"

    def answer(raw: bytes) -> bytes:
        if b"\r\nsec-websocket-protocol: graphql-ws\r\n" not in raw.lower():
            time.sleep(1.5)
            return b""
        return b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

    with RawServer([READ, answer] * 20) as server:
        asked = ("wss://api.example.com/ws", "-b", "session=1", "-m", "0.5")
        done = run(*asked, server=server)
        assert done.returncode == 3
        assert hint in " ".join(done.stdout.split())
        assert len(server.requests) == 1
        named = run(*asked, "-H", "Sec-WebSocket-Protocol: graphql-ws", server=server)
    assert named.returncode == 0
    assert hint not in " ".join(named.stdout.split())
    assert "no WebSocket was opened" in " ".join(named.stdout.split())
    gone = run("wss://nowhere.invalid/ws")
    assert gone.returncode == 3
    assert hint not in " ".join(gone.stdout.split())


def test_what_is_said_after_the_handshake_is_left_alone() -> None:
    """The connection is not used again: its bytes are frames now."""
    accept = "QlyQFPFqTqJuuMeehsHYfLppz0U="
    switch = (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    with RawServer([READ, switch.encode() + b"\x81\x05hello", HOLD]) as server:
        done = run("wss://api.example.com/ws", "-b", "session=1", "--json", "-", server=server)
    found = json.loads(done.stdout)["audits"][0]
    assert [(f["code"], f["severity"], f["url"]) for f in found["findings"]] == [
        ("CORS832", "medium", "wss://api.example.com/ws")
    ]
    assert server.connections == found["requests"]


@pytest.mark.parametrize("depth", ["normal", "full"])
def test_many_targets_at_once_are_told_in_order(prefix: RawServer, depth: str) -> None:
    urls = [f"https://api.example.com/{number}" for number in range(5)]
    done = run(*urls, "--allowed-origin", APP, "--depth", depth, "--json", "-", server=prefix)
    found = json.loads(done.stdout)["audits"]
    assert [a["url"] for a in found] == urls
    assert all([f["code"] for f in a["findings"] if f["severity"] != "info"] == ["CORS803"] for a in found)


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (("-u", "al:pw"), False),
        (("-H", "X-Api-Key: k"), False),
        (("-H", "Authorization: Bearer t"), False),
        (("-b", "sid=1"), True),
        ((), True),
    ],
)
def test_credentials_stay_with_the_origin_that_was_named(given: tuple[str, ...], asked: bool, tmp_path: Path) -> None:
    """A redirect to another port is another origin: RFC 9110, section 11.5. Cookies ignore ports (RFC 6265, section 8.5)."""
    there = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with RawServer([READ, there] * 40) as other:
        moved = (
            b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            % other.url("/x").encode()
        )
        with RawServer([READ, moved] * 60) as server:
            done = subprocess.run(
                [sys.executable, "-m", "corscheck", "audit", server.url("/"), "-q", "--json", "r.json", *given],
                cwd=tmp_path, capture_output=True, env=environment(), timeout=60, check=False,
            )  # fmt: skip
        assert done.returncode in (0, 1, 3), done.stderr
        assert bool(other.requests) is asked
    text = (tmp_path / "r.json").read_text()
    assert ("which the credentials are not for" in text) is (bool(given) and not asked)
