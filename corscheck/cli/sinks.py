"""Where results go as they come: the terminal views and the reports, all with the same three calls.

A sink is told of each result in order and of the end. What it raises while writing (``OSError``) is the session's to
handle: a report that cannot be written stops no other.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

from corscheck.report import terminal

if TYPE_CHECKING:
    from typing import BinaryIO

    from corscheck.model import Result
    from corscheck.report.document import Run
    from corscheck.report.summary import Summary
    from corscheck.report.terminal import View

STDOUT = "-"


class Sink(Protocol):
    """Takes results. ``name`` is what a complaint calls it, ``path`` where it goes (``-`` is standard output)."""

    name: str
    path: str

    def add(self, result: Result) -> None:
        """Take one result."""
        ...

    def finish(self, summary: Summary) -> None:
        """The run is over, whether it came to its end or not."""
        ...


class Lines:
    """Prints lines to standard output, and each result at once: who reads a pipe wants to see them come."""

    name = "standard output"
    path = STDOUT

    def write(self, lines: list[str]) -> None:
        """Print lines and flush."""
        if lines:
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()


class Quiet(Lines):
    """The verdict lines alone."""

    def add(self, result: Result) -> None:
        """One line."""
        self.write([terminal.line(result)])

    def finish(self, summary: Summary) -> None:
        """Nothing more to say."""


class Full(Lines):
    """The whole view of each result; totals when there is more than one."""

    def __init__(self, view: View, expected: str | None) -> None:
        self._view = view
        self._expected = expected
        self._shown = 0

    def add(self, result: Result) -> None:
        """The view, with a blank line between two."""
        lines = terminal.render(result, self._view)
        self.write(["", "", *lines] if self._shown else lines)
        self._shown += 1

    def finish(self, summary: Summary) -> None:
        """Totals, unless one result said it all."""
        if summary.total != 1 or summary.interrupted:
            from corscheck.report.matrix import totals

            self.write([*([""] * bool(self._shown)), *totals(summary, self._expected, self._view)])


class Grid(Lines):
    """A block per URL, shown when all its cells are there."""

    def __init__(self, view: View, expected: str | None) -> None:
        self._view = view
        self._expected = expected
        self._block: list[Result] = []
        self._shown = 0

    def add(self, result: Result) -> None:
        """Keep it until its block is complete."""
        if self._block and not self._belongs(result):
            self._flush(interrupted=False)
        self._block.append(result)

    def _belongs(self, result: Result) -> bool:
        first = self._block[0]
        same = all(getattr(first, n) == getattr(result, n) for n in ("url", "credentials", "mode", "redirect"))
        return same and not any(r.origin == result.origin and r.method == result.method for r in self._block)

    def _flush(self, *, interrupted: bool) -> None:
        from corscheck.report.matrix import block

        lines = block(self._block, self._view, interrupted=interrupted)
        self.write(["", *lines] if self._shown else lines)
        self._shown += 1
        self._block = []

    def finish(self, summary: Summary) -> None:
        """The last block and the totals."""
        from corscheck.report.matrix import totals

        if self._block:
            self._flush(interrupted=summary.interrupted)
        self.write([*([""] * bool(self._shown)), *totals(summary, self._expected, self._view)])


class Listed(Lines):
    """A row per result, as it comes; totals."""

    def __init__(self, view: View, expected: str | None, *, uniform: bool) -> None:
        self._view = view
        self._expected = expected
        self._uniform = uniform
        self._shown = 0

    def add(self, result: Result) -> None:
        """The row, below a header that all share."""
        from corscheck.report.matrix import list_header, list_row

        header = [] if self._shown else list_header(result, self._view, uniform=self._uniform)
        self.write([*header, *list_row(result, self._view, uniform=self._uniform)])
        self._shown += 1

    def finish(self, summary: Summary) -> None:
        """The totals."""
        from corscheck.report.matrix import totals

        held = ["", "  * preflight only, the request itself was not sent (--send always)"]
        self.write(
            [
                *(held if summary.allowed_preflight_only else []),
                *([""] * bool(self._shown)),
                *totals(summary, self._expected, self._view),
            ]
        )


class JSONReport:
    """The one document, written when all is known."""

    name = "--json"

    def __init__(self, path: str, run: Run | None) -> None:
        self.path = path
        self._run = run
        self._results: list[Result] = []

    def add(self, result: Result) -> None:
        """Keep it."""
        self._results.append(result)

    def finish(self, summary: Summary) -> None:
        """Write the document."""
        from corscheck.report.files import write_whole
        from corscheck.report.json import render

        text = render(self._results, summary, self._run)
        if self.path == STDOUT:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_whole(self.path, text)


class JSONLReport:
    """JSON Lines, written as results come. The file is opened with the first write."""

    name = "--jsonl"

    def __init__(self, path: str, run: Run | None) -> None:
        self.path = path
        self._run = run
        self._file: BinaryIO | None = None
        self._lines: Any = None

    def open(self) -> None:
        """Open it and write the first line."""
        from corscheck.report.jsonl import JSONLines

        if self.path == STDOUT:
            self._file = sys.stdout.buffer
        else:
            # Not buffered: a line is one write, and a killed run leaves whole lines.
            self._file = open(self.path, "wb", buffering=0)  # noqa: PTH123, SIM115
        assert self._file is not None
        self._lines = JSONLines(self._file, self._run)

    def add(self, result: Result) -> None:
        """One line."""
        if self._lines is None:
            self.open()
        self._lines.add(result)

    def finish(self, summary: Summary) -> None:
        """The summary, and the end of the file."""
        if self._lines is None:
            self.open()
        self._lines.finish(summary)
        if self._file is not None and self.path != STDOUT:
            self._file.close()
