"""Atomic writing of report files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_whole(path: str, text: str | Iterable[str]) -> None:
    """Write a file through a temporary one beside it, so that no reader sees a partial file. Raises ``OSError``.

    The text may be an iterable of pieces.
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        # A device or a pipe must not be replaced.
        _write(target, text)
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        _write(temporary, text)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _write(target: Path, text: str | Iterable[str]) -> None:
    # A lone surrogate in a server's text is escaped instead of raising an error. Line ends are written unchanged, so that
    # a report is byte for byte the same on every system.
    with target.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.writelines((text,) if isinstance(text, str) else text)
