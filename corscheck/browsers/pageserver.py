"""A loopback server for the blank pages from which a browser sends its requests, one page per origin.

One port speaks http, and is a proxy for http and https: Firefox sends an absolute-form GET, or CONNECT and then TLS.
Another port speaks TLS directly, for Chromium, whose resolver maps hosts to it. The server also records requests. A
page is valid only if this server served it. A fetch that arrives here was redirected to an origin whose real server is
hidden.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from corscheck.browsers.certificate import issue
from corscheck.browsers.errors import BrowserUnavailable
from corscheck.browsers.listeners import Listeners

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from corscheck.browsers.targets import Origin
    from corscheck.protocol.request import EmbedderPolicy

_READ_SECONDS = 30.0


class PageServer:
    """The page server of one run. ``async with`` starts and stops it; the attributes are valid in between.

    ``http_port`` and ``https_port`` are its ports; ``https_port`` is None without an https origin. ``certificate`` is
    the DER certificate of the https port. ``loads`` counts page loads by URL. ``strays`` lists unexpected requests,
    i.e. those for anything other than a page, the mark or a favicon. ``token`` is a secret in the title of every page.
    ``coep`` is the Cross-Origin-Embedder-Policy of the page to be loaded next.
    """

    def __init__(self, origins: Iterable[Origin]) -> None:
        self.token = secrets.token_hex(16)
        self.certificate: bytes | None = None
        self.coep: EmbedderPolicy = "unsafe-none"
        self.http_port = 0
        self.https_port: int | None = None
        self.loads: Counter[str] = Counter()
        self.strays: list[str] = []
        self._sync = f"/{secrets.token_hex(16)}"
        self._tls: ssl.SSLContext | None = None
        self._listeners = Listeners()
        if any(o.scheme == "https" for o in origins):
            self._tls, self.certificate = issue()

    async def __aenter__(self) -> PageServer:
        try:
            self.http_port = await self._listeners.listen(partial(self._serve, "http"))
            if self._tls is not None:
                self.https_port = await self._listeners.listen(partial(self._serve, "https"), self._tls)
        except OSError as error:
            await self.__aexit__()
            raise BrowserUnavailable(f"no port on 127.0.0.1 to serve the test page from: {error}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listeners.close()

    def page(self, origin: Origin) -> str:
        """Return the URL of an origin's page."""
        return f"{self.own(origin.scheme)}/" if origin.opaque else f"{origin.serialized}/"

    def sync(self, page: str) -> str:
        """Return the mark's URL for a page: an empty response whose request marks a point in the browser's events."""
        return page[:-1] + self._sync

    def own(self, scheme: str) -> str:
        """Return the server's own address, which is that of opaque pages, as an origin."""
        return f"{scheme}://127.0.0.1:{self.https_port if scheme == 'https' else self.http_port}"

    async def _serve(self, scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            async with asyncio.timeout(_READ_SECONDS):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.rstrip("\r\n").split("\r\n")
            method, target, _ = line.split(" ")
            if method == "CONNECT":
                if self._tls is None:
                    return
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
                await writer.start_tls(self._tls)
                scheme = "https"
                continue
            headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
            if target.startswith("/"):
                target = f"{scheme}://{headers.get('host', '')}{target}"
            if "transfer-encoding" in headers:
                self.strays.append(f"{method} {target}")
                return
            await reader.readexactly(int(headers.get("content-length", "0")))
            writer.write(self._answer(method, target))
            await writer.drain()

    def _answer(self, method: str, url: str) -> bytes:
        scheme, _, rest = url.partition("://")
        base, _, path = rest.partition("/")
        if f"/{path}" == self._sync:
            # The header lets opaque pages with Cross-Origin-Embedder-Policy, to which the mark is cross-origin, load it.
            return b"HTTP/1.1 204 No Content\r\nCross-Origin-Resource-Policy: cross-origin\r\n\r\n"
        if path == "favicon.ico":
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        if method != "GET" or path:
            self.strays.append(f"{method} {url}")
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        self.loads[url] += 1
        # A complete document, so that Firefox logs no warnings. The icon link stops browsers from requesting a favicon.
        text = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'
            f"<title>{self.token}</title>"
        )
        # The opaque origin is a sandboxed page at the server's own address. A sandboxed frame would be a separate
        # target in the DevTools protocol, with its own events.
        opaque = f"{scheme}://{base}" == self.own(scheme)
        policies = "Content-Security-Policy: sandbox allow-scripts\r\n" if opaque else ""
        if self.coep != "unsafe-none":
            policies += f"Cross-Origin-Embedder-Policy: {self.coep}\r\n"
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
            f"{policies}Content-Length: {len(text)}\r\n\r\n"
        )
        return (head + text).encode("ascii")
