"""Methods and request headers: normalization, forbidden ones, and the CORS safelist.

Source: https://fetch.spec.whatwg.org/#methods and https://fetch.spec.whatwg.org/#terminology-headers. ``rules`` carries
the departures of an engine; departures.py lists them with their evidence.
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
"""Chromium's additions to the safelist, if the value is valid (``client_hints_safelisted`` in departures.py)."""

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
_SIGNED_RANGE = re.compile(r"bytes=\+?([0-9]+)-\+?([0-9]*)")
_INTEGER = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_CONNECTION_TYPES = ("slow-2g", "2g", "3g", "4g")
_MAX_VALUE = 128


def normalize_method(method: str) -> str:
    """*Normalize* a method: https://fetch.spec.whatwg.org/#concept-method-normalize.

    Only six names are upper-cased. PATCH is not one of them: ``patch`` goes out as ``patch`` and does not match
    ``PATCH`` in Access-Control-Allow-Methods.
    """
    upper = method.upper() if method.isascii() else method
    return upper if upper in NORMALIZED_METHODS else method


def is_forbidden_method(method: str) -> bool:
    """Whether ``fetch()`` forbids the method: CONNECT, TRACE or TRACK, in any case."""
    return method.upper() in FORBIDDEN_METHODS


def is_safelisted_method(method: str) -> bool:
    """Whether the method needs no permission: GET, HEAD or POST. Compares byte for byte; normalize the method first."""
    return method in SAFELISTED_METHODS


def is_forbidden_request_header(name: str, value: str, rules: Rules = STANDARD) -> bool:
    """Whether script cannot set this header: https://fetch.spec.whatwg.org/#forbidden-request-header.

    The browser drops it silently, so a forbidden header causes no preflight.
    """
    lower = name.lower()
    if lower in _FORBIDDEN_NAMES or lower.startswith(("proxy-", "sec-")):
        return True
    # The method overrides are forbidden only for CONNECT, TRACE and TRACK; "PUT" is an ordinary unsafe header.
    if lower in _METHOD_OVERRIDES:
        return any(is_forbidden_method(item) for item in split_value(value))
    # User-Agent is not forbidden in the standard. Chromium: user_agent_forbidden in departures.py.
    return rules.user_agent_forbidden and lower == "user-agent"


def is_safelisted_request_header(name: str, value: str, rules: Rules = STANDARD) -> bool:
    """Whether this header, with this value, needs no permission.

    Source: https://fetch.spec.whatwg.org/#cors-safelisted-request-header. ``value`` holds one character per byte.
    """
    # Step 1: the limit of 128 bytes applies to each value.
    if len(value) > _MAX_VALUE:
        return False
    lower = name.lower()
    if lower == "accept":
        return _has_no_unsafe_byte(value, rules)
    # Stricter than Accept: "/", "+" and bytes from 0x80 on are unsafe here.
    if lower in ("accept-language", "content-language"):
        return _LANGUAGE.fullmatch(value) is not None
    if lower == "content-type":
        if not _has_no_unsafe_byte(value, rules):
            return False
        # The value is parsed as one MIME type; it is not split on commas, so "text/plain, text/plain" is unsafe.
        # application/json is never safelisted. Firefox: gecko_content_type in departures.py.
        found = gecko_request_essence(value) if rules.gecko_content_type else essence(value)
        return found in SAFELISTED_ESSENCES
    if lower == "range":
        return _is_safelisted_range(value, rules)
    # Every other name is unsafe, Authorization and X-Requested-With included.
    return rules.client_hints_safelisted and _is_usable_client_hint(lower, value)


def _has_no_unsafe_byte(value: str, rules: Rules) -> bool:
    if not _UNSAFE_BYTES.isdisjoint(value):
        return False
    # Bytes 0x80 to 0xFF are safe in the standard. Firefox: high_bytes_safelisted in departures.py.
    return rules.high_bytes_safelisted or value.isascii()


def _is_safelisted_range(value: str, rules: Rules) -> bool:
    """Whether the value is one byte range with a start: ``bytes=0-``, ``bytes=1-2``.

    Source: https://fetch.spec.whatwg.org/#simple-range-header-value with allowWhitespace false.
    """
    # A suffix range ("bytes=-5") and several ranges are unsafe. WebKit: range_unit_ignores_case in departures.py.
    pattern = _SIGNED_RANGE if rules.range_takes_sign else _RANGE
    match = pattern.fullmatch(value.lower() if rules.range_unit_ignores_case else value)
    if match is None:
        return False
    # int() raises ValueError for more than 4300 digits; the 128 byte limit rules that out.
    numbers = [int(n) for n in match.groups() if n]
    # The standard sets no upper limit; all three engines do: range_number_limit in departures.py.
    if rules.range_number_limit is not None and max(numbers) >= rules.range_number_limit:
        return False
    return len(numbers) == 1 or numbers[0] <= numbers[1]


def _is_usable_client_hint(lower: str, value: str) -> bool:
    """Chromium's additions to the safelist (cors.cc). The value must match the grammar of its hint."""
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
    """Join repeated fields with ", " at the position of the first one, as Chromium's loader does."""
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
    """*CORS-unsafe request-header names*: lower-case, unique, sorted by bytes.

    Source: https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names. A non-empty result means that the request
    needs a preflight (``main-fetch:12``). Firefox lists a repeated header once per field
    (``repeated_headers_named_each`` in departures.py).
    """
    # The standard judges each field by itself. Chromium and WebKit: repeated_headers_combined in departures.py.
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
    # Step 5: above 1024 bytes in total, the safelisted headers become unsafe too. Firefox and WebKit have no total:
    # safelisted_total_limit in departures.py.
    if rules.safelisted_total_limit is not None and size > rules.safelisted_total_limit:
        unsafe += potentially
    return tuple(sorted(unsafe)) if rules.repeated_headers_named_each else tuple(sorted(set(unsafe)))


def access_control_request_headers(names: tuple[str, ...]) -> str | None:
    """Return the value of Access-Control-Request-Headers (``preflight:5``), or None if the header is not sent.

    The separator is a bare comma. Do not join with ", ": the standard avoids *combine* here on purpose, and some
    servers parse the value strictly.
    """
    return ",".join(names) if names else None


def is_no_cors_safelisted(name: str, value: str) -> bool:
    """Whether mode no-cors keeps the header: https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header."""
    return name.lower() in NO_CORS_SAFELISTED and is_safelisted_request_header(name, value)


def is_method(text: str) -> bool:
    """Whether the text is a valid method (an RFC 9110 token)."""
    return is_token(text)


def is_header_name(text: str) -> bool:
    """Whether the text is a valid header name (an RFC 9110 token)."""
    return is_token(text)


def strip_body_headers(headers: Headers) -> Headers:
    """Remove the request-body-header names, such as Content-Type (``redirect:12``)."""
    return tuple(h for h in headers if h[0].lower() not in REQUEST_BODY_HEADERS)


def strip_authorization(headers: Headers) -> Headers:
    """Remove ``Authorization`` (``redirect:13``), the only CORS non-wildcard request-header name."""
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
