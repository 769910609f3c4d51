"""How far a run has come: one line on standard error, on a terminal only, gone when something else is printed."""

from __future__ import annotations

import sys


class Progress:
    """Shows ``12 of 40``. Does nothing where standard error is no terminal or there is one probe only."""

    def __init__(self, total: int, *, wanted: bool = True) -> None:
        self._total = total
        self._active = wanted and total > 1 and sys.stderr is not None and sys.stderr.isatty()
        self._width = 0

    def show(self, done: int) -> None:
        """Say how many are done."""
        if not self._active or done >= self._total:
            return
        text = f"{done} of {self._total}"
        self._width = len(text)
        sys.stderr.write(f"\r{text}\r")
        sys.stderr.flush()

    def clear(self) -> None:
        """Wipe it away."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0
