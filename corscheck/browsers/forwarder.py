"""A TCP forwarder that sends a browser's connections to a different address, without looking at the data.

Firefox uses it as a SOCKS5 proxy (RFC 1928) for ``--connect-to``, ``--resolve``, ``--via`` and Unix sockets. Chromium
has resolver rules for the first three, and uses it as a plain port for Unix sockets. With SOCKS, unlike with an HTTP
proxy, requests look the same as without a proxy, and https stays end to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from typing import TYPE_CHECKING

from corscheck.browsers.errors import BrowserUnavailable
from corscheck.browsers.listeners import Listeners
from corscheck.browsers.routes import Address

if TYPE_CHECKING:
    from corscheck.browsers.routes import Routes

GRANTED = bytes((5, 0, 0, 1)) + bytes(6)
"""The answer to a SOCKS5 client whose connection is open."""

_UNREACHABLE = bytes((5, 4, 0, 1)) + bytes(6)
_REFUSED = bytes((5, 5, 0, 1)) + bytes(6)


class Forwarder:
    """The forwarder of one run. ``async with`` starts and stops it; ``port`` is its port on 127.0.0.1."""

    def __init__(self, routes: Routes, *, socks: bool) -> None:
        self.port = 0
        self._routes = routes
        self._socks = socks
        self._listeners = Listeners()

    async def __aenter__(self) -> Forwarder:
        try:
            self.port = await self._listeners.listen(self._client)
        except OSError as error:
            raise BrowserUnavailable(f"no port on 127.0.0.1 to forward connections from: {error}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listeners.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await read_address(reader, writer) if self._socks else Address("", 0)
        try:
            there_reader, there_writer = await self._connect(asked)
        except OSError as error:
            if self._socks:
                writer.write(_REFUSED if isinstance(error, ConnectionRefusedError) else _UNREACHABLE)
                await writer.drain()
            return
        try:
            if self._socks:
                writer.write(GRANTED)
            await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))
        finally:
            there_writer.transport.abort()

    async def _connect(self, asked: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._routes.unix_socket is not None:
            return await asyncio.open_unix_connection(self._routes.unix_socket)
        return await asyncio.open_connection(*self._routes.address(asked))


async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy a stream to its end, and pass the end on where the target can be half closed (TLS cannot)."""
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        with contextlib.suppress(OSError):
            target.write_eof()


async def read_address(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Address:
    """Read the address that a SOCKS5 client requests. Raises ``ValueError`` if it does not speak SOCKS5."""
    version, methods = await reader.readexactly(2)
    if version != 5:
        raise ValueError("not SOCKS5")
    await reader.readexactly(methods)
    writer.write(bytes((5, 0)))
    _, command, _, kind = await reader.readexactly(4)
    if command != 1:
        raise ValueError("not CONNECT")
    if kind == 3:
        (size,) = await reader.readexactly(1)
        host = (await reader.readexactly(size)).decode("ascii")
    else:
        host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
    return Address(host.lower(), int.from_bytes(await reader.readexactly(2), "big"))
