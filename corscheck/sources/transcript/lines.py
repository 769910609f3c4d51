"""The lines of a transcript without what terminals, issue trackers and curl's progress meter put around them.

curl marks the lines of ``-v`` by ``*`` (information), ``>`` (sent) and ``<`` (received). ``--trace-ascii`` is turned into
these marks. Timestamps (``--trace-time``), numbers of transfers (``--trace-ids``), colours, Markdown, quotes and
indentation are removed.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPES = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*[A-Za-z]")
_STAMP = re.compile(r"^(?:\d\d:\d\d:\d\d\.\d+ +)?(?:\[[\dx]+-[\dx]+\] )?(?===|[<>*{}=])")
_PROGRESS = re.compile(r"(?:--:--:--|\d:\d\d:\d\d) +\d[\d.]*[kMGTP]?(?=[<>*{}] )")
_QUOTED = re.compile(r"^>[ ]?(?=[<>*] |[<>]$)", re.MULTILINE)
_UNQUOTED_REQUEST = re.compile(r"^> ?[A-Z]+ \S+ HTTP/", re.MULTILINE)
_ANSWER = re.compile(
    r"""^(?:[ \t>]|\d\d:\d\d:\d\d\.\d+[ ]|\[[\dx]+-[\dx]+\][ ])*+
    (?:(?:(?:<|&lt;)[ ]?)?HTTP/\d(?:\.\d)?[ ]\d{3}\b|<=[ ]Recv[ ]header|curl:[ ]\(\d+\)[ ])""",
    re.MULTILINE | re.VERBOSE,
)
_TRACED = re.compile(r"(=>|<=) (?:Send|Recv) (SSL data|header|data)\b")
_OFFSET = re.compile(r"([0-9a-f]{4,8}): ?(.*)")


class Line(Struct, frozen=True):
    """A line: its number in the text, and its mark; the text is without the mark, and stripped.

    Marks: ``*``, ``>``, ``<``; ``{`` for curl's notes about data; empty for everything else: answers of ``-i``, bodies,
    commands.
    """

    number: int
    mark: str
    text: str


def is_transcript(text: str) -> bool:
    """Whether a text holds an answer to a request as curl prints it."""
    return _ANSWER.search(_ESCAPES.sub("", text)) is not None


def lines_of(text: str) -> Iterator[Line]:
    """Yield the lines of a transcript, without blank lines between marked ones."""
    text = _ESCAPES.sub("", text.removeprefix("\ufeff"))
    if "&lt; HTTP/" in text:
        text = html.unescape(text)
    if _QUOTED.search(text) and not _UNQUOTED_REQUEST.search(text):
        text = re.sub(r"^>[ ]?", "", text, flags=re.MULTILINE)
    lines = _plain(text)
    return _untraced(lines) if _TRACED.search(text) else (_marked(number, line) for number, line in lines)


def _plain(text: str) -> Iterator[tuple[int, str]]:
    for number, whole in enumerate(text.split("\n"), 1):
        # The progress meter returns to the beginning of its line.
        line = whole.rstrip("\r").rpartition("\r")[2].strip()
        if progress := _PROGRESS.search(line):
            line = line[progress.end() :]
        yield number, _STAMP.sub("", line, count=1)


def _marked(number: int, line: str) -> Line:
    mark = line[:1]
    if mark in ("<", ">", "*") and line[1:2] in ("", " "):
        return Line(number, mark, line[1:].strip())
    if mark in ("{", "}") and re.match(r"[{}] \[\d+ bytes data\]", line):
        return Line(number, "{", line)
    return Line(number, "", line)


def _untraced(lines: Iterator[tuple[int, str]]) -> Iterator[Line]:
    """Turn ``--trace-ascii`` into the lines of ``-v``: a header goes on where the next offset follows its last byte."""
    mark, start, held, ends = "", 0, "", -1
    for number, line in lines:
        row = _OFFSET.fullmatch(line) if mark else None
        if row is not None and mark != "{":
            at = int(row[1], 16)
            if at == ends:
                held += row[2]
            else:
                if ends >= 0:
                    yield Line(start, mark, held.strip())
                held, start = row[2], number
            ends = at + len(row[2])
            continue
        if row is not None:
            continue
        if ends >= 0:
            yield Line(start, mark, held.strip())
            ends = -1
        if traced := _TRACED.match(line):
            mark = "{" if traced[2] != "header" else ">" if traced[1] == "=>" else "<"
        elif line.startswith("== Info:"):
            mark = ""
            yield Line(number, "*", line.removeprefix("== Info:").strip())
        else:
            mark = ""
            yield _marked(number, line)
    if ends >= 0:
        yield Line(start, mark, held.strip())
