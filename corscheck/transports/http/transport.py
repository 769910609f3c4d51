"""Live HTTP over httpx's transports. Without httpx's client nothing is added, followed, decoded or stored.

No other module imports httpx. It frames the messages. The network backend (``network``) decides where they go and how
long they may take, and the exchange evaluates them. This module must not import asyncio. (``import httpcore`` imports
anyio if it is installed, which does not import asyncio by itself. ``import httpx`` imports click, rich and Pygments if
click is installed, which it is not in a plain installation.)
"""

from __future__ import annotations

import importlib.util
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
"""How many idle connections a transport keeps: one for each of the origins that a probe may alternate between."""

_KEEP_SECONDS = 5.0
"""How long a connection may be idle. This is httpx's default, and lower than the limit of most servers."""

_GIVEN_UP = re.compile(r"<(StreamReset|ConnectionTerminated) .*?error_code:(\d+)")
"""A h2 event in httpcore's error message: the server reset the stream, or ended the connection."""

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
    """httpx's transport over one httpcore connection, instead of the pool that its constructor creates.

    The constructor has no argument for a network backend, and builds a TLS context (20 ms) even for plain HTTP. A pool
    is for concurrent requests, which a transport does not have.
    """

    def __init__(self, connection: httpcore.HTTPConnection) -> None:
        self.connection = connection
        # The methods of the base class use only methods that a connection has, too.
        self._pool = connection  # type: ignore[assignment]


class HTTPTransport:
    """Carries exchanges over the network, one at a time. Implements ``base.Transport``.

    Transports with the same options may share their TLS ``contexts``, which take 20 ms to build. The constructor raises
    ``ConfigError`` for invalid options; ``send`` raises it for faults that only use reveals (an unreadable certificate,
    a ``send_to`` that is not a base URL).
    """

    def __init__(self, options: NetworkOptions, contexts: Contexts | None = None) -> None:
        _check_http2(options)
        self._router = Router(options)
        self._contexts = contexts or Contexts(options)
        self._network = NetworkBackend(self._contexts, options.ip_version)
        self._http2 = options.http2
        self._kept: dict[Route, _Carrier] = {}

    def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """Send a request, read the head, and read the body as far as it is useful; ``deadline`` in monotonic seconds."""
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
        """Cut every connection, so that a ``send`` in another thread ends at once. The transport cannot be used
        afterwards.
        """
        self._network.abort()

    def close(self) -> None:
        """Close all connections."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _carry(self, carrier: _Carrier, exchange: WireExchange) -> HTTPResponse:
        exchange.left()  # raises if there is no time left
        try:
            response = carrier.handle_request(_message(exchange))
        except httpx.InvalidURL as error:  # a host from a Location that is longer than any name
            raise NetworkFailure("dns", f"{exchange.peer[:80]}... cannot be a host name: {error}.") from error
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
        """Return the connection to this origin, kept or new. The most recently used is the last in the dict."""
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
    if options.http2 and importlib.util.find_spec("h2") is None:
        raise ConfigError(
            "HTTP/2 needs the package h2: pip install '.[http2]' in a checkout of corscheck",
            option="http2",
            value=True,
            reason="HTTP/2 needs the package h2",
            hint="pip install '.[http2]' in a checkout of corscheck",
        )


def _is_usable(connection: httpcore.HTTPConnection) -> bool:
    if not connection.is_available() or connection.has_expired():
        return False
    # Data after the last response is unsolicited. h11 would take it for the start of the next one.
    http1 = getattr(connection._connection, "_h11_state", None)
    return http1 is None or not http1.trailing_data[0]


def _message(exchange: WireExchange) -> httpx.Request:
    """Build httpx's request. With a custom stream httpx adds no header; the extension passes the target unchanged."""
    route = exchange.route
    request = httpx.Request(
        exchange.request.method,
        _base(route.scheme, route.origin.host, route.origin.port),
        headers=exchange.shielded_headers(),
        stream=httpx.ByteStream(exchange.request.body or b""),
        extensions={"target": exchange.target},
    )
    request.method = exchange.request.method  # the constructor changes it to upper case
    return request


@lru_cache
def _base(scheme: str, host: str, port: int) -> httpx.URL:
    """Return an origin as httpx's URL. Cached, because parsing it takes a tenth of the time of an exchange."""
    return httpx.URL(scheme=scheme, host=host, port=port)


def _failure(
    exchange: WireExchange, error: httpx.TransportError | httpcore.ConnectionNotAvailable | ValueError
) -> NetworkFailure:
    """Return the failure for an error that the network backend does not know: one of the HTTP parser or writer."""
    if isinstance(error, ValueError):  # from int(), for the status of an HTTP/2 response
        return failures.malformed(exchange.peer, "illegal status code")
    if isinstance(error, httpcore.ConnectionNotAvailable):  # HTTP/2: the server accepts no more requests
        return failures.hung_up(exchange.peer, exchange.route.mode == "forward", 0)
    given_up = _GIVEN_UP.match(str(error))
    if given_up is not None:
        return failures.given_up(exchange.peer, whole=given_up[1] == "ConnectionTerminated", code=int(given_up[2]))
    # httpcore reports h2's errors about received data as "local" ones, like those about data to send.
    if isinstance(error, httpx.RemoteProtocolError) or (
        isinstance(error, httpx.LocalProtocolError) and exchange.received
    ):
        return failures.malformed(exchange.peer, str(error))
    if isinstance(error, httpx.LocalProtocolError):
        return NetworkFailure("protocol", f"The request cannot be sent: {failures.printable(str(error))}.")
    kind = next(kind for base, kind in _KINDS if isinstance(error, base))
    detail = failures.printable(str(error)) or type(error).__name__
    return NetworkFailure(kind, f"{exchange.peer} cannot be reached: {detail.rstrip('.')}.")


def _headers(response: httpx.Response) -> Headers:
    raw = response.headers.raw
    http2 = response.extensions.get("http_version") == b"HTTP/2"
    return text_of(raw if http2 else [(name, unshield(value)) for name, value in raw])


def _answer(exchange: WireExchange, response: httpx.Response) -> HTTPResponse:
    reason: bytes = response.extensions.get("reason_phrase", b"")
    version: bytes = response.extensions.get("http_version", b"HTTP/1.1")
    return exchange.answer(unshield(reason).decode("latin-1"), version.decode("latin-1"))
