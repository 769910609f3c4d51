"""The state of one exchange: the request, the deadline, the bytes received so far, and the response.

Both live transports use it, so that both judge alike. It does no I/O and must not import asyncio or httpx. The network
streams report every chunk to it on the way to the HTTP parser.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from corscheck.protocol.heads import JUNK_BYTES, find_start
from corscheck.protocol.request import EVIDENCE_BYTES, RAW_BODY_BYTES, HTTPResponse, NetworkError, RawHead
from corscheck.transports import failures
from corscheck.transports.base import (
    DRAIN_BYTES,
    MAX_HEADER_BYTES,
    WireRequest,
)
from corscheck.transports.decoding import decoded
from corscheck.transports.doubtful import is_doubtful
from corscheck.transports.failures import NetworkFailure, seconds
from corscheck.transports.http.shield import needs_shield, shield, unshield

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.protocol.request import Headers
    from corscheck.transports.routing import Route, Target

Phase: TypeAlias = Literal["lookup", "connect", "proxy", "tls", "write", "answer", "body"]

DRAIN_SECONDS = 0.5
"""How long after the head to wait for the body. A longer one (an event stream, a download) is not worth the wait."""

EVIDENCE_SECONDS = 2.0
"""The same for a status of 400 or above, because the body may say what the server rejected."""

_SETTINGS = b"\x04"
"""The type of the first frame that a server sends over HTTP/2 (RFC 9113, section 3.4). It is the frame's fourth byte."""

_BLANK_LINE = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"(?i)HTTP/\S+ +(1\d\d)\b")
_LENGTH_METHODS = ("POST", "PUT", "PATCH")


