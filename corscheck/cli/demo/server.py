"""The demo's server: threads on loopback, standard library only.

It answers from the table in ``endpoints``. It uses plain sockets, because it must send wrong header lines that a framework
would correct. It listens on two ports: the login redirect leads to the second one.
"""

from __future__ import annotations

import contextlib
import html
import socketserver
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING

from corscheck.cli.demo.endpoints import BY_PATH, ENDPOINTS, PAGE, Reply

if TYPE_CHECKING:
    from typing import Self

HOST = "127.0.0.1"
PORT = 8765
"""The default port of ``demo --serve``. ``examples/corscheck.toml`` uses it."""

MAX_HEAD_LINES = 200
MAX_LINE = 64 * 1024


class _Server(socketserver.ThreadingTCPServer):
    """One listening socket. ``other`` is the base URL of its sibling."""

    daemon_threads = True
    allow_reuse_address = True
    # A connection that a client keeps open must not keep the demo from ending.
    block_on_close = False
    other = ""


class _Handler(socketserver.StreamRequestHandler):
    """One connection: answers its requests in sequence."""

    timeout = 30
    server: _Server

    def handle(self) -> None:
        """Answer until the client closes. An invalid request ends its own connection only."""
        with contextlib.suppress(OSError, ValueError):
            while self._answer_one():
                pass

    def _answer_one(self) -> bool:
        line = self.rfile.readline(MAX_LINE).decode("latin-1")
        parts = line.split()
        if len(parts) != 3:
            if line:
                self._send(Reply(400, body="not an HTTP request line\n"), "", close=True)
            return False
        method, target, _version = parts
        headers: dict[str, str] = {}
        for _ in range(MAX_HEAD_LINES):
            field = self.rfile.readline(MAX_LINE).decode("latin-1")
            if field in ("\r\n", "\n", ""):
                break
            name, _, value = field.partition(":")
            headers[name.strip().lower()] = value.strip()
        self._discard_body(int(headers.get("content-length", "0")))
        close = headers.get("connection", "").lower() == "close"
        self._send(reply_to(method, target), headers.get("origin", ""), close=close, head=method == "HEAD")
        return not close

    def _discard_body(self, length: int) -> None:
        while length > 0 and (chunk := self.rfile.read(min(length, MAX_LINE))):
            length -= len(chunk)

    def _send(self, reply: Reply, origin: str, *, close: bool, head: bool = False) -> None:
        body = reply.body.encode()
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        for name, template in reply.headers:
            value = template.replace("{origin}", origin).replace("{other}", self.server.other)
            lines.append(f"{name}: {value}")
        if reply.status != 204:
            lines.append(f"Content-Length: {len(body)}")
        if close:
            lines.append("Connection: close")
        head_bytes = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head_bytes if head or reply.status == 204 else head_bytes + body)


def reply_to(method: str, target: str) -> Reply:
    """Return the answer to a request for ``target``, a path with or without a query."""
    path = target.split("?", 1)[0]
    endpoint = BY_PATH.get(path)
    if endpoint is not None:
        return endpoint.preflight if method == "OPTIONS" else endpoint.actual
    if path in ("/", "/sign-in"):
        page = index_page() if path == "/" else "<h1>Sign in</h1>\n"
        return Reply(200, (("Content-Type", "text/html; charset=utf-8"),), page)
    return Reply(404, (("Content-Type", "text/plain"),), body="no such endpoint; / lists them\n")


def index_page() -> str:
    """Return an HTML table of the endpoints."""
    rows = "\n".join(
        f"<tr><td><a href='{html.escape(e.path)}'>{html.escape(e.path)}</a></td>"
        f"<td>{html.escape(e.method)}</td><td>{e.credentials}</td><td>{e.verdict}</td>"
        f"<td>{html.escape(e.shows)}</td></tr>"
        for e in ENDPOINTS
    )
    return (
        "<!doctype html>\n<html lang='en'><meta charset='utf-8'><title>corscheck demo</title>\n"
        "<h1>corscheck demo</h1>\n"
        f"<p>What a page on {html.escape(PAGE)} (or a stranger's) may read of each of these:</p>\n"
        "<table>\n<tr><th>endpoint</th><th>method</th><th>credentials</th><th>verdict</th><th>what it shows</th></tr>\n"
        f"{rows}\n</table>\n</html>\n"
    )


class DemoServer:
    """The demo server, a context manager. ``url`` and ``other_url`` are its two base URLs, without a trailing slash.

    Port 0 takes a free port. The constructor raises ``OSError`` if the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._servers = [_Server((HOST, port), _Handler)]
        try:
            self._servers.append(_Server((HOST, 0), _Handler))
        except OSError:
            self._servers[0].server_close()
            raise
        self.url, self.other_url = (f"http://{HOST}:{s.server_address[1]}" for s in self._servers)
        self._servers[0].other, self._servers[1].other = self.other_url, self.url
        self._threads = [
            # The interval only bounds how long closing takes.
            threading.Thread(target=s.serve_forever, args=(0.05,), name="corscheck-demo", daemon=True)
            for s in self._servers
        ]

    def __enter__(self) -> Self:
        """Start answering."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop answering and free both ports."""
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
