"""Many results as pictures: panels (a host, a check, the circumstances) with origins down, endpoints and methods across.

What a page or a Markdown table shows at a glance, gathered in one pass over the results and small: a cell knows its
number, its word and its cause, and nothing of its exchanges. Knows no layout but how many columns fit beside another.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct, field

from corscheck.model.printable import printable
from corscheck.report.text import causes
from corscheck.report.text.exchanges import split_url
from corscheck.report.text.matrix import totals
from corscheck.report.text.terminal import View, circumstances

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corscheck.model.result import Result
    from corscheck.report.saved.summary import Summary

COLUMNS = 8
"""How many methods of endpoints stand beside each other before the picture is continued below itself."""

NAMED = 24
"""How many of those that share a cause are named."""


class Cell(NamedTuple):
    """One result in a picture.

    ``number`` is its place in the report, from 1; ``cause`` the number of its cause; ``label`` what the cell says: the
    word of its verdict, or ``differs`` where only another engine of the gate came to another one.
    """

    number: int
    method: str
    word: str
    label: str
    state: Literal["pass", "fail", "unsure"]
    cause: int | None

    @property
    def kind(self) -> str:
        """The word as a name of a style and a filter: ``allowed*`` is ``preflight-only``."""
        return "preflight-only" if self.word == "allowed*" else self.word


class Member(NamedTuple):
    """Who has a cause: enough to name it."""

    number: int
    method: str
    path: str
    origin: str


class CausePanel(Struct):
    """What several failures have in common. ``first`` stands for all of them."""

    number: int
    first: Result
    state: str
    count: int = 0
    members: list[Member] = field(default_factory=list)
    varied: bool = False

    def why(self) -> str:
        """The sentence that is true of all of them."""
        return causes.why_all(self.first, varied=self.varied)


class Band(Struct):
    """As much of a panel as fits side by side: endpoints with their methods, and a row of cells for each origin."""

    endpoints: list[tuple[str, list[str]]]
    rows: list[tuple[str, list[Cell | None]]]

    def cells(self) -> Iterator[Cell]:
        """Those that there are."""
        return (cell for _, row in self.rows for cell in row if cell is not None)


class Panel(Struct):
    """What shares host, check and circumstances. ``grid`` is (path, method) -> origin -> cell."""

    title: str
    base: str
    circumstances: str
    origins: dict[str, None] = field(default_factory=dict)
    grid: dict[tuple[str, str], dict[str, Cell]] = field(default_factory=dict)

    def cells(self) -> Iterator[Cell]:
        """All of them, column by column."""
        return (cell for column in self.grid.values() for cell in column.values())

    def bands(self, columns: int = COLUMNS) -> Iterator[Band]:
        """The picture in bands, an endpoint's methods together as far as they fit."""
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
    """One pass over the results."""
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
    """The panel of a result: its own, or a further one like it where its cell is taken."""
    check = result.check.name if result.check is not None else None
    key: tuple[object, ...] = (
        check, base, result.credentials, result.mode, result.redirect, result.headers, result.body, result.engine,
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
    """``FAILED`` and ``3 of 6 blocked, 3 allowed; 3 as expected.``: the last line of the terminal's view."""
    word, _, text = " ".join(totals(counts, None, View(width=1_000_000))).partition("  ")
    return word, text.strip()
