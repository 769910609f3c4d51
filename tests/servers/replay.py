"""Serves cases of the corpus' format byte for byte: as an origin server on several ports, and as an HTTP proxy.

``/c/<case id>/<hop>`` is answered with what the case prescribes for that hop and kind; every request is remembered by case.
As a proxy it takes absolute-form requests and CONNECT (with TLS behind it, if a context is given), so that every host name
of the corpus works without a resolver.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from tests import corpus

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATH = re.compile(r"/c/([A-Za-z0-9_.-]+)/(\d+)")
_TIMEOUT = 20.0


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "X"


class ReplayServer:
    """A context manager. ``cases`` maps ids to cases and may grow while it runs; ``log`` maps ids to requests seen."""

    def __init__(
        self, cases: Mapping[str, dict[str, Any]], *, ports: int = 1, tls: ssl.SSLContext | None = None
    ) -> None:
        self.cases = cases
        self.log: dict[str, list[dict[str, Any]]] = {}
        self._tls = tls
        self._lock = threading.Lock()
        self._listeners: list[socket.socket] = []
        self._secure: set[int] = set()
        self.ports = [self.listen() for _ in range(ports)]
        if tls is not None:
            self.tls_port = self.listen(secure=True)

    def listen(self, address: str = "127.0.0.1", port: int = 0, *, secure: bool = False) -> int:
        """Open one more port, before the server is entered."""
        listener = socket.create_server((address, port), backlog=128)
        self._listeners.append(listener)
        port = listener.getsockname()[1]
        if secure:
            self._secure.add(port)
        return port

    def __enter__(self) -> Self:
        for listener in self._listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    @property
    def proxy(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    def take(self, case_id: str) -> list[dict[str, Any]]:
        """The requests seen for a case, forgotten with this."""
        with self._lock:
            return self.log.pop(case_id, [])

    def _accept(self, listener: socket.socket) -> None:
        port = listener.getsockname()[1]
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, port), daemon=True).start()

    def _serve(self, connection: socket.socket, port: int) -> None:
        connection.settimeout(_TIMEOUT)
        scheme, authority = "http", ""
        with suppress(OSError, ValueError, ssl.SSLError):
            try:
                if port in self._secure and self._tls is not None:
                    connection, scheme = self._tls.wrap_socket(connection, server_side=True), "https"
                while True:
                    head = _read_head(connection)
                    if not head:
                        return
                    method, target, headers = _parse(head)
                    if method == "CONNECT" and self._tls is not None:
                        connection.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
                        connection, scheme = self._tls.wrap_socket(connection, server_side=True), "https"
                        authority = target
                        continue
                    self._answer(connection, method, target, headers, scheme, authority)
                    return
            finally:
                _close(connection)

    def other(self, scheme: str, host: str, target: str, body: bytes) -> bytes:
        """The answer to a request that is for no case."""
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def _answer(
        self,
        connection: socket.socket,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        scheme: str,
        authority: str,
    ) -> None:
        lower = {n.lower(): v for n, v in headers}
        host, (path, _, query) = lower.get("host", authority), target.partition("?")
        if "://" in target:
            split = urlsplit(target)
            scheme, host, path = split.scheme, split.netloc.rpartition("@")[2], split.path
            query = split.query
        body, length = b"", int(lower.get("content-length", "0"))
        while len(body) < length and (received := connection.recv(min(length - len(body), 65536))):
            body += received
        target = path + (f"?{query}" if query else "")
        found = _PATH.match(path)
        if found is None or found[1] not in self.cases:
            connection.sendall(self.other(scheme, host, target, body))
            return
        kind = "preflight" if method == "OPTIONS" and "access-control-request-method" in lower else "actual"
        with self._lock:
            self.log.setdefault(found[1], []).append(
                {
                    "kind": kind,
                    "hop": int(found[2]),
                    "method": method,
                    "scheme": scheme,
                    "host": host,
                    "target": target,
                    "headers": headers,
                    "sent": headers,
                }
            )
        reply = corpus.reply(self.cases[found[1]], int(found[2]), kind, lower)
        if "raw" in reply:
            connection.sendall(reply["raw"].encode("latin-1"))
        elif "status" in reply:
            connection.sendall(render(reply, method, kind))


def render(reply: dict[str, Any], method: str, kind: str) -> bytes:
    """The bytes of a reply to a request of that method and kind."""
    status = reply["status"]
    body = reply.get("body", "" if kind == "preflight" else "hello").encode("latin-1")
    lines = [f"HTTP/1.1 {status} {_reason(status)}", *(f"{n}: {v}" for n, v in reply["headers"])]
    if status < 200 or status in (204, 304):
        body = b""
    else:
        lines.append(f"Content-Length: {len(body) + reply.get('truncate', 0)}")
    lines.append("Connection: close")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head if method == "HEAD" else head + body


def _read_head(connection: socket.socket) -> bytes:
    """Up to the blank line, byte by byte behind it: the body stays in the socket."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        peeked = connection.recv(65536, socket.MSG_PEEK) if not isinstance(connection, ssl.SSLSocket) else b""
        if peeked:
            end = (head + peeked).find(b"\r\n\r\n")
            size = len(peeked) if end < 0 else end + 4 - len(head)
            head += connection.recv(size)
        else:
            byte = connection.recv(1)
            if not byte:
                return b""
            head += byte
    return head


def _parse(head: bytes) -> tuple[str, str, list[tuple[str, str]]]:
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    return method, target, [(n, v.strip(" \t")) for n, _, v in (line.partition(":") for line in lines)]


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
    with suppress(OSError):
        connection.settimeout(1.0)
        while connection.recv(65536):
            pass
    connection.close()
