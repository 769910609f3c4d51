"""nginx, Apache, Caddy and HAProxy as they are, in front of a small application that knows nothing of CORS."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_NGINX = """
daemon off;
pid DIRECTORY/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path DIRECTORY/body;
  proxy_temp_path DIRECTORY/proxy;
  fastcgi_temp_path DIRECTORY/fastcgi;
  uwsgi_temp_path DIRECTORY/uwsgi;
  scgi_temp_path DIRECTORY/scgi;
  server {
    listen 127.0.0.1:PORT;
FIX
    location / { proxy_pass http://127.0.0.1:BACKEND; }
  }
}
"""

_APACHE = """
ServerRoot DIRECTORY
ServerName 127.0.0.1
PidFile DIRECTORY/pid
ErrorLog /dev/stderr
Listen 127.0.0.1:PORT
User www-data
Group www-data
LoadModule mpm_event_module MODULES/mod_mpm_event.so
LoadModule authz_core_module MODULES/mod_authz_core.so
LoadModule setenvif_module MODULES/mod_setenvif.so
LoadModule headers_module MODULES/mod_headers.so
LoadModule rewrite_module MODULES/mod_rewrite.so
LoadModule proxy_module MODULES/mod_proxy.so
LoadModule proxy_http_module MODULES/mod_proxy_http.so
<VirtualHost 127.0.0.1:PORT>
FIX
ProxyPass / http://127.0.0.1:BACKEND/
</VirtualHost>
"""

_CADDY = """
{
  admin off
  auto_https off
}
http://127.0.0.1:PORT {
FIX
  reverse_proxy 127.0.0.1:BACKEND
}
"""

_HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend all
  bind 127.0.0.1:PORT
FIX
  default_backend application
backend application
  server one 127.0.0.1:BACKEND
"""


@dataclass(frozen=True)
class Proxy:
    """A proxy's configuration, into which what was printed goes, and the command that reads it."""

    template: str
    command: tuple[str, ...]
    asked_for_version: str = "-v"

    @property
    def missing(self) -> list[str]:
        """The program, if it is not there."""
        return [] if _program(self.command[0]) else [self.command[0]]

    @property
    def versions(self) -> dict[str, str]:
        """The program's version by its name, from its own first line about it."""
        program = self.command[0]
        done = subprocess.run(
            [_program(program) or program, self.asked_for_version],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=30,
        )
        found = re.search(r"[0-9]+(\.[0-9]+)+", done.stdout)
        assert found is not None, done.stdout
        return {program: found[0]}


def _program(name: str) -> str | None:
    # Debian has some of them where only root looks for programs.
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")


PROXIES = {
    "apache": Proxy(_APACHE, ("apache2", "-DFOREGROUND", "-f", "CONFIG")),
    "caddy": Proxy(_CADDY, ("caddy", "run", "--config", "CONFIG", "--adapter", "caddyfile"), "version"),
    "haproxy": Proxy(_HAPROXY, ("haproxy", "-db", "-f", "CONFIG")),
    "nginx": Proxy(_NGINX, ("nginx", "-c", "CONFIG", "-p", "DIRECTORY", "-e", "stderr")),
}


class _Application(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        status = {"/data": 200, "/broken": 500}.get(self.path, 404)
        if self.command == "OPTIONS":
            status = 405
        self.send_response(status)
        self.send_header("X-Total-Count", "2")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = _answer  # noqa: N815 - http.server calls them so
    do_PUT = _answer  # noqa: N815
    do_PATCH = _answer  # noqa: N815
    do_OPTIONS = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is the test's."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Nothing: a proxy that is stopped resets the connections it kept."""


class ProxyServer:
    """A context manager around a proxy and the application behind it; ``url`` is the proxy's, without a slash."""

    def __init__(self, proxy: Proxy, fix: str = "") -> None:
        self.url = ""
        self._proxy = proxy
        self._fix = fix
        self._port = 0
        self._directory = tempfile.TemporaryDirectory(prefix="corscheck-proxy-")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - stop() closes it
        self._application: ThreadingHTTPServer | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> ProxyServer:
        """Start without waiting."""
        self._application = _Quiet(("127.0.0.1", 0), _Application)
        threading.Thread(target=self._application.serve_forever, daemon=True).start()
        with socket.create_server(("127.0.0.1", 0)) as free:
            # None of them can say which port it got for 0.
            self._port = free.getsockname()[1]
        directory = self._directory.name
        values = {"PORT": str(self._port), "BACKEND": str(self._application.server_port), "DIRECTORY": directory}
        program = _program(self._proxy.command[0]) or self._proxy.command[0]
        # Apache's modules are where it is installed: /usr/sbin/apache2, /usr/lib/apache2/modules.
        values["MODULES"] = str(Path(program).parents[1] / "lib" / "apache2" / "modules") if "/" in program else ""
        text = self._proxy.template
        for name, value in values.items():
            text = text.replace(name, value)
        config = Path(directory, "config")
        config.write_text(text.replace("FIX\n", f"{self._fix}\n"))
        arguments = [a.replace("CONFIG", str(config)).replace("DIRECTORY", directory) for a in self._proxy.command[1:]]
        self._process = subprocess.Popen(
            [program, *arguments],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": directory, "XDG_DATA_HOME": directory, "XDG_CONFIG_HOME": directory},
        )
        return self

    def wait(self, seconds: float = 30) -> ProxyServer:
        """Until it can be connected to."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                time.sleep(0.02)
                continue
            self.url = f"http://127.0.0.1:{self._port}"
            return self
        self._log.seek(0)
        text = self._log.read().decode(errors="replace")
        self.stop()
        raise RuntimeError(f"{self._proxy.command[0]} did not start:\n{text}")

    def stop(self) -> None:
        """Stop it, and only it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._application is not None:
            self._application.shutdown()
            self._application.server_close()
            self._application = None
        self._log.close()
        self._directory.cleanup()

    def __enter__(self) -> ProxyServer:
        return self.launch().wait()

    def __exit__(self, *exc: object) -> None:
        self.stop()
