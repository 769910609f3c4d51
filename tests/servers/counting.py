"""A loopback server that counts what it is asked, for each host and path, and how much at once for each host.

It allows every origin (``*``), except on a path that begins with ``/b``. A path that begins with ``/reflect`` reflects the origin
and allows credentials. The same request always gets the same response, byte for byte.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from types import TracebackType


class CountingServer:
    """Runs in a thread of its own. ``pause`` is how many seconds an answer takes; the paths in ``held`` wait."""

    def __init__(self, pause: float = 0.0) -> None:
        self.held: set[str] = set()
        self.asked: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.port = 0
        self._now: Counter[str] = Counter()
        self._pause = pause
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._main(),))

    @property
    def url(self) -> str:
        """The base URL without a slash."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> CountingServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    async def _main(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                writer.write(await self._answer(head))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, head: str) -> bytes:
        first, *lines = head.split("\r\n")
        path = first.split(" ")[1]
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        host = fields["host"]
        self.asked[f"{host}{path}"] += 1
        self._now[host] += 1
        self.most[host] = max(self.most[host], self._now[host])
        if self._pause:
            await asyncio.sleep(self._pause)
        while path in self.held:
            await asyncio.sleep(0.002)
        self._now[host] -= 1
        allow = "" if path.startswith("/b") else "Access-Control-Allow-Origin: *\r\n"
        if path.startswith("/reflect"):
            allow = f"Access-Control-Allow-Origin: {fields.get('origin', '*')}\r\nVary: Origin\r\n"
            allow += "Access-Control-Allow-Credentials: true\r\n"
        return f"HTTP/1.1 200 OK\r\n{allow}Content-Length: 2\r\n\r\nok".encode("latin-1")
