"""The network under the httpx transport: an httpcore backend on plain sockets, with one deadline.

It connects where the exchange's route leads, whatever address httpcore asks for, and reports to the exchange what it
reads. Every wait ends at the exchange's deadline. It must not import asyncio.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import httpcore

from corscheck.transports import failures
from corscheck.transports.base import NAMES_SECONDS
from corscheck.transports.http import tls
from corscheck.transports.http.tunnel import Tunnel
from corscheck.transports.lookup import look_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.transports.exchange import WireExchange

_T = TypeVar("_T")
_CHUNK = 64 * 1024


class _Stream(Protocol):
    """A byte stream: a socket, or TLS over a socket or over TLS (an https proxy)."""

    def read(self, size: int) -> bytes: ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...

    def is_readable(self) -> bool: ...


class NetworkBackend(httpcore.NetworkBackend):
    """Connects for one transport. ``exchange`` is the current one; ``sockets`` are the open ones."""

    exchange: WireExchange

    def __init__(self, contexts: tls.Contexts, ip_version: int | None) -> None:
        self._contexts = contexts
        self._ip_version = ip_version
        self.sockets: set[socket.socket] = set()
        self.aborted = False

    def abort(self) -> None:
        """Shut down every open socket, so that another thread that waits for one stops waiting."""
        self.aborted = True
        for sock in tuple(self.sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def connect_tcp(self, *_: object, **_options: object) -> httpcore.NetworkStream:
        """Open the connection to the exchange's origin, with the proxy's TLS and tunnel if needed.

        The exchange decides on the address and the time limit, so all arguments are ignored.
        """
        self.exchange.fresh = True
        return WatchedStream(self._open(), self)

    def certificate_names(self, host: str) -> tuple[str, ...]:
        """Return the names of a certificate that does not match, verified over a separate connection."""
        try:
            self.exchange.hurry(min(NAMES_SECONDS, self.exchange.left() / 2))
            stream = self._open()
        except failures.NetworkFailure:
            return ()
        try:
            return tls.certificate_names(TLSStream(stream, self._contexts.nameless, host).ssl_object.getpeercert())
        except (OSError, ValueError, failures.NetworkFailure):
            return ()
        finally:
            stream.close()

    def _open(self) -> _Stream:
        route, exchange = self.exchange.route, self.exchange
        stream: _Stream = SocketStream(self._dial(), self)
        try:
            if route.proxy is not None and route.proxy.tls:
                exchange.phase = "tls"
                try:
                    stream = TLSStream(stream, self._contexts.proxy, route.proxy.host)
                except (OSError, ValueError) as error:
                    raise tls.refused(route.dialled, route.proxy.host, error, (), "proxy") from error
            if route.mode == "tunnel":
                exchange.phase = "proxy"
                tunnel = Tunnel(route)
                try:
                    stream.write(tunnel.request)
                    while not tunnel.receive(stream.read(_CHUNK)):
                        pass
                except OSError as error:
                    raise failures.broken(route.dialled, True, error, answering=False) from error
        except BaseException:
            stream.close()
            raise
        return stream

    def _dial(self) -> socket.socket:
        exchange, route = self.exchange, self.exchange.route
        if route.unix_socket is not None:
            sock = self._attempt(socket.AF_UNIX, route.unix_socket, route.unix_socket, 1)
            if sock is not None:
                return sock
            raise exchange.unreachable()
        exchange.phase = "lookup"
        addresses = look_up(route, self._ip_version, exchange.left())
        if addresses is None:
            raise exchange.timed_out()
        exchange.phase = "connect"
        for tried, (family, address) in enumerate(addresses):
            sock = self._attempt(family, address, address[0], len(addresses) - tried)
            if sock is not None:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
        raise exchange.unreachable()

    def _attempt(self, family: int, address: Any, name: str, remaining: int) -> socket.socket | None:
        """Connect to one address within its share of the time, so that one that does not answer leaves time for others."""
        share = self.exchange.left() / remaining
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(share)
            sock.connect(address)
        except OSError as error:
            sock.close()
            self.exchange.tried(name, error)
            return None
        except BaseException:
            sock.close()
            raise
        return sock


class SocketStream:
    """A connected socket. Every wait ends at the deadline of the current exchange."""

    def __init__(self, sock: socket.socket, network: NetworkBackend) -> None:
        self._socket = sock
        self._network = network
        network.sockets.add(sock)
        if network.aborted:  # while this socket was connecting
            network.abort()

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes; empty at the end."""
        exchange = self._network.exchange
        self._socket.settimeout(exchange.left())
        try:
            return self._socket.recv(size)
        except TimeoutError:
            raise exchange.timed_out() from None

    def write(self, data: bytes) -> None:
        """Send all data."""
        exchange = self._network.exchange
        self._socket.settimeout(exchange.left())
        try:
            self._socket.sendall(data)
        except TimeoutError:
            raise exchange.timed_out() from None

    def close(self) -> None:
        """Close the socket."""
        self._network.sockets.discard(self._socket)
        self._socket.close()

    def is_readable(self) -> bool:
        """Whether a read would not wait, be it for bytes or for the end. True for a closed socket, too."""
        if self._socket.fileno() < 0:
            return True
        if hasattr(select, "poll"):  # select() fails on descriptors above 1023; Windows has nothing else
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([self._socket], [], [], 0)[0])


