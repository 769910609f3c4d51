"""``-F``: the body that a browser sends for a ``FormData`` (HTML, *multipart/form-data encoding*)."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.model.hidden import MASK
from corscheck.model.masking import hide_url
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.cli.ask.inputs import Inputs

_PARAMETER = re.compile(r';\s*(type|filename)=("(?:\\.|[^"\\])*"|[^;]*(?:;\s*charset=[^;]*)?)', re.IGNORECASE)
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")


class FormPart(Struct, frozen=True):
    """An entry of the form; an entry with a ``filename`` is a file."""

    name: str
    content: bytes
    filename: str | None = None
    content_type: str | None = None


def form(texts: Sequence[str], inputs: Inputs) -> tuple[bytes, str]:
    """Return the body for ``-F`` options and its Content-Type."""
    parts = [parse(text, inputs) for text in texts]
    limit = boundary(parts)
    return encode(parts, limit), f"multipart/form-data; boundary={limit}"


def parse(text: str, inputs: Inputs) -> FormPart:
    """Parse ``name=value``, ``name=@file;type=...;filename=...`` or ``name=<file`` (the content as a plain field)."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError(f"-F {MASK} is not part of a form: write name=value, or name=@file for an upload")
    if value[:1] not in ("@", "<"):
        value, options = _options(value)
        hide_url(f"?{name}={value}")
        return FormPart(name, os.fsencode(value), options.get("filename"), options.get("type"))
    path, options = _options(value[1:])
    content = inputs.read(path.strip('"'), "-F")
    if value[0] == "<":
        return FormPart(name, content, options.get("filename"), options.get("type"))
    filename = options.get("filename", PurePath(path.strip('"')).name)
    guessed = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    return FormPart(name, content, filename, options.get("type", guessed))


def _options(value: str) -> tuple[str, dict[str, str]]:
    """Split a value from its ``;type=`` and ``;filename=``."""
    found: dict[str, str] = {}
    first = len(value)
    for match in _PARAMETER.finditer(value):
        first = min(first, match.start())
        text = match[2].strip()
        if text[:1] == '"':
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        found[match[1].lower()] = text
    return value[:first], found


def boundary(parts: Sequence[FormPart]) -> str:
    """Return a boundary that no part contains. It is derived from the content, so that equal runs send equal bytes."""
    text = repr(parts)
    while True:
        text = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        limit = f"----corscheckFormBoundary{text[:16]}"
        if not any(limit.encode() in part.content for part in parts):
            return limit


def encode(parts: Sequence[FormPart], limit: str) -> bytes:
    """Return the body. HTML demands CR LF in names and plain values; the content of files is unchanged."""
    out = bytearray()
    for part in parts:
        out += f'--{limit}\r\nContent-Disposition: form-data; name="'.encode() + _escaped(part.name) + b'"'
        content = part.content
        if part.filename is not None:
            out += b'; filename="' + _escaped(part.filename) + b'"'
        else:
            content = _LINE_BREAK.sub(b"\r\n", content)
        if part.content_type is not None:
            out += b"\r\nContent-Type: " + os.fsencode(part.content_type)
        out += b"\r\n\r\n" + content + b"\r\n"
    return bytes(out) + f"--{limit}--\r\n".encode()


def _escaped(name: str) -> bytes:
    text = _LINE_BREAK.sub(b"\r\n", os.fsencode(name))
    return text.replace(b"\r", b"%0D").replace(b"\n", b"%0A").replace(b'"', b"%22")
