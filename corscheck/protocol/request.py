"""The values that go in and out of the protocol: the page's request, what is put on the wire, and what came back.

All header text is isomorphic (latin-1): one character per byte. Header lists are tuples of pairs in wire order, with
their case and their duplicates. Nothing here knows how a byte travels.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from corscheck.records import dataclass

Header: TypeAlias = tuple[str, str]
Headers: TypeAlias = tuple[Header, ...]
Credentials: TypeAlias = Literal["omit", "same-origin", "include"]
Redirect: TypeAlias = Literal["follow", "error", "manual"]
Mode: TypeAlias = Literal["cors", "no-cors", "same-origin"]
CacheMode: TypeAlias = Literal["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"]
ExchangeKind: TypeAlias = Literal["preflight", "actual"]
ErrorKind: TypeAlias = Literal["dns", "connect", "tls", "timeout", "protocol", "too-large", "proxy", "app"]

CREDENTIALS_MODES: tuple[Credentials, ...] = ("omit", "same-origin", "include")
REDIRECT_MODES: tuple[Redirect, ...] = ("follow", "error", "manual")
REQUEST_MODES: tuple[Mode, ...] = ("cors", "no-cors", "same-origin")
CACHE_MODES: tuple[CacheMode, ...] = ("default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached")
ERROR_KINDS: tuple[ErrorKind, ...] = ("dns", "connect", "tls", "timeout", "protocol", "too-large", "proxy", "app")


@dataclass(frozen=True, slots=True)
class Request:
    """What a page passes to ``fetch()``: the question.

    ``origin`` is a serialized origin (``https://app.example``) or ``null`` for an opaque one. ``url`` is absolute.
    ``method`` and ``headers`` are as script gives them, before normalization. ``stream`` says that the body is a
    ``ReadableStream``; ``use_cors_preflight`` is the standard's use-CORS-preflight flag (an upload listener),
    ``unsafe_request`` its unsafe-request flag (unset for EventSource and elements only).
    """

    url: str
    origin: str
    method: str = "GET"
    headers: Headers = ()
    credentials: Credentials = "same-origin"
    redirect: Redirect = "follow"
    mode: Mode = "cors"
    body: bytes | None = None
    cache: CacheMode = "default"
    stream: bool = False
    use_cors_preflight: bool = False
    unsafe_request: bool = True


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """One request to put on the wire, as the protocol demands it (``http-fetch``, ``preflight:1-6``).

    ``url_list`` are the URLs of the chain so far, serialized, the last one being the target; the fragment never goes
    out. ``headers`` hold the author's headers and those of the protocol (Origin, Access-Control-Request-*), not what
    every browser adds. ``credentials`` says whether cookies and stored authentication may go along;
    ``new_connection`` that the connection of the answer before must not be used again (421).
    """

    kind: ExchangeKind
    hop: int
    method: str
    url_list: tuple[str, ...]
    headers: Headers
    page_origin: str
    mode: Mode = "cors"
    credentials: bool = False
    body: bytes | None = None
    new_connection: bool = False

    @property
    def url(self) -> str:
        """The target: serialized, with its fragment if it has one."""
        return self.url_list[-1]

    def get(self, name: str) -> str | None:
        """The first value of a header, or None."""
        lower = name.lower()
        return next((v for n, v in self.headers if n.lower() == lower), None)


@dataclass(frozen=True, slots=True)
class HTTPResponse:
    """The answer to one request: a status and raw header lines.

    ``body`` is what was kept of the body as evidence (at most 1 KiB, and only of failed answers); ``body_error`` says
    why the rest did not arrive. ``at`` is the time of arrival in seconds on the clock that was given to the fetch,
    ``elapsed_ms`` how long the exchange took. ``sent`` are the header lines that really went out.
    """

    status: int
    headers: Headers
    reason: str = ""
    body: bytes = b""
    body_error: str | None = None
    at: float = 0.0
    elapsed_ms: float = 0.0
    http_version: str = "HTTP/1.1"
    sent: Headers = ()


@dataclass(frozen=True, slots=True)
class NetworkError:
    """No usable answer: one of a closed list of kinds, and a sentence for people."""

    kind: ErrorKind
    message: str
    at: float = 0.0
    elapsed_ms: float = 0.0
    sent: Headers = ()


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The driver chose not to send this request (it may change data, and nobody asked for that)."""

    at: float = 0.0


Answer: TypeAlias = HTTPResponse | NetworkError | HeldBack
