"""The network under the asynchronous transport: an httpcore backend over non-blocking sockets and asyncio's loop.

The twin of ``network``. httpcore's own backend goes through anyio. asyncio's transports are not used either: they drop
what was received when a write fails, and that is where a server says why it would not read on. The deadline is set by
``limit`` around the exchange.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import httpcore

from corscheck.transports import failures
from corscheck.transports.base import NAMES_SECONDS
from corscheck.transports.failures import NetworkFailure
from corscheck.transports.http import tls
from corscheck.transports.http.network import has_input
from corscheck.transports.http.tunnel import Tunnel
from corscheck.transports.lookup import Addresses, in_background, literal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from corscheck.transports.exchange import WireExchange

_T = TypeVar("_T")
_CHUNK = 64 * 1024


class _Stream(Protocol):
    """Bytes both ways: a socket, or TLS over one (or over TLS: an https proxy)."""

    async def read(self, size: int) -> bytes: ...

    async def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...

    def is_readable(self) -> bool: ...


class AsyncNetwork(httpcore.AsyncNetworkBackend):
    """Connects for one transport; ``exchange`` is the one under way (a transport carries one at a time)."""

    exchange: WireExchange

    def __init__(self, contexts: tls.Contexts, ip_version: int | None) -> None:
        self._contexts = contexts
        self._ip_version = ip_version

    @contextlib.asynccontextmanager
    async def limit(self) -> AsyncIterator[None]:
        """Let what is done in it last no longer than the exchange may: a ``NetworkFailure`` of kind ``timeout`` otherwise."""
        exchange = self.exchange
        scope = asyncio.timeout(exchange.left())
        try:
            async with scope:
                yield
        except TimeoutError:
            if not scope.expired():
                raise
            raise exchange.timed_out() from None

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the route knows better
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002 - the exchange has one deadline
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Open the way to the exchange's origin: the socket, and what a proxy on the way needs."""
        self.exchange.fresh = True
        return AsyncWatchedStream(await self._open(), self)

    async def certificate_names(self, host: str) -> tuple[str, ...]:
        """The names of the certificate that was refused for its name: verified, on a connection of its own."""
        try:
            async with asyncio.timeout(min(NAMES_SECONDS, self.exchange.left() / 2)):
                stream = await self._open()
                try:
                    secured = await AsyncTLSStream.over(stream, self._contexts.nameless, host)
                    return tls.certificate_names(secured.ssl_object.getpeercert())
                finally:
                    stream.close()
        except (OSError, ValueError, NetworkFailure):  # also the TimeoutError
            return ()

    async def _open(self) -> _Stream:
        route, exchange = self.exchange.route, self.exchange
        stream: _Stream = AsyncSocketStream(await self._dial())
        try:
            if route.proxy is not None and route.proxy.tls:
                exchange.phase = "tls"
                try:
                    stream = await AsyncTLSStream.over(stream, self._contexts.proxy, route.proxy.host)
                except (OSError, ValueError) as error:
                    raise tls.refused(route.dialled, route.proxy.host, error, (), "proxy") from error
            if route.mode == "tunnel":
                exchange.phase = "proxy"
                tunnel = Tunnel(route)
                try:
                    await stream.write(tunnel.request)
                    while not tunnel.receive(await stream.read(_CHUNK)):
                        pass
                except OSError as error:
                    raise failures.broken(route.dialled, True, error, answering=False) from error
        except BaseException:
            stream.close()
            raise
        return stream

    async def _dial(self) -> socket.socket:
        exchange, route = self.exchange, self.exchange.route
        if route.unix_socket is not None:
            sock = await self._attempt(socket.AF_UNIX, route.unix_socket, route.unix_socket, 1)
            if sock is None:
                raise exchange.unreachable()
            return sock
        exchange.phase = "lookup"
        addresses = literal(route, self._ip_version)
        if addresses is None:
            addresses = await self._look_up()
        exchange.phase = "connect"
        for tried, (family, address) in enumerate(addresses):
            sock = await self._attempt(family, address, address[0], len(addresses) - tried)
            if sock is not None:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
        raise exchange.unreachable()

    async def _attempt(self, family: int, address: Any, name: str, remaining: int) -> socket.socket | None:
        """Connect to one address in its share of the time, so that one that stays silent does not use up all of it."""
        exchange = self.exchange
        share = exchange.left() / remaining
        exchange.tried(name, TimeoutError())
        try:
            async with asyncio.timeout(share):
                return await _connect(family, address)
        except OSError as error:  # also the TimeoutError of the share
            exchange.attempts = (*exchange.attempts[:-1], (name, error))
            return None

    async def _look_up(self) -> Addresses:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Addresses | NetworkFailure] = loop.create_future()

        def settle(result: Addresses | NetworkFailure) -> None:
            if not found.done():
                found.set_result(result)

        def deliver(result: Addresses | NetworkFailure) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed while the resolver took its time
                loop.call_soon_threadsafe(settle, result)

        in_background(self.exchange.route, self._ip_version, deliver)
        result = await found
        if isinstance(result, NetworkFailure):
            raise result
        return result


