"""GitHub Actions: annotations as workflow commands, and the job summary as Markdown.

GitHub shows 10 annotations of a level per step and takes 1 MiB of summary; more is cut here, and said. Whatever else is
printed in a job is read for workflow commands as well: ``inert`` takes those out of a line that is not ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.model.printable import printable
from corscheck.report.formats import audit_problems
from corscheck.report.formats.markdown import document
from corscheck.report.formats.problems import place, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.report.saved.saved import Saved

PER_LEVEL = 10
SUMMARY_BYTES = 1 << 20
_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
_LONGEST = 4096
"""How long the message of an annotation may be, in characters; GitHub shows no more."""


class _Group(Struct):
    """Problems with one code at one place: one annotation, with what the first of them says."""

    level: str
    title: str
    text: str
    where: tuple[str, int] | None
    count: int = 0


def render(saved: Saved) -> Iterator[str]:
    """The annotations, a line each; errors first. Those of one check (or audit) and one code are one."""
    groups: dict[tuple[object, ...], _Group] = {}
    for result in saved.results():
        found = problem(result)
        if found is not None:
            where: object = result.url if result.check is None else (result.check.name, place(result.check))
            key: tuple[object, ...] = (where, found.code, found.error)
            if key not in groups:
                advice = next((f.advice for f in result.findings if f.advice and f.severity != "info"), None)
                level = "error" if found.error else "warning"
                groups[key] = _Group(level, found.title, _text(found.message, found.code, advice), place(result.check))
            groups[key].count += 1
    for audit in saved.audits():
        for one in audit_problems.problems(audit):
            key = ("audit", audit.index, audit.url, one.code, one.level)
            if key not in groups:
                text = _text(one.message, one.code, one.advice)
                groups[key] = _Group(_LEVELS[one.level], one.title, text, audit_problems.place(audit))
            groups[key].count += 1
    for level in ("error", "warning", "notice"):
        chosen = [group for group in groups.values() if group.level == level]
        full = len(chosen) > PER_LEVEL
        for group in chosen[: PER_LEVEL - 1 if full else PER_LEVEL]:
            yield _annotation(group)
        if full:
            more = len(chosen) - PER_LEVEL + 1
            yield f"::{level} title=corscheck::{more} more of these: GitHub shows {PER_LEVEL}. See the job summary.\n"


def _text(message: str, code: str, advice: str | None) -> str:
    return f"{message} [{code}]" + "".join(f"\n{printable(part)}" for part in (advice or "").split("\n") if part)


def _annotation(group: _Group) -> str:
    properties = [f"file={_property(group.where[0])}", f"line={group.where[1]}"] if group.where is not None else []
    properties.append(f"title={_property(group.title)}")
    text = group.text
    if group.count > 1:
        text += f"\nand {group.count - 1} more like it"
    return f"::{group.level} {','.join(properties)}::{_data(text[:_LONGEST])}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def add_summary(saved: Saved, path: str) -> None:
    """Append the report to the job summary, as far as there is room in it. Raises ``OSError``."""
    file = Path(path)
    taken = file.stat().st_size if file.exists() else 0
    with file.open("a", encoding="utf-8", errors="backslashreplace", newline="") as out:
        for piece in document(saved, SUMMARY_BYTES - taken):
            taken += len(piece.encode("utf-8", "backslashreplace"))
            # The tables have been cut to fit. What a full file still has no room for stays out: GitHub would refuse all.
            if taken <= SUMMARY_BYTES:
                out.write(piece)


def inert(line: str) -> str:
    """A line that no runner takes for a command: one starts with ``::``, or has ``##[`` anywhere."""
    if line.lstrip().startswith("::"):
        line = line.replace("::", "\\x3a:", 1)
    return line.replace("##[", "##\\x5b")
