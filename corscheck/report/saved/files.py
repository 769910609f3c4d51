"""Writing a report where it belongs: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_whole(path: str, text: str | Iterable[str]) -> None:
    """Write a file by way of a temporary one beside it, so that no reader ever sees half of it. Raises ``OSError``.

    The text may come in pieces.
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        # A device or a pipe is written to, not replaced.
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
    # What is no character (half a surrogate pair in a server's text) is spelled out rather than fatal. Lines end as
    # they are written, on every system: a report is the same to the byte wherever it was made.
    with target.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.writelines((text,) if isinstance(text, str) else text)
