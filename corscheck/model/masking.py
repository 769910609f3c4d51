"""Masking of secrets. Saved values and everything that is shown have passed through it.

Secrets are the values of authentication and cookie headers, of headers whose names suggest an API key, user information
in URLs, and query parameters whose names suggest a token. ``Set-Cookie`` keeps the cookie's name and attributes,
because they are needed for debugging.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "***"
_AUTH_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9._~+-]*) +\S")
_SECRET_NAMES = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "cookie2",
        "set-cookie",
        "set-cookie2",
        "authentication-info",
        "x-csrf-token",
        "x-xsrf-token",
        "x-csrftoken",
    }
)
# Words in a header name that suggest a secret. "key" alone is too common (Idempotency-Key is not a secret).
_SECRET_WORDS = re.compile(
    r"(?:^|[-_.])(?:auth|authentication|authtoken|token|secret|password|passwd|pwd|apikey|session|sessionid|sid|jwt|"
    r"bearer|credential|credentials|signature|sig|otp|pin)(?:$|[-_.])|api[-_.]?key|access[-_.]?key|private[-_.]?key|"
    r"subscription[-_.]?key|auth[-_.]?key|functions[-_.]?key",
    re.IGNORECASE,
)
# Servers choose the text that these search, so each is linear in it: a bounded scheme, and names matched in one way only.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}+://[^\s'\"<>‘’“”`]++")
_USERINFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#@\s]*@")
_PARAMETER = re.compile(r"[?&;#]([\w.-]++)=([^&;#\s'\"<>]++)")
_SECRET_PARAMETER = re.compile(
    r"token|secret|password|passwd|pwd|api[-_.]?key|access[-_.]?key|signature|jwt|credential|"
    r"\A(?:sig|auth|sid|session|sessionid|code|key|otp)\Z",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def is_secret_header(name: str) -> bool:
    """Whether the value of a header with this name is masked."""
    lower = name.lower()
    return lower in _SECRET_NAMES or (
        not lower.startswith("access-control-") and _SECRET_WORDS.search(lower) is not None
    )


def mask_header(name: str, value: str) -> str:
    """Mask a header value. An authentication scheme and cookie names are kept."""
    lower = name.lower()
    if lower in ("cookie", "cookie2"):
        return "; ".join(_mask_pair(pair) for pair in value.split(";"))
    if lower in ("set-cookie", "set-cookie2"):
        pair, semicolon, attributes = value.partition(";")
        return _mask_pair(pair) + semicolon + attributes
    if not is_secret_header(name) or not value:
        return mask_text(value)
    scheme = _AUTH_SCHEME.match(value) if lower.endswith("authorization") else None
    return f"{scheme.group(1)} {MASK}" if scheme else MASK


def _mask_pair(pair: str) -> str:
    name, equals, _ = pair.strip().partition("=")
    return f"{name}={MASK}" if equals else MASK


def mask_url(url: str) -> str:
    """Mask user information and token-like parameters in a URL."""
    if "@" in url:
        url = _USERINFO.sub(rf"\1{MASK}@", url)
    return _PARAMETER.sub(_mask_parameter, url) if "=" in url else url


def _mask_parameter(found: re.Match[str]) -> str:
    return f"{found[0][: found.start(2) - found.start()]}{MASK}" if _SECRET_PARAMETER.search(found[1]) else found[0]


def secret_parameters(url: str) -> Iterator[tuple[str, str | None]]:
    """Split a URL at its secret values: yields the text before each value, and the parameter's name.

    The last piece has the name None. For output that must stay usable, with the values supplied in another way.
    """
    at = 0
    for found in _PARAMETER.finditer(url):
        if _SECRET_PARAMETER.search(found[1]):
            yield url[at : found.start(2)], found[1]
            at = found.end()
    yield url[at:], None


def mask_text(text: str) -> str:
    """Mask the URLs in a text (a message, a console line, a Location)."""
    if "://" in text:
        text = _URL.sub(lambda m: mask_url(m.group()), text)
    return _PARAMETER.sub(_mask_parameter, text) if "=" in text else text


def mask_lines(text: str) -> str:
    """Mask header lines (``Name: value``) and, among them, lines of text such as a status."""
    lines = []
    for line in text.split("\n"):
        name, colon, value = line.partition(": ")
        lines.append(f"{name}: {mask_header(name, value)}" if colon else mask_text(line))
    return "\n".join(lines)
