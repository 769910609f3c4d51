"""``--cluster``: what the workers of a Dask cluster come to is what this process alone would have come to."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import Client, LocalCluster

from corscheck.auditing.labels import Labels
from corscheck.model.values import ConfigError, Probe
from corscheck.runner import cluster
from corscheck.runner.options import RunOptions
from corscheck.transports.base import NetworkOptions
from tests.cli.fakes import Command, Done
from tests.servers.counting import CountingServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = "http://app.example"
MOST = 8
"""Probes under way per host, unless --concurrency says otherwise."""


@pytest.fixture(autouse=True)
def outside_of_github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def two_workers() -> AbstractContextManager[LocalCluster]:
    """Two processes with one thread each, on loopback and free ports."""
    return cluster._processes(2)


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalCluster]:
    with two_workers() as running:
        yield running


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer(pause=0.01) as running:
        yield running


def targets(*counts: int) -> None:
    """So many paths of as many hosts, taken in turn: one of three lets nobody in."""
    lines = []
    for path in range(max(counts)):
        for host, count in enumerate(counts):
            if path < count:
                lines.append(f"http://h{host}.test/{'b' if path % 3 == 0 else 'a'}{path}\n")
    Path("targets").write_text("".join(lines))


def both(command: Command, server: CountingServer, address: str, *argv: str) -> tuple[Done, Done]:
    """The same command line without a cluster and with one; their reports are equal."""
    common = (*argv, "--connect-to", f"::127.0.0.1:{server.port}", "--reproducible")
    plain = command(*common, "--json", "plain.json", "--jsonl", "plain.jsonl")
    asked = server.asked.copy()
    server.asked.clear()
    server.most.clear()
    spread = command(*common, "--json", "spread.json", "--jsonl", "spread.jsonl", "--cluster", address)
    assert (spread.status, spread.stdout) == (plain.status, plain.stdout)
    assert Path("spread.json").read_bytes() == Path("plain.json").read_bytes()
    assert Path("spread.jsonl").read_bytes() == Path("plain.jsonl").read_bytes()
    assert server.asked == asked
    return plain, spread


# ---------------------------------------------------------------------- the same, in the same order


def test_probe(workers: LocalCluster, server: CountingServer, command: Command) -> None:
    targets(*[150, 40, *[3] * 70])
    _, spread = both(command, server, workers.scheduler_address, "probe", "--targets", "targets", "--origin", PAGE)
    assert (spread.status, spread.stderr) == (1, "")
    assert len(server.most) == 72
    assert max(server.most.values()) <= MOST


def test_politeness_is_the_clusters(workers: LocalCluster, server: CountingServer, command: Command) -> None:
    """One host has work for several chunks: it is in one of them at a time."""
    targets(200, 60, 60)
    argv = ("probe", "--targets", "targets", "--origin", PAGE, "--concurrency", "2")
    both(command, server, workers.scheduler_address, *argv)
    assert set(server.most.values()) == {2}


def test_rate_is_the_clusters(workers: LocalCluster, server: CountingServer, command: Command) -> None:
    targets(*[1] * 60)
    began = time.monotonic()
    done = command(
        "probe", "--targets", "targets", "--origin", PAGE, "--connect-to", f"::127.0.0.1:{server.port}", "-q",
        "--no-diagnose", "--rate", "40/s", "--cluster", workers.scheduler_address,
    )  # fmt: skip
    assert done.status == 1
    assert sum(server.asked.values()) == 60
    assert time.monotonic() - began > 60 / 40 * 0.9


def test_run(workers: LocalCluster, server: CountingServer, command: Command) -> None:
    origins = ", ".join(f'"http://p{n}.example"' for n in range(20))
    Path("corscheck.toml").write_text(
        'base-url = "http://h.test"\n[[check]]\nname = "data"\nurls = ["/a", "/b"]\n'
        f'origins = [{origins}]\n[[ignore]]\nurl = "*/b"\norigin = "http://p1.example"\nreason = "known"\n'
    )
    plain, spread = both(command, server, workers.scheduler_address, "run")
    assert (spread.status, spread.stderr) == (1, plain.stderr)
    done = command(
        "run",
        "--connect-to",
        f"::127.0.0.1:{server.port}",
        "--max-failures",
        "2",
        "--cluster",
        workers.scheduler_address,
    )
    assert (done.status, "stopped after 2 failures" in done.stderr) == (1, True)


def test_audit(workers: LocalCluster, server: CountingServer, command: Command) -> None:
    Path("targets").write_text("".join(f"http://h{n}.test/{p}\n" for n in range(5) for p in ("reflect", "a", "b")))
    argv = ("audit", "--targets", "targets")
    _, spread = both(command, server, workers.scheduler_address, *argv)
    assert (spread.status, spread.stderr) == (1, "")


def test_resumed(workers: LocalCluster, server: CountingServer, command: Command) -> None:
    targets(*[2] * 40)
    argv = ("probe", "--targets", "targets", "--origin", PAGE)
    both(command, server, workers.scheduler_address, *argv)
    whole = Path("spread.jsonl").read_bytes()
    Path("spread.jsonl").write_bytes(whole[: len(whole) // 2])
    kept = whole[: len(whole) // 2].count(b"\n") - 1
    server.asked.clear()
    done = command(
        *argv, "--connect-to", f"::127.0.0.1:{server.port}", "--reproducible", "--jsonl", "spread.jsonl", "--resume",
        "--no-diagnose", "--cluster", workers.scheduler_address,
    )  # fmt: skip
    assert done.status == 1
    assert len(server.asked) == 80 - kept
    assert Path("spread.jsonl").read_bytes().count(b"\n") == whole.count(b"\n")


# ---------------------------------------------------------------------- what can go wrong on the way


def when(server: CountingServer, count: int, act: Any) -> threading.Thread:
    """Do something once the server was asked so often."""

    def wait() -> None:
        while sum(server.asked.values()) < count:
            time.sleep(0.002)
        act()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_a_worker_is_killed(server: CountingServer, command: Command) -> None:
    """Its chunk is done again; the report is that of a run in which nothing happened."""
    targets(*[8] * 100)
    common = ("probe", "--targets", "targets", "--origin", PAGE, "--connect-to", f"::127.0.0.1:{server.port}")
    common = (*common, "--reproducible", "--concurrency", "8", "-q")
    plain = command(*common, "--json", "plain.json")
    server.asked.clear()
    with two_workers() as workers:
        victim = next(iter(workers.workers.values())).pid
        killer = when(server, 150, lambda: os.kill(victim, signal.SIGKILL))
        spread = command(*common, "--json", "spread.json", "--cluster", workers.scheduler_address)
        killer.join(10)
    assert (spread.status, spread.stdout, spread.stderr) == (1, plain.stdout, "")
    assert Path("spread.json").read_bytes() == Path("plain.json").read_bytes()
    assert sum(server.asked.values()) > 800, "nothing was lost: it was killed too late"
    assert max(server.most.values()) <= 2 * MOST  # what the dead one had sent is answered while it is asked again


def test_workers_die_over_the_same_chunk(server: CountingServer, command: Command) -> None:
    targets(*[8] * 100)
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}), two_workers() as workers:
        victim = next(iter(workers.workers.values())).pid
        killer = when(server, 50, lambda: os.kill(victim, signal.SIGKILL))
        done = command(
            "probe", "--targets", "targets", "--origin", PAGE, "--connect-to", f"::127.0.0.1:{server.port}",
            "--concurrency", "8", "-q", "--cluster", workers.scheduler_address,
        )  # fmt: skip
        killer.join(10)
    assert done.status == 3
    assert "--cluster: the run is incomplete: worker tcp://" in done.stderr
    assert "and the chunk that it had was lost 1 time\n" in done.stderr


@contextlib.contextmanager
def signals(number: signal.Signals, *, times: int = 60, every: float = 1) -> Iterator[None]:
    """Every second, or so often, send a signal to the processes that this one has started meanwhile."""
    others = {child.pid for child in multiprocessing.active_children()}
    done = threading.Event()

    def send() -> None:
        for _ in range(times):
            if done.wait(every):
                return
            for child in multiprocessing.active_children():
                if child.pid not in others:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child.pid or 0, number)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_local_workers_are_killed(command: Command) -> None:
    """Each worker that takes over a chunk is killed, too: the run ends, says how, and keeps what came."""
    targets(*[8] * 100)
    with CountingServer(pause=1) as server, signals(signal.SIGKILL):
        done = command(
            "probe", "--targets", "targets", "--origin", PAGE, "--connect-to", f"::127.0.0.1:{server.port}", "-q",
            "--concurrency", "8", "--cluster", "local:2", "--jsonl", "r.jsonl", "--json", "r.json",
        )  # fmt: skip
    assert done.status == 3
    assert "was killed by signal 9" in done.stderr
    assert json.loads(Path("r.json").read_bytes())["summary"]["exit_status"] == 3
    assert json.loads(Path("r.jsonl").read_bytes().splitlines()[-1])["summary"]["interrupted"] is True


def test_local_workers_are_killed_before_they_work(command: Command) -> None:
    targets(*[8] * 100)
    with CountingServer() as server, signals(signal.SIGKILL, times=6000, every=0.01):
        done = command(
            "probe", "--targets", "targets", "--origin", PAGE, "--connect-to", f"::127.0.0.1:{server.port}", "-q",
            "--cluster", "local:2", "--jsonl", "r.jsonl", "--json", "r.json",
        )  # fmt: skip
    assert done.status == 3
    assert "a worker did not start: it was killed by signal 9" in done.stderr
    assert json.loads(Path("r.json").read_bytes())["summary"]["exit_status"] == 3


def test_stopped_workers_have_a_deadline(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are silent are replaced after a while, and their chunks are done again."""
    monkeypatch.setattr(cluster, "_SILENT_SECONDS", 3)
    targets(*[8] * 100)
    with CountingServer(pause=0.1) as server, signals(signal.SIGSTOP, times=2):
        done = command(
            "probe", "--targets", "targets", "--origin", PAGE, "--connect-to", f"::127.0.0.1:{server.port}", "-q",
            "--concurrency", "8", "--cluster", "local:2", "--jsonl", "r.jsonl",
        )  # fmt: skip
    assert (done.status, done.stderr) == (1, "")
    assert len(Path("r.jsonl").read_bytes().splitlines()) == 802
    assert sum(server.asked.values()) > 800, "nothing was lost: they were stopped too late"


