"""JSON commands and events over one WebSocket, as used by the DevTools protocol and by WebDriver BiDi.

This module does not interpret commands. No other module imports ``websockets``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from corscheck.browsers.errors import BrowserDiedError, BrowserUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.asyncio.client import ClientConnection

Message: TypeAlias = dict[str, Any]

ANSWER_SECONDS = 30.0
"""How long a browser may take for one command before it counts as dead. A busy CI machine needs several seconds."""


class CommandError(RuntimeError):
    """The browser rejected a command. The message is the browser's."""


def require_websockets() -> None:
    """Raise ``BrowserUnavailable`` if ``websockets`` is not installed."""
    try:
        import websockets.asyncio.client  # noqa: F401
    except ImportError as error:
        raise BrowserUnavailable(
            "asking a real browser needs the package websockets (15 or later): pip install '.[browser]' in a checkout of corscheck"
        ) from error


class Channel:
    """One connection. It calls ``on_event`` with the whole message of every event, in order of arrival."""

    def __init__(self, socket: ClientConnection, on_event: Callable[[Message], None]) -> None:
        self._socket = socket
        self._on_event = on_event
        self._waiting: dict[int, tuple[asyncio.Future[Message], str | None]] = {}
        self._next = 0
        self._dead: str | None = None
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, url: str, on_event: Callable[[Message], None]) -> Self:
        """Connect to a browser's WebSocket address. Raises ``BrowserUnavailable``."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        try:
            # proxy=None: an http_proxy in the environment must not be used. No pings: the event loop may not run
            # between two probes. No size limit: events contain whole header lists.
            socket = await connect(url, max_size=None, proxy=None, ping_interval=None, open_timeout=ANSWER_SECONDS)
        except (OSError, TimeoutError, WebSocketException) as error:
            raise BrowserUnavailable(f"the browser does not answer at {url}: {error}") from error
        return cls(socket, on_event)

    async def call(self, method: str, params: Message | None = None, *, session: str | None = None) -> Message:
        """Send a command and return its result.

        Raises ``CommandError`` if the browser rejects it, and ``BrowserDiedError`` if the browser is gone or times
        out. Use ``start`` for a command that may take long, such as running a fetch.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self.start(method, params, session=session)
        except TimeoutError:
            raise BrowserDiedError(f"it did not answer {method} within {ANSWER_SECONDS:.0f} s") from None

    async def start(self, method: str, params: Message | None = None, *, session: str | None = None) -> Message:
        """Send a command and return its result, without a time limit."""
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
            # If the connection is closing, sending fails, but the reader ends too and fails all waiting commands.
            with contextlib.suppress(Exception):
                await self._socket.send(json.dumps(self._wrap(message)))
            return await answer
        finally:
            self._waiting.pop(number, None)

    def fail(self, session: str, reason: str) -> None:
        """Fail every waiting command of one session, because its page crashed and will not respond."""
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
                self._receive(json.loads(text))
        except ConnectionClosed:
            pass
        except Exception as error:  # noqa: BLE001 - waiting commands must fail whatever the error is
            reason = f"it cannot be understood: {error!r}"
        finally:
            self._dead = reason
            for answer, _ in self._waiting.values():
                if not answer.done():
                    answer.set_exception(BrowserDiedError(reason))

    def _receive(self, message: Message) -> None:
        if message.get("id") is None:
            self._on_event(message)
        else:
            self._answer(message)

    def _wrap(self, message: Message) -> Message:
        """Return the message as it is sent."""
        return message

    def _answer(self, message: Message) -> None:
        answer, _ = self._waiting.get(message["id"], (None, None))
        if answer is None or answer.done():
            return
        if (error := message.get("error")) is not None:
            text = error.get("message") if isinstance(error, dict) else message.get("message", error)
            answer.set_exception(CommandError(str(text)))
        else:
            answer.set_result(message.get("result", {}))
