"""Typographic quotes, dashes and blanks, which word processors and chats put in the place of what was typed."""

from __future__ import annotations

import unicodedata

_QUOTES = dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4", "'") | dict.fromkeys(
    "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'
)
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"

NAMES = {
    **_QUOTES,
    **dict.fromkeys(DASHES, "- before one letter, -- before a long name"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", "a plain space"),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", "nothing in its place"),
}
"""What to type instead of each character."""


def describe(char: str) -> str:
    """Say which character of ``NAMES`` this is, and what to type instead."""
    name = unicodedata.name(char).lower()
    return f"{char!r} (U+{ord(char):04X}, {name}) is a typographic character: type {NAMES[char]}"


def hint(text: str) -> str:
    """Return the same of the first typographic quote in a text whose quotes do not close; else an empty string."""
    char = next((char for char in text if char in _QUOTES), None)
    return f"; {describe(char)}" if char is not None else ""
