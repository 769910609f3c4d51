"""Splitting of command lines into words like bash: all kinds of quotes, escapes, continued lines and variables.

Expansions that need a shell (command substitution, arithmetic) are errors with their position. Redirections and pipes
are skipped, because they do not change the request. Source: the GNU Bash manual, *Quoting* and *ANSI-C Quoting*. There
is one deviation: Firefox and Safari escape a character above U+FFFF as two surrogates. Bash turns these into bytes that
no browser sent; this module combines them into the character.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.sources import typographic
from corscheck.sources.found import SourceError, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLAIN = re.compile(r"[^ \t\r\n'\"\\$`|&;<>()]+")
_IN_DOUBLE = re.compile(r'[^"\\$`]+')
_NAME = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})", re.ASCII)
_SINGLE = re.compile(r"'([^']*)'")
_ANSI = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|c(.)|(.))", re.DOTALL
)
_LETTERS = {"a": 7, "b": 8, "e": 27, "E": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL | re.ASCII)
_HOME = re.compile(r"~(?=[/\s]|$)")
_BLANKS_THEN_BREAK = re.compile(r"\\[ \t]+\r?\n")


class Word(Struct, frozen=True):
    """A word and its offset in the text. Bytes that are not UTF-8 are lone surrogates, as in ``sys.argv``."""

    text: str
    offset: int


def commands(text: str, variables: Mapping[str, str]) -> Iterator[list[Word]]:
    """Yield the words of each command, in order. Commands that only assign variables are applied and not yielded.

    Raises ``SourceError`` with the position.
    """
    return _Reader(text, dict(variables)).commands()


class _Reader(Struct):
    text: str
    variables: dict[str, str]
    at: int = 0

    def commands(self) -> Iterator[list[Word]]:
        while self.at < len(self.text):
            words = self._command()
            # Drop a prompt that was copied with the command.
            if words and words[0].text in ("$", "%", "#"):
                words = words[1:]
            assigned = [_ASSIGNMENT.fullmatch(w.text) for w in words if w.text != "export"]
            if all(assigned):
                self.variables.update((m[1], m[2]) for m in assigned if m is not None)
            else:
                yield words

    def _command(self) -> list[Word]:
        words: list[Word] = []
        kept = words
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\n" or char == ";":
                self.at += 1
                break
            if char in " \t\r":
                self.at += 1
            elif self._continued():
                pass
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char in "&|":
                self.at += 1
                if self.text.startswith(char, self.at) or char == "&":
                    self.at += self.text.startswith(char, self.at)
                    break
                # The commands after a pipe are not part of the request.
                words = []
            elif char in "<>":
                self._redirection(words)
            elif char in "()":
                raise self._error("a parenthesis: only plain commands can be read, quote it if it belongs to a word")
            else:
                words.append(self._word())
        return kept

    def _redirection(self, words: list[Word]) -> None:
        """Skip a redirection with its file, and the file descriptor before it."""
        if words and words[-1].text.isdigit() and words[-1].offset + len(words[-1].text) == self.at:
            words.pop()
        found = re.compile(r"<<|<\(|>\(|[<>]+&?\|?").match(self.text, self.at)
        assert found is not None
        if found[0] not in (">", ">>", "<", ">&", ">|"):
            raise self._error(f"{found[0]!r}: write what it stands for into the command")
        self.at = found.end()
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        if self.at < len(self.text) and self.text[self.at] not in "\n;&|<>()":
            self._word()

    def _continued(self) -> bool:
        """Skip an escaped line break. Return whether there was one."""
        for end in ("\\\n", "\\\r\n"):
            if self.text.startswith(end, self.at):
                self.at += len(end)
                return True
        return False

    def _word(self) -> Word:
        start, out = self.at, bytearray()
        if _HOME.match(self.text, self.at) and "HOME" in self.variables:
            out += _bytes(self.variables["HOME"])
            self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if found := _PLAIN.match(self.text, self.at):
                self._check_typographic(found[0], start)
                out += _bytes(found[0])
                self.at = found.end()
            elif char == "'":
                out += _bytes(self._match(_SINGLE, "the ' that starts here is not closed")[1])
            elif char == '"':
                self._double(out)
            elif char == "\\":
                self._backslash(out)
            elif char == "$":
                self._dollar(out, quoted=False)
            elif char == "`":
                raise self._error("a command substitution: write what it stands for")
            else:
                break
        return Word(out.decode("utf-8", "surrogateescape"), start)

    def _check_typographic(self, text: str, start: int) -> None:
        """Name a typographic character outside of quotes: the shell takes it for a part of the word."""
        if text.isascii():
            return
        for index, char in enumerate(text):
            if char in typographic.NAMES and (char not in typographic.DASHES or self.at + index == start):
                self.at += index
                raise self._error(typographic.describe(char))

    def _backslash(self, out: bytearray) -> None:
        if self._continued():
            return
        if _BLANKS_THEN_BREAK.match(self.text, self.at):
            raise self._error("blanks between the backslash and the end of the line: the command ends here for bash")
        out += _bytes(self.text[self.at + 1 : self.at + 2] or "\\")
        self.at += 2

    def _double(self, out: bytearray) -> None:
        start = self.at
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if found := _IN_DOUBLE.match(self.text, self.at):
                out += _bytes(found[0])
                self.at = found.end()
            elif char == '"':
                self.at += 1
                return
            elif char == "\\":
                if self._continued():
                    continue
                after = self.text[self.at + 1 : self.at + 2]
                out += _bytes(after if after and after in '$`"\\' else char + after)
                self.at += 2
            elif char == "$":
                self._dollar(out, quoted=True)
            else:
                raise self._error("a command substitution: write what it stands for")
        self.at = start
        raise self._error('the " that starts here is not closed' + typographic.hint(self.text[start:]))

    def _dollar(self, out: bytearray, *, quoted: bool) -> None:
        if not quoted and self.text.startswith("$'", self.at):
            out += _ansi(self._match(_ANSI, "the $' that starts here is not closed")[1])
            return
        if not quoted and self.text.startswith('$"', self.at):
            self.at += 1
            self._double(out)
            return
        found = _NAME.match(self.text, self.at)
        if found is None:
            if re.compile(r"\$[({\[\w?$!@*#-]").match(self.text, self.at):
                raise self._error("an expansion that only a shell can make: write what it stands for")
            out += b"$"
            self.at += 1
            return
        name = found[1] or found[2]
        value = self.variables.get(name)
        if value is None:
            raise self._error(f"the variable ${name} is not set: export it, or write its value")
        if not quoted and re.search(r"\s", value):
            raise self._error(f'${name} holds blanks: bash would make several words of it, write "${name}"')
        out += value.encode("utf-8", "surrogateescape")
        self.at = found.end()

    def _match(self, pattern: re.Pattern[str], otherwise: str) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise self._error(otherwise + typographic.hint(self.text[self.at :]))
        self.at = found.end()
        return found

    def _error(self, what: str) -> SourceError:
        return SourceError(f"{place(self.text, self.at)}: {what}")


def _bytes(text: str) -> bytes:
    # Pasted text may contain a lone surrogate, which has no UTF-8 encoding.
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _ansi(text: str) -> bytes:
    """Decode the text between ``$'`` and ``'``. A NUL ends it, as in bash."""
    out = bytearray()
    at, high = 0, None
    for found in _ESCAPE.finditer(text):
        between = text[at : found.start()]
        if high is not None and (between or found[3] is None):
            out += _character(high)
            high = None
        out += _bytes(between)
        at = found.end()
        octal, byte, four, eight, control, letter = found.groups()
        if four is not None or eight is not None:
            point = int(four or eight, 16)
            if high is not None and 0xDC00 <= point <= 0xDFFF:
                point = 0x10000 + ((high - 0xD800) << 10) + (point - 0xDC00)
                high = None
            elif high is not None:
                out += _character(high)
                high = None
            if 0xD800 <= point <= 0xDBFF:
                high = point
                continue
            value = _character(point)
        elif octal is not None or byte is not None:
            value = bytes([int(octal, 8) & 0xFF if octal is not None else int(byte, 16)])
        elif control is not None:
            value = bytes([ord(control.upper()) & 0x1F]) if control.isascii() else _bytes(control)
        elif letter in _LETTERS:
            value = bytes([_LETTERS[letter]])
        else:
            value = _bytes(letter if letter in "\\'\"?" else "\\" + letter)
        if value == b"\0":
            return bytes(out)
        out += value
    if high is not None:
        out += _character(high)
    return bytes(out + _bytes(text[at:]))


def _character(point: int) -> bytes:
    """Encode a code point as UTF-8, and a lone surrogate like bash does."""
    return chr(point).encode("utf-8", "surrogatepass") if point <= 0x10FFFF else b"\xef\xbf\xbd"
