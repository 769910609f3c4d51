"""What audits cost: requests of a target, and requests a second of a whole process, 300 healthy targets on loopback.

    python -m tests.bench.audit [--targets 300] [--rounds 5]

The server is nginx on every loopback address, so that each target is a host of its own; it allows one origin with
credentials and no other. What is counted is what the report says was sent, and nginx's own count must be the same.
Peers, for scale: CORScanner 514 to 611, Corsy 644 to 774 requests a second on the same two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.auditing.kit import audit_of, make_plan, named
from tests.auditing.test_comparisons import HEALTHY, TARGET, WWW

ROOT = Path(__file__).resolve().parents[2]
PEER = 774
FACTOR = 3.0
"""The figure to reach: at least so many times the best peer's requests a second."""

CONFIG = """
daemon off;
worker_processes 1;
pid DIRECTORY/nginx.pid;
error_log stderr;
events {{ worker_connections 2048; }}
http {{
  access_log DIRECTORY/access.log;
  keepalive_requests 100000;
  client_body_temp_path DIRECTORY/body; proxy_temp_path DIRECTORY/proxy; fastcgi_temp_path DIRECTORY/fastcgi;
  uwsgi_temp_path DIRECTORY/uwsgi; scgi_temp_path DIRECTORY/scgi;
  map $http_origin $allowed {{ default ""; "https://app.example.com" $http_origin; }}
  map $http_origin $true {{ default ""; "https://app.example.com" "true"; }}
  server {{
    listen 0.0.0.0:{port};
    add_header Access-Control-Allow-Origin $allowed always;
    add_header Access-Control-Allow-Credentials $true always;
    add_header Vary Origin always;
    location / {{ return 200 "ok"; }}
  }}
}}
"""


def main() -> None:
    """Measure, print, exit 1 when the figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    _print_requests()
    rates: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        port = _free_port()
        Path(directory, "nginx.conf").write_text(CONFIG.format(port=port).replace("DIRECTORY", directory))
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
        assert nginx is not None, "nginx is not installed"
        server = subprocess.Popen([nginx, "-c", f"{directory}/nginx.conf", "-p", directory, "-e", "stderr"])
        try:
            time.sleep(0.5)
            targets = Path(directory, "targets")
            hosts = [f"127.0.{i // 250}.{i % 250 + 1}" for i in range(arguments.targets)]
            targets.write_text("".join(f"http://{host}:{port}/me\n" for host in hosts))
            rates += [_audit(Path(directory), targets, arguments.targets) for _ in range(arguments.rounds)]
        finally:
            server.terminate()
            server.wait()
    median = statistics.median(rates)
    print(f"{arguments.targets} targets   {median:8.0f} requests/s  ({min(rates):.0f} to {max(rates):.0f})")
    print(f"best peer     {PEER:8d} requests/s")
    print(f"ratio         {median / PEER:8.1f}  (at least {FACTOR})")
    sys.exit(0 if median / PEER >= FACTOR else 1)


def _print_requests() -> None:
    """Print how many requests the healthy targets of the tests get, and one that reflects every origin."""
    counts = [len(audit_of(server, plan)[1]) for _, server, plan in HEALTHY]
    _, asked = audit_of(named, make_plan(TARGET, allowed=(WWW,)))
    print(f"{len(counts)} healthy    {statistics.median(counts):8.0f} requests in the median, at most {max(counts)}")
    print(f"reflecting    {len(asked):8d} requests")


def _audit(directory: Path, targets: Path, count: int) -> float:
    log, report = directory / "access.log", directory / "report.json"
    log.write_text("")
    start = time.perf_counter()
    argv = [
        "audit",
        "--targets",
        str(targets),
        "--allowed-origin",
        "https://app.example.com",
        "-q",
        "--json",
        str(report),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", *argv], cwd=ROOT, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    audits = json.loads(report.read_text())["audits"]
    assert len(audits) == count
    assert not any(audit["findings"] for audit in audits)
    sent = sum(audit["requests"] for audit in audits)
    time.sleep(0.2)
    assert log.read_text().count("\n") == sent
    return sent / seconds


def _free_port() -> int:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


if __name__ == "__main__":
    main()
