"""Values of a document as text, in style ``simple`` (OpenAPI, *Style Values*): always short of Python's limits."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

_DEEPEST = 3
"""The maximum depth of arrays and objects. YAML's aliases can make one value endlessly large."""


def text_of(value: Any, depth: int = 0) -> str:
    """Serialize a value in style ``simple``: ``a,b`` for an array, ``n,1`` for an object."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or depth > _DEEPEST:
        return ""
    if isinstance(value, (list, tuple)):
        return ",".join(text_of(v, depth + 1) for v in value[:20])
    if isinstance(value, dict):
        return ",".join(f"{text_of(k)},{text_of(v, depth + 1)}" for k, v in list(value.items())[:20])
    try:
        return str(value)
    except ValueError:  # YAML writes integers of any length in hexadecimal, and Python prints no more than 4,300 digits
        return "sample"


def in_url(value: Any) -> str:
    """Serialize a value in style ``simple``, percent-encoded for a path segment or a query value."""
    return quote(text_of(value).encode("utf-8", "replace"), safe=",") or "-"