async def _connect(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


class AsyncSocketStream:
    """A connected socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()

    async def read(self, size: int) -> bytes:
        """What has come, at most ``size`` bytes; empty at the end."""
        return await self._loop.sock_recv(self._socket, size)

    async def write(self, data: bytes) -> None:
        """Send it all."""
        await self._loop.sock_sendall(self._socket, data)

    def close(self) -> None:
        """Close the socket at once."""
        self._socket.close()

    def is_readable(self) -> bool:
        """Whether something, or the end, has come unasked."""
        return has_input(self._socket)


class AsyncTLSStream:
    """TLS over any stream, so that it can lie in itself, as an https proxy requires."""

    def __init__(self, inner: _Stream, context: ssl.SSLContext, host: str) -> None:
        self._inner = inner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl_object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    @classmethod
    async def over(cls, inner: _Stream, context: ssl.SSLContext, host: str) -> AsyncTLSStream:
        """Do the handshake; the certificate must be for ``host`` if the context checks names."""
        stream = cls(inner, context, host)
        await stream._run(stream.ssl_object.do_handshake)
        return stream

    async def _run(self, operation: Callable[[], _T]) -> _T:
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._inner.read(_CHUNK)
                self._incoming.write(data) if data else self._incoming.write_eof()
            except ssl.SSLError:
                with contextlib.suppress(OSError):  # the alert that tells the server why
                    await self._flush()
                raise
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._inner.write(self._outgoing.read())

    async def read(self, size: int) -> bytes:
        """What has come, decrypted; empty at the end, also at one without close_notify, as browsers take it."""
        try:
            return await self._run(lambda: self.ssl_object.read(size))
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    async def write(self, data: bytes) -> None:
        """Encrypt and send it all (a memory BIO takes everything)."""
        await self._run(lambda: self.ssl_object.write(data))

    def close(self) -> None:
        """Close the socket at once."""
        self._inner.close()

    def is_readable(self) -> bool:
        """Whether something, or the end, has come unasked."""
        return bool(self.ssl_object.pending() or self._incoming.pending) or self._inner.is_readable()


class AsyncWatchedStream(httpcore.AsyncNetworkStream):
    """What httpcore sees: it reports to the exchange and puts errors into words."""

    def __init__(self, stream: _Stream, network: AsyncNetwork) -> None:
        self._stream = stream
        self._network = network
        self._ssl_object = stream.ssl_object if isinstance(stream, AsyncTLSStream) else None
        self._http2 = tls.is_http2(self._ssl_object)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """A part of the answer: its head at once, then what comes."""
        exchange = self._network.exchange
        while True:
            try:
                data = await self._stream.read(max_bytes)
            except OSError as error:
                raise exchange.broken(error) from error
            seen = exchange.receive(data, http2=self._http2)
            if seen is not None:
                return seen

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Send a part of the request."""
        if not buffer:
            return  # the end of a message without a body; to send nothing would use up the news of a reset
        exchange = self._network.exchange
        exchange.phase = "write"
        try:
            await self._stream.write(exchange.outgoing(buffer, http2=self._http2))
        except OSError as error:
            # httpcore goes on to read then: a server may answer a request that it does not read to the end.
            raise httpcore.WriteError(str(error)) from error
        exchange.wrote()

    async def aclose(self) -> None:
        """Close the connection."""
        self._stream.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Do the handshake with the server; the certificate must be for ``server_hostname``."""
        exchange = self._network.exchange
        host = (server_hostname or "").removesuffix(".")
        exchange.phase = "tls"
        try:
            return AsyncWatchedStream(await AsyncTLSStream.over(self._stream, ssl_context, host), self._network)
        except (OSError, ValueError) as error:
            self._stream.close()
            names = await self._network.certificate_names(host) if tls.is_name_mismatch(error) else ()
            raise tls.refused(exchange.peer, host, error, names, "tls") from error
        except BaseException:
            self._stream.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about: the TLS object (ALPN), and whether an idle connection has been closed."""
        if info == "ssl_object":
            return self._ssl_object
        return self._stream.is_readable() if info == "is_readable" else None
