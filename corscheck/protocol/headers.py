"""Header lists: *get*, *get, decode, and split*, *extract header list values* (Fetch), and the token grammar (RFC 9110).

A header list is a tuple of (name, value) pairs in wire order; names keep their case and compare without it.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers

OWS = " \t"
HTTP_WHITESPACE = " \t\r\n"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Extraction(Enum):
    """What *extract header list values* gives beside a list."""

    FAILURE = "failure"


FAILURE: Final = Extraction.FAILURE
ListValue: TypeAlias = tuple[str, ...] | Extraction | None


def is_token(text: str) -> bool:
    """RFC 9110 ``token``: one or more tchar, ASCII only."""
    return _TOKEN.fullmatch(text) is not None


@lru_cache(maxsize=16)
def _by_name(headers: Headers) -> dict[str, list[str]]:
    """The stripped values by lower-case name. One list is asked about a dozen names in a row."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value.strip(OWS))
    return values


def get_all(headers: Headers, name: str) -> list[str]:
    """The values of every field of that name, in order, stripped of SP and HTAB."""
    return list(_by_name(headers).get(name.lower(), ()))


def get(headers: Headers, name: str) -> str | None:
    """*Get*: all values joined by comma and space; None when there is no such header."""
    values = get_all(headers, name)
    return ", ".join(values) if values else None


def get_decode_split(headers: Headers, name: str) -> list[str] | None:
    """*Get, decode, and split*: split on commas outside quoted strings, each stripped of SP and HTAB."""
    value = get(headers, name)
    return None if value is None else split_value(value)


def split_value(text: str) -> list[str]:
    """The splitting half of *get, decode, and split*. Quoted strings keep their quotes and their commas."""
    values: list[str] = []
    current: list[str] = []
    quoted = escaped = False
    for char in text:
        if quoted:
            current.append(char)
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                quoted = False
        elif char == ",":
            values.append("".join(current).strip(OWS))
            current = []
        else:
            current.append(char)
            quoted = char == '"'
    values.append("".join(current).strip(OWS))
    return values


def list_elements(value: str) -> list[str]:
    """The elements of one ``#rule`` field: split on commas, OWS stripped, empty elements ignored (RFC 9110 5.6.1)."""
    return [e for e in (part.strip(OWS) for part in value.split(",")) if e]


def extract_list(headers: Headers, name: str) -> ListValue:
    """*Extract header list values* for a ``#token`` header.

    None when absent, ``FAILURE`` when any element of any field is not a token, else the elements in order.
    """
    fields = get_all(headers, name)
    if not fields:
        return None
    elements = [e for field in fields for e in list_elements(field)]
    return tuple(elements) if all(map(is_token, elements)) else FAILURE


def first_bad_element(headers: Headers, name: str) -> str | None:
    """The first list element that is not a token: what an unparsable list is to be blamed on."""
    elements = (e for field in get_all(headers, name) for e in list_elements(field))
    return next((e for e in elements if not is_token(e)), None)


def delta_seconds(text: str | None) -> int | None:
    """``delta-seconds`` (RFC 9111, section 1.2.2): a number of seconds, at most 2^31; None for what is none.

    ``str.isdigit`` alone would take superscripts for digits, and ``int`` refuses numbers of thousands of digits.
    """
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:20]), 1 << 31)


def normalize_value(value: str) -> str:
    """*Normalize*: strip leading and trailing HTTP whitespace, as ``Headers`` does with what script gives."""
    return value.strip(HTTP_WHITESPACE)


def is_header_value(value: str) -> bool:
    """A normalized value may hold any byte but NUL, CR and LF, and nothing that is not a byte."""
    return value == value.strip(OWS) and not any(c in "\0\r\n" or c > "\xff" for c in value)
