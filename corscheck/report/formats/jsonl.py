"""JSON Lines, the primary store: a header line, a probe or audit object a line as each comes, the summary last.

Each line goes out in one write, so that a run that is killed leaves whole lines and at most one torn one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from corscheck.model.json import encode
from corscheck.report.saved.document import head, without_times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import RawIOBase
    from typing import BinaryIO

    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.report.saved.document import Run
    from corscheck.report.saved.saved import Saved
    from corscheck.report.saved.summary import Summary


class JSONLines:
    """Writes to a binary file, which must not buffer (or be flushed after each write: that is done here).

    One that is ``begun`` has its first line already, and what came so far.
    """

    def __init__(self, out: BinaryIO | RawIOBase, run: Run | None, *, begun: bool = False) -> None:
        self._out = out
        self._run = run
        if not begun:
            self._line(head(run))

    def add(self, result: Result) -> None:
        """One probe object, one line."""
        self._write(encode(result if self._run is not None else without_times(result)))

    def add_audit(self, audit: Audit) -> None:
        """One audit object, one line."""
        self._write(encode(audit))

    def finish(self, summary: Summary) -> None:
        """The last line; with the times of the end unless the report is a reproducible one."""
        last: dict[str, Any] = {"summary": summary.to_dict()}
        if self._run is not None:
            last["run"] = self._run.ended()
        self._line(last)

    def _line(self, value: dict[str, Any]) -> None:
        self._write(encode(value))

    def _write(self, data: bytes) -> None:
        self._out.write(data + b"\n")
        self._out.flush()


def render(saved: Saved) -> Iterator[str]:
    """A saved report as JSON Lines again, to the byte what the run itself would have written."""
    yield line(dict(saved.head))
    for probe in saved.probes():
        yield line(probe)
    for audit in saved.audit_objects():
        yield line(audit)
    last: dict[str, Any] = {"summary": dict(saved.summary)}
    if saved.ended is not None:
        last["run"] = dict(saved.ended)
    yield line(last)


def line(value: dict[str, Any]) -> str:
    """One line. ASCII only: no control or bidi character of a server's reaches whoever looks with cat or less."""
    return json.dumps(value, separators=(",", ":")) + "\n"
