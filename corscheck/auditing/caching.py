"""Rules for shared caches (RFC 9111): whether a response that depends on the origin can reach another origin."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from corscheck.protocol.headers import delta_seconds, get, get_decode_split

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers


def varies_by_origin(headers: Headers) -> bool:
    """Whether ``Vary`` contains ``Origin`` or ``*``."""
    fields = {field.strip().lower() for field in get_decode_split(headers, "Vary") or []}
    return bool(fields & {"origin", "*"})


def shared_cache_keeps(headers: Headers) -> bool:
    """Whether a shared cache may store the response and reuse it without revalidation: RFC 9111, 3, 4.2.1 and 5.2.2.

    Heuristic freshness (4.2.2) counts only with ``public``. A response with ``Set-Cookie`` counts as stored only with
    ``public``, because caches in practice do not store it otherwise.
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
    # The most specific directive wins, even if the others contradict it.
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return bool(delta_seconds(directives[name]))
    expires = get(headers, "Expires")
    return public if expires is None else _lies_ahead(expires, get(headers, "Date"))


def _lies_ahead(expires: str, date: str | None) -> bool:
    """Whether ``Expires`` is in the future. RFC 9111, 5.3: an invalid date means that the response has expired."""
    try:
        end = parsedate_to_datetime(expires).timestamp()
        return date is None or end > parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
