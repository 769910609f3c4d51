"""Live HTTP over httpx, at the level of its transports: no client, so nothing is added, followed, decoded or kept.

The only file that knows httpx. httpx carries the message; where it goes and how long it may take is the network
backend's (``network``), what becomes of it the exchange's. It must not import asyncio. (``import httpcore`` imports
anyio where it is installed, which does not import asyncio by itself; and ``import httpx`` imports click, rich and Pygments where
click is installed, as a plain installation has none.)
"""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import httpcore
import httpx

from corscheck.model.values import ConfigError
from corscheck.transports import failures
from corscheck.transports.exchange import WireExchange, lines_of, request_target, text_of
from corscheck.transports.failures import NetworkFailure
from corscheck.transports.http.network import NetworkBackend
from corscheck.transports.http.shield import unshield
from corscheck.transports.http.tls import Contexts
from corscheck.transports.routing import Router, split

if TYPE_CHECKING:
    from corscheck.protocol.request import ErrorKind, Headers, HTTPResponse, NetworkError
    from corscheck.transports.base import NetworkOptions, WireRequest
    from corscheck.transports.routing import Route

_KEPT = 4
"""Idle connections that a transport keeps: one for each of the origins that one probe may go to and fro between."""

_KEEP_SECONDS = 5.0
"""How long one may lie idle: httpx's own default, below what servers commonly allow."""

_GIVEN_UP = re.compile(r"<(StreamReset|ConnectionTerminated) .*?error_code:(\d+)")
"""An event of h2's, as httpcore shows it: the server took the request back, or the connection."""

_KINDS: tuple[tuple[type[httpx.TransportError], ErrorKind], ...] = (
    (httpx.TimeoutException, "timeout"),
    (httpx.ProxyError, "proxy"),
    (httpx.ProtocolError, "protocol"),
    (httpx.TransportError, "connect"),
)


class _Connection(httpcore.HTTPConnection):
    """httpcore's connection, with the checks of RFC 9113, sections 8.2 and 8.3, for HTTP/2.

    httpcore switches h2's validation of response fields off, and takes a head without a status for a 200.
    """

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "_connection" and hasattr(value, "_h2_state"):
            from h2.config import H2Configuration

            value._h2_state.config = H2Configuration(validate_inbound_headers=True)


class _Carrier(httpx.HTTPTransport):
    """httpx's transport over one connection of httpcore, in place of the pool that its constructor makes.

    The constructor has no argument for a network, and it builds a TLS context (20 ms) also for plain HTTP. A pool is
    for concurrent requests, of which a transport has none.
    """

    def __init__(self, connection: httpcore.HTTPConnection) -> None:
        self.connection = connection
        # The methods of the base class ask no more of a pool than what a connection can do as well.
        self._pool = connection  # type: ignore[assignment]


