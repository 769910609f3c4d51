"""Reading of saved reports, JSON or JSON Lines, one probe or audit at a time: the length of a report does not matter.

A JSON Lines file whose run was killed has no summary and may end in the middle of a line. Its complete lines are read,
and a note says so. A file that is not a report raises ``ConfigError`` with the file, the line and what is wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections import deque
from contextlib import contextmanager
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corscheck.model.json import decode
from corscheck.model.json_stream import JSONStream
from corscheck.model.values import SCHEMA_VERSION, ConfigError
from corscheck.report.saved.document import kind_of
from corscheck.report.saved.saved import Saved
from corscheck.report.saved.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


_FIRST_LINE = 1 << 20
"""The longest first line of JSON Lines (it holds the command line), in bytes."""

_ARRAYS = ("probes", "audits")

_ENDED = ("finished", "elapsed_ms")
"""The facts about a run that are known only at its end."""

_TAIL = 1 << 16
"""How much of a file's end is read to find its summary."""


class _Source:
    """A file with a report, which is read more than once: a pipe (``<(...)``) is copied to a temporary file.

    ``str()`` is its path as typed.
    """

    def __init__(self, path: str) -> None:
        self._typed = path
        self._path = path
        self._copy: Any = None
        mode = os.stat(path).st_mode  # noqa: PTH116 - a path as typed
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            self._copy = tempfile.NamedTemporaryFile(prefix="corscheck-")  # noqa: SIM115 - open as long as the source
            with Path(path).open("rb") as pipe:
                shutil.copyfileobj(pipe, self._copy)
            self._copy.flush()
            self._path = self._copy.name

    def __str__(self) -> str:
        return self._typed

    def open(self) -> BinaryIO:
        return Path(self._path).open("rb")


def load(path: str) -> Saved:
    """Return the report in a file or a pipe. Raises ``ConfigError`` if it cannot be read or is not a report."""
    try:
        source = _Source(path)
        with source.open() as file:
            first = file.readline(_FIRST_LINE)
            if not first.strip():
                raise ConfigError(f"{path}: no report: it is empty")
            head = head_line(first)
            if head is None:
                return _document(source)
            check_head(path, head)
            return _lines(source, head, file)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None


def head_line(line: bytes) -> dict[str, Any] | None:
    """Decode the first line of JSON Lines; None if it is something else."""
    head = object_of(line)
    return head if head is not None and "schema_version" in head and "probes" not in head else None


def object_of(line: bytes) -> dict[str, Any] | None:
    """Decode a line; None if it is not a JSON object."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def check_head(path: str, head: dict[str, Any]) -> None:
    """Raise ``ConfigError`` unless it is the head of a report that this version can read."""
    version = head.get("schema_version")
    if not isinstance(version, str) or not isinstance(head.get("tool"), dict):
        raise ConfigError(f"{path}: no report of corscheck's: it has no schema_version and tool")
    if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise ConfigError(
            f"{path}: written in schema {version[:20]}, which this corscheck cannot read (it reads {SCHEMA_VERSION})"
        )
    run = head.get("run", {})
    if not isinstance(run, dict):
        raise ConfigError(f"{path}: not a report of corscheck's: its run is not an object")
    argv = run.get("argv", [])
    if not isinstance(argv, list) or not all(isinstance(word, str) for word in argv):
        raise ConfigError(f"{path}: not a report of corscheck's: the argv of its run is not a list of texts")


# ---------------------------------------------------------------------- JSON Lines


def _lines(source: _Source, head: dict[str, Any], file: BinaryIO) -> Saved:
    def objects(kind: str) -> Iterator[dict[str, Any]]:
        return (_checked(source, v, where, kind) for where, v in _object_lines(source) if kind_of(v) == kind)

    probes, audits = partial(objects, "probe"), partial(objects, "audit")
    last = _last_line(file)
    if last is not None:
        return Saved(head, _summary(source, last), probes, last.get("run"), name=str(source), audit_source=audits)
    summary = Summary(interrupted=True)
    # No summary says whether there are audits: look for them.
    unfinished = Saved(head, {"audits": True}, probes, name=str(source), audit_source=audits)
    for item in unfinished.items():
        summary.add(item)
    count = summary.tested
    note = f"{source} is incomplete: its run was killed. It contains {count} result{'s' * (count != 1)}."
    return Saved(head, summary.to_dict(), probes, notes=(note,), name=str(source), audit_source=audits)


def _last_line(file: BinaryIO) -> dict[str, Any] | None:
    """Decode the summary's line, found from the end of the file; None if it is missing."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _TAIL, 0))
    lines = file.read().splitlines()
    last = object_of(lines[-1]) if lines else None
    return last if last is not None and "summary" in last and "url" not in last else None


