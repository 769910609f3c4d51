"""Two bytes that browsers let pass in header values and h11 does not: VT and FF.

h11 (under httpx) takes white space for what no header value may hold, so a value such as ``true<VT>`` would end the exchange
where a browser compares it byte for byte. On their way through h11 the two travel as an escape sequence of bytes that it
lets pass; what is on the wire, and what the rest of corscheck sees, are the bytes themselves.
"""

from __future__ import annotations

import re

_ESCAPE = b"\x01"
_CODES = {b"\x01": b"\x01a", b"\x0b": b"\x01b", b"\x0c": b"\x01c"}
_BYTES = {code: byte for byte, code in _CODES.items()}
_TO_SHIELD = re.compile(rb"[\x01\x0b\x0c]")
_SHIELDED = re.compile(rb"\x01[abc]")


def needs_shield(value: bytes) -> bool:
    """Whether h11 would refuse this for a byte that browsers let pass."""
    return b"\x0b" in value or b"\x0c" in value


def shield(data: bytes) -> bytes:
    """The bytes with the two (and the escape itself) replaced; ``unshield`` takes it back."""
    return _TO_SHIELD.sub(lambda match: _CODES[match.group()], data)


def unshield(data: bytes) -> bytes:
    """What was shielded."""
    return _SHIELDED.sub(lambda match: _BYTES[match.group()], data) if _ESCAPE in data else data
