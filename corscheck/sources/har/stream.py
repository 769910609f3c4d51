"""A streaming HAR parser with bounded memory. It drops long strings (bodies, data URLs).

It reads ``log.entries``, and the creator, browser, version and pages from the rest of ``log``. Errors name line and
byte.
"""

from __future__ import annotations

import json
import re
from typing import IO, TYPE_CHECKING, Any, NoReturn

from corscheck.sources.found import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 18
LONGEST_TEXT = 1 << 16
"""The maximum length of a string in bytes. A longer string is read as an empty one."""

LARGEST_ENTRY = 1 << 22
"""The maximum size of an entry in bytes, without its long strings. A larger one (WebSocket messages) is skipped."""

_OUTSIDE = re.compile(rb'[^"{}\[\]]+')
_INSIDE = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SHORT = 4096
_BLANKS = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[-+.0-9A-Za-z]+")
_OPEN, _CLOSE, _QUOTE = b"{[", b"}]", b'"'
_DEEPEST = 200


class Stream:
    """A HAR file being read. ``head`` holds the other fields of ``log`` so far; ``dropped`` counts skipped entries."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self._text = b""
        self._at = 0
        self._before = 0
        self._lines = 0
        self.head: dict[str, Any] = {}
        self.dropped = 0

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield the entries in the order of the file. Raises ``SourceError``."""
        if self._peek() == b"\xef" and self._text.startswith(b"\xef\xbb\xbf"):
            self._at += 3
        if self._peek() != b"{":
            self._fail("no HAR file: a JSON object was to be expected")
        found = False
        for name in self._names():
            if name == "log" and not found:
                found = True
                if self._peek() != b"{":
                    self._fail("no HAR file: 'log' must be an object")
                yield from self._log()
            else:
                self._value()
        if self._peek():
            self._fail("something follows the end of the JSON object")
        if not found:
            self._fail("no HAR file: it has no 'log'")

    def _log(self) -> Iterator[dict[str, Any]]:
        found = False
        for name in self._names():
            if name == "entries" and not found:
                found = True
                if self._peek() != b"[":
                    self._fail("no HAR file: 'log.entries' must be a list")
                for entry in self._items():
                    if isinstance(entry, dict):
                        yield entry
                    else:
                        self.dropped += 1
            else:
                value = self._value()
                if name in ("creator", "browser", "pages", "version"):
                    self.head[name] = value
        if not found:
            self._fail("no HAR file: it has no 'log.entries'")

    # ------------------------------------------------------------------ JSON structure

    def _names(self) -> Iterator[str]:
        self._take(b"{")
        if self._peek() == b"}":
            self._take(b"}")
            return
        while True:
            if self._peek() != _QUOTE:
                self._fail("a name in quotes was to be expected")
            name = self._value()
            self._take(b":")
            yield str(name)
            if self._peek() != b",":
                break
            self._take(b",")
        self._take(b"}")

    def _items(self) -> Iterator[Any]:
        self._take(b"[")
        if self._peek() == b"]":
            self._take(b"]")
            return
        while True:
            yield self._value()
            if self._peek() != b",":
                break
            self._take(b",")
        self._take(b"]")

    def _value(self) -> Any:
        """Parse the next value without its long strings. Return None if it is still too large."""
        first = self._peek()
        where = self._where()
        raw: bytearray | None = bytearray()
        if first in (b"{", b"["):
            raw = self._nested()
        elif first == _QUOTE:
            assert raw is not None
            self._string(raw)
        else:
            assert raw is not None
            while found := _SCALAR.match(self._text, self._at):
                raw += found[0]
                self._at = found.end()
                if self._at < len(self._text) or not self._fill():
                    break
            if not raw:
                self._fail("a value was to be expected")
        if raw is None:
            return None
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            message = getattr(error, "msg", "") or str(error)
            raise SourceError(f"{self._name}, {where}: no JSON: {message[:1].lower()}{message[1:]}") from None

    def _nested(self) -> bytearray | None:
        raw: bytearray | None = bytearray()
        ends: list[bytes] = []
        while True:
            if self._at >= len(self._text) and not self._fill():
                self._fail("the file ends too early")
            char = self._text[self._at : self._at + 1]
            if char == _QUOTE:
                self._string(raw)
            elif found := _OUTSIDE.match(self._text, self._at):
                if raw is not None:
                    raw += found[0]
                self._at = found.end()
            else:
                if char in (b"{", b"["):
                    ends.append(b"}" if char == b"{" else b"]")
                    if len(ends) > _DEEPEST:
                        self._fail("nested too deeply")
                elif ends.pop() != char:
                    self._fail(f"{char.decode()!r} closes nothing")
                if raw is not None:
                    raw += char
                self._at += 1
                if not ends:
                    return raw
            if raw is not None and len(raw) > LARGEST_ENTRY:
                raw = None

    def _string(self, raw: bytearray | None) -> None:
        """Skip a string, and append it to ``raw``, as an empty one if it is too long."""
        start = len(raw) if raw is not None else 0
        kept = 0
        self._at += 1
        if raw is not None:
            raw += _QUOTE
        while True:
            end = self._inside()
            kept += end - self._at
            if raw is not None:
                if kept <= LONGEST_TEXT:
                    raw += self._text[self._at : end]
                else:
                    del raw[start + 1 :]
            self._at = end
            if self._text[self._at : self._at + 1] == _QUOTE:
                self._at += 1
                if raw is not None:
                    raw += _QUOTE
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
        rest = self._text[end:].replace(b"\\\\", b"..").replace(b'\\"', b"..")
        quote = rest.find(_QUOTE)
        if quote >= 0:
            return end + quote
        return len(self._text) - rest.endswith(b"\\")

    def _peek(self) -> bytes:
        while True:
            found = _BLANKS.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at : self._at + 1]
            if not self._fill():
                return b""

    def _take(self, wanted: bytes) -> None:
        found = self._peek()
        if found != wanted:
            what = "the end of the file" if not found else repr(found.decode("latin-1"))
            self._fail(f"{wanted.decode()!r} was to be expected, not {what}")
        self._at += 1

    def _fill(self) -> bool:
        more = self._file.read(_CHUNK)
        done, self._text = self._text[: self._at], self._text[self._at :] + more
        self._lines += done.count(b"\n")
        self._before += len(done)
        self._at = 0
        return bool(more)

    def _where(self) -> str:
        line = self._lines + self._text.count(b"\n", 0, self._at) + 1
        return f"line {line}, byte {self._before + self._at}"

    def _fail(self, what: str) -> NoReturn:
        raise SourceError(f"{self._name}, {self._where()}: {what}")
