"""One big JSON object read member by member, and its arrays item by item, without holding the text of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

_CHUNK = 1 << 16
_WHITESPACE = " \t\r\n"


class JSONDocument:
    """Reads a file from its start. Raises ``ValueError`` where it is no JSON object.

    After each name that ``names`` yields its value must be taken, by ``value`` whole or by ``items`` one by one.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0

    def names(self) -> Iterator[str]:
        """The names of the object's members, in order."""
        self._take("{")
        if self._peek() != "}":
            while True:
                name = self.value()
                if not isinstance(name, str):
                    # Of the text, not of an argument.
                    raise ValueError("a name was to be expected")  # noqa: TRY004
                self._take(":")
                yield name
                if self._peek() != ",":
                    break
                self._take(",")
        self._take("}")
        if self._peek():
            raise ValueError("something follows the end")

    def items(self) -> Iterator[Any]:
        """The items of the array that is next."""
        self._take("[")
        if self._peek() != "]":
            while True:
                yield self.value()
                if self._peek() != ",":
                    break
                self._take(",")
        self._take("]")

    def value(self) -> Any:
        """The value that is next, whole."""
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except ValueError:
                if not self._fill():
                    raise
                continue
            # A number that ends where the buffer does may go on behind it.
            if end == len(self._text) and self._fill():
                continue
            self._at = end
            return value

    def _peek(self) -> str:
        """The next character that is no whitespace, or nothing at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _WHITESPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._fill():
                return ""

    def _take(self, wanted: str) -> None:
        found = self._peek()
        if found != wanted:
            raise ValueError(f"{wanted!r} was to be expected, not {found!r}")
        self._at += 1

    def _fill(self) -> bool:
        """Read on, twice as much when what is there is long already: a long value is tried a few times only."""
        rest = self._text[self._at :]
        more = self._file.read(max(_CHUNK, len(rest)))
        self._text, self._at = rest + more, 0
        return bool(more)
