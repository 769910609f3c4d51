"""The inputs and outputs of the protocol: the page's request, the HTTP requests it causes, and their answers.

Header text is isomorphic (latin-1): one character per byte. A header list is a tuple of (name, value) pairs in wire
order, with case and duplicates kept. These types know nothing about the transport.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Header: TypeAlias = tuple[str, str]
Headers: TypeAlias = tuple[Header, ...]
Credentials: TypeAlias = Literal["omit", "same-origin", "include"]
Redirect: TypeAlias = Literal["follow", "error", "manual"]
Mode: TypeAlias = Literal["cors", "no-cors", "same-origin"]
CacheMode: TypeAlias = Literal["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"]
EmbedderPolicy: TypeAlias = Literal["unsafe-none", "require-corp", "credentialless"]
ExchangeKind: TypeAlias = Literal["preflight", "actual"]
ErrorKind: TypeAlias = Literal["dns", "connect", "tls", "timeout", "protocol", "too-large", "proxy", "app"]

CREDENTIALS_MODES: tuple[Credentials, ...] = ("omit", "same-origin", "include")
REDIRECT_MODES: tuple[Redirect, ...] = ("follow", "error", "manual")
REQUEST_MODES: tuple[Mode, ...] = ("cors", "no-cors", "same-origin")
CACHE_MODES: tuple[CacheMode, ...] = ("default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached")
EMBEDDER_POLICIES: tuple[EmbedderPolicy, ...] = ("unsafe-none", "require-corp", "credentialless")
ERROR_KINDS: tuple[ErrorKind, ...] = ("dns", "connect", "tls", "timeout", "protocol", "too-large", "proxy", "app")


EVIDENCE_BYTES = 1024
"""How many bytes of the body are kept if the status is 400 or above."""

RAW_BODY_BYTES = 1024
"""How many bytes after the head a ``RawHead`` holds."""


class Request(Struct, frozen=True):
    """The arguments of a ``fetch()`` call and the origin of the page that makes it.

    ``url`` is absolute. ``origin`` is a serialized origin (``https://app.example``), or ``null`` for an opaque one.
    ``method`` and ``headers`` are as script passes them, before normalization. ``stream`` is true for a
    ``ReadableStream`` body. ``use_cors_preflight`` is the standard's use-CORS-preflight flag (an upload listener),
    ``unsafe_request`` its unsafe-request flag, unset only for EventSource and elements. ``coep`` is the page's
    Cross-Origin-Embedder-Policy. ``secure_context`` says that a page with an opaque origin is embedded in secure pages
    only, so that mixed content is blocked there too; a page's own origin tells this for every other page.
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
    coep: EmbedderPolicy = "unsafe-none"
    secure_context: bool = False


CONDITIONAL = frozenset({"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"})
"""Lower-case names of the headers that change cache mode "default"."""


class HTTPRequest(Struct, frozen=True):
    """One HTTP request that the driver has to send (``http-fetch``, ``preflight:1`` to ``6``).

    ``hop`` is the number of redirects followed. ``url_list`` holds the serialized URLs of the redirect chain, target
    last; do not send its fragment. ``headers`` holds the author's headers, Origin and Access-Control-Request-*; the
    sender adds the headers that every browser sends. ``credentials`` allows cookies and stored authentication.
    ``new_connection`` asks for a fresh connection (after a 421).
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
        """The target URL, serialized, including its fragment."""
        return self.url_list[-1]

    def get(self, name: str) -> str | None:
        """Return the first value of a header, or None. The name is case-insensitive."""
        lower = name.lower()
        return next((v for n, v in self.headers if n.lower() == lower), None)


class RawHead(Struct, frozen=True):
    """The bytes of a response on which HTTP parsers differ, from its first byte to the beginning of its body.

    ``ended`` says that the connection ended after them. ``fault`` is what the HTTP library rejected behind these bytes
    without handing it over: a second Location that differs, or the size of a chunk. ``note`` is the library's complaint.
    """

    data: bytes
    ended: bool = False
    fault: Literal["", "location", "chunk"] = ""
    note: str = ""


class HTTPResponse(Struct, frozen=True):
    """The response to one request: status and raw header fields.

    ``body`` is the part of the body kept as evidence (at most 1 KiB, failed responses only). ``body_error`` says why
    the body is incomplete; None if it is complete. ``at`` is the arrival time in seconds, on the clock of ``now``
    in ``fetch``. ``elapsed_ms`` is the duration of the exchange. ``sent`` holds the header fields that went out.
    ``raw`` holds the bytes if engines may parse them differently (``heads``).
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
    raw: RawHead | None = None


class NetworkError(Struct, frozen=True):
    """No usable response: the kind of failure (one of ``ERROR_KINDS``) and a message.

    ``raw`` holds what arrived of a malformed response, which an engine may read all the same (``heads``).
    """

    kind: ErrorKind
    message: str
    at: float = 0.0
    elapsed_ms: float = 0.0
    sent: Headers = ()
    raw: RawHead | None = None


class HeldBack(Struct, frozen=True):
    """The driver did not send this request, e.g. because its method may change data on the server."""

    at: float = 0.0


Answer: TypeAlias = HTTPResponse | NetworkError | HeldBack
