"""The lines of a head, as libcurl hands them over, parsed by h11's rules, which the other transport uses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from corscheck.protocol.headers import is_token
from corscheck.transports.exchange import is_short

if TYPE_CHECKING:
    from corscheck.protocol.request import Header, Headers

_STATUS = re.compile(rb"HTTP/([0-9]\.[0-9]|2) ([1-9][0-9]{2})(?: ([^\x00\r\n]*))?\r?\n")
_NOT_IN_VALUES = re.compile("[\x00\r\n]")
_LENGTH_DIGITS = 21
"""libcurl accepts a Content-Length with so many digits, but h11 does not."""

_SHORT_LINE = 256
"""Lines up to this length are cached: most lines are the same in every response of a server."""


class LibcurlHead:
    """A parsed head; ``short`` is the result of ``is_short``."""

    __slots__ = ("headers", "reason", "short", "status", "version")

    def __init__(self, version: str, status: int, reason: str, headers: Headers) -> None:
        self.version, self.status, self.reason, self.headers = version, status, reason, headers
        self.short = is_short(headers)


def read_head(lines: list[bytes]) -> LibcurlHead | str:
    """Parse a head with its blank line by h11's rules. Return a message if it is invalid."""
    status = _status(lines[0])
    if status is None:
        return "illegal status line"
    headers = tuple([_field(line) if len(line) <= _SHORT_LINE else _read_field(line) for line in lines[1:-1]])
    if None in headers:
        return "illegal header line"
    found: Headers = headers  # type: ignore[assignment]
    fault = _framing_fault(found)
    return f"bad {fault}" if fault is not None else LibcurlHead(*status, found)


@lru_cache(maxsize=64)
def _status(line: bytes) -> tuple[str, int, str] | None:
    match = _STATUS.fullmatch(line)
    return None if match is None else (f"HTTP/{match[1].decode()}", int(match[2]), (match[3] or b"").decode("latin-1"))


def _read_field(line: bytes) -> Header | None:
    """Parse a header line. Return None if it is invalid. No regular expression reads a value twice."""
    name, colon, value = line.decode("latin-1").partition(":")
    value = value.removesuffix("\n").removesuffix("\r")
    if not colon or not line.endswith(b"\n") or not is_token(name) or _NOT_IN_VALUES.search(value):
        return None
    return name, value.strip(" \t")


_field = lru_cache(maxsize=4096)(_read_field)


def _framing_fault(headers: Headers) -> str | None:
    """Return the name of a header whose framing libcurl accepts but h11 rejects."""
    for name, value in headers:
        if len(name) in _FRAMING_LENGTHS:
            lower = name.lower()
            if lower == "transfer-encoding" and value.lower() != "chunked":
                return name
            if lower == "content-length" and len(value) >= _LENGTH_DIGITS and value[:_LENGTH_DIGITS].isdecimal():
                return name
    return None


_FRAMING_LENGTHS = frozenset({len("transfer-encoding"), len("content-length")})
