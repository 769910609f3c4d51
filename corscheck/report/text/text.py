"""Small texts of the views: counts, durations, and cutting where no terminal is meant. This module knows no results."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ELLIPSIS = "..."


def cut(text: str, width: int) -> str:
    """Return the text in at most ``width`` characters. A longer text ends in an ellipsis."""
    if len(text) <= width:
        return text
    return text[: max(width - len(ELLIPSIS), 0)].rstrip() + ELLIPSIS[:width]


def counted(counts: Mapping[str, int]) -> str:
    """Return counts as text, e.g. ``1 high, 2 low``; empty if there are none."""
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def milliseconds(elapsed: float) -> str:
    """Return a duration as ``4 ms`` or ``1.2 s``."""
    return f"{elapsed:.0f} ms" if elapsed < 999.5 else f"{elapsed / 1000:.1f} s"
