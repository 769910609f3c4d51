"""The terminal view of many results: a grid for each URL, or a list; each cause explained once; totals.

A grid has a row for each origin and a column for each method. Grids and rows of the list are rendered one by one, so that
a long run does not keep what it has shown. Pure: returns lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model import words
from corscheck.model.printable import printable, printable_lines
from corscheck.report.text import audits, causes
from corscheck.report.text.layout import cell_len, cut, grid, grid_lines, wrap
from corscheck.report.text.rows import ABSENT
from corscheck.report.text.terminal import circumstances, observed
from corscheck.report.text.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corscheck.model.result import Result, StepRecord
    from corscheck.report.saved.summary import Summary
    from corscheck.report.text.layout import Cell
    from corscheck.report.text.view import View

_GAP = 2
_WORD = 14
"""The width of a verdict in a list."""
_MOST_CAUSES = 40
_MOST_EXAMPLES = 3
_ROW = 3
_OWN_LINE = 8
"""Where the cells of a grid start whose origins have lines of their own."""
"""The column where the explanation of a number starts."""

_HELD_BACK = "* preflight only, {} not sent (--send always)"


def block(results: Sequence[Result], view: View, *, interrupted: bool = False) -> list[str]:
    """Return the grid of one URL and the explanations of its failures.

    ``results`` share URL and circumstances. A cell without a result is a dash. An interrupted block says so.
    """
    first = results[0]
    groups = causes.groups(results)
    cells = {(r.origin, r.method): _cell(r, groups) for r in results}
    lines = [view.style("bold", printable(first.url)), circumstances(first, view), ""]
    lines += _grid(results, cells, view)
    held = _unique(printable(r.method) for r in results if r.word == "allowed*")
    if held:
        lines += ["", f"  {_HELD_BACK.format(', '.join(held))}"]
    if interrupted:
        lines += ["", "  - not tested: interrupted"]
    for number, group in enumerate(groups, 1):
        lines += ["", *_explanation(number, group, view)]
    for result in results:
        if _noteworthy(result):
            lines += ["", f"{printable(result.method)} from {printable(result.origin)}", *observed(result, view)]
    return lines


def _noteworthy(result: Result) -> bool:
    """Whether a real browser differs or could not be tested. A grid does not mention agreement."""
    return result.observed is not None and (
        result.observed.agrees is False or result.observed.verdict == "inconclusive"
    )


def _grid(results: Sequence[Result], cells: dict[tuple[str, str], tuple[str, str]], view: View) -> list[str]:
    origins = _unique(r.origin for r in results)
    methods = _unique(r.method for r in results)
    widths = [
        max(cell_len(printable(m)), *(cell_len(cells.get((o, m), ("-", ""))[0]) for o in origins)) + _GAP
        for m in methods
    ]
    longest = max(len("origin"), *(cell_len(printable(o)) for o in origins)) + 3
    own_line = 2 + longest + max(widths) > view.width
    # An origin is never cut, because origins often differ at their end. It gets a line of its own instead.
    left = _OWN_LINE if own_line else longest
    lines: list[str] = []
    for start, end in _bands(widths, view.width - 2 - left):
        heads: list[Cell] = ["", "origin", *(printable(m) for m in methods[start:end])]
        rows: list[list[Cell]] = [heads]
        for origin in origins:
            told = [cells.get((origin, m), ("-", "dim")) for m in methods[start:end]]
            rows.append(["", "" if own_line else printable(origin), *((kind, text) for text, kind in told)])
        columns = [{"width": 2}, {"width": left}, *({"width": width} for width in widths[start:end])]
        drawn = grid_lines(grid(columns), rows, max(view.width, 2 + left + sum(widths[start:end])), view.style)
        lines += [""] if lines else []
        lines.append(drawn[0])
        for origin, line in zip(origins, drawn[1:], strict=True):
            lines += [f"  {printable(origin)}", line] if own_line else [line]
    return lines


def _bands(wide: list[int], room: int) -> list[tuple[int, int]]:
    """Split the columns into bands that fit. A wide grid continues below itself."""
    bands: list[tuple[int, int]] = []
    start = used = 0
    for index, width in enumerate(wide):
        # The last column needs no gap behind it.
        if index > start and used + width - _GAP > room:
            bands.append((start, index))
            start, used = index, 0
        used += width
    return [*bands, (start, len(wide))]


def _cell(result: Result, groups: list[list[Result]]) -> tuple[str, str]:
    """Return the text of a cell and its colour. An unexpected result is in capitals, with the number of its explanation."""
    number = next((i for i, group in enumerate(groups, 1) if any(r is result for r in group)), None)
    return causes.shown(result) + (f" {number}" if number is not None else ""), causes.style(result)


def _explanation(number: int, group: list[Result], view: View) -> list[str]:
    first = group[0]
    lines = wrap(_who(group), view.width, _ROW, str(number))
    step = causes.deciding(first)
    if step is not None and step.status == "fail" and (step.expected is not None or step.received is not None):
        expected = {s.expected for r in group if (s := causes.deciding(r)) is not None}
        lines.append(_row(step, len(expected) == 1, view))
    text = causes.why_all(first, varied=len({causes.why(r) for r in group}) > 1)
    lines += wrap(text, view.width, _ROW) if text else []
    return lines + _fix(first, view, _ROW)


def _row(step: StepRecord, same: bool, view: View) -> str:
    """Return the deciding row. ``same`` means that the whole group expected the same value."""
    expected = printable(step.expected or "") if same else "its own origin"
    received = ABSENT if step.received is None else printable(step.received) or "(empty)"
    subject = cut(words.subject(step.header), view.width // 3)
    name = max(15, cell_len(subject)) + 1
    room = view.width - _ROW - 6 - name - 3
    share = max(room // 2, room - cell_len(received))
    columns: tuple[dict[str, int], ...] = (
        {"width": _ROW},
        {"width": 6},
        {"width": name},
        {"min_width": 21, "max_width": share},
        {"width": 3},
        {},
    )
    cells: tuple[Cell, ...] = ("", ("fail", "FAIL"), subject, expected, "", received)
    return grid_lines(grid(columns), [cells], view.width, view.style)[0]


def _who(group: list[Result]) -> str:
    """Return e.g. ``GET, PUT from http://localhost:3000``. Origins with the same methods are named together."""
    methods: dict[str, list[str]] = {}
    for result in group:
        methods.setdefault(printable(result.origin), []).append(printable(result.method))
    by_methods: dict[str, list[str]] = {}
    for origin, names in methods.items():
        by_methods.setdefault(", ".join(names), []).append(origin)
    return "; ".join(f"{names} from {_few(origins)}" for names, origins in by_methods.items())


