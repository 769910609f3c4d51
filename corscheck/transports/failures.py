"""Failures on the way to a response, as messages.

The code that knows the facts (which address refused, what the proxy said) raises a ``NetworkFailure``. The transport
turns it into a ``NetworkError``. Text from servers is escaped. Nothing here does I/O.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.protocol.request import ErrorKind
    from corscheck.transports.routing import Endpoint, Route


_HTTP2_ERRORS = (
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
)  # fmt: skip
"""The error codes of RFC 9113, section 7, by number."""


class NetworkFailure(Exception):  # noqa: N818 - it becomes a NetworkError, and is not a programming error
    """Why there is no response: a kind from the closed list, and one sentence.

    ``lost`` means that the peer closed the connection before the first byte of a response. On a reused connection this
    is normal: the server had closed it while it was idle, so the request is sent again on a new one. This is not a
    subclass of a httpx or httpcore exception, because httpcore would wrap it, or ignore it during a write.
    """

    def __init__(self, kind: ErrorKind, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.message = message
        self.lost = lost


def printable(text: str | bytes, limit: int = 100) -> str:
    """Escape control and invisible characters in text from a server, and truncate it to ``limit`` characters."""
    if isinstance(text, bytes):
        text = text[: limit + 1].decode("latin-1")
    cut = text[:limit] + ("..." if len(text) > limit else "")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def seconds(duration: float) -> str:
    """Format a duration: ``0.05 s``, ``0.5 s``, ``2 s``, ``10 s``."""
    return f"{round(duration, 1 if duration >= 0.1 else 2):g} s"


def unresolved(route: Route, error: OSError | UnicodeError) -> NetworkFailure:
    """Return the failure for a host name that does not resolve."""
    detail = "not a host name" if isinstance(error, UnicodeError) else printable(error.strerror or str(error))
    return _no_address(route, f"no address ({detail})")


def no_such_family(route: Route, version: int) -> NetworkFailure:
    """Return the failure for a host that has addresses, but none of the requested IP version."""
    return _no_address(route, f"no IPv{version} address")


def _no_address(route: Route, what: str) -> NetworkFailure:
    kind: ErrorKind = "dns" if route.proxy is None else "proxy"
    who = route.dial.host if route.proxy is None else f"The proxy's host {route.dial.host}"
    return NetworkFailure(kind, f"{who} has {what}.")


def unreachable(route: Route, attempts: Sequence[tuple[str, OSError]], waited: float) -> NetworkFailure:
    """Return the failure for a host that accepted no connection. ``attempts`` are in the order tried."""
    who = route.dialled
    kind: ErrorKind = "proxy" if route.proxy is not None else "connect"
    if route.unix_socket is not None:
        error = attempts[0][1]
        if isinstance(error, FileNotFoundError):
            return NetworkFailure(kind, f"{who} does not exist.")
        if isinstance(error, ConnectionRefusedError):
            return NetworkFailure(kind, f"{who} refused the connection: nothing listens on it.")
        return NetworkFailure(kind, f"{who} cannot be used ({_reason(error)}).")
    tried = [address for address, _ in attempts]
    where = "" if tried == [route.dial.host] else f" ({', '.join(tried)})"
    if all(isinstance(error, ConnectionRefusedError) for _, error in attempts):
        return NetworkFailure(kind, f"{who} refused the connection{where}.")
    if all(isinstance(error, TimeoutError) for _, error in attempts):
        return NetworkFailure("timeout", f"{who} did not take the connection within {seconds(waited)}{where}.")
    if len(tried) == 1:
        return NetworkFailure(kind, f"{who} cannot be reached{where}: {_reason(attempts[0][1])}.")
    each = "; ".join(f"{address}: {_reason(error)}" for address, error in attempts)
    return NetworkFailure(kind, f"{who} cannot be reached ({each}).")


def broken(peer: str, proxied: bool, error: OSError, *, answering: bool) -> NetworkFailure:
    """Return the failure for a broken connection. ``answering`` means that part of the response had arrived."""
    how = "reset the connection" if isinstance(error, ConnectionError) else f"broke off ({_reason(error)})"
    when = "in the middle of its response" if answering else "without a response"
    return NetworkFailure("proxy" if proxied else "connect", f"{peer} {how} {when}.", lost=not answering)


def hung_up(peer: str, proxied: bool, received: int) -> NetworkFailure:
    """Return the failure for a connection that the peer closed before the response head was complete."""
    if not received:
        # The same kind as a reset: a port with nothing behind it may send a FIN or an RST.
        return NetworkFailure(
            "proxy" if proxied else "connect", f"{peer} closed the connection without a response.", lost=True
        )
    return NetworkFailure(
        "protocol", f"{peer} closed the connection in the middle of its response headers, after {received} bytes."
    )


def unasked(peer: str) -> NetworkFailure:
    """Return the failure for an unsolicited response on a reused connection."""
    return NetworkFailure("protocol", f"{peer} sent a response to no request.", lost=True)


def not_http(peer: str, beginning: bytes) -> NetworkFailure:
    """Return the failure for a response that does not start like HTTP/1."""
    if beginning[:2] in (b"\x15\x03", b"\x16\x03"):
        return NetworkFailure("protocol", f"{peer} responds with TLS to a plain HTTP request: is it an https URL?")
    return NetworkFailure(
        "protocol", f"{peer} does not speak HTTP/1: its response begins with {_first_line(beginning)}."
    )


def not_http2(peer: str, beginning: bytes) -> NetworkFailure:
    """Return the failure for a server that agreed on HTTP/2 but does not begin with SETTINGS (RFC 9113, section 3.4)."""
    return NetworkFailure(
        "protocol", f"{peer} agreed on HTTP/2 and does not speak it: it begins with {_first_line(beginning)}."
    )


def _first_line(beginning: bytes) -> str:
    line = beginning.split(b"\n", 1)[0].rstrip(b"\r")
    return f'"{printable(line, 60)}"'


def given_up(peer: str, *, whole: bool, code: int) -> NetworkFailure:
    """Return the failure for an HTTP/2 stream that the server reset, or a connection that it ended (``whole``)."""
    name = _HTTP2_ERRORS[code] if code < len(_HTTP2_ERRORS) else f"error {code}"
    how = "ended the HTTP/2 connection" if whole else "reset the HTTP/2 stream"
    return NetworkFailure("protocol", f"{peer} {how} instead of a response ({name}).")


def malformed(peer: str, complaint: str) -> NetworkFailure:
    """Return the failure for a response that the HTTP parser rejects; ``complaint`` is the parser's message."""
    # Without the line itself, which h11 repeats: it may be a header with a secret.
    text = printable(complaint.partition(": bytearray(")[0], 200).strip()
    if "buffer too long" in text or text.startswith("Too large response headers"):
        return too_large(peer)
    if "header list larger" in text:  # hpack's limit, which httpcore advertises
        return too_large(peer, 64)
    if not text[1:2].isupper():  # an abbreviation keeps its letters
        text = text[:1].lower() + text[1:]
    return NetworkFailure("protocol", f"{peer} sent a malformed response: {text.rstrip('.')}.")


