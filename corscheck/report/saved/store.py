"""The results of a run as they come, kept as JSON lines for the formats that are written when all is known.

A short run stays in memory, a long one goes to a temporary file: neither holds results as objects.
"""

from __future__ import annotations

import io
import json
from typing import IO, TYPE_CHECKING

from corscheck.model.json import encode
from corscheck.report.saved.document import head, without_times
from corscheck.report.saved.saved import Saved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.report.saved.document import Run
    from corscheck.report.saved.saved import AuditObject, ProbeObject
    from corscheck.report.saved.summary import Summary

_IN_MEMORY = 1 << 20
"""How many bytes stay in memory."""


class Store:
    """Takes results, gives them back as a saved report. Without a run it is a reproducible one."""

    def __init__(self, run: Run | None) -> None:
        self._run = run
        self._probes, self._audits = _Spool(), _Spool()

    def add(self, result: Result) -> None:
        """Keep one. Raises ``OSError`` when the temporary file cannot be written."""
        self._probes.add(encode(result if self._run is not None else without_times(result)))

    def add_audit(self, audit: Audit) -> None:
        """Keep one. Raises ``OSError`` like ``add``."""
        self._audits.add(encode(audit))

    def saved(self, summary: Summary) -> Saved:
        """The report of what has come."""
        self._probes.flush()
        self._audits.flush()
        ended = self._run.ended() if self._run is not None else None
        return Saved(head(self._run), summary.to_dict(), self._probes.objects, ended, audit_source=self._audits.objects)


class _Spool:
    """Objects as JSON lines, in memory or, when they are many, in a temporary file."""

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
        # Not sooner: a report made of it reads it, for as long as there is one.
        self._file.close()

    def _move(self) -> None:
        import tempfile  # it takes a while to load, and few runs come here

        on_disk = tempfile.TemporaryFile(prefix="corscheck-")  # noqa: SIM115 - open as long as the run
        assert isinstance(self._file, io.BytesIO)
        on_disk.write(self._file.getbuffer())
        self._file, self._on_disk = on_disk, True

    def objects(self) -> Iterator[ProbeObject | AuditObject]:
        # Its place is kept here, not in the file: two readers at a time do not disturb each other.
        at = 0
        while True:
            self._file.seek(at)
            text = self._file.readline()
            if not text:
                return
            at = self._file.tell()
            yield json.loads(text)
