"""The table of one result: a row for each step, below the exchange that it judges. A list of lines.

  pass  Allow-Origin        http://localhost:3000   http://localhost:3000
> FAIL  status              200 to 299              400 Bad Request
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.report.text.layout import Cell, cell_len, cut, grid, grid_lines, ljust, wrap
from corscheck.report.text.style import PLAIN, Style
from corscheck.report.text.text import milliseconds

if TYPE_CHECKING:
    from corscheck.model.result import ExchangeRecord, Result, StepRecord

INDENT = 8
"""The column where the subject starts, behind the mark and the status."""

ABSENT = "absent"
_GAP = 3
_NAME = 20
_WIDEST_NAME = 32
_VALUE = 21
_WORDS = {"pass": "pass", "fail": "FAIL", "warn": "warn", "skip": "skip"}
_LISTS = ("allow-headers", "allow-methods")
_FULL_VALUE = 400
"""The number of characters of a deciding value that are shown below its row if the column cuts it."""


class Rows:
    """Collects the rows of a table and the lines between them.

    rich decides the widths of the value columns when all rows are known, so that the rows of all exchanges are aligned.
    """

    def __init__(self, name: int, width: int, style: Style) -> None:
        self.name = name
        self.width = width
        self.style = style
        self._rows: list[tuple[Cell, ...]] = []
        self._parts: list[int | list[str]] = []

    def row(self, *cells: Cell) -> None:
        """Add a row: mark, status, subject, expected value, received value."""
        self._parts.append(len(self._rows))
        self._rows.append(cells)

    def lines(self, *lines: str) -> None:
        """Add lines that have no columns."""
        self._parts.append(list(lines))

    def beside(self, label: str, text: str) -> None:
        """Add a text that is wrapped in the columns of the values, behind a label in that of the subject."""
        self.lines(*wrap(text, self.width, INDENT + self.name, " " * INDENT + label))

    def rendered(self) -> list[str]:
        """Return all lines in order."""
        table = grid((
            {"width": 2},
            {"width": INDENT - 2},
            {"width": self.name},
            {"min_width": _VALUE, "max_width": self._share},
            {"width": _GAP},
            {},
        ))  # fmt: skip
        spaced = ((*row[:4], "", *row[4:]) for row in self._rows)
        drawn = iter(grid_lines(table, spaced, self.width, self.style))
        out: list[str] = []
        for part in self._parts:
            out += [next(drawn)] if isinstance(part, int) else part
        return out

    @property
    def _room(self) -> int:
        return max(self.width - INDENT - self.name - _GAP, 20)

    @property
    def _share(self) -> int:
        """The width of the expected values: what they need, but at most what the received ones leave, or half."""
        received = max((cell_len(_plain(row[4])) for row in self._rows), default=0)
        return max(self._room // 2, self._room - received, 1)

    def cuts(self, expected: str, received: str) -> bool:
        """Whether the values of a row do not fit beside each other."""
        return max(cell_len(expected), _VALUE) + cell_len(received) > self._room


def _plain(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[1]


def table(result: Result, width: int, style: Style = PLAIN) -> list[str]:
    """Return all rows of a result: the steps before the first request, then each exchange with its steps."""
    labels = [label(e) for e in result.exchanges]
    groups = grouped(result)
    judged = [s for group in groups for s in group if s.exchange is not None]
    name = max([_NAME, *(cell_len(words.subject(s.header)) + 2 for s in judged), *(cell_len(t) + 2 for t in labels)])
    rows = Rows(min(name, _WIDEST_NAME), width, style)
    begun = False
    if not any(s.exchange is None for s in result.steps):
        begun = _preflight(result, rows)
    url = result.url
    for index, group in enumerate(groups):
        before = [s for s in group if s.exchange is None]
        exchange = result.exchanges[index] if index < len(labels) else None
        if begun and (before or exchange is not None):
            rows.lines("")
        begun = begun or bool(before) or exchange is not None
        if exchange is not None and _without_fragment(exchange.request.url) != _without_fragment(url):
            url = exchange.request.url
            rows.lines(style("dim", " " * INDENT + printable(url)))
        for step in before:
            row(step, rows)
        if exchange is None:
            break
        if before:
            rows.lines("")
        # Without a response there is nothing to judge. The head of the exchange says why.
        steps = [s for s in group if s.exchange is not None] if exchange.response is not None else []
        _exchange_head(exchange, bool(steps), rows, result.not_sent)
        for step in steps:
            row(step, rows)
    kept = unsent(result)
    if kept:
        rows.lines("")
        rows.beside(*kept)
    return rows.rendered()


def grouped(result: Result) -> list[list[StepRecord]]:
    """Group the steps by exchange. A step without an exchange is in the group of the next one; the last group has none."""
    groups: list[list[StepRecord]] = [[] for _ in range(len(result.exchanges) + 1)]
    following = 0
    for step in result.steps:
        if step.exchange is None or step.exchange >= len(result.exchanges):
            groups[following].append(step)
        else:
            groups[step.exchange].append(step)
            following = step.exchange + 1
    return groups


def row(step: StepRecord, rows: Rows) -> None:
    """Add one step: the mark, pass or FAIL, its subject, the expected value and the received value."""
    mark = ">" if step.decisive else ""
    status: Cell = (step.status, _WORDS[step.status])
    name = words.subject(step.header)
    if name.lower() == "preflight" and step.exchange is None and step.status in ("pass", "skip"):
        # Whether there is a preflight is not a test that can fail.
        status = ""
    if step.message and (step.exchange is None or (step.expected is None and step.received is None)):
        # There are no values to compare. For the deciding step the verdict has the message, so the row has the value.
        text = step.received if step.decisive and step.received is not None else step.message
        head = (
            f"{mark:2}{rows.style(step.status, _WORDS[step.status]) if status else '    '}  {cut(name, rows.name - 1)}"
        )
        plain = f"{mark:2}{_WORDS[step.status] if status else '    '}  {cut(name, rows.name - 1)}"
        first, *rest = wrap(printable(text), rows.width, INDENT + rows.name, plain)
        rows.lines(head + first[len(plain) :], *rest)
        return
    expected, received = values(step)
    if name.lower() == "location" and step.status == "pass":
        head = f"{mark:2}{rows.style(step.status, _WORDS[step.status])}  {ljust(cut(name, rows.name - 1), rows.name)}"
        rows.lines(head + cut(received, rows.width - INDENT - rows.name))
        return
    long = rows.cuts(expected, received)
    if long and step.status == "fail" and name.lower() in _LISTS:
        received = _lacking(expected, received)
    rows.row(mark, status, cut(name, rows.name - 1), expected, received)
    if step.decisive and rows.cuts(expected, received):
        # The deciding values must be visible in full, because two long origins may differ only in their last character.
        rows.lines(
            f"{' ' * (INDENT + 2)}expected  {cut(expected, _FULL_VALUE)}",
            f"{' ' * (INDENT + 2)}received  {cut(received, _FULL_VALUE)}",
        )
    if step.status == "warn" and step.message:
        rows.lines(*wrap(printable(step.message), rows.width, INDENT + 2))


def values(step: StepRecord) -> tuple[str, str]:
    """Return the expected and the received value of a step."""
    expected = "" if step.expected is None else printable(step.expected)
    received = ABSENT if step.received is None else printable(step.received)
    return expected, received or "(empty)"


def _lacking(expected: str, received: str) -> str:
    """Return which expected names are missing from a list that is too long to show."""
    names = {n.strip().lower() for n in received.split(",")}
    lacks = [n for n in (part.strip() for part in expected.split(",")) if n.lower() not in names]
    if not lacks:
        return received
    return f"lacks {', '.join(lacks)} ({len(names)} other{'s' if len(names) > 1 else ''})"


def _preflight(result: Result, rows: Rows) -> bool:
    """Add whether there is a preflight. Return whether there was something to say."""
    record = result.preflight
    if record.needed:
        text = "needed: " + ", ".join(printable(b) for b in record.because)
    elif result.exchanges and not any(s.decisive for s in result.steps if s.exchange is None):
        text = "not needed" + "".join(f": {printable(b)}" for b in record.because[:1])
    else:
        return False
    rows.beside("preflight", text)
    return True


def label(exchange: ExchangeRecord) -> str:
    """Return e.g. ``GET 200, 4 ms``; only the method if there was no response. A transcript tells no time."""
    method = printable(exchange.request.method)
    if exchange.response is None:
        return method
    took = f", {milliseconds(exchange.elapsed_ms)}" if exchange.elapsed_ms else ""
    return f"{method} {exchange.response.status}{took}"


def _exchange_head(exchange: ExchangeRecord, has_rows: bool, rows: Rows, why: str | None) -> None:
    if exchange.held_back:
        rows.beside(label(exchange), f"not sent: {why}")
    elif exchange.error is not None:
        rows.beside(label(exchange), f"no response: {printable(exchange.error.message)}")
    elif not has_rows:
        rows.lines(" " * INDENT + label(exchange))
    else:
        rows.row("", "", label(exchange), ("dim", "expected"), ("dim", "received"))


def unsent(result: Result) -> tuple[str, str] | None:
    """Return the method that was not sent because its preflight failed, and why; None if there is none."""
    if not result.exchanges or result.exchanges[-1].kind != "preflight":
        return None
    last = result.exchanges[-1]
    asked = (v for n, v in last.request.headers if n.lower() == "access-control-request-method")
    method = printable(next(asked, result.method))
    if last.error is not None:
        return method, "not sent: the preflight got no response"
    return method, "not sent: the preflight failed"


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]
