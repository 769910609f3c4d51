"""How long each format takes for a report of 10,000 results, and how much memory; and a whole run with all of them.

    python -m tests.bench.rendering [--results 10000] [--run]

Each format is rendered by ``corscheck report show`` in a process of its own, start-up included, from a JSON Lines file.
``--run`` also asks as many probes of a server on loopback and writes every report.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from corscheck.model.result import Result
from corscheck.report.formats.jsonl import JSONLines
from corscheck.report.formats.registry import WRITERS
from corscheck.report.saved.document import Run
from corscheck.report.saved.summary import Summary
from tests.bench.servers import ADDRESS, run_nginx
from tests.report import samples

ROOT = Path(__file__).resolve().parents[2]
SECONDS, MEBIBYTES = 5.0, 150.0
"""The figures to stay below, for 10,000 results."""

ORIGINS = tuple(f"https://{name}.example.com" for name in ("app", "staging", "admin", "preview-17", "partner"))
METHODS = ("GET", "PUT", "DELETE", "PATCH")


def results(count: int) -> Iterator[Result]:
    """A run as it may be: most is well, one origin is unknown, one method is refused here and there."""
    for index in range(count):
        url = f"https://api.example.com/v1/resource-{index // 20}/items?page=1"
        origin, method = ORIGINS[index // 4 % 5], METHODS[index % 4]
        sample = replace(
            samples.ALLOWED if method == "GET" else samples.PREFLIGHT_ONLY, url=url, origin=origin, method=method
        )
        if origin == ORIGINS[4]:
            sample = replace(samples.blocked(origin, method, url, None), findings=samples.HEADER_REFUSED.findings)
        elif index % 37 == 0:
            sample = replace(samples.HEADER_REFUSED, url=url, origin=origin, method=method)
        elif index % 501 == 0:
            sample = replace(samples.REFUSED, url=url, origin=origin, method=method)
        yield replace(sample, index=index)


def write(path: Path, count: int) -> None:
    """A saved report of so many results."""
    summary = Summary(exit_status=1)
    with path.open("wb") as file:
        lines = JSONLines(file, Run(("corscheck", "probe")))
        for result in results(count):
            summary.add(result)
            lines.add(result)
        lines.finish(summary)


def measured(argv: list[str]) -> tuple[float, float]:
    """Seconds and peak MiB of a corscheck command; it may fail only as a run may."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and not k.startswith("GITHUB_")}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "corscheck", *argv], stdout=subprocess.DEVNULL, env=kept | {"PYTHONPATH": str(ROOT)}
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1, 3), (argv, process.returncode)
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def run_of(base: str, count: int, directory: Path) -> list[str]:
    """Return a command that sends so many probes to one server and writes every report."""
    targets = directory / "targets"
    targets.write_text("".join(f"{base}/v1/{i}\n" for i in range(count // 20)))
    argv = ["probe", "--targets", str(targets), "-q", "--jsonl", str(directory / "run.jsonl"), "--concurrency", "16"]
    for origin in ORIGINS:
        argv += ["--origin", origin]
    for method in METHODS:
        argv += ["-X", method]
    for name in sorted(set(WRITERS) - {"jsonl"}):
        argv += ["--report", f"{name}:{directory / f'run.{name}'}"]
    return argv


def main() -> int:
    """Measure and print; exit 1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=int, default=10_000)
    parser.add_argument("--run", action="store_true", help="a whole run as well")
    options = parser.parse_args()
    missed = False

    def show(name: str, seconds: float, mebibytes: float, size: int, limit: float | None) -> None:
        nonlocal missed
        missed |= (limit is not None and seconds > limit) or mebibytes > MEBIBYTES
        print(f"{name:<10} {seconds:>8.2f} {mebibytes:>8.0f} {size / 2**20:>9.1f}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        saved = directory / "saved.jsonl"
        write(saved, options.results)
        print(f"{options.results} results; at most {SECONDS:.0f} s per format and {MEBIBYTES:.0f} MiB")
        print(f"{'':<10} {'s':>8} {'MiB':>8} {'file MiB':>9}")
        for form in sorted(WRITERS):
            out = directory / f"out.{form}"
            seconds, mebibytes = measured(["report", "show", str(saved), "--report", f"{form}:{out}"])
            show(form, seconds, mebibytes, out.stat().st_size, SECONDS)
        show("terminal", *measured(["report", "show", str(saved)]), 0, SECONDS)
        merged = directory / "merged.jsonl"
        show("merge", *measured(["report", "merge", str(saved), "-o", str(merged)]), merged.stat().st_size, SECONDS)
        show("diff", *measured(["report", "diff", str(saved), str(saved)]), 0, SECONDS)
        if options.run:
            with run_nginx(directory) as nginx:
                argv = run_of(f"http://{ADDRESS}:{nginx.identical}", options.results, directory)
                show("whole run", *measured(argv), (directory / "run.jsonl").stat().st_size, None)
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
