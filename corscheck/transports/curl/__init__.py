"""Live HTTP over libcurl: many exchanges at once in one thread, or one at a time. No other package imports pycurl.

libcurl connects, speaks TLS and frames messages. Whatever else it would do (add headers, follow redirects, decode,
cache, resolve names) is switched off. The route (``routing``), the address (``lookup``), the time limits and the names
of failures (``exchange``, ``failures``) come from the same code as for httpx. No asyncio, no httpx.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

import pycurl

from corscheck.transports.curl.multi import CurlMulti

if TYPE_CHECKING:
    from corscheck.protocol.request import HTTPResponse, NetworkError
    from corscheck.transports.base import NetworkOptions, WireRequest

__all__ = ["CurlMulti", "CurlTransport", "complaint"]

_LIBCURL = (8, 23, 0)
"""The oldest libcurl that passes the conformance tests. Older versions return folded lines as they are, among others."""


def complaint() -> str | None:
    """Return why this libcurl or this system is not supported, as the rest of a sentence; None if it is."""
    info = pycurl.version_info()
    version, backend = info[1], info[5]
    if info[2] < _LIBCURL[0] << 16 | _LIBCURL[1] << 8 | _LIBCURL[2] or not backend.startswith("OpenSSL"):
        needed = ".".join(map(str, _LIBCURL))
        return f"needs libcurl {needed} or newer with OpenSSL, not {version} with {backend}: pip install -U pycurl"
    if not hasattr(select, "poll"):
        return "needs poll(), which this system has not"
    return None


class CurlTransport:
    """Carries exchanges over the network, one at a time. Implements ``base.Transport``.

    The constructor raises ``ConfigError`` for invalid options; ``send`` raises it for faults that only use reveals (an
    unreadable certificate, a ``send_to`` that is not a base URL).
    """

    def __init__(self, options: NetworkOptions) -> None:
        self._multi = CurlMulti(options, 1)

    def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """Send a request, read the head, and read the body as far as it is useful; ``deadline`` in monotonic seconds."""
        self._multi.submit(request, deadline, None)
        ((_, answer),) = self._multi.wait()
        return answer

    def close(self) -> None:
        """Close all connections."""
        self._multi.close()
