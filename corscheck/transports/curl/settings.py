"""What is set on an easy handle for a place, once: everything automatic off, the way there, TLS.

The meaning of every option is that of ``NetworkOptions``, made by ``routing`` and ``tls`` for both live transports.
"""

from __future__ import annotations

import os
import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import pycurl

from corscheck.transports import handshakes
from corscheck.transports.failures import NetworkFailure

if TYPE_CHECKING:
    from corscheck.transports.base import NetworkOptions
    from corscheck.transports.exchange import HeaderLines, WireExchange
    from corscheck.transports.routing import Route

_QUIET = (b"Host:", b"User-Agent:", b"Accept:", b"Expect:", b"Content-Type:", b"Content-Length:")
"""A header without a value tells libcurl not to send its own."""

_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_VALUE = re.compile(rb"[^\x00\r\n]*")
_TARGET = re.compile(rb"[\x21-\x7e]+")


class CurlSettings:
    """The options of one run, as libcurl takes them. Options that cannot be meant are a ``ConfigError`` at once."""

    def __init__(self, options: NetworkOptions) -> None:
        handshakes.check_files(options)
        self._options = options

    @property
    def shows_certificate(self) -> bool:
        """Whether a server that asks for a client certificate is shown one."""
        return self._options.cert is not None

    def check(self, exchange: WireExchange) -> None:
        """Raise ``NetworkFailure`` for a request that is none; libcurl would send it."""
        if not _TOKEN.fullmatch(exchange.request.method):
            raise unsendable("illegal method characters")
        self.check_target(exchange)
        fault = _fault(exchange.lines)
        if fault is not None:
            raise unsendable(fault)
        route = exchange.route
        if route.scheme == "https" and route.unix_socket is None:
            handshakes.check_name(route.peer, route.origin.host)

    def check_target(self, exchange: WireExchange) -> None:
        """The part of it that concerns the URL alone."""
        if not _TARGET.fullmatch(exchange.target):
            raise unsendable("illegal target characters")

    def apply(self, easy: pycurl.Curl, route: Route) -> None:
        """Set up a new handle for this way; only the address to dial and the request are missing."""
        forwarded = route.mode == "forward"  # a proxy that forwards is asked like any server, with its own target
        at, secure = (route.dial, route.proxy is not None and route.proxy.tls) if forwarded else (route.origin, None)
        scheme = ("https" if secure else "http") if forwarded else route.scheme
        set_ = easy.setopt
        set_(pycurl.URL, f"{scheme}://{at}/")
        set_(pycurl.NOSIGNAL, 1)
        set_(pycurl.HTTP09_ALLOWED, 1)  # to see what an answer begins with that is not HTTP/1
        set_(pycurl.PATH_AS_IS, 1)
        set_(pycurl.MAXAGE_CONN, 5)
        set_(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        set_(pycurl.PROXY, "")  # not the environment's: the route knows
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
        """TLS with the server, or with a proxy that forwards, which the client certificate is not for."""
        options, set_ = self._options, easy.setopt
        _ = self._readable
        set_(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
        set_(pycurl.SSL_SESSIONID_CACHE, 0)
        if not options.verify:
            set_(pycurl.SSL_VERIFYPEER, 0)
            set_(pycurl.SSL_VERIFYHOST, 0)
        else:
            set_(pycurl.OPT_CERTINFO, 1)  # for the names of a certificate that is refused for its name
            for option, path in ((pycurl.CAINFO, self._roots[0]), (pycurl.CAPATH, self._roots[1])):
                if path is not None:
                    set_(option, os.fsencode(path))
                else:
                    easy.unsetopt(option)
        if client and options.cert is not None:
            set_(pycurl.SSLCERT, os.fsencode(options.cert))
            set_(pycurl.SSLKEY, os.fsencode(options.key or options.cert))
            set_(pycurl.KEYPASSWD, "")  # OpenSSL would ask for one on the terminal otherwise

    def _tunnel(self, easy: pycurl.Curl, route: Route) -> None:
        proxy, options, set_ = route.proxy, self._options, easy.setopt
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
            set_(pycurl.PROXY_SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
            if not options.verify:
                set_(pycurl.PROXY_SSL_VERIFYPEER, 0)
                set_(pycurl.PROXY_SSL_VERIFYHOST, 0)
            else:
                for option, path in ((pycurl.PROXY_CAINFO, self._roots[0]), (pycurl.PROXY_CAPATH, self._roots[1])):
                    if path is not None:
                        set_(option, os.fsencode(path))

    @cached_property
    def _readable(self) -> bool:
        """Whether the files can be used as libcurl will use them: a ``ConfigError`` in the usual words if they cannot."""
        if self._options.cacert is not None or self._options.cert is not None:
            from corscheck.transports.http.tls import Contexts

            _ = Contexts(self._options).target
        return True

    @cached_property
    def _roots(self) -> tuple[str | None, str | None]:
        """The file and the directory of the certificates to trust."""
        if self._options.cacert is not None:
            return self._options.cacert, None
        from corscheck.transports.http.tls import system_roots

        return system_roots()


def dial(easy: pycurl.Curl, route: Route, address: str) -> None:
    """Let the handle connect to this address, whatever the names say; SNI and certificates stay with the URL's."""
    if route.unix_socket is not None:
        return
    where = f"[{address}]" if ":" in address else address
    if route.mode == "tunnel":
        easy.setopt(pycurl.RESOLVE, [f"{route.dial}:{where}"])
    else:
        easy.setopt(pycurl.CONNECT_TO, [f"::{where}:{route.dial.port}"])


def _fault(lines: HeaderLines) -> str | None:
    """What is wrong with these header lines, if anything is."""
    return next(filter(None, map(_field_fault, lines.pairs)), None)


@lru_cache(maxsize=1024)
def _field_fault(field: tuple[bytes, bytes]) -> str | None:
    name, value = field
    if not _TOKEN.fullmatch(name.decode("latin-1")):
        return f"illegal header name {name!r}"
    if not _VALUE.fullmatch(value) or value != value.strip(b" \t"):
        return f"illegal header value {value!r}"
    return None


@lru_cache(maxsize=256)
def header_option(lines: HeaderLines, authorization: str | None) -> list[bytes]:
    """The lines for libcurl: as one line to it, and several to the server, so that order, case and bytes are ours."""
    pairs = lines.pairs
    if authorization is not None:
        pairs = [*pairs, (b"Proxy-Authorization", authorization.encode("latin-1"))]
    return [*_QUIET, b"\r\n".join([b"%s: %s" % pair for pair in pairs])]


def unsendable(why: str) -> NetworkFailure:
    """The failure for a request that cannot go out."""
    return NetworkFailure("protocol", f"The request cannot be sent: {why}.")
