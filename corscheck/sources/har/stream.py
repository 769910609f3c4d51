"""A streaming HAR parser with bounded memory. It drops long strings (bodies, data URLs).

It reads ``log.entries``, and the creator, browser, version and pages from the rest of ``log``. Errors name line and
byte.
"""

from __future__ import annotations

import json
import re
from typing import IO, TYPE_CHECKING, Any, NoReturn

from corscheck.model.json_stream import JSONStream
from corscheck.sources.found import SourceError
from corscheck.sources.har.plain import read_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TEXT = 1 << 16
"""The maximum length of a string in bytes. A longer string is read as an empty one."""

LARGEST_ENTRY = 1 << 22
"""The maximum size of an entry in bytes, without its long strings. A larger one (WebSocket messages) is skipped."""

_OUTSIDE = re.compile(r'[^"{}\[\]]+')
_INSIDE = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SHORT = 4096
_SCALAR = re.compile(r"[-+.0-9A-Za-z]+")
_QUOTE = '"'
_DEEPEST = 200


class Stream(JSONStream):
    """A HAR file being read. ``head`` holds the other fields of ``log`` so far; ``dropped`` counts skipped entries.

    The buffer is Latin-1, one character for each byte of the file, once that is decompressed and in UTF-8.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        pieces = read_plain(file, name)
        super().__init__(lambda _: next(pieces, b"").decode("latin-1"))
        self._name = name
        self._before = 0
        self._lines = 0
        self.head: dict[str, Any] = {}
        self.dropped = 0

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield the entries in the order of the file. Raises ``SourceError``."""
        if self._peek() == "\xef" and self._text.startswith("\xef\xbb\xbf"):
            self._at += 3
        if self._peek() != "{":
            self._fail("no HAR file: expected a JSON object")
        found = False
        for name in self.names():
            if name == "log" and not found:
                found = True
                if self._peek() != "{":
                    self._fail("no HAR file: 'log' must be an object")
                yield from self._log()
            else:
                self.value()
        self.end()
        if not found:
            self._fail("no HAR file: it has no 'log'")

    def _log(self) -> Iterator[dict[str, Any]]:
        found = False
        for name in self.names():
            if name == "entries" and not found:
                found = True
                if self._peek() != "[":
                    self._fail("no HAR file: 'log.entries' must be a list")
                for entry in self.items():
                    if isinstance(entry, dict):
                        yield entry
                    else:
                        self.dropped += 1
            else:
                value = self.value()
                if name in ("creator", "browser", "pages", "version"):
                    self.head[name] = value
        if not found:
            self._fail("no HAR file: it has no 'log.entries'")

    def value(self) -> Any:
        """Parse the next value without its long strings. Return None if it is still too large."""
        first = self._peek()
        where = self._where()
        raw = bytearray()
        if first in ("{", "["):
            if self._nested(raw):
                return None
        elif first == _QUOTE:
            self._string(raw)
        else:
            while found := _SCALAR.match(self._text, self._at):
                raw += found[0].encode("latin-1")
                self._at = found.end()
                if self._at < len(self._text) or not self._fill():
                    break
            if not raw:
                self._fail("expected a value")
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            message = getattr(error, "msg", "") or str(error)
            raise SourceError(f"{self._name}, {where}: no JSON: {message[:1].lower()}{message[1:]}") from None

    def _nested(self, raw: bytearray) -> bool:
        """Append an object or array to ``raw``. Return whether it is too large, and so only skipped."""
        too_large = False
        ends: list[str] = []
        while True:
            if self._at >= len(self._text) and not self._fill():
                self._fail("the file ends too early")
            char = self._text[self._at : self._at + 1]
            if char == _QUOTE:
                self._string(raw)
            elif found := _OUTSIDE.match(self._text, self._at):
                raw += found[0].encode("latin-1")
                self._at = found.end()
            else:
                if char in ("{", "["):
                    ends.append("}" if char == "{" else "]")
                    if len(ends) > _DEEPEST:
                        self._fail("nested too deeply")
                elif ends.pop() != char:
                    self._fail(f"{char!r} closes nothing")
                raw += char.encode("latin-1")
                self._at += 1
                if not ends:
                    return too_large
            if len(raw) > LARGEST_ENTRY:
                too_large = True
                raw.clear()

    def _string(self, raw: bytearray) -> None:
        """Skip a string, and append it to ``raw``, as an empty one if it is too long."""
        raw += b'"'
        start, kept = len(raw), 0
        self._at += 1
        while True:
            end = self._inside()
            kept += end - self._at
            if kept <= LONGEST_TEXT:
                raw += self._text[self._at : end].encode("latin-1")
            else:
                del raw[start:]
            self._at = end
            if self._text[self._at : self._at + 1] == _QUOTE:
                self._at += 1
                raw += b'"'
                return
            # The buffer ends inside the string, perhaps after a backslash whose character is not read yet.
            if not self._fill():
                self._fail("the file ends within a text")

    def _inside(self) -> int:
        """Return where the string ends: at its quote, at the end of the buffer, or before a backslash at that end."""
        found = _INSIDE.match(self._text, self._at, self._at + _SHORT)
        assert found is not None
        end = found.end()
        if self._text[end : end + 1] == _QUOTE or len(self._text) <= self._at + _SHORT:
            return end
        # Bodies are long strings full of escaped quotes. Masking the escapes and searching is twice as fast as the
        # regex.
        rest = self._text[end:].replace("\\\\", "..").replace('\\"', "..")
        quote = rest.find(_QUOTE)
        if quote >= 0:
            return end + quote
        return len(self._text) - rest.endswith("\\")

    def _fill(self) -> bool:
        self._lines += self._text.count("\n", 0, self._at)
        self._before += self._at
        return super()._fill()

    def _where(self) -> str:
        line = self._lines + self._text.count("\n", 0, self._at) + 1
        return f"line {line}, byte {self._before + self._at}"

    def _fail(self, what: str) -> NoReturn:
        raise SourceError(f"{self._name}, {self._where()}: {what}")
