"""The headers of a recorded or copied request, sorted: what script set, what the browser added, what it had stored.

A browser's copy shows every header that went out. Passed on as if script had set them all, half of them would make a
preflight necessary that the page never needed. Forbidden names are the standard's (``forbidden-request-header``); the
rest is what Chromium, Firefox and Safari are known to add by themselves.
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
"""HTTP/2's pseudo-headers as older copies write them, without their colon."""

_ADDED = ("priority", "upgrade-insecure-requests", "accept-language", "save-data")
_REVALIDATION = ("if-none-match", "if-modified-since")
_RELOAD = ("cache-control", "max-age=0")
_SAMPLE = {
    "content-type": "application/json",
    "range": "bytes=0-0,2-2",
    # These are asked for only where their value is not safelisted.
    "accept": "(",
    "accept-language": "(",
    "content-language": "(",
}


class Sorted(Struct, frozen=True):
    """What a list of request headers says. ``browser`` tells that a browser (or corscheck) wrote it.

    ``author`` are the headers that script set. ``origin`` is the page's, from Origin or Referer; ``same_origin`` says
    that the request stayed within it. ``asked`` is, of a preflight, the method and the headers that it asks for.
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
    """Sort the headers of a request. Never raises: what is no header is the page's affair."""
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
    """The page's origin, of headers by lower-case name. A Referer may be all that a same-origin GET has."""
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


def _asked(values: dict[str, str]) -> tuple[str, Headers] | None:
    """Of a preflight: the request that it stands for. Values do not go with it, so that samples stand in."""
    method = values.get(ACRM.lower())
    if method is None:
        return None
    names = [name for name in split_value(values.get(ACRH.lower(), "")) if name]
    return method, tuple((name, _SAMPLE.get(name.lower(), "1")) for name in names)
