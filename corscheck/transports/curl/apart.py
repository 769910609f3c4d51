"""``CurlMulti`` in a process of its own: while it sends and receives, this one makes results of what has come.

A request goes over as a number, what it shares with others (kept by both sides under another number), its URL and its
deadline; an answer comes back likewise. The other process is forked, knows nothing but libcurl, and ends with the
connection to it. Only for a process without threads (a fork copies none), so the command line alone asks for it.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import signal
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any, NoReturn

from corscheck.kindred import whole
from corscheck.model import ConfigError
from corscheck.protocol.request import HTTPResponse, NetworkError
from corscheck.transports.base import KindredRequest, KindredResponse, Unreadable, WireRequest, request_to, response_at
from corscheck.transports.curl.multi import CurlMulti
from corscheck.transports.curl.settings import Settings
from corscheck.transports.routing import Router

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.transports.base import NetworkOptions

_LENGTH = struct.Struct("!I")
_CHUNK = 1 << 18
_BATCH = 8
"""Requests that go over together: few enough to keep both processes busy, many enough to be worth a write."""

_MOST = 1000
"""What is kept under numbers, of requests and of answers each; then both sides begin anew."""


def is_worth_it() -> bool:
    """Whether a process of its own can be had here, and a processor for it. Where there are threads it cannot."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return False
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors > 1