def test_a_worker_that_goes_before_it_names_its_version() -> None:
    """Nothing speaks against the others. Another error of a worker does."""
    from distributed.comm.core import CommClosedError

    class Client:
        def __init__(self, found: BaseException) -> None:
            self.found = found

        def run(self, *_: object, **__: object) -> dict[str, BaseException | str]:
            return {"tcp://a": self.found, "tcp://b": cluster.__version__}

    cluster._check_versions(Client(CommClosedError("Stream is closed")))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="a worker cannot be used: no space"):
        cluster._check_versions(Client(RuntimeError("no space")))  # type: ignore[arg-type]


def test_the_scheduler_goes_away(server: CountingServer, command: Command) -> None:
    targets(*[8] * 100)
    with two_workers() as workers:
        closer = when(server, 50, workers.close)
        done = command(
            "probe", "--targets", "targets", "--origin", PAGE, "--connect-to", f"::127.0.0.1:{server.port}",
            "--concurrency", "8", "-q", "--cluster", workers.scheduler_address,
        )  # fmt: skip
        closer.join(30)
    assert done.status == 3
    assert "--cluster: the run is incomplete: the scheduler is gone, or has dropped what it was given" in done.stderr


def test_ctrl_c(tmp_path: Path) -> None:
    """The terminal sends it to every process. What is known is saved, and nobody is asked any more."""
    targets(*[20] * 100)
    with CountingServer(pause=0.05) as server:
        running = subprocess.Popen(
            [
                sys.executable, "-m", "corscheck", "probe", "--targets", "targets", "--origin", PAGE, "--connect-to",
                f"::127.0.0.1:{server.port}", "-q", "--concurrency", "8", "--cluster", "local:2", "--jsonl", "r.jsonl",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )  # fmt: skip
        assert running.stdout is not None
        running.stdout.readline()
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=60)
        assert running.returncode == 130
        said = rb"corscheck: INTERRUPTED after \d+ of 2,000; r\.jsonl has them, --resume continues\n"
        assert re.fullmatch(said, err), err
        asked = sum(server.asked.values())
        assert asked < 2000
        time.sleep(0.3)
        assert sum(server.asked.values()) == asked
    assert b'"interrupted":true' in (tmp_path / "r.jsonl").read_bytes()


