"""The programs that the benchmarks compare, each with a check of what it printed or wrote.

Everything about corscheck goes through its command line, so the benchmarks do not depend on its modules.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from servers import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[2]
CONCURRENCY = 64
REQUEST_HEADER = "X-Tenant: 7"
"""Not a safelisted header, so each probe is a preflight and a GET."""
REFUSED, TIMED_OUT = "connect", "timeout"
"""How corscheck's reports name the two failures."""

CLIENT = r"""
import asyncio, json, sys
import httpx
async def main(targets, concurrency, requests):
    urls = open(targets).read().split()
    limit = asyncio.Semaphore(concurrency)
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as client:
        async def send(url):
            async with limit:
                answers = [await client.request(method, url, headers=headers) for method, headers in requests]
                return all(a.status_code == 200 and "access-control-allow-origin" in a.headers for a in answers)
        print(sum(await asyncio.gather(*map(send, urls))))
asyncio.run(main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])))
"""

PEAK = r"""
import atexit, resource, runpy, sys
def report():
    with open("/proc/self/status") as status:
        own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print("peak KiB:", own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr, flush=True)
atexit.register(report)
runpy.run_module("corscheck", run_name="__main__", alter_sys=True)
"""
"""Runs ``python -m corscheck`` and prints its peak memory at the end; a child process counts as well.

VmHWM, because ru_maxrss of a new process starts with the size of the process that forked it.
"""


@dataclass(frozen=True)
class Expected:
    """What a run over many targets must find. Every target that answers allows the page."""

    answering: int
    refusing: int = 0
    silent: int = 0
    distinct_ids: bool = True
    """Whether each answer has its own X-Request-Id."""

    @property
    def requests(self) -> int:
        """The number of requests that nginx answers: a preflight and a GET for each target."""
        return 2 * self.answering

    @property
    def failing(self) -> int:
        return self.refusing + self.silent


@dataclass(frozen=True)
class Contender:
    """A command and how to check that it did its work."""

    name: str
    argv: Sequence[str]
    check: Callable[[str], None]
    """Gets standard output; raises AssertionError."""
    requests: int
    """How many requests reach nginx."""
    statuses: tuple[int, ...] = (0,)
    """The exit statuses that are right for this run."""


@dataclass(frozen=True)
class Request:
    """A request as corscheck sends it."""

    method: str
    headers: list[tuple[str, str]]


@dataclass(frozen=True)
class Workload:
    """Targets, what both programs need to reach them, and what they must find."""

    urls: list[str]
    expected: Expected
    glob: str | None = None
    """The same URLs as a curl glob. curl starts about 8 % faster with it than with a list of 16,000 URLs."""
    connect_to: str | None = None
    cacert: Path | None = None
    max_time: float | None = None

    def options(self) -> list[tuple[str, str]]:
        """Return the options that curl and corscheck have in common."""
        given = {"connect-to": self.connect_to, "cacert": self.cacert, "max-time": self.max_time}
        return [(name, str(value)) for name, value in given.items() if value is not None]


