"""Saved reports read back: JSON or JSON Lines, a probe or audit at a time, so that a long report needs no more memory than a short.

A JSON Lines file whose run was killed has no summary and may end in the middle of a line: what is whole is read, and a
note says so. Whatever is no report at all raises ``ConfigError`` with the file, the line and what is wrong.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from corscheck.model.values import SCHEMA_VERSION, ConfigError
from corscheck.report.saved.document import is_audit
from corscheck.report.saved.json_stream import JSONDocument
from corscheck.report.saved.saved import Saved
from corscheck.report.saved.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from corscheck.report.saved.saved import AuditObject, ProbeObject

_FIRST_LINE = 1 << 20
"""How long the first line of JSON Lines (which holds the command line) may be, in bytes."""

_ARRAYS = ("probes", "audits")

_ENDED = ("finished", "elapsed_ms")
"""What is known of a run only at its end."""

_TAIL = 1 << 16
"""How much of a file's end is read to find its summary."""


def load(path: str) -> Saved:
    """The report in a file. Raises ``ConfigError`` if it cannot be read or is none."""
    try:
        with Path(path).open("rb") as file:
            first = file.readline(_FIRST_LINE)
            if not first.strip():
                raise ConfigError(f"{path}: no report: it is empty")
            head = _head_line(first)
            if head is None:
                return _document(path)
            check_head(path, head)
            return _lines(path, head, file)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None


def _head_line(line: bytes) -> dict[str, Any] | None:
    """The first line of JSON Lines; None: whatever it is, it is not that."""
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return head if isinstance(head, dict) and "schema_version" in head and "probes" not in head else None


def check_head(path: str, head: dict[str, Any]) -> None:
    """Refuse what is no report of ours, and what a later major version wrote."""
    version = head.get("schema_version")
    if not isinstance(version, str) or not isinstance(head.get("tool"), dict):
        raise ConfigError(f"{path}: no report of corscheck's: it has no schema_version and tool")
    if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise ConfigError(
            f"{path}: written in schema {version[:20]}, which this corscheck cannot read (it reads {SCHEMA_VERSION})"
        )
    if not isinstance(head.get("run", {}), dict):
        raise ConfigError(f"{path}: no report of corscheck's: its run is no object")


# ---------------------------------------------------------------------- JSON Lines


def _lines(path: str, head: dict[str, Any], file: BinaryIO) -> Saved:
    def probes() -> Iterator[ProbeObject]:
        return (_probe(path, value, where) for where, value in _object_lines(path) if not _holds_audit(value))

    def audits() -> Iterator[AuditObject]:
        return (_audit(path, value, where) for where, value in _object_lines(path) if _holds_audit(value))

    last = _last_line(file)
    if last is not None:
        return Saved(head, _summary(path, last), probes, last.get("run"), name=path, audit_source=audits)
    summary = Summary(interrupted=True)
    # Whether there are audits is not known yet: they are looked for.
    torn = Saved(head, {"audits": True}, probes, name=path, audit_source=audits)
    for result in torn.results():
        summary.add(result)
    for audit in torn.audits():
        summary.add_audit(audit)
    count = summary.tested
    note = f"{path} has no end: its run was killed. It holds {count} result{'s' * (count != 1)}."
    return Saved(head, summary.to_dict(), probes, notes=(note,), name=path, audit_source=audits)


def _last_line(file: BinaryIO) -> dict[str, Any] | None:
    """The summary's line, found from the end of the file; None if it is not there."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _TAIL, 0))
    lines = file.read().splitlines()
    try:
        last = json.loads(lines[-1]) if lines else None
    except (ValueError, RecursionError):
        return None
    return last if isinstance(last, dict) and "summary" in last and "url" not in last else None


def _object_lines(path: str) -> Iterator[tuple[str, Any]]:
    """The probe and audit objects of a file, each with its line; a torn last line is left out."""
    with Path(path).open("rb") as file:
        file.readline()
        for number, line in enumerate(file, 2):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                if line.endswith(b"\n"):
                    raise ConfigError(f"{path}, line {number}: no JSON: {line[:40]!r}") from None
                return
            if isinstance(value, dict) and "summary" in value and "url" not in value:
                return
            yield f"line {number}", value


# ---------------------------------------------------------------------- one document


def _document(path: str) -> Saved:
    head: dict[str, Any] = {}
    summary: Any = None
    seen = False
    for member in _members(path):
        if member.name in _ARRAYS:
            seen = seen or member.name == "probes"
            if seen and summary is not None:
                # Ours has them last. In another order the rest has to be looked at.
                break
        elif member.name == "summary":
            summary = member.value
        else:
            head[member.name] = member.value
    check_head(path, head)
    if not seen:
        raise ConfigError(f"{path}: no report of corscheck's: it has no probes")
    ended = None
    if "run" in head:
        # Apart, as in JSON Lines, so that one can be made of the other.
        ended = {name: head["run"][name] for name in _ENDED if name in head["run"]}
        head["run"] = {name: value for name, value in head["run"].items() if name not in _ENDED}
    summary = _summary(path, {"summary": summary})
    return Saved(
        head, summary, lambda: _document_probes(path), ended, name=path, audit_source=lambda: _document_audits(path)
    )


class _Member(NamedTuple):
    """A member of the document, or one item of its arrays."""

    name: str
    value: Any
    item: bool = False


def _members(path: str) -> Iterator[_Member]:
    """The members of the document; of the arrays the name alone first, then each of their items."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            document = JSONDocument(file)
            for name in document.names():
                if name in _ARRAYS:
                    yield _Member(name, None)
                    for value in document.items():
                        yield _Member(name, value, item=True)
                else:
                    yield _Member(name, document.value())
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: no report of corscheck's: neither JSON nor JSON Lines ({error})") from None


def _document_probes(path: str) -> Iterator[ProbeObject]:
    probes = (member.value for member in _members(path) if member.item and member.name == "probes")
    return (_probe(path, value, f"probe {number}") for number, value in enumerate(probes, 1))


def _document_audits(path: str) -> Iterator[AuditObject]:
    audits = (member.value for member in _members(path) if member.item and member.name == "audits")
    return (_audit(path, value, f"audit {number}") for number, value in enumerate(audits, 1))


# ---------------------------------------------------------------------- both


def _probe(path: str, value: Any, where: str) -> ProbeObject:
    if not isinstance(value, dict) or not {"url", "origin", "method", "verdict", "passed"} <= value.keys():
        raise ConfigError(
            f"{path}, {where}: no probe object of a report: it needs url, origin, method, verdict, passed"
        )
    return value


def _holds_audit(value: Any) -> bool:
    return isinstance(value, dict) and is_audit(value)


def _audit(path: str, value: Any, where: str) -> AuditObject:
    if not isinstance(value, dict) or not {"url", "allowed_origins", "findings", "passed"} <= value.keys():
        raise ConfigError(
            f"{path}, {where}: no audit object of a report: it needs url, allowed_origins, findings, passed"
        )
    return value


def _summary(path: str, last: dict[str, Any]) -> dict[str, Any]:
    summary = last["summary"]
    if not isinstance(summary, dict) or not all(isinstance(summary.get(n), int) for n in ("total", "passed", "failed")):
        raise ConfigError(f"{path}: no report of corscheck's: its summary counts nothing")
    ended = last.get("run")
    if ended is not None and not isinstance(ended, dict):
        raise ConfigError(f"{path}: no report of corscheck's: the run of its last line is no object")
    return summary