def test_called_off_at_the_workers(workers: LocalCluster, server: CountingServer) -> None:
    """Workers that belong to others stay up: what they do for this run ends with it."""
    probes = [Probe(f"http://127.0.0.1:{server.port}/{n}", PAGE, index=n) for n in range(600)]
    some = cluster.results(probes, RunOptions(concurrency=1, concurrency_total=1), workers.scheduler_address, 600)
    assert next(some).index == 0
    some.close()
    time.sleep(0.5)
    asked = sum(server.asked.values())
    assert asked < 600
    time.sleep(0.5)
    assert sum(server.asked.values()) == asked


# ---------------------------------------------------------------------- refused


@pytest.mark.parametrize("address", ["local", "local:", "local:0", "local:x", "10.0.0.1:8786", "", "local://2"])
def test_no_address(address: str, command: Command) -> None:
    done = command.probe("--cluster", address)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith(f"corscheck: --cluster {address}: write tcp://HOST:PORT")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("--in-browser", "firefox"), "--cluster and --in-browser exclude each other"),
        (("--app", "main:app"), "--cluster and --app exclude each other"),
        (("--unix-socket", "/tmp/s"), "--unix-socket is a place on this machine: --cluster local:N can use it"),
    ],
)
def test_what_cannot_go_along(argv: tuple[str, ...], says: str, command: Command) -> None:
    done = command.probe("--cluster", "tcp://127.0.0.1:1", *argv)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith(f"corscheck: {says}")


