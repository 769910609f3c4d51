"""GitHub Actions: annotations as workflow commands, and the job summary as Markdown.

GitHub shows 10 annotations of a level per step and takes 1 MiB of summary; more is cut here, and said. Whatever else is
printed in a job is read for workflow commands as well: ``inert`` takes those out of a line that is not ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corscheck.report.markdown import document
from corscheck.report.problems import Problem, place, problem
from corscheck.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model import Result
    from corscheck.report.saved import Saved

PER_LEVEL = 10
SUMMARY_BYTES = 1 << 20
_LONGEST = 4096
"""How long the message of an annotation may be, in characters; GitHub shows no more."""


@dataclass(slots=True)
class _Group:
    """Problems with one code at one place: one annotation."""

    first: Problem
    result: Result
    count: int = 0


def render(saved: Saved) -> Iterator[str]:
    """The annotations, a line each; errors first. Those of one check and one code are one."""
    groups: dict[tuple[object, ...], _Group] = {}
    for result in saved.results():
        found = problem(result)
        if found is not None:
            where: object = result.url if result.check is None else (result.check.name, place(result.check))
            groups.setdefault((where, found.code, found.error), _Group(found, result)).count += 1
    for level in ("error", "warning"):
        chosen = [g for g in groups.values() if g.first.error == (level == "error")]
        full = len(chosen) > PER_LEVEL
        for group in chosen[: PER_LEVEL - 1 if full else PER_LEVEL]:
            yield _annotation(level, group)
        if full:
            more = len(chosen) - PER_LEVEL + 1
            yield f"::{level} title=corscheck::{more} more of these: GitHub shows {PER_LEVEL}. See the job summary.\n"


def _annotation(level: str, group: _Group) -> str:
    found, where = group.first, place(group.result.check)
    properties = [f"file={_property(where[0])}", f"line={where[1]}"] if where is not None else []
    properties.append(f"title={_property(found.title)}")
    advice = next((f.advice for f in group.result.findings if f.advice and f.severity != "info"), None)
    text = f"{found.message} [{found.code}]" + "".join(
        f"\n{printable(part)}" for part in (advice or "").split("\n") if part
    )
    if group.count > 1:
        text += f"\nand {group.count - 1} more like it"
    return f"::{level} {','.join(properties)}::{_data(text[:_LONGEST])}\n"


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