def _few(origins: list[str], most: int = 4) -> str:
    if len(origins) <= most:
        return ", ".join(origins)
    return ", ".join(origins[: most - 1]) + f" and {len(origins) - most + 1} others"


def list_header(first: Result, view: View, *, uniform: bool) -> list[str]:
    """Return what all rows of the list share; nothing if they are not ``uniform``."""
    if not uniform:
        return []
    return [*wrap(f"from {printable(first.origin)}, {circumstances(first, view)}", view.width, 0), ""]


def list_row(result: Result, view: View, *, uniform: bool, number: int | None = None) -> list[str]:
    """Return one probe of the list: verdict, the number of its cause, method, URL.

    Without a number, the reason of a result that is not as expected stands below it.
    """
    word = causes.shown(result) + (f" {number}" if number is not None else "")
    request = f"{printable(result.method)} {printable(result.url)}"
    if not uniform:
        request += f" from {printable(result.origin)}"
    lines = [f"  {view.style(causes.style(result), word)}{' ' * max(_WORD - len(word), 1)}{request}"]
    if not result.passed and number is None:
        lines += wrap(causes.why(result), view.width, 2 + _WORD)
        lines += _fix(result, view, 2 + _WORD)
    return lines + (observed(result, view) if _noteworthy(result) else [])