@dataclass
class Contenders:
    """Makes the contenders for a workload."""

    python: str
    directory: Path
    _files: int = field(default=0, init=False)

    def corscheck(self, workload: Workload, transport: str) -> Contender:
        """Return ``corscheck probe`` over one transport; it writes its results with --jsonl."""
        report = self._new_file("jsonl")
        argv = [self.python, "-m", "corscheck", *self.probe_arguments(workload, transport, report)]
        # Exit status 3 means inconclusive: some targets did not answer.
        expected = workload.expected
        statuses = (3,) if expected.failing else (0,)
        name = f"corscheck, {transport}"
        return Contender(name, argv, lambda _: check_report(report, expected), expected.requests, statuses)

    def probe_arguments(self, workload: Workload, transport: str, report: Path) -> list[str]:
        """Return the arguments of ``corscheck`` for a whole workload."""
        argv = ["probe", "--targets", str(self._targets(workload)), *self._asked(workload), "--transport", transport]
        return [*argv, "--concurrency", str(CONCURRENCY), "-q", "--jsonl", str(report)]

    def curl(self, workload: Workload) -> Contender:
        """Return ``curl --parallel`` with the same requests: all preflights, then all GETs."""
        urls = [workload.glob] if workload.glob else workload.urls
        return self._curl("curl", workload, urls, len(urls))

    def curl_in_batches(self, workload: Workload) -> Contender:
        """Return the same in the order that suits curl's connection cache best.

        curl caches four times as many connections as it has transfers under way. It finds the connection of a preflight
        again if the GET follows soon enough, but not so soon that the preflight is still under way.
        """
        return self._curl("curl, in batches", workload, workload.urls, 2 * CONCURRENCY)

    def _curl(self, name: str, workload: Workload, urls: list[str], batch: int) -> Contender:
        config = self._new_file("curlrc")
        requests = self.requests(workload)
        sections = [
            self._curl_section(request, workload, urls[start : start + batch])
            for start in range(0, len(urls), batch)
            for request in requests
        ]
        config.write_text("next\n".join(sections))
        argv = ["curl", "-q", "--no-progress-meter", "--parallel", "--parallel-immediate"]
        argv += ["--parallel-max", str(CONCURRENCY), "-K", str(config)]
        expected = workload.expected

        def check(out: str) -> None:
            wanted = {"200": expected.requests, "000": 2 * expected.failing}
            assert Counter(wanted) == Counter(out.split()), (Counter(out.split()), wanted)

        # 7: connection refused, 28: timed out. curl exits with the status of one of the failures.
        return Contender(name, argv, check, expected.requests, (7, 28) if expected.failing else (0,))

    def _curl_section(self, request: Request, workload: Workload, urls: list[str]) -> str:
        options = [*workload.options(), ("request", request.method), ("write-out", r"%{http_code}\n")]
        options += [("header", f"{name}: {value}") for name, value in request.headers]
        for url in urls:
            options += [("url", url), ("output", os.devnull)]
        return "silent\n" + "".join(f'{name} = "{value}"\n' for name, value in options)

    def async_client(self, workload: Workload) -> Contender:
        """Return one shared ``httpx.AsyncClient`` with the same requests."""
        requests = json.dumps([(request.method, request.headers) for request in self.requests(workload)])
        argv = [self.python, "-c", CLIENT, str(self._targets(workload)), str(CONCURRENCY), requests]

        def check(out: str) -> None:
            assert int(out) == workload.expected.answering, out

        return Contender("httpx.AsyncClient", argv, check, workload.expected.requests)

    def one_curl(self, workload: Workload) -> Contender:
        """Return one ``curl`` that sends the two requests of one probe one after the other and prints the answers."""
        url = workload.urls[0]
        argv = ["curl", "-q"]
        for number, request in enumerate(self.requests(workload)):
            argv += ["--next"] * (number > 0) + ["-sS", "-i", "-X", request.method, url]
            argv += [part for name, value in request.headers for part in ("-H", f"{name}: {value}")]

        def check(out: str) -> None:
            assert out.lower().count("access-control-allow-origin") == 2, out

        return Contender("curl", argv, check, 2)

    def one_probe(self, workload: Workload, transport: str) -> list[Contender]:
        """Return ``corscheck probe`` of one target: with a report, and with its table."""
        report = self._new_file("json")
        argv = [self.python, "-m", "corscheck", "probe", workload.urls[0], *self._asked(workload)]
        argv += ["--transport", transport]

        def check_json(_: str) -> None:
            probes = json.loads(report.read_text())["probes"]
            assert [(probe["verdict"], len(probe["exchanges"])) for probe in probes] == [("allowed", 2)], probes
            report.unlink()

        def check_table(out: str) -> None:
            assert "ALLOWED" in out, out
            assert "GET 200" in out, out

        return [
            Contender(f"-q --json, {transport}", [*argv, "-q", "--json", str(report)], check_json, 2),
            Contender(f"table, {transport}", argv, check_table, 2),
        ]

    def peak(self, workload: Workload, timeout: float) -> tuple[int, float]:
        """Return the peak resident memory, in KiB, and the seconds of a run over libcurl with --jsonl."""
        report = self._new_file("jsonl")
        argv = [self.python, "-c", PEAK, *self.probe_arguments(workload, "curl", report)]
        start = time.perf_counter()
        done = run_process(argv, timeout)
        elapsed = time.perf_counter() - start
        assert done.returncode == 0, done.stderr[-500:]
        check_report(report, workload.expected)
        return int(done.stderr.rpartition("peak KiB:")[2]), elapsed

    def requests(self, workload: Workload) -> list[Request]:
        """Return the requests that corscheck sends to the first target, taken from its report."""
        report = self._new_file("json")
        argv = [self.python, "-m", "corscheck", "probe", workload.urls[0], *self._asked(workload)]
        done = run_process([*argv, "-q", "--json", str(report)], 60)
        assert done.returncode == 0, (done.stdout, done.stderr)
        sent = [exchange["request"] for exchange in json.loads(report.read_text())["probes"][0]["exchanges"]]
        assert [request["method"] for request in sent] == ["OPTIONS", "GET"], sent
        return [
            Request(request["method"], [(name, value) for name, value in request["headers"] if name != "Host"])
            for request in sent
        ]

    def _asked(self, workload: Workload) -> list[str]:
        argv = ["--origin", PAGE, "-H", REQUEST_HEADER]
        return argv + [part for name, value in workload.options() for part in (f"--{name}", value)]

    def _targets(self, workload: Workload) -> Path:
        path = self._new_file("targets")
        path.write_text("".join(f"{url}\n" for url in workload.urls))
        return path

    def _new_file(self, suffix: str) -> Path:
        self._files += 1
        return self.directory / f"{self._files}.{suffix}"