class TLSStream:
    """TLS over any stream. The sockets of the ssl module cannot be nested, which an https proxy requires."""

    def __init__(self, inner: _Stream, context: ssl.SSLContext, host: str) -> None:
        self._inner = inner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl_object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._run(self.ssl_object.do_handshake)

    def _run(self, operation: Callable[[], _T]) -> _T:
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._inner.read(_CHUNK)
                self._incoming.write(data) if data else self._incoming.write_eof()
            except ssl.SSLError:
                with contextlib.suppress(OSError):  # send the alert
                    self._flush()
                raise
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._inner.write(self._outgoing.read())

    def read(self, size: int) -> bytes:
        """Return decrypted data. Empty at the end, even without close_notify, like in browsers."""
        try:
            return self._run(lambda: self.ssl_object.read(size))
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def write(self, data: bytes) -> None:
        """Encrypt and send all data. A memory BIO has no limit."""
        self._run(lambda: self.ssl_object.write(data))

    def close(self) -> None:
        """Close the socket."""
        self._inner.close()

    def is_readable(self) -> bool:
        """Whether data, or the end of the stream, arrived unsolicited."""
        return bool(self.ssl_object.pending() or self._incoming.pending) or self._inner.is_readable()


class WatchedStream(httpcore.NetworkStream):
    """The stream that httpcore sees. It reports to the exchange and raises ``NetworkFailure``."""

    def __init__(self, stream: _Stream, network: NetworkBackend) -> None:
        self._stream = stream
        self._network = network
        self._ssl_object = stream.ssl_object if isinstance(stream, TLSStream) else None
        self._http2 = self._ssl_object is not None and self._ssl_object.selected_alpn_protocol() == "h2"

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Return a part of the response: first the whole head, then what arrives."""
        exchange = self._network.exchange
        while True:
            try:
                data = self._stream.read(max_bytes)
            except OSError as error:
                raise _broken(exchange, error) from error
            seen = exchange.receive(data, http2=self._http2)
            if seen is not None:
                return seen

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Send a part of the request."""
        if not buffer:
            return  # the end of a message without a body; an empty write would consume the error of a reset
        exchange = self._network.exchange
        exchange.phase = "write"
        try:
            self._stream.write(exchange.outgoing(buffer, http2=self._http2))
        except OSError as error:
            # httpcore then reads the response: a server may respond before it has read the whole request.
            raise httpcore.WriteError(str(error)) from error
        exchange.wrote()

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Perform the handshake with the server. The certificate must match ``server_hostname``."""
        exchange = self._network.exchange
        host = (server_hostname or "").removesuffix(".")
        exchange.phase = "tls"
        try:
            return WatchedStream(TLSStream(self._stream, ssl_context, host), self._network)
        except (OSError, ValueError) as error:
            self.close()
            names = self._network.certificate_names(host) if tls.is_name_mismatch(error) else ()
            raise tls.refused(exchange.peer, host, error, names, "tls") from error
        except failures.NetworkFailure:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for: the TLS object (for ALPN), and whether an idle connection was closed."""
        if info == "ssl_object":
            return self._ssl_object
        return self._stream.is_readable() if info == "is_readable" else None


def _broken(exchange: WireExchange, error: OSError) -> failures.NetworkFailure:
    # In TLS 1.3 the server refuses a client certificate after the handshake.
    if isinstance(error, ssl.SSLError) and exchange.route.scheme == "https" and not exchange.received:
        return failures.NetworkFailure("tls", f"{exchange.peer} {tls.complaint(error)}.")
    proxied = exchange.route.mode == "forward"
    return failures.broken(exchange.peer, proxied, error, answering=bool(exchange.received))
