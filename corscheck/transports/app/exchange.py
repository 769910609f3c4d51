"""One exchange with an in-process application: the request, what the application sends, and the resulting response.

``asgi`` and ``wsgi`` call the application; this module does what a server would do with its output. It does no I/O and
must not import asyncio. Things in which servers differ are left out: no Date, no Server header, no chunked framing.
"""

from __future__ import annotations

import re
import time
import traceback
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from corscheck.model.app_error import OURS
from corscheck.protocol.headers import is_token
from corscheck.protocol.request import EVIDENCE_BYTES, HTTPResponse, NetworkError
from corscheck.transports.base import DRAIN_BYTES, MAX_HEADER_BYTES
from corscheck.transports.decoding import decoded
from corscheck.transports.exchange import DRAIN_SECONDS, EVIDENCE_SECONDS, lines_of, text_of
from corscheck.transports.failures import printable, seconds
from corscheck.transports.routing import split

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from corscheck.protocol.request import ErrorKind, Headers
    from corscheck.transports.base import WireRequest

CLOSE_SECONDS = 2.0
"""How long work that continues after a response (a background task) may take when the transport closes."""

SERVER_ERROR = b"Internal Server Error"
"""uvicorn's response if an application raises before it has responded (``text/plain``, status 500)."""

_NOT_IN_VALUES = re.compile(rb"[\0\n\x0b\x0c\r]")
"""Bytes that both of uvicorn's HTTP implementations reject in a header value."""

_LENGTH = re.compile(rb"[0-9]{1,20}")
"""A Content-Length that h11, and with it uvicorn, sends."""

_NOT_IN_LINES = re.compile(r"[\0\n\r]")


class AppFault(Exception):  # noqa: N818 - it becomes a NetworkError
    """The application's response cannot be sent by a server. The text completes the sentence "The application ..."."""


class App(Protocol):
    """An ASGI or WSGI application."""

    def __call__(self, *arguments: Any) -> Any:
        """Call it as ASGI or WSGI specifies."""
        ...


class AppExchange:
    """One request to the application, and its response so far.

    ``hosts`` are the host names of the application. A redirect to another host is neither passed to it nor sent.
    """

    def __init__(self, request: WireRequest, deadline: float, hosts: Iterable[str] | None) -> None:
        self.request = request
        self.started = time.monotonic()
        self.deadline = deadline
        self.target = split(request.url)
        self._hosts = hosts
        self._lines = lines_of(request, self.target.authority)
        self.lines = self._lines.pairs
        self.complete = False
        self.has_head = False
        self.enough = False
        self._status = 0
        self._headers: Headers = ()
        self._at = 0.0
        self._body = b""
        self._received = 0
        self._length: int | None = None
        self._fault: str | None = None
        self._raised: BaseException | None = None

    # Output of the application

    def head(self, status: object, headers: object) -> None:
        """Process the head. Raises ``AppFault`` if it is not valid HTTP."""
        try:
            status, pairs = _checked(status, headers)
        except AppFault as fault:
            # Recorded, because the application may catch it, and must not respond again.
            self._fault = str(fault)
            raise
        self._status, self._headers = status, text_of(pairs)
        lengths = [v for n, v in pairs if n.lower() == b"content-length"]
        self._length = int(lengths[-1]) if lengths else None
        self._at = time.monotonic()
        self.has_head = True

    @property
    def is_head(self) -> bool:
        """Whether no body is sent, whatever the application returns."""
        return self.request.method == "HEAD" or self._status in (204, 304)

    def body(self, chunk: bytes) -> bool:
        """Process a part of the body. Return whether to read on."""
        self._received += len(chunk)
        if self._status >= 400 and not self.is_head and len(self._body) < EVIDENCE_BYTES:
            self._body = (self._body + chunk)[:EVIDENCE_BYTES]
        self.enough = self._received > DRAIN_BYTES
        return not self.enough

    def raised(self, error: BaseException) -> None:
        """Record an exception of the application, raised before, during or after its response."""
        if isinstance(error, AppFault):
            self._fault = self._fault or str(error)
        else:
            self._raised = error

    # Result

    @property
    def body_seconds(self) -> float:
        """How long to wait for the rest of the body. An event stream does not end, so the limit is 0."""
        if self._status >= 400:
            return EVIDENCE_SECONDS
        kinds = [v.lower() for n, v in self._headers if n.lower() == "content-type"]
        return 0.0 if kinds and kinds[-1].startswith("text/event-stream") else DRAIN_SECONDS

    @property
    def failing(self) -> bool:
        """Whether the response is a server error, after which an exception may follow."""
        return self._status >= 500

    def refusal(self) -> NetworkError | None:
        """Return why the request is not passed to the application: it is invalid, for another host, or too late."""
        illegal = [] if is_token(self.request.method) else [self.request.method]
        illegal += [name for name, value in self._lines.text if not is_token(name) or _NOT_IN_LINES.search(value)]
        if illegal:
            return self._unsent(
                "protocol", f"The request cannot be sent: {printable(repr(illegal[0]))} is not legal in HTTP."
            )
        if self._hosts is not None and self.target.endpoint.host not in self._hosts:
            where = f"{self.target.scheme}://{self.target.authority}"
            return self._unsent(
                "app", f"{where} is not the application that is tested in process; nothing was sent there."
            )
        if self.deadline <= self.started:
            return self._unsent("timeout", "No time was left to call the application.")
        return None

    def _unsent(self, kind: ErrorKind, message: str) -> NetworkError:
        return NetworkError(kind, message, time.monotonic(), 0.0)

    def failed(self, kind: ErrorKind, message: str) -> NetworkError:
        """Return a ``NetworkError``."""
        now = time.monotonic()
        return NetworkError(kind, message, now, (now - self.started) * 1000, self._lines.text)

    def answer(self, *, ended: bool) -> HTTPResponse | NetworkError:
        """Return what a server would have sent. ``ended`` means that the application has returned or raised."""
        if self._fault is not None:
            return self.failed("app", f"The application {self._fault}.")
        if not self.has_head:
            if not ended:
                waited = seconds(self.deadline - self.started)
                return self.failed("timeout", f"The application did not respond within {waited}.")
            return self._server_error()
        error = None
        if ended and not self.complete and not self.enough:
            error = f"the application {self._complaint() or 'ended it too early'}"
        elif self.complete and self._length is not None and not self.is_head and self._received < self._length:
            error = f"the application gave {self._received} bytes of {self._length}"
        body = decoded(self._body, self._headers)[:EVIDENCE_BYTES]
        if self._raised is not None and self._status >= 400:
            body = self._noted(body)
        return self._response(self._status, self._headers, body, error)

    def _server_error(self) -> HTTPResponse:
        self._at = time.monotonic()
        headers = (
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(SERVER_ERROR))),
            ("connection", "close"),
        )
        body = b"" if self.request.method == "HEAD" else SERVER_ERROR
        return self._response(500, headers, self._noted(body), None)

    def _response(self, status: int, headers: Headers, body: bytes, error: str | None) -> HTTPResponse:
        return HTTPResponse(
            status=status,
            headers=headers,
            reason=_REASONS.get(status, ""),
            body=body,
            body_error=error,
            at=self._at,
            elapsed_ms=(self._at - self.started) * 1000,
            sent=self._lines.text,
        )

    def _noted(self, body: bytes) -> bytes:
        """Append to the body what a server would have logged."""
        note = f"[in process: the application {self._complaint() or 'returned without a response'}]"
        return b"\n".join([*([body[:EVIDENCE_BYTES]] if body else []), note.encode()])

    def _complaint(self) -> str | None:
        return None if self._raised is None else f"raised {described(self._raised)}"


