"""Cutting and wrapping of text. This module knows neither results nor colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ELLIPSIS = "..."


def cut(text: str, width: int) -> str:
    """Return the text in at most ``width`` columns. A longer text ends in an ellipsis."""
    if len(text) <= width:
        return text
    return text[: max(width - len(ELLIPSIS), 0)].rstrip() + ELLIPSIS[:width]


def wrap(text: str, width: int, indent: int, first: str = "") -> list[str]:
    """Wrap a text into lines of at most ``width`` columns.

    The first line starts with ``first``, padded to ``indent``, the others with ``indent`` blanks. Words are never broken:
    a long URL stays whole and may exceed the width. A line of the text that starts with a blank is code and is not wrapped.
    """
    margin = " " * indent
    out: list[str] = []
    start = first.ljust(indent)
    for paragraph in text.split("\n"):
        if paragraph.startswith(" "):
            out.append((start + paragraph).rstrip())
            start = margin
            continue
        line, empty = start, True
        for word in _words(paragraph):
            if not empty and len(line.rstrip()) + len(word) > width:
                out.append(line.rstrip())
                line, word, empty = margin, word.lstrip(), True
            line += word.lstrip() if empty else word
            empty = False
        out.append(line.rstrip())
        start = margin
    return out


def _words(paragraph: str) -> list[str]:
    """Split a paragraph into words, each with the blanks before it, so that two blanks before a command stay two."""
    words: list[str] = []
    blanks = ""
    for part in paragraph.split(" "):
        if part:
            words.append(blanks + part)
            blanks = " "
        else:
            blanks += " "
    return words


def counted(counts: Mapping[str, int]) -> str:
    """Return counts as text, e.g. ``1 high, 2 low``; empty if there are none."""
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def milliseconds(elapsed: float) -> str:
    """Return a duration as ``4 ms`` or ``1.2 s``."""
    return f"{elapsed:.0f} ms" if elapsed < 999.5 else f"{elapsed / 1000:.1f} s"
