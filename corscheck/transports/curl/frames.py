"""What goes to and fro between a run and the process that carries its requests: whole messages over a socket."""

from __future__ import annotations

import marshal
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 18
"""How much is read at a time."""

MOST = 1000
"""What is kept under numbers, of requests and of answers each; then both sides begin anew."""

_LENGTH = struct.Struct("!I")


class Frames:
    """Whole messages out of what comes in pieces."""

    def __init__(self) -> None:
        self._data = bytearray()

    def of(self, data: bytes) -> Iterator[Any]:
        """The messages that are complete now."""
        self._data += data
        while len(self._data) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._data)[0]
            if len(self._data) < end:
                return
            message = marshal.loads(bytes(self._data[_LENGTH.size : end]))  # noqa: S302 - of our own making
            del self._data[:end]
            yield message


def framed(message: Any) -> bytes:
    """A message as it goes out."""
    data = marshal.dumps(message)
    return _LENGTH.pack(len(data)) + data
