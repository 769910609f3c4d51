"""The ``--jsonl`` file of an interrupted run, continued: the sink behind ``--resume``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.cli.show.sinks import JSONLReport
from corscheck.report.formats.jsonl import JSONLines

if TYPE_CHECKING:
    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.report.saved.document import Run
    from corscheck.report.saved.resumable import ResumableReport
    from corscheck.report.saved.summary import Summary


class Continued(JSONLReport):
    """The file that is continued: what it holds already is not written again, and what is torn in it goes."""

    def __init__(self, part: ResumableReport, run: Run | None) -> None:
        super().__init__(part.path, run)
        self._part = part
        self._old = 0

    def open(self) -> None:
        """Cut off what follows the last whole result, and go on there."""
        part = self._part
        if not part.head:
            super().open()
            return
        # Not buffered: a line is one write, and a killed run leaves whole lines.
        self._file = open(part.path, "r+b", buffering=0)  # noqa: PTH123, SIM115
        self._file.truncate(part.end)
        self._file.seek(part.end)
        self._lines = JSONLines(self._file, self._run, begun=True)

    def add(self, result: Result) -> None:
        """One line, unless it is there."""
        if self._old < self._part.count:
            self._old += 1
        else:
            super().add(result)

    def add_audit(self, audit: Audit) -> None:
        """One line, unless it is there."""
        if self._old < self._part.count:
            self._old += 1
        else:
            super().add_audit(audit)

    def finish(self, summary: Summary) -> None:
        """The summary, unless it is there, or the run ended before it had seen all that is."""
        told = self._lines is None and self._part.head and self._part.summary == summary.to_dict()
        if self._old == self._part.count and not told:
            super().finish(summary)
