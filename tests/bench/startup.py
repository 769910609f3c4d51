"""How long one whole ``corscheck probe`` takes beside one ``curl`` process that sends the same two requests.

    python tests/bench/startup.py [--runs 25] [--python PYTHON]

The server is a process of its own on loopback. Runs are interleaved, so that the machine's noise meets all alike; the
return code and the verdict of every run are asserted. Prints medians, their ratio to curl's, and the spread. Both live
transports are measured (``--transport curl`` needs pycurl).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = "http://localhost:3000"
TARGETS = {"table, curl": 20.0, "table, httpx": 32.0, "-q --json, curl": 20.0, "-q --json, httpx": 26.0}
"""The figures to reach: at most so many times curl's wall time."""

ANSWER = (
    "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: " + PAGE + "\r\nAccess-Control-Allow-Methods: GET, PUT\r\n"
    "Access-Control-Allow-Headers: x-tenant\r\nVary: Origin\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
).encode()


def serve() -> None:
    """A server that allows the page; prints its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)

    def talk(connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
                while b"\r\n\r\n" in received:
                    _, _, received = received.partition(b"\r\n\r\n")
                    connection.sendall(ANSWER)

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=talk, args=(connection,), daemon=True).start()


def timed(argv: list[str], check: Callable[[str], None]) -> float:
    """Wall time of a process in milliseconds; its return code is 0 and its output passes the check."""
    # Without proxies, and with the bytecode that an installation has.
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and k not in left_out}
    environment = kept | {"PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, text=True, env=environment, cwd="/")
    elapsed = (time.perf_counter() - start) * 1000
    assert done.returncode == 0, (argv, done.returncode, done.stdout, done.stderr)
    check(done.stdout)
    return elapsed


def commands(python: str, port: int, report: Path) -> dict[str, tuple[list[str], Callable[[str], None]]]:
    """What is measured: curl, the table, the quiet report; and what of it is fixed: the interpreter."""
    url = f"http://127.0.0.1:{port}/data"
    curl = ["curl", "-s", "-S", "-i", "-X", "OPTIONS", "-H", f"Origin: {PAGE}"]
    curl += ["-H", "Access-Control-Request-Method: GET", "-H", "Access-Control-Request-Headers: x-tenant", url]
    curl += ["--next", "-s", "-S", "-i", "-H", f"Origin: {PAGE}", "-H", "X-Tenant: 7", url]
    probe = [python, "-m", "corscheck", "probe", url, "--origin", PAGE, "-H", "X-Tenant: 7"]

    def curl_said(out: str) -> None:
        assert out.count("Access-Control-Allow-Origin") == 2, out

    def table_said(out: str) -> None:
        assert "ALLOWED  " in out, out
        assert "GET 200" in out, out

    def report_said(out: str) -> None:
        saved = json.loads(report.read_text())
        assert [p["verdict"] for p in saved["probes"]] == ["allowed"], saved
        assert len(saved["probes"][0]["exchanges"]) == 2, saved
        report.unlink()

    measured: dict[str, tuple[list[str], Callable[[str], None]]] = {"curl": (curl, curl_said)}
    for name in ("curl", "httpx"):
        over = [*probe, "--transport", name]
        measured[f"table, {name}"] = (over, table_said)
        measured[f"-q --json, {name}"] = ([*over, "-q", "--json", str(report)], report_said)
    measured["python -c pass"] = ([python, "-c", "pass"], lambda _: None)
    return measured


def spread(times: list[float]) -> str:
    """Quartiles."""
    low, _, high = statistics.quantiles(times, n=4)
    return f"{low:.0f} to {high:.0f}"


def main() -> int:
    """Measure and print; exit 1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=25, help="runs of each, at least 15")
    parser.add_argument("--python", default=sys.executable, help="an interpreter with corscheck's dependencies")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
    if options.runs < 15:
        parser.error("at least 15 runs")
    if shutil.which("curl") is None:
        parser.error("curl is not installed")
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with tempfile.TemporaryDirectory() as directory:
            measured = commands(options.python, port, Path(directory) / "report.json")
            times: dict[str, list[float]] = {name: [] for name in measured}
            for run in range(options.runs + 1):
                for name, (argv, check) in measured.items():
                    elapsed = timed(argv, check)
                    # The first run of each fills caches (bytecode, files) and does not count.
                    if run:
                        times[name].append(elapsed)
    finally:
        server.terminate()
        server.wait()
    base = statistics.median(times["curl"])
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {options.runs} runs of each")
    print(f"{'':<18} {'median ms':>10} {'quartiles':>14} {'x curl':>8} {'at most':>8}")
    missed = False
    for name, values in times.items():
        median = statistics.median(values)
        limit = TARGETS.get(name)
        missed |= limit is not None and median / base > limit
        target = f"{limit:.0f}" if limit is not None else ""
        print(f"{name:<18} {median:>10.1f} {spread(values):>14} {median / base:>8.1f} {target:>8}")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