class HTTPTransport:
    """Carries exchanges over the network, one at a time; satisfies ``base.Transport``.

    Transports of the same options may share their TLS ``contexts``, which take 20 ms to build.

    Options that cannot be meant raise ``ConfigError`` here, what only use shows of them (an unreadable certificate, a
    ``send_to`` that is no base URL) in ``send``.
    """

    def __init__(self, options: NetworkOptions, contexts: Contexts | None = None) -> None:
        _check_http2(options)
        self._router = Router(options)
        self._contexts = contexts or Contexts(options)
        self._network = NetworkBackend(self._contexts, options.ip_version)
        self._http2 = options.http2
        self._kept: dict[Route, _Carrier] = {}

    def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """Send and read the head, and as much of the body as is worth it; ``deadline`` in monotonic seconds."""
        target = split(request.url)
        route = self._router.route(target, request.send_to)
        lines = lines_of(request, target.authority)
        exchange = WireExchange(request, lines, request_target(target, target.path, route), route, deadline)
        self._network.exchange = exchange
        try:
            try:
                return self._carry(self._carrier(route, request.new_connection), exchange)
            except NetworkFailure as failure:
                # The server had closed the connection while it was idle.
                if not failure.lost or exchange.fresh:
                    raise
                exchange.restart()
                return self._carry(self._carrier(route, True), exchange)
        except NetworkFailure as failure:
            return exchange.failed(failure)

    def abort(self) -> None:
        """Cut every connection, so that a ``send`` of another thread ends at once. Only for a transport's end."""
        self._network.abort()

    def close(self) -> None:
        """Close every connection."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _carry(self, carrier: _Carrier, exchange: WireExchange) -> HTTPResponse:
        exchange.left()  # without time nothing is sent
        try:
            response = carrier.handle_request(_message(exchange))
        except (httpx.TransportError, httpcore.ConnectionNotAvailable, ValueError) as error:
            raise _failure(exchange, error) from error
        if not 100 <= response.status_code <= 999:  # RFC 9110, section 15. h11 checks it, h2 does not.
            response.close()
            raise failures.malformed(exchange.peer, "illegal status code")
        try:
            if exchange.head(response.status_code, _headers(response)):
                assert isinstance(response.stream, httpx.SyncByteStream)
                for chunk in response.stream:
                    if not exchange.body(chunk):
                        break
        except NetworkFailure as failure:
            exchange.body_failed(failure)
        except httpx.TransportError as error:
            exchange.body_failed(_failure(exchange, error))
        finally:
            response.close()
        return _answer(exchange, response)

    def _carrier(self, route: Route, fresh: bool) -> _Carrier:
        """The connection that is kept to this origin, or a new one; the one that was used last is the last."""
        kept = self._kept.pop(route, None)
        if kept is not None and (fresh or not _is_usable(kept.connection)):
            kept.close()
            kept = None
        if kept is None:
            kept = _Carrier(
                _Connection(
                    origin=httpcore.Origin(route.scheme.encode(), route.origin.host.encode(), route.origin.port),
                    ssl_context=self._contexts.target if route.scheme == "https" else None,
                    keepalive_expiry=_KEEP_SECONDS,
                    http2=self._http2,
                    network_backend=self._network,
                )
            )
            if len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept))).close()
        self._kept[route] = kept
        return kept


def _check_http2(options: NetworkOptions) -> None:
    if options.http2:
        try:
            importlib.import_module("h2")
        except ImportError:
            raise ConfigError(
                'HTTP/2 needs the package h2: pip install "corscheck[http2]".',
                option="http2",
                value=True,
                reason="HTTP/2 needs the package h2",
                hint='pip install "corscheck[http2]"',
            ) from None


def _is_usable(connection: httpcore.HTTPConnection) -> bool:
    if not connection.is_available() or connection.has_expired():
        return False
    # What came behind the last answer was not asked for. h11 would begin the next answer with it.
    http1 = getattr(connection._connection, "_h11_state", None)
    return http1 is None or not http1.trailing_data[0]


def _message(exchange: WireExchange) -> httpx.Request:
    """The request for httpx: with a stream of ours it adds no header, and the extension keeps it from the target."""
    route = exchange.route
    request = httpx.Request(
        exchange.request.method,
        _base(route.scheme, route.origin.host, route.origin.port),
        headers=exchange.shielded_headers(),
        stream=httpx.ByteStream(exchange.request.body or b""),
        extensions={"target": exchange.target},
    )
    request.method = exchange.request.method  # the constructor made upper case of it
    return request


@lru_cache
def _base(scheme: str, host: str, port: int) -> httpx.URL:
    """An origin as httpx has it; to parse it anew would be a tenth of the work of an exchange."""
    return httpx.URL(scheme=scheme, host=host, port=port)


def _failure(
    exchange: WireExchange, error: httpx.TransportError | httpcore.ConnectionNotAvailable | ValueError
) -> NetworkFailure:
    """What our network has not put into words: what the HTTP reader or writer objects to."""
    if isinstance(error, ValueError):  # of int(), over the status of an answer in HTTP/2
        return failures.malformed(exchange.peer, "illegal status code")
    if isinstance(error, httpcore.ConnectionNotAvailable):  # HTTP/2: the server takes no more requests on it
        return failures.hung_up(exchange.peer, exchange.route.mode == "forward", 0)
    given_up = _GIVEN_UP.match(str(error))
    if given_up is not None:
        return failures.given_up(exchange.peer, whole=given_up[1] == "ConnectionTerminated", code=int(given_up[2]))
    # h2's complaints about what came are "local" ones to httpcore, like those about what is to go out.
    if isinstance(error, httpx.RemoteProtocolError) or (
        isinstance(error, httpx.LocalProtocolError) and exchange.received
    ):
        return failures.malformed(exchange.peer, str(error))
    if isinstance(error, httpx.LocalProtocolError):
        return NetworkFailure("protocol", f"The request cannot be sent: {failures.printable(str(error))}.")
    kind = next(kind for base, kind in _KINDS if isinstance(error, base))
    detail = failures.printable(str(error)) or type(error).__name__
    return NetworkFailure(kind, f"{exchange.peer} cannot be asked: {detail.rstrip('.')}.")


def _headers(response: httpx.Response) -> Headers:
    raw = response.headers.raw
    http2 = response.extensions.get("http_version") == b"HTTP/2"
    return text_of(raw if http2 else [(name, unshield(value)) for name, value in raw])


def _answer(exchange: WireExchange, response: httpx.Response) -> HTTPResponse:
    reason: bytes = response.extensions.get("reason_phrase", b"")
    version: bytes = response.extensions.get("http_version", b"HTTP/1.1")
    return exchange.answer(unshield(reason).decode("latin-1"), version.decode("latin-1"))
