"""The options of an easy handle that do not change between requests: no automatic features, the route, TLS.

The options have the meaning that ``NetworkOptions`` gives them. ``routing`` and ``tls`` interpret them for both live
transports.
"""

from __future__ import annotations

import os
import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import pycurl

from corscheck.protocol.headers import is_token
from corscheck.transports import handshakes
from corscheck.transports.failures import NetworkFailure

if TYPE_CHECKING:
    from corscheck.transports.base import NetworkOptions
    from corscheck.transports.exchange import HeaderLines, WireExchange
    from corscheck.transports.routing import Route

_QUIET = (b"Host:", b"User-Agent:", b"Accept:", b"Expect:", b"Content-Type:", b"Content-Length:")
"""A header without a value stops libcurl from sending its own."""

_VALUE = re.compile(rb"[^\x00\r\n]*")
_TARGET = re.compile(rb"[\x21-\x7e]+")

_SERVER_TRUST = (
    pycurl.SSLVERSION, pycurl.SSL_VERIFYPEER, pycurl.SSL_VERIFYHOST, pycurl.CAINFO, pycurl.CAPATH,
)  # fmt: skip
_PROXY_TRUST = (
    pycurl.PROXY_SSLVERSION, pycurl.PROXY_SSL_VERIFYPEER, pycurl.PROXY_SSL_VERIFYHOST, pycurl.PROXY_CAINFO,
    pycurl.PROXY_CAPATH,
)  # fmt: skip


