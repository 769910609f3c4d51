"""The sink behind ``--resume``: continues the ``--jsonl`` file of an interrupted run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.cli.show.sinks import JSONLReport
from corscheck.report.formats.jsonl import JSONLines

if TYPE_CHECKING:
    from corscheck.model.item import Item
    from corscheck.report.saved.document import Run
    from corscheck.report.saved.resumable import ResumableReport
    from corscheck.report.saved.summary import Summary


class Continued(JSONLReport):
    """Appends to the file: skips the items that it holds already, and cuts off a truncated last line."""

    def __init__(self, part: ResumableReport, run: Run | None) -> None:
        super().__init__(part.path, run)
        self._part = part
        self._old = 0

    def open(self) -> None:
        """Open the file behind its last whole item."""
        part = self._part
        if not part.head:
            super().open()
            return
        # Unbuffered: each line is one write, so that a killed run leaves whole lines.
        self._file = open(part.path, "r+b", buffering=0)  # noqa: PTH123, SIM115
        self._file.truncate(part.end)
        self._file.seek(part.end)
        self._lines = JSONLines(self._file, self._run, begun=True)

    def add(self, item: Item) -> None:
        """Write one line, unless the file holds it."""
        if self._old < self._part.count:
            self._old += 1
        else:
            super().add(item)

    def finish(self, summary: Summary) -> None:
        """Write the summary, unless the file holds it or the run ended before all old items were handed on."""
        told = self._lines is None and self._part.head and self._part.summary == summary.to_dict()
        if self._old == self._part.count and not told:
            super().finish(summary)
