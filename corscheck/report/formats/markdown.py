"""Markdown (GitHub's and GitLab's): the verdict, counts, a table for each panel, the audits, the causes with their fixes.

The text of servers is put into code spans, word by word: in a code span no Markdown, HTML, link or mention is active.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.report.formats.advice import advice_parts
from corscheck.report.formats.findings import MANY_AUDITS, group_findings
from corscheck.report.formats.panels import STATUS_NOTE, headline, survey
from corscheck.report.text import audits
from corscheck.report.text.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.audits import Audit, AuditFinding
    from corscheck.report.formats.findings import FindingGroup
    from corscheck.report.formats.panels import Band, Cell, Survey
    from corscheck.report.saved.saved import Saved
    from corscheck.report.text.causes import CauseGroup

_MARKS = {"pass": "✅", "fail": "❌", "unsure": "⚠️"}
_LABELS = {
    "allowed": "allowed",
    "allowed_preflight_only": "of these by preflight only (allowed\\*)",
    "blocked": "blocked",
    "invalid": "invalid",
    "inconclusive": "inconclusive",
}
_CAUSES = 50
"""The most causes that are explained."""

_FURTHER = 8
"""The most results with the same cause that are named."""

_LONGEST = 2000
"""The longest text of a server in one place, in characters."""

_HARMLESS = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9/'-]|[.,](?![A-Za-z0-9]))*+[.,;:!?)]*+\Z|"
    r"\([a-z]++(?:-[a-z]++)*+(?::[0-9.]++)?+[.,;)]*+\Z|"
    r"\(?\.\.\.\Z"
)
"""A word that means nothing to Markdown: ordinary ones with their punctuation, ``(cors-check:4).``, and ``(...``"""

_PUNCTUATION = re.compile(r"[^A-Za-z0-9 ]")


def render(saved: Saved) -> Iterator[str]:
    """Yield the document in pieces."""
    return document(saved, None)


def document(saved: Saved, limit: int | None) -> Iterator[str]:
    """Yield the document in pieces, of at most ``limit`` bytes: table rows and audits that do not fit are only counted.

    Results of many hosts are collapsed, below the causes.
    """
    found = survey(saved.results())
    before, after = "".join(_top(saved)), "".join(_causes(found))
    end = ""
    groups = group_findings(saved.audits()) if saved.counts().audits > MANY_AUDITS else []
    before += "".join(_findings(groups))
    if found.many:
        before += after + f"<details>\n<summary>{_all_results(found)}</summary>\n\n"
        after, end = "", "</details>\n\n"
    yield before
    room = None if limit is None else limit - len((before + end + after).encode()) - 200
    left_out = 0
    for piece, cells in chain(_tables(found), [(end, 0)], _audits(saved)):
        if room is not None and piece is not end:
            room -= len(piece.encode())
            if room < 0:
                # Drop everything from here on: a later, shorter row would be below the wrong head.
                room, left_out = -1, left_out + cells
                continue
        yield piece
    if left_out:
        yield f"\n\n_{left_out} results are not shown here: this file would be too long._\n\n"
    yield after


def _all_results(found: Survey) -> str:
    cells = list(found.cells())
    wrong = sum(cell.state != "pass" for cell in cells)
    return f"All {len(cells):,} results, {wrong:,} not as expected"


def _top(saved: Saved) -> Iterator[str]:
    counts = saved.counts()
    word, said = headline(counts)
    mark = {"PASSED": "✅", "FAILED": "❌"}.get(word, "⚠️")
    yield f"## {mark} corscheck: {word}\n\n{said}\n\n".replace("*", "\\*")
    for note in saved.notes:
        yield f"> {text(note)}\n\n"
    shown = [(label, n) for name, label in _LABELS.items() if (n := getattr(counts, name))]
    if shown:
        yield "| " + " | ".join(label for label, _ in shown) + " |\n" + "| ---: " * len(shown) + "|\n"
        yield "| " + " | ".join(str(n) for _, n in shown) + " |\n\n"


def _tables(found: Survey) -> Iterator[tuple[str, int]]:
    """Yield the tables in pieces, each with the number of results in it."""
    for panel in found.panels:
        title = f"### {code(panel.title)}\n\n" + (
            f"{code(panel.base)}: " if panel.base not in ("", panel.title) else ""
        )
        yield f"{title}{text(panel.circumstances)}\n\n", 0
        for band in panel.bands():
            yield _band_head(band, is_list=panel.is_list), 0
            for origin, row in band.rows:
                yield f"| {code(origin)} | " + " | ".join(_cell(c) for c in row) + " |\n", sum(map(bool, row))
            yield "\n", 0


def _band_head(band: Band, *, is_list: bool) -> str:
    heads = [
        text(method) if is_list else f"{text(method)} {code(path)}"
        for path, methods in band.endpoints
        for method in methods
    ]
    return f"| {'URL' if is_list else 'origin'} | " + " | ".join(heads) + " |\n| --- " + "| --- " * len(heads) + "|\n"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    label = " ".join(filter(None, cell.said)).replace("*", "\\*")
    if cell.cause is None:
        return f"{_MARKS[cell.state]} {label}"
    return f"{_MARKS[cell.state]} **{label}** {cell.cause.number}"


def _audits(saved: Saved) -> Iterator[tuple[str, int]]:
    """Yield the audits in pieces, each of one result."""
    many = saved.counts().audits > MANY_AUDITS
    for audit in saved.audits():
        whole = "".join(_audit(audit))
        if many:
            word = audits.word(audit)
            summary = f"{_MARKS[audits.STATES[word]]} {word} {code(audit.url, html=True)}"
            whole = f"<details>\n<summary>{summary}</summary>\n\n{whole}</details>\n\n"
        yield whole, 1


def _findings(groups: list[FindingGroup]) -> Iterator[str]:
    if groups:
        yield "### Findings\n\n"
    for group in groups:
        name = f"{code(group.code)} " if group.code else ""
        yield f"**{group.label}** {name}{text(group.title)} {group.count:,} target{'' if group.count == 1 else 's'}:\n\n"
        more = group.count - len(group.examples)
        yield "".join(f"- {code(url)}\n" for url in group.examples) + (f"- and {more:,} more\n" if more else "") + "\n"
        if group.advice:
            yield fix(group.advice)


def _audit(audit: Audit) -> Iterator[str]:
    word = audits.word(audit)
    yield f"### Audit of {code(audit.url)}\n\n{_MARKS[audits.STATES[word]]} **{word}** {text(audits.statement(audit))}\n\n"
    yield f"{text(audits.circumstances(audit))}\n\n"
    for remark in audits.remarks(audit):
        yield f"> {text(remark)}\n\n"
    for finding in audit.findings:
        yield from _audit_finding(finding, audit)


def _audit_finding(finding: AuditFinding, audit: Audit) -> Iterator[str]:
    yield f"**{audits.label(finding).upper()}** {code(finding.code)} {text(finding.title)} ({code(finding.origin)})\n\n"
    if finding.message:
        yield f"{text(finding.message)}\n\n"
    where = audits.works_in(finding)
    if where is not None:
        yield f"Works in {text(where)}.\n\n"
    asked = audits.elsewhere(finding, audit)
    lines = ([asked] if asked is not None else []) + audits.evidence(finding)
    if lines:
        yield fenced(lines) + "\n\n"
    if finding.advice:
        yield fix(finding.advice)
    excused = audits.excuse(finding)
    if excused is not None:
        yield f"Excused: {text(excused)}\n\n"


def _causes(found: Survey) -> Iterator[str]:
    if found.causes:
        yield "### Why\n\n"
    for group in found.causes[:_CAUSES]:
        yield from _cause(group, found)
    if len(found.causes) > _CAUSES:
        yield f"_{len(found.causes) - _CAUSES} further causes are not explained here._\n\n"
    if any(cell.word == "allowed*" for cell in found.cells()):
        yield "\\* The preflight allows it; the request itself was not sent (`--send always`).\n\n"
    if found.has_readable_errors():
        yield f"{text(STATUS_NOTE)}\n\n"


def _cause(group: CauseGroup, found: Survey) -> Iterator[str]:
    count = f" {group.count:,} results:" if found.many else ""
    yield f"**{group.number}.**{count} {text(group.why())}\n\n"
    named = [f"{e.request(whole=found.several_hosts)} from {e.origin}" for e in found.examples(group)[:_FURTHER]]
    more = group.count - len(named)
    yield "".join(f"- {text(name)}\n" for name in named) + (f"- and {more:,} more\n" if more else "") + "\n"
    for advice in group.fixes():
        yield fix(advice, "Fix, for the first" if group.varied_fix else "Fix")
    console = group.first.console.get(group.first.engine)
    if console and not found.many:
        yield fenced([f"{words.engine(group.first.engine)}'s console:", *console.split("\n")]) + "\n\n"


def fix(advice: str, title: str = "Fix") -> str:
    """Return an advice as paragraphs and code blocks."""
    parts = advice_parts(advice)
    blocks = [fenced(p.text.split("\n"), p.language) if p.is_code else text(p.text) for p in parts]
    lead = f"**{title}:**"
    if parts and not parts[0].is_code:
        blocks[0] = f"{lead} {blocks[0]}"
    else:
        blocks.insert(0, lead)
    return "\n\n".join(blocks) + "\n\n"


def text(value: str) -> str:
    """Put the words of a sentence that could be active in Markdown into code spans."""
    return " ".join(_word(word) for word in cut(printable(value.replace("\n", " ")), _LONGEST).split(" "))


def _word(word: str) -> str:
    if not word or _HARMLESS.match(word):
        return word
    # A bracket before the word and the punctuation behind it stay outside of the code span.
    opening = "(" if word.startswith("(") else ""
    inner = word.removeprefix("(").rstrip(".,;:)")
    closing = word[len(opening) + len(inner) :]
    return f"{opening}{code(inner)}{closing}" if inner else code(word)


def code(value: str, *, html: bool = False) -> str:
    """Return a code span: in Markdown, or as HTML with references.

    It is HTML inside of HTML (``html``), and if a backtick, pipe or backslash would end the span or its table cell.
    """
    shown = cut(printable(value), _LONGEST) or " "
    if not html and not any(c in shown for c in "`|\\") and shown == shown.strip():
        return f"`{shown}`"
    return "<code>" + _PUNCTUATION.sub(lambda m: f"&#{ord(m[0])};", shown) + "</code>"


def fenced(lines: list[str], language: str = "text") -> str:
    """Return a code block whose fence is longer than any in its lines."""
    shown = [cut(printable(line), _LONGEST) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *shown, fence])
