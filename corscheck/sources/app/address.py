"""Where an application in process is, for the browser's rules."""

from __future__ import annotations

BASE = "http://app.localhost"
"""Where an application in process is, for the browser's rules."""


def absolute(url: str) -> str:
    """The URL of a path in the application; anything else as it is."""
    return BASE + url if url.startswith("/") else url
