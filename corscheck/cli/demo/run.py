"""Probes every endpoint of the demo server and compares the verdicts with the table."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.cli.demo.endpoints import ENDPOINTS, PAGE, DemoEndpoint
from corscheck.model.values import Probe
from corscheck.runner.options import RunOptions
from corscheck.runner.single import run_one
from corscheck.transports.base import NetworkOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.cli.demo.server import DemoServer
    from corscheck.model.result import Result


class Checked(Struct, frozen=True):
    """An endpoint, the result of its probe, and the differences from the expectation."""

    endpoint: DemoEndpoint
    result: Result
    differences: tuple[str, ...]


def probe_of(endpoint: DemoEndpoint, base: str, index: int = 0) -> Probe:
    """Return the endpoint's probe. Nothing is held back: the server keeps no data that a request could change."""
    return Probe(
        url=base + endpoint.path,
        origin=endpoint.origin,
        method=endpoint.method,
        headers=endpoint.headers,
        credentials=endpoint.credentials,
        send="always",
        expected=endpoint.verdict,
        index=index,
    )


def command_of(endpoint: DemoEndpoint, base: str) -> str:
    """Return the same probe as a command to copy."""
    parts = ["corscheck", "probe", base + endpoint.path, "--origin", endpoint.origin]
    if endpoint.method != "GET":
        parts += ["-X", endpoint.method]
    for name, value in endpoint.headers:
        parts += ["-H", f"{name}: {value}"]
    if endpoint.credentials != "same-origin":
        parts += ["--credentials", endpoint.credentials]
    return shlex.join(parts)


def compare(endpoint: DemoEndpoint, result: Result) -> tuple[str, ...]:
    """Return in what a result differs from the table."""
    differences = []
    if result.verdict != endpoint.verdict:
        differences.append(f"expected {endpoint.verdict}, got {result.verdict}")
    elif not result.passed:
        others = ", ".join(f"{name} {e.verdict}" for name, e in result.engines.items() if e.verdict != endpoint.verdict)
        differences.append(f"expected {endpoint.verdict} in every engine of the gate, got {others}")
    code = result.reason.code if result.reason is not None else None
    if code != endpoint.code:
        differences.append(f"expected the reason {endpoint.code}, got {code}")
    differences += [f"{name} should be hidden" for name in endpoint.hidden if name in result.readable_headers]
    return tuple(differences)


def check_all(base: str) -> Iterator[Checked]:
    """Probe every endpoint of a running demo, in the table's order."""
    # Loopback needs no proxy: "" ignores the environment's.
    options = RunOptions(network=NetworkOptions(timeout=5.0, proxy=""), diagnose=False)
    for index, endpoint in enumerate(ENDPOINTS):
        result = run_one(probe_of(endpoint, base, index), options)
        yield Checked(endpoint, result, compare(endpoint, result))


def run_demo(server: DemoServer, write: Callable[[str], None]) -> list[Checked]:
    """Check every endpoint of a running demo; write the lines of each, then a summary."""
    write(f"A page on {PAGE} asks {server.url}, which has right and wrong endpoints.")
    write("")
    checked = []
    for one in check_all(server.url):
        checked.append(one)
        for line in lines_of(one):
            write(line)
    wrong = sum(1 for one in checked if one.differences)
    write("")
    if wrong:
        write(f"FAILED  {wrong} of {len(checked)} did not come as expected.")
    else:
        write(f"OK  all {len(checked)} came as expected.")
        write("    To try them yourself: corscheck demo --serve")
    return checked


def lines_of(one: Checked) -> Iterator[str]:
    """Yield the lines of one endpoint: pass or FAIL, verdict, code, request, purpose, differences."""
    endpoint, result = one.endpoint, one.result
    mark = "FAIL" if one.differences else "pass"
    verdict = result.verdict if result.verdict == "allowed" else result.verdict.upper()
    code = result.reason.code if result.reason is not None else ""
    yield f"  {mark}  {verdict:<8} {code:<8} {request_of(endpoint)}"
    yield f"        {endpoint.shows}"
    for difference in one.differences:
        yield f"      > {difference}"


def request_of(endpoint: DemoEndpoint) -> str:
    """Return the method, the path, and what is special about the request."""
    notes = [name for name, _ in endpoint.headers]
    if endpoint.credentials == "include":
        notes.append("credentials")
    if endpoint.origin != PAGE:
        notes.append(f"from {endpoint.origin}")
    return f"{endpoint.method} {endpoint.path}" + (f"  ({', '.join(notes)})" if notes else "")


def serve_text(server: DemoServer) -> Iterator[str]:
    """Yield what ``demo --serve`` prints: the server's URL, and a command for each endpoint."""
    yield f"The demo is up at {server.url} (a list of its endpoints; Ctrl-C stops it)."
    yield "Copy one of these into another terminal:"
    for endpoint in ENDPOINTS:
        yield ""
        yield f"# {endpoint.verdict}: {endpoint.shows}"
        yield command_of(endpoint, server.url)
