"""The server side of a recording: the pages that run the cases, what they report, and the cases' own URLs."""

from __future__ import annotations

import html
import json
import os
import ssl
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import trustme

from tests.servers.replay import ReplayServer, render

HOSTS = (
    "app.example", "app.example.", "www.app.example", "api.app.example", "api.example", "api.example.", "third.example",
    "other.example", "xn--bcher-kva.example", "example",
)  # fmt: skip
"""Every host name of the cases."""

PAGES = {
    "http": "http://app.example/page?kind=http",
    "https": "https://app.example/page?kind=https",
    "null": "http://app.example/srcdoc?kind=null",
    "null-https": "https://app.example/srcdoc?kind=null-https",
    "port": "http://app.example:8080/page?kind=port",
    "idn": "http://xn--bcher-kva.example/page?kind=idn",
    "https-require-corp": "https://app.example/page?kind=https-require-corp&coep=require-corp",
    "https-credentialless": "https://app.example/page?kind=https-credentialless&coep=credentialless",
    "http-require-corp": "http://app.example/page?kind=http-require-corp&coep=require-corp",
}
"""The page of each ``page.kind``. Console texts about mixed content contain these URLs."""

# These hosts have a cookie, so that the records show which requests are sent with credentials.
_COOKIES = ("api.example", "app.example", "third.example", "api.app.example")
_PORTS = {80: False, 443: True, 8080: False, 8443: True}
_SCRIPT = (Path(__file__).parent / "page.js").read_text("utf-8")


class PortsUnavailableError(RuntimeError):
    """The ports that the pages need cannot be opened."""


class RecordingServer(ReplayServer):
    """A context manager. It serves cases and their pages on the default ports of a loopback address.

    ``first`` is the page to open in the browser; each page goes on to the next. ``finished`` is set after the last
    case. Then ``steps`` holds what the page saw of each case, and ``log`` the requests.
    """

    def __init__(self, cases: dict[str, dict[str, Any]], address: str) -> None:
        super().__init__(cases, ports=0)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert(*(host.rstrip(".") for host in HOSTS)).configure_cert(self._tls)
        self._tls.set_alpn_protocols(["http/1.1"])
        try:
            for port, secure in _PORTS.items():
                self.listen(address, port, secure=secure)
        except OSError as error:
            self.__exit__()
            raise PortsUnavailableError(
                f"Cannot listen on {address}:{port}: {os.strerror(error.errno or 0)}. Recording needs ports 80, 443, 8080 and "
                "8443 of a loopback address, because pages must have origins without a port. Run it on Linux, as root or "
                "with CAP_NET_BIND_SERVICE, while no other server listens on one of these ports of all addresses."
            ) from error
        self.steps: dict[str, list[dict[str, Any]]] = {}
        self.finished = threading.Event()
        self.progress = time.monotonic()
        self._queues: dict[str, deque[dict[str, Any]]] = {kind: deque() for kind in PAGES}
        # Sequences first: they depend on the preflight cache, and browsers limit its size.
        for case in sorted(cases.values(), key=lambda case: "sequence" not in case):
            self._queues[case["page"]["kind"]].append(case)
        seeds = [f"{scheme}://{host}/seed" for host in _COOKIES for scheme in ("http", "https")]
        self._pages = deque([*seeds, *(url for kind, url in PAGES.items() if self._queues[kind])])
        self.first = self._pages.popleft()

    def other(self, scheme: str, host: str, target: str, body: bytes) -> bytes:
        """Answer a page, its script, or a call of that script."""
        path, _, query = target.partition("?")
        arguments = dict(parse_qsl(query))
        headers, answer = [("Cache-Control", "no-store"), ("Access-Control-Allow-Origin", "*")], ""
        if path.startswith("/recorder/"):
            headers += [("Access-Control-Allow-Methods", "PUT"), ("Access-Control-Max-Age", "600")]
            answer = self._called(path.removeprefix("/recorder/"), arguments, body)
        elif path in ("/page", "/srcdoc", "/seed"):
            headers.append(("Content-Type", "text/html"))
            answer = _document(path, f"{scheme}://{host}", arguments.get("kind", ""))
            if path == "/seed":
                headers.append(("Set-Cookie", "ck=1" + ("; Secure; SameSite=None" if scheme == "https" else "")))
            if "coep" in arguments:
                headers.append(("Cross-Origin-Embedder-Policy", arguments["coep"]))
        else:  # a redirect to no URL of a case
            return super().other(scheme, host, target, body)
        return render({"status": 200, "headers": headers, "body": answer}, "GET", "actual")

    def _called(self, name: str, arguments: dict[str, str], body: bytes) -> str:
        if name == "page.js":
            return _SCRIPT
        with self._lock:
            if name == "go":
                if not self._pages:
                    self.finished.set()
                return self._pages.popleft() if self._pages else ""
            if name == "step":
                self.log.setdefault(arguments["id"], []).append({"step": int(arguments["number"])})
            if name == "next":
                self.progress = time.monotonic()
                if body:
                    said = json.loads(body)
                    self.steps[said["id"]] = said["steps"]
                queue = self._queues[arguments["kind"]]
                return json.dumps(queue.popleft() if queue else None)
        return ""


def _document(path: str, origin: str, kind: str) -> str:
    script = f'<!doctype html><link rel=icon href="data:,"><script src="{origin}/recorder/page.js"></script>'
    if path == "/seed":
        return f"{script}<script>go()</script>"
    if path == "/page":
        return f"{script}<script>record('{kind}').then(go)</script>"
    # A sandboxed frame has an opaque origin; only its parent can open the next page.
    frame = f"{script}<script>record('{kind}').then(() => parent.postMessage('', '*'))</script>"
    return f'{script}<script>onmessage = go</script><iframe sandbox="allow-scripts" srcdoc="{html.escape(frame)}"></iframe>'
