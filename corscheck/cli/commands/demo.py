"""``corscheck demo``: probes an embedded server, offline; ``--serve`` only keeps the server running."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from typing import Annotated

import typer

from corscheck.cli import signals
from corscheck.cli.demo.run import run_demo, serve_text
from corscheck.cli.demo.server import PORT, DemoServer
from corscheck.cli.exitcodes import FAILED
from corscheck.cli.show.outputs import OutputOptions
from corscheck.model.values import ConfigError

SUMMARY = "Show it on an embedded server, offline."


def demo(
    serve: Annotated[
        bool, typer.Option("--serve", help="Stay up and print the commands to try; Ctrl-C stops it.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            show_default=f"{PORT} with --serve if it is free",
            help="Where to listen on 127.0.0.1; 0 takes a free port.",
        ),
    ] = None,
) -> None:
    """Probe an embedded server that has right and wrong endpoints, and say what comes out.

    Exits 0 when every endpoint came as expected, 1 when one did not, 2 when the port is taken.
    """
    try:
        server = _server(port, serve=serve)
    except OSError as error:
        raise ConfigError(f"cannot listen on 127.0.0.1:{port}: {error.strerror or error}; try another --port") from None
    # Flushed, so that a reader of a pipe sees each line at once.
    write = partial(print, flush=True)
    with server:
        if not serve:
            if any(one.differences for one in run_demo(server, write, OutputOptions().view())):
                raise typer.Exit(FAILED)
            return
        for line in serve_text(server):
            write(line)
        signals.raise_from_now_on()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            # Ctrl-C is the documented way to stop it, not an interruption: exit status 0.
            typer.echo("stopped", err=True)


def _server(port: int | None, *, serve: bool) -> DemoServer:
    """Return the server on the port asked for. ``--serve`` prefers the port that the examples use."""
    if port is None and serve:
        with contextlib.suppress(OSError):
            return DemoServer(PORT)
    return DemoServer(port or 0)
