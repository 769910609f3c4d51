"""Header lists: the algorithms of the Fetch Standard that read them, and the token grammar of RFC 9110.

A header list is a tuple of (name, value) pairs in wire order. Names keep their case but compare without it. The CORS
check compares the raw value from ``get``; the list headers go through ``extract_list``. Do not swap the two.
Source: https://fetch.spec.whatwg.org/#terminology-headers.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from corscheck.protocol.engines import Rules
    from corscheck.protocol.request import Headers

OWS = " \t"
HTTP_WHITESPACE = " \t\r\n"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Extraction(Enum):
    """The failure result of *extract header list values*, distinct from an absent header (None) and an empty list."""

    FAILURE = "failure"


FAILURE: Final = Extraction.FAILURE
ListValue: TypeAlias = tuple[str, ...] | Extraction | None


def is_token(text: str) -> bool:
    """Whether the text is an RFC 9110 ``token``: one or more tchar, ASCII only."""
    return _TOKEN.fullmatch(text) is not None


@lru_cache(maxsize=16)
def _by_name(headers: Headers) -> dict[str, list[str]]:
    """Map each lower-case name to its stripped values. Cached: callers look up a dozen names in the same list."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value.strip(OWS))
    return values


def get_all(headers: Headers, name: str) -> list[str]:
    """Return the values of every field with that name, in wire order, stripped of SP and HTAB."""
    return list(_by_name(headers).get(name.lower(), ()))


def get(headers: Headers, name: str) -> str | None:
    """*Get*: all values joined with ", ", or None if the header is absent. An empty value is not None.

    Source: https://fetch.spec.whatwg.org/#concept-header-list-get.
    """
    values = get_all(headers, name)
    return ", ".join(values) if values else None


def combine(headers: Headers, rules: Rules) -> Headers:
    """Return one field for each name, as browsers send them: values joined with ", ", the name as it was spelled first."""
    spelling: dict[str, str] = {}
    for name, _ in headers:
        spelling.setdefault(name.lower(), name)
    if len(spelling) == len(headers):
        return headers
    join = _join_as_firefox if rules.repeated_values_replace else _join
    return tuple((name, join(lower, get_all(headers, lower))) for lower, name in spelling.items())


def _join(_name: str, values: list[str]) -> str:
    return ", ".join(values).strip(OWS)


_SINGLE = frozenset(
    {"authorization", "content-disposition", "content-type", "from", "if-modified-since", "if-unmodified-since", "location",
     "max-forwards", "user-agent"}
)  # fmt: skip
"""Headers of which Firefox sends one value (nsHttpHeaderArray.h, IsSingletonHeader), of those that script can set."""


def _join_as_firefox(name: str, values: list[str]) -> str:
    """``repeated_values_replace`` in departures.py: an empty value, and each of a single header, replaces all before."""
    joined = ""
    for value in values:
        joined = value if not value or not joined or name in _SINGLE else f"{joined}, {value}"
    return joined


_SINGLE_RANGE = re.compile(r"bytes[ \t]*+=[ \t]*+([0-9]*+)[ \t]*+-[ \t]*+([0-9]*+)", re.IGNORECASE)


def author_headers_on_the_wire(headers: Headers, method: str, body: bytes | None, rules: Rules) -> Headers:
    """Return what script has set as it goes out: one field for each name, with what engines change in it."""
    if rules.body_type_is_first and body is not None:  # Firefox
        first = next((i for i, (n, _) in enumerate(headers) if n.lower() == "content-type"), None)
        headers = tuple(h for i, h in enumerate(headers) if i == first or h[0].lower() != "content-type")
    if rules.range_rewritten and method == "GET":  # Chromium
        headers = tuple((name, _range(value) if name.lower() == "range" else value) for name, value in headers)
    return combine(headers, rules)


def _range(value: str) -> str:
    found = _SINGLE_RANGE.fullmatch(value)
    if found is None or found[1] == found[2] == "" or any(len(number) > 18 for number in found.groups()):
        return value
    first, last = (number and int(number) for number in found.groups())
    return value if isinstance(first, int) and isinstance(last, int) and first > last else f"bytes={first}-{last}"


def get_decode_split(headers: Headers, name: str) -> list[str] | None:
    """*Get, decode, and split*: split on commas outside quoted strings, strip SP and HTAB; None if absent.

    Source: https://fetch.spec.whatwg.org/#concept-header-list-get-decode-split.
    """
    value = get(headers, name)
    return None if value is None else split_value(value)


def split_value(text: str) -> list[str]:
    """Split a value on commas outside quoted strings. Quoted strings keep their quotes, and empty items are kept."""
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
    """Split one ``#rule`` field on commas, strip OWS, and drop empty elements (RFC 9110, section 5.6.1)."""
    return [e for e in (part.strip(OWS) for part in value.split(",")) if e]


def extract_list(headers: Headers, name: str) -> ListValue:
    """*Extract header list values* for a ``#token`` header: https://fetch.spec.whatwg.org/#extract-header-list-values.

    Returns None if the header is absent, ``FAILURE`` if any element of any field is not a token, else the elements in
    order. One bad element fails the whole header: "PUT, a b" does not allow PUT.
    """
    fields = get_all(headers, name)
    if not fields:
        return None
    elements = [e for field in fields for e in list_elements(field)]
    return tuple(elements) if all(map(is_token, elements)) else FAILURE


def first_bad_element(headers: Headers, name: str) -> str | None:
    """Return the first list element that is not a token, or None if the list parses."""
    elements = (e for field in get_all(headers, name) for e in list_elements(field))
    return next((e for e in elements if not is_token(e)), None)


def delta_seconds(text: str | None) -> int | None:
    """Parse ``delta-seconds`` (RFC 9111, section 1.2.2), capped at 2^31; None if the text is not all digits."""
    # str.isdigit() alone accepts superscripts; int() raises ValueError for more than 4300 digits.
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:20]), 1 << 31)


def normalize_value(value: str) -> str:
    """*Normalize*: strip SP, HTAB, CR and LF, https://fetch.spec.whatwg.org/#concept-header-value-normalize."""
    return value.strip(HTTP_WHITESPACE)


def is_header_value(value: str) -> bool:
    """Whether a normalized value is valid: https://fetch.spec.whatwg.org/#header-value.

    Any byte except NUL, CR and LF is allowed; a character above U+00FF is not a byte and makes ``fetch()`` throw.
    """
    return value == value.strip(OWS) and not any(c in "\0\r\n" or c > "\xff" for c in value)
