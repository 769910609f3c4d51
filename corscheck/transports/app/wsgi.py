"""A WSGI application as a transport. It is called in process, in the way a PEP 3333 server would call it.

The calls run in a separate thread, so that the deadline holds even if the application never returns. A thread that
hangs is abandoned, and the next call gets a new one. This module must not import asyncio.
"""

from __future__ import annotations

import contextvars
import io
import queue
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from corscheck.transports.app.exchange import AppExchange, AppFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from corscheck.protocol.request import HTTPResponse, NetworkError
    from corscheck.transports.app.exchange import App
    from corscheck.transports.base import WireRequest

    _Jobs: TypeAlias = queue.SimpleQueue[Callable[[], None] | None]

_BARE = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


class WSGITransport:
    """Carries exchanges to an application, one at a time. Implements ``base.Transport``."""

    def __init__(self, app: App, hosts: set[str] | None = None) -> None:
        self.hosts = hosts
        self._app = app
        self._worker: _Jobs | None = None

    def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """Call the application, and take its head, and its body as far as it is useful."""
        exchange = AppExchange(request, deadline, self.hosts)
        refusal = exchange.refusal()
        if refusal is not None:
            return refusal
        call = _Call(self._app, exchange)
        if self._worker is None:
            self._worker = _start_worker()
        # The caller's context variables (of a framework or a test) apply there, too.
        self._worker.put(partial(contextvars.copy_context().run, call.run))
        if call.until(lambda: exchange.has_head, deadline):
            limit = min(deadline, time.monotonic() + exchange.body_seconds)
            call.until(lambda: call.ended, limit)
        call.gone = True
        if not call.ended:
            self._worker.put(None)
            self._worker = None
        return exchange.answer(ended=call.ended)

    def close(self) -> None:
        """End the thread."""
        if self._worker is not None:
            self._worker.put(None)
            self._worker = None


def _start_worker() -> _Jobs:
    """Start a thread that runs one job after the other, until it gets None."""
    jobs: _Jobs = queue.SimpleQueue()

    def work() -> None:
        while (job := jobs.get()) is not None:
            job()

    threading.Thread(target=work, name="corscheck-wsgi", daemon=True).start()
    return jobs


class _Call:
    """One call of the application, run by the worker and watched by the caller."""

    def __init__(self, app: App, exchange: AppExchange) -> None:
        self.exchange = exchange
        self.ended = False
        self.gone = False
        self._app = app
        self._changed = threading.Condition()
        self._start: tuple[object, object] | None = None

    def until(self, reached: Callable[[], bool], limit: float) -> bool:
        """Wait until a condition holds, the application has ended, or the time is up. Return whether the condition holds."""
        with self._changed:
            self._changed.wait_for(lambda: reached() or self.ended, max(limit - time.monotonic(), 0.0))
        return reached()

    def run(self) -> None:
        """Run the application from its call to the end of its body. Never raises its exceptions."""
        try:
            self._answered(self._app(self._environ(), self._start_response))
        except BaseException as error:  # noqa: BLE001 - a server survives SystemExit in a request, too
            self.exchange.raised(error)
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def _answered(self, body: Iterable[bytes]) -> None:
        try:
            whole = True
            for chunk in body:
                # PEP 3333: the head is sent with the first part of the body that is not empty.
                if chunk and not self._write(chunk):
                    whole = False
                    break
            self._head()
            self.exchange.complete = whole
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def _write(self, chunk: bytes) -> bool:
        self._head()
        if not isinstance(chunk, (bytes, bytearray, memoryview)):
            raise TypeError(f"a part of the body is {type(chunk).__name__}, not bytes")
        return self.exchange.body(bytes(chunk)) and not self.gone

    def _head(self) -> None:
        if self.exchange.has_head:
            return
        if self._start is None:
            raise RuntimeError("the application did not call start_response")
        status, headers = self._start
        text = status if isinstance(status, str) else ""
        code = text.partition(" ")[0]
        with self._changed:
            self.exchange.head(int(code) if code.isdecimal() else status, [_encoded(pair) for pair in _pairs(headers)])
            self._changed.notify_all()

    def _start_response(self, status: object, headers: object, exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info is not None:
            try:
                if self.exchange.has_head:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._start is not None:
            raise RuntimeError("start_response was called a second time")
        self._start = (status, headers)
        return lambda chunk: (self._write(chunk), None)[1]

    def _environ(self) -> dict[str, Any]:
        exchange, target = self.exchange, self.exchange.target
        path, _, query = target.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": exchange.request.method,
            "SCRIPT_NAME": "",
            # PEP 3333: bytes as latin-1 text.
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": target.path,
            "RAW_URI": target.path,
            "SERVER_NAME": target.endpoint.host,
            "SERVER_PORT": str(target.endpoint.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": target.scheme,
            "wsgi.input": io.BytesIO(exchange.request.body or b""),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in exchange.lines:
            # With an underscore it could be mistaken for another header: gunicorn and Werkzeug drop it.
            if b"_" in name:
                continue
            key = _BARE.get(name.lower()) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
        return environ


def _pairs(headers: object) -> list[object]:
    try:
        return list(headers)  # type: ignore[call-overload, no-any-return]
    except TypeError:
        raise AppFault("responded with headers that are not a list") from None


def _encoded(pair: object) -> object:
    """Encode a WSGI header, which is text with one character per byte. Return anything else unchanged, to be rejected
    later.
    """
    if isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(part, str) for part in pair):
        name, value = pair
        try:
            return name.encode("latin-1"), value.encode("latin-1")
        except UnicodeEncodeError:
            raise AppFault(f"responded with a header of characters that are not bytes: {name!r}") from None
    return pair