class WireExchange:
    """One request on its way along ``route``. ``left()`` is called before every wait.

    ``until`` is when to give up, in monotonic seconds: the deadline, or earlier for data that is not worth the wait.
    ``fresh`` means that a connection was opened for this request.
    """

    # Initial values, on the class: most of thousands of exchanges per second never change them.
    phase: Phase = "answer"
    fresh = False
    written = False
    received = 0
    attempts: tuple[tuple[str, OSError], ...] = ()
    head_bytes = 0
    _head: bytes | bytearray = b""
    lines_read: Sequence[bytes] = ()
    """The lines of the head, from a library that does not hand over the bytes before it parses them."""
    ended = False
    """Whether the server has closed the connection."""
    _begin = _searched = _keep = 0
    _switched = False
    _head_at: float | None = None
    _status = 0
    _headers: Headers = ()
    _evidence = b""
    _kept: list[bytes] | None = None
    _body_bytes = 0
    _body_error: str | None = None

    def __init__(self, request: WireRequest, lines: HeaderLines, target: bytes, route: Route, deadline: float) -> None:
        self.request = request
        self.route = route
        self.started = time.monotonic()
        self.until = self.deadline = deadline
        self.lines = lines
        self.target = target

    def restart(self) -> None:
        """Reset the exchange, because the request is sent again on another connection."""
        self.__dict__ = {name: self.__dict__[name] for name in _GIVEN}
        self.until = self.deadline

    def tried(self, address: str, error: OSError) -> None:
        """Record an address that did not accept the connection."""
        self.attempts = (*self.attempts, (address, error))

    @property
    def peer(self) -> str:
        """The name of the server or proxy that responds, for messages."""
        return self.route.peer

    @property
    def strange(self) -> bool:
        """Whether the bytes received so far are not the beginning of a status line."""
        return not self._head.startswith(b"HTTP/"[: len(self._head)])

    @property
    def upgrades(self) -> bool:
        """Whether the request asks to switch protocols, so that a 101 is its response."""
        return self.lines.upgrades

    # The deadline

    def left(self) -> float:
        """Return the remaining seconds. Raises ``NetworkFailure`` if there are none."""
        remaining = self.until - time.monotonic()
        if remaining <= 0:
            raise self.timed_out()
        return remaining

    def hurry(self, duration: float) -> None:
        """Reduce the remaining time to at most so many seconds."""
        self.until = min(self.deadline, time.monotonic() + duration)

    def timed_out(self) -> NetworkFailure:
        """Return the failure for a timeout, which names what the exchange was waiting for."""
        if self._switched:
            return failures.switched(self.peer)
        if self.until <= self.started:
            return NetworkFailure("timeout", f"No time was left to contact {self.peer}.")
        waited = seconds(self.until - self.started)
        tried = f" ({', '.join(address for address, _ in self.attempts)})" if self.attempts else ""
        dialled = self.route.dialled
        if self.phase == "lookup":
            text = f"The address of {self.route.dial.host} could not be found within {waited}."
        elif self.phase == "connect":
            text = f"{dialled} did not take the connection within {waited}{tried}."
        elif self.phase == "proxy":
            text = f"{dialled} did not connect to {self.route.beyond} within {waited}."
        elif self.phase == "tls":
            text = f"{self.peer} did not complete the TLS handshake within {waited}."
        elif self.phase == "write":
            text = f"{self.peer} did not read the request within {waited}."
        elif self.phase == "body":
            text = f"The body was still arriving after {waited}."
        elif self.head_bytes:
            text = f"{self.peer} sent {self.head_bytes} bytes of its response headers within {waited}, but not all of them."
        else:
            text = f"{self.peer} did not respond within {waited}."
        return NetworkFailure("timeout", text)

    # Called by the streams

    def unreachable(self) -> NetworkFailure:
        """Return the failure for a host that accepted no connection."""
        waited = min(time.monotonic(), self.deadline) - self.started
        return failures.unreachable(self.route, self.attempts, waited)

    def outgoing(self, data: bytes, *, http2: bool) -> bytes:
        """Return the bytes to write. Over HTTP/1 the first write is the head."""
        return unshield(data) if self.lines.shielded and not self.written and not http2 else data

    def wrote(self) -> None:
        """Record that the request, or a part of it, was sent."""
        self.written = True
        self.phase = "answer"

    def receive(self, data: bytes, *, http2: bool) -> bytes | None:
        """Process bytes that were read (empty at the end). Return the bytes for the HTTP parser, None to read more
        first.

        The parser gets the head as a whole. h11 would stop at about 100 KiB of it, but browsers accept 256 KiB. Only
        here is it known when the head arrived, how large it is, and whether it is HTTP at all.
        """
        self.received += len(data)
        if http2 and self.fresh and self.received == len(data) and data[3:4] not in (b"", _SETTINGS):
            raise failures.not_http2(self.peer, data[:80])
        if self._head_at is not None or (http2 and self.received):
            self.ended = not data
            if len(self._head) < self._keep:
                self._head += data
            return data
        if self._switched:
            self._head += data
            self.ended = not data
            raise failures.switched(self.peer)
        if not data:
            self.ended = True
            if self.strange:
                raise failures.not_http(self.peer, bytes(self._head[:80]))
            raise failures.hung_up(self.peer, self.route.mode == "forward", self.received)
        if not self._head:
            self._head = bytearray()
        self._head += data
        self.head_bytes = len(self._head)
        strange = self.strange
        if strange and not self._begin:
            # Browsers skip a few bytes before a status line.
            start = find_start(self._head)
            if start is None and len(self._head) < JUNK_BYTES:
                return None
            if start is None:
                raise failures.not_http(self.peer, bytes(self._head[:80]))
            self._begin = start
        while match := _BLANK_LINE.search(self._head, max(self._begin, self._searched - 2)):
            if match.end() > MAX_HEADER_BYTES:
                break
            # A 1xx ("HTTP/1.1 103 ...") is not the final response.
            interim = _INTERIM.match(self._head, self._begin)
            self._begin = self._searched = match.end()
            # Only a WebSocket handshake asks to switch protocols. Nothing is read after its head.
            if interim is None or (interim.group(1) == b"101" and self.lines.upgrades):
                if strange:
                    raise failures.not_http(self.peer, bytes(self._head[:80]))
                self._head_at = time.monotonic()
                self._keep = match.end() + RAW_BODY_BYTES
                return shield(bytes(self._head[: match.end()])) + bytes(self._head[match.end() :])
            if interim.group(1) == b"101":
                # RFC 9110, section 7.8: a server must not switch to a protocol that the client did not name.
                # What follows, or the end, decides for Chromium.
                self._switched = True
                self.hurry(DRAIN_SECONDS)
                break
        if self._switched and len(self._head) > self._begin:
            raise failures.switched(self.peer)
        if len(self._head) > MAX_HEADER_BYTES:
            raise failures.too_large(self.peer)
        self._searched = len(self._head)
        return None

    # Called by the transports

    def failed(self, failure: NetworkFailure) -> NetworkError:
        """Return the ``NetworkError`` for a failure."""
        now = time.monotonic()
        sent = self.lines.text if self.written else ()
        raw = self.raw_head(note=failure.message) if failure.kind == "protocol" else None
        return NetworkError(failure.kind, failure.message, now, (now - self.started) * 1000, sent, raw)

    def raw_head(self, fault: Literal["", "location", "chunk"] = "", note: str = "") -> RawHead | None:
        """Return the bytes of the response, up to the beginning of its body; None over HTTP/2, and if there are none."""
        data = bytes(self._head[: self._keep or None]) or b"".join(self.lines_read)
        ended = self.ended and not (self.lines_read and self._body_bytes)
        return RawHead(data, ended, fault, note) if data else None

    def head(self, status: int, headers: Headers, short: bool | None = None) -> bool:
        """Record the head. Return whether to read the body. ``short`` is the result of ``is_short``, if known."""
        self._status = status
        self._headers = headers
        now = time.monotonic()
        self._head_at = self._head_at or now
        self.phase = "body"
        if self.request.keep_body:
            return True
        # Like hurry().
        until = now + (EVIDENCE_SECONDS if status >= 400 else DRAIN_SECONDS)
        if until < self.until:
            self.until = until
        if status >= 400:
            return True
        if status == 101:
            return False
        return is_short(headers) if short is None else short

    def body(self, chunk: bytes) -> bool:
        """Process a part of the body. Return whether to read on."""
        self._body_bytes += len(chunk)
        if self.request.keep_body:
            if self._kept is None:
                self._kept = []
            self._kept.append(chunk[: max(self.request.keep_body - self._body_bytes + len(chunk), 0)])
            return self._body_bytes <= self.request.keep_body
        if self._status >= 400 and len(self._evidence) < EVIDENCE_BYTES:
            self._evidence = (self._evidence + chunk)[:EVIDENCE_BYTES]
        if time.monotonic() >= self.until:
            self.body_failed(self.timed_out())
            return False
        return self._body_bytes <= DRAIN_BYTES

    def body_failed(self, failure: NetworkFailure) -> None:
        """Record why the rest of the body is missing. It is not an error if we stopped waiting before the deadline."""
        if failure.kind != "timeout" or self.until == self.deadline:
            self._body_error = failure.message

    def cut_short(self, missing: re.Match[str] | None) -> str:
        """Return h11's message for a body that ended early. ``missing`` holds the number of missing bytes, if known."""
        if missing is None:
            return "peer closed connection without sending complete message body (incomplete chunked read)"
        expected = self._body_bytes + int(missing[1])
        return (
            "peer closed connection without sending complete message body "
            f"(received {self._body_bytes} bytes, expected {expected})"
        )

    def answer(self, reason: str, version: str) -> HTTPResponse:
        """Return the response, after the body was read or skipped."""
        if self.written and not self.received:
            # The parser had buffered it before the request was sent, so it was unsolicited.
            raise failures.unasked(self.peer)
        at = self._head_at or time.monotonic()
        return HTTPResponse(
            status=self._status,
            headers=self._headers,
            reason=reason,
            body=b"".join(self._kept or ()) if self.request.keep_body else self._decoded_evidence(),
            body_error=self._body_error,
            at=at,
            elapsed_ms=(at - self.started) * 1000,
            http_version=version,
            raw=self._doubtful(version),
            sent=self.lines.text,
        )

    def _decoded_evidence(self) -> bytes:
        return decoded(self._evidence, self._headers)[:EVIDENCE_BYTES] if self._evidence else b""

    def _doubtful(self, version: str) -> RawHead | None:
        """Return the bytes of a response that the library reads, but not every browser. For ordinary ones, None."""
        broken = self._body_error is not None and self._body_bytes < RAW_BODY_BYTES
        if self.lines_read and self.ended and self._body_bytes:
            broken = False  # part of a body is not a fault
        if version == "HTTP/2" or not (broken or is_doubtful(version, self._headers)):
            return None
        # A library that hands over lines does not hand over the sizes of chunks.
        chunked = self.lines_read and any(name.lower() == "transfer-encoding" for name, _ in self._headers)
        return self.raw_head("chunk" if broken and chunked else "")

    def shielded_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the header lines to send, with the proxy's password, in the form that h11 accepts."""
        lines, authorization = self.lines.pairs, self.proxy_authorization
        if authorization is not None:
            lines = [*lines, (b"Proxy-Authorization", authorization.encode("latin-1"))]
        return [(n, shield(v)) for n, v in lines] if self.lines.shielded else lines

    @property
    def proxy_authorization(self) -> str | None:
        """The credentials for a forwarding proxy. They are sent with the request, but ``sent`` does not contain them."""
        proxy = self.route.proxy
        return proxy.authorization if proxy is not None and self.route.mode == "forward" else None


