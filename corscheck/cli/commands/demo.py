"""``corscheck demo``: the whole tool shown on an embedded server, offline; with ``--serve`` the server alone."""

from __future__ import annotations

import contextlib
import threading
from typing import Annotated

import typer

from corscheck.cli.demo.run import run_demo, serve_text
from corscheck.cli.demo.server import PORT, DemoServer
from corscheck.cli.exitcodes import FAILED
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
    with server:
        if serve:
            _serve(server)
        elif any(one.differences for one in run_demo(server, _say)):
            raise typer.Exit(FAILED)


def _server(port: int | None, *, serve: bool) -> DemoServer:
    """The server on the port asked for. Where none is, one that stays up has the port that examples speak of."""
    if port is None and serve:
        with contextlib.suppress(OSError):
            return DemoServer(PORT)
    return DemoServer(port or 0)


def _say(line: str) -> None:
    # Flushed, so that whoever reads this through a pipe sees each line as it comes.
    print(line, flush=True)


def _serve(server: DemoServer) -> None:
    for line in serve_text(server):
        _say(line)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        # This is how one is told to stop it, so it is no interruption: exit status 0.
        typer.echo("stopped", err=True)