def check_report(path: Path, expected: Expected) -> None:
    """Check the verdict and the exchanges of every result in a JSON Lines report, then delete it."""
    found: Counter[str] = Counter()
    ids: set[str] = set()
    with path.open("rb") as lines:
        for line in lines:
            result = json.loads(line)
            if "verdict" not in result:  # the first and the last line describe the run
                continue
            if result["error"]:
                found[result["error"]["kind"]] += 1
                assert result["verdict"] == "inconclusive", result
                continue
            found[result["verdict"]] += 1
            responses = [exchange["response"] for exchange in result["exchanges"]]
            assert [response["status"] for response in responses] == [200, 200], result
            ids.update(v for response in responses for name, v in response["headers"] if name == "X-Request-Id")
    wanted = {"allowed": expected.answering, REFUSED: expected.refusing, TIMED_OUT: expected.silent}
    assert found == Counter(wanted), (found, wanted)
    assert len(ids) == expected.requests * expected.distinct_ids, len(ids)
    path.unlink()


def time_contender(contender: Contender, timeout: float) -> float:
    """Return the seconds that the whole process took, having checked its exit status and its result."""
    start = time.perf_counter()
    done = run_process(contender.argv, timeout)
    elapsed = time.perf_counter() - start
    assert done.returncode in contender.statuses, (
        contender.name,
        done.returncode,
        done.stdout[-500:],
        done.stderr[-500:],
    )
    contender.check(done.stdout)
    return elapsed


def run_process(argv: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a command without proxies, with this source tree, and with the bytecode that an installation has."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and k not in left_out}
    return subprocess.run(
        argv,
        capture_output=True,
        text=True,
        env=kept | {"PYTHONPATH": str(ROOT)},
        cwd="/",
        timeout=timeout,
        check=False,
    )
