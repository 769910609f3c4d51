"""One entry of a HAR as far as CORS cares: who asked what, what came, and whether the browser let it through.

HAR 1.2, with the fields that Chrome adds (``_error``, ``_initiator``, ``_resourceType``). Nothing in a file is trusted to
have the type that it should: what is missing or odd makes an entry that is passed over.
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
    """A cross-origin request of a page. ``origin`` is the page's, or ``null`` where a redirect hid it.

    ``status`` is 0 and ``answered`` false where the recording holds no answer; ``error`` is what the browser says went
    wrong. ``at`` is the start in seconds since 1970, ``body`` the length of the body, None without one. ``number`` is
    the place in the file, from 1.
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
        """Whether status and headers of an answer are there. A status alone says nothing of what was allowed."""
        return self.status > 0 and bool(self.answer)

    @property
    def asks_for(self) -> tuple[str, frozenset[str]]:
        """Of a preflight: the method and the lower-case header names that it asks for."""
        names = (get(self.headers, ACRH) or "").lower().split(",")
        return get(self.headers, ACRM) or "", frozenset(n.strip() for n in names if n.strip())


def entry(found: Mapping[str, Any], number: int, pages: Mapping[str, str], page: str | None) -> HAREntry | Skipped:
    """An entry, or why it is none of CORS's. ``pages`` are URLs by ``pageref``, ``page`` an origin to fall back on."""
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
    answer = _headers(response.get("headers"))
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
        answer=answer,
        http_version=str(response.get("httpVersion") or "HTTP/1.1"),
        elapsed_ms=_number(found.get("time")),
        error=str(error) if error else None,
        body=_body(request),
    )


def engine_of(head: Mapping[str, Any]) -> EngineName | None:
    """Whose recording this is, by the names of creator and browser; None where they do not tell."""
    names = " ".join(str(_object(head.get(key)).get("name", "")).lower() for key in ("creator", "browser"))
    if "firefox" in names:
        return "firefox"
    if "webkit" in names or "safari" in names:
        return "webkit"
    if any(name in names for name in ("webinspector", "chrome", "chromium", "edge", "playwright")):
        return "chromium"
    return None


def pages_of(head: Mapping[str, Any]) -> dict[str, str]:
    """The URL of each page by its id: Chrome writes it as the title."""
    found = head.get("pages")
    pages = [_object(page) for page in found] if isinstance(found, list) else []
    return {str(p["id"]): p["title"] for p in pages if "id" in p and isinstance(p.get("title"), str)}


def _is_cors(found: Mapping[str, Any], values: Mapping[str, str], origin: str | None) -> bool:
    """Whether a page asked for this in mode ``cors``."""
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
    """The page's origin by what the browser wrote beside the request."""
    initiator = _object(found.get("_initiator"))
    stack = _object(initiator.get("stack"))
    frames = stack.get("callFrames")
    scripts = [_object(f).get("url") for f in frames] if isinstance(frames, list) else []
    # A script may come from elsewhere: the page itself is the better witness.
    for url in (pages.get(str(found.get("pageref"))), initiator.get("url"), *scripts):
        if isinstance(url, str) and (origin := author_headers.page_origin({"referer": url})) is not None:
            return origin
    return None


def _headers(found: Any) -> Headers:
    """Header pairs without HTTP/2's pseudo-headers; text a character per byte."""
    out: list[Header] = []
    for pair in found if isinstance(found, list) else ():
        name, value = _object(pair).get("name"), _object(pair).get("value")
        if isinstance(name, str) and isinstance(value, str) and not name.startswith(":"):
            # What a browser took for UTF-8 goes back to the bytes that it was.
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
