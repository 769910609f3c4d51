"""What ``corscheck run`` prints: each failing check with its reasons, then a row for every check, then the totals.

Holds one block (the origins and methods of a URL) and a few numbers for each check, however many probes there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from corscheck.cli.show.sinks import TextSink
from corscheck.model.result import Result
from corscheck.report.text import checks
from corscheck.report.text.causes import light
from corscheck.report.text.matrix import block, list_row, totals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.model.item import Item
    from corscheck.model.values import CheckRef
    from corscheck.report.saved.summary import Summary
    from corscheck.report.text.checks import Tally
    from corscheck.report.text.view import View

_MOST_LINES = 120
"""How many lines explain one check; reports hold all of it."""

_LARGEST_BLOCK = 400
"""How many cells one block shows: a larger one is too big to read as a picture."""


class _Shown(Struct):
    """What has been printed of the current check."""

    title: bool = False
    lines: int = 0
    left_out: int = 0


class CheckView(TextSink):
    """The view of a run of policies. ``grids`` says which checks are matrices."""

    def __init__(self, view: View, grids: Mapping[CheckRef, bool]) -> None:
        self._view = view
        self._grids = grids
        self._tallies: dict[CheckRef, Tally] = {}
        self._excuses: dict[str, int] = {}
        self._at: CheckRef | None = None
        self._shown = _Shown()
        self._block: list[Result] = []
        self._any = False

    def add(self, item: Item) -> None:
        """Count a result; explain what failed as soon as its check or its block is complete."""
        assert isinstance(item, Result)
        assert item.check is not None
        result, ref = item, replace(item.check, expectations=())
        if ref != self._at:
            self._end_check(interrupted=False)
            self._at, self._shown = ref, _Shown()
        self._tallies.setdefault(ref, checks.Tally()).add(result)
        if result.excused is not None:
            text = checks.excuse(result.excused)
            self._excuses[text] = self._excuses.get(text, 0) + 1
        if not self._grids.get(ref, False):
            if not result.passed and result.excused is None:
                self._explain(list_row(result, self._view, uniform=False))
            return
        if self._block and (self._block[0].url != result.url or len(self._block) >= _LARGEST_BLOCK):
            self._end_block(interrupted=False)
        self._block.append(light(result))

    def _explain(self, lines: list[str], *, failures: int = 1, apart: bool = False) -> None:
        assert self._at is not None
        if self._shown.lines >= _MOST_LINES:
            self._shown.left_out += failures
            return
        head: list[str] = []
        if not self._shown.title:
            head = [*([""] * self._any), *checks.title(self._at, self._view), ""]
            self._shown.title = True
        elif apart:
            head = [""]
        self._any = True
        self._shown.lines += len(lines)
        self.write([*head, *lines])

    def _end_block(self, *, interrupted: bool) -> None:
        wrong = sum(1 for r in self._block if not r.passed and r.excused is None)
        if wrong:
            lines = block(self._block, self._view, interrupted=interrupted)
            self._explain(lines, failures=wrong, apart=True)
        self._block = []

    def _end_check(self, *, interrupted: bool) -> None:
        if self._block:
            self._end_block(interrupted=interrupted)
        if self._shown.left_out:
            self.write(["", f"  and {self._shown.left_out} more (-v shows them, --jsonl FILE keeps them)"])
            self._shown.left_out = 0

    def finish(self, summary: Summary) -> None:
        """Print the rest, the rows of all checks, what is excused, and the totals."""
        self._end_check(interrupted=summary.interrupted)
        lines = [""] if self._any else []
        lines += checks.rows(self._tallies, self._view)
        lines += checks.excuses(self._excuses, self._view)
        if summary.allowed_preflight_only:
            lines += ["", '  * preflight only, the request itself was not sent (send = "always")']
        self.write([*lines, "", *totals(summary, None, self._view)])
