"""How fast many probes go beside ``curl --parallel`` sending the same requests; what memory they take; whether time is linear.

    python tests/bench/speed.py [--sizes 500,2000,16000] [--rounds 5] [--memory 10000,100000]

An nginx of its own on loopback answers; 64 requests are under way at a time. A probe is a preflight and a GET; curl sends
as many of both, with the same headers. Every figure is of a whole process, start-up included: curl, ``corscheck probe``
over libcurl and over httpx (each writes its results with ``--jsonl``), and one shared ``httpx.AsyncClient``. Rounds are
interleaved, so that the machine's noise meets all alike; every status and every verdict is asserted. Prints medians and
their ratio to curl's. Linear means: each probe from the second size to the largest takes the time that each from the
smallest to the second takes, within 15 %; so start-up, connecting and what is learned from the first probes are no part
of it. What a probe takes with no more than a run over two taken off is printed beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGE = "http://localhost:3000"
CONCURRENCY = 64
FLOORS = {2_000: 0.4, 16_000: 0.6}
"""The least ratio of corscheck's requests a second over libcurl to curl's, by size of the run."""
LINEAR = 0.15
SHORT = 2_000
MEMORY = 0.20

CONFIG = """
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 100000000; keepalive_timeout 60s;
    client_body_temp_path {directory}/b; proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f;
    uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{
            add_header Access-Control-Allow-Origin {page} always;
            add_header Access-Control-Allow-Headers x-tenant always;
            add_header Vary Origin always;
            default_type text/plain;
            return 200 "ok\\n";
        }}
    }}
}}
"""

CLIENT = r"""
import asyncio, sys
import httpx
async def main(url, count, concurrency, page):
    limit = asyncio.Semaphore(concurrency)
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as shared:
        asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-tenant"}
        async def one(number):
            async with limit:
                first = await shared.options(f"{url}?{number}", headers={"Origin": page, **asks})
                second = await shared.get(f"{url}?{number}", headers={"Origin": page, "X-Tenant": "7"})
                passed = [a for a in (first, second) if a.headers["access-control-allow-origin"] == page]
                return [a.status_code for a in passed] == [200, 200]
        print(sum(await asyncio.gather(*(one(i) for i in range(count)))))
asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
"""

PEAK = r"""
import resource, sys
from corscheck.cli.app import run
status = run(sys.argv[1:])
print(sum(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)), file=sys.stderr)
sys.exit(status)
"""


@contextlib.contextmanager
def nginx(directory: Path) -> Iterator[str]:
    """An nginx that allows the page, on a free port; its URL."""
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        sys.exit("nginx is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = directory / "nginx.conf"
    config.write_text(CONFIG.format(directory=directory, port=port, page=PAGE))
    server = subprocess.Popen([program, "-c", str(config), "-p", str(directory)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/data"
    finally:
        server.terminate()
        server.wait()


def as_curl(python: str, url: str, size: int) -> list[str]:
    """The command line with which curl sends what corscheck says that it sends: ``size`` preflights, ``size`` GETs."""
    code = (
        "import json, sys; from corscheck.api import make_probe; from corscheck.runner import plan\n"
        "probe = make_probe(sys.argv[1], origin=sys.argv[2], headers=[('X-Tenant', '7')])\n"
        "print(json.dumps([[r.method, [': '.join(line) for line in r.headers]] for r in plan(probe)]))"
    )
    done = subprocess.run(
        [python, "-c", code, url, PAGE], env=environment(), capture_output=True, text=True, check=True
    )
    curl = ["curl", "-s", "--parallel", "--parallel-immediate", "--parallel-max", str(CONCURRENCY)]
    for number, (method, lines) in enumerate(json.loads(done.stdout)):
        curl += ["--next", "-s"] * bool(number) + ["-X", method, "-o", "/dev/null", "-w", "%{http_code}\\n"]
        curl += [part for line in lines for part in ("-H", line)] + [f"{url}?[1-{size}]"]
    return curl


def environment() -> dict[str, str]:
    """Without proxies, with this source, and with the bytecode that an installation has."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and k not in left_out}
    return kept | {"PYTHONPATH": str(ROOT)}


def timed(argv: list[str], check: Callable[[str], None]) -> float:
    """Wall seconds of a process; its return code is 0 and what it says passes the check."""
    start = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, text=True, env=environment(), cwd="/")
    elapsed = time.perf_counter() - start
    assert done.returncode == 0, (argv, done.returncode, done.stdout[-500:], done.stderr[-500:])
    check(done.stdout)
    return elapsed


