"""Classification of the headers of a recorded or copied request: set by script, added by the browser, or stored.

A browser's copy contains every header that was sent. If all of them counted as set by script, many would cause a
preflight that the page never needed. Forbidden names come from the standard (``forbidden-request-header``); the others
are headers that Chromium, Firefox and Safari are known to add.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from corscheck.protocol.headers import split_value
from corscheck.protocol.origin import HTTP_SCHEMES, OPAQUE, URLError, parse_url
from corscheck.protocol.preflight import ACRH, ACRM
from corscheck.protocol.request import REQUEST_MODES
from corscheck.protocol.safelist import is_forbidden_request_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.protocol.request import Header, Headers, Mode

_PSEUDO = ("authority", "method", "path", "scheme")
"""HTTP/2 pseudo-headers without their colon, as older browsers copied them."""

_ADDED_NAMES = """
accept-language priority save-data upgrade-insecure-requests
alt-used early-data x-moz
x-client-data x-chrome-connected x-chrome-id-consistency-request x-chrome-offline x-edge-shopping-flag
x-devtools-request-id x-devtools-emulate-network-conditions-client-id
available-dictionary dictionary-id attribution-reporting-eligible attribution-reporting-support
device-memory downlink dpr ect rtt viewport-width width
chrome-proxy chrome-proxy-accept-transform csp intervention ping-from ping-to purpose x-purpose
service-worker service-worker-navigation-preload x-playback-session-id
"""
_ADDED = frozenset(_ADDED_NAMES.split())
"""Headers that browsers add without script, and that are not forbidden.

By line: every engine; Firefox (``nsHttpChannel``: alternative services, TLS early data, link prefetching); Chromium and
its brands (variations, accounts, DevTools); compression dictionaries and ads; client hints from before ``Sec-CH-``;
prefetching, ``<a ping>`` and interventions; service workers, and Safari's media player.
"""

_APP_PACKAGE = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)+", re.ASCII)
"""The value of the ``X-Requested-With`` that Android's WebView adds; script sends ``XMLHttpRequest``."""

_PAGE_ACCEPT = "text/html,application/xhtml+xml,"
_ELEMENT_ACCEPTS = (_PAGE_ACCEPT, "image/avif,", "image/webp,", "image/jxl,", "image/png,image/svg+xml,")
"""How the Accept of navigations and of images begins: browsers before ``Sec-Fetch-Dest``."""

_REVALIDATION = ("if-none-match", "if-modified-since")
_RELOAD = ("cache-control", "max-age=0")
_SAMPLE = {
    "content-type": "application/json",
    "range": "bytes=0-0,2-2",
    # A preflight lists these only if their value is not safelisted, so the sample must not be safelisted either.
    "accept": "(",
    "accept-language": "(",
    "content-language": "(",
}


class Sorted(Struct, frozen=True):
    """Classified request headers.

    ``author`` are the headers that script set. ``origin`` is the page's origin, from Origin or Referer, and
    ``same_origin`` says whether the request went to it. ``browser`` says whether a browser (or corscheck) sent the
    request. ``mode`` is its mode by Sec-Fetch-Mode, and ``not_cors`` says of a request that no ``fetch()`` makes what it
    is. ``asked`` is the method and the headers that a preflight asks for, None for any other request.
    """

    author: Headers
    origin: str | None = None
    same_origin: bool = False
    cookies: str | None = None
    user_agent: str | None = None
    host: str | None = None
    browser: bool = False
    mode: Mode | None = None
    not_cors: str | None = None
    asked: tuple[str, Headers] | None = None
    notes: tuple[str, ...] = ()


