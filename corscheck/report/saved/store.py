"""Storage of the items of a run as JSON lines, for the formats that are written at its end.

A short run stays in memory, a long one goes to a temporary file.
"""

from __future__ import annotations

import io
import json
from typing import IO, TYPE_CHECKING

from corscheck.model.json import encode
from corscheck.model.result import Result
from corscheck.report.saved.document import head, without_times
from corscheck.report.saved.saved import Saved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.item import Item
    from corscheck.report.saved.document import Run
    from corscheck.report.saved.saved import JSONObject
    from corscheck.report.saved.summary import Summary

_IN_MEMORY = 1 << 20
"""The maximum size in memory, in bytes."""


class Store:
    """Collects items and returns them as a saved report. Without a run the report is reproducible."""

    def __init__(self, run: Run | None) -> None:
        self._run = run
        self._probes, self._audits = _Spool(), _Spool()

    def add(self, item: Item) -> None:
        """Keep a result or an audit. Raises ``OSError`` when the temporary file cannot be written."""
        spool = self._probes if isinstance(item, Result) else self._audits
        spool.add(encode(item if self._run is not None else without_times(item)))

    def saved(self, summary: Summary) -> Saved:
        """Return the report of the items so far."""
        self._probes.flush()
        self._audits.flush()
        ended = self._run.ended() if self._run is not None else None
        return Saved(head(self._run), summary.to_dict(), self._probes.objects, ended, audit_source=self._audits.objects)


class _Spool:
    """JSON lines, in memory or, if there are many, in a temporary file."""

    def __init__(self) -> None:
        self._file: IO[bytes] = io.BytesIO()
        self._on_disk = False

    def add(self, data: bytes) -> None:
        self._file.write(data + b"\n")
        if not self._on_disk and self._file.tell() > _IN_MEMORY:
            self._move()

    def flush(self) -> None:
        self._file.flush()

    def __del__(self) -> None:
        # Not earlier: a report that was returned reads this file as long as it exists.
        self._file.close()

    def _move(self) -> None:
        import tempfile  # slow to import, and few runs are this long

        on_disk = tempfile.TemporaryFile(prefix="corscheck-")  # noqa: SIM115 - open as long as the run
        assert isinstance(self._file, io.BytesIO)
        on_disk.write(self._file.getbuffer())
        self._file, self._on_disk = on_disk, True

    def objects(self) -> Iterator[JSONObject]:
        # The position is kept here, not in the file, so that two readers at a time do not disturb each other.
        at = 0
        while True:
            self._file.seek(at)
            text = self._file.readline()
            if not text:
                return
            at = self._file.tell()
            yield json.loads(text)
