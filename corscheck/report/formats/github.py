"""GitHub Actions: annotations as workflow commands, and the job summary as Markdown.

GitHub shows 10 annotations of a level per step and takes 1 MiB of summary; the writers cut the rest and say so. GitHub
also reads workflow commands from everything else that a job prints: ``inert`` disarms a line of a server's text.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.model.result import Result
from corscheck.report.formats.markdown import document
from corscheck.report.formats.problems import problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.item import Item
    from corscheck.report.formats.problems import Problem
    from corscheck.report.saved.saved import Saved

PER_LEVEL = 10
SUMMARY_BYTES = 1 << 20
_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
_LONGEST = 4096
"""The longest message of an annotation, in characters; GitHub shows no more."""


class _Group(Struct):
    """Problems with one code at one place: one annotation, with the text of the first of them."""

    first: Problem
    count: int = 0


def render(saved: Saved) -> Iterator[str]:
    """Yield the annotations, a line each, errors first: one for all problems with one code in a check or audit."""
    groups: dict[tuple[object, ...], _Group] = {}
    for item in saved.items():
        for problem in problems(item):
            key = _key(problem, item)
            groups.setdefault(key, _Group(problem)).count += 1
    for level in ("error", "warning", "notice"):
        chosen = [group for group in groups.values() if _LEVELS[group.first.level] == level]
        full = len(chosen) > PER_LEVEL
        for group in chosen[: PER_LEVEL - 1 if full else PER_LEVEL]:
            yield _annotation(group, level)
        if full:
            more = len(chosen) - PER_LEVEL + 1
            yield f"::{level} title=corscheck::{more} more of these: GitHub shows {PER_LEVEL}. See the job summary.\n"


def _key(problem: Problem, item: Item) -> tuple[object, ...]:
    """Return what the problems of one annotation share: the check (or the target), the code and the level."""
    where: tuple[object, ...]
    if isinstance(item, Result):
        where = (item.url,) if item.check is None else (item.check.name, problem.place)
    else:
        where = ("audit", item.index, item.url)
    return (*where, problem.code, problem.level)


def _annotation(group: _Group, level: str) -> str:
    problem = group.first
    properties = (
        [f"file={_property(problem.place[0])}", f"line={problem.place[1]}"] if problem.place is not None else []
    )
    properties.append(f"title={_property(problem.title)}")
    text = "\n".join([f"{problem.message} [{problem.code}]", *filter(None, problem.advice.split("\n"))])
    if group.count > 1:
        text += f"\nand {group.count - 1} more like it"
    return f"::{level} {','.join(properties)}::{_data(text[:_LONGEST])}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def add_summary(saved: Saved, path: str) -> None:
    """Append the report to the job summary as far as it fits. Raises ``OSError``."""
    file = Path(path)
    taken = file.stat().st_size if file.exists() else 0
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace", newline="") as out:
        for piece in document(saved, SUMMARY_BYTES - taken):
            taken += len(piece.encode("utf-8", "backslashreplace"))
            # The tables are cut to fit. In a file that is full already the rest stays out, or GitHub would refuse all.
            if taken <= SUMMARY_BYTES:
                out.write(piece)


_BEGINNING = re.compile(r"(?m)^([^\S\n]*+):(?=:)")


def inert_document(piece: str, form: str) -> str:
    """Return a piece of a report that means the same and holds no command for GitHub.

    A string of JSON can hold an escape, HTML and XML a character reference. Lines of JSON begin with a quote or a bracket.
    """
    if form not in ("html", "junit", "markdown"):
        return piece.replace("##[", "##\\u005b")
    return _BEGINNING.sub(r"\1&#58;", piece).replace("##[", "##&#91;")


def inert(line: str) -> str:
    """Return the line in a form that GitHub takes for no command (``::`` at its start, or ``##[`` anywhere)."""
    if line.lstrip().startswith("::"):
        line = line.replace("::", "\\x3a:", 1)
    return line.replace("##[", "##\\x5b")
