"""Which well-formed responses browsers may reject all the same: of these, the transports hand over the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers

_SINGLE = ("content-length", "content-disposition", "location")
_SINGLE_LENGTHS = frozenset(map(len, _SINGLE))


def is_doubtful(version: str, headers: Headers) -> bool:
    """Whether browsers may reject a response that HTTP libraries read: for its version, or for fields that differ."""
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        return True
    seen: tuple[str, ...] = ()
    for name, value in headers:
        if len(name) in _SINGLE_LENGTHS and (lower := name.lower()) in _SINGLE:
            if lower in seen or (lower != "location" and "," in value):
                return True
            seen = (*seen, lower)
    return False
