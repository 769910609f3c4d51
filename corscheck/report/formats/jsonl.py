"""JSON Lines, the primary format: the head, then a line for each probe or audit when it is done, then the summary.

Each line is one write, so that a killed run leaves whole lines and at most one truncated line.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from corscheck.model.json import encode
from corscheck.report.saved.document import head, without_times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import RawIOBase
    from typing import BinaryIO

    from corscheck.model.item import Item
    from corscheck.report.saved.document import Run
    from corscheck.report.saved.saved import Saved
    from corscheck.report.saved.summary import Summary


class JSONLines:
    """Writes to a binary file and flushes after each line.

    If the file is ``begun``, it contains the head and the items so far.
    """

    def __init__(self, out: BinaryIO | RawIOBase, run: Run | None, *, begun: bool = False) -> None:
        self._out = out
        self._run = run
        if not begun:
            self._line(head(run))

    def add(self, item: Item) -> None:
        """Write the line of a result or an audit."""
        self._write(encode(item if self._run is not None else without_times(item)))

    def finish(self, summary: Summary) -> None:
        """Write the last line, with the times of the end unless the report is reproducible."""
        last: dict[str, Any] = {"summary": summary.to_dict()}
        if self._run is not None:
            last["run"] = self._run.ended()
        self._line(last)

    def _line(self, value: dict[str, Any]) -> None:
        self._write(encode(value))

    def _write(self, data: bytes) -> None:
        data += b"\n"
        # An unbuffered file writes a part of it when the disk is nearly full: the rest raises the error.
        while (written := self._out.write(data)) is not None and written < len(data):
            data = data[written:]
        self._out.flush()


def render(saved: Saved) -> Iterator[str]:
    """Yield the lines of a saved report, byte for byte as the run itself would have written them."""
    yield line(dict(saved.head))
    for item in chain(saved.probes(), saved.audit_objects()):
        yield line(item)
    last: dict[str, Any] = {"summary": dict(saved.summary)}
    if saved.ended is not None:
        last["run"] = dict(saved.ended)
    yield line(last)


def line(value: dict[str, Any]) -> str:
    """Return one line. It is ASCII, so that control and bidi characters from a server do not reach a terminal."""
    return json.dumps(value, separators=(",", ":")) + "\n"
