"""Wrapping, cutting and tables of the terminal views, by rich: wide characters take the two columns that they take.

Text is handed to rich as text, never as markup. This module knows no results.
"""

from __future__ import annotations

from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from corscheck.report.text.style import PLAIN, STYLES, Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Cell", "Text", "cell_len", "cut", "grid", "grid_lines", "ljust", "wrap"]

Cell = str | tuple[str, str]
"""A text, or the kind of a style and a text."""


@cache
def _console(width: int, color: bool) -> Console:
    """Return a console that renders for others: it prints nothing, and asks nothing of the terminal."""
    return Console(
        file=StringIO(), width=width, force_terminal=color, color_system="standard" if color else None,
        markup=False, highlight=False, emoji=False, legacy_windows=False,
    )  # fmt: skip


def cut(text: str, width: int) -> str:
    """Return the text in at most ``width`` columns. A longer text ends in an ellipsis."""
    if len(text) <= width and text.isascii():
        return text
    found = Text(text)
    found.truncate(max(width, 1), overflow="ellipsis")
    return found.plain


def ljust(text: str, width: int) -> str:
    """Pad a text with blanks to ``width`` columns; a longer one stays as it is."""
    return text if cell_len(text) >= width else set_cell_size(text, width)


def wrap(text: str, width: int, indent: int, first: str = "") -> list[str]:
    """Wrap a text into lines of at most ``width`` columns.

    The first line starts with ``first``, padded to ``indent``, the others with ``indent`` blanks. Words are never broken:
    a long URL stays whole and may exceed the width. A line of the text that starts with a blank is code and is not wrapped.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        start = ljust(first, indent) if not lines else " " * indent
        if paragraph.startswith(" "):
            lines.append((start + paragraph).rstrip())
            continue
        # The first line has less room if ``first`` is longer than the indent.
        longer = max(cell_len(start) - indent, 0)
        head, *rest = _pieces(_FILLER * longer + paragraph, max(width - indent, 1))
        lines.append((start + head[longer:]).rstrip())
        lines += [(" " * indent + piece).rstrip() for piece in rest]
    return lines


_FILLER, _WORD = "\ue000", "\ue001"
"""Characters for private use, one column wide. ``printable`` leaves none in a text."""


def _pieces(paragraph: str, room: int) -> list[str]:
    """Split a paragraph into lines. Words that are wider than a line get a line of their own and stay whole."""
    wide = [word for word in paragraph.split(" ") if cell_len(word) > room]
    for word in wide:
        paragraph = paragraph.replace(word, _WORD * room, 1)
    lines = [line.plain.rstrip(" ") for line in Text(paragraph).wrap(_console(room, color=False), room)] or [""]
    left = iter(wide)
    return [line.replace(_WORD * room, next(left)) if _WORD in line else line for line in lines]


def grid(columns: Iterable[Mapping[str, Any]]) -> Table:
    """Return a table without lines and headings. Columns are given as the arguments of rich's ``add_column``."""
    table = Table.grid(padding=0)
    for column in columns:
        table.add_column(**column)
    return table


def grid_lines(table: Table, rows: Iterable[Iterable[Cell]], width: int, style: Style = PLAIN) -> list[str]:
    """Fill a table with rows and return its lines, without blanks at their ends. Cells are cut, not wrapped."""
    for row in rows:
        cells = [("plain", cell) if isinstance(cell, str) else cell for cell in row]
        # The style is that of the text alone, not of the blanks beside it.
        table.add_row(*(Text.assemble((text, STYLES[kind]), no_wrap=True, overflow="ellipsis") for kind, text in cells))
    console = _console(width, style.color)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().split("\n")[:-1]]
