"""The seam between the drivers and whatever carries an exchange.

A transport is given a complete request (every header line but Host, which it puts first unless it is there) and an
absolute deadline, and answers with a value: an ``HTTPResponse`` or a ``NetworkError``. It never raises for what a
server or a network does, follows nothing, decodes nothing, remembers no cookie and retries nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from msgspec import Struct

from corscheck.protocol.request import HTTPResponse, NetworkError

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers

TransportName: TypeAlias = Literal["auto", "httpx", "curl"]

EVIDENCE_BYTES = 1024
"""How much of a failed answer's body is kept."""

DRAIN_BYTES = 64 * 1024
"""How much of a body is read so that the connection can be used again; beyond it the connection is closed."""

MAX_HEADER_BYTES = 256 * 1024
"""A response head larger than this is an error of kind ``too-large``."""

NAMES_SECONDS = 1.0
"""How long to try to learn which names a certificate has that is not for the host."""


class Unreadable(NetworkError, frozen=True):  # noqa: N818 - a value, as its base, and nothing that is raised
    """An answer that the library at work does not read, though browsers do: another one may be asked."""


class WireRequest(Struct, frozen=True):
    """A request as it goes out.

    ``url`` is a serialized http(s) URL without fragment: its path and query go out byte for byte. ``send_to`` is
    another base URL (scheme, host, port) to connect to; Host stays that of ``url`` (``--via``). ``keep_body`` is how
    many bytes of the answer's body are wanted: none is for a probe, which keeps but evidence.
    """

    method: str
    url: str
    headers: Headers
    body: bytes | None = None
    send_to: str | None = None
    new_connection: bool = False
    keep_body: int = 0


class NetworkOptions(Struct, frozen=True):
    """How to reach servers: curl's options under curl's names.

    ``verify`` off accepts any certificate (``-k``). ``connect_to`` holds curl's ``HOST1:PORT1:HOST2:PORT2`` (empty parts
    mean any, or the same), ``resolve`` curl's ``HOST:PORT:ADDRESS``. ``proxy`` is a URL, ``""`` means none whatever the
    environment says, None means the environment's (never for loopback). ``noproxy`` is curl's comma-separated list.
    ``timeout`` is the deadline of one whole probe in seconds, ``ip_version`` 4 or 6. ``transport`` says which library
    carries it all (``choice``).
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
    """Carries one exchange at a time, for the synchronous driver. One connection is kept per origin."""

    def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """Send and read the head; ``deadline`` is in ``time.monotonic()`` seconds. Sets ``at`` to the time of arrival."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
