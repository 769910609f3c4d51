"""Measure corscheck beside curl and httpx and print one table. See README.md in this directory.

python tests/bench/rates.py [--rounds 5] [--rows NAME,...] [--python INTERPRETER] [--markdown] [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from contenders import Contender, Contenders, Expected, Workload, time_contender
from servers import ADDRESS, DOMAIN, Nginx, SilentServer, refuse_connections, run_nginx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUNS_PER_ROUND = 5
"""Row ``start-up`` runs each program so many times a round: one run takes 10 to 200 ms."""
WARM_UP = 40
"""Targets of the run that precedes the first round and is not counted."""
SMALL, LARGE = 10_000, 100_000


@dataclass
class Figure:
    """A line of the table."""

    row: str
    title: str
    value: float
    unit: str
    floor: float | None = None
    aim: float | None = None
    at_most: bool = False
    """Whether ``floor`` is an upper bound."""
    spread: tuple[float, float] | None = None
    """How much single rounds differ."""
    details: str = ""
    data: dict[str, object] = field(default_factory=dict)
    """Everything that was measured, for --json."""

    @property
    def met(self) -> bool | None:
        """Whether the floor is met; None without one."""
        if self.floor is None:
            return None
        return self.value <= self.floor if self.at_most else self.value >= self.floor


@dataclass
class Bench:
    """The running servers and the settings of this run."""

    nginx: Nginx
    refusing: int
    silent: SilentServer
    contenders: Contenders
    rounds: int
    timeout: float

    def measure(self, make: Callable[[int], list[Contender]], size: int, repeat: int = 1) -> dict[str, list[float]]:
        """Return seconds by contender and round. Each round runs all contenders; every other one in reverse order."""
        for contender in make(min(size, WARM_UP)):
            self._time(contender)
        contenders = make(size)
        times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
        for number in range(self.rounds):
            for contender in contenders[:: -1 if number % 2 else 1] * repeat:
                times[contender.name].append(self._time(contender))
        return times

    def _time(self, contender: Contender) -> float:
        self.silent.drop_connections()
        before = self.nginx.count_requests()
        elapsed = time_contender(contender, self.timeout)
        sent = self.nginx.count_requests() - before - 1
        assert sent == contender.requests, f"{contender.name} sent {sent} requests, expected {contender.requests}"
        return elapsed


@dataclass(frozen=True)
class Row:
    """A row of the table: how to measure it and what it must reach."""

    name: str
    title: str
    measure: Callable[[Bench, Row], list[Figure]]
    floor: float
    aim: float | None = None
    size: int = 0


def one_host(port: int, size: int, distinct_ids: bool = True) -> Workload:
    """Return many URLs of one host."""
    base = f"http://{ADDRESS}:{port}/data"
    urls = [f"{base}?{i}" for i in range(size)]
    return Workload(urls, Expected(size, distinct_ids=distinct_ids), glob=f"{base}?[0-{size - 1}]")


def many_hosts(bench: Bench, size: int) -> Workload:
    """Return hosts of different names; --connect-to leads all of them to nginx."""
    urls = [f"http://h{i:05}.{DOMAIN}:{bench.nginx.varied}/data" for i in range(size)]
    return Workload(urls, Expected(size), connect_to=f"::{ADDRESS}:")


def many_hosts_tls(bench: Bench, size: int) -> Workload:
    """Return hosts of different names over HTTPS, all with one wildcard certificate."""
    urls = [f"https://h{i:05}.{DOMAIN}:{bench.nginx.tls}/data" for i in range(size)]
    return Workload(urls, Expected(size), connect_to=f"::{ADDRESS}:", cacert=bench.nginx.ca)


def failing_hosts(bench: Bench, size: int) -> Workload:
    """Return hosts of which, in each 20, two refuse the connection and one never answers."""
    ports = [bench.nginx.varied] * 20
    ports[3] = ports[13] = bench.refusing
    ports[7] = bench.silent.port
    urls = [f"http://h{i:05}.{DOMAIN}:{ports[i % 20]}/data" for i in range(size)]
    expected = Expected(size * 17 // 20, size * 2 // 20, size // 20)
    return Workload(urls, expected, connect_to=f"::{ADDRESS}:", max_time=2)


def beside_curl(
    workload: Callable[[Bench, int], Workload], batches: bool = False
) -> Callable[[Bench, Row], list[Figure]]:
    """Return a measurement of corscheck over libcurl beside ``curl --parallel``."""

    def measure(bench: Bench, row: Row) -> list[Figure]:
        def make(size: int) -> list[Contender]:
            work = workload(bench, size)
            made = [bench.contenders.curl(work), bench.contenders.corscheck(work, "curl")]
            return made + [bench.contenders.curl_in_batches(work)] * batches

        times = bench.measure(make, row.size)
        figures = [compare_rates(row, times, "corscheck, curl", "curl")]
        if batches:
            other = compare_rates(row, times, "corscheck, curl", "curl, in batches")
            other.title, other.floor, other.aim = "the same beside curl in batches", None, None
            figures.append(other)
        return figures

    return measure


def beside_async_client(bench: Bench, row: Row) -> list[Figure]:
    """Measure corscheck over httpx beside one shared AsyncClient."""

    def make(size: int) -> list[Contender]:
        work = one_host(bench.nginx.varied, size)
        return [bench.contenders.async_client(work), bench.contenders.corscheck(work, "httpx")]

    return [compare_rates(row, bench.measure(make, row.size), "corscheck, httpx", "httpx.AsyncClient")]


def compare_rates(row: Row, times: dict[str, list[float]], ours: str, theirs: str) -> Figure:
    """Return the ratio of two rates, from median times."""
    mine, other = statistics.median(times[ours]), statistics.median(times[theirs])
    by_round = [b / a for a, b in zip(times[ours], times[theirs], strict=True)]
    return Figure(
        row.name,
        row.title,
        other / mine,
        "x rate",
        row.floor,
        row.aim,
        spread=(min(by_round), max(by_round)),
        details=f"{row.size / mine:,.0f}/s; {theirs}: {row.size / other:,.0f}/s",
        data={"seconds": {name: times[name] for name in (ours, theirs)}},
    )


def start_up(bench: Bench, row: Row) -> list[Figure]:
    """Measure one probe in units of one curl with the same two requests."""

    def make(_: int) -> list[Contender]:
        work = one_host(bench.nginx.varied, 1)
        probes = [probe for transport in ("curl", "httpx") for probe in bench.contenders.one_probe(work, transport)]
        return [bench.contenders.one_curl(work), *probes]

    times = bench.measure(make, 1, RUNS_PER_ROUND)
    return [
        compare_times(row, times, "-q --json, curl", row.title, row.floor, row.aim),
        compare_times(row, times, "table, curl", "the same, with its table", 18),
        compare_times(row, times, "-q --json, httpx", "one probe over httpx, -q --json", 26),
        compare_times(row, times, "table, httpx", "the same, with its table", 32),
    ]


def compare_times(
    row: Row, times: dict[str, list[float]], ours: str, title: str, limit: float, aim: float | None = None
) -> Figure:
    """Return the ratio of two median times; the spread is that of our quartiles."""
    median, curl = statistics.median(times[ours]), statistics.median(times["curl"])
    low, _, high = statistics.quantiles(times[ours], n=4)
    return Figure(
        row.name,
        title,
        median / curl,
        "x time",
        limit,
        aim,
        at_most=True,
        spread=(low / curl, high / curl),
        details=f"{median * 1000:.0f} ms; curl: {curl * 1000:.1f} ms",
        data={"seconds": {name: times[name] for name in ("curl", ours)}},
    )


def memory(bench: Bench, row: Row) -> list[Figure]:
    """Measure how peak memory grows with the number of targets. Measured once: it hardly varies."""
    runs = {n: bench.contenders.peak(one_host(bench.nginx.varied, n), 10 * bench.timeout) for n in (SMALL, LARGE)}
    (small, small_seconds), (large, large_seconds) = runs[SMALL], runs[LARGE]
    return [
        Figure(
            row.name,
            row.title,
            (large / small - 1) * 100,
            "% more",
            row.floor,
            row.aim,
            at_most=True,
            details=f"{small / 1024:.1f} MiB, {small_seconds:.0f} s; {large / 1024:.1f} MiB, {large_seconds:.0f} s",
            data={"KiB": [small, large], "seconds": [small_seconds, large_seconds]},
        )
    ]


ROWS = [
    Row(
        "ids",
        "16,000 URLs of one host, X-Request-Id",
        beside_curl(lambda b, n: one_host(b.nginx.varied, n)),
        0.5,
        1.0,
        16_000,
    ),
    Row(
        "identical",
        "the same, identical answers",
        beside_curl(lambda b, n: one_host(b.nginx.identical, n, distinct_ids=False)),
        0.5,
        1.0,
        16_000,
    ),
    Row("hosts", "2,000 hosts, http", beside_curl(many_hosts, batches=True), 0.8, 1.0, 2000),
    Row("hosts-tls", "2,000 hosts, https", beside_curl(many_hosts_tls, batches=True), 1.6, 2.0, 2000),
    Row("failing", "2,000 hosts, http, 10 % refuse, 5 % silent", beside_curl(failing_hosts), 2.0, 3.0, 2000),
    Row("httpx", "2,000 probes over httpx", beside_async_client, 3.0, 6.0, 2000),
    Row("start-up", "one probe over libcurl, -q --json", start_up, 14, 10),
    Row("memory", "peak memory, 10,000 to 100,000 targets", memory, 20, 0),
]

HEADINGS = ("row", "workload", "result", "spread", "floor", "aim", "floor met", "corscheck, and beside it")


def table_line(figure: Figure) -> tuple[str, ...]:
    """Return the cells of one line, in the order of HEADINGS."""
    sign = "<= " if figure.at_most else ">= "
    floor = "" if figure.floor is None else f"{sign}{figure.floor:g}"
    aim = "" if figure.aim is None else f"{figure.aim:g}"
    spread = "" if figure.spread is None else f"{figure.spread[0]:.2f} to {figure.spread[1]:.2f}"
    met = {True: "yes", False: "NO", None: ""}[figure.met]
    return (figure.row, figure.title, f"{figure.value:.2f} {figure.unit}", spread, floor, aim, met, figure.details)


def print_table(figures: list[Figure], markdown: bool) -> None:
    """Print all figures, as aligned columns or as Markdown."""
    lines = [HEADINGS, *map(table_line, figures)]
    if markdown:
        lines.insert(1, ("---",) * len(HEADINGS))
        for line in lines:
            print("| " + " | ".join(line) + " |")
        return
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def describe_machine(python: str) -> dict[str, object]:
    """Return what the figures depend on."""

    def first_line(*argv: str) -> str:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.partition("\n")[0]

    version = first_line(python, "-c", "import platform; print(platform.python_version())")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": version,
        "curl": " ".join(first_line("curl", "--version").split()[:2]),
    }


@contextlib.contextmanager
def start_servers(python: str, rounds: int, timeout: float) -> Iterator[Bench]:
    """Start all servers and stop them at the end."""
    with (
        tempfile.TemporaryDirectory() as name,
        run_nginx(Path(name)) as nginx,
        refuse_connections() as refusing,
        SilentServer() as silent,
    ):
        yield Bench(nginx, refusing, silent, Contenders(python, Path(name)), rounds, timeout)


def parse_arguments() -> argparse.Namespace:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each row (default: 5)")
    parser.add_argument("--rows", default=",".join(names), help=f"measure only these: {', '.join(names)}")
    parser.add_argument("--python", default=sys.executable, help="interpreter with corscheck's dependencies and pycurl")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--json", metavar="FILE", type=Path, help="save every measured time")
    parser.add_argument(
        "--timeout", type=float, default=60, help="fail if one process takes longer, in seconds (default: 60)"
    )
    options = parser.parse_args()
    options.rows = options.rows.split(",")
    if unknown := set(options.rows) - set(names):
        parser.error(f"unknown rows: {', '.join(sorted(unknown))}. Rows: {', '.join(names)}")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def main() -> int:
    """Measure and print; exit 1 if a floor is missed or a check fails."""
    options = parse_arguments()
    machine = describe_machine(options.python)
    figures: list[Figure] = []
    failed = False
    began = time.monotonic()
    with start_servers(options.python, options.rounds, options.timeout) as bench:
        for row in ROWS:
            if row.name in options.rows:
                started = time.monotonic()
                try:
                    figures += row.measure(bench, row)
                except (AssertionError, subprocess.TimeoutExpired) as error:
                    failed = True
                    print(f"{row.name}: no figure: {error!r}", file=sys.stderr, flush=True)
                print(f"{row.name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    facts = f"{machine['date']}, {machine['cores']} cores, Python {machine['python']}, {machine['curl']}"
    print(f"{facts}; medians of {options.rounds} rounds, {time.monotonic() - began:.0f} s in all\n")
    print_table(figures, options.markdown)
    if options.json:
        saved = machine | {
            "rounds": options.rounds,
            "figures": [asdict(figure) | {"met": figure.met} for figure in figures],
        }
        options.json.write_text(json.dumps(saved, indent=1) + "\n")
    return int(failed or any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
