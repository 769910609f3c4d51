"""MIME types as far as the safelist needs them: the essence (MIME Sniffing, *parse a MIME type*).

Parameters can never make the parsing fail, so they are not parsed.
"""

from __future__ import annotations

import re

from corscheck.protocol.headers import HTTP_WHITESPACE, OWS, is_token

_BLANK = re.compile(f"[{OWS}]")


def essence(text: str) -> str | None:
    """``type/subtype`` in lower case, or None when the value does not parse."""
    type_, slash, rest = text.strip(HTTP_WHITESPACE).partition("/")
    subtype = rest.partition(";")[0].rstrip(HTTP_WHITESPACE)
    if not slash or not is_token(type_) or not is_token(subtype):
        return None
    return f"{type_}/{subtype}".lower()


def gecko_request_essence(text: str) -> str | None:
    """The essence as Firefox reads a request's Content-Type: it wants exactly one media type.

    A semicolon at the end of the parameter list counts as something left over and fails (net_ParseRequestContentType,
    nsURLHelper.cpp; measured with ``text/plain;;;``).
    """
    if "," in text:
        return None
    media, semicolon, rest = text.partition(";")
    if semicolon and rest.endswith(";"):
        return None
    first, *more = _BLANK.split(media.strip(OWS), maxsplit=1)
    # Without a parameter, whatever follows the type is left over; with one, a blank merely ends the type.
    if more and (not semicolon or "/" not in first):
        return None
    return first.lower()
