"""What ``probe --app`` without a URL prints: the application's claims, and what browsers do.

Holds all results of one application: the row of an operation needs the results with and without cookies, and the list of
usual problems needs all results.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.cli.show.sinks import TextSink
from corscheck.diagnosis.remedies.advice import command
from corscheck.model import words
from corscheck.model.printable import printable, printable_lines
from corscheck.model.result import Result
from corscheck.model.words import several
from corscheck.report.text import terminal
from corscheck.report.text.causes import groups, style, why
from corscheck.report.text.layout import grid, grid_lines, wrap
from corscheck.report.text.matrix import totals
from corscheck.sources.app.questions import STRANGER, UNLISTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.item import Item
    from corscheck.model.result import ResponseRecord
    from corscheck.protocol.request import Headers
    from corscheck.report.saved.summary import Summary
    from corscheck.report.text.layout import Cell
    from corscheck.report.text.view import View
    from corscheck.sources.app.claims import Claim
    from corscheck.sources.app.questions import AppQuestion, Questions, Topic

_COLUMNS: tuple[Topic, ...] = ("plain", "cookies")
_WIDTH = 15
_MOST_EXPLAINED = 8


class AppView(TextSink):
    """The view of one application's claims and of the verdicts on them."""

    def __init__(self, view: View, name: str, questions: Questions) -> None:
        self._view = view
        self._name = name
        self._questions = questions
        self._results: dict[int, Result] = {}

    def add(self, item: Item) -> None:
        """Keep it: a row is made of several results."""
        assert isinstance(item, Result)
        self._results[item.index] = item

    def finish(self, summary: Summary) -> None:
        """Print all of it."""
        lines = [*self._claims(), "", *self._who(), "", *self._errors(), "", *self._problems()]
        if self._view.verbose:
            for result in self._results.values():
                lines += ["", "", *terminal.render(result, self._view)]
        else:
            lines += self._explained()
        self.write([*lines, "", *totals(summary, None, self._view)])

    # What it says of itself

    def _claims(self) -> list[str]:
        reading, claim = self._questions.reading, self._questions.claim
        count = len(reading.operations)
        title = f"{self._name}: {reading.framework}, {count} operation{'' if count == 1 else 's'}, tested in process"
        lines = [self._view.style("bold", printable(title))]
        if claim is None:
            let_in = any(r.verdict == "allowed" for r in self._of("plain"))
            so = "something else adds CORS headers" if let_in else "pages of other origins cannot read its responses"
            lines += ["", f"It has no CORSMiddleware: {so}."]
        else:
            where = "around the application" if claim.around else "added to the application"
            lines += ["", f"CORSMiddleware, {where}, claims:", *self._parameters(claim)]
        for other in reading.claims:
            if other is not claim:
                what = f"mounted at {other.prefix}" if other.prefix else "added inside of it"
                lines += ["", f"Another CORSMiddleware, {printable(what)}, claims:", *self._parameters(other)]
        return lines

    def _parameters(self, claim: Claim) -> Iterator[str]:
        for name, value in (
            ("allow_origins", _listed(claim.allow_origins)),
            ("allow_origin_regex", claim.allow_origin_regex or "none"),
            ("allow_methods", _listed(claim.allow_methods)),
            ("allow_headers", _listed(claim.allow_headers)),
            ("allow_credentials", str(claim.allow_credentials)),
            ("expose_headers", _listed(claim.expose_headers)),
            ("max_age", f"{claim.max_age} s"),
        ):
            yield from wrap(printable(value), self._view.width, 22, f"  {name}")

    # Who may do what

    def _who(self) -> list[str]:
        """Return the table of origins and operations. rich decides how wide the operations are."""
        rows: list[tuple[Cell, ...]] = [(("bold", "Who may do what"), "no cookies", "with cookies")]
        parts: list[int | list[str]] = [0]
        origins = dict.fromkeys(one.probe.origin for one in self._questions.asked if one.topic in _COLUMNS)
        held = dict.fromkeys(one.origin for one in self._questions.unasked if one.origin is not None)
        for origin in [*origins, *(o for o in held if o not in origins)]:
            parts.append([f"{printable(origin)}{self._kind(origin)}"])
            for row in self._of_origin(origin):
                parts.append(len(rows))
                rows.append(row)
            unasked = (left_out for left_out in self._questions.unasked if left_out.origin == origin)
            parts += [wrap(f"{left_out.row} {left_out.why}", self._view.width, 4, "  - ") for left_out in unasked]
        table = grid(({"max_width": self._view.width - 2 * _WIDTH}, {"width": _WIDTH}, {"width": _WIDTH}))
        drawn = grid_lines(
            table, (((_padded(first), *rest)) for first, *rest in rows), self._view.width, self._view.style
        )
        lines = [line for part in parts for line in ([drawn[part]] if isinstance(part, int) else part)]
        found = self._results.values()
        notes = ["* preflight only, the request itself was not sent"] if any(not r.complete for r in found) else []
        if any(not result.passed for topic in _COLUMNS for result in self._of(topic)):
            notes.append(f"! not as {'expected' if self._mere else 'claimed'}")
        return [*lines, *(["", *(f"  {note}" for note in notes)] if notes else [])]

    @property
    def _mere(self) -> bool:
        """Whether expectations come from the command line, not from a claim."""
        return self._questions.claim is None or self._questions.typed

    def _kind(self, origin: str) -> str:
        if origin in self._questions.listed:
            claim = self._questions.claim
            if claim is None or self._questions.typed:
                return ""
            return ", like any other origin" if claim.everyone else ", an allowed origin"
        if origin in self._questions.lookalikes and origin != STRANGER:
            return ", a stranger that allow_origin_regex matches"
        return ", a stranger" if origin == STRANGER else ", a sandboxed frame or a local file"

    def _of_origin(self, origin: str) -> Iterator[tuple[Cell, ...]]:
        """Yield the rows of an origin; a single one if all are alike."""
        table: dict[str, dict[Topic, Cell]] = {}
        for one in self._questions.asked:
            if one.probe.origin == origin and one.topic in _COLUMNS:
                table.setdefault(one.row, {})[one.topic] = self._cell(one)
        cells = {tuple(row.get(column, "-") for column in _COLUMNS) for row in table.values()}
        if len(table) > 1 and len(cells) == 1:
            table = {f"all {len(table)}": next(iter(table.values()))}
        for row, found in table.items():
            yield (f"  {printable(row)}", *(found.get(column, "-") for column in _COLUMNS))

    def _cell(self, one: AppQuestion) -> Cell:
        result = self._results.get(one.probe.index)
        if result is None:
            return "-"
        word = result.label if result.verdict == "allowed" else result.label.upper()
        return word if result.passed else (style(result), f"{word} !")

    # Errors

    def _errors(self) -> list[str]:
        origin = self._questions.listed[0]
        lines = [f"What errors look like to {printable(origin)}"]
        for one in self._questions.asked:
            result = self._results.get(one.probe.index)
            if one.topic == "error" and result is not None:
                lines += self._error(one.row, self._readable(result, one.row[:3]))
        for left_out in self._questions.unasked:
            if left_out.topic == "error":
                lines += self._error(left_out.row, f"not tested, {left_out.why}")
        return lines

    def _error(self, row: str, said: str) -> list[str]:
        status, _, what = row.partition(" ")
        return wrap(f"{printable(what)}: {said}", self._view.width, 8, f"  {status}")

    def _readable(self, result: Result, meant: str) -> str:
        status = _status(result)
        instead = f" (it was a {status})" if status is not None and str(status) != meant else ""
        if result.verdict == "allowed":
            return f"the page can read it{instead}"
        if result.verdict != "blocked":
            return f"{result.verdict}: {terminal.statement(result)}"
        outside = meant == "500" and not instead and self._questions.claim is not None
        reason = "It is answered outside the middleware." if outside else result.because
        return f"BLOCKED{instead}, the page sees a CORS error and no status. {reason}"

    # The usual problems

    def _problems(self) -> list[str]:
        lines = ["The usual problems"]
        parts = (self._credentials, self._header, self._cache, self._wildcard, self._entries)
        for status, text in chain.from_iterable(part() for part in parts):
            mark = self._view.style({"ok": "pass", "FAIL": "fail"}.get(status, "skip"), f"{status:4}")
            first, *more = wrap(text, self._view.width, 8)
            lines += [f"  {mark}  {first[8:]}", *more]
        return [*lines, *self._fix()]

    def _of(self, topic: Topic, origin: str | None = None) -> list[Result]:
        asked = (one.probe for one in self._questions.asked if one.topic == topic)
        found = (self._results.get(probe.index) for probe in asked if origin is None or probe.origin == origin)
        return [result for result in found if result is not None]

    def _credentials(self) -> Iterator[tuple[str, str]]:
        claim, asked = self._questions.claim, self._of("cookies", self._questions.listed[0])
        if claim is None and all(result.verdict == "blocked" for result in self._of("plain")):
            yield "FAIL", "Origins: there is no CORSMiddleware, so that no page elsewhere can use the application."
        if claim is None or not asked:
            return
        if any(result.verdict == "allowed" for result in asked):
            yield "ok", 'Cookies: fetch() with credentials: "include" can read the response.'
        elif claim.allow_credentials:
            blocked = "Cookies: allow_credentials is True, and still fetch() with cookies is blocked"
            yield "FAIL", f"{blocked}: {why(asked[0])}"
        else:
            yield "note", 'Cookies: fetch() with credentials: "include" is blocked, since allow_credentials is False.'

    def _header(self) -> Iterator[tuple[str, str]]:
        refused: dict[str, None] = {}
        for result in self._of("plain") if self._questions.claim is not None else ():
            if result.origin in self._questions.listed and result.verdict == "blocked":
                refused |= dict.fromkeys(_refused_headers(result))
        if refused:
            yield "FAIL", f"Headers: operations take {several(list(refused))}, which the preflight refuses."
        for result in self._of("header"):
            if result.verdict == "blocked" and any(_refused_headers(result)):
                other = f"any other header ({UNLISTED}, say)"
                yield "note", f"Headers: {other} is refused, with a {_status(result)} to the preflight."
            elif result.verdict == "allowed":
                yield "note", 'Headers: every header is allowed (allow_headers is "*").'

    def _cache(self) -> Iterator[tuple[str, str]]:
        kept = next((r.preflight.cache_seconds for r in self._of("plain") if r.preflight.cache_seconds), None)
        if kept is None:
            return
        seconds = {name: kept[name] for name in ("chromium", "firefox") if name in kept}
        each = several([f"{words.engine(name)} for {count} s" for name, count in seconds.items()])
        if any(seconds.values()):
            yield "ok", f"Preflight cache: {each}."
        else:
            yield (
                "FAIL",
                "Preflight cache: browsers do not cache the preflight (max_age), so each request sends it again.",
            )

    def _wildcard(self) -> Iterator[tuple[str, str]]:
        claim = self._questions.claim
        alike = set(self._questions.lookalikes) - {STRANGER}
        strangers = [r for r in self._of("cookies") if r.origin not in (*self._questions.listed, *alike)]
        let_in = [r for r in strangers if r.verdict == "allowed"]
        if let_in:
            without = any(r.verdict == "allowed" for r in self._of("no-cookie"))
            when = "" if without else " as soon as a cookie is present"
            so = f"every page reads {len(let_in)} of {len(strangers)} answers with the visitor's cookies"
            yield "FAIL", f"* with credentials: any origin is reflected{when}, so that {so}."
        elif claim is not None and claim.everyone and strangers:
            yield "note", "* with credentials: every page may read, none with cookies."
        elif claim is not None and strangers:
            foreign = {r.origin for r in strangers}
            reading = [r for r in self._of("plain") if r.origin in foreign and r.verdict == "allowed" and not r.passed]
            named = list(dict.fromkeys(f"{r.method} {r.url}" for r in reading))
            if named:
                more = f" and {len(named) - 1} more" if len(named) > 1 else ""
                yield "FAIL", f"Strangers: without cookies, any page can read {printable(named[0])}{more}."
            else:
                yield "ok", "* with credentials: strangers get nothing, with or without cookies."

    def _entries(self) -> Iterator[tuple[str, str]]:
        claim = self._questions.claim
        for fault in claim.faults if claim is not None else ():
            yield "FAIL", f"Settings: {printable(fault)}"
        for fault in self._questions.unusable:
            yield "FAIL", f"Origins: {printable(fault)}."
        alike = {
            r.origin: None
            for r in self._results.values()
            if r.origin in self._questions.lookalikes and r.verdict == "allowed"
        }
        if alike and claim is not None:
            said = f"allow_origin_regex {claim.allow_origin_regex!r} also matches {next(iter(alike))}"
            advice = "Escape every dot, and allow only whole labels before the domain: (.*\\.)?"
            yield "FAIL", f"Origins: {printable(said)}, whose domain anybody can register. {advice}"
        if claim is not None and claim.allow_origin_regex is not None and not self._questions.typed:
            yield "note", "Origins: a page that allow_origin_regex matches was made up; --origin names a real one."

    def _fix(self) -> list[str]:
        """Return the settings by which everything passes that was expected to, or the command that prints some.

        Where a middleware is there already and no settings of it help, neither does another one.
        """
        said = self._questions.proposal
        failed = [r for r in self._of("plain") if not r.passed and r.expected == "allowed"]
        if said is None and failed and self._questions.claim is None:
            probes = [replace(one.probe, url="") for one in self._questions.asked if one.topic == "plain"]
            wanted = [p for p in probes if p.expected == "allowed" and p.origin in self._questions.listed]
            said = command(self._questions.reading.framework.lower(), wanted)
            said = f"This command prints the configuration to add:\n{said}" if said is not None else None
        return wrap(printable_lines(said), self._view.width, 8, "  fix") if said else []

    def _explained(self) -> list[str]:
        """Return what differs from the claims, by cause."""
        lines: list[str] = []
        found = groups(list(self._results.values()))
        for group in found[:_MOST_EXPLAINED]:
            first = group[0]
            more = f" and {len(group) - 1} more" if len(group) > 1 else ""
            head = f"{first.method} {first.url} from {first.origin}{more}, expected {first.expected}:"
            known = first.verdict not in (first.expected, "allowed")
            said = why(first) if known else terminal.statement(first)
            lines += ["", *wrap(f"{printable(head)} {said}", self._view.width, 3, "!")]
        if len(found) > _MOST_EXPLAINED:
            lines += ["", f"   and {len(found) - _MOST_EXPLAINED} more causes (-v shows every result)"]
        return lines


def _padded(cell: Cell) -> Cell:
    """Return the cell with the gap to the next column."""
    return f"{cell}  " if isinstance(cell, str) else (cell[0], f"{cell[1]}  ")


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(values) or "none"


def _status(result: Result) -> int | None:
    responses = [e.response for e in result.exchanges if e.response is not None]
    return responses[-1].status if responses else None


def _refused_headers(result: Result) -> Iterator[str]:
    """Yield the request headers that the preflight asks for and its response does not list."""
    for exchange in result.exchanges:
        if exchange.kind == "preflight" and exchange.response is not None and _speaks(exchange.response):
            asked = _names(exchange.request.headers, "access-control-request-headers")
            listed = _names(exchange.response.headers, "access-control-allow-headers")
            yield from (name for name in asked if name not in listed and "*" not in listed)


def _speaks(response: ResponseRecord) -> bool:
    """Whether a preflight's answer is that of a CORS layer: a login in front of it answers with an error and no list."""
    return response.status < 300 or bool(_names(response.headers, "access-control-allow-headers"))


def _names(headers: Headers, name: str) -> list[str]:
    return [part.strip().lower() for n, value in headers if n.lower() == name for part in value.split(",")]