def text_of(headers: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Decode header bytes isomorphically (latin-1)."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def is_short(headers: Headers) -> bool:
    """Whether a body is worth reading to its end, judging by its headers: not too long, and not an event stream."""
    length, kind = "0", ""
    for name, value in headers:
        if len(name) == len("content-length") and name.lower() == "content-length":
            length = value.strip()
        elif len(name) == len("content-type") and name.lower() == "content-type":
            kind = value.lower()
    number = int(length[:20]) if length.isascii() and length.isdigit() else 0
    return number <= DRAIN_BYTES and not kind.startswith("text/event-stream")


class HeaderLines:
    """The header lines of a request as bytes and as text. ``shielded`` means that h11 would reject some of them."""

    __slots__ = ("pairs", "shielded", "text", "upgrades")

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self.pairs = pairs
        self.text = text_of(pairs)
        self.shielded = any(needs_shield(value) for _, value in pairs)
        self.upgrades = any(name.lower() == b"upgrade" for name, _ in pairs)

    def behind_host(self, authority: str) -> HeaderLines:
        """Return the same lines after a Host line."""
        lines = HeaderLines.__new__(HeaderLines)
        lines.pairs = [(b"Host", authority.encode("ascii")), *self.pairs]
        lines.text = (("Host", authority), *self.text)
        lines.shielded, lines.upgrades = self.shielded, self.upgrades
        return lines


_GIVEN = ("request", "route", "started", "deadline", "lines", "target")
"""The attributes that an exchange has from the start."""


def lines_of(request: WireRequest, authority: str) -> HeaderLines:
    """Return the header lines to send: Host first (h11 requires it), and a Content-Length where ``fetch()`` adds one."""
    length = len(request.body or b"") if request.body is not None or request.method in _LENGTH_METHODS else None
    return _made(request.headers, authority, length)


@lru_cache(maxsize=256)
def _made(headers: Headers, authority: str, length: int | None) -> HeaderLines:
    """Cached, because the requests of a run differ in little but their URL."""
    lines, has_host = _without_host(headers, length)
    return lines if has_host else lines.behind_host(authority)


@lru_cache(maxsize=64)
def _without_host(headers: Headers, length: int | None) -> tuple[HeaderLines, bool]:
    """Return the lines that are the same for every host, and whether they contain a Host line."""
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    hosts = [line for line in lines if line[0].lower() == b"host"]
    lines = hosts + [line for line in lines if line[0].lower() != b"host"]
    # Fetch Standard, HTTP-network-or-cache fetch 8.5 and 8.6.
    framed = any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in lines)
    if not framed and length is not None:
        lines.insert(len(hosts[:1]), (b"Content-Length", b"%d" % length))
    return HeaderLines(lines), bool(hosts)


def request_target(target: Target, path: str, route: Route) -> bytes:
    """Return the target for the request line: absolute-form for a forwarding proxy, otherwise ``path``."""
    if route.mode == "forward":
        return f"{target.scheme}://{target.authority}{path}".encode("ascii")
    return path.encode("ascii")
