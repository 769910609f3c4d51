"""The CONNECT request to an HTTP proxy and the evaluation of its response (RFC 9110, section 9.3.6), without I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.transports import failures
from corscheck.transports.failures import NetworkFailure

if TYPE_CHECKING:
    from corscheck.transports.routing import Route

_STATUS_LINE = re.compile(rb"HTTP/1\.\d +(\d\d\d[^\r\n]*)\r?\n")
_MAX_BYTES = 64 * 1024


class Tunnel:
    """One CONNECT. Write ``request``, then pass what was read to ``receive`` until it returns True."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._answer = b""
        lines = [f"CONNECT {route.beyond} HTTP/1.1", f"Host: {route.beyond}"]
        if route.proxy is not None and route.proxy.authorization is not None:
            lines.append(f"Proxy-Authorization: {route.proxy.authorization}")
        self.request = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def receive(self, data: bytes) -> bool:
        """Process a part of the response (empty at the end). Return whether the tunnel is open. Raises ``NetworkFailure``."""
        proxy = self._route.dialled
        self._answer += data
        status = _STATUS_LINE.match(self._answer)
        if status is not None and not status.group(1).startswith((b"1", b"2")):
            # The status line is enough: the body may never end, and cannot be trusted.
            raise failures.proxy_refused(self._route.dial, self._route.beyond, status.group(1))
        if not data:
            raise NetworkFailure(
                "proxy", f"{proxy} closed the connection instead of connecting to {self._route.beyond}."
            )
        if b"\n\r\n" in self._answer or b"\n\n" in self._answer:
            if status is None:
                raise NetworkFailure("proxy", f"{proxy} sent a malformed response to CONNECT.")
            return True
        if len(self._answer) > _MAX_BYTES:
            raise NetworkFailure("proxy", f"{proxy} sent an endless response to CONNECT.")
        return False
