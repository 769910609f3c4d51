"""Atomic writing of report files."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PUBLIC, PRIVATE = 0o666, 0o600
"""The modes of new files, before the umask: a file with secrets is its owner's alone."""


def is_private(path: str) -> bool:
    """Whether a file is there, and its owner alone can read it."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and not mode & 0o077


def write_whole(path: str, text: str | Iterable[str], *, private: bool = False) -> None:
    """Write a file through a temporary one beside it, so that no reader sees a partial file. Raises ``OSError``.

    The text may be an iterable of pieces. A file that is there keeps its mode; with ``private`` a new one can be read by
    its owner alone.
    """
    target = Path(path)
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        # A device or a pipe must not be replaced. A pipe that a shell opened (``>(...)``) has no other path than this.
        _write(os.open(target, os.O_WRONLY), text)
        return
    target = target.resolve()
    if mode is not None:
        _check_unlocked(target)
    # The name cannot be guessed, and nothing is opened that is there already: in a directory that others may write to,
    # it could be their link.
    temporary = target.with_name(f".{target.name}.{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, PRIVATE if private or mode is not None else PUBLIC)
    try:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(descriptor, stat.S_IMODE(mode))
        _write(descriptor, text)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _check_unlocked(target: Path) -> None:
    """Raise ``OSError`` if another run is writing this file as JSON Lines: its results would be lost."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    with contextlib.suppress(PermissionError), target.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(errno.EBUSY, "another run is writing it") from None


def _write(descriptor: int, text: str | Iterable[str]) -> None:
    # A lone surrogate in a server's text is escaped instead of raising an error. Line ends are written unchanged, so that
    # a report is byte for byte the same on every system.
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.writelines((text,) if isinstance(text, str) else text)
