"""The URL of an in-process application."""

from __future__ import annotations

BASE = "http://app.localhost"
"""The base URL under which the browser rules see an in-process application."""


def absolute(url: str) -> str:
    """Turn a path into a URL of the application; return anything else unchanged."""
    return BASE + url if url.startswith("/") else url
