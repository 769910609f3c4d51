"""What shared caches may keep (RFC 9111), as far as answers that depend on the Origin are concerned."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from corscheck.protocol.headers import delta_seconds, get, get_decode_split

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers


def varies_by_origin(headers: Headers) -> bool:
    """Whether ``Vary`` names the Origin, or everything."""
    fields = {field.strip().lower() for field in get_decode_split(headers, "Vary") or []}
    return bool(fields & {"origin", "*"})


def shared_cache_keeps(headers: Headers) -> bool:
    """Whether the answer says that a shared cache may keep it and use it again unasked: RFC 9111, 3, 4.2.1 and 5.2.2.

    Heuristics (4.2.2) count only after ``public``; with ``Set-Cookie`` nothing else than ``public`` counts, as caches do it.
    """
    directives: dict[str, str] = {}
    for part in get_decode_split(headers, "Cache-Control") or []:
        name, _, value = part.strip().partition("=")
        directives.setdefault(name.strip().lower(), value.strip().strip('"'))
    if {"no-store", "private", "no-cache"} & directives.keys():
        return False
    public = "public" in directives
    if not public and any(name.lower() == "set-cookie" for name, _ in headers):
        return False
    # The most special one decides, also where the others say something else.
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return bool(delta_seconds(directives[name]))
    expires = get(headers, "Expires")
    return public if expires is None else _lies_ahead(expires, get(headers, "Date"))


def _lies_ahead(expires: str, date: str | None) -> bool:
    """Whether the answer is fresh for a while. What is no date means that it is not (5.3)."""
    try:
        end = parsedate_to_datetime(expires).timestamp()
        return date is None or end > parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
