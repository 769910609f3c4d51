"""An ASGI application as a transport. It is called in process, in the way uvicorn would call it.

``AsyncASGITransport`` runs in the caller's event loop. ``ASGITransport`` is for callers without a loop, or with one of
their own: it runs a loop in a thread, with the application's lifespan, and so keeps its deadline even if the
application blocks the loop. Only this module imports asyncio, and it is imported only for applications.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

from corscheck.model.app_error import AppError
from corscheck.transports.app.exchange import CLOSE_SECONDS, AppExchange
from corscheck.transports.app.lifespan import Lifespan

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from corscheck.protocol.request import HTTPResponse, NetworkError
    from corscheck.transports.app.exchange import App
    from corscheck.transports.base import WireRequest

Returned = TypeVar("Returned")

_GRACE = 0.25
"""How many seconds after the deadline the loop's thread may still report a timeout itself."""


class AsyncASGITransport:
    """Carries exchanges to an application in the running loop. May be shared."""

    def __init__(self, app: App, hosts: set[str] | None = None) -> None:
        self.hosts = hosts
        self._app = app
        self._lifespan = Lifespan(app)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, timeout: float) -> None:
        """Run the application's startup, if it has one. Raises ``AppError`` with the application's own message."""
        await self._lifespan.start(timeout)

    async def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """Call the application, and take its head, and its body as far as it is useful."""
        exchange = AppExchange(request, deadline, self.hosts)
        refusal = exchange.refusal()
        if refusal is not None:
            return refusal
        call = _Call(self._app, exchange, self._lifespan.state)
        task = asyncio.create_task(call.run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            if await call.until(lambda: exchange.has_head, deadline):
                limit = min(deadline, time.monotonic() + exchange.body_seconds)
                await call.until(lambda: exchange.complete or exchange.enough, limit)
                if exchange.failing:
                    # Starlette responds first and raises afterwards. The exception belongs to the evidence.
                    await call.until(lambda: call.ended, limit)
            return exchange.answer(ended=call.ended)
        finally:
            call.gone.set()
            if not exchange.complete:
                # The rest is not read. A server would report that the client is gone.
                task.cancel()

    async def aclose(self, timeout: float = CLOSE_SECONDS) -> None:
        """Wait for background work, then run the shutdown. Raises ``AppError`` if that fails."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
            for task in late:
                task.cancel()
        await self._lifespan.stop(timeout)


class _Call:
    """One call of the application: its ``receive`` and ``send``."""

    def __init__(self, app: App, exchange: AppExchange, state: dict[str, Any] | None) -> None:
        self.exchange = exchange
        self.ended = False
        self._app = app
        self._state = state
        self._changed = asyncio.Event()
        self.gone = asyncio.Event()
        self._asked = False

    async def run(self) -> None:
        """Run the application from its call to its return. Never raises its exceptions."""
        try:
            await self._app(self._scope(), self._receive, self._send)
        except asyncio.CancelledError:
            if self.gone.is_set():
                raise
            self.exchange.raised(RuntimeError("it cancelled itself"))
        except BaseException as error:  # noqa: BLE001 - a server survives SystemExit in a request, too
            self.exchange.raised(error)
        finally:
            self.ended = True
            self._changed.set()

    async def until(self, reached: Callable[[], bool], limit: float) -> bool:
        """Wait until a condition holds, the application has ended, or the time is up. Return whether the condition holds."""
        while not reached() and not self.ended:
            left = limit - time.monotonic()
            if left <= 0:
                break
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()
        return reached()

    def _scope(self) -> dict[str, Any]:
        exchange, target = self.exchange, self.exchange.target
        path, _, query = target.path.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": exchange.request.method,
            "scheme": target.scheme,
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in exchange.lines],
            "client": ("127.0.0.1", 50000),
            "server": (target.endpoint.host, target.endpoint.port),
        }
        if self._state is not None:
            scope["state"] = self._state.copy()
        return scope

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self.exchange.request.body or b"", "more_body": False}
        if not self.exchange.complete:
            await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        exchange, kind = self.exchange, message["type"]
        if self.gone.is_set() or exchange.enough:
            # Nothing reads this. An application that sends forever must yield to the loop, or nothing could stop it.
            await asyncio.sleep(0)
            if not exchange.complete:
                return
        if exchange.complete:
            raise RuntimeError(f"Unexpected ASGI message '{kind}' sent, after response already completed.")
        if not exchange.has_head:
            if kind != "http.response.start":
                raise RuntimeError(f"Expected ASGI message 'http.response.start', but got '{kind}'.")
            exchange.head(message.get("status"), message.get("headers", ()))
        elif kind == "http.response.body":
            body = message.get("body", b"")
            if not isinstance(body, (bytes, bytearray, memoryview)):
                raise TypeError(f"the body is {type(body).__name__}, not bytes")
            exchange.body(bytes(body))
            exchange.complete = not message.get("more_body", False)
        else:
            raise RuntimeError(f"Expected ASGI message 'http.response.body', but got '{kind}'.")
        self._changed.set()
        if exchange.enough:
            await asyncio.sleep(0)


class ASGITransport:
    """The same for callers without a loop. Implements ``base.Transport``. The loop runs in a thread.

    Raises ``AppError`` if the application does not start within ``start_timeout`` seconds.
    """

    def __init__(self, app: App, hosts: set[str] | None = None, *, start_timeout: float = 10.0) -> None:
        self._inner = AsyncASGITransport(app, hosts)
        self._timeout = start_timeout
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._live, name="corscheck-asgi", daemon=True)
        self._thread.start()
        try:
            self._run(self._inner.start(start_timeout), start_timeout)
        except TimeoutError:
            self._stop()
            raise AppError(f"the application blocked its event loop for {start_timeout:g} s while starting") from None
        except BaseException:
            self._stop()
            raise

    def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """Call the application in its loop and wait; ``deadline`` in monotonic seconds."""
        try:
            return self._run(self._inner.send(request, deadline), max(deadline - time.monotonic(), 0.0))
        except TimeoutError:
            exchange = AppExchange(request, deadline, None)
            exchange.started = min(exchange.started, deadline)
            return exchange.failed("timeout", "The application gave no response in time: it blocks its event loop.")

    def close(self) -> None:
        """Run the shutdown and end the thread. Raises ``AppError`` if the shutdown fails."""
        if self._loop.is_closed() or not self._thread.is_alive():
            return
        try:
            self._run(self._inner.aclose(self._timeout), self._timeout + CLOSE_SECONDS)
        except TimeoutError:
            raise AppError(f"the application blocked its event loop for {self._timeout:g} s while stopping") from None
        finally:
            self._stop()

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self._loop.run_until_complete(asyncio.wait(tasks, timeout=0.2))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Returned], timeout: float) -> Returned:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout + _GRACE)
        except TimeoutError:
            future.cancel()
            raise

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        # A blocked loop is abandoned. Its thread is a daemon.
        self._thread.join(CLOSE_SECONDS)