class Apart:
    """The face of ``CurlMulti``; what libcurl's process raises is raised by ``wait``."""

    def __init__(self, options: NetworkOptions, connections: int) -> None:
        # What cannot be meant is said here, not there.
        Router(options)
        Settings(options)
        self._socket, theirs = socket.socketpair()
        self._child = os.fork()
        if not self._child:
            self._socket.close()
            _Server(theirs, options, connections).run()
        theirs.close()
        self._socket.setblocking(False)
        self._frames = _Frames()
        self._poll = select.poll()
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._kindred: dict[int, tuple[WireRequest, int]] = {}  # the same by the id of a kindred request's first
        self._forget = False
        self._kinds: list[tuple[Any, ...]] = []
        self._requests: list[tuple[int, int, str, float, float]] = []
        self._next = 0
        self._tokens: dict[int, tuple[object, bool]] = {}  # and whether the request was a kindred one
        self._answers: list[HTTPResponse] = []
        self._done: list[tuple[Any, HTTPResponse | NetworkError]] = []

    def submit(self, request: WireRequest, deadline: float, token: object) -> None:
        """Send a request; ``wait`` gives its answer with ``token``."""
        kindred = type(request) is KindredRequest
        if kindred:
            first = request.first  # type: ignore[attr-defined]
            known = self._kindred.get(id(first))
            if known is None:
                number = self._number(first)
                if len(self._kindred) >= _MOST:
                    self._kindred.clear()
                # The first is kept, so that its id is not another's.
                known = self._kindred[id(first)] = (first, number)
            number = known[1]
        else:
            number = self._number(request)
        self._requests.append((self._next, number, request.url, deadline, time.monotonic()))
        self._tokens[self._next] = (token, kindred)
        self._next += 1
        if len(self._requests) >= _BATCH:
            self.flush()

    def _number(self, request: WireRequest) -> int:
        """The number under which both sides keep what this request shares with others."""
        shared = (
            request.method, request.headers, request.body, request.send_to, request.new_connection, request.keep_body,
        )  # fmt: skip
        number = self._numbers.get(shared)
        if number is None:
            if len(self._numbers) >= _MOST:
                self.flush()  # what was numbered before is sent before it is forgotten
                self._numbers.clear()
                self._kindred.clear()
                self._forget = True
            number = self._numbers[shared] = len(self._numbers)
            self._kinds.append(shared)
        return number

    def wait(self, timeout: float | None = None) -> list[tuple[Any, HTTPResponse | NetworkError]]:
        """The answers that have come since, with their tokens: at least one, unless ``timeout`` seconds pass before."""
        self.flush()
        until = None if timeout is None else time.monotonic() + timeout
        self._poll.register(self._socket, select.POLLIN)
        while not self._done and self._tokens:
            pause = None if until is None else max(until - time.monotonic(), 0.0)
            if self._poll.poll(None if pause is None else pause * 1000):
                self._receive()
            elif until is not None and time.monotonic() >= until:
                break
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        """Give up what is under way and end the other process."""
        if self._child:
            with contextlib.suppress(OSError):
                # Whoever was forked meanwhile may have the socket as well: closing it would not end the connection.
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            os.waitpid(self._child, 0)
            self._child = 0

    def flush(self) -> None:
        """Send what was submitted."""
        if not self._requests:
            return
        data = memoryview(_framed((self._forget, self._kinds, self._requests)))
        self._forget, self._kinds, self._requests = False, [], []
        while data:
            try:
                data = data[self._socket.send(data) :]
            except BlockingIOError:
                # The other side may be waiting for us to read: neither must wait for the other.
                self._poll.register(self._socket, select.POLLIN | select.POLLOUT)
                if any(event & select.POLLIN for _, event in self._poll.poll()):
                    self._receive()
            except OSError:
                # It is gone; it may have said why.
                self._socket.setblocking(True)
                while True:
                    self._receive()

    def _receive(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise _ended()
        for complaint, forget, kinds, answers in self._frames.of(data):
            if complaint is not None:
                raise ConfigError(complaint[1]) if complaint[0] else RuntimeError(complaint[1])
            if forget:
                self._answers.clear()
            self._answers += [HTTPResponse(*kind) for kind in kinds]
            for number, kind, at, elapsed, error in answers:
                token, kindred = self._tokens.pop(number)
                if error is not None:
                    kind_of, message, sent, unreadable = error
                    failed = Unreadable if unreadable else NetworkError
                    self._done.append((token, failed(kind_of, message, at, elapsed, sent)))
                    continue
                answer: HTTPResponse = response_at(self._answers[kind], at, elapsed)
                self._done.append((token, answer if kindred else whole(answer)))


class _Server:
    """The other process."""

    def __init__(self, connection: socket.socket, options: NetworkOptions, connections: int) -> None:
        self._socket = connection
        self._options, self._connections = options, connections
        self._kinds: list[WireRequest] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._kindred: dict[int, tuple[HTTPResponse, int]] = {}  # the same by the id of a kindred answer's first

    def run(self) -> NoReturn:
        """Carry what is asked for until the connection ends; returns to nobody."""
        try:
            # These may go to every process of a group: what becomes of the run is decided by the other one.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._serve()
        except OSError:  # nobody listens any more
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised again on the other side
            with contextlib.suppress(OSError):
                complaint = (isinstance(error, ConfigError), str(error) or repr(error))
                self._socket.sendall(_framed((complaint, False, [], [])))
        os._exit(0)

    def _serve(self) -> None:
        multi = CurlMulti(self._options, self._connections)
        multi.listen(self._socket.fileno())
        frames = _Frames()
        while True:
            answers = multi.wait()
            if answers:
                self._answer(answers)
            if not multi.heard():
                continue
            data = self._socket.recv(_CHUNK)
            if not data:
                return
            for forget, kinds, requests in frames.of(data):
                if forget:
                    self._kinds.clear()
                self._kinds += [WireRequest(method, "", *others) for method, *others in kinds]
                for number, kind, url, deadline, started in requests:
                    multi.submit(request_to(self._kinds[kind], url), deadline, number, started)

    def _answer(self, answers: list[tuple[Any, HTTPResponse | NetworkError]]) -> None:
        told: list[tuple[Any, ...]] = []
        kinds: list[tuple[Any, ...]] = []
        forget = len(self._numbers) >= _MOST
        if forget:
            self._numbers.clear()
            self._kindred.clear()
        for number, a in answers:
            if type(a) is KindredResponse:
                found = self._kindred.get(id(a.first))
                if found is None:
                    if len(self._kindred) >= _MOST:
                        self._kindred.clear()
                    # The first is kept, so that its id is not another's.
                    found = self._kindred[id(a.first)] = (a.first, self._number(a.first, kinds))
                told.append((number, found[1], a.at, a.elapsed_ms, None))
                continue
            if isinstance(a, NetworkError):
                told.append((number, 0, a.at, a.elapsed_ms, (a.kind, a.message, a.sent, isinstance(a, Unreadable))))
                continue
            told.append((number, self._number(a, kinds), a.at, a.elapsed_ms, None))
        self._socket.sendall(_framed((None, forget, kinds, told)))

    def _number(self, a: HTTPResponse, kinds: list[tuple[Any, ...]]) -> int:
        """The number under which both sides keep what this answer shares with others; a new one goes into ``kinds``."""
        kind = (a.status, a.headers, a.reason, a.body, a.body_error, 0.0, 0.0, a.http_version, a.sent)
        number = self._numbers.get(kind)
        if number is None:
            number = self._numbers[kind] = len(self._numbers)
            kinds.append(kind)
        return number


class _Frames:
    """Whole messages out of what comes in pieces."""

    def __init__(self) -> None:
        self._data = bytearray()

    def of(self, data: bytes) -> Iterator[Any]:
        """The messages that are complete now."""
        self._data += data
        while len(self._data) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._data)[0]
            if len(self._data) < end:
                return
            message = marshal.loads(bytes(self._data[_LENGTH.size : end]))  # noqa: S302 - of our own making
            del self._data[:end]
            yield message


def _framed(message: Any) -> bytes:
    data = marshal.dumps(message)
    return _LENGTH.pack(len(data)) + data


def _ended() -> RuntimeError:
    return RuntimeError("the process that carries the requests has ended")
