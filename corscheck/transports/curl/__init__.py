"""Live HTTP over libcurl: many exchanges at once in one thread, or one at a time. The only place that knows pycurl.

libcurl connects, speaks TLS and frames messages; everything it would add, follow, decode, look up or remember is switched
off. Where a request goes (``routing``), to which address (``lookup``), how long it may take, and what an answer or a
failure is called (``exchange``, ``failures``) is decided by the same code as for httpx. No asyncio, no httpx.
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
"""The oldest libcurl that passes the conformance tests: older ones hand over folded lines as they are, among others."""


def complaint() -> str | None:
    """Why this libcurl, or this system, does not do, as the rest of a sentence; None if it does."""
    info = pycurl.version_info()
    version, backend = info[1], info[5]
    if info[2] < _LIBCURL[0] << 16 | _LIBCURL[1] << 8 | _LIBCURL[2] or not backend.startswith("OpenSSL"):
        needed = ".".join(map(str, _LIBCURL))
        return f"needs libcurl {needed} or newer with OpenSSL, not {version} with {backend}: pip install -U pycurl"
    if not hasattr(select, "poll"):
        return "needs poll(), which this system has not"
    return None


class CurlTransport:
    """Carries exchanges over the network, one at a time, on one easy handle; satisfies ``base.Transport``.

    Options that cannot be meant raise ``ConfigError`` here, what only use shows of them (an unreadable certificate, a
    ``send_to`` that is no base URL) in ``send``.
    """

    def __init__(self, options: NetworkOptions) -> None:
        self._multi = CurlMulti(options, 1)

    def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """Send and read the head, and as much of the body as is worth it; ``deadline`` in monotonic seconds."""
        self._multi.submit(request, deadline, None)
        ((_, answer),) = self._multi.wait()
        return answer

    def close(self) -> None:
        """Close every connection."""
        self._multi.close()
