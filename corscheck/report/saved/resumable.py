"""Reading of the JSON Lines file of a run that is to be continued, one line at a time.

This module knows only the file: ``cli.ask.resuming`` compares its lines with the question of the run.
"""

from __future__ import annotations

import calendar
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corscheck.model.values import ConfigError
from corscheck.report.saved.document import Run
from corscheck.report.saved.load import check_head, head_line, object_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_HEAD = b'{"schema_version":'
"""The first bytes of every report that ``jsonl`` writes. A truncated first line may be shorter than this."""


class ResumableReport:
    """The complete lines of a report that is to be continued.

    ``head`` is its first line (empty if there is none yet). After ``objects`` was read to its end, ``count`` is the number
    of results and audits, ``end`` the number of bytes that they and the head take, and ``summary`` the summary of a run
    that came to its end. Behind ``end`` are that summary or the truncated last line of a killed run.
    """

    def __init__(self, path: str, head: dict[str, Any], begin: int) -> None:
        self.path = path
        self.head = head
        self.count = 0
        self.end = begin
        self.summary: dict[str, Any] | None = None
        self._begin = begin

    @classmethod
    def of(cls, path: str) -> ResumableReport:
        """Read the head of a file; empty if there is no file. Raises ``ConfigError`` for any other file."""
        try:
            with Path(path).open("rb") as file:
                first = file.readline()
        except FileNotFoundError:
            return cls(path, {}, 0)
        except OSError as error:
            raise ConfigError(f"--resume: cannot read {path}: {(error.strerror or str(error)).lower()}") from None
        if not first.endswith(b"\n"):
            if first[: len(_HEAD)] != _HEAD[: len(first)]:
                raise ConfigError(f"--resume: {path} was not written by --jsonl, so it is left as it is")
            # Killed in the middle of the first line, or before it.
            return cls(path, {}, 0)
        head = head_line(first)
        if head is None:
            raise ConfigError(f"--resume: {path} was not written by --jsonl, so it is left as it is")
        check_head(path, head)
        return cls(path, head, len(first))

    @property
    def run(self) -> Run | None:
        """The run that is continued, as it began; None for a reproducible or an empty report."""
        begun = self.head.get("run")
        if begun is None:
            return None
        argv = begun.get("argv")
        known = isinstance(argv, list) and all(isinstance(word, str) for word in argv)
        started = time.time()
        with contextlib.suppress(KeyError, TypeError, ValueError):
            day, _, milliseconds = begun["started"].rstrip("Z").partition(".")
            started = calendar.timegm(time.strptime(day, "%Y-%m-%dT%H:%M:%S")) + int(milliseconds or 0) / 1000
        return Run(tuple(argv) if known else (), started + 1e-4)  # so that no millisecond is lost to rounding

    def objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each probe or audit object with its line number. Raises ``ConfigError`` for a whole line that is neither."""
        if not self.head:
            return
        count, end, summary = 0, self._begin, None
        with Path(self.path).open("rb") as file:
            file.seek(self._begin)
            for number, line in enumerate(file, 2):
                if not line.endswith(b"\n"):
                    break
                found = object_of(line)
                if found is None or ("url" not in found and "summary" not in found):
                    raise ConfigError(f"--resume: {self.path}, line {number}: no probe or audit object of a report")
                if "url" not in found:
                    summary = self._summary(file, number, found["summary"])
                    break
                yield number, found
                count += 1
                end += len(line)
        self.count, self.end, self.summary = count, end, summary

    def _summary(self, file: BinaryIO, number: int, summary: Any) -> dict[str, Any] | None:
        if file.readline():
            raise ConfigError(f"--resume: {self.path}: something follows the summary in line {number}")
        return summary if isinstance(summary, dict) else None
