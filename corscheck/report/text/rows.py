"""The table of one result: a row for each step, below the exchange that it judges. Plain text, as a list of lines.

  pass  Allow-Origin        http://localhost:3000   http://localhost:3000
> FAIL  status              200 to 299              400 Bad Request
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.report.text.style import PLAIN, Style
from corscheck.report.text.text import cut, milliseconds, wrap

if TYPE_CHECKING:
    from corscheck.model.result import ExchangeRecord, Result, StepRecord

INDENT = 8
"""The column where the subject starts, behind the mark and the status."""

ABSENT = "absent"
_GAP = 3
_NAME = 20
_VALUE = 24
_WORDS = {"pass": "pass", "fail": "FAIL", "warn": "warn", "skip": "skip"}
_LISTS = ("allow-headers", "allow-methods")
_FULL_VALUE = 400
"""The number of characters of a deciding value that are shown below its row if the column cuts it."""


class Columns(Struct, frozen=True):
    """The widths of the columns (subject, expected value, received value) and of the whole table, and its colours."""

    name: int
    expected: int
    received: int
    width: int
    style: Style

    @classmethod
    def of(cls, steps: list[StepRecord], labels: list[str], width: int, style: Style) -> Columns:
        """Return columns that show as much as possible. If both values are long, they share the space."""
        pairs = [values(s) for s in steps if s.expected is not None or s.received is not None]
        name = max([_NAME, *(len(words.subject(s.header)) + 2 for s in steps), *(len(text) + 2 for text in labels)])
        name = min(name, _NAME + 12)
        room = max(width - INDENT - name - _GAP, 20)
        expected = max((len(e) for e, _ in pairs), default=0)
        received = max((len(r) for _, r in pairs), default=0)
        half = room // 2
        if expected + received <= room:
            expected = max(expected, min(_VALUE - _GAP, room - received))
        elif expected > half:
            expected = max(half, room - received)
        return cls(name, expected + _GAP, room - expected, width, style)

    def beside(self, label: str, text: str) -> list[str]:
        """Wrap a text in the columns of the values, behind a label in that of the subject."""
        return wrap(text, self.width, INDENT + self.name, " " * INDENT + label)


def table(result: Result, width: int, style: Style = PLAIN) -> list[str]:
    """Return all rows of a result: the steps before the first request, then each exchange with its steps."""
    labels = [label(e) for e in result.exchanges]
    groups = grouped(result)
    columns = Columns.of([s for group in groups for s in group if s.exchange is not None], labels, width, style)
    lines: list[str] = []
    if not any(s.exchange is None for s in result.steps):
        lines += _preflight(result, columns)
    url = result.url
    for index, group in enumerate(groups):
        before = [s for s in group if s.exchange is None]
        exchange = result.exchanges[index] if index < len(labels) else None
        if lines and (before or exchange is not None):
            lines.append("")
        if exchange is not None and _without_fragment(exchange.request.url) != _without_fragment(url):
            url = exchange.request.url
            lines.append(style("dim", " " * INDENT + printable(url)))
        for step in before:
            lines += row(step, columns)
        if exchange is None:
            break
        if before:
            lines.append("")
        # Without a response there is nothing to judge. The head of the exchange says why.
        steps = [s for s in group if s.exchange is not None] if exchange.response is not None else []
        lines += _exchange_head(exchange, bool(steps), columns, result.not_sent)
        for step in steps:
            lines += row(step, columns)
    kept = unsent(result)
    if kept:
        lines += ["", *columns.beside(*kept)]
    return lines


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


def row(step: StepRecord, columns: Columns) -> list[str]:
    """Return one step: the mark, pass or FAIL, its subject, the expected value and the received value."""
    mark = ">" if step.decisive else " "
    status = columns.style(step.status, _WORDS[step.status])
    name = words.subject(step.header)
    if name.lower() == "preflight" and step.exchange is None and step.status in ("pass", "skip"):
        # Whether there is a preflight is not a test that can fail.
        status = " " * len(_WORDS[step.status])
    head = f"{mark} {status}  {cut(name, columns.name - 1):<{columns.name}}"
    plain = INDENT + columns.name
    if step.message and (step.exchange is None or (step.expected is None and step.received is None)):
        # There are no values to compare. For the deciding step the verdict has the message, so the row has the value.
        text = step.received if step.decisive and step.received is not None else step.message
        first, *rest = columns.beside("", printable(text))
        return [(head + first[plain:]).rstrip(), *rest]
    expected, received = values(step)
    if name.lower() == "location" and step.status == "pass":
        return [(head + cut(received, columns.width - plain)).rstrip()]
    if len(received) > columns.received and step.status == "fail" and name.lower() in _LISTS:
        received = _lacking(expected, received)
    shown = f"{cut(expected, columns.expected - _GAP):<{columns.expected}}{cut(received, columns.received)}"
    lines = [(head + shown).rstrip()]
    if step.decisive and (len(expected) > columns.expected - _GAP or len(received) > columns.received):
        # The deciding values must be visible in full, because two long origins may differ only in their last character.
        lines += [f"{' ' * (INDENT + 2)}expected  {cut(expected, _FULL_VALUE)}"]
        lines += [f"{' ' * (INDENT + 2)}received  {cut(received, _FULL_VALUE)}"]
    if step.status == "warn" and step.message:
        lines += wrap(printable(step.message), columns.width, INDENT + 2)
    return lines


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


def _preflight(result: Result, columns: Columns) -> list[str]:
    record = result.preflight
    if record.needed:
        text = "needed: " + ", ".join(printable(b) for b in record.because)
    elif result.exchanges and not any(s.decisive for s in result.steps if s.exchange is None):
        text = "not needed" + "".join(f": {printable(b)}" for b in record.because[:1])
    else:
        return []
    return columns.beside("preflight", text)


def label(exchange: ExchangeRecord) -> str:
    """Return e.g. ``GET 200, 4 ms``; only the method if there was no response."""
    method = printable(exchange.request.method)
    if exchange.response is None:
        return method
    took = f", {milliseconds(exchange.elapsed_ms)}" if exchange.elapsed_ms is not None else ""
    return f"{method} {exchange.response.status}{took}"


def _exchange_head(exchange: ExchangeRecord, has_rows: bool, columns: Columns, why: str | None) -> list[str]:
    if exchange.held_back:
        return columns.beside(label(exchange), f"not sent: {why}")
    if exchange.error is not None:
        return columns.beside(label(exchange), f"no answer: {printable(exchange.error.message)}")
    if not has_rows:
        return [" " * INDENT + label(exchange)]
    titles = f"{'expected':<{columns.expected}}received"
    return [f"{' ' * INDENT}{label(exchange):<{columns.name}}{columns.style('dim', titles)}"]


def unsent(result: Result) -> tuple[str, str] | None:
    """Return the method that was not sent because its preflight failed, and why; None if there is none."""
    if not result.exchanges or result.exchanges[-1].kind != "preflight":
        return None
    last = result.exchanges[-1]
    asked = (v for n, v in last.request.headers if n.lower() == "access-control-request-method")
    method = printable(next(asked, result.method))
    if last.error is not None:
        return method, "not sent: the preflight had no answer"
    return method, "not sent: the preflight failed"


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]
