"""Many exchanges at once in one thread: libcurl's multi interface over epoll (or poll), with our own deadlines.

libcurl reports the sockets to wait for and the time of its next timeout. The loop here also waits for deadlines and for
name lookups. ``transfer`` runs each transfer.
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

from corscheck.model.values import ConfigError
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
"""The least number of idle connections to keep: one for each of the origins that a probe may alternate between."""

_HANDLES = 2
"""Handles per connection: setting a handle up for other header lines costs more than keeping one for preflights."""

_NAME_SECONDS = 60.0
"""How long the addresses of a name are cached. This is libcurl's default."""

_LINES = 100
"""How many sets of header lines are kept per host before sets without an idle handle are dropped."""

_LOOK_SECONDS = 0.005
"""How long a head may be unread if no body follows. A body causes it to be read at once."""

_NEVER = float("inf")
_IN, _OUT = select.POLLIN | select.POLLPRI, select.POLLOUT
_ENDED = select.POLLERR | select.POLLHUP
_EVENTS = {pycurl.POLL_IN: _IN, pycurl.POLL_OUT: _OUT, pycurl.POLL_INOUT: _IN | _OUT}


def _new_multi() -> pycurl.CurlMulti:
    """Return a multi handle. Raises ``ConfigError`` if libcurl cannot have the file descriptors for one."""
    try:
        return pycurl.CurlMulti()
    except pycurl.error as error:
        said = f"libcurl does not start ({error}): the process may open too few files"
        raise ConfigError(f"{said}. Raise the limit, e.g. ulimit -n 256.") from None


class CurlMulti:
    """Many exchanges at once in one thread, over libcurl's multi interface.

    ``connections`` is the expected number of concurrent exchanges, and the number of idle connections to keep. More
    exchanges may be submitted: each is sent at once. Not thread-safe. The constructor raises ``ConfigError`` for
    invalid options; ``submit`` and ``wait`` raise it for faults that only use reveals.
    """

    def __init__(self, options: NetworkOptions, connections: int) -> None:
        self._settings = CurlSettings(options)
        self._ip_version = options.ip_version
        self._kept = max(connections, _KEPT)
        self._multi = _new_multi()
        self._lazy = hasattr(select, "epoll")  # poll is all that macOS has
        self._poll = select.epoll() if self._lazy else select.poll()
        self._unit = 1 if self._lazy else 1000  # epoll takes seconds, poll milliseconds
        self._multi.setopt(pycurl.M_MAXCONNECTS, self._kept)
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_NOTHING)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._watched: dict[int, int] = {}  # what libcurl waits for, by socket
        self._registered: dict[int, int] = {}  # what is polled for
        self._timer = _NEVER  # when libcurl wants to be woken
        self._due = _NEVER  # no time limit ends before
        self._look_at = _NEVER  # when to look for heads
        self._places = Hosts(Router(options), options.ip_version, self._forget)
        self._resting = 0
        self._under_way: dict[pycurl.Curl, tuple[Transfer, Host]] = {}
        self._waiting: set[Host] = set()
        self._found: deque[tuple[Host, Addresses | NetworkFailure]] = deque()
        self._wake: tuple[int, int] | None = None
        self._done: list[tuple[object, HTTPResponse | NetworkError]] = []

    def submit(self, request: WireRequest, deadline: float, token: object) -> None:
        """Send a request. ``wait`` returns its answer with ``token``. ``deadline`` is in ``time.monotonic()`` seconds."""
        place, path = self._places.of(request.url, request.send_to)
        lines = lines_of(request, place.target.authority)
        exchange = WireExchange(request, lines, request_target(place.target, path, place.route), place.route, deadline)
        try:
            self._settings.check(exchange)
            exchange.left()  # raises if there is no time left
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
        """Send the submitted requests. ``wait`` does so, too."""
        if time.monotonic() >= self._timer:
            self._timer = _NEVER
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            self._settle()  # a nearby server may have responded already

    def wait(self, timeout: float | None = None) -> list[tuple[Any, HTTPResponse | NetworkError]]:
        """Return the new answers with their tokens. Wait for at least one, but no longer than ``timeout`` seconds.

        Return an empty list at once if nothing is under way.
        """
        until = _NEVER if timeout is None else time.monotonic() + timeout
        while not self._done and (self._under_way or self._waiting):
            self._turn(until)
            if time.monotonic() >= until:
                break
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        """Cancel everything that is under way, without answers, and close all connections."""
        for easy, (transfer, _) in list(self._under_way.items()):
            self._detach(easy)
            transfer.close()
        self._waiting.clear()
        self._done.clear()
        self._places.clear()
        self._multi.close()
        if self._lazy:
            self._poll.close()  # type: ignore[union-attr]
        if self._wake is not None:
            for descriptor in self._wake:
                os.close(descriptor)
            self._wake = None

    # Callbacks of libcurl

    def _watch(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            # libcurl releases a socket after each response, and takes it back with the next request. It stays
            # registered with epoll in between. If epoll reports it then, _turn() calls _unwanted().
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
        """Handle a new socket. An older one with the same number was closed, and epoll has removed it by itself."""
        if self._registered.pop(descriptor, None) is not None and not self._lazy:
            self._poll.unregister(descriptor)

    def _unwanted(self, descriptor: int) -> None:
        """Stop polling a socket that libcurl does not wait for."""
        if self._registered.pop(descriptor, None) is not None:
            with contextlib.suppress(OSError, KeyError):  # a closed socket is no longer in the set
                self._poll.unregister(descriptor)
                return
        if self._lazy:
            self._renew()

    def _renew(self) -> None:
        """Replace epoll's set: a socket that was closed here, but is open in a forked process, never leaves the old one."""
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
        """Wait for one event, at most until ``until``, and handle it."""
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
            self._look_at = now + _LOOK_SECONDS  # data arrived but no transfer ended: it may be a head
        if now >= self._look_at:
            self._look()
        if now >= self._due:
            self._give_up()

    def _look(self) -> None:
        """Read the heads without a body so far: they shorten the time limit, or complete the exchange."""
        self._look_at = _NEVER
        for easy, (transfer, place) in list(self._under_way.items()):
            if transfer.has_lines and not transfer.look():
                self._detach(easy)
                self._answered(transfer, place, transfer.answer(pycurl.E_WRITE_ERROR, ""))

    def _settle(self) -> int:
        """Return the answers of finished transfers to the caller. Return how many transfers have finished."""
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
        """End the exchanges whose time is up, and compute when to check again."""
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
        """Free the handles of a host."""
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
            place.addresses = None  # look the name up again
        elif transfer.address:
            # Try the working address first from now on, so that a dead one costs no more time.
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
            with contextlib.suppress(OSError):  # the run is closed
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