def switched(peer: str) -> NetworkFailure:
    """Return the failure for an unsolicited 101: a client must ask for the protocol first (RFC 9110, section 7.8)."""
    return NetworkFailure("protocol", f"{peer} switched protocols (101) without being asked to.")


def too_large(peer: str, kib: int = 256) -> NetworkFailure:
    """Return the failure for a response head that exceeds ``MAX_HEADER_BYTES``, or another limit in KiB."""
    return NetworkFailure("too-large", f"{peer} sent a response head that is too large: more than {kib} KiB.")


def proxy_refused(proxy: Endpoint, target: Endpoint, status: bytes) -> NetworkFailure:
    """Return the failure for a proxy that rejects CONNECT. ``status`` is its status code and reason."""
    cure = ""
    if status.startswith(b"407"):
        cure = " It wants a user and password: http://USER:PASSWORD@HOST:PORT."
    return NetworkFailure(
        "proxy", f"The proxy {proxy} will not connect to {target}: {printable(status.strip())}.{cure}"
    )


def _reason(error: OSError) -> str:
    """Return an OS error in the system's words. asyncio's own messages would repeat the address."""
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, TimeoutError):
        return "timed out"
    if error.errno == 0:  # libcurl could not open a socket, and does not report why
        return "no connection could be made"
    if error.errno:
        return os.strerror(error.errno).lower()
    return printable(str(error)) or type(error).__name__
