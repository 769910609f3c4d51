"""Probes every endpoint of the demo server and compares the verdicts with the table."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.cli.demo.endpoints import ENDPOINTS, PAGE, DemoEndpoint
from corscheck.model.values import Probe
from corscheck.report.text.view import View
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


def run_demo(server: DemoServer, write: Callable[[str], None], view: View | None = None) -> list[Checked]:
    """Check every endpoint of a running demo; write a table of what is blocked and what is allowed, then a summary."""
    view = view or View()
    checked = list(check_all(server.url))
    write(f"A page at {PAGE} sends requests to {server.url}.")
    for verdict in ("blocked", "allowed"):
        rows = [one for one in checked if one.endpoint.verdict == verdict]
        for line in ["", *table(verdict, rows, view)] if rows else []:
            write(line)
    wrong = [one for one in checked if one.differences]
    write("")
    for one in wrong:
        for difference in one.differences:
            write(f"{view.style('fail', 'UNEXPECTED')}  {request_of(one.endpoint)}: {difference}")
    if wrong:
        write(f"{view.style('fail', 'FAILED')}  {len(wrong)} of {len(checked)} are not as expected.")
    else:
        write(f"{view.style('pass', 'OK')}  All {len(checked)} are as expected. To see why one is blocked:")
        write("    corscheck demo --serve")
        write("    corscheck explain CORS301")
    return checked


def table(verdict: str, rows: list[Checked], view: View) -> list[str]:
    """Return the endpoints that share an expected verdict: code, request, and what each shows."""
    from corscheck.report.text.layout import grid, grid_lines

    kind = "pass" if verdict == "allowed" else "fail"
    cells = [
        (
            "  ",
            one.endpoint.code or "",
            one.endpoint.method,
            one.endpoint.path,
            ("unsure", "UNEXPECTED") if one.differences else one.endpoint.shows,
        )
        for one in rows
    ]
    columns: tuple[dict[str, int], ...] = ({"width": 2}, {"width": 9}, {"width": 8}, {"width": 22}, {})
    return [view.style(kind, f"{verdict} as expected"), *grid_lines(grid(columns), cells, view.width, view.style)]


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
