"""How fast many probes go over the asynchronous path, beside one shared ``httpx.AsyncClient``; and what memory it takes.

    python tests/bench/throughput.py [--probes 1000] [--rounds 5]

The server is a process of its own on loopback and keeps connections. Every probe is a preflight and a GET, and so is
every pair of the client's requests; rounds are interleaved, verdicts and statuses asserted, medians printed. Memory is
the peak of a process that streams its results to a JSON Lines file, for two sizes of run.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = "http://localhost:3000"
CONCURRENCY = 32
FACTOR = 2.0
"""The figure to reach: at least so many times the shared client's throughput."""

SERVER = r"""
import asyncio
ANSWER = (b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: http://localhost:3000\r\n"
          b"Access-Control-Allow-Headers: x-tenant\r\nContent-Length: 2\r\n\r\nok")
async def serve(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""

MEMORY = r"""
import resource, sys
from corscheck.cli.app import run
status = run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


def main() -> None:
    """Measure, print a table, exit 1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}/data"
            ours, theirs = [], []
            for _ in range(arguments.rounds):
                ours.append(arguments.probes / timed(probes(url, arguments.probes)))
                theirs.append(arguments.probes / timed(client(url, arguments.probes)))
            small, large = (memory(url, n) for n in (2_000, 10_000))
        finally:
            server.kill()
    us, them = statistics.median(ours), statistics.median(theirs)
    print(f"corscheck, {CONCURRENCY} at a time     {us:8.0f} probes/s  ({min(ours):.0f} to {max(ours):.0f})")
    print(f"one shared AsyncClient      {them:8.0f} probes/s  ({min(theirs):.0f} to {max(theirs):.0f})")
    print(f"ratio                       {us / them:8.1f}  (at least {FACTOR})")
    print(f"peak memory, 2,000 probes   {small / 1024:8.1f} MiB")
    print(f"peak memory, 10,000 probes  {large / 1024:8.1f} MiB")
    sys.exit(0 if us / them >= FACTOR and large < small * 1.2 else 1)


def timed(work: object) -> float:
    """Wall seconds of a coroutine in an event loop of its own."""
    start = time.perf_counter()
    asyncio.run(work)  # type: ignore[arg-type]
    return time.perf_counter() - start


async def probes(url: str, count: int) -> None:
    """What ``corscheck probe`` does with many targets."""
    from corscheck.api import make_probe
    from corscheck.runner.many import run_many
    from corscheck.runner.options import RunOptions

    asked = (make_probe(f"{url}?{i}", origin=PAGE, headers=[("X-Tenant", "7")]) for i in range(count))
    options = RunOptions(concurrency=CONCURRENCY, concurrency_total=CONCURRENCY)
    verdicts = [result.verdict async for result in run_many(asked, options)]
    assert verdicts == ["allowed"] * count


async def client(url: str, count: int) -> None:
    """The same requests over one shared client, as one would write it first."""
    import httpx

    preflight = {
        "Origin": PAGE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-tenant",
    }  # fmt: skip
    limit = asyncio.Semaphore(CONCURRENCY)
    async with httpx.AsyncClient(trust_env=False) as shared:

        async def one(number: int) -> None:
            async with limit:
                first = await shared.options(f"{url}?{number}", headers=preflight)
                second = await shared.get(f"{url}?{number}", headers={"Origin": PAGE, "X-Tenant": "7"})
                assert (first.status_code, second.status_code) == (200, 200)

        await asyncio.gather(*(one(i) for i in range(count)))


def memory(url: str, count: int) -> int:
    """Peak resident memory, in KiB, of a run over so many targets that streams JSON Lines."""
    with tempfile.TemporaryDirectory() as directory:
        targets, report = Path(directory, "targets"), Path(directory, "report.jsonl")
        targets.write_text("".join(f"{url}?{i}\n" for i in range(count)))
        argv = ["probe", "--targets", str(targets), "--origin", PAGE, "--jsonl", str(report), "-q"]
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, *argv], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert report.read_bytes().count(b"\n") == count + 2
        return int(done.stderr.split()[-1])


if __name__ == "__main__":
    main()
