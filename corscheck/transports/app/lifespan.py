"""The lifespan of an ASGI application: startup before the first request, shutdown after the last.

The behavior is that of uvicorn's ``--lifespan auto``: an application that raises on the lifespan scope, or returns from
it, does not support lifespan and is called anyway. An application whose startup fails is not called.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from corscheck.model.app_error import AppError, own_traceback

if TYPE_CHECKING:
    from typing import Any

    from corscheck.transports.app.exchange import App


class Lifespan:
    """One lifespan. ``state`` is what the application stored for its requests, None without lifespan support."""

    def __init__(self, app: App) -> None:
        self.state: dict[str, Any] | None = None
        self._app = app
        self._task: asyncio.Task[None] | None = None

    async def start(self, timeout: float) -> None:
        """Wait for the startup. Raises ``AppError`` if it fails or takes more than ``timeout`` seconds."""
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._error: BaseException | None = None
        self.state = {}
        self._inbox.put_nowait({"type": "lifespan.startup"})
        self._task = asyncio.create_task(self._run())
        said = await self._answer(timeout, "start")
        if said is None:
            # It ended without a message, so it does not support lifespan.
            self._task, self.state = None, None
        elif said["type"] == "lifespan.startup.failed":
            await self._give_up()
            raise AppError(f"the application failed while starting:\n{self._words(said)}")

    async def stop(self, timeout: float) -> None:
        """Wait for the shutdown. Raises ``AppError`` if it fails or takes more than ``timeout`` seconds."""
        if self._task is None:
            return
        self._inbox.put_nowait({"type": "lifespan.shutdown"})
        said = await self._answer(timeout, "stop")
        failed = said is not None and said["type"] == "lifespan.shutdown.failed"
        await self._give_up()
        if failed or (said is None and self._error is not None):
            raise AppError(f"the application failed while stopping:\n{self._words(said or {})}")

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._inbox.get, self._say)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - any error is the application's
            self._error = error
        finally:
            self._said.put_nowait(None)

    async def _say(self, message: dict[str, Any]) -> None:
        self._said.put_nowait(message)

    async def _answer(self, timeout: float, what: str) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(timeout):
                return await self._said.get()
        except TimeoutError:
            await self._give_up()
            raise AppError(f"the application did not {what} within {timeout:g} s (its lifespan hangs)") from None

    async def _give_up(self) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        # It may be about to raise the error that it reported. A task that cannot be cancelled is abandoned.
        await asyncio.wait([task], timeout=0.1)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.1)
        with contextlib.suppress(asyncio.CancelledError, asyncio.InvalidStateError):
            task.result()

    def _words(self, said: dict[str, Any]) -> str:
        """Return the application's traceback. Starlette puts it into its message, other frameworks raise it."""
        message = str(said.get("message", "")).rstrip()
        return message or (own_traceback(self._error) if self._error is not None else "(it did not say why)")
