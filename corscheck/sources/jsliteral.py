"""Parser for JavaScript literals: strings in three kinds of quotes, numbers, arrays and objects.

Browsers copy JSON. Hand-written code has unquoted names, single quotes, trailing commas and comments. Postman's
snippets build headers and forms with ``new``, and name them. Anything else that must be evaluated is an error with its
position: a template with ``${...}``, an unknown variable, or a call other than ``JSON.stringify``.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal, cast
from urllib.parse import parse_qsl

from msgspec import Struct

from corscheck.sources import typographic
from corscheck.sources.found import SourceError, place

_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*")
_TEXTS = {
    "'": re.compile(r"'((?:[^'\\\n]|\\.)*)'", re.DOTALL),
    '"': re.compile(r'"((?:[^"\\\n]|\\.)*)"', re.DOTALL),
    "`": re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL),
}
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(\r\n|.))", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_DEEPEST = 60


class PairList(Struct):
    """A ``Headers``, ``URLSearchParams`` or ``FormData`` object: names and values in order."""

    kind: Literal["Headers", "URLSearchParams", "FormData"]
    pairs: list[Any]


_NEW = re.compile(r"new\s+(Headers|URLSearchParams|FormData)\s*\(")


class Reader:
    """Reads a text from offset ``at``. Raises ``SourceError`` with the position of anything that is not a literal."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at
        self.variables: dict[str, Any] = {}
        self._depth = 0

    def skip(self) -> None:
        """Skip whitespace and comments."""
        if found := _BLANK.match(self.text, self.at):
            self.at = found.end()

    def peek(self) -> str:
        """Skip whitespace and comments, and return the next character; empty at the end."""
        self.skip()
        return self.text[self.at : self.at + 1]

    def take(self, wanted: str) -> None:
        """Skip ``wanted``, or raise ``SourceError`` if the text continues differently."""
        self.skip()
        if not self.text.startswith(wanted, self.at):
            # A quoted text may be a secret: of one that is in the wrong place only its quote is shown.
            ahead = re.match(r"['\"`]|[^'\"`]{0,20}", self.text[self.at :])
            found = repr(ahead[0]) if ahead is not None and ahead[0] else "the end"
            raise self.error(f"expected {wanted!r}, found {found}")
        self.at += len(wanted)

    def error(self, what: str) -> SourceError:
        """Build an error for the current position."""
        return SourceError(f"{place(self.text, self.at)}: {what}")

    def value(self) -> Any:
        """Parse the next value."""
        char = self.peek()
        if char in _TEXTS:
            return self.string()
        if char == "{":
            return self._nested(self._object)
        if char == "[":
            return self._nested(self._array)
        if found := _NUMBER.match(self.text, self.at):
            self.at = found.end()
            return float(found[0]) if set(found[0]) & set(".eE") else int(found[0][:400])
        found = _WORD.match(self.text, self.at)
        if found is not None and found[0] in _WORDS:
            self.at = found.end()
            return _WORDS[found[0]]
        if found is not None and found[0] in self.variables:
            self.at = found.end()
            return self.variables[found[0]]
        if made := _NEW.match(self.text, self.at):
            self.at = made.end()
            return self._pair_list(cast("Any", made[1]))
        if found is not None and found[0] == "JSON.stringify":
            self.at = found.end()
            self.take("(")
            value = self.value()
            while self.peek() == ",":
                # A replacer and an indentation: they change blanks only.
                self.take(",")
                self.value()
            self.take(")")
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if char in typographic.NAMES:
            raise self.error(typographic.describe(char))
        what = (
            f"{found[0]!r} is not known here"
            if found is not None
            else f"{char!r} is not a value"
            if char
            else "the end"
        )
        raise self.error(f"{what}: only literals can be read, write the value itself")

    def string(self) -> str:
        """Parse the next string."""
        quote = self.peek()
        found = _TEXTS[quote].match(self.text, self.at) if quote in _TEXTS else None
        if found is None:
            raise self.error(f"the {quote} that starts here is not closed" if quote in _TEXTS else "no text in quotes")
        if quote == "`" and re.search(r"(?<!\\)\$\{", found[1]):
            raise self.error("a template with ${...}: write the text itself")
        self.at = found.end()
        text = _ESCAPE.sub(_unescaped, found[1])
        # Two escaped surrogates make one character.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not text.isascii() else text

    def _pair_list(self, kind: Literal["Headers", "URLSearchParams", "FormData"]) -> PairList:
        value = self.value() if self.peek() != ")" else {}
        self.take(")")
        if isinstance(value, str):
            value = parse_qsl(value.removeprefix("?"), keep_blank_values=True)
        return PairList(kind, list(value.items()) if isinstance(value, dict) else pairs_of(value))

    def _nested(self, read: Any) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.error("nested too deeply")
        value = read()
        self._depth -= 1
        return value

    def _array(self) -> list[Any]:
        found: list[Any] = []
        self.take("[")
        while self.peek() != "]":
            found.append(self.value())
            if self.peek() != "]":
                self.take(",")
        self.take("]")
        return found

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.take("{")
        while self.peek() != "}":
            if self.peek() in _TEXTS:
                name = self.string()
            elif word := re.compile(r"[A-Za-z_$][\w$]*|\d+").match(self.text, self.at):
                name, self.at = word[0], word.end()
            else:
                raise self.error("expected the name of a property")
            self.take(":")
            found[name] = self.value()
            if self.peek() != "}":
                self.take(",")
        self.take("}")
        return found


def pairs_of(value: Any) -> list[Any]:
    """Return the pairs of a list or of another object with pairs; an empty list for anything else."""
    if isinstance(value, PairList):
        return list(value.pairs)
    return list(value) if isinstance(value, list) else []


def _unescaped(found: re.Match[str]) -> str:
    point, four, byte, letter = found.groups()
    digits = point or four or byte
    if digits is not None:
        value = int(digits, 16)
        return chr(value) if value <= 0x10FFFF else "\ufffd"
    return _LETTERS.get(letter, letter)
