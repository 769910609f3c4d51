"""What the contract's commands run against: servers, and files to read. Its names fill the rows' ``{...}``."""

from __future__ import annotations

import datetime
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from corscheck.cli.demo.server import DemoServer
from tests.servers.proxy import Proxy
from tests.servers.raw import HOLD, READ, RawServer, Repeat
from tests.servers.uvicorn_app import UvicornApp

APPS = {"no_cors": "fastapi_no_cors", "cors": "fastapi_cors", "production": "fastapi_production"}


def answer(*fields: bytes, status: bytes = b"200 OK", body: bytes = b"ok") -> bytes:
    """A whole answer after which the connection is closed."""
    lines = (b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body), b"Connection: close", b"", body)
    return b"\r\n".join(lines)


ANYONE = b"Access-Control-Allow-Origin: *"
OPEN = (READ, answer(ANYONE))

HOSTILE: dict[str, tuple[tuple[object, ...], ...]] = {
    "hang": ((READ, HOLD),),
    "drip": ((READ, b"HTTP/1.1 200 OK\r\n", Repeat(b"X-A: 1\r\n", 1000, pause=0.1)),),
    "close": ((READ,),),
    "garbage": ((READ, b"\x16\x03\x01\x00this is not HTTP at all\r\n\r\n"),),
    "endless": ((READ, b"HTTP/1.1 200 OK\r\n", Repeat(b"X-A: " + b"a" * 1000 + b"\r\n", 100_000)),),
    "huge": (
        (
            READ,
            b"HTTP/1.1 200 OK\r\n" + ANYONE + b"\r\nContent-Length: 104857600\r\n\r\n",
            Repeat(b"x" * 65536, 1600),
        ),
    ),
    "loop": ((READ, answer(ANYONE, b"Location: /", status=b"302 Found")),),
    "escapes": (
        (
            READ,
            answer(
                b"Access-Control-Allow-Origin: \x1b[31mred\x1b[0m\x07[bold red]bold[/bold red][link=http://x]",
                b"X-Title: \x1b]0;owned\x07",
            ),
        ),
    ),
    "nul": ((READ, answer(b"Access-Control-Allow-Origin: *\x00x")),),
    "bad_chunk": (
        (
            READ,
            b"HTTP/1.1 200 OK\r\n" + ANYONE + b"\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\nno chunk\r\n",
        ),
    ),
    "half": ((READ, answer(ANYONE, b"Access-Control-Allow-Headers: *", status=b"204 No Content", body=b"")), (READ,)),
}


@dataclass(frozen=True)
class World:
    """``names`` are what ``{name}`` in a row stands for; ``directory`` holds its files and is the working directory."""

    directory: Path
    names: dict[str, str]

    def fill(self, text: str) -> str:
        """The text with its names filled in; other braces stay."""
        return re.sub(r"\{(\w+)\}", lambda m: self.names[m[1]], text)


@contextmanager
def running_world(directory: Path) -> Iterator[World]:
    """Everything started, and stopped at the end."""
    names = {"tmp": str(directory)}
    with ExitStack() as stack:
        apps = {name: stack.enter_context(_stopping(UvicornApp(module).launch())) for name, module in APPS.items()}
        for name, scripts in HOSTILE.items():
            names[name] = stack.enter_context(RawServer(*scripts)).url().rstrip("/")
        names |= _secure(stack, directory)
        names["unix"] = str(directory / "socket")
        stack.enter_context(RawServer(OPEN, path=names["unix"]))
        upstream = stack.enter_context(RawServer(OPEN))
        names["proxy"] = f"http://127.0.0.1:{stack.enter_context(Proxy(upstream.port)).port}"
        names["demo"] = stack.enter_context(DemoServer()).url
        # Bound but not listening: connections are refused, and nobody else can take the port meanwhile.
        reserved = stack.enter_context(socket.socket())
        reserved.bind(("127.0.0.1", 0))
        names["refused_port"] = str(reserved.getsockname()[1])
        for name, app in apps.items():
            names[name] = app.wait().url
            names[f"{name}_port"] = names[name].rpartition(":")[2]
        _write_files(directory, names)
        yield World(directory, names)


@contextmanager
def _stopping(app: UvicornApp) -> Iterator[UvicornApp]:
    try:
        yield app
    finally:
        app.stop()


def _secure(stack: ExitStack, directory: Path) -> dict[str, str]:
    """https servers whose certificates a private CA has issued: one good, one for another name, one expired."""
    ca = trustme.CA()
    pem = directory / "ca.pem"
    ca.cert_pem.write_to_path(str(pem))
    now = datetime.datetime.now(datetime.UTC)
    past = {"not_before": now - datetime.timedelta(days=9), "not_after": now - datetime.timedelta(days=2)}
    leaves = {
        "tls_port": ca.issue_cert("127.0.0.1"),
        "wrong_name_port": ca.issue_cert("elsewhere.example"),
        "expired_port": ca.issue_cert("127.0.0.1", **past),
    }
    ports = {}
    for name, leaf in leaves.items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        ports[name] = str(stack.enter_context(RawServer(OPEN, tls=context)).port)
    return {**ports, "ca": str(pem)}


def _write_files(directory: Path, names: dict[str, str]) -> None:
    (directory / "file.txt").write_text("a file to upload\n")
    (directory / "headers.txt").write_text("Authorization: Bearer secret-token\n")
    (directory / "targets.txt").write_text(f"# the API\n{names['cors']}/data\n\n{names['cors']}/me\n")
    (directory / "empty.txt").write_text("# nothing here\n\n")
