"""Writing a report where it belongs: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: str, text: str) -> None:
    """Write a file by way of a temporary one beside it, so that no reader ever sees half of it. Raises ``OSError``."""
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        # A device or a pipe is written to, not replaced.
        target.write_text(text, encoding="utf-8")
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
