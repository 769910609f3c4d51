"""Classification of the headers of a recorded or copied request: set by script, added by the browser, or stored.

A browser's copy contains every header that was sent. If all of them counted as set by script, many would cause a
preflight that the page never needed. Forbidden names come from the standard (``forbidden-request-header``); the others
are headers that Chromium, Firefox and Safari are known to add.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.protocol.headers import split_value
from corscheck.protocol.origin import HTTP_SCHEMES, OPAQUE, URLError, parse_url
from corscheck.protocol.preflight import ACRH, ACRM
from corscheck.protocol.safelist import is_forbidden_request_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.protocol.request import Header, Headers

_PSEUDO = ("authority", "method", "path", "scheme")
"""HTTP/2 pseudo-headers without their colon, as older browsers copied them."""

_ADDED = ("priority", "upgrade-insecure-requests", "accept-language", "save-data")
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
    request. ``asked`` is the method and the headers that a preflight asks for, None for any other request.
    """

    author: Headers
    origin: str | None = None
    same_origin: bool = False
    cookies: str | None = None
    user_agent: str | None = None
    host: str | None = None
    browser: bool = False
    asked: tuple[str, Headers] | None = None
    notes: tuple[str, ...] = ()


def sort(headers: Sequence[Header], method: str, url: str) -> Sorted:
    """Classify the headers of a request. Never raises: invalid headers are kept, and ``fetch()`` rejects them later."""
    values: dict[str, str] = {}
    for name, value in headers:
        values.setdefault(name.lower(), value)
    browser = _is_browsers(values)
    origin = page_origin(values)
    reload = values.get("pragma") == values.get("cache-control") == "no-cache"
    notes: list[str] = []
    author: list[Header] = []
    for name, value in headers:
        lower = name.lower()
        if name.startswith(":") or (browser and lower in _PSEUDO):
            continue
        if is_forbidden_request_header(name, value) or lower == "user-agent":
            continue
        if lower == "accept" and (value == "*/*" or (browser and value.startswith("text/html,"))):
            continue
        if browser and lower in _ADDED:
            continue
        if browser and ((lower in ("pragma", "cache-control") and reload) or (lower, value) == _RELOAD):
            continue
        if browser and lower in _REVALIDATION:
            notes.append(f"{name} is taken for the browser's cache's, not the page's own (-H sets it)")
            continue
        author.append((name, value))
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
        asked=_asked(values) if method == "OPTIONS" else None,
        notes=tuple(notes),
    )


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
