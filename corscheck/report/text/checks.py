"""The terminal view of a policy run: a title for each check that fails, a row for every check, and what is excused.

Reads the saved model only. Pure: returns lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.model.printable import printable
from corscheck.report.saved.summary import failed
from corscheck.report.text.layout import cut, wrap
from corscheck.report.text.text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.model.result import Result
    from corscheck.model.values import CheckRef, Excuse
    from corscheck.report.text.view import View

_MOST_ROWS = 40
"""With more checks than this, the checks that pass are counted and not listed."""

_MOST_LISTED = 200
_LABEL = 6
_MOST_EXCUSES = 10


class Tally(Struct):
    """The results of one check, in numbers. ``held`` counts those that were allowed by their preflight only."""

    total: int = 0
    passed: int = 0
    failed: int = 0
    excused: int = 0
    undecided: int = 0
    held: int = 0

    def add(self, result: Result) -> None:
        """Count one result."""
        self.total += 1
        self.passed += result.passed
        self.held += result.word == "allowed*"
        if result.excused is not None:
            self.excused += 1
        elif not result.passed:
            wrong = failed(result)
            self.failed += wrong
            self.undecided += not wrong

    @property
    def word(self) -> str:
        """One word for the check: ``pass``, ``FAIL``, or ``????`` if something could not be judged."""
        return "FAIL" if self.failed else "????" if self.undecided else "pass"


_KINDS = {"pass": "pass", "FAIL": "fail", "????": "unsure"}


def place(ref: CheckRef) -> str:
    """Return file and line, e.g. ``corscheck.toml:12``."""
    return f"{printable(ref.file or '')}:{ref.line}" if ref.line is not None else printable(ref.file or "")


def title(ref: CheckRef, view: View) -> list[str]:
    """Return the head of a check that has something to explain: its name and its place."""
    return [f"{view.style('bold', printable(ref.name))}  ({place(ref)})"]


def rows(tallies: Mapping[CheckRef, Tally], view: View) -> list[str]:
    """Return a row for each check: its outcome, the number of probes, and its place if something is wrong."""
    few = len(tallies) <= _MOST_ROWS
    shown = {ref: t for ref, t in tallies.items() if few or t.word != "pass"}
    wide = max((len(str(t.total)) for t in shown.values()), default=1)
    lines: list[str] = []
    for ref, tally in list(shown.items())[:_MOST_LISTED]:
        lead = f"  {tally.word}  {tally.total:>{wide}}  "
        numbers = {"failed": tally.failed, "inconclusive": tally.undecided, "excused": tally.excused}
        details = counted({**numbers, "allowed*": tally.held}) + (f" ({place(ref)})" if tally.word != "pass" else "")
        text = printable(ref.name) + (f": {details}" if details else "")
        first, *rest = wrap(text, view.width, len(lead), lead)
        word = view.style(_KINDS[tally.word], tally.word)
        lines += [first.replace(tally.word, word, 1), *rest]
    if len(shown) > _MOST_LISTED:
        lines.append(f"        and {len(shown) - _MOST_LISTED} more that did not come as expected")
    if len(tallies) > len(shown):
        lines.append(f"  {view.style('pass', 'pass')}  {len(tallies) - len(shown)} checks")
    return lines


def line(result: Result) -> str:
    """Return the line that ``-q`` prints for a result: the outcome, then the verdict and why."""
    word = "pass" if result.passed else "FAIL" if failed(result) else "????"
    return f"{'note' if result.excused is not None else word}  {result!s}"


def excuse(excused: Excuse) -> str:
    """Return why a failure is excused, and where: ``known bug (corscheck.toml:40, until 2030-12-31)``."""
    where = f"{excused.file}:{excused.line}" if excused.line is not None else excused.file or excused.by
    until = f", until {excused.expires}" if excused.expires is not None else ""
    return printable(f"{excused.reason} ({where}{until})")


def excuses(counts: Mapping[str, int], view: View) -> list[str]:
    """Return the excuses, each with the number of failures."""
    lines: list[str] = []
    for text, count in list(counts.items())[:_MOST_EXCUSES]:
        many = f"{count} excused: " if count > 1 else "excused: "
        lines += wrap(many + cut(text, 400), view.width, _LABEL + 2, "  note")
    if len(counts) > _MOST_EXCUSES:
        lines.append(f"        and for {len(counts) - _MOST_EXCUSES} more reasons")
    return ["", *lines] if lines else []