def described(error: BaseException) -> str:
    """Describe an exception in one line, with the place in the application where it was raised."""
    text = printable(" ".join(str(error).split()), 200)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(OURS)]
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{': ' if text else ''}{text}{where}"


def _checked(status: object, headers: object) -> tuple[int, tuple[tuple[bytes, bytes], ...]]:
    """Return a head that can be sent. Raises ``AppFault``."""
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 999:
        raise AppFault(f"responded with an invalid status: {_short(status)}")
    pairs = tuple(_pair(header) for header in _listed(headers))
    if sum(len(n) + len(v) + 4 for n, v in pairs) > MAX_HEADER_BYTES:
        raise AppFault("responded with a head of more than 256 KiB")
    return status, pairs


def _listed(headers: object) -> list[object]:
    try:
        return list(headers)  # type: ignore[call-overload, no-any-return]
    except TypeError:
        raise AppFault(f"responded with headers that are not a list: {_short(headers)}") from None


def _pair(header: object) -> tuple[bytes, bytes]:
    """Return a header as sent. Raises ``AppFault``."""
    if not isinstance(header, (tuple, list)) or len(header) != 2:
        raise AppFault(f"responded with a header that is not a pair: {_short(header)}")
    name, value = header
    if not isinstance(name, (bytes, bytearray)) or not isinstance(value, (bytes, bytearray)):
        kinds = " and ".join(dict.fromkeys(type(part).__name__ for part in (name, value)))
        raise AppFault(f"responded with a header made of {kinds}, not of bytes: {_short(header)}")
    if not is_token(name.decode("latin-1")):
        raise AppFault(f"responded with a header whose name no server can send: {_short(bytes(name))}")
    if name.lower() == b"content-length" and not _LENGTH.fullmatch(value.strip(b" \t")):
        raise AppFault(f"responded with a Content-Length that no server can send: {_short(bytes(value))}")
    if _NOT_IN_VALUES.search(value):
        raise AppFault(f"responded with a header whose value no server can send: {_short(bytes(name + b': ' + value))}")
    return bytes(name), bytes(value).strip(b" \t")


def _short(value: object) -> str:
    return printable(repr(value), 80)


_REASONS = {status.value: status.phrase for status in HTTPStatus}
