"""Many exchanges at once in one thread: libcurl's multi interface over epoll (or poll), with deadlines of our own.

libcurl says which sockets it waits for and when it wants to be woken; here is waited, for the deadlines and the names that
are being looked up as well. What a transfer is made of is ``transfer``'s business.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections import deque
from itertools import chain
from typing import TYPE_CHECKING, Any

import pycurl

from corscheck.transports.curl.places import Host, Hosts
from corscheck.transports.curl.settings import CurlSettings
from corscheck.transports.curl.transfer import Transfer
from corscheck.transports.exchange import WireExchange, lines_of, request_target
from corscheck.transports.failures import NetworkFailure
from corscheck.transports.lookup import in_background
from corscheck.transports.routing import Router

if TYPE_CHECKING:
    from corscheck.protocol.request import HTTPResponse, NetworkError
    from corscheck.transports.base import NetworkOptions, WireRequest
    from corscheck.transports.lookup import Addresses

_KEPT = 4
"""Idle connections kept at least: one for each of the origins that one probe may go to and fro between."""

_HANDLES = 2
"""Handles for each connection: setting one up for other header lines costs more than keeping one for those of preflights."""

_NAME_SECONDS = 60.0
"""How long the addresses of a name are remembered: libcurl's own default."""

_LINES = 100
"""How many sets of header lines are told apart among the handles at rest, before those without any are forgotten."""

_LOOK_SECONDS = 0.005
"""How long a head may lie there before it is looked at; when its body begins, that is done at once."""

_NEVER = float("inf")
_IN, _OUT = select.POLLIN | select.POLLPRI, select.POLLOUT
_ENDED = select.POLLERR | select.POLLHUP
_EVENTS = {pycurl.POLL_IN: _IN, pycurl.POLL_OUT: _OUT, pycurl.POLL_INOUT: _IN | _OUT}


