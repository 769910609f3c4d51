"""The progress of a run on standard error.

On a terminal it is a bar of rich, for runs of more than a second, which is erased before other output and at the end. In a
log it is a line every ten seconds.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corscheck.report.saved.summary import Summary

EVERY = 10.0
"""Seconds between two lines in a log."""

PATIENCE = 1.0
"""How many seconds a run takes before its progress is shown."""

_REFRESH = 0.1
"""How many seconds pass between two changes of the bar, at least: drawing it takes longer than many a probe."""


class Progress:
    """Shows how far a run of ``total`` items is. Does nothing for a single item, or unless it is ``wanted``."""

    def __init__(self, total: int, *, wanted: bool = True) -> None:
        self.total = total
        self._active = wanted and total > 1 and sys.stderr is not None
        self._terminal = self._active and sys.stderr.isatty()
        self._begun = time.monotonic()
        self._next = self._begun + (PATIENCE if self._terminal else EVERY)
        self._bar: Any = None

    def show(self, summary: Summary) -> None:
        """Show how many items are done, and how many are blocked or inconclusive."""
        if not self._active or summary.tested >= self.total or (now := time.monotonic()) < self._next:
            return
        if self._terminal:
            self._next = now + _REFRESH
            self._draw(summary)
        else:
            self._next = now + EVERY
            sys.stderr.write(f"corscheck: {summary.tested:,} of {self.total:,} done{_counts(summary)}\n")
            sys.stderr.flush()

    def clear(self) -> None:
        """Erase the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, summary: Summary) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        done = summary.tested
        rate = done / max(time.monotonic() - self._begun, 0.001)
        if self._bar is None:
            self._bar = Bar(
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TextColumn("{task.fields[said]}", markup=False),
                console=Console(file=sys.stderr, markup=False, highlight=False),
                transient=True,
                auto_refresh=False,
            )
            self._bar.add_task("", total=self.total, said="")
            self._bar.start()
        left = max(self.total - done, 0) / rate if rate else 0
        said = f"{rate:,.0f}/s, {_duration(left)} left{_counts(summary)}"
        self._bar.update(self._bar.task_ids[0], completed=done, said=said)
        self._bar.refresh()


def _counts(summary: Summary) -> str:
    """Return e.g. ``, 3 blocked, 1 inconclusive``."""
    counts = {
        "blocked": summary.blocked, "invalid": summary.invalid, "inconclusive": summary.inconclusive + summary.unaudited,
        "vulnerable": summary.vulnerable,
    }  # fmt: skip
    return "".join(f", {count:,} {name}" for name, count in counts.items() if count)


def _duration(seconds: float) -> str:
    """Return a duration as ``0:07`` or ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
