"""Validation of ``--origin``: only a serialized origin is accepted, and an error suggests the one that was probably
meant.

Invalid origins such as ``https://app.example/`` are not corrected, because this would hide a common mistake in server
configurations.
"""

from __future__ import annotations

import re

from corscheck.model.masking import mask_login, show_host
from corscheck.model.values import ConfigError
from corscheck.protocol.origin import DEFAULT_PORTS, HTTP_SCHEMES, OPAQUE, URLError, parse_url

_OTHER = re.compile(r"[a-z][a-z0-9+.-]*://[!\"$-.0->A-~]+")
"""Origins of app shells and extensions (``capacitor://localhost``, ``moz-extension://<id>``), which are sent unchanged.

A serialized URL is printable ASCII, and so is its origin (everything else in an opaque host is percent-encoded).
"""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LOCAL = re.compile(r"(localhost|[\w-]+\.localhost|127\.[\d.]+|\[::1\])(:\d+)?([/?#]|$)", re.IGNORECASE)

_EXAMPLE = "is not an origin: scheme, host and port, like https://app.example"


def check_origin(text: str, where: str = "--origin") -> str:
    """Return the origin if a browser can send it, which is shown from now on.

    Raises ``ConfigError``; ``where`` names the option.
    """
    several = re.split(r"[\s,;|]+", text.strip())
    if len(several) > 1 and all(map(_SCHEME.match, several)):
        line = " ".join(f"{where} {one}" for one in several)
        raise ConfigError(
            f"{where} {mask_login(text)!r} names {len(several)} origins. Repeat the option: {mask_login(line)}"
        )
    fault, meant = judge_origin(text)
    if fault is None:
        show_host(text)
        return text
    hint = f". Probably meant: {where} {meant}" if meant is not None else ""
    raise ConfigError(f"{where} {mask_login(text)!r} {fault}{hint}")


def judge_origin(text: str) -> tuple[str | None, str | None]:
    """Return what is wrong, as the rest of a sentence (None: nothing), and what was probably meant (None: unknown)."""
    if text == OPAQUE:
        return None, text
    if text.lower() == OPAQUE:
        return "must be in lower case", OPAQUE
    if text == "*":
        return "is a value that a server may send, not the origin of a page: name the page's origin", None
    if not _SCHEME.match(text):
        meant = _origin_of(("http://" if _LOCAL.match(text) else "https://") + text)
        return ("has no scheme, an origin has one", meant) if meant is not None else (_EXAMPLE, None)
    try:
        url = parse_url(text)
    except URLError:
        return _EXAMPLE, None
    if url.origin == text or (url.scheme not in DEFAULT_PORTS and url.scheme != "file" and _OTHER.fullmatch(text)):
        return None, text
    if url.scheme == "file":
        return "is not an origin: that of a file: page is opaque", OPAQUE
    if url.scheme not in HTTP_SCHEMES:
        return _EXAMPLE, None
    return _fault(text), url.origin


def _origin_of(text: str) -> str | None:
    try:
        return parse_url(text).origin
    except URLError:
        return None


def _fault(text: str) -> str:
    """Return the first fault of an invalid http(s) origin, as the rest of a sentence."""
    scheme, _, rest = text.partition("://")
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    if tail in ("/", "\\"):
        return "ends in a slash, an origin never does"
    if tail:
        return f"has a {'query' if tail[0] == '?' else 'fragment' if tail[0] == '#' else 'path'}, an origin has none"
    if "@" in authority:
        return "has a username, an origin has none"
    if text != text.lower():
        return "has upper-case letters, an origin has none"
    port = authority.rpartition(":")[2]
    if port.isascii() and port.isdigit() and int(port[:9]) == DEFAULT_PORTS.get(scheme):
        return f"names port {port}, which is the default of {scheme}"
    return "is not written as browsers write it"
