"""The terminal view of many results: a grid for each URL, or a list; each cause explained once; totals.

A grid has a row for each origin and a column for each method. Grids and rows of the list are rendered one by one, so that
a long run does not keep what it has shown. Pure: returns lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.report.text import audits, causes
from corscheck.report.text.rows import ABSENT
from corscheck.report.text.terminal import circumstances, observed
from corscheck.report.text.text import counted, cut, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corscheck.model.result import Result, StepRecord
    from corscheck.report.saved.summary import Summary
    from corscheck.report.text.terminal import View

_GAP = 2
_ROW = 3
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
        lines += ["", "  - not asked: interrupted"]
    for number, group in enumerate(groups, 1):
        lines += ["", *_explanation(number, group, view)]
    for result in results:
        if _noteworthy(result):
            lines += ["", f"{printable(result.method)} from {printable(result.origin)}", *observed(result, view)]
    return lines


def _noteworthy(result: Result) -> bool:
    """Whether a real browser differs or could not be asked. A grid does not mention agreement."""
    return result.observed is not None and (
        result.observed.agrees is False or result.observed.verdict == "inconclusive"
    )


def _grid(results: Sequence[Result], cells: dict[tuple[str, str], tuple[str, str]], view: View) -> list[str]:
    origins = _unique(r.origin for r in results)
    methods = _unique(r.method for r in results)
    shown = {o: printable(o) for o in origins}
    names = {m: printable(m) for m in methods}
    wide = [max(len(names[m]), *(len(cells.get((o, m), ("-", ""))[0]) for o in origins)) + _GAP for m in methods]
    left = max(len("origin"), *(len(s) for s in shown.values())) + 3
    own_line = 2 + left + max(wide) > view.width
    if own_line:
        # An origin is never cut, because origins often differ at their end. It gets a line of its own instead.
        left = 8
    lines: list[str] = []
    for start, end in _bands(wide, view.width - 2 - left):
        lines += [""] if lines else []
        band = wide[start:end]
        heads = [names[m].ljust(width) for m, width in zip(methods[start:end], band, strict=True)]
        lines.append(("  " + "origin".ljust(left) + "".join(heads)).rstrip())
        for origin in origins:
            lead = "  " + shown[origin].ljust(left)
            if own_line:
                lines.append("  " + shown[origin])
                lead = " " * (2 + left)
            texts = [cells.get((origin, m), ("-", "dim")) for m in methods[start:end]]
            painted = [
                view.style(kind, text) + " " * (width - len(text))
                for (text, kind), width in zip(texts, band, strict=True)
            ]
            lines.append((lead + "".join(painted)).rstrip())
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
    return lines + (wrap(text, view.width, _ROW) if text else [])


def _row(step: StepRecord, same: bool, view: View) -> str:
    """Return the deciding row. ``same`` means that the whole group expected the same value."""
    expected = printable(step.expected or "") if same else "its own origin"
    received = ABSENT if step.received is None else printable(step.received) or "(empty)"
    subject = cut(words.subject(step.header), view.width // 3)
    lead = f"{' ' * _ROW}{view.style('fail', 'FAIL')}  {subject:<15} "
    plain = _ROW + 6 + max(15, len(subject)) + 1
    room = view.width - plain
    wide = min(max(len(expected), 21), room // 2 if len(expected) + 3 + len(received) > room else room)
    return (lead + f"{cut(expected, wide):<{wide}}   {cut(received, max(room - wide - 3, 8))}").rstrip()


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


def list_row(result: Result, view: View, *, uniform: bool) -> list[str]:
    """Return one probe of the list: verdict, method, URL, and below them the reason if it is not as expected."""
    word = causes.shown(result)
    indent = 2 + 12 + 2
    request = f"{printable(result.method)} {printable(result.url)}"
    if not uniform:
        request += f" from {printable(result.origin)}"
    lines = [f"  {view.style(causes.style(result), word)}{' ' * (14 - len(word))}{request}"]
    if not result.passed:
        lines += wrap(causes.why(result), view.width, indent)
    return lines + (observed(result, view) if _noteworthy(result) else [])


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
        said.append(f"In {summary.unobserved} the browser could not be asked.")
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
