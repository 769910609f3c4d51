"""Line numbers of the tables, keys and array elements of a TOML text.

``tomllib`` returns values without positions. This module parses the same text again for the positions, and only if they
are needed. The text must be valid TOML, i.e. ``tomllib`` must have parsed it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Path: TypeAlias = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACES = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^,\]}\n#]+")
_BASIC = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_LITERAL = re.compile(r"'''.*?'{3,5}|'[^'\n]*'", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_SIMPLE = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


class Positions:
    """The positions in a text, by path, e.g. ``("check", 1, "origins", 0)``."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._breaks = [m.start() for m in re.finditer("\n", text)]
        self._at: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}
        self._read()

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line (from 1) of a path, or of its nearest parent that has a position."""
        for end in range(len(path), 0, -1):
            at = self._at.get(tuple(path[:end]))
            if at is not None:
                return bisect_right(self._breaks, at - 1) + 1
        return 1

    def _read(self) -> None:
        text, here, at = self._text, (), 0
        table: Path = here
        while (at := self._skip(at)) < len(text):
            if text.startswith("[[", at):
                keys, end = self._keys(at + 2)
                parent = self._resolved(keys[:-1])
                whole = (*parent, keys[-1])
                index = self._arrays.get(whole, -1) + 1
                self._arrays[whole] = index
                self._at.setdefault(whole, at)
                table = (*whole, index)
                self._at[table] = at
                at = end + 2
            elif text[at] == "[":
                keys, end = self._keys(at + 1)
                table = self._resolved(keys)
                self._mark(table, at)
                at = end + 1
            else:
                at = self._pair(table, at)

    def _resolved(self, keys: Path) -> Path:
        """Return the path of a table header. A part that is an array of tables means its last table."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def _mark(self, path: Path, at: int) -> None:
        """Record the position of a path, and of its parents if they have none."""
        for end in range(1, len(path)):
            self._at.setdefault(path[:end], at)
        self._at[path] = at

    def _pair(self, table: Path, at: int) -> int:
        start = at
        keys, at = self._keys(at)
        path = (*table, *keys)
        self._mark(path, start)
        return self._value(path, self._skip(at + 1))

    def _keys(self, at: int) -> tuple[Path, int]:
        """Parse a dotted key. Return its parts and the position after it."""
        keys: list[str] = []
        while True:
            at = self._after(_SPACES, at)
            quoted = {'"': _BASIC, "'": _LITERAL}.get(self._text[at])
            end = self._after(quoted or _BARE, at)
            word = self._text[at:end]
            keys.append(word if quoted is None else _unescaped(word[1:-1]) if quoted is _BASIC else word[1:-1])
            at = self._after(_SPACES, end)
            if self._text[at : at + 1] != ".":
                return tuple(keys), at
            at += 1

    def _value(self, path: Path, at: int) -> int:
        """Record the positions inside a value. Return the position after it."""
        first = self._text[at]
        if first == "[":
            return self._array(path, at)
        if first == "{":
            at = self._skip(at + 1)
            while self._text[at] != "}":
                at = self._skip(self._pair(path, at))
                if self._text[at] == ",":
                    at = self._skip(at + 1)
            return at + 1
        return self._after({'"': _BASIC, "'": _LITERAL}.get(first, _SCALAR), at)

    def _array(self, path: Path, at: int) -> int:
        at, index = self._skip(at + 1), 0
        while self._text[at] != "]":
            self._at[*path, index] = at
            at = self._skip(self._value((*path, index), at))
            index += 1
            if self._text[at] == ",":
                at = self._skip(at + 1)
        return at + 1

    def _skip(self, at: int) -> int:
        return self._after(_BLANK, at)

    def _after(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self._text, at)
        assert found is not None, f"no TOML at {at}"
        return found.end()


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else _SIMPLE.get(found[3], found[3])

    return _ESCAPE.sub(one, text)


def check_lines(text: str, prefix: Path, count: int) -> list[int]:
    """Return the line of each ``[[check]]``: by a regex if that is safe, otherwise by parsing the whole text."""
    if '"""' not in text and "'''" not in text:
        header = re.escape(".".join(str(p) for p in (*prefix, "check")))
        lines: list[int] = []
        line, last = 1, 0
        for found in re.finditer(rf"^[ \t]*\[\[{header}\]\]", text, re.MULTILINE):
            line += text.count("\n", last, found.start())
            last = found.start()
            lines.append(line)
        if len(lines) == count:
            return lines
    places = Positions(text)
    return [places.line((*prefix, "check", index)) for index in range(count)]
