"""Where results and audits go as they come: the terminal views and the reports, all with the same calls.

A sink is told of each result and audit in order and of the end. What it raises while writing (``OSError``) is the session's to
handle: a report that cannot be written stops no other.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Protocol

from corscheck.report.text import terminal

if TYPE_CHECKING:
    from typing import BinaryIO

    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.report.saved.document import Run
    from corscheck.report.saved.saved import Saved
    from corscheck.report.saved.summary import Summary
    from corscheck.report.text.terminal import View

STDOUT = "-"


class Sink(Protocol):
    """Takes results. ``name`` is what a complaint calls it, ``path`` where it goes (``-`` is standard output)."""

    name: str
    path: str

    def add(self, result: Result) -> None:
        """Take one result."""
        ...

    def add_audit(self, audit: Audit) -> None:
        """Take one audit."""
        ...

    def finish(self, summary: Summary) -> None:
        """The run is over, whether it came to its end or not."""
        ...


class TextSink:
    """Prints lines to standard output, and each result at once: who reads a pipe wants to see them come."""

    name = "standard output"
    path = STDOUT
    _in_job: bool | None = None

    def write(self, lines: list[str]) -> None:
        """Print lines and flush."""
        if lines:
            if self._in_job is None:
                self._in_job = os.environ.get("GITHUB_ACTIONS") == "true"
            if self._in_job:
                # A job reads what is printed: what a server sent must be no command there.
                from corscheck.report.formats.github import inert

                lines = [inert(line) for line in lines]
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()

    def add_audit(self, audit: Audit) -> None:
        """Its findings, a line each."""
        from corscheck.report.text import audits

        self.write(audits.quiet(audit))


class Quiet(TextSink):
    """The verdict lines alone."""

    def add(self, result: Result) -> None:
        """One line."""
        self.write([str(result)])

    def finish(self, summary: Summary) -> None:
        """Nothing more to say."""


class Viewed(TextSink):
    """A view with blocks, a blank line between two."""

    def __init__(self, view: View, expected: str | None) -> None:
        self._view = view
        self._expected = expected
        self._shown = 0

    def add_audit(self, audit: Audit) -> None:
        """The whole view of it."""
        from corscheck.report.text import audits

        lines = audits.render(audit, self._view)
        self.write(["", "", *lines] if self._shown else lines)
        self._shown += 1


class Full(Viewed):
    """The whole view of each result and audit; totals when there is more than one."""

    def add(self, result: Result) -> None:
        """The view, with a blank line between two."""
        lines = terminal.render(result, self._view)
        self.write(["", "", *lines] if self._shown else lines)
        self._shown += 1

    def finish(self, summary: Summary) -> None:
        """Totals, unless one result said it all."""
        if summary.tested != 1 or summary.interrupted:
            from corscheck.report.text.matrix import totals

            self.write([*([""] * bool(self._shown)), *totals(summary, self._expected, self._view)])


class Grid(Viewed):
    """A block per URL, shown when all its cells are there."""

    def __init__(self, view: View, expected: str | None) -> None:
        super().__init__(view, expected)
        self._block: list[Result] = []

    def add(self, result: Result) -> None:
        """Keep it until its block is complete."""
        if self._block and not self._belongs(result):
            self._flush(interrupted=False)
        self._block.append(result)

    def add_audit(self, audit: Audit) -> None:
        """The whole view of it, below the block before it."""
        if self._block:
            self._flush(interrupted=False)
        super().add_audit(audit)

    def _belongs(self, result: Result) -> bool:
        first = self._block[0]
        same = all(getattr(first, n) == getattr(result, n) for n in ("url", "credentials", "mode", "redirect"))
        return same and not any(r.origin == result.origin and r.method == result.method for r in self._block)

    def _flush(self, *, interrupted: bool) -> None:
        from corscheck.report.text.matrix import block

        lines = block(self._block, self._view, interrupted=interrupted)
        self.write(["", *lines] if self._shown else lines)
        self._shown += 1
        self._block = []

    def finish(self, summary: Summary) -> None:
        """The last block and the totals."""
        from corscheck.report.text.matrix import totals

        if self._block:
            self._flush(interrupted=summary.interrupted)
        self.write([*([""] * bool(self._shown)), *totals(summary, self._expected, self._view)])


class Listed(Viewed):
    """A row per result, as it comes; totals."""

    def __init__(self, view: View, expected: str | None, *, uniform: bool) -> None:
        super().__init__(view, expected)
        self._uniform = uniform

    def add(self, result: Result) -> None:
        """The row, below a header that all share."""
        from corscheck.report.text.matrix import list_header, list_row

        header = [] if self._shown else list_header(result, self._view, uniform=self._uniform)
        self.write([*header, *list_row(result, self._view, uniform=self._uniform)])
        self._shown += 1

    def finish(self, summary: Summary) -> None:
        """The totals."""
        from corscheck.report.text.matrix import totals

        held = ["", "  * preflight only, the request itself was not sent (--send always)"]
        self.write(
            [
                *(held if summary.allowed_preflight_only else []),
                *([""] * bool(self._shown)),
                *totals(summary, self._expected, self._view),
            ]
        )


class AuditList(Viewed):
    """A row per audit in which nothing fails, the whole view of the others; totals."""

    def __init__(self, view: View) -> None:
        super().__init__(view, None)
        self._row = False

    def add(self, result: Result) -> None:
        """The whole view: nobody lists probes here."""
        self._block(terminal.render(result, self._view))

    def add_audit(self, audit: Audit) -> None:
        """Its row or its block, as it comes."""
        from corscheck.report.text import audits

        if audits.needs_room(audit):
            self._block(audits.render(audit, self._view))
            return
        lines = audits.row(audit, self._view)
        self.write(["", *lines] if self._shown and not self._row else lines)
        self._row = True
        self._shown += 1

    def _block(self, lines: list[str]) -> None:
        self.write(["", "", *lines] if self._shown and not self._row else ["", *lines] if self._shown else lines)
        self._row = False
        self._shown += 1

    def finish(self, summary: Summary) -> None:
        """The totals."""
        from corscheck.report.text.matrix import totals

        self.write([*([""] * bool(self._shown)), *totals(summary, None, self._view)])


class Kept:
    """The results of this run for the documents that are written at its end."""

    name = "temporary file"
    path = "with the results so far"

    def __init__(self, run: Run | None) -> None:
        from corscheck.report.saved.store import Store

        self._store = Store(run)
        self._broken: OSError | None = None
        self._saved: Saved | None = None

    def add(self, result: Result) -> None:
        """Keep it."""
        try:
            self._store.add(result)
        except OSError as error:
            self._broken = error
            raise

    def add_audit(self, audit: Audit) -> None:
        """Keep it."""
        try:
            self._store.add_audit(audit)
        except OSError as error:
            self._broken = error
            raise

    def finish(self, summary: Summary) -> None:
        """Nothing is written here."""

    def saved(self, summary: Summary) -> Saved:
        """The report of the run. Raises ``OSError`` if it could not be kept whole."""
        if self._broken is not None:
            raise self._broken
        if self._saved is None:
            self._saved = self._store.saved(summary)
        return self._saved


class DocumentSink:
    """A report in any format, written when all is known."""

    def __init__(self, kept: Kept, form: str, path: str, option: str) -> None:
        self.name = option
        self.path = path
        self._kept = kept
        self._format = form

    def add(self, result: Result) -> None:
        """It is kept elsewhere."""

    def add_audit(self, audit: Audit) -> None:
        """It is kept elsewhere."""

    def finish(self, summary: Summary) -> None:
        """Write the document."""
        write_document(self._kept.saved(summary), self._format, self.path)


def write_document(saved: Saved, form: str, path: str) -> None:
    """Render a report into a file, or to standard output. Raises ``OSError``."""
    from corscheck.report.formats.registry import writer

    pieces = writer(form)(saved)
    if path == STDOUT:
        # What the terminal's encoding lacks is spelled out: an exit status must not hang on a locale.
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
        sys.stdout.writelines(pieces)
        sys.stdout.flush()
    else:
        from corscheck.report.saved.files import write_whole

        write_whole(path, pieces)


class Annotations(DocumentSink):
    """GitHub's annotations: beside the view on standard output, on standard error if a report has that."""

    def __init__(self, kept: Kept, path: str, *, to_stderr: bool) -> None:
        super().__init__(kept, "github", path, "--report github")
        self._to_stderr = to_stderr and path == STDOUT

    def finish(self, summary: Summary) -> None:
        """Print them."""
        if not self._to_stderr:
            super().finish(summary)
            return
        from corscheck.report.formats.github import render

        sys.stderr.writelines(render(self._kept.saved(summary)))
        sys.stderr.flush()


class JobSummary:
    """GitHub's job summary, to which the report is added."""

    name = "GITHUB_STEP_SUMMARY"

    def __init__(self, kept: Kept, path: str) -> None:
        self.path = path
        self._kept = kept

    def add(self, result: Result) -> None:
        """It is kept elsewhere."""

    def add_audit(self, audit: Audit) -> None:
        """It is kept elsewhere."""

    def finish(self, summary: Summary) -> None:
        """Add the report."""
        from corscheck.report.formats.github import add_summary

        add_summary(self._kept.saved(summary), self.path)


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
        from corscheck.report.formats.jsonl import JSONLines

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

    def add_audit(self, audit: Audit) -> None:
        """One line."""
        if self._lines is None:
            self.open()
        self._lines.add_audit(audit)

    def finish(self, summary: Summary) -> None:
        """The summary, and the end of the file."""
        if self._lines is None:
            self.open()
        self._lines.finish(summary)
        if self._file is not None and self.path != STDOUT:
            self._file.close()
