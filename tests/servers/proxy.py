"""A small HTTP proxy that takes any host name for ``upstream``: CONNECT, and absolute-form for http.

Names are never looked up, so a test sees whether the client left that to the proxy.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
from typing import TYPE_CHECKING

from tests.servers.raw import read_request

if TYPE_CHECKING:
    import ssl


class Proxy:
    """``requests`` are the raw requests to the proxy itself; ``refuse`` is a status line given instead of service."""

    def __init__(self, upstream: int, *, refuse: bytes | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._upstream = upstream
        self._refuse = refuse
        self._tls = tls
        self.requests: list[bytes] = []
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    @property
    def lines(self) -> list[bytes]:
        """The request lines."""
        return [request.split(b"\r\n", 1)[0] for request in self.requests]

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, sock)

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(10)
        with contextlib.ExitStack() as closing:
            closing.callback(lambda: client.close())
            with contextlib.suppress(OSError):
                if self._tls is not None:
                    client = self._tls.wrap_socket(client, server_side=True)
                self._open.add(client)
                request = read_request(client)
                self.requests.append(request)
                if self._refuse is not None:
                    client.sendall(self._refuse + b"\r\nContent-Length: 0\r\n\r\n")
                    return
                server = closing.enter_context(socket.create_connection(("127.0.0.1", self._upstream), 5))
                self._open.add(server)
                if request.startswith(b"CONNECT "):
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    server.sendall(re.sub(rb"^(\S+) http://[^/]+", rb"\1 ", request))
                _relay(client, server)


def _relay(client: socket.socket, server: socket.socket) -> None:
    while True:
        pending = getattr(client, "pending", lambda: 0)()
        ready = [client] if pending else select.select([client, server], [], [], 10)[0]
        if not ready:
            return
        for sock in ready:
            data = sock.recv(65536)
            if not data:
                return
            (server if sock is client else client).sendall(data)
