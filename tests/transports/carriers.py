"""The transports under test behind one synchronous face, so that every test runs over each of them.

Another live transport joins the conformance tests with an entry in ``CARRIERS``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from corscheck.transports.base import NetworkOptions, Transport, WireRequest
from corscheck.transports.curl import CurlMulti, CurlTransport
from corscheck.transports.http.transport import HTTPTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.protocol.request import HTTPResponse, NetworkError


class Carrier(Protocol):
    def send(self, request: WireRequest, timeout: float = 10.0) -> HTTPResponse | NetworkError: ...

    def close(self) -> None: ...


class SyncCarrier:
    transport: Transport

    def __init__(self, options: NetworkOptions) -> None:
        self.transport = HTTPTransport(options)

    def send(self, request: WireRequest, timeout: float = 10.0) -> HTTPResponse | NetworkError:
        return self.transport.send(request, time.monotonic() + timeout)

    def close(self) -> None:
        self.transport.close()


class CurlCarrier(SyncCarrier):
    def __init__(self, options: NetworkOptions) -> None:
        self.transport = CurlTransport(options)


class CurlMultiCarrier:
    """One exchange at a time over the transport for many."""

    def __init__(self, options: NetworkOptions) -> None:
        self.multi = CurlMulti(options, 8)

    def send(self, request: WireRequest, timeout: float = 10.0) -> HTTPResponse | NetworkError:
        token = object()
        self.multi.submit(request, time.monotonic() + timeout, token)
        while not (done := self.multi.wait(0.05)):
            pass
        ((given, answer),) = done
        assert given is token
        return answer

    def close(self) -> None:
        self.multi.close()


HTTPX: dict[str, Callable[[NetworkOptions], Carrier]] = {"httpx": SyncCarrier}
CURL: dict[str, Callable[[NetworkOptions], Carrier]] = {
    "curl": CurlCarrier,
    "curl-multi": CurlMultiCarrier,
}
CARRIERS = HTTPX | CURL


def get(url: str, **more: object) -> WireRequest:
    """A GET without headers of its own."""
    return WireRequest("GET", url, (), **more)  # type: ignore[arg-type]
