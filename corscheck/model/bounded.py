"""Bounded reading of input files: no file, pipe or device can fill the memory.

``/dev/zero`` has no end, and a sparse file is gigabytes of nothing. Each input has a limit that no honest one comes near.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 20
MEBIBYTE = 1 << 20

LARGEST = 64 * MEBIBYTE
"""The limit of what is held in memory whole: a body, an OpenAPI document, one value of a report."""

LONGEST_LINE = 16 * MEBIBYTE
"""The limit of one line where a file is read line by line."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def readline(self, size: int, /) -> bytes: ...


def read_all(file: _Readable, what: str, most: int = LARGEST) -> bytes:
    """Return all of a file. Raises ``ConfigError``, which begins with ``what``, if it is longer than ``most`` bytes."""
    found = bytearray()
    while len(found) <= most and (chunk := file.read(min(_CHUNK, most + 1 - len(found)))):
        found += chunk
    if len(found) > most:
        raise too_large(what, most)
    return bytes(found)


def lines_of(file: _Readable, what: str, most: int = LONGEST_LINE) -> Iterator[bytes]:
    """Yield the lines of a file. Raises ``ConfigError``, which begins with ``what``, at one longer than ``most`` bytes."""
    number = 0
    while line := file.readline(most + 1):
        number += 1
        if len(line) > most:
            raise too_large(f"{what}, line {number}", most)
        yield line


def too_large(what: str, most: int) -> ConfigError:
    """Return the error for an input that is too large."""
    size = f"{most // MEBIBYTE} MiB"
    return ConfigError(f"{what}: larger than {size}, the limit that keeps memory bounded. Use a smaller file.")
