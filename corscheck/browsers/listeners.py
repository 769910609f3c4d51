"""Listening sockets on 127.0.0.1, for the servers and proxies that a browser run starts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

_LONGEST_HEAD = 1 << 20
"""How many bytes ``StreamReader.readuntil`` may search: browsers send headers of hundreds of kilobytes."""


class Listeners:
    """The listening sockets of one server, and the connections to them."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._clients: set[asyncio.Task[None]] = set()

    async def listen(
        self,
        serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
        tls: ssl.SSLContext | None = None,
    ) -> int:
        """Listen on a free port and return it. ``serve`` handles each connection, which is closed when it returns."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._clients.add(task)
            try:
                await serve(reader, writer)
            except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
                pass  # either side may close the connection at any time
            except asyncio.CancelledError:
                pass  # close() cancelled it; asyncio would log it
            finally:
                self._clients.discard(task)
                writer.transport.abort()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, limit=_LONGEST_HEAD)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening, cancel every connection and wait for their ends."""
        for server in self._servers:
            server.close()
        for client in list(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
