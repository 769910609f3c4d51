"""The progress of a run on standard error.

On a terminal it is one line, which is erased before other output. In a log it is a line every ten seconds, for runs that
ask for it.
"""

from __future__ import annotations

import sys
import time

EVERY = 10.0
"""Seconds between two lines in a log."""


class Progress:
    """Shows ``12 of 40``. Does nothing for a single probe, and without a terminal unless ``log`` is set."""

    def __init__(self, total: int, *, wanted: bool = True, log: bool = False) -> None:
        self._total = total
        terminal = sys.stderr is not None and sys.stderr.isatty()
        self._active = wanted and total > 1 and terminal
        self._log = wanted and total > 1 and log and sys.stderr is not None and not terminal
        self._width = 0
        self._next = time.monotonic() + EVERY

    def show(self, done: int) -> None:
        """Show how many probes are done."""
        if done >= self._total:
            return
        if self._active:
            text = f"{done} of {self._total}"
            self._width = len(text)
            self._write(f"\r{text}\r")
        elif self._log and (now := time.monotonic()) >= self._next:
            self._next = now + EVERY
            self._write(f"corscheck: {done} of {self._total} probes done\n")

    def clear(self) -> None:
        """Erase the line."""
        if self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
