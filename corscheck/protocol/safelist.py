"""Methods and request headers: normalized, forbidden, CORS-safelisted, unsafe names.

Source: Fetch, sections *Methods* and *HTTP headers* (``forbidden-request-header``, ``cors-safelisted-request-header``,
``cors-unsafe-request-header-names``). Where an engine departs from it, ``rules`` says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.protocol.engines import STANDARD, Rules
from corscheck.protocol.headers import OWS, is_token, split_value
from corscheck.protocol.mime import essence, gecko_request_essence

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers

SAFELISTED_METHODS = ("GET", "HEAD", "POST")
NORMALIZED_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")
FORBIDDEN_METHODS = ("CONNECT", "TRACE", "TRACK")
SAFELISTED_ESSENCES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
REQUEST_BODY_HEADERS = ("content-encoding", "content-language", "content-location", "content-type")
NO_CORS_SAFELISTED = ("accept", "accept-language", "content-language", "content-type")

HINTS = ("device-memory", "dpr", "width", "viewport-width", "rtt", "downlink", "ect", "save-data", "intervention")
"""Chromium's additions to the safelist, where their value is a usable one."""

_FORBIDDEN_NAMES = frozenset(
    {
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
_METHOD_OVERRIDES = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})
_UNSAFE_BYTES = frozenset([chr(c) for c in range(0x20) if c != 0x09] + list('"():<>?@[\\]{}\x7f'))
_LANGUAGE = re.compile(r"[0-9A-Za-z *,\-.;=]*")
_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
_INTEGER = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_CONNECTION_TYPES = ("slow-2g", "2g", "3g", "4g")
_MAX_VALUE = 128


def normalize_method(method: str) -> str:
    """*Normalize* a method: six names are upper-cased, nothing else is (``patch`` stays ``patch``)."""
    upper = method.upper() if method.isascii() else method
    return upper if upper in NORMALIZED_METHODS else method


def is_forbidden_method(method: str) -> bool:
    """CONNECT, TRACE, TRACK, whatever their case."""
    return method.upper() in FORBIDDEN_METHODS


def is_safelisted_method(method: str) -> bool:
    """Exactly GET, HEAD or POST."""
    return method in SAFELISTED_METHODS


def is_forbidden_request_header(name: str, value: str, rules: Rules = STANDARD) -> bool:
    """Whether script's attempt to set this header is ignored (``forbidden-request-header``)."""
    lower = name.lower()
    if lower in _FORBIDDEN_NAMES or lower.startswith(("proxy-", "sec-")):
        return True
    if lower in _METHOD_OVERRIDES:
        return any(is_forbidden_method(item) for item in split_value(value))
    return rules.user_agent_forbidden and lower == "user-agent"


def is_safelisted_request_header(name: str, value: str, rules: Rules = STANDARD) -> bool:
    """Whether this header, with this value, needs no permission (``cors-safelisted-request-header``)."""
    if len(value) > _MAX_VALUE:
        return False
    lower = name.lower()
    if lower == "accept":
        return _has_no_unsafe_byte(value, rules)
    if lower in ("accept-language", "content-language"):
        return _LANGUAGE.fullmatch(value) is not None
    if lower == "content-type":
        if not _has_no_unsafe_byte(value, rules):
            return False
        found = gecko_request_essence(value) if rules.gecko_content_type else essence(value)
        return found in SAFELISTED_ESSENCES
    if lower == "range":
        return _is_safelisted_range(value, rules)
    return rules.client_hints_safelisted and _is_usable_client_hint(lower, value)


def _has_no_unsafe_byte(value: str, rules: Rules) -> bool:
    if not _UNSAFE_BYTES.isdisjoint(value):
        return False
    return rules.high_bytes_safelisted or value.isascii()


def _is_safelisted_range(value: str, rules: Rules) -> bool:
    """*Parse a single range header value* without whitespace, with a start: ``bytes=0-``, ``bytes=1-2``."""
    match = _RANGE.fullmatch(value.lower() if rules.range_unit_ignores_case else value)
    if match is None:
        return False
    # int() refuses more than 4300 digits; the 128 byte limit above keeps far below that.
    numbers = [int(n) for n in match.groups() if n]
    if rules.range_number_limit is not None and max(numbers) >= rules.range_number_limit:
        return False
    return len(numbers) == 1 or numbers[0] <= numbers[1]


def _is_usable_client_hint(lower: str, value: str) -> bool:
    """Chromium's additions to the safelist (cors.cc): the hint must have a value of its own grammar."""
    if lower in ("device-memory", "dpr", "downlink"):
        return _DECIMAL.fullmatch(value) is not None
    if lower in ("width", "viewport-width", "rtt"):
        return _INTEGER.fullmatch(value) is not None
    if lower == "ect":
        return value in _CONNECTION_TYPES
    if lower == "save-data":
        return value.lower() == "on"
    return lower == "intervention"


def combine(headers: Headers) -> Headers:
    """Repeated fields made one, joined by comma and space, in the place of the first: what Chromium's loader sees."""
    combined: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in combined:
            first, before = combined[lower]
            combined[lower] = (first, f"{before}, {value}")
        else:
            combined[lower] = (name, value)
    return tuple(combined.values())


def unsafe_request_header_names(headers: Headers, rules: Rules = STANDARD) -> tuple[str, ...]:
    """*CORS-unsafe request-header names*: lower-case, sorted by bytes, each once (each field's, where the rules say so)."""
    if rules.repeated_headers_combined:
        headers = combine(headers)
    unsafe: list[str] = []
    potentially: list[str] = []
    size = 0
    for name, value in headers:
        if is_safelisted_request_header(name, value, rules):
            potentially.append(name.lower())
            size += len(value)
        else:
            unsafe.append(name.lower())
    if rules.safelisted_total_limit is not None and size > rules.safelisted_total_limit:
        unsafe += potentially
    return tuple(sorted(unsafe)) if rules.repeated_headers_named_each else tuple(sorted(set(unsafe)))


def access_control_request_headers(names: tuple[str, ...]) -> str | None:
    """The value of ``Access-Control-Request-Headers`` (``preflight:5``), None when it is not sent."""
    return ",".join(names) if names else None


def is_no_cors_safelisted(name: str, value: str) -> bool:
    """*no-CORS-safelisted request-header*."""
    return name.lower() in NO_CORS_SAFELISTED and is_safelisted_request_header(name, value)


def is_method(text: str) -> bool:
    """A method is a token."""
    return is_token(text)


def is_header_name(text: str) -> bool:
    """A header name is a token."""
    return is_token(text)


def strip_body_headers(headers: Headers) -> Headers:
    """Without the request-body-header names (``redirect:12``)."""
    return tuple(h for h in headers if h[0].lower() not in REQUEST_BODY_HEADERS)


def strip_authorization(headers: Headers) -> Headers:
    """Without ``Authorization`` (``redirect:13``)."""
    return tuple(h for h in headers if h[0].lower() != "authorization")


__all__ = [
    "OWS",
    "access_control_request_headers",
    "combine",
    "is_forbidden_method",
    "is_forbidden_request_header",
    "is_header_name",
    "is_method",
    "is_no_cors_safelisted",
    "is_safelisted_method",
    "is_safelisted_request_header",
    "normalize_method",
    "strip_authorization",
    "strip_body_headers",
    "unsafe_request_header_names",
]
