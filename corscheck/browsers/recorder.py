"""A SOCKS5 proxy that reads the requests which pass through it: the wire as WebKit writes it, preflights included.

WebKit's inspector protocol does not report preflights. The recorder forwards every byte unchanged, in both directions;
only a request to a user's http proxy gets the absolute URL that such a proxy needs. Inside TLS it sees requests because
it ends TLS on both sides: the browser accepts any certificate, and the recorder verifies the target's. TLS connections
of the browser go from the SOCKS port to a TLS port of the recorder's own, because asyncio cannot start TLS on a
connection of which it has already read a byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING

from corscheck.browsers.certificate import issue
from corscheck.browsers.errors import BrowserUnavailable
from corscheck.browsers.forwarder import GRANTED, copy, read_address
from corscheck.browsers.leaves import connect, proxy_for
from corscheck.browsers.listeners import Listeners
from corscheck.browsers.routes import DEFAULT_PORTS, Address
from corscheck.model.result import ObservedRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping

    from corscheck.browsers.pageserver import PageServer
    from corscheck.browsers.routes import Routes
    from corscheck.browsers.targets import Origin

    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_TLS_HANDSHAKE = b"\x16"  # RFC 8446, 5.1: the content type that a TLS connection starts with


class Recorder:
    """The recorder of one run. ``async with`` starts and stops it; ``port`` is its SOCKS port on 127.0.0.1.

    ``requests`` lists the requests to targets in the order in which they were sent, and ``troubles`` what kept a
    connection from a target. ``leaves`` are verified certificates (DER) of targets that the system may not trust.
    """

    def __init__(
        self, origins: Iterable[Origin], pages: PageServer, routes: Routes, leaves: Mapping[Address, bytes]
    ) -> None:
        self.port = 0
        self.requests: list[ObservedRequest] = []
        self.troubles: list[str] = []
        self._pages = {(o.scheme, o.address) for o in origins if o.address is not None}
        self._page_ports = {"http": pages.http_port, "https": pages.https_port}
        self._pages |= {(scheme, Address("127.0.0.1", port)) for scheme, port in self._page_ports.items() if port}
        self._routes = routes
        self._leaves = leaves
        self._tls, _ = issue()
        self._tls_port = 0
        self._asked: dict[int, Address] = {}
        self._listeners = Listeners()

    async def __aenter__(self) -> Recorder:
        try:
            self.port = await self._listeners.listen(self._socks_client)
            self._tls_port = await self._listeners.listen(self._tls_client, self._tls)
        except OSError as error:
            await self.__aexit__()
            raise BrowserUnavailable(f"no port on 127.0.0.1 to record connections at: {error}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listeners.close()

    async def _socks_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await read_address(reader, writer)
        # The scheme decides where the connection leads, and only its first byte tells it.
        writer.write(GRANTED)
        first = await reader.readexactly(1)
        scheme = "https" if first == _TLS_HANDSHAKE else "http"
        if (scheme, asked) in self._pages:
            there = await asyncio.open_connection("127.0.0.1", self._page_ports[scheme])
        elif scheme == "https":
            there = await asyncio.open_connection("127.0.0.1", self._tls_port)
            self._asked[there[1].get_extra_info("sockname")[1]] = asked
        else:
            await self._forward(asked, "http", first, (reader, writer))
            return
        there[1].write(first)
        await _exchange(copy(reader, there[1]), there, writer)

    async def _tls_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = self._asked.pop(writer.get_extra_info("peername")[1])
        await self._forward(asked, "https", b"", (reader, writer))

    async def _forward(self, asked: Address, scheme: str, first: bytes, here: Streams) -> None:
        """Connect to a target and exchange all data. ``first`` is what has been read of the first request."""
        there = None
        try:
            there = await connect(asked, scheme, self._routes)
            if scheme == "https":
                await self._start_tls(asked, there[1])
        except (OSError, EOFError, ValueError) as error:
            self.troubles.append(f"no connection to {asked}: {error}")
            if there is not None:
                there[1].transport.abort()
            return
        proxied = scheme == "http" and proxy_for(asked, scheme, self._routes) is not None
        base = f"{scheme}://{asked}" if asked.port != DEFAULT_PORTS[f"{scheme}:"] else f"{scheme}://{asked.host}"
        await _exchange(self._requests(here[0], there[1], base, first, proxied=proxied), there, here[1])

    async def _start_tls(self, asked: Address, writer: asyncio.StreamWriter) -> None:
        context = ssl.create_default_context()
        leaf = self._leaves.get(asked)
        if leaf is not None:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        await writer.start_tls(context, server_hostname=asked.host)
        if leaf not in {None, writer.get_extra_info("ssl_object").getpeercert(binary_form=True)}:
            raise ValueError("its certificate is another one than at the start")

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, base: str, first: bytes, *, proxied: bool
    ) -> None:
        """Record the requests of one connection while they are forwarded."""
        while True:
            head = first + await reader.readuntil(b"\r\n\r\n")
            first = b""
            line, *lines = head[:-4].decode("latin-1").split("\r\n")
            method, target, _ = line.split(" ")
            headers = tuple((name, value.strip()) for name, _, value in (text.partition(":") for text in lines))
            values = {name.lower(): value for name, value in headers}
            # Script cannot set Access-Control-Request-Method, so it marks preflights.
            preflight = method == "OPTIONS" and "access-control-request-method" in values
            url = base + target
            self.requests.append(ObservedRequest("preflight" if preflight else "actual", method, url, headers))
            if proxied:
                head = head.replace(f" {target} ".encode("latin-1"), f" {url} ".encode("latin-1"), 1)
            writer.write(head + await reader.readexactly(int(values.get("content-length", "0"))))
            await writer.drain()


async def _exchange(sending: Awaitable[None], there: Streams, here: asyncio.StreamWriter) -> None:
    """Run ``sending`` while the answers are copied, until the target has closed the connection or the browser has."""
    there_reader, there_writer = there
    tasks = [asyncio.ensure_future(sending), asyncio.ensure_future(copy(there_reader, here))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[1].done():
            # What the target has sent must arrive before the connection is closed.
            here.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await here.wait_closed()
    finally:
        there_writer.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
