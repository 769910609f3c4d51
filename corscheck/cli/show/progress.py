"""How far a run has come, on standard error: on a terminal one line, gone when something else is printed; in a log a
line of its own every ten seconds, for a run that asks for that.
"""

from __future__ import annotations

import sys
import time

EVERY = 10.0
"""Seconds between two lines in a log."""


class Progress:
    """Shows ``12 of 40``. Does nothing where there is one probe only, nor without a terminal unless ``log`` says so."""

    def __init__(self, total: int, *, wanted: bool = True, log: bool = False) -> None:
        self._total = total
        terminal = sys.stderr is not None and sys.stderr.isatty()
        self._active = wanted and total > 1 and terminal
        self._log = wanted and total > 1 and log and sys.stderr is not None and not terminal
        self._width = 0
        self._next = time.monotonic() + EVERY

    def show(self, done: int) -> None:
        """Say how many are done."""
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
        """Wipe it away."""
        if self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
