"""JSON commands and events over one WebSocket: what the DevTools protocol and WebDriver BiDi have in common.

Knows nothing of what the commands mean. The only module that knows ``websockets``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from corscheck.browsers.errors import BrowserDiedError, BrowserUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.asyncio.client import ClientConnection

Message: TypeAlias = dict[str, Any]

ANSWER_SECONDS = 30.0
"""How long a browser may take over one command before it counts as dead; a busy CI machine needs several seconds."""


class CommandError(RuntimeError):
    """The browser refused a command; the text is its own."""


def require_websockets() -> None:
    """Raise ``BrowserUnavailable`` if ``websockets`` is not installed."""
    try:
        import websockets.asyncio.client  # noqa: F401
    except ImportError as error:
        raise BrowserUnavailable(
            "asking a real browser needs the package websockets (15 or later): pip install 'corscheck[browser]'"
        ) from error


class Channel:
    """One connection. ``on_event`` is called for every event with the whole message, in order of arrival."""

    def __init__(self, socket: ClientConnection, on_event: Callable[[Message], None]) -> None:
        self._socket = socket
        self._on_event = on_event
        self._waiting: dict[int, tuple[asyncio.Future[Message], str | None]] = {}
        self._next = 0
        self._dead: str | None = None
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, url: str, on_event: Callable[[Message], None]) -> Channel:
        """Connect to a browser's WebSocket address."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        try:
            # proxy=None: an http_proxy in the environment must not carry this. No pings: between two probes the loop
            # may stand still. No size limit: events hold whole header lists.
            socket = await connect(url, max_size=None, proxy=None, ping_interval=None, open_timeout=ANSWER_SECONDS)
        except (OSError, TimeoutError, WebSocketException) as error:
            raise BrowserUnavailable(f"the browser does not answer at {url}: {error}") from error
        return cls(socket, on_event)

    async def call(self, method: str, params: Message | None = None, *, session: str | None = None) -> Message:
        """Send a command and return its result.

        Raises ``CommandError`` if the browser refuses it, ``BrowserDiedError`` if it is gone or does not answer.
        A command that may rightly take long (running a fetch) belongs to ``start``.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self.start(method, params, session=session)
        except TimeoutError:
            raise BrowserDiedError(f"it did not answer {method} within {ANSWER_SECONDS:.0f} s") from None

    async def start(self, method: str, params: Message | None = None, *, session: str | None = None) -> Message:
        """The same without a time limit."""
        if self._dead is not None:
            raise BrowserDiedError(self._dead)
        self._next += 1
        number = self._next
        message: Message = {"id": number, "method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = session
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer, session
        try:
            # A connection that is closing ends the reader too, which then answers for everything that waits.
            with contextlib.suppress(Exception):
                await self._socket.send(json.dumps(message))
            return await answer
        finally:
            self._waiting.pop(number, None)

    def fail(self, session: str, reason: str) -> None:
        """Let every command that waits in one session fail: its page crashed, and will not answer."""
        for answer, owner in list(self._waiting.values()):
            if owner == session and not answer.done():
                answer.set_exception(BrowserDiedError(reason))

    async def close(self) -> None:
        """Close the connection and stop reading."""
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader
        self._socket.transport.abort()
        await self._socket.wait_closed()

    async def _read(self) -> None:
        from websockets.exceptions import ConnectionClosed

        reason = "it closed the connection"
        try:
            async for text in self._socket:
                message = json.loads(text)
                if message.get("id") is None:
                    self._on_event(message)
                else:
                    self._answer(message)
        except ConnectionClosed:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            reason = f"it cannot be understood: {error!r}"
        finally:
            self._dead = reason
            for answer, _ in self._waiting.values():
                if not answer.done():
                    answer.set_exception(BrowserDiedError(reason))

    def _answer(self, message: Message) -> None:
        answer, _ = self._waiting.get(message["id"], (None, None))
        if answer is None or answer.done():
            return
        if (error := message.get("error")) is not None:
            text = error.get("message") if isinstance(error, dict) else message.get("message", error)
            answer.set_exception(CommandError(str(text)))
        else:
            answer.set_result(message.get("result", {}))
