"""Overviews of many results: panels with a row for each origin and a column for each endpoint and method.

HTML and Markdown reports show them. One pass over the results collects them, and they are small: a cell holds its number,
its word and its cause, but no exchanges. The only layout that this module knows is how many columns fit side by side.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct, field

from corscheck.model.printable import printable
from corscheck.report.text import causes
from corscheck.report.text.exchanges import split_url
from corscheck.report.text.matrix import totals
from corscheck.report.text.terminal import circumstances
from corscheck.report.text.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corscheck.model.result import Result
    from corscheck.report.saved.summary import Summary

COLUMNS = 8
"""The maximum number of columns side by side. A wider panel continues below itself."""

NAMED = 24
"""How many results with the same cause are named."""


class Cell(NamedTuple):
    """One result in a panel.

    ``number`` is its position in the report, from 1, and ``cause`` the number of its cause. ``label`` is the text of the
    cell: the verdict, or ``differs`` if only another engine of the gate has a different one.
    """

    number: int
    method: str
    word: str
    label: str
    state: Literal["pass", "fail", "unsure"]
    cause: int | None

    @property
    def kind(self) -> str:
        """The word as the name of a style and a filter: ``allowed*`` becomes ``preflight-only``."""
        return "preflight-only" if self.word == "allowed*" else self.word


class Member(NamedTuple):
    """A result that has a cause, with what is needed to name it."""

    number: int
    method: str
    path: str
    origin: str


class CausePanel(Struct):
    """A cause that several failures share. ``first`` represents all of them."""

    number: int
    first: Result
    state: str
    count: int = 0
    members: list[Member] = field(default_factory=list)
    varied: bool = False

    def why(self) -> str:
        """Return the sentence that is true of all of them."""
        return causes.why_all(self.first, varied=self.varied)


class Band(Struct):
    """The part of a panel that fits side by side: endpoints with their methods, and a row of cells for each origin."""

    endpoints: list[tuple[str, list[str]]]
    rows: list[tuple[str, list[Cell | None]]]

    def cells(self) -> Iterator[Cell]:
        """Yield the cells that exist."""
        return (cell for _, row in self.rows for cell in row if cell is not None)


class Panel(Struct):
    """Results with the same host, check and circumstances. ``grid`` maps (path, method) to origin to cell."""

    title: str
    base: str
    circumstances: str
    origins: dict[str, None] = field(default_factory=dict)
    grid: dict[tuple[str, str], dict[str, Cell]] = field(default_factory=dict)

    def cells(self) -> Iterator[Cell]:
        """Yield all cells, column by column."""
        return (cell for column in self.grid.values() for cell in column.values())

    def bands(self, columns: int = COLUMNS) -> Iterator[Band]:
        """Yield the panel in bands. The methods of an endpoint stay together as far as they fit."""
        methods: dict[str, list[str]] = {}
        for path, method in self.grid:
            methods.setdefault(path, []).append(method)
        band: list[tuple[str, list[str]]] = []
        width = 0
        for path, names in methods.items():
            for start in range(0, len(names), columns):
                some = names[start : start + columns]
                if band and width + len(some) > columns:
                    yield self._band(band)
                    band, width = [], 0
                band.append((path, some))
                width += len(some)
        if band:
            yield self._band(band)

    def _band(self, endpoints: list[tuple[str, list[str]]]) -> Band:
        keys = [(path, method) for path, names in endpoints for method in names]
        rows = [(origin, [self.grid[key].get(origin) for key in keys]) for origin in self.origins]
        return Band(endpoints, [row for row in rows if any(row[1])])


class Survey(Struct):
    """All panels and all causes, in order of appearance."""

    panels: list[Panel]
    causes: list[CausePanel]


def survey(results: Iterable[Result]) -> Survey:
    """Collect panels and causes in one pass over the results."""
    panels: dict[tuple[object, ...], Panel] = {}
    found: dict[tuple[object, ...], CausePanel] = {}
    for number, result in enumerate(results, 1):
        base, path = _base_and_path(result.url)
        origin, method = intern(printable(result.origin)), intern(printable(result.method))
        state = causes.state(result)
        member = Member(number, method, intern(path), origin)
        cause = _cause(found, result, member) if state != "pass" else None
        cell = Cell(number, method, result.word, causes.label(result), state, cause)
        _panel(panels, result, base, (path, method), origin).grid.setdefault((path, method), {})[origin] = cell
    return Survey(list(panels.values()), list(found.values()))


def _panel(
    panels: dict[tuple[object, ...], Panel], result: Result, base: str, column: tuple[str, str], origin: str
) -> Panel:
    """Return the panel of a result, or an additional panel of the same kind if its cell is taken."""
    check = result.check.name if result.check is not None else None
    key: tuple[object, ...] = (
        check, base, *result.modes, result.headers, result.body, result.engine,
    )  # fmt: skip
    copy = 0
    while (panel := panels.get((*key, copy))) is not None and origin in panel.grid.get(column, {}):
        copy += 1
    if panel is None:
        panel = panels[(*key, copy)] = Panel(printable(check or base), base, _circumstances(result))
    panel.origins.setdefault(origin)
    return panel


def _circumstances(result: Result) -> str:
    sent = [f"{printable(name)}: {printable(value)}" for name, value in result.headers]
    text = circumstances(result, View())
    return f"{text}, with {', '.join(sent)}" if sent else text


def _cause(found: dict[tuple[object, ...], CausePanel], result: Result, member: Member) -> int:
    key = causes.cause(result)
    cause = found.get(key)
    if cause is None:
        cause = found[key] = CausePanel(len(found) + 1, result, causes.state(result))
    elif not cause.varied and causes.why(result) != causes.why(cause.first):
        cause.varied = True
    cause.count += 1
    if len(cause.members) < NAMED:
        cause.members.append(member)
    return cause.number


def _base_and_path(url: str) -> tuple[str, str]:
    scheme, separator, _ = url.partition("://")
    if not separator:
        return "", printable(url)
    authority, path = split_url(url)
    return intern(printable(f"{scheme}://{authority}")), printable(path)


def headline(counts: Summary) -> tuple[str, str]:
    """Return the last line of the terminal view in two parts: ``FAILED`` and ``3 of 6 blocked, 3 allowed; 3 as expected.``"""
    word, _, text = " ".join(totals(counts, None, View(width=1_000_000))).partition("  ")
    return word, text.strip()
