"""One HAR entry, reduced to what matters for CORS: page, request, response, and the browser's error.

The format is HAR 1.2 with the fields that Chrome adds (``_error``, ``_initiator``, ``_resourceType``). Values may have
any type: an entry without a usable method or URL is skipped, other missing or invalid values are replaced by defaults.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct

from corscheck.protocol.headers import get
from corscheck.protocol.origin import HTTP_SCHEMES, URLError, parse_url
from corscheck.protocol.preflight import ACRH, ACRM
from corscheck.sources import author_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.model.values import EngineName
    from corscheck.protocol.request import Header, Headers

Skipped: TypeAlias = Literal["same-origin", "not-cors", "unreadable"]

_CORS_TYPES = ("fetch", "xhr", "eventsource", "preflight", "font")
_NOT_CORS_TYPES = ("document", "websocket", "ping", "cspviolationreport", "manifest-navigation")


class HAREntry(Struct, frozen=True):
    """A cross-origin request of a page. ``origin`` is the page's, or ``null`` if a redirect tainted it.

    If the recording has no response, ``status`` is 0 and ``answered`` false. ``error`` is the browser's error text.
    ``at`` is the start time in seconds since 1970. ``body`` is the length of the body in bytes, None without a body.
    ``number`` is the position in the file, from 1.
    """

    number: int
    at: float
    method: str
    url: str
    headers: Headers
    origin: str
    status: int
    reason: str
    answer: Headers
    http_version: str
    elapsed_ms: float
    error: str | None
    body: int | None

    @property
    def preflight(self) -> bool:
        """Whether this is a preflight."""
        return self.method == "OPTIONS" and get(self.headers, ACRM) is not None

    @property
    def answered(self) -> bool:
        """Whether the response has a status and headers. Without headers it cannot be judged."""
        return self.status > 0 and bool(self.answer)

    @property
    def asks_for(self) -> tuple[str, frozenset[str]]:
        """The method and the lower-case header names that a preflight asks for."""
        names = (get(self.headers, ACRH) or "").lower().split(",")
        return get(self.headers, ACRM) or "", frozenset(n.strip() for n in names if n.strip())


def entry(found: Mapping[str, Any], number: int, pages: Mapping[str, str], page: str | None) -> HAREntry | Skipped:
    """Parse an entry, or return why it is skipped.

    ``pages`` maps ``pageref`` to URLs. ``page`` is the origin to assume if the entry does not tell it.
    """
    request, response = _object(found.get("request")), _object(found.get("response"))
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str) or not method:
        return "unreadable"
    try:
        target = parse_url(url)
    except URLError:
        return "unreadable"
    if target.scheme not in HTTP_SCHEMES:
        return "not-cors"
    headers = _headers(request.get("headers"))
    values = {name.lower(): value for name, value in reversed(headers)}
    origin = author_headers.page_origin(values) or _page(found, pages) or page
    if not _is_cors(found, values, origin):
        return "not-cors"
    if origin is None or origin == target.origin:
        return "same-origin"
    error = found.get("_error") or response.get("_error")
    return HAREntry(
        number=number,
        at=_seconds(found.get("startedDateTime")),
        method=method,
        url=target.href,
        headers=headers,
        origin=origin,
        status=_whole(response.get("status")),
        reason=str(response.get("statusText") or ""),
        answer=_headers(response.get("headers")),
        http_version=str(response.get("httpVersion") or "HTTP/1.1"),
        elapsed_ms=_number(found.get("time")),
        error=str(error) if error else None,
        body=_body(request),
    )


def engine_of(head: Mapping[str, Any]) -> EngineName | None:
    """Return the engine that made the recording, by the names of its creator and browser, or None if unknown."""
    names = " ".join(str(_object(head.get(key)).get("name", "")).lower() for key in ("creator", "browser"))
    if "firefox" in names:
        return "firefox"
    if "webkit" in names or "safari" in names:
        return "webkit"
    if any(name in names for name in ("webinspector", "chrome", "chromium", "edge", "playwright")):
        return "chromium"
    return None


def pages_of(head: Mapping[str, Any]) -> dict[str, str]:
    """Return the URL of each page by its id. Chrome writes the URL as the page's title."""
    found = head.get("pages")
    pages = [_object(page) for page in found] if isinstance(found, list) else []
    return {str(p["id"]): p["title"] for p in pages if "id" in p and isinstance(p.get("title"), str)}


def _is_cors(found: Mapping[str, Any], values: Mapping[str, str], origin: str | None) -> bool:
    """Whether a page made this request in mode ``cors``."""
    mode = values.get("sec-fetch-mode")
    if mode is not None:
        return mode == "cors"
    kind = found.get("_resourceType")
    if isinstance(kind, str) and kind.lower() in _NOT_CORS_TYPES:
        return False
    if isinstance(kind, str) and kind.lower() in _CORS_TYPES:
        return True
    return origin is not None and "origin" in values and not values.get("accept", "").startswith("text/html")


def _page(found: Mapping[str, Any], pages: Mapping[str, str]) -> str | None:
    """Return the page's origin from the page list and the initiator."""
    initiator = _object(found.get("_initiator"))
    stack = _object(initiator.get("stack"))
    frames = stack.get("callFrames")
    scripts = [_object(f).get("url") for f in frames] if isinstance(frames, list) else []
    # Scripts come last: a page may load them from another origin.
    for url in (pages.get(str(found.get("pageref"))), initiator.get("url"), *scripts):
        if isinstance(url, str) and (origin := author_headers.page_origin({"referer": url})) is not None:
            return origin
    return None


def _headers(found: Any) -> Headers:
    """Return the headers without HTTP/2 pseudo-headers, as isomorphic text (one character per byte)."""
    out: list[Header] = []
    for pair in found if isinstance(found, list) else ():
        name, value = _object(pair).get("name"), _object(pair).get("value")
        if isinstance(name, str) and isinstance(value, str) and not name.startswith(":"):
            # The browser decoded this value as UTF-8; encode it back to the bytes that were sent.
            wide = any(char > "\xff" for char in value)
            out.append((name, value.encode("utf-8", "replace").decode("latin-1") if wide else value))
    return tuple(out)


def _body(request: Mapping[str, Any]) -> int | None:
    data = request.get("postData")
    if not isinstance(data, dict):
        return None
    text = data.get("text")
    size = _whole(request.get("bodySize"))
    return size or (len(text.encode("utf-8", "replace")) if isinstance(text, str) else 0)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else 0


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9 else 0.0


def _seconds(value: Any) -> float:
    try:
        return datetime.datetime.fromisoformat(str(value)).timestamp()
    except (ValueError, OverflowError):
        return 0.0