class Contenders:
    """The commands that are measured, for runs of any size."""

    def __init__(self, python: str, url: str, directory: Path) -> None:
        self._python, self._url, self._directory = python, url, directory

    def commands(self, size: int) -> dict[str, tuple[list[str], Callable[[str], None]]]:
        """By name: the command line, and what its output is checked with."""
        targets = self._directory / f"targets-{size}"
        targets.write_text("".join(f"{self._url}?{i}\n" for i in range(size)))
        report = self._directory / "report.jsonl"
        probe = [self._python, "-m", "corscheck", "probe", "--targets", str(targets), "--origin", PAGE, "-q"]
        probe += ["-H", "X-Tenant: 7"]
        probe += ["--concurrency", str(CONCURRENCY), "--jsonl", str(report), "--transport"]

        def statuses(out: str) -> None:
            assert out.count("200\n") == 2 * size, out[-200:]

        def verdicts(_out: str) -> None:
            with report.open() as lines:
                allowed = sum('"verdict":"allowed","complete":true' in line for line in lines)
            assert allowed == size, allowed
            report.unlink()

        def counted(out: str) -> None:
            assert int(out) == size, out

        curl = as_curl(self._python, self._url, size)
        client = [self._python, "-c", CLIENT, self._url, str(size), str(CONCURRENCY), PAGE]
        return {
            "curl --parallel": (curl, statuses),
            "corscheck, curl": ([*probe, "curl"], verdicts),
            "corscheck, httpx": ([*probe, "httpx"], verdicts),
            "httpx.AsyncClient": (client, counted),
        }

    def peak(self, size: int) -> int:
        """Peak resident memory, in KiB, of a run over so many targets that streams JSON Lines; of both its processes."""
        argv = self.commands(size)["corscheck, curl"][0]
        argv = [self._python, "-c", PEAK, *argv[argv.index("corscheck") + 1 :]]
        done = subprocess.run(argv, capture_output=True, text=True, env=environment(), cwd="/")
        assert done.returncode == 0, done.stderr[-500:]
        return int(done.stderr.split()[-1])


def main() -> int:
    """Measure, print tables, exit 1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default="500,2000,16000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--client", type=int, default=2000, help="the largest run that AsyncClient is put to: it is slow"
    )
    parser.add_argument("--memory", default="10000,100000", help="two sizes, or nothing")
    parser.add_argument(
        "--python", default=sys.executable, help="an interpreter with corscheck's dependencies and pycurl"
    )
    parser.add_argument("--json", help="save the figures here")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    figures: dict[str, object] = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "rounds": options.rounds,
    }
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as directory, nginx(Path(directory)) as url:
        contenders = Contenders(options.python, url, Path(directory))
        medians = measure(contenders, [2, *sizes], options.rounds, options.client)
        figures["seconds"] = {str(size): values for size, values in medians.items()}
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {options.rounds} rounds, medians")
        print(f"{'':<20} {'probes':>7} {'seconds':>9} {'a second':>9} {'x curl':>7} {'at least':>9}")
        for size in sizes:
            for name, seconds in medians[size].items():
                ratio = medians[size]["curl --parallel"] / seconds
                floor = FLOORS.get(size) if name == "corscheck, curl" else None
                if floor is not None and ratio < floor:
                    missed.append(f"{size} probes: {ratio:.2f} of curl's rate, at least {floor}")
                wanted = "" if floor is None else f"{floor:.1f}"
                print(f"{name:<20} {size:>7} {seconds:>9.2f} {size / seconds:>9.0f} {ratio:>7.2f} {wanted:>9}")
        if len(sizes) > 2:
            first, second, last = sizes[0], sizes[1], sizes[-1]
            for name, seconds in medians[last].items():
                early = (medians[second][name] - medians[first][name]) / (second - first)
                late = (seconds - medians[second][name]) / (last - second)
                change = late / early - 1
                figures[f"linear, {name}"] = change
                print(f"{name:<20} {early * 1e6:.0f} to {late * 1e6:.0f} us a probe ({change:+.0%}); ", end="")
                each = [(medians[size][name] - medians[2][name]) / size * 1e6 for size in (first, last)]
                print(f"of {first} and of {last} probes, less a run of two: {each[0]:.0f} and {each[1]:.0f} us")
                if name.startswith("corscheck, curl") and abs(change) > LINEAR:
                    missed.append(f"time per probe changes by {change:+.0%}, at most {LINEAR:.0%}")
        if options.memory:
            small, large = (int(size) for size in options.memory.split(","))
            peaks = {size: contenders.peak(size) for size in (small, large)}
            figures["peak KiB"] = peaks
            for size, peak in peaks.items():
                print(f"{'peak memory':<20} {size:>7} {peak / 1024:>9.1f} MiB")
            if peaks[large] > peaks[small] * (1 + MEMORY):
                missed.append(f"memory grows from {peaks[small]} to {peaks[large]} KiB")
    for line in missed:
        print(f"missed: {line}")
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n")
    return int(bool(missed))


def measure(contenders: Contenders, sizes: list[int], rounds: int, client: int) -> dict[int, dict[str, float]]:
    """The median wall seconds by size and contender; the rounds go around all of them."""
    times: dict[int, dict[str, list[float]]] = {size: {} for size in sizes}
    commands = {size: contenders.commands(size) for size in sizes}
    for number in range(rounds + 1):
        for size in sizes:
            for name, (argv, check) in commands[size].items():
                if (number == 0 and size != sizes[0]) or (name == "httpx.AsyncClient" and size > client):
                    continue  # the first round fills caches (bytecode, files) and does not count
                # Short runs are cheap, and a few milliseconds are much of one.
                for _ in range(3 if size <= SHORT and name != "httpx.AsyncClient" else 1):
                    elapsed = timed(argv, check)
                    if number:
                        times[size].setdefault(name, []).append(elapsed)
    return {size: {name: statistics.median(values) for name, values in times[size].items()} for size in sizes}


if __name__ == "__main__":
    raise SystemExit(main())
