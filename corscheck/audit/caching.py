"""What shared caches may keep (RFC 9111), as far as answers that depend on the Origin are concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.protocol.headers import get_decode_split

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers


def varies_by_origin(headers: Headers) -> bool:
    """Whether ``Vary`` names the Origin, or everything."""
    fields = {field.strip().lower() for field in get_decode_split(headers, "Vary") or []}
    return bool(fields & {"origin", "*"})


def shared_cache_keeps(headers: Headers) -> bool:
    """Whether the answer says that a shared cache may keep it: RFC 9111, 3 and 5.2.2. Heuristics do not count."""
    directives: dict[str, str] = {}
    for part in get_decode_split(headers, "Cache-Control") or []:
        name, _, value = part.strip().partition("=")
        directives[name.lower()] = value.strip('"')
    if {"no-store", "private", "no-cache"} & directives.keys():
        return False
    if any(name.lower() == "set-cookie" for name, _ in headers) and "public" not in directives:
        return False
    if "s-maxage" in directives:
        return directives["s-maxage"] != "0"
    if "max-age" in directives:
        return directives["max-age"] != "0"
    return "public" in directives or any(name.lower() == "expires" for name, _ in headers)
