"""Base URLs (scheme, host and port) for ``--via`` and ``via=``."""

from __future__ import annotations

from corscheck.protocol.origin import HTTP_SCHEMES, URLError, parse_url


def base_origin(text: str) -> str | None:
    """Return the origin of a base URL such as ``http://api:8000``; None for any other text, such as a URL with a path."""
    try:
        url = parse_url(text)
    except URLError:
        return None
    if url.scheme not in HTTP_SCHEMES or url.target not in ("/", "") or url.has_credentials:
        return None
    return url.origin
