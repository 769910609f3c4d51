"""Some of the hostile servers met by whole commands: exit status, no traceback, time, and memory that stays bounded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.row import DEADLINE, PAGE, Row
from tests.hostile.stage import Certificates, certificates, servers
from tests.hostile.test_hostile import GRACE, ROWS

pytestmark = pytest.mark.hostile

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {row.name: row for row in ROWS}
TRANSPORTS = ("httpx", "curl")

PROBED = (
    "silence", "a head that drips", "header lines without end", "HTTP/0.9: a body and nothing else", "101 unasked",
    "chunks: a negative size", "body: 1 GB announced and sent", "end: within a header line", "reset: after the request",
    "the preflight answered, the request reset", "TLS: no answer to ClientHello", "certificate: expired",
    "a loop: to itself", "redirect to 'file:///etc/passwd'", "HTTP/2: a status of letters",
    "header: numbers that are none, where a cache's are looked for",
)  # fmt: skip
RUN = ("silence", "header lines without end", "a loop: to itself", "chunks: no size", "reset: after the request")
AUDITED = (
    "silence",
    "header lines without end",
    "101 unasked",
    "reset: after the request",
    "TLS: alert internal_error",
)
BOMBS = (
    "header: a value of 10 MB", "header: 100,000 lines of one name", "status line: a reason of 10 MB",
    "header lines without end", "one header line without end", "1xx without end", "chunks: one byte each, without end",
    "chunks: an extension without end", "chunks: trailers without end", "body: 1 GB announced and sent",
    "body: without end or length", "gzip: 100 MiB in 100 KB", "gzip: the same with a 500, as evidence",
    "a proxy whose answer never ends", "HTTP/2: pieces of a head without end", "HTTP/2: a body of padding without end",
    "HTTP/2: one field of the table, ten thousand times",
)  # fmt: skip
IMPORTS = 4.0
"""Seconds that a busy machine may take to import what a policy needs."""

ROOM = 24 << 10
"""KiB that the answer of a hostile server may cost beside a good one's: a frame of HTTP/2 may have 16 MiB."""

MEASURED = """
import atexit, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
def peak():
    status = open("/proc/self/status").read()
    sys.stderr.write("PEAK " + status.partition("VmHWM:")[2].split()[0])
atexit.register(peak)
sys.argv[0] = "corscheck"
from corscheck.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("hostile"))


def run(*argv: str, program: tuple[str, ...] = ("-m", "corscheck")) -> subprocess.CompletedProcess[str]:
    """A command in a bare environment."""
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR", "SYSTEMROOT")}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": "/nonexistent", "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, *program, *argv],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def options(row: Row, fill: object, transport: str, ca: str) -> list[str]:
    """The row's options as they are typed."""
    network = {name: fill(value) for name, value in row.network.items()}  # type: ignore[operator]
    typed = ["--transport", transport, "-m", str(row.deadline), "--cacert", ca]
    typed += ["--http2"] if network.get("http2") else []
    typed += ["-x", network["proxy"]] if "proxy" in network else ["--noproxy", "*"]
    for name, value in row.asked.get("headers", ()):
        typed += ["-H", f"{name}: {value}"]
    return typed


def in_time(report: dict[str, Any], row: Row) -> None:
    """Each probe within its deadline; the whole with a second one, which a control request has, and the imports."""
    for probe in report["probes"]:
        assert sum(exchange["elapsed_ms"] or 0 for exchange in probe["exchanges"]) <= (row.deadline + GRACE) * 1000
    assert report["run"]["elapsed_ms"] <= (2 * row.deadline + GRACE + IMPORTS) * 1000


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", PROBED)
def test_probe(name: str, transport: str, trusted: Certificates) -> None:
    row = BY_NAME[name]
    with servers(row, trusted) as (_, fill):
        done = run("probe", fill(row.url), "--origin", PAGE, *options(row, fill, transport, trusted.ca), "--json", "-")
    report = json.loads(done.stdout)
    [found] = report["probes"]
    assert done.returncode == row.exit, done.stderr
    assert found["verdict"] == row.expected.verdict
    assert row.expected.kind is None or found["error"]["kind"] == row.expected.kind
    in_time(report, row)
    assert done.stderr == ""


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", RUN)
def test_run(name: str, transport: str, trusted: Certificates, tmp_path: Path) -> None:
    """Two checks at a time, so that the drivers for many are met as well."""
    row = BY_NAME[name]
    with servers(row, trusted) as (server, fill):
        policy = tmp_path / "corscheck.toml"
        policy.write_text(
            f'base-url = "{fill(row.url)}"\n[defaults]\norigins = ["{PAGE}"]\n'
            '[[check]]\nname = "one"\nurls = ["/a"]\n[[check]]\nname = "two"\nurls = ["/b"]\n'
        )
        done = run("run", str(policy), *options(row, fill, transport, trusted.ca), "--json", "-")
        assert server.connections >= 2
    report = json.loads(done.stdout)
    assert [probe["verdict"] for probe in report["probes"]] == [row.expected.verdict] * 2
    assert done.returncode == row.exit, done.stderr
    in_time(report, row)


@pytest.mark.parametrize("name", AUDITED)
def test_audit(name: str, trusted: Certificates) -> None:
    row = BY_NAME[name]
    with servers(row, trusted) as (_, fill):
        done = run("audit", fill(row.url), "-m", str(DEADLINE), "--cacert", trusted.ca, "--noproxy", "*", "--json", "-")
    report = json.loads(done.stdout)
    assert done.returncode == 3, done.stdout + done.stderr
    [audit] = report["audits"]
    assert audit["error"]["kind"] == row.expected.kind
    # What gives no answer is not asked on and on: a few requests, each with its deadline.
    assert report["run"]["elapsed_ms"] <= (5 * (DEADLINE + GRACE) + IMPORTS) * 1000


@pytest.fixture(scope="module")
def usual(trusted: Certificates) -> dict[str, int]:
    """The peak of a good answer over each transport, in KiB."""
    row = BY_NAME["HTTP/2: a good answer"]
    return {transport: peak(row, transport, trusted) for transport in TRANSPORTS}


def peak(row: Row, transport: str, trusted: Certificates) -> int:
    """The most memory that a probe of this server takes, in KiB."""
    with servers(row, trusted) as (_, fill):
        typed = options(row, fill, transport, trusted.ca)
        done = run("probe", fill(row.url), "--origin", PAGE, *typed, "-q", program=("-c", MEASURED))
    assert done.returncode in (0, 1, 3), done.stderr
    return int(done.stderr.rpartition("PEAK ")[2])


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", BOMBS)
def test_memory_is_bounded(name: str, transport: str, trusted: Certificates, usual: dict[str, int]) -> None:
    assert peak(BY_NAME[name], transport, trusted) <= usual[transport] + ROOM