def cause_list(found: causes.CauseTable, view: View) -> list[str]:
    """Return each cause of a list once: its number, how many results have it, why, some of their URLs, and the fix."""
    lines: list[str] = []
    groups = found.in_order()
    for group in groups[:_MOST_CAUSES]:
        lines += ["", *wrap(group.why(), view.width, _ROW, str(group.number))]
        if group.count > 1:
            shown = list(dict.fromkeys(f"{e.base}{e.path}" for e in group.examples))[:_MOST_EXAMPLES]
            more = group.count - len(shown)
            rest = f" and {more:,} more" if more > 0 else ""
            lines += wrap(f"{group.count:,} results: {', '.join(shown)}{rest}", view.width, _ROW)
        lines += _fix(group.first, view, _ROW)
    if len(groups) > _MOST_CAUSES:
        lines += ["", f"{' ' * _ROW}and {len(groups) - _MOST_CAUSES:,} more causes (--report html:FILE has them all)"]
    return lines


def _fix(result: Result, view: View, indent: int) -> list[str]:
    """Return how to fix the cause of a result, or what to do if there was no response."""
    lines: list[str] = []
    for said in causes.fixes(result):
        hint = said in causes.HINTS.values()
        lines += wrap(printable_lines(said), view.width, indent + 5 * (not hint), "" if hint else f"{' ' * indent}fix")
    return lines


def totals(summary: Summary, expected: str | None, view: View) -> list[str]:
    """Return the last line, with the totals. ``expected`` is None if not all probes expect the same verdict."""
    counts = {name: getattr(summary, name) for name in ("blocked", "invalid", "inconclusive", "allowed")}
    notes = counted(
        {"by preflight only": summary.allowed_preflight_only, "with an error status": summary.allowed_with_error}
    )
    only = f" ({notes})" if notes else ""
    parts = [f"{count} {name}{only if name == 'allowed' else ''}" for name, count in counts.items() if count]
    passed = summary.passed - summary.audits_passed
    if passed == summary.total and len(parts) > 1 and expected in counts:
        parts.reverse()
    if not parts and not summary.audits:
        word = "INTERRUPTED" if summary.interrupted else "INCONCLUSIVE"
        return [f"{view.style('unsure', word)}  nothing was tested."]
    said = [_of_probes(summary, parts, passed, expected)] if parts else []
    said += [audits.sentence(summary)] if summary.audits else []
    if summary.differing:
        said.append(f"In {summary.differing} the browser was seen to differ: please report it.")
    if summary.unobserved:
        said.append(f"In {summary.unobserved} the browser could not be tested.")
    if summary.interrupted:
        word, kind = "INTERRUPTED", "unsure"
    elif summary.failed or summary.differing:
        word, kind = "FAILED", "fail"
    elif summary.undecided or summary.unobserved:
        word, kind = "INCONCLUSIVE", "unsure"
    else:
        word, kind = "PASSED", "pass"
    return view.labelled(word, kind, " ".join(said))


def _of_probes(summary: Summary, parts: list[str], passed: int, expected: str | None) -> str:
    """Return e.g. ``3 of 6 blocked, 3 allowed; all 6 expected allowed.``"""
    number, _, rest = parts[0].partition(" ")
    text = ", ".join([f"{number} of {summary.total} {rest}", *parts[1:]])
    every = {1: "it was", 2: "both"}.get(summary.total, f"all {summary.total}")
    if expected is not None:
        says = summary.failed or summary.undecided or expected != "allowed"
        return text + (f"; {every} expected {expected}." if says else ".")
    count = "all" if passed == summary.total else f"{passed}"
    excused = f", {summary.excused} excused" if summary.excused else ""
    return f"{text}; {count} as expected{excused}."


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
