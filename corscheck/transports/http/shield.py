"""VT and FF in header values: browsers accept these two bytes, but h11 does not.

h11 (under httpx) rejects values such as ``true<VT>``, which a browser compares byte for byte. On the way through h11 an
escape sequence that it accepts stands for each of the two. The wire and the rest of corscheck see the original bytes.
"""

from __future__ import annotations

import re

_ESCAPE = b"\x01"
_CODES = {b"\x01": b"\x01a", b"\x0b": b"\x01b", b"\x0c": b"\x01c"}
_BYTES = {code: byte for byte, code in _CODES.items()}
_TO_SHIELD = re.compile(rb"[\x01\x0b\x0c]")
_SHIELDED = re.compile(rb"\x01[abc]")


def needs_shield(value: bytes) -> bool:
    """Whether h11 would reject the value because of a byte that browsers accept."""
    return b"\x0b" in value or b"\x0c" in value


def shield(data: bytes) -> bytes:
    """Replace the two bytes, and the escape byte itself. ``unshield`` reverses it."""
    return _TO_SHIELD.sub(lambda match: _CODES[match.group()], data)


def unshield(data: bytes) -> bytes:
    """Reverse ``shield``."""
    return _SHIELDED.sub(lambda match: _BYTES[match.group()], data) if _ESCAPE in data else data
