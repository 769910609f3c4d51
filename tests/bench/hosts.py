"""What one target of many costs, each on a host of its own: for the reckoning in the README ("Many targets").

    python -m tests.bench.hosts [--targets 4000]

An nginx of its own on loopback answers over TLS to every name; a target is a connection, a handshake, a preflight and a
GET. Seconds of CPU are taken, not of the clock, and those of a run over one target are taken off. Measured are a process
by itself over libcurl and over httpx, the client of a cluster (whose workers do the asking), and its workers. Then, with a
server that takes its time, how many targets a second there are with so many under way, beside what the formula says.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import trustme

from corscheck.runner import cluster
from tests.servers.counting import CountingServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGE = "https://app.example"

CONFIG = """
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {directory}/b; proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f;
    uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {directory}/chain.pem; ssl_certificate_key {directory}/key.pem;
        location / {{
            add_header Access-Control-Allow-Origin {page} always;
            add_header Access-Control-Allow-Headers X-Tenant always;
            default_type text/plain;
            return 200 "ok\\n";
        }}
    }}
}}
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=4000)
    count = parser.parse_args().targets
    print(f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {_processor()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        for size in (1, count):
            names = "".join(f"https://h{n}.test/\n" for n in range(size))
            (directory / f"targets-{size}").write_text(names)
        with _nginx(directory) as port:
            for transport in ("curl", "httpx"):
                cpu = _cpu(directory, port, count, "--transport", transport)
                length = (directory / "r.jsonl").stat().st_size / count
                print(
                    f"one process, {transport}: {cpu * 1000:.2f} ms of CPU for a target, {length:.0f} bytes of report"
                )
            with cluster._processes(2) as workers:
                pids = [worker.pid for worker in workers.workers.values()]
                before = sum(map(_used, pids))
                cpu = _cpu(directory, port, count, "--cluster", workers.scheduler_address)
                there = (sum(map(_used, pids)) - before) / (count + 1)
                print(
                    f"cluster: {there * 1000:.2f} ms of CPU for a target at the workers, {cpu * 1000:.2f} ms at the client"
                )
        _slow(directory)


def _slow(directory: Path) -> None:
    """Bound by waiting, not by CPU: so many under way at a time, divided by how long one takes."""
    pause = 0.5
    (directory / "slow").write_text("".join(f"http://h{n}.test/\n" for n in range(2000)))
    with CountingServer(pause=pause) as server:
        for under_way in (64, 128):
            argv = ("--targets", str(directory / "slow"), "--connect-to", f"::127.0.0.1:{server.port}", "-q")
            argv = (*argv, "--no-diagnose", "--concurrency", str(under_way))
            began = time.monotonic()
            _run(directory, "--origin", "http://app.example", *argv)
            rate = 2000 / (time.monotonic() - began)
            formula = under_way / pause
            print(f"{under_way} under way, {pause} s each: {rate:.0f} targets/s; the formula says {formula:.0f}")


def _cpu(directory: Path, port: int, count: int, *argv: str) -> float:
    """Seconds of CPU for one target more."""
    used = []
    for size in (1, count):
        targets = ("--targets", str(directory / f"targets-{size}"), "--connect-to", f"::127.0.0.1:{port}", "-k")
        more = ("-H", "X-Tenant: 7", "--no-diagnose", "-q", "--jsonl", str(directory / "r.jsonl"))
        used.append(_run(directory, "--origin", PAGE, *targets, *more, *argv))
        assert (directory / "r.jsonl").read_bytes().count(b'"verdict":"allowed","complete":true') == size
    return (used[1] - used[0]) / (count - 1)


def _run(directory: Path, *argv: str) -> float:
    """A whole run; the seconds of CPU that its process took."""
    command = [sys.executable, "-m", "corscheck", "probe", *argv]
    with (directory / "out").open("wb") as out:
        running = subprocess.Popen(command, cwd=ROOT, stdout=out, env={**os.environ, "PYTHONPATH": str(ROOT)})
        _, status, usage = os.wait4(running.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, (directory / "out").read_text()[-1000:]
    return usage.ru_utime + usage.ru_stime


def _used(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


@contextlib.contextmanager
def _nginx(directory: Path) -> Iterator[int]:
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "nginx is needed"
    certificate = trustme.CA().issue_cert("h.test")
    certificate.private_key_pem.write_to_path(directory / "key.pem")
    for index, pem in enumerate(certificate.cert_chain_pems):
        pem.write_to_path(directory / "chain.pem", append=index > 0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    (directory / "conf").write_text(CONFIG.format(directory=directory, port=port, page=PAGE))
    with subprocess.Popen([program, "-c", str(directory / "conf"), "-e", str(directory / "error.log")]) as server:
        try:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                assert server.poll() is None, (directory / "error.log").read_text()
                time.sleep(0.02)
            yield port
        finally:
            server.terminate()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return f"{os.cpu_count()} cores, {line.partition(': ')[2]}"
    return f"{os.cpu_count()} cores"


if __name__ == "__main__":
    main()
