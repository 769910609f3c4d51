"""A streaming JSON reader for one big object: member by member, and its arrays item by item, with bounded memory."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from corscheck.model.bounded import LARGEST, MEBIBYTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 1 << 16
_BLANKS = re.compile(r"[ \t\r\n]*")


class JSONStream:
    """Reads a text from its start. Raises ``ValueError`` if it is not JSON. ``read`` returns about as much as it is asked.

    After each name that ``names`` yields, the caller must take its value: whole with ``value``, or with ``items`` or
    ``names`` one by one.
    """

    def __init__(self, read: Callable[[int], str]) -> None:
        self._read = read
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0

    def names(self) -> Iterator[str]:
        """Yield the names in the object that is next."""
        self._take("{")
        more = self._peek() != "}"
        while more:
            if self._peek() != '"':
                self._fail("expected a name in quotes")
            name = self.value()
            self._take(":")
            yield str(name)
            more = self._comma()
        self._take("}")

    def items(self) -> Iterator[Any]:
        """Yield the items of the array that is next."""
        self._take("[")
        more = self._peek() != "]"
        while more:
            yield self.value()
            more = self._comma()
        self._take("]")

    def value(self) -> Any:
        """Return the value that is next, whole."""
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except ValueError:
                if not self._fill():
                    raise
                continue
            # A number that ends with the buffer may continue in the next chunk.
            if end == len(self._text) and self._fill():
                continue
            self._at = end
            return value

    def more(self) -> bool:
        """Whether anything follows."""
        return bool(self._peek())

    def end(self) -> None:
        """Check that nothing follows the object."""
        if self.more():
            self._fail("something follows the end of the JSON object")

    def _peek(self) -> str:
        """Skip whitespace, and return the next character; empty at the end."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def _take(self, wanted: str) -> None:
        found = self._peek()
        if found != wanted:
            self._fail(f"expected {wanted!r}, found {repr(found) if found else 'the end of the file'}")
        self._at += 1

    def _comma(self) -> bool:
        """Skip a comma. Return whether there was one."""
        found = self._peek() == ","
        self._at += found
        return found

    def _fill(self) -> bool:
        """Read on. A long rest doubles, so that a long value is decoded only a few times."""
        rest = self._text[self._at :]
        if len(rest) > LARGEST:
            self._fail(f"a value is longer than {LARGEST // MEBIBYTE} MiB")
        more = self._read(max(_CHUNK, len(rest)))
        self._text, self._at = rest + more, 0
        return bool(more)

    def _fail(self, what: str) -> NoReturn:
        raise ValueError(what)