class CurlMulti:
    """Many exchanges at once in one thread, over libcurl's multi interface.

    ``connections`` is the number of exchanges that are meant to be under way at a time; so many idle connections are
    kept. More may be submitted: each goes out at once. Not to be shared between threads. Options that cannot be meant
    raise ``ConfigError`` here, what only use shows of them in ``submit`` or ``wait``.
    """

    def __init__(self, options: NetworkOptions, connections: int) -> None:
        self._settings = CurlSettings(options)
        self._ip_version = options.ip_version
        self._kept = max(connections, _KEPT)
        self._lazy = hasattr(select, "epoll")  # poll is all that macOS has
        self._poll = select.epoll() if self._lazy else select.poll()
        self._unit = 1 if self._lazy else 1000  # epoll counts seconds, poll milliseconds
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, self._kept)
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_NOTHING)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._watched: dict[int, int] = {}  # what libcurl waits for, by socket
        self._registered: dict[int, int] = {}  # what is polled for
        self._timer = _NEVER  # when libcurl wants to be woken
        self._due = _NEVER  # nothing is to be given up before
        self._look_at = _NEVER  # when to look for heads
        self._places = Hosts(Router(options), options.ip_version, self._forget)
        self._resting = 0
        self._under_way: dict[pycurl.Curl, tuple[Transfer, Host]] = {}
        self._waiting: set[Host] = set()
        self._found: deque[tuple[Host, Addresses | NetworkFailure]] = deque()
        self._wake: tuple[int, int] | None = None
        self._done: list[tuple[object, HTTPResponse | NetworkError]] = []

    def submit(self, request: WireRequest, deadline: float, token: object) -> None:
        """Send a request; ``wait`` gives its answer with ``token``. ``deadline`` is in ``time.monotonic()`` seconds."""
        place, path = self._places.of(request.url, request.send_to)
        lines = lines_of(request, place.target.authority)
        exchange = WireExchange(request, lines, request_target(place.target, path, place.route), place.route, deadline)
        try:
            self._settings.check(exchange)
            exchange.left()  # without time nothing is sent
            addresses = self._places.addresses(place)
        except NetworkFailure as failure:
            self._done.append((token, exchange.failed(failure)))
            return
        if addresses is not None:
            self._start(exchange, token, place, addresses)
            return
        place.waiting.append((exchange, token))
        self._due = min(self._due, exchange.until)
        if place not in self._waiting:
            self._waiting.add(place)
            self._look_up(place)

    def flush(self) -> None:
        """Send what was submitted; ``wait`` does so as well."""
        if time.monotonic() >= self._timer:
            self._timer = _NEVER
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            self._settle()  # a near server may have answered already

    def wait(self, timeout: float | None = None) -> list[tuple[Any, HTTPResponse | NetworkError]]:
        """The answers that have come since, with their tokens: at least one, unless ``timeout`` seconds pass before.

        Empty at once when nothing is under way.
        """
        until = _NEVER if timeout is None else time.monotonic() + timeout
        while not self._done and (self._under_way or self._waiting):
            self._turn(until)
            if time.monotonic() >= until:
                break
        done, self._done = self._done, []
        return done

    def cancel(self) -> None:
        """Give up all that is under way; nothing of it is answered."""
        for easy, (transfer, _) in list(self._under_way.items()):
            self._detach(easy)
            transfer.close()
        for place in self._waiting:
            place.waiting.clear()
        self._waiting.clear()
        self._done.clear()

    def close(self) -> None:
        """Give up what is under way and close every connection."""
        self.cancel()
        self._places.clear()
        self._multi.close()
        if self._lazy:
            self._poll.close()  # type: ignore[union-attr]
        if self._wake is not None:
            for descriptor in self._wake:
                os.close(descriptor)
            self._wake = None

    # What libcurl reports

    def _watch(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            # libcurl is through with a socket after each answer, and comes back to it with the next request. What is
            # registered with epoll stays there meanwhile; should it report something, ``_unwanted`` sees to it.
            self._watched.pop(descriptor, None)
            if not self._lazy:
                self._unwanted(descriptor)
        elif what in _EVENTS:
            events = self._watched[descriptor] = _EVENTS[what]
            registered = self._registered.get(descriptor)
            if registered == events:
                return
            self._registered[descriptor] = events
            if registered is None:
                self._poll.register(descriptor, events)
            else:
                self._poll.modify(descriptor, events)

    def _opened(self, descriptor: int) -> None:
        """A new socket has this number: one that had it before is closed and has left epoll's set by itself."""
        if self._registered.pop(descriptor, None) is not None and not self._lazy:
            self._poll.unregister(descriptor)

    def _unwanted(self, descriptor: int) -> None:
        """Poll no more for a socket that libcurl does not wait for."""
        if self._registered.pop(descriptor, None) is not None:
            with contextlib.suppress(OSError, KeyError):  # a closed one has left the set by itself
                self._poll.unregister(descriptor)
                return
        if self._lazy:
            self._renew()

    def _renew(self) -> None:
        """Make epoll's set anew: what was closed here, and is open in a process that was forked, never leaves the old one."""
        self._poll.close()  # type: ignore[union-attr]
        self._poll = select.epoll()
        self._registered = dict(self._watched)
        for descriptor, events in self._watched.items():
            self._poll.register(descriptor, events)
        if self._wake is not None:
            self._poll.register(self._wake[0], _IN)

    def _set_timer(self, milliseconds: int) -> None:
        self._timer = _NEVER if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    # The loop

    def _turn(self, until: float) -> None:
        """Wait for one thing to happen, at most until ``until``, and see to it."""
        pause = max(min(self._timer, self._due, self._look_at, until) - time.monotonic(), 0.0)
        act = self._multi.socket_action
        acted = 0
        for descriptor, event in self._poll.poll(None if pause == _NEVER else pause * self._unit):
            if self._wake is not None and descriptor == self._wake[0]:
                self._take_found()
                continue
            if descriptor not in self._watched:
                self._unwanted(descriptor)
                continue
            bits = pycurl.CSELECT_IN if event & (_IN | _ENDED) else 0
            if event & _OUT:
                bits |= pycurl.CSELECT_OUT
            if event & _ENDED:
                bits |= pycurl.CSELECT_ERR
            act(descriptor, bits)
            acted += 1
        if time.monotonic() >= self._timer:
            self._timer = _NEVER
            act(pycurl.SOCKET_TIMEOUT, 0)
        acted -= self._settle()
        now = time.monotonic()
        if acted > 0 and self._look_at == _NEVER:
            self._look_at = now + _LOOK_SECONDS  # something came that was not all: it may be a head
        if now >= self._look_at:
            self._look()
        if now >= self._due:
            self._give_up()

    def _look(self) -> None:
        """Read the heads whose bodies have not begun: from then on there is less time, or that is all there is to wait for."""
        self._look_at = _NEVER
        for easy, (transfer, place) in list(self._under_way.items()):
            if transfer.has_lines and not transfer.look():
                self._detach(easy)
                self._answered(transfer, place, transfer.answer(pycurl.E_WRITE_ERROR, ""))

    def _settle(self) -> int:
        """Answer what libcurl is done with; how many that were."""
        left, count = 1, 0
        while left:
            left, done, failed = self._multi.info_read()
            count += len(done) + len(failed)
            for easy in done:
                self._ended(*self._detach(easy), 0, "")
            for easy, code, text in failed:
                self._ended(*self._detach(easy), code, text)
        return count

    def _ended(self, transfer: Transfer, place: Host, code: int, text: str) -> None:
        if code and (transfer.begins_again(code) or transfer.next_address(code) or transfer.asks_names(code)):
            self._attach(transfer, place)
        else:
            self._answered(transfer, place, transfer.answer(code, text))

    def _give_up(self) -> None:
        """End what has used up its time, and find out when to look again."""
        now = time.monotonic()
        self._due = _NEVER
        for easy, (transfer, place) in list(self._under_way.items()):
            if transfer.until > now:
                self._due = min(self._due, transfer.until)
                continue
            self._detach(easy)
            if transfer.next_address(None):
                self._attach(transfer, place)
            else:
                self._answered(transfer, place, transfer.given_up())
        for place in list(self._waiting):
            for exchange, token in place.waiting:
                if exchange.until <= now:
                    exchange.phase = "lookup"
                    self._done.append((token, exchange.failed(exchange.timed_out())))
            place.waiting = [pair for pair in place.waiting if pair[0].until > now]
            if place.waiting:
                self._due = min(self._due, *(exchange.until for exchange, _ in place.waiting))
            else:
                self._waiting.discard(place)

    # Transfers

    def _start(self, exchange: WireExchange, token: object, place: Host, addresses: Addresses) -> None:
        idle = place.idle.get(exchange.lines)
        if not idle and len(self._under_way) + self._resting >= self._kept * _HANDLES:
            idle = next(filter(None, place.idle.values()), None)
        if idle:
            transfer = idle.pop()
            self._resting -= 1
        else:
            transfer = Transfer(self._settings, self._hurried, self._opened)
        transfer.begin(exchange, token, addresses)
        self._attach(transfer, place)

    def _attach(self, transfer: Transfer, place: Host) -> None:
        self._under_way[transfer.easy] = (transfer, place)
        if transfer.limit < self._due:
            self._due = transfer.limit
        self._multi.add_handle(transfer.easy)

    def _forget(self, place: Host) -> None:
        """Free the handles that are set up for it."""
        for transfer in chain(*place.idle.values()):
            transfer.close()
            self._resting -= 1

    def _detach(self, easy: pycurl.Curl) -> tuple[Transfer, Host]:
        self._multi.remove_handle(easy)
        return self._under_way.pop(easy)

    def _hurried(self, until: float) -> None:
        if until < self._due:
            self._due = until

    def _answered(self, transfer: Transfer, place: Host, answer: HTTPResponse | NetworkError) -> None:
        self._done.append((transfer.token, answer))
        if transfer.all_failed:
            place.addresses = None  # it is asked anew where the name is now
        elif transfer.address:
            # The one that took the connection is tried first from now on, so that a dead one costs nothing again.
            good = transfer.addresses[transfer.address]
            place.addresses = [good, *(address for address in transfer.addresses if address != good)]
        if self._resting < self._kept * _HANDLES and transfer.names is None:
            if len(place.idle) > _LINES:
                place.idle = {lines: idle for lines, idle in place.idle.items() if idle}
            idle = place.idle.get(transfer.exchange.lines)
            if idle is None:
                idle = place.idle[transfer.exchange.lines] = []
            idle.append(transfer)
            self._resting += 1
        else:
            transfer.close()

    # Names

    def _look_up(self, place: Host) -> None:
        if self._wake is None:
            self._wake = os.pipe()
            os.set_blocking(self._wake[0], False)
            self._poll.register(self._wake[0], _IN)
        found, wake = self._found, os.dup(self._wake[1])

        def deliver(result: Addresses | NetworkFailure) -> None:
            found.append((place, result))
            with contextlib.suppress(OSError):  # nobody waits any more
                os.write(wake, b"!")
            os.close(wake)

        in_background(place.route, self._ip_version, deliver)

    def _take_found(self) -> None:
        assert self._wake is not None
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake[0], 4096)
        while self._found:
            place, result = self._found.popleft()
            waiting, place.waiting = place.waiting, []
            self._waiting.discard(place)
            if isinstance(result, NetworkFailure):
                self._done += [(token, exchange.failed(result)) for exchange, token in waiting]
                continue
            place.addresses, place.fresh_until = result, time.monotonic() + _NAME_SECONDS
            for exchange, token in waiting:
                self._start(exchange, token, place, result)
