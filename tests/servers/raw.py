"""A server that says exactly what a test tells it to, byte by byte: for answers that no real server would give.

Each connection follows a script, a sequence of steps: ``READ`` takes one request, bytes are sent, a number waits so
many seconds, ``Repeat`` sends much, ``RESET`` ends with an RST, ``HOLD`` waits for the client to close, ``START_TLS``
does a handshake, ``HALF_CLOSE`` ends our half of the connection, a function is called with the connection's last
request and what it returns is sent. At the end of its script the connection is closed.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

READ = object()
RESET = object()
HOLD = object()
START_TLS = object()
HALF_CLOSE = object()

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Repeat:
    """Send ``chunk`` so many times, with a pause after each."""

    chunk: bytes
    times: int
    pause: float = 0.0


class RawServer:
    """Listens on a free loopback port (or on ``path``); the n-th connection follows the n-th script, or the last.

    ``requests`` are the raw requests in the order they came, ``connections`` how many there were, ``sent`` how many
    bytes went out, ``names`` the server names that TLS clients asked for.
    """

    def __init__(
        self,
        *scripts: Sequence[object],
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        path: str | None = None,
    ) -> None:
        self._scripts = scripts
        self._tls = tls
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self.connections = 0
        self.sent = 0
        self._stopped = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        if tls is not None:
            tls.sni_callback = lambda _sock, name, _context: self.names.append(name)
        if path is not None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(path)
            self.port = 0
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listener = socket.socket(family)
            self._listener.bind((host, 0))
            self.port = self._listener.getsockname()[1]
        self._listener.listen(64)
        self._start(self._accept)

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        """A URL of this server."""
        return f"{scheme}://{host}:{self.port}{path}"

    def open_connections(self) -> int:
        """How many connections the server still holds."""
        return len(self._open)

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
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            self._open.add(sock)
            self._start(self._serve, sock, script)

    def _serve(self, sock: socket.socket, script: Sequence[object]) -> None:
        try:
            if self._tls is not None:
                sock = self._wrap(sock)
            last = b""
            for step in script:
                if step is READ:
                    last = read_request(sock)
                    self.requests.append(last)
                elif callable(step):
                    self._send(sock, step(last))
                else:
                    sock = self._do(sock, step)
        except OSError:  # the client went away, or would not have our certificate
            pass
        finally:
            self._open.discard(sock)
            sock.close()

    def _wrap(self, sock: socket.socket) -> socket.socket:
        assert self._tls is not None
        sock.settimeout(10)
        try:
            wrapped = self._tls.wrap_socket(sock, server_side=True)
        finally:
            self._open.discard(sock)
        self._open.add(wrapped)
        return wrapped

    def _do(self, sock: socket.socket, step: object) -> socket.socket:
        if isinstance(step, bytes):
            self._send(sock, step)
        elif isinstance(step, int | float):
            self._stopped.wait(step)
        elif isinstance(step, Repeat):
            for _ in range(step.times):
                self._send(sock, step.chunk)
                if step.pause and self._stopped.wait(step.pause):
                    break
        elif step is RESET:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif step is HOLD:
            sock.settimeout(20)
            while sock.recv(65536):
                pass
        elif step is START_TLS:
            return self._wrap(sock)
        elif step is HALF_CLOSE:
            sock.shutdown(socket.SHUT_WR)
        return sock

    def _send(self, sock: socket.socket, data: bytes) -> None:
        sock.sendall(data)
        self.sent += len(data)


def read_request(sock: socket.socket) -> bytes:
    """One request, raw: the head, and as much of a body as its Content-Length says."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = sock.recv(65536)
        if not chunk:
            raise ConnectionError("no request")
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    while length is not None and len(body) < int(length.group(1)):
        chunk = sock.recv(65536)
        if not chunk:
            break
        body += chunk
    return head + b"\r\n\r\n" + body
