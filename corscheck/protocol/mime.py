"""The essence of a MIME type, which is all that the Content-Type safelist needs.

Source: https://mimesniff.spec.whatwg.org/#parse-a-mime-type. Parameters never make that algorithm fail, so this module
skips them.
"""

from __future__ import annotations

import re

from corscheck.protocol.headers import HTTP_WHITESPACE, OWS, is_token

_BLANK = re.compile(f"[{OWS}]")


def essence(text: str) -> str | None:
    """Return ``type/subtype`` in lower case, or None if the value does not parse."""
    # "text/plain,x" fails: the comma belongs to the subtype. "text/plain;a=b, x/y" is text/plain.
    type_, slash, rest = text.strip(HTTP_WHITESPACE).partition("/")
    subtype = rest.partition(";")[0].rstrip(HTTP_WHITESPACE)
    if not slash or not is_token(type_) or not is_token(subtype):
        return None
    return f"{type_}/{subtype}".lower()


def gecko_request_essence(text: str) -> str | None:
    """Return the essence as Firefox parses a request's Content-Type: exactly one media type, else None.

    A trailing semicolon fails, e.g. ``text/plain;;;`` (measured; net_ParseRequestContentType in nsURLHelper.cpp). See
    ``gecko_content_type`` in departures.py.
    """
    if "," in text:
        return None
    media, semicolon, rest = text.partition(";")
    if semicolon and rest.endswith(";"):
        return None
    first, *more = _BLANK.split(media.strip(OWS), maxsplit=1)
    # Without parameters, text after a blank makes the value invalid. With parameters, the blank only ends the type.
    if more and (not semicolon or "/" not in first):
        return None
    return first.lower()
