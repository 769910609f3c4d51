"""JSON encoding, decoding and schemas of results and audits."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_T = TypeVar("_T")

_NOT_PRINTABLE = re.compile("[\x7f-\U0010ffff]")


def encode(value: Any) -> bytes:
    """Encode a value as compact JSON in ASCII, with the bytes of ``json.dumps`` and ``separators=(",", ":")``.

    ASCII only, so that no control or bidi character from a server reaches a terminal that shows the file.
    """
    try:
        data = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a lone surrogate, e.g. in a file name: JSON can escape it, but UTF-8 cannot encode it
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode("ascii")
    if data.isascii() and b"\x7f" not in data:
        return data
    return _NOT_PRINTABLE.sub(_escape, data.decode()).encode("ascii")


def decode(data: Mapping[str, Any], kind: type[_T]) -> _T:
    """Convert plain JSON data to a value. Fields that ``kind`` does not have are ignored.

    Raises ``ValueError`` with the path of the invalid field (``Expected `str`, got `int` - at `$.url```).
    """
    return msgspec.convert(data, kind)


def to_plain(value: Any) -> Any:
    """Return a value as dicts, lists, strings and numbers."""
    return json.loads(encode(value))


def schema(kinds: Iterable[type]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the JSON Schemas of value types, and by name the definitions that they refer to (``#/$defs/NAME``)."""
    found, definitions = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return list(found), definitions


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
