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
from corscheck.report.text.causes import CauseGroup, CauseTable, Example, base_and_path
from corscheck.report.text.matrix import totals
from corscheck.report.text.terminal import circumstances
from corscheck.report.text.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corscheck.model.result import Result
    from corscheck.report.saved.summary import Summary

STATUS_NOTE = (
    "A status in brackets, as in allowed (404): CORS allows the request, and the response that the page can read is an error. "
    "Check the URL and the login."
)

COLUMNS = 8
"""The maximum number of columns side by side. A wider panel continues below itself."""

MANY_HOSTS = 8
MANY_URLS = 100
"""With more hosts or URLs than these, nobody reads every panel: the causes come first, the most frequent at the top."""

FEW_EXAMPLES = 4
"""How many examples of a cause are shown if the causes are a summary of many hosts or URLs."""

FEW_PER_URL = 4
"""With at most this many results for each URL, many URLs are a list: a row for each URL instead of a panel per host."""


class Cell(NamedTuple):
    """One result in a panel.

    ``number`` is its position in the report, from 1. ``label`` is the text of the cell: the verdict, or ``unmet`` or
    ``differs`` (see ``causes.label``).
    """

    number: int
    method: str
    word: str
    label: str
    state: Literal["pass", "fail", "unsure"]
    cause: CauseGroup | None

    @property
    def said(self) -> tuple[str, str]:
        """The word of the label, in capitals unless all is well, and the status of a readable error, such as ``(404)``."""
        word, _, status = self.label.partition(" ")
        return (word if self.state == "pass" else word.upper()), status

    @property
    def kind(self) -> str:
        """The word as the name of a style and a filter: ``allowed*`` becomes ``preflight-only``."""
        return "preflight-only" if self.word == "allowed*" else self.word


class Band(Struct):
    """The part of a panel that fits side by side: endpoints with their methods, and a row of cells for each origin."""

    endpoints: list[tuple[str, list[str]]]
    rows: list[tuple[str, list[Cell | None]]]

    def cells(self) -> Iterator[Cell]:
        """Yield the cells that exist."""
        return (cell for _, row in self.rows for cell in row if cell is not None)


class Panel(Struct):
    """Results with the same host, check and circumstances. ``grid`` maps (path, method) to origin to cell.

    In a list (``is_list``) the results are of many hosts: there is no path, and URLs stand for the origins, those that are
    not as expected first.
    """

    title: str
    base: str
    circumstances: str
    origins: dict[str, None] = field(default_factory=dict)
    grid: dict[tuple[str, str], dict[str, Cell]] = field(default_factory=dict)
    is_list: bool = False

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
    """All panels in order of appearance, and all causes.

    ``many`` means that there are many hosts or URLs: the causes are ranked, and come first. ``several_hosts`` means that a
    path alone does not say which URL is meant.
    """

    panels: list[Panel]
    causes: list[CauseGroup]
    several_hosts: bool
    many: bool

    def cells(self) -> Iterator[Cell]:
        """Yield the cells of all panels."""
        return (cell for panel in self.panels for cell in panel.cells())

    def has_readable_errors(self) -> bool:
        """Whether a page can read an error response."""
        return any(cell.said[1] for cell in self.cells())

    def examples(self, group: CauseGroup) -> list[Example]:
        """Return the examples to show: a few if there are many causes to read, else all that are kept."""
        return group.examples[: FEW_EXAMPLES if self.many else None]


def survey(results: Iterable[Result]) -> Survey:
    """Collect panels and causes in one pass over the results."""
    panels: dict[tuple[object, ...], Panel] = {}
    found = CauseTable()
    urls: set[tuple[str, str]] = set()
    number = 0
    for number, result in enumerate(results, 1):
        base, path = base_and_path(result.url)
        urls.add((base, path))
        origin, method = intern(printable(result.origin)), intern(printable(result.method))
        cell = Cell(number, method, result.word, causes.label(result), causes.state(result), found.add(result))
        _panel(panels, result, base, (path, method), origin).grid.setdefault((path, method), {})[origin] = cell
    hosts = len({base for base, _ in urls})
    many = hosts > MANY_HOSTS or len(urls) > MANY_URLS
    is_list = many and number <= FEW_PER_URL * len(urls)
    shown = _lists(panels, hosts) if is_list else list(panels.values())
    return Survey(shown, found.ranked() if many else found.in_order(), hosts > 1, many)


def _lists(panels: dict[tuple[object, ...], Panel], hosts: int) -> list[Panel]:
    """Merge panels that differ only in their host into lists with a row for each URL and a column for each method."""
    alike: dict[tuple[object, ...], list[Panel]] = {}
    for (check, _, *rest), panel in panels.items():
        alike.setdefault((check, *rest), []).append(panel)
    return [_list(some, str(key[0] or f"{hosts:,} host{'' if hosts == 1 else 's'}")) for key, some in alike.items()]


def _list(panels: list[Panel], title: str) -> Panel:
    origins = list(dict.fromkeys(origin for panel in panels for origin in panel.origins))
    only = f", all from {origins[0]}" if len(origins) == 1 else ""
    made = Panel(printable(title), "", f"{panels[0].circumstances}{only}", is_list=True)
    for panel in panels:
        for (path, method), cells in panel.grid.items():
            for origin, cell in cells.items():
                row = f"{panel.base}{path}" + ("" if only else f" from {origin}")
                made.origins.setdefault(row)
                made.grid.setdefault(("", method), {})[row] = cell
    states = {row: cell.state for cells in made.grid.values() for row, cell in cells.items() if cell.state != "pass"}
    order = ("fail", "unsure", None)
    made.origins = dict.fromkeys(sorted(made.origins, key=lambda row: order.index(states.get(row))))
    return made


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


def headline(counts: Summary) -> tuple[str, str]:
    """Return the last line of the terminal view in two parts: ``FAILED`` and ``3 of 6 blocked, 3 allowed; 3 as expected.``"""
    word, _, text = " ".join(totals(counts, None, View(width=1_000_000))).partition("  ")
    return word, text.strip()
