"""Where results and audits go during a run: the terminal views and the reports.

A sink is given each item in order, then the summary. It raises ``OSError`` if it cannot write; the session drops that
sink and goes on with the others.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING, Any, Protocol, cast

from corscheck.model.result import Result
from corscheck.model.values import ConfigError
from corscheck.report.saved.files import PRIVATE, PUBLIC, write_whole
from corscheck.report.text.items import quiet_lines, render_item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    from corscheck.model.item import Item
    from corscheck.report.saved.document import Run
    from corscheck.report.saved.resumable import ResumableReport
    from corscheck.report.saved.saved import Saved
    from corscheck.report.saved.summary import Summary
    from corscheck.report.text.causes import CauseTable
    from corscheck.report.text.view import View

STDOUT = "-"


class Sink(Protocol):
    """Takes items. ``name`` is the option that error messages name; ``path`` is the file, or ``-`` for standard output."""

    name: str
    path: str

    def add(self, item: Item) -> None:
        """Take one result or audit."""
        ...

    def finish(self, summary: Summary) -> None:
        """End the output. Called for an interrupted run, too."""
        ...


def in_job() -> bool:
    """Whether GitHub reads commands from what this process prints."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def inert_lines(lines: Iterable[str]) -> list[str]:
    """Return lines that GitHub reads no command from: a server's text must not become one."""
    from corscheck.report.formats.github import inert

    return [inert(line) for line in lines]


class TextSink:
    """Prints lines to standard output and flushes them, so that a reader of a pipe sees each item as it comes."""

    name = "standard output"
    path = STDOUT
    _in_job: bool | None = None

    def write(self, lines: list[str]) -> None:
        """Print lines and flush."""
        if lines:
            if self._in_job is None:
                self._in_job = in_job()
            sys.stdout.write("\n".join(inert_lines(lines) if self._in_job else lines) + "\n")
            sys.stdout.flush()


class Quiet(TextSink):
    """The verdict lines alone, as ``lines`` makes them."""

    def __init__(self, lines: Callable[[Any], list[str]] = quiet_lines) -> None:
        self._lines = lines

    def add(self, item: Item) -> None:
        """Print the lines of one item."""
        self.write(self._lines(item))

    def finish(self, summary: Summary) -> None:
        """Print nothing: there are no totals."""


class Viewed(TextSink):
    """A view made of blocks. This base shows each item whole; ``expected`` is the verdict that all probes expect."""

    def __init__(self, view: View, expected: str | None = None) -> None:
        self._view = view
        self._expected = expected
        self._shown = 0

    def add(self, item: Item) -> None:
        """Show the whole item, two blank lines after the block before it."""
        self._show(render_item(item, self._view), gap=2)

    def _show(self, lines: list[str], gap: int) -> None:
        """Print a block, with ``gap`` blank lines before it unless it is the first."""
        self.write([*([""] * gap if self._shown else []), *lines])
        self._shown += 1

    def finish(self, summary: Summary) -> None:
        """Show the totals."""
        from corscheck.report.text.matrix import totals

        self._show(totals(summary, self._expected, self._view), gap=1)


class Full(Viewed):
    """The whole view of each item; totals unless there was exactly one."""

    def finish(self, summary: Summary) -> None:
        """Show the totals, unless one item has said it all."""
        if summary.tested != 1 or summary.interrupted:
            super().finish(summary)


class Grid(Viewed):
    """A block for each URL, shown when all its cells are there."""

    def __init__(self, view: View, expected: str | None) -> None:
        super().__init__(view, expected)
        self._block: list[Result] = []

    def add(self, item: Item) -> None:
        """Keep a result until its block is complete; show an audit whole."""
        if self._block and not (isinstance(item, Result) and self._belongs(item)):
            self._flush(interrupted=False)
        if isinstance(item, Result):
            self._block.append(item)
        else:
            super().add(item)

    def _belongs(self, result: Result) -> bool:
        first = self._block[0]
        same = first.url == result.url and first.modes == result.modes
        return same and not any(r.origin == result.origin and r.method == result.method for r in self._block)

    def _flush(self, *, interrupted: bool) -> None:
        from corscheck.report.text.matrix import block

        self._show(block(self._block, self._view, interrupted=interrupted), gap=1)
        self._block = []

    def finish(self, summary: Summary) -> None:
        """Show the last block and the totals."""
        if self._block:
            self._flush(interrupted=summary.interrupted)
        super().finish(summary)


class Listed(Viewed):
    """A row for each result as it comes, an audit whole; then each cause once, and totals."""

    def __init__(self, view: View, expected: str | None, *, uniform: bool) -> None:
        super().__init__(view, expected)
        self._uniform = uniform
        self._causes: CauseTable | None = None

    def add(self, item: Item) -> None:
        """Show the row, below a header that all rows share."""
        if not isinstance(item, Result):
            super().add(item)
            return
        from corscheck.report.text.causes import CauseTable
        from corscheck.report.text.matrix import list_header, list_row

        self._causes = self._causes or CauseTable()
        group = self._causes.add(item)
        number = group.number if group is not None else None
        header = [] if self._shown else list_header(item, self._view, uniform=self._uniform)
        self._show([*header, *list_row(item, self._view, uniform=self._uniform, number=number)], gap=0)

    def finish(self, summary: Summary) -> None:
        """Show the causes and the totals."""
        if summary.allowed_preflight_only:
            self.write(["", "  * preflight only, the request itself was not sent (--send always)"])
        if self._causes is not None:
            from corscheck.report.text.matrix import cause_list

            self.write(cause_list(self._causes, self._view))
        super().finish(summary)