def _object_lines(source: _Source) -> Iterator[tuple[str, Any]]:
    """Yield the probe and audit objects of a file, each with its line; a truncated last line is dropped."""
    with source.open() as file:
        file.readline()
        for number, line in enumerate(file, 2):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                if line.endswith(b"\n"):
                    raise ConfigError(f"{source}, line {number}: no JSON: {line[:40]!r}") from None
                return
            if isinstance(value, dict) and "summary" in value and "url" not in value:
                return
            yield f"line {number}", value


# ---------------------------------------------------------------------- one document


def _document(source: _Source) -> Saved:
    head: dict[str, Any] = {}
    seen = False
    with _opened(source) as document:
        for name in document.names():
            if name not in _ARRAYS:
                head[name] = document.value()
                continue
            seen = seen or name == "probes"
            if seen and head.get("summary") is not None:
                # corscheck writes the arrays last. In a different order, the rest must be read too.
                break
            deque(document.items(), maxlen=0)
        else:
            document.end()
    summary = head.pop("summary", None)
    check_head(str(source), head)
    if not seen:
        raise ConfigError(f"{source}: no report of corscheck's: it has no probes")
    ended = None
    if "run" in head:
        # Kept apart as in JSON Lines, so that each format can be written from the other.
        ended = {name: head["run"][name] for name in _ENDED if name in head["run"]}
        head["run"] = {name: value for name, value in head["run"].items() if name not in _ENDED}
    summary = _summary(source, {"summary": summary})
    probes, audits = (partial(_document_objects, source, kind) for kind in ("probe", "audit"))
    return Saved(head, summary, probes, ended, name=str(source), audit_source=audits)


@contextmanager
def _opened(source: _Source) -> Iterator[JSONStream]:
    """Open the document. Raises ``ConfigError`` if what the caller reads is not JSON."""
    try:
        with source.open() as binary, TextIOWrapper(binary, encoding="utf-8") as file:
            yield JSONStream(file.read)
    except ConfigError:
        # About an object of the report, which is JSON.
        raise
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source}: no report of corscheck's: neither JSON nor JSON Lines ({error})") from None


def _document_objects(source: _Source, kind: str) -> Iterator[dict[str, Any]]:
    with _opened(source) as document:
        for name in document.names():
            for number, value in enumerate(document.items() if name in _ARRAYS else [document.value()], 1):
                if name == f"{kind}s":
                    yield _checked(source, value, f"{kind} {number}", kind)
        document.end()


# ---------------------------------------------------------------------- both


_NEEDED = {
    "probe": ("url", "origin", "method", "verdict", "passed"),
    "audit": ("url", "allowed_origins", "findings", "passed"),
}
"""The fields that each kind of object must have."""


def _checked(source: _Source, value: Any, where: str, kind: str) -> dict[str, Any]:
    needed = _NEEDED[kind]
    if not isinstance(value, dict) or not value.keys() >= set(needed):
        raise ConfigError(f"{source}, {where}: no {kind} object of a report: it needs {', '.join(needed)}")
    return value


def _summary(source: _Source, last: dict[str, Any]) -> dict[str, Any]:
    summary = last["summary"]
    if not isinstance(summary, dict) or not all(isinstance(summary.get(n), int) for n in ("total", "passed", "failed")):
        raise ConfigError(f"{source}: no report of corscheck's: its summary counts nothing")
    try:
        decode(summary, Summary)
    except ValueError as error:
        raise ConfigError(f"{source}: no report of corscheck's: its summary is invalid: {error}") from None
    ended = last.get("run")
    if ended is not None and not isinstance(ended, dict):
        raise ConfigError(f"{source}: not a report of corscheck's: the run of its last line is not an object")
    return summary
