"""Translation of libcurl's errors to the failures that the httpx transport has, too.

This module knows what libcurl's codes mean, but not how transfers are run.
"""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, NamedTuple

import pycurl

from corscheck.transports import failures, handshakes
from corscheck.transports.failures import NetworkFailure, printable

if TYPE_CHECKING:
    from corscheck.transports.exchange import WireExchange

# CURLE_HTTP2_STREAM and CURLE_TOO_LARGE (a line of more than 100 KiB, a head of more than 300): pycurl has no names for them.
_HTTP2_STREAM, _TOO_LARGE = 92, 100

_HANDSHAKE = frozenset({pycurl.E_SSL_CONNECT_ERROR, pycurl.E_SSL_CIPHER, pycurl.E_SSL_INVALIDCERTSTATUS})
_BROKEN = frozenset({pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR})
LOST = _BROKEN | {pycurl.E_GOT_NOTHING}
"""Results of a transfer whose peer closed the connection."""

_MALFORMED = frozenset(
    {
        pycurl.E_UNSUPPORTED_PROTOCOL,  # in the status line
        pycurl.E_FTP_WEIRD_SERVER_REPLY,  # CURLE_WEIRD_SERVER_REPLY under its old name
        pycurl.E_BAD_CONTENT_ENCODING,
        pycurl.E_PARTIAL_FILE,
        pycurl.E_HTTP2,
        _HTTP2_STREAM,
        pycurl.E_RECV_ERROR,
    }
)
UNREADABLE = frozenset({pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_FTP_WEIRD_SERVER_REPLY, _TOO_LARGE})
"""Results for a head that libcurl rejects but browsers accept: two different Locations, or a very long line."""

_UNSPECIFIED = 1
"""OpenSSL's X509_V_ERR_UNSPECIFIED: the result before OpenSSL has verified the chain."""

_WANTS = "it may want a client certificate"
_MISSING = re.compile(r"(?<!\d)(\d+) bytes missing")


class Attempt(NamedTuple):
    """A failed transfer.

    ``tunnelling`` means that a proxy has not opened the tunnel yet; ``proxy_status`` is its response to CONNECT.
    ``shows_certificate`` means that a client certificate was sent.
    """

    exchange: WireExchange
    easy: pycurl.Curl
    tunnelling: bool
    proxy_status: bytes
    shows_certificate: bool


def failure_of(code: int, text: str, attempt: Attempt) -> NetworkFailure:
    """Return the failure for a libcurl result: its code, its text, and the state of the handle."""
    exchange, easy = attempt.exchange, attempt.easy
    route, peer = exchange.route, exchange.peer
    proxied = route.mode == "forward"
    if exchange.attempts:
        return exchange.unreachable()
    if attempt.tunnelling and (code == _TOO_LARGE or easy.getinfo(pycurl.HTTP_CONNECTCODE) // 100 != 2):
        return _proxy_failed(code, text, attempt)
    if code == pycurl.E_OK:
        return failures.hung_up(peer, proxied, exchange.received)
    if code == pycurl.E_GOT_NOTHING:  # after a 1xx at most
        return failures.hung_up(peer, proxied, exchange.received)
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        return _certificate_refused(attempt, by_proxy=proxied)
    number = easy.getinfo(pycurl.OS_ERRNO)
    if code in _HANDSHAKE:
        return NetworkFailure("proxy" if proxied else "tls", f"{peer} {handshakes.in_words(text, number)}.")
    if code in _BROKEN and "unexpected eof" in text:
        return failures.hung_up(peer, proxied, exchange.received)  # without close_notify, which browsers accept
    if code in _BROKEN and not exchange.received and (words := handshakes.alert(text)) is not None:
        return NetworkFailure("tls", f"{peer} {words}.")  # in TLS 1.3 a client is rejected after the handshake
    if code in _BROKEN and (number or code == pycurl.E_SEND_ERROR):
        error = OSError(number or errno.ECONNRESET, os.strerror(number or errno.ECONNRESET))
        failure = failures.broken(peer, proxied, error, answering=bool(exchange.received))
        if route.scheme == "https" and not exchange.received:
            # libcurl does not read after a failed write, so the alert with the reason is lost.
            hint = "it may not accept our client certificate" if attempt.shows_certificate else _WANTS
            failure.message = f"{failure.message.rstrip('.')} after the TLS handshake: {hint}."
        return failure
    if code == _TOO_LARGE:
        return failures.too_large(peer)
    if code == pycurl.E_PARTIAL_FILE:
        return failures.malformed(peer, exchange.cut_short(_MISSING.search(text)))
    if code in _MALFORMED:
        return failures.malformed(peer, text)
    return NetworkFailure("connect", f"{peer} cannot be reached: {printable(text).rstrip('.')}.")


def _proxy_failed(code: int, text: str, attempt: Attempt) -> NetworkFailure:
    """Return the failure of the connection to a proxy, or of its CONNECT."""
    route = attempt.exchange.route
    who = route.dialled
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        return _certificate_refused(attempt, by_proxy=True)
    number = attempt.easy.getinfo(pycurl.OS_ERRNO)
    if code in _HANDSHAKE:
        return NetworkFailure("proxy", f"{who} {handshakes.in_words(text, number)}.")
    if code == _TOO_LARGE:
        return NetworkFailure("proxy", f"{who} sent an endless response to CONNECT.")
    if attempt.easy.getinfo(pycurl.HTTP_CONNECTCODE):
        return failures.proxy_refused(route.dial, route.beyond, attempt.proxy_status)
    if code in _BROKEN and number:
        return failures.broken(who, True, OSError(number, os.strerror(number)), answering=False)
    if code in (pycurl.E_GOT_NOTHING, pycurl.E_OK, *_BROKEN):
        return NetworkFailure("proxy", f"{who} closed the connection instead of connecting to {route.beyond}.")
    return NetworkFailure("proxy", f"{who} sent a malformed response to CONNECT.")


def _certificate_refused(attempt: Attempt, *, by_proxy: bool) -> NetworkFailure:
    route, easy = attempt.exchange.route, attempt.easy
    option = pycurl.PROXY_SSL_VERIFYRESULT if by_proxy and route.mode == "tunnel" else pycurl.SSL_VERIFYRESULT
    fault = fault_of_certificate(easy, option)
    if by_proxy and route.proxy is not None:
        return handshakes.certificate_refused(route.dialled, route.proxy.host, fault, (), "proxy")
    return handshakes.certificate_refused(route.peer, route.origin.host.removesuffix("."), fault, (), "tls")


def fault_of_certificate(easy: pycurl.Curl, option: int = pycurl.SSL_VERIFYRESULT) -> int:
    """Return why the certificate was rejected: an OpenSSL error, or ``NAME_MISMATCH``."""
    fault: int = easy.getinfo(option)
    return handshakes.NAME_MISMATCH if fault in (0, _UNSPECIFIED) else fault


def certificate_names(easy: pycurl.Curl) -> tuple[str, ...]:
    """Return the names of the server's certificate, as printed by OpenSSL."""
    for fields in easy.getinfo(pycurl.INFO_CERTINFO)[:1]:
        for field, value in fields:
            if field == "X509v3 Subject Alternative Name":
                found = (entry.strip().partition(":") for entry in value.split(","))
                return tuple(name for kind, _, name in found if kind in ("DNS", "IP Address"))
    return ()