class AuditList(Viewed):
    """A row for each audit in which nothing fails, the whole view of the others; totals."""

    _after_row = False

    def add(self, item: Item) -> None:
        """Show a row or the whole item; rows follow each other without a blank line."""
        from corscheck.report.text import audits

        if isinstance(item, Result) or audits.needs_room(item):
            self._show(render_item(item, self._view), gap=1 if self._after_row else 2)
            self._after_row = False
        else:
            self._show(audits.row(item, self._view), gap=0 if self._after_row else 1)
            self._after_row = True


class Kept:
    """Keeps the items of the run for the documents that are written at its end."""

    name = "temporary file"
    path = "with the results so far"

    def __init__(self, run: Run | None) -> None:
        from corscheck.report.saved.store import Store

        self._store = Store(run)
        self._broken: OSError | None = None
        self._saved: Saved | None = None

    def add(self, item: Item) -> None:
        """Keep it."""
        try:
            self._store.add(item)
        except OSError as error:
            self._broken = error
            raise

    def finish(self, summary: Summary) -> None:
        """Write nothing: the documents do."""

    def saved(self, summary: Summary) -> Saved:
        """Return the report of the run. Raises ``OSError`` if it could not be kept whole."""
        if self._broken is not None:
            raise self._broken
        if self._saved is None:
            self._saved = self._store.saved(summary)
        return self._saved


class DocumentSink:
    """A report that ``write`` writes at the end of the run. ``Kept`` has its items."""

    def __init__(self, kept: Kept, name: str, path: str, write: Callable[[Saved], None]) -> None:
        self.name = name
        self.path = path
        self._kept = kept
        self._write = write

    def add(self, item: Item) -> None:
        """Do nothing: ``Kept`` has the item."""

    def finish(self, summary: Summary) -> None:
        """Write the document."""
        self._write(self._kept.saved(summary))


def write_document(saved: Saved, form: str, path: str, *, to_stderr: bool = False, private: bool = False) -> None:
    """Render a report into a file, or to a standard stream for ``-``. ``private``: see ``write_whole``. Raises ``OSError``."""
    from corscheck.report.formats.registry import writer

    pieces = writer(form)(saved)
    if path == STDOUT:
        if in_job() and form != "github":
            from corscheck.report.formats.github import inert_document

            pieces = (inert_document(piece, form) for piece in pieces)
        if not to_stderr and form != "github":
            check_open()
        keep_printing()
        stream = sys.stderr if to_stderr else sys.stdout
        stream.writelines(pieces)
        stream.flush()
    else:
        write_whole(path, pieces, private=private)


def check_open() -> None:
    """Raise ``OSError`` if the process was started without a standard output (``>&-``): a report would be lost."""
    if getattr(sys.stdout, "name", None) == os.devnull:
        raise OSError(errno.EBADF, "it is closed")


def keep_printing() -> None:
    """Escape characters that standard output cannot encode: an exit status must not depend on a locale."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


class JSONLReport:
    """JSON Lines, written as items come. The file is opened with the first write.

    With ``--resume`` the items of ``part`` are in the file already: they are skipped, and a truncated last line is cut off.
    """

    name = "--jsonl"

    def __init__(
        self, path: str, run: Run | None, part: ResumableReport | None = None, *, private: bool = False
    ) -> None:
        self.path = path
        self._mode = PRIVATE if private else PUBLIC
        self._run = run
        self._part = part if part is not None and part.head else None
        self._old = 0
        self._file: BinaryIO | None = None
        self._lines: Any = None

    def _open(self) -> None:
        from corscheck.report.formats.jsonl import JSONLines

        if self.path == STDOUT:
            check_open()
            self._file = cast("BinaryIO", _InertBytes()) if in_job() else sys.stdout.buffer
        else:
            # Unbuffered: each line is one write, so that a killed run leaves whole lines. Emptied only once it is locked.
            flags, mode = (os.O_WRONLY | os.O_CREAT, "wb") if self._part is None else (os.O_RDWR, "r+b")
            descriptor = os.open(self.path, flags | getattr(os, "O_BINARY", 0), self._mode)
            self._file = cast("BinaryIO", open(descriptor, mode, buffering=0))  # noqa: PTH123, SIM115
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                _lock(self._file, f"--jsonl {self.path}")
                self._file.truncate(self._part.end if self._part is not None else 0)
        if self._part is not None:
            self._file.seek(self._part.end)
        self._lines = JSONLines(self._file, self._run, begun=self._part is not None)

    def add(self, item: Item) -> None:
        """Write one line, unless the file holds it."""
        if self._part is not None and self._old < self._part.count:
            self._old += 1
            return
        if self._lines is None:
            self._open()
        self._lines.add(item)

    def finish(self, summary: Summary) -> None:
        """Write the summary and close the file, unless the file holds the summary or not all old items were handed on."""
        if self._part is not None:
            told = self._lines is None and self._part.summary == summary.to_dict()
            if told or self._old < self._part.count:
                return
        if self._lines is None:
            self._open()
        self._lines.finish(summary)
        if self._file is not None and self.path != STDOUT:
            self._file.close()


class _InertBytes:
    """Standard output for JSON in a job of GitHub: an escape takes the place of what begins a command."""

    def write(self, data: bytes) -> int:
        """Write JSON that means the same."""
        return sys.stdout.buffer.write(data.replace(b"##[", b"##\\u005b"))

    def flush(self) -> None:
        """Flush standard output."""
        sys.stdout.buffer.flush()


def _lock(file: BinaryIO, name: str) -> None:
    """Lock a file until it is closed. Raises ``ConfigError`` if another process has it locked."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # a file system without locks is not a reason to stop
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise ConfigError(f"{name}: another run is writing it. Give each run a file of its own.") from None
