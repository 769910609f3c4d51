"""A policy of 10,000 probes: how long it takes to load, how much memory a run of it takes.

``PYTHONPATH=. python -m tests.bench.policy`` prints the figures and exits 1 if one misses its mark. Two shapes: one check
whose lists multiply, and 10,000 checks of one probe each. Loopback only.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from corscheck.cli.demo.server import DemoServer

PROBES = 10_000
MOST_SECONDS = 1.0
MOST_MIB = 150.0
ROUNDS = 5
LOAD = """
import gc, sys, time
gc.disable()  # as the command line does at its start
from pathlib import Path
before, begun = time.perf_counter(), time.process_time()
from corscheck.policy.load import load
policy = load(Path(sys.argv[1]))
after, ended = time.perf_counter(), time.process_time()
assert len(policy) == int(sys.argv[2])
print(after - before, ended - begun)
"""


def lists(base: str) -> str:
    """One check: 50 URLs, 100 origins, 2 methods."""
    urls = ", ".join(f'"/good?{i}"' for i in range(50))
    origins = ", ".join(f'"https://o{i}.example"' for i in range(100))
    return (
        f'base-url = "{base}"\n[[check]]\nname = "all"\nurls = [{urls}]\norigins = [{origins}]\n'
        'methods = ["GET", "PUT"]\nexpect = "blocked"\n'
    )


def checks(base: str) -> str:
    """A check for each probe."""
    one = '[[check]]\nname = "check {0}"\nurls = ["/good?{0}"]\nmethods = ["GET"]\nexpect = "blocked"\n'
    head = f'base-url = "{base}"\n[defaults]\norigins = ["https://app.example.com"]\n'
    return head + "".join(one.format(i) for i in range(PROBES))


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "PYTHONDONTWRITEBYTECODE": ""}


def main() -> int:
    missed = 0
    with DemoServer() as demo, tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "corscheck.toml"
        for shape in (lists, checks):
            path.write_text(shape(demo.url))
            command = [sys.executable, "-c", LOAD, str(path), str(PROBES)]
            times = [
                tuple(
                    map(
                        float,
                        subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True).stdout.split(),
                    )
                )
                for _ in range(ROUNDS)
            ]
            # The processor's time tells a slow loader from a busy machine; the mark is the clock's all the same.
            seconds, processor = (statistics.median(column) for column in zip(*times, strict=True))
            missed += seconds > MOST_SECONDS
            print(
                f"load  {shape.__name__:<7} {seconds:6.3f} s   (at most {MOST_SECONDS:g} s), processor {processor:.3f} s"
            )
            run = ["-m", "corscheck", "run", str(path), "--jsonl", str(Path(directory) / "report.jsonl")]
            begun = time.perf_counter()
            subprocess.run([sys.executable, *run], env=environment(), stdout=subprocess.DEVNULL, check=True)
            took = time.perf_counter() - begun
            # The largest child so far: what loads alone takes less than a run does.
            mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            missed += mib > MOST_MIB
            print(f"run   {shape.__name__:<7} {mib:6.1f} MiB (at most {MOST_MIB:g} MiB), {took:.1f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
