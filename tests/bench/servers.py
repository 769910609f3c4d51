"""The servers of the benchmarks: nginx, a port that refuses, a port that never answers. All on 127.0.0.1."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDRESS = "127.0.0.1"
PAGE = "http://localhost:3000"
"""The origin that nginx allows, with the header ``X-Tenant``."""
DOMAIN = "example.test"
"""The certificate is valid for every name directly below this domain."""
STATUS = "/status"
BACKLOG = 4096
DESCRIPTORS = 16384

CONFIG = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections {descriptors}; }}
http {{
    access_log off;
    default_type text/plain;
    keepalive_requests 100000000;
    keepalive_timeout 60s;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    server {{
        listen {address}:{varied} backlog={backlog};
        listen {address}:{tls} ssl backlog={backlog};
        ssl_certificate {directory}/chain.pem;
        ssl_certificate_key {directory}/key.pem;
        location / {{
            {allow}
            add_header X-Request-Id $request_id always;
            return 200 "ok\\n";
        }}
        location = {status} {{ stub_status; }}
    }}
    server {{
        listen {address}:{identical} backlog={backlog};
        location / {{
            {allow}
            return 200 "ok\\n";
        }}
    }}
}}
"""
ALLOW = f"""
            add_header Access-Control-Allow-Origin {PAGE} always;
            add_header Access-Control-Allow-Headers x-tenant always;
            add_header Vary Origin always;
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx with one worker process."""

    varied: int
    """Port for plain HTTP. Each answer has its own ``X-Request-Id``."""
    identical: int
    """Port for plain HTTP. All answers are the same, byte for byte (but for the date)."""
    tls: int
    """Port for HTTPS. Each answer has its own ``X-Request-Id``."""
    ca: Path
    """PEM file with the CA that signed the certificate."""

    def count_requests(self) -> int:
        """Return how many requests nginx has received, with the one that this method sends."""
        connection = http.client.HTTPConnection(ADDRESS, self.varied, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", STATUS)
            lines = connection.getresponse().read().decode().splitlines()
        return int(lines[2].split()[2])


@contextlib.contextmanager
def run_nginx(directory: Path) -> Iterator[Nginx]:
    """Start nginx, wait until it accepts connections, and stop it at the end."""
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise SystemExit("nginx is not installed")
    write_certificate(directory)
    varied, identical, tls = free_ports(3)
    config = directory / "nginx.conf"
    config.write_text(
        CONFIG.format(
            directory=directory,
            address=ADDRESS,
            descriptors=DESCRIPTORS,
            backlog=BACKLOG,
            allow=ALLOW.strip(),
            status=STATUS,
            varied=varied,
            identical=identical,
            tls=tls,
        )
    )
    log = directory / "error.log"
    server = subprocess.Popen([program, "-c", str(config), "-p", str(directory), "-e", str(log)])
    try:
        for port in (varied, identical, tls):
            wait_for_port(port, server, log)
        yield Nginx(varied, identical, tls, directory / "ca.pem")
    finally:
        server.terminate()
        server.wait()


def write_certificate(directory: Path) -> None:
    """Write ``ca.pem``, ``chain.pem`` and ``key.pem``: a wildcard certificate for DOMAIN."""
    import trustme

    ca = trustme.CA()
    certificate = ca.issue_cert(f"*.{DOMAIN}")
    ca.cert_pem.write_to_path(str(directory / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(directory / "key.pem"))
    for index, pem in enumerate(certificate.cert_chain_pems):
        pem.write_to_path(str(directory / "chain.pem"), append=index > 0)


def free_ports(count: int) -> list[int]:
    """Different ports that nothing uses at the moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((ADDRESS, 0))) for _ in range(count)]
        return [sock.getsockname()[1] for sock in sockets]


def wait_for_port(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a connection succeeds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((ADDRESS, port), 1):
            return
        time.sleep(0.02)
    raise SystemExit(f"nginx does not answer on port {port}: {log.read_text()}")


@contextlib.contextmanager
def refuse_connections() -> Iterator[int]:
    """Reserve a port on which nothing listens, so that the kernel refuses every connection to it."""
    with socket.socket() as bound:
        bound.bind((ADDRESS, 0))
        yield bound.getsockname()[1]


class SilentServer:
    """A port that accepts connections and never sends a byte.

    The kernel completes the handshakes and holds the connections in the listen queue, so the server costs no CPU time.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server((ADDRESS, 0), backlog=BACKLOG)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> SilentServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop_connections()
        self._listener.close()

    def drop_connections(self) -> int:
        """Close the connections of earlier runs, so that the listen queue never fills up; return their number."""
        dropped = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _ = self._listener.accept()
                connection.close()
                dropped += 1
        return dropped
