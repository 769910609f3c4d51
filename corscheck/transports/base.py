"""The interface between the drivers and the transports.

A transport gets a complete request (all header lines; it adds Host in front unless Host is given) and a deadline. It
returns an ``HTTPResponse`` or a ``NetworkError``, and never raises for the behavior of a server or a network. It does
not follow redirects, decode bodies, store cookies or retry requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from msgspec import Struct

from corscheck.protocol.request import HTTPResponse, NetworkError

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers

TransportName: TypeAlias = Literal["auto", "httpx", "curl"]

DRAIN_BYTES = 64 * 1024
"""How much of a body is read so that the connection can be reused. A longer body closes the connection."""

MAX_HEADER_BYTES = 256 * 1024
"""A larger response head is an error of the kind ``too-large``."""

NAMES_SECONDS = 1.0
"""The time limit for reading the names of a certificate that does not match the host."""


class Unreadable(NetworkError, frozen=True):  # noqa: N818 - a value, as its base, and nothing that is raised
    """A response that this library cannot parse, although browsers can. Another library may be tried."""


class WireRequest(Struct, frozen=True):
    """A request as it is sent.

    ``url`` is a serialized http(s) URL without a fragment; its path and query are sent unchanged. ``send_to`` is
    another base URL (scheme, host, port) to connect to (``--via``); Host still comes from ``url``. ``keep_body`` is the
    number of body bytes to return. Probes leave it at 0 and get only the first bytes of an error response.
    """

    method: str
    url: str
    headers: Headers
    body: bytes | None = None
    send_to: str | None = None
    new_connection: bool = False
    keep_body: int = 0


class NetworkOptions(Struct, frozen=True):
    """How to reach servers, with curl's options under curl's names.

    ``verify`` False accepts any certificate (``-k``). ``connect_to`` holds ``HOST1:PORT1:HOST2:PORT2`` entries (an
    empty part means any, or unchanged), ``resolve`` holds ``HOST:PORT:ADDRESS`` entries. ``proxy`` is a URL; ``""``
    means no proxy, None means the proxy of the environment (never for loopback). ``noproxy`` is curl's comma-separated
    list. ``timeout`` is the time limit of one probe in seconds. ``ip_version`` is 4 or 6. ``transport`` names the HTTP
    library (see ``choice``).
    """

    timeout: float = 10.0
    verify: bool = True
    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    proxy: str | None = None
    noproxy: str | None = None
    connect_to: tuple[str, ...] = ()
    resolve: tuple[str, ...] = ()
    unix_socket: str | None = None
    http2: bool = False
    ip_version: int | None = None
    user_agent: str | None = None
    transport: TransportName = "auto"


class Transport(Protocol):
    """Carries one exchange at a time, for the synchronous drivers. Keeps one connection per origin."""

    def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """Send a request and read the response; ``deadline`` is in ``time.monotonic()`` seconds. Sets the time of
        arrival, ``at``.
        """
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