def test_without_dask(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for argv in (("probe", "http://127.0.0.1:9/", "--origin", PAGE), ("audit", "http://127.0.0.1:9/")):
        done = command(*argv, "--cluster", "local:2")
        assert (done.status, done.stderr) == (
            2,
            "corscheck: --cluster needs dask: pip install '.[cluster]' in a checkout of corscheck\n",
        )


def test_nobody_listens(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_START_SECONDS", 1)
    done = command.probe("--cluster", "tcp://127.0.0.1:1")
    assert done.status == 2
    assert done.stderr.startswith("corscheck: --cluster tcp://127.0.0.1:1: no scheduler answers there: ")
    assert done.stderr.count("\n") == 1


def test_a_cluster_without_workers(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_START_SECONDS", 1)
    with cluster._processes(0) as empty:
        done = command.probe("--cluster", empty.scheduler_address)
        assert done.status == 2
        assert done.stderr == f"corscheck: --cluster {empty.scheduler_address}: the scheduler has no workers\n"


def test_a_worker_of_another_version(workers: LocalCluster, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "__version__", "9.9")
    done = command.probe("--cluster", workers.scheduler_address)
    assert done.status == 2
    assert "this is corscheck 9.9, and a worker has " in done.stderr


def test_a_question_that_cannot_be_put(workers: LocalCluster, server: CountingServer) -> None:
    """A worker says so as this process would."""
    options = RunOptions(network=NetworkOptions(cacert="/nowhere/x.pem"))
    asked = cluster.results([Probe("https://127.0.0.1:9999/", PAGE)], options, workers.scheduler_address, 1)
    with pytest.raises(ConfigError, match=r"/nowhere/x\.pem"):
        next(asked)


# ---------------------------------------------------------------------- what is sent


def test_a_chunk_shows_nothing() -> None:
    """Dask logs what it was to do when that fails."""
    probe = Probe("http://u:hidden@api.example/", PAGE, password="hidden", cookies="a=hidden")
    chunk = cluster.Chunk((probe,), RunOptions())
    assert repr(chunk) == "<1 questions>"
    assert pickle.loads(pickle.dumps(chunk)) == chunk


def test_results_are_masked_where_they_are_made(workers: LocalCluster, server: CountingServer) -> None:
    with Client(workers.scheduler_address) as client:
        probe = Probe(f"{server.url}/a?token=hidden", PAGE, headers=(("X-Api-Key", "hidden"),), credentials="include")
        came = client.submit(cluster._ask, cluster.Chunk((probe,), RunOptions()), pure=False).result()
        assert came.complaint is None
        assert b"hidden" not in pickle.dumps(came)


def test_random_names_are_made_anew() -> None:
    """The system's randomness has no state: what was sent has its own."""
    assert pickle.loads(pickle.dumps(Labels())).label() != Labels().label()


def test_a_failure_to_read_is_a_matter_of_installation() -> None:
    error = RuntimeError("Error during deserialization of the task graph")
    error.__cause__ = ModuleNotFoundError("No module named 'corscheck'", name="corscheck.runner.cluster")
    assert "pip install '.[cluster]' in a checkout of corscheck" in str(cluster._installation(error))
    assert cluster._installation(ValueError()) is None


@pytest.mark.parametrize(
    ("address", "local"),
    [("local:12", True), ("tcp://10.0.0.1:8786", False), ("tls://scheduler.example:8786", False)],
)
def test_addresses(address: str, local: bool) -> None:
    assert cluster.is_local(address) is local
