"""``CurlMulti`` in a process of its own: while it sends and receives, this one makes results of what has come.

A request goes over as a number, what it shares with others (kept by both sides under another number), its URL and its
deadline; an answer comes back likewise. The other process (``carrier``) is forked, knows nothing but libcurl, and ends
with the connection to it. Only for a process without threads (a fork copies none), so the command line alone asks for it.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from corscheck.model.values import ConfigError
from corscheck.protocol.request import HTTPResponse, NetworkError
from corscheck.transports.base import KindredRequest, Unreadable, response_at
from corscheck.transports.curl.carrier import Carrier
from corscheck.transports.curl.frames import CHUNK, MOST, Frames, framed
from corscheck.transports.curl.settings import CurlSettings
from corscheck.transports.routing import Router

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.transports.base import Course, NetworkOptions, WireRequest

_BATCH = 8
"""Requests that go over together: few enough to keep both processes busy, many enough to be worth a write."""


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
        CurlSettings(options)
        self._socket, theirs = socket.socketpair()
        self._child = os.fork()
        if not self._child:
            self._socket.close()
            Carrier(theirs, options, connections).run()
        theirs.close()
        self._socket.setblocking(False)
        self._frames = Frames()
        self._poll = select.poll()
        self._kinds = _Kinds(self.flush)
        self._requests: list[tuple[int, int, str, float, float]] = []
        self._next = 0
        self._tokens: dict[int, tuple[object, WireRequest]] = {}
        self._answers: list[HTTPResponse] = []
        self._ahead: dict[int, tuple[WireRequest, str, HTTPResponse | NetworkError]] = {}  # by the id of the token
        self._done: list[tuple[Any, HTTPResponse | NetworkError]] = []

    def submit(self, request: WireRequest, deadline: float, token: object) -> None:
        """Send a request; ``wait`` gives its answer with ``token``."""
        if self._ahead and self._came(request, token):
            return
        number = self._kinds.number(request, self._answers)
        self._requests.append((self._next, number, request.url, deadline, time.monotonic()))
        self._tokens[self._next] = (token, request)
        self._next += 1
        if len(self._requests) >= _BATCH:
            self.flush()

    def _came(self, request: WireRequest, token: object) -> bool:
        """Whether this went ahead, and has been answered."""
        found = self._ahead.pop(id(token), None)
        if found is None or found[1] != request.url:
            return False
        first = request.first if isinstance(request, KindredRequest) else request
        if first is not found[0] and first != replace(found[0], url=first.url):
            return False
        self._done.append((token, found[2]))
        return True

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
        data = memoryview(framed((*self._kinds.news(), self._requests)))
        self._requests = []
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
            data = self._socket.recv(CHUNK)
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
                self._kinds.forget_answers()
            self._answers += [HTTPResponse(*kind) for kind in kinds]
            for number, kind, at, elapsed, error, before in answers:
                token, request = self._tokens.pop(number)
                answer: HTTPResponse | NetworkError
                if error is not None:
                    kind_of, message, sent, unreadable = error
                    answer = (Unreadable if unreadable else NetworkError)(kind_of, message, at, elapsed, sent)
                elif type(request) is KindredRequest:
                    answer = response_at(self._answers[kind], at, elapsed)
                else:
                    a = self._answers[kind]
                    answer = HTTPResponse(
                        a.status, a.headers, a.reason, a.body, a.body_error, at, elapsed, a.http_version, a.sent
                    )
                if before is not None:
                    # The flow is given the first now, and the second when it asks for it.
                    assert isinstance(request, KindredRequest)
                    assert request.course is not None
                    self._ahead[id(token)] = (request.course.request, request.url, answer)
                    kind, at, elapsed = before
                    answer = response_at(self._answers[kind], at, elapsed)
                self._done.append((token, answer))


class _Kinds:
    """The numbers under which both sides keep what requests share; ``flush`` sends those that have one."""

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._parts: dict[tuple[Any, ...], int] = {}
        # The same by the ids of what kindred requests refer to, which is kept, so that its id is not another's.
        self._firsts: dict[int, tuple[WireRequest, int]] = {}
        self._courses: dict[int, tuple[Course, int]] = {}
        self._count = 0
        self._new: list[tuple[Any, ...]] = []
        self._begun_anew = False
        self._forgotten = 0

    def number(self, request: WireRequest, answers: list[HTTPResponse]) -> int:
        """The number of a request; ``answers`` are those that both sides know."""
        if type(request) is not KindredRequest:
            return self._number(request)
        first, course = request.first, request.course
        found: tuple[object, int] | None
        if course is not None:
            found = self._courses.get(id(course))
            if found is None:
                if len(self._courses) >= MOST:
                    self._courses.clear()
                number = self._with_course(first, course, answers)
                found = self._courses[id(course)] = (course, number)
        else:
            found = self._firsts.get(id(first))
            if found is None:
                if len(self._firsts) >= MOST:
                    self._firsts.clear()
                number = self._number(first)
                found = self._firsts[id(first)] = (first, number)
        return found[1]

    def news(self) -> tuple[bool, list[tuple[Any, ...]]]:
        """Whether all is forgotten, and what has got a number since this was last asked."""
        news, self._begun_anew, self._new = (self._begun_anew, self._new), False, []
        return news

    def forget_answers(self) -> None:
        """The answers have other numbers from now on."""
        self._courses.clear()
        self._forgotten += 1

    def _number(self, request: WireRequest) -> int:
        parts = (
            request.method, request.headers, request.body, request.send_to, request.new_connection, request.keep_body,
        )  # fmt: skip
        number = self._parts.get(parts)
        if number is None:
            if self._count >= MOST:
                self._begin_anew()
            number = self._parts[parts] = self._add(parts)
        return number

    def _with_course(self, first: WireRequest, course: Course, answers: list[HTTPResponse]) -> int:
        if self._count >= MOST - 3:  # it takes up to three numbers that know each other
            self._begin_anew()
        number, following = self._number(first), self._number(course.request)
        expected = next((n for n, answer in enumerate(answers) if answer is course.answer), None)
        return number if expected is None else self._add((number, self._forgotten, expected, following))

    def _add(self, kind: tuple[Any, ...]) -> int:
        self._new.append(kind)
        self._count += 1
        return self._count - 1

    def _begin_anew(self) -> None:
        self._flush()  # what has a number is sent before that is forgotten
        self._parts.clear()
        self._firsts.clear()
        self._courses.clear()
        self._new.clear()
        self._count = 0
        self._begun_anew = True


def _ended() -> RuntimeError:
    return RuntimeError("the process that carries the requests has ended")
