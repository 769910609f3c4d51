"""One HAR entry, reduced to what matters for CORS: page, request, response, and the browser's error.

The format is HAR 1.2 with the fields that producers add: ``_error``, ``_initiator`` and ``_resourceType`` (Chrome and the
tools built on it), ``_failureText`` (Playwright), ``_corscheck`` (corscheck's own reports). Values may have any type: an
entry without a usable method or URL is skipped, other missing or invalid values are replaced by defaults.
"""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.model.har_probe import HARProbe
from corscheck.protocol.headers import get
from corscheck.protocol.origin import HTTP_SCHEMES, URLError, parse_url
from corscheck.protocol.preflight import ACRH, ACRM
from corscheck.protocol.safelist import is_safelisted_method
from corscheck.sources import author_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.model.values import EngineName
    from corscheck.protocol.request import Credentials, Header, Headers

Skipped: TypeAlias = Literal["same-origin", "not-cors", "unreadable", "unnamed-page", "unknown-mode", "extension"]

_CORS_TYPES = ("fetch", "xhr", "eventsource", "preflight", "font")
_NOT_CORS_TYPES = ("document", "websocket", "ping", "cspviolationreport", "manifest-navigation")
_ELEMENT_TYPES = ("font", "image", "media", "script", "stylesheet", "texttrack")
_ELEMENT_CONTENT = re.compile(r"font|^(?:image|audio|video)/|^text/css|javascript", re.IGNORECASE)
_STORAGE_ACCESS = re.compile(r"(?P<browser>Chrome|Firefox)/(?P<version>[0-9]{1,6})\b")
_ON_THE_WIRE = ("host", "connection", "accept-encoding")
"""Headers that script does not see: an entry with one of them has all headers that were sent."""


class HAREntry(Struct, frozen=True):
    """A request of a page. ``origin`` is the page's, or ``null`` if a redirect tainted it.

    ``skipped`` is why the request is not judged by itself; it may still be the preflight's request or the target of a
    redirect. ``origin_sent`` is false if ``origin`` is derived from the page, because the recording has no Origin header.
    If the recording has no response, ``status`` is 0 and ``answered`` false. ``error`` is the browser's error text.
    ``at`` is the start time in seconds since 1970. ``body`` is the length of the body in bytes, None without a body.
    ``credentials`` is the mode of the request if its headers tell, ``engine`` that of its User-Agent. ``element`` says
    that an element made the request (image, script, font), not script. ``number`` is the position in the file, from 1.
    ``asked`` is the probe, in corscheck's own reports.
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
    origin_sent: bool = True
    skipped: Skipped | None = None
    credentials: Credentials | None = None
    element: bool = False
    engine: EngineName | None = None
    asked: HARProbe | None = None

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

    @property
    def revalidated(self) -> bool:
        """Whether the browser asked if its stored response is still good, and it is.

        Chrome's tools record such an answer with status 200 and the headers of the 304.
        """
        tag = get(self.headers, "If-None-Match")
        return self.status == 304 or (tag is not None and tag == get(self.answer, "ETag"))

    @property
    def address(self) -> str:
        """The URL without its fragment, which is never sent."""
        return self.url.partition("#")[0]


def entry(found: Mapping[str, Any], number: int, pages: Mapping[str, str], page: str | None) -> HAREntry | Skipped:
    """Parse an entry, or return why it is of no use.

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
    # chrome-har writes the headers that script sees, and then those that were sent.
    headers = tuple({(name.lower(), value): (name, value) for name, value in _headers(request.get("headers"))}.values())
    values = {name.lower(): value for name, value in reversed(headers)}
    origin = author_headers.page_origin(values) or _page(found, pages) or page
    asked = HARProbe.read(found.get(HARProbe.field))
    error = found.get("_error") or response.get("_error") or response.get("_failureText")
    made = HAREntry(
        number=number,
        at=_seconds(found.get("startedDateTime")),
        method=method,
        url=target.href,
        headers=headers,
        origin=asked.origin if asked is not None else origin or "",
        status=_whole(response.get("status")),
        reason=str(response.get("statusText") or ""),
        answer=_headers(response.get("headers")),
        http_version=str(response.get("httpVersion") or "HTTP/1.1"),
        elapsed_ms=_number(found.get("time")),
        error=str(error) if error else None,
        body=_body(method, request),
        origin_sent="origin" in values or asked is not None,
        credentials=_credentials(values, preflight=method == "OPTIONS" and ACRM.lower() in values),
        element=_is_element(found, values, _object(response.get("content")).get("mimeType")),
        engine=engine_of_agent(values.get("user-agent", "")),
        asked=asked,
    )
    return replace(made, skipped=_skipped(made, found, values, target.origin))


def engine_of(head: Mapping[str, Any]) -> EngineName | None:
    """Return the engine that made the recording, by the names of its creator and browser, or None if unknown."""
    names = _names(head)
    if "firefox" in names:
        return "firefox"
    if "webkit" in names or "safari" in names:
        return "webkit"
    if any(name in names for name in ("webinspector", "chrome", "chromium", "edge", "playwright")):
        return "chromium"
    return None