def sort(headers: Sequence[Header], method: str, url: str) -> Sorted:
    """Classify the headers of a request. Never raises: invalid headers are kept, and ``fetch()`` rejects them later."""
    values: dict[str, str] = {}
    for name, value in headers:
        values.setdefault(name.lower(), value)
    browser = _is_browsers(values)
    origin = page_origin(values)
    added = _Added(values) if browser else None
    notes: list[str] = []
    author: list[Header] = []
    for name, value in headers:
        lower = name.lower()
        if name.startswith(":") or is_forbidden_request_header(name, value) or lower == "user-agent":
            continue
        if (lower, value) == ("accept", "*/*") or (added is not None and added.holds(lower, value)):
            continue
        if added is not None and lower in _REVALIDATION:
            notes.append(f"{name} is taken for the browser's cache's, not the page's own (-H sets it)")
            continue
        author.append((name, value))
    if browser and "sec-fetch-mode" not in values and values.get("accept", "").startswith(_PAGE_ACCEPT):
        notes.append("its Accept is that of a navigation, which CORS does not apply to: tested as a fetch() would be")
    mode = values.get("sec-fetch-mode")
    cookies = "; ".join(value for name, value in headers if name.lower() == "cookie")
    site = values.get("sec-fetch-site")
    return Sorted(
        author=tuple(author),
        origin=origin,
        same_origin=site == "same-origin" if site is not None else origin is not None and origin == _origin(url),
        cookies=cookies or None,
        user_agent=values.get("user-agent"),
        host=values.get("host"),
        browser=browser,
        mode=cast("Mode", mode) if mode in REQUEST_MODES and mode != "cors" else None,
        not_cors=_not_cors(values, mode) if browser else None,
        asked=_asked(values) if method == "OPTIONS" else None,
        notes=tuple(notes),
    )


class _Added:
    """What a browser added to one request by itself."""

    def __init__(self, values: dict[str, str]) -> None:
        accept = values.get("accept", "")
        destination = values.get("sec-fetch-dest")
        # Images, fonts, media and navigations: the browser chooses what it accepts, script cannot.
        self._element = destination != "empty" if destination is not None else accept.startswith(_ELEMENT_ACCEPTS)
        self._events = accept == "text/event-stream"
        self._uncached = values.get("pragma") == values.get("cache-control") == "no-cache"

    def holds(self, name: str, value: str) -> bool:
        """Whether the browser added this header; ``name`` is in lower case."""
        match name:
            case "accept" | "range" | "if-range":
                return self._element
            case "pragma":
                return self._uncached or self._element
            case "cache-control":
                return self._uncached or self._element or (name, value) == _RELOAD or self._events
            case "last-event-id":
                return self._events
            case "x-requested-with":
                return _APP_PACKAGE.fullmatch(value) is not None
        return name in _ADDED or name in _PSEUDO


def _not_cors(values: dict[str, str], mode: str | None) -> str | None:
    """Say what a request is that CORS does not decide about; None for any other."""
    if mode == "websocket" or values.get("upgrade", "").lower() == "websocket":
        return "a WebSocket handshake"
    if mode == "navigate":
        return "a navigation" if values.get("sec-fetch-dest") != "iframe" else "the navigation of a frame"
    return None


def _is_browsers(values: dict[str, str]) -> bool:
    if any(name.startswith("sec-") for name in values):
        return True
    return values.get("user-agent", "").startswith(("Mozilla/", "corscheck/"))


def page_origin(values: dict[str, str]) -> str | None:
    """Return the page's origin. ``values`` maps lower-case names to values.

    Falls back to Referer, because a same-origin GET has no Origin header.
    """
    origin = values.get("origin")
    if origin is not None:
        return origin
    return _origin(values.get("referer", ""))


def _origin(url: str) -> str | None:
    try:
        parsed = parse_url(url)
    except URLError:
        return None
    return parsed.origin if parsed.scheme in HTTP_SCHEMES and parsed.origin != OPAQUE else None


def sample(name: str) -> str:
    """Return a value for a header of which only the name is known, one that needs the preflight that asked for it."""
    return _SAMPLE.get(name.lower(), "1")


def _asked(values: dict[str, str]) -> tuple[str, Headers] | None:
    """Return the method and headers that a preflight asks for. It does not carry header values, so samples are used."""
    method = values.get(ACRM.lower())
    if method is None:
        return None
    names = [name for name in split_value(values.get(ACRH.lower(), "")) if name]
    return method, tuple((name, sample(name)) for name in names)
