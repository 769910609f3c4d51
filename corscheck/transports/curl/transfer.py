"""One request on one easy handle: its options, libcurl's callbacks, and the resulting response.

libcurl frames the messages. The rules for a valid head are those of h11, which the other transport uses.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import pycurl
from msgspec.structs import replace

from corscheck.transports import failures, handshakes
from corscheck.transports.base import MAX_HEADER_BYTES, NAMES_SECONDS, Unreadable
from corscheck.transports.curl.faults import (
    LOST,
    UNREADABLE,
    Attempt,
    certificate_names,
    failure_of,
    fault_of_certificate,
)
from corscheck.transports.curl.lines import LibcurlHead, read_head
from corscheck.transports.curl.settings import dial, header_option
from corscheck.transports.failures import NetworkFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.protocol.request import HTTPResponse, NetworkError
    from corscheck.transports.curl.settings import CurlSettings
    from corscheck.transports.exchange import Phase, WireExchange
    from corscheck.transports.lookup import Addresses
    from corscheck.transports.routing import Route

_LOCATIONS = "Multiple Location headers"
_NO_CLOSE_NOTIFY = "unexpected eof"

_NOT_ALL = re.compile(rb"(?i)http/(?:2 |\S*\s+1[0-9][0-9])")
"""Status lines of heads that do not decide alone: after a 1xx, a browser reads on. And HTTP/2 has no status line."""

_CODED = re.compile(rb"(?i)\s*transfer-encoding")
"""A line of a head that does not decide alone in Firefox: it looks at the first chunk, too."""

_ABORT = -1
_OK = 0
_BLANK = (b"\r\n", b"\n")


class Transfer:
    """An easy handle, and the current exchange if there is one.

    Calls ``hurried`` with a time that is earlier than ``until`` was, and ``opened`` with each new socket.
    """

    def __init__(self, settings: CurlSettings, hurried: Callable[[float], None], opened: Callable[[int], None]) -> None:
        self.easy = pycurl.Curl()
        self.easy.setopt(pycurl.SOCKOPTFUNCTION, self._socket)
        # Lines of heads, and trailers, which are ignored. libcurl calls list.append, because Python code for each of
        # ten lines per response would be slow. The head is read when the body begins, at the end, or by look().
        self._lines: list[bytes] = []
        self.easy.setopt(pycurl.HEADERFUNCTION, self._lines.append)
        self.easy.setopt(pycurl.WRITEFUNCTION, self._body)
        self.settings = settings
        self._hurried, self._opened = hurried, opened
        self._route: Route | None = None
        self._dialled: object = None
        self._method: str | None = None
        self._header_option: list[bytes] | None = None
        self._plain = True  # no body, not HEAD, any connection

    def begin(self, exchange: WireExchange, token: object, addresses: Addresses) -> None:
        """Set up the handle for an exchange, so that it can be added to the multi handle."""
        self.exchange, self.token, self.addresses = exchange, token, addresses
        self.address = 0
        self._failure: NetworkFailure | None = None
        self._lines.clear()
        self._head: LibcurlHead | None = None  # once it is complete
        self._stopped = self._unreadable = False
        self._again = False
        self.names: tuple[str, ...] | None = None  # of the certificate, after asks_names()
        self.tunnelling = exchange.route.mode == "tunnel"
        easy, route = self.easy, exchange.route
        if self._route is None:
            self.settings.apply(easy, route)
            self._route = route
            if route.mode == "tunnel":
                easy.setopt(pycurl.PREREQFUNCTION, self._through)
        easy.setopt(pycurl.REQUEST_TARGET, exchange.target)
        self._prepare(exchange)
        self._dial()

    def _prepare(self, exchange: WireExchange) -> None:
        """Set what this request needs and the handle does not have yet."""
        easy, request = self.easy, exchange.request
        if request.method != self._method:
            easy.setopt(pycurl.CUSTOMREQUEST, request.method)
            self._method = request.method
        lines = header_option(exchange.lines, exchange.proxy_authorization)
        if lines is not self._header_option:
            easy.setopt(pycurl.HTTPHEADER, lines)
            self._header_option = lines
        plain = request.body is None and request.method != "HEAD" and not request.new_connection
        if not (plain and self._plain):
            self._plain = plain
            easy.setopt(pycurl.HTTPGET, 1)
            if request.method == "HEAD":
                easy.setopt(pycurl.NOBODY, 1)
            elif request.body is not None:
                easy.setopt(pycurl.POSTFIELDS, request.body)
            easy.setopt(pycurl.FRESH_CONNECT, int(request.new_connection))

    def close(self) -> None:
        """Free the handle."""
        self.easy.close()

    @property
    def until(self) -> float:
        """When to give up: at the deadline, at the limit for the body, or at the end of this address's share of the time."""
        return min(self.exchange.until, self.limit)

    @property
    def all_failed(self) -> bool:
        """Whether no address accepted the connection."""
        return len(self.exchange.attempts) >= len(self.addresses)

    # Addresses, one after the other

    def _dial(self) -> None:
        remaining = len(self.addresses) - self.address
        self.limit = self.exchange.until
        if remaining > 1:
            now = time.monotonic()
            self.limit = now + (self.limit - now) / remaining
        address = self.addresses[self.address][1][0]
        if address != self._dialled:
            assert self._route is not None
            dial(self.easy, self._route, address)
            self._dialled = address

    def next_address(self, code: int | None) -> bool:
        """Switch to the next address if this one did not accept the connection. ``code`` None means a timeout."""
        if code is None:
            if self._phase() != "connect":
                return False
            error: OSError = TimeoutError()
        elif code == pycurl.E_COULDNT_CONNECT and not self.easy.getinfo(pycurl.HTTP_CONNECTCODE):
            number = self.easy.getinfo(pycurl.OS_ERRNO)
            error = OSError(number, os.strerror(number))
        else:
            return False
        exchange = self.exchange
        exchange.tried(self.addresses[self.address][1][0], error)
        if self.address + 1 == len(self.addresses) or exchange.until <= time.monotonic():
            return False
        self.address += 1
        self._dial()
        return True

    def begins_again(self, code: int) -> bool:
        """Switch to a new connection if the server had closed the kept one while it was idle.

        libcurl does so itself in most cases, but not over HTTP/2, and not if a write fails.
        """
        if (
            code not in LOST
            or self._lines
            or self.exchange.received
            or self._again
            or self.easy.getinfo(pycurl.NUM_CONNECTS)
        ):
            return False
        self._again = True
        self._plain = False  # to be reset for the next exchange
        self.easy.setopt(pycurl.FRESH_CONNECT, 1)
        return True

    # Names of a certificate

    def asks_names(self, code: int) -> bool:
        """Switch to reading the names of a certificate that does not match. Nothing is sent to the server.

        libcurl checks the names before the chain, and names from an unverified certificate are not shown.
        """
        if self.names is not None or code != pycurl.E_PEER_FAILED_VERIFICATION or self.exchange.route.mode == "forward":
            return False
        exchange, easy = self.exchange, self.easy
        if self.tunnelling and not easy.getinfo(pycurl.HTTP_CONNECTCODE):
            return False  # it is the proxy's certificate
        if fault_of_certificate(easy) != handshakes.NAME_MISMATCH:
            return False
        self.names = ()
        exchange.hurry(min(NAMES_SECONDS, (exchange.until - time.monotonic()) / 2))
        easy.setopt(pycurl.CONNECT_ONLY, 1)
        easy.setopt(pycurl.SSL_VERIFYHOST, 0)
        return True

    def _misnamed(self, code: int) -> NetworkFailure:
        """Return the failure after the names were read."""
        exchange = self.exchange
        fault = handshakes.NAME_MISMATCH
        if code == pycurl.E_PEER_FAILED_VERIFICATION:
            fault = fault_of_certificate(self.easy)
        elif code == _OK:
            self.names = certificate_names(self.easy)
        host = exchange.route.origin.host.removesuffix(".")
        return handshakes.certificate_refused(exchange.peer, host, fault, self.names or (), "tls")

    # Callbacks of libcurl

    def _socket(self, descriptor: int, _purpose: int) -> int:
        self._opened(descriptor)
        return pycurl.SOCKOPT_OK  # type: ignore[no-any-return]

    def _through(self, *_: object) -> int:
        """The proxy has opened the tunnel, so the following bytes are the server's."""
        self.tunnelling = False
        self._lines.clear()
        return _OK

    def _proxy_status(self) -> bytes:
        """Return status code and reason of a proxy that rejects CONNECT."""
        return b"".join(self._lines).partition(b" ")[2].partition(b"\n")[0].strip()

    @property
    def has_lines(self) -> bool:
        """Whether there are lines of a head that ``look`` has not read."""
        return bool(self._lines) and self._head is None and not self.tunnelling

    def look(self) -> bool:
        """Read the head if it is complete. Return False if no more is needed. libcurl limits a head to 300 KiB."""
        lines = self._lines
        while self._head is None and not self.tunnelling:
            if not lines:
                break
            # Usually the lines end with the head. A 103 before it, or a trailer after it, is the exception.
            end = len(lines)
            if lines[-1] != b"\r\n" or lines.index(b"\r\n") + 1 != end or b"\n" in lines:
                end = min((lines.index(blank) + 1 for blank in _BLANK if blank in lines), default=0)
                if not end:
                    break
            head = lines[:end]
            del lines[:end]
            if not self._take(head):
                return False
        return True

    def _take(self, lines: list[bytes]) -> bool:
        """Process a head. Return False if no more is needed."""
        exchange = self.exchange
        exchange.head_bytes += sum(map(len, lines))
        exchange.received = exchange.head_bytes
        exchange.lines_read = lines
        if exchange.head_bytes > MAX_HEADER_BYTES:
            return self._abort(failures.too_large(exchange.peer))
        head = read_head(lines)
        if isinstance(head, str) or head.status == 101:
            behind_1xx = exchange.head_bytes > sum(map(len, lines))
            self._unreadable = behind_1xx or _NOT_ALL.match(lines[0]) is not None or any(map(_CODED.match, lines))
        if isinstance(head, str):
            if not lines[0].startswith(b"HTTP/"):
                return self._abort(failures.not_http(exchange.peer, lines[0]))
            return self._abort(failures.malformed(exchange.peer, head))
        number = head.status
        if number < 200 and not (number == 101 and exchange.upgrades):
            return self._abort(failures.switched(exchange.peer)) if number == 101 else True
        self._head = head
        wanted = exchange.head(number, head.headers, head.short)
        if not wanted and exchange.request.method != "HEAD":
            return self._stop()
        self._hurried(exchange.until)
        return True

    def _body(self, chunk: bytes) -> int | None:
        if self._head is None:
            if not self.look():
                return _ABORT
            if self._head is None:
                return _ABORT if self._lines else self._receive(chunk)
        return None if self.exchange.body(chunk) or self._stop() else _ABORT

    def _receive(self, data: bytes) -> int | None:
        """Process bytes that libcurl takes for HTTP/0.9. Browsers may find a status line a few bytes behind the first."""
        try:
            self.exchange.receive(data, http2=False)
        except NetworkFailure as failure:
            self._abort(failure)
            return _ABORT
        return None

    def _stop(self) -> bool:
        """Read no further. libcurl closes the connection, which is not an error here."""
        self._stopped = True
        return False

    def _abort(self, failure: NetworkFailure) -> bool:
        self._failure = failure
        return False

    # Result

    def answer(self, code: int, text: str) -> HTTPResponse | NetworkError:
        """Return the response when libcurl is done. ``code`` and ``text`` are its result."""
        exchange = self.exchange
        if self.names is not None:
            return exchange.failed(self._misnamed(code))
        if self._failure is None:
            self.look()
        head = self._head
        if head is not None:
            if code != _OK and not self._stopped and not self._ends_with_connection(head, text):
                exchange.ended = code == pycurl.E_PARTIAL_FILE
                exchange.body_failed(self._failure_of(code, text))
            return exchange.answer(head.reason, head.version)
        if self._failure is None and exchange.strange:
            self._receive(b"")
        self._note()
        if self._failure is None and code in (_OK, pycurl.E_GOT_NOTHING):
            exchange.ended = True
        failed = exchange.failed(self._failure or self._failure_of(code, text))
        if (self._failure is not None and not self._unreadable) or self.tunnelling:
            return failed
        if code == pycurl.E_FTP_WEIRD_SERVER_REPLY and _LOCATIONS in text:
            exchange.lines_read = tuple(self._lines)
            return replace(failed, raw=exchange.raw_head("location"))
        if self._unreadable or code in UNREADABLE or self._lines:
            return Unreadable(failed.kind, failed.message, failed.at, failed.elapsed_ms, failed.sent)
        return failed

    def _ends_with_connection(self, head: LibcurlHead, text: str) -> bool:
        """Whether this error is the end of a body that only the end of the connection delimits.

        Browsers take TLS that ends without close_notify for such an end.
        """
        delimited = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in head.headers)
        return _NO_CLOSE_NOTIFY in text and not delimited

    def _failure_of(self, code: int, text: str) -> NetworkFailure:
        status = self._proxy_status() if self.tunnelling else b""
        return failure_of(
            code, text, Attempt(self.exchange, self.easy, self.tunnelling, status, self.settings.shows_certificate)
        )

    def given_up(self) -> HTTPResponse | NetworkError:
        """Return the response, or the failure, when the time is up."""
        exchange = self.exchange
        self.look()
        if self._head is not None:
            exchange.body_failed(exchange.timed_out())
            return exchange.answer(self._head.reason, self._head.version)
        if self.names is not None:
            return exchange.failed(self._misnamed(pycurl.E_OPERATION_TIMEDOUT))
        self._note()
        exchange.phase = phase = self._phase()
        return exchange.failed(exchange.unreachable() if phase == "connect" else exchange.timed_out())

    def _phase(self) -> Phase:
        """Return which phase the transfer has reached."""
        info, exchange = self.easy.getinfo, self.exchange
        if info(pycurl.REQUEST_SIZE):
            unsent = info(pycurl.SIZE_UPLOAD_T) < len(exchange.request.body or b"")
            return "write" if unsent and not exchange.received else "answer"
        if not info(pycurl.NUM_CONNECTS):
            return "connect"
        return "proxy" if self.tunnelling and info(pycurl.HTTP_CONNECTCODE) // 100 != 2 else "tls"

    def _note(self) -> None:
        """Record in the exchange how far the transfer came."""
        exchange = self.exchange
        exchange.written = bool(self.easy.getinfo(pycurl.REQUEST_SIZE))
        if not self.tunnelling and self._lines:
            exchange.head_bytes += sum(map(len, self._lines))
            exchange.received = exchange.head_bytes
