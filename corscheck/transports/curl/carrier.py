"""The process that carries the requests of a run: libcurl, and what is known of requests and answers under numbers.

Forked by ``apart``, which says what goes over. A request may come with its course: if a certain answer comes to it,
another one goes ahead at once, and both answers are told together.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any, NoReturn

from corscheck.model.values import ConfigError
from corscheck.protocol.request import HTTPResponse, NetworkError
from corscheck.transports.base import KindredResponse, Unreadable, WireRequest, request_to
from corscheck.transports.curl.frames import CHUNK, MOST, Frames, framed
from corscheck.transports.curl.multi import CurlMulti

if TYPE_CHECKING:
    import socket

    from corscheck.transports.base import NetworkOptions

_PARTS = len(WireRequest.__slots__) - 1
"""What requests share: all but their URL."""


class _Course:
    """A request that goes on with another if a certain answer comes, by its number in the table of those days."""

    __slots__ = ("expected", "first", "following", "forgotten")

    def __init__(self, first: WireRequest, forgotten: int, expected: int, following: WireRequest) -> None:
        self.first, self.following = first, following
        self.forgotten, self.expected = forgotten, expected


class _Asked:
    """The token of a request with a course; ``before`` is the answer after which the second went ahead."""

    __slots__ = ("before", "course", "deadline", "number", "url")

    def __init__(self, number: int, url: str, deadline: float, course: _Course) -> None:
        self.number, self.url, self.deadline, self.course = number, url, deadline, course
        self.before: HTTPResponse | None = None


class Carrier:
    """The other process."""

    """The other process, from its fork to its end."""

    def __init__(self, connection: socket.socket, options: NetworkOptions, connections: int) -> None:
        self._socket = connection
        self._options, self._connections = options, connections
        self._kinds: list[WireRequest | _Course] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._kindred: dict[int, tuple[HTTPResponse, int]] = {}  # the same by the id of a kindred answer's first
        self._forgotten = 0  # how often they were
        self._new: list[tuple[Any, ...]] = []

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
                self._socket.sendall(framed((complaint, False, [], [])))
        os._exit(0)

    def _serve(self) -> None:
        multi = CurlMulti(self._options, self._connections)
        multi.listen(self._socket.fileno())
        frames = Frames()
        while True:
            answers = multi.wait()
            if answers:
                self._answer(multi, answers)
            if not multi.heard():
                continue
            data = self._socket.recv(CHUNK)
            if not data:
                return
            for forget, kinds, requests in frames.of(data):
                if forget:
                    self._kinds.clear()
                for kind in kinds:
                    self._learn(*kind)
                for number, kind, url, deadline, started in requests:
                    request = self._kinds[kind]
                    if type(request) is _Course:
                        asked = _Asked(number, url, deadline, request)
                        multi.submit(request_to(request.first, url), deadline, asked, started)
                    else:
                        multi.submit(request_to(request, url), deadline, number, started)

    def _learn(self, *kind: Any) -> None:
        """Keep what requests share under the next number: their parts, or a request and its course."""
        if len(kind) == _PARTS:
            self._kinds.append(WireRequest(kind[0], "", *kind[1:]))
        else:
            first, forgotten, expected, following = kind
            self._kinds.append(_Course(self._kinds[first], forgotten, expected, self._kinds[following]))

    def _answer(self, multi: CurlMulti, answers: list[tuple[Any, HTTPResponse | NetworkError]]) -> None:
        told: list[tuple[Any, ...]] = []
        forget = len(self._numbers) >= MOST
        if forget:
            self._numbers.clear()
            self._kindred.clear()
            self._forgotten += 1
        went_ahead = False
        for token, a in answers:
            before: tuple[int, float, float] | None = None
            number = token
            if type(token) is _Asked:
                number = token.number
                if token.before is not None:
                    before = (self._number(token.before), token.before.at, token.before.elapsed_ms)
                elif isinstance(a, HTTPResponse) and self._goes_on(token.course, a):
                    token.before = a
                    multi.submit(request_to(token.course.following, token.url), token.deadline, token)
                    went_ahead = True
                    continue
            if isinstance(a, NetworkError):
                error = (a.kind, a.message, a.sent, isinstance(a, Unreadable))
                told.append((number, 0, a.at, a.elapsed_ms, error, before))
            else:
                told.append((number, self._number(a), a.at, a.elapsed_ms, None, before))
        if went_ahead:
            multi.flush()
        if told:
            new, self._new = self._new, []
            self._socket.sendall(framed((None, forget, new, told)))
        elif forget:
            self._socket.sendall(framed((None, forget, [], [])))

    def _goes_on(self, course: _Course, answer: HTTPResponse) -> bool:
        return course.forgotten == self._forgotten and course.expected == self._number(answer)

    def _number(self, a: HTTPResponse) -> int:
        """The number under which both sides keep what this answer shares with others."""
        if type(a) is KindredResponse:
            found = self._kindred.get(id(a.first))
            if found is None:
                if len(self._kindred) >= MOST:
                    self._kindred.clear()
                # The first is kept, so that its id is not another's.
                found = self._kindred[id(a.first)] = (a.first, self._number(a.first))
            return found[1]
        kind = (a.status, a.headers, a.reason, a.body, a.body_error, 0.0, 0.0, a.http_version, a.sent)
        number = self._numbers.get(kind)
        if number is None:
            number = self._numbers[kind] = len(self._numbers)
            self._new.append(kind)
        return number