def tells_failures(head: Mapping[str, Any]) -> bool:
    """Whether the producer marks or omits every response that the browser kept from the page.

    Chrome and the tools built on it do, and Playwright does in every browser. WebKit's inspector does not receive such a
    response. Firefox records it like any other, and a proxy does not know.
    """
    names = _names(head)
    return "playwright" in names or (engine_of(head) in ("chromium", "webkit") and "proxy" not in names)


def engine_of_agent(agent: str) -> EngineName | None:
    """Return the engine of a browser by its User-Agent, or None if it is not a browser's."""
    if not agent.startswith("Mozilla/"):
        return None
    # Every browser on iOS runs on WebKit: CriOS is Chrome, FxiOS Firefox, EdgiOS Edge.
    if "iPhone" in agent or "iPad" in agent or ("AppleWebKit/" in agent and "Chrome/" not in agent):
        return "webkit"
    if "Chrome/" in agent:
        return "chromium"
    return "firefox" if "Firefox/" in agent else None


def pages_of(head: Mapping[str, Any]) -> dict[str, str]:
    """Return the URL of each page by its id. Chrome writes the URL as the page's title."""
    found = head.get("pages")
    pages = [_object(page) for page in found] if isinstance(found, list) else []
    return {str(p["id"]): p["title"] for p in pages if "id" in p and isinstance(p.get("title"), str)}


def _skipped(made: HAREntry, found: Mapping[str, Any], values: Mapping[str, str], target: str) -> Skipped | None:
    """Return why a request is not judged, or None if a page made it in mode ``cors``, across origins."""
    if made.asked is not None:
        return None
    if made.preflight:
        return None if made.origin != target else "same-origin"
    mode, kind = values.get("sec-fetch-mode"), _type(found)
    # A WebSocket handshake carries Origin, but nobody checks the answer for Access-Control-Allow-Origin.
    if "sec-websocket-key" in values or values.get("upgrade", "").lower() == "websocket" or made.status == 101:
        return "not-cors"
    if (mode is not None and mode != "cors") or (mode is None and kind in _NOT_CORS_TYPES):
        return "not-cors"
    if mode is None and kind not in _CORS_TYPES:
        if not made.origin:
            return "not-cors"
        if made.origin_sent:
            if values.get("accept", "").startswith("text/html"):
                return "not-cors"
        elif made.origin != target:
            if kind or any(name in values for name in _ON_THE_WIRE):
                return "not-cors"
            if is_safelisted_method(made.method):
                return "unknown-mode"
    if not made.origin:
        return "same-origin" if mode is not None else "unnamed-page"
    if made.origin.partition(":")[0].endswith("-extension"):
        # An extension may read what its permissions name, which no recording tells.
        return "extension"
    return "same-origin" if made.origin == target else None


def _credentials(values: Mapping[str, str], *, preflight: bool) -> Credentials | None:
    """Return the credentials mode that the headers of a request tell: a cookie, or that the browser says it might send one.

    Sec-Fetch-Storage-Access goes out with every cross-site request in mode ``include``, and with no other (Storage Access
    Headers). Firefox sends it with the preflight, too.
    """
    if "cookie" in values or "sec-fetch-storage-access" in values:
        return "include"
    found = _STORAGE_ACCESS.search(values.get("user-agent", ""))
    if found is None or preflight or values.get("sec-fetch-site") != "cross-site":
        return None
    return "same-origin" if int(found["version"]) >= (133 if found["browser"] == "Chrome" else 147) else None


def _is_element(found: Mapping[str, Any], values: Mapping[str, str], content: Any) -> bool:
    destination = values.get("sec-fetch-dest")
    if destination is not None:
        return destination != "empty"
    if kind := _type(found):
        return kind in _ELEMENT_TYPES
    return isinstance(content, str) and _ELEMENT_CONTENT.search(content) is not None


def _type(found: Mapping[str, Any]) -> str:
    kind = found.get("_resourceType")
    return kind.lower() if isinstance(kind, str) else ""


def _names(head: Mapping[str, Any]) -> str:
    return " ".join(str(_object(head.get(key)).get("name", "")).lower() for key in ("creator", "browser"))


def _page(found: Mapping[str, Any], pages: Mapping[str, str]) -> str | None:
    """Return the page's origin from the page list and the initiator, which chrome-har writes as a URL."""
    initiator = _object(found.get("_initiator"))
    stack = _object(initiator.get("stack"))
    frames = stack.get("callFrames")
    scripts = [_object(f).get("url") for f in frames] if isinstance(frames, list) else []
    # Scripts come last: a page may load them from another origin.
    for url in (pages.get(str(found.get("pageref"))), found.get("_initiator"), initiator.get("url"), *scripts):
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


def _body(method: str, request: Mapping[str, Any]) -> int | None:
    """Return the length of the body. GET and HEAD have none: several producers write an empty ``postData`` for each."""
    data = request.get("postData")
    if not isinstance(data, dict) or method.upper() in ("GET", "HEAD"):
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