class CurlSettings:
    """The options of one run as libcurl options. Raises ``ConfigError`` for invalid ones."""

    def __init__(self, options: NetworkOptions) -> None:
        handshakes.check_files(options)
        self._options = options

    @property
    def shows_certificate(self) -> bool:
        """Whether a client certificate is sent to a server that asks for one."""
        return self._options.cert is not None

    def check(self, exchange: WireExchange) -> None:
        """Raise ``NetworkFailure`` for an invalid request, which libcurl would send."""
        fault: str | None = None
        if not is_token(exchange.request.method):
            fault = "illegal method characters"
        elif not _TARGET.fullmatch(exchange.target):
            fault = "illegal target characters"
        else:
            fault = next(filter(None, map(_field_fault, exchange.lines.pairs)), None)
        if fault is not None:
            raise NetworkFailure("protocol", f"The request cannot be sent: {fault}.")
        route = exchange.route
        if route.scheme == "https" and route.unix_socket is None:
            handshakes.check_name(route.peer, route.origin.host)

    def apply(self, easy: pycurl.Curl, route: Route) -> None:
        """Set up a new handle for a route. Only the address and the request are missing afterwards."""
        forwarded = route.mode == "forward"  # a forwarding proxy is like a server with an absolute target
        at, secure = (route.dial, route.proxy is not None and route.proxy.tls) if forwarded else (route.origin, None)
        scheme = ("https" if secure else "http") if forwarded else route.scheme
        set_ = easy.setopt
        set_(pycurl.URL, f"{scheme}://{at}/")
        set_(pycurl.NOSIGNAL, 1)
        set_(pycurl.HTTP09_ALLOWED, 1)  # to see how a response starts that is not HTTP/1
        set_(pycurl.PATH_AS_IS, 1)
        set_(pycurl.MAXAGE_CONN, 5)
        set_(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        set_(pycurl.PROXY, "")  # the route decides, not the environment
        set_(pycurl.NOPROXY, "")
        if route.unix_socket is not None:
            set_(pycurl.UNIX_SOCKET_PATH, os.fsencode(route.unix_socket))
        if scheme == "https":
            if self._options.http2 and not forwarded:
                set_(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
            self._secure(easy, client=not forwarded)
        if route.mode == "tunnel":
            self._tunnel(easy, route)

    def _secure(self, easy: pycurl.Curl, *, client: bool) -> None:
        """Set up TLS with the server, or with a forwarding proxy, which does not get the client certificate."""
        options, set_ = self._options, easy.setopt
        _ = self._files_are_usable
        set_(pycurl.SSL_SESSIONID_CACHE, 0)
        if options.verify:
            set_(pycurl.OPT_CERTINFO, 1)  # for the names of a certificate that is rejected for its name
            easy.unsetopt(pycurl.CAINFO)
            easy.unsetopt(pycurl.CAPATH)
        self._trust(easy, *_SERVER_TRUST)
        if client and options.cert is not None:
            set_(pycurl.SSLCERT, os.fsencode(options.cert))
            set_(pycurl.SSLKEY, os.fsencode(options.key or options.cert))
            set_(pycurl.KEYPASSWD, "")  # otherwise OpenSSL asks for one on the terminal

    def _tunnel(self, easy: pycurl.Curl, route: Route) -> None:
        proxy, set_ = route.proxy, easy.setopt
        assert proxy is not None
        set_(pycurl.PROXY, f"{'https' if proxy.tls else 'http'}://{route.dial}")
        set_(pycurl.HTTPPROXYTUNNEL, 1)
        set_(pycurl.HEADEROPT, pycurl.HEADER_SEPARATE)
        lines = [f"Host: {route.beyond}"]
        if proxy.authorization is not None:
            lines.append(f"Proxy-Authorization: {proxy.authorization}")
        set_(pycurl.PROXYHEADER, [b"Host:", b"User-Agent:", b"Proxy-Connection:", "\r\n".join(lines).encode("latin-1")])
        if route.beyond != route.origin:
            set_(pycurl.CONNECT_TO, [f"::{route.beyond}"])
        if proxy.tls:
            self._trust(easy, *_PROXY_TRUST)

    def _trust(self, easy: pycurl.Curl, version: int, peer: int, host: int, file: int, directory: int) -> None:
        """Set which TLS versions and certificates are accepted, through the options of the server or of the proxy."""
        easy.setopt(version, pycurl.SSLVERSION_TLSv1_2)
        if not self._options.verify:
            easy.setopt(peer, 0)
            easy.setopt(host, 0)
            return
        for option, path in zip((file, directory), self._roots, strict=True):
            if path is not None:
                easy.setopt(option, os.fsencode(path))

    @cached_property
    def _files_are_usable(self) -> bool:
        """True. Raises ``ConfigError``, with the same text as the other transport, if libcurl could not use the files."""
        if self._options.cacert is not None or self._options.cert is not None:
            from corscheck.transports.http.tls import Contexts

            _ = Contexts(self._options).target
        return True

    @cached_property
    def _roots(self) -> tuple[str | None, str | None]:
        """File and directory of the trusted root certificates."""
        if self._options.cacert is not None:
            return self._options.cacert, None
        from corscheck.transports.http.tls import system_roots

        return system_roots()


def dial(easy: pycurl.Curl, route: Route, address: str) -> None:
    """Make the handle connect to this address. SNI and certificates still use the host of the URL."""
    if route.unix_socket is not None:
        return
    where = f"[{address}]" if ":" in address else address
    if route.mode == "tunnel":
        easy.setopt(pycurl.RESOLVE, [f"{route.dial}:{where}"])
    else:
        easy.setopt(pycurl.CONNECT_TO, [f"::{where}:{route.dial.port}"])


@lru_cache(maxsize=1024)
def _field_fault(field: tuple[bytes, bytes]) -> str | None:
    name, value = field
    if not is_token(name.decode("latin-1")):
        return f"illegal header name {name!r}"
    if not _VALUE.fullmatch(value) or value != value.strip(b" \t"):
        return f"illegal header value {value!r}"
    return None


@lru_cache(maxsize=256)
def header_option(lines: HeaderLines, authorization: str | None) -> list[bytes]:
    """Return the lines for libcurl. It sees them as one line, so that it keeps their order, case and bytes."""
    pairs = lines.pairs
    if authorization is not None:
        pairs = [*pairs, (b"Proxy-Authorization", authorization.encode("latin-1"))]
    return [*_QUIET, b"\r\n".join([b"%s: %s" % pair for pair in pairs])]
