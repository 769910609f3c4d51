"""A raw target server for the browsers: http and https on loopback, answers by path, and a log of what arrived."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import trustme

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reply:
    """An answer. ``{origin}`` in a value stands for the request's Origin; status 0 hangs: nothing is ever answered."""

    status: int = 200
    headers: Headers = ()


OPEN: Headers = (("Access-Control-Allow-Origin", "{origin}"),)
HANG = Reply(0)


@dataclass(frozen=True)
class Seen:
    """A request that arrived: its method, path and headers (lower-case names)."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def row(self) -> tuple[str, str, str | None, str | None, str | None]:
        names = ("origin", "access-control-request-method", "access-control-request-headers")
        return (self.method, self.path, *(self.headers.get(n) for n in names))


@dataclass
class Target:
    """``with Target() as t``: ``t.url(scheme, path)``, ``t.log``, ``t.ca_file``."""

    routes: dict[str, dict[str, Reply]] = field(default_factory=dict)
    log: list[Seen] = field(default_factory=list)

    def __enter__(self) -> Target:
        self._folder = tempfile.TemporaryDirectory()
        ca = trustme.CA()
        self.ca_file = str(Path(self._folder.name) / "ca.pem")
        ca.cert_pem.write_to_path(self.ca_file)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("127.0.0.1", "localhost", "api.example").configure_cert(tls)
        tls.set_alpn_protocols(["http/1.1"])
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.ports = dict(zip(("http", "https"), (s.getsockname()[1] for s in self._listeners), strict=True))
        for listener, context in zip(self._listeners, (None, tls), strict=True):
            self._spawn(self._accept, listener, context)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for sock in [*self._listeners, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)
        self._folder.cleanup()

    def url(self, scheme: str, path: str, host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.ports[scheme]}{path}"

    def on(self, path: str, **replies: Reply) -> str:
        """Say what a path answers, by method (``ANY`` for the rest); returns the path."""
        self.routes[path] = replies
        return path

    @contextlib.contextmanager
    def also_at(self, path: str):
        """Listen at a Unix socket as well."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            self._spawn(self._accept, listener, None)
            yield
            listener.shutdown(socket.SHUT_RDWR)

    def rows(self, path: str) -> list[tuple[str, str, str | None, str | None, str | None]]:
        return [seen.row for seen in self.log if seen.path == path]

    def _spawn(self, work, *args) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket, context: ssl.SSLContext | None) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            self._spawn(self._client, sock, context)

    def _client(self, sock: socket.socket, context: ssl.SSLContext | None) -> None:
        self._open.add(sock)
        try:
            if context is not None:
                plain, sock = sock, context.wrap_socket(sock, server_side=True)
                self._open.discard(plain)
                self._open.add(sock)
            self._talk(sock)
        except (OSError, ValueError):
            pass
        finally:
            self._open.discard(sock)
            sock.close()

    def _talk(self, sock: socket.socket) -> None:
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                if not (more := sock.recv(65536)):
                    return
                data += more
            head, _, data = data.partition(b"\r\n\r\n")
            line, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = line.split(" ")
            headers = {n.lower(): v.strip() for n, _, v in (text.partition(":") for text in lines)}
            size = int(headers.get("content-length", "0"))
            while len(data) < size:
                data += sock.recv(65536)
            data = data[size:]
            self.log.append(Seen(method, path, headers))
            routes = self.routes.get(path, {})
            reply = routes.get(method, routes.get("ANY", Reply(404)))
            if reply.status == 0:
                self._closing.wait()
                return
            body = b"" if reply.status in {204, 304} or method == "HEAD" else b"data"
            out = [f"HTTP/1.1 {reply.status} Whatever"]
            out += [f"{n}: {v.format(origin=headers.get('origin', ''))}" for n, v in reply.headers]
            if reply.status not in {204, 304}:
                out.append(f"Content-Length: {len(body)}")
            sock.sendall(("\r\n".join(out) + "\r\n\r\n").encode("latin-1") + body)
