"""HTML: one file that fetches nothing, with the matrix, the audits, the failures and their causes, and details of every cell.

The parts of the page are in ``page/``. Its Content Security Policy allows its own style and script, by their hashes, and
nothing else. The details of each result are in a ``noscript``. Without JavaScript they are part of the page, and
``:target`` shows those whose cell was followed. With JavaScript they stay text until a cell is opened, so that a page of
ten thousand results is as quick as one of ten. Every value goes through ``printable`` and the template's escaping.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.report.formats.advice import advice_parts
from corscheck.report.formats.findings import MANY_AUDITS, group_findings
from corscheck.report.formats.panels import STATUS_NOTE, headline, survey
from corscheck.report.saved.document import command_line
from corscheck.report.text import audits, causes, rows, terminal
from corscheck.report.text.exchanges import exchange_lines
from corscheck.report.text.text import cut
from corscheck.report.text.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.audits import Audit, AuditFinding
    from corscheck.model.result import Result, StepRecord
    from corscheck.report.formats.panels import Survey
    from corscheck.report.saved.saved import Saved
    from corscheck.report.saved.summary import Summary

_PAGE = Path(__file__).parents[1] / "page"

_CAUSES = 100
"""The maximum number of causes that are explained. Cells with other causes still open."""

_FOLDED = 400
"""With more results than this, panels in which everything passed are folded."""

_LONGEST = 4000
"""The longest value, in characters. The saved report has all of it."""

_BUFFER = 500

FILTERS = (
    ("bad", "not as expected"),
    ("allowed", "allowed"),
    ("preflight-only", "allowed*"),
    ("blocked", "blocked"),
    ("invalid", "invalid"),
    ("inconclusive", "inconclusive"),
)
"""The filters: the class of the cells that each shows, and its label. The style sheet has a rule for each."""

GLYPHS = {
    "allowed": "✓",
    "allowed*": "✓",
    "blocked": "✕",
    "invalid": "⊘",
    "inconclusive": "?",
    "differs": "≠",
    "unmet": "≠",
    "excused": "–",
}


def render(saved: Saved) -> Iterator[str]:
    """Yield the page in pieces. Reads the report twice: for the panels, and for the details."""
    environment = Environment(
        loader=FileSystemLoader(_PAGE),
        autoescape=True,
        finalize=_final,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["advice_parts"] = advice_parts
    environment.globals["lines"] = _lines
    style = (_PAGE / "report.css").read_text("utf-8")
    script = (_PAGE / "report.js").read_text("utf-8")
    found = survey(saved.results())
    counts = saved.counts()
    word, said = headline(counts)
    stream = environment.get_template(
        "report.html"
    ).stream(
        csp=_policy(style, script),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        word=word,
        said=said,
        state={"PASSED": "pass", "FAILED": "fail"}.get(word, "unsure"),
        notes=saved.notes,
        run=saved.run,
        version=str(saved.head["tool"].get("version", "")),
        total=counts.total,
        filters=_filters(found),
        bar=_bar(found, counts),
        panels=found.panels,
        many=found.many,
        several_hosts=found.several_hosts,
        examples=found.examples,
        status_note=STATUS_NOTE if found.has_readable_errors() else None,
        audits=(_audit(audit) for audit in saved.audits()),
        audit_count=counts.audits,
        finding_groups=group_findings(saved.audits()) if counts.audits > MANY_AUDITS else [],
        fold=counts.total > _FOLDED,
        causes=found.causes[:_CAUSES],
        further_causes=max(len(found.causes) - _CAUSES, 0),
        glyph=_glyph,
        kinds=_kinds,
        deciding=_deciding,
        command=command_line,
        console=_console,
        details=(_detail(number, result) for number, result in enumerate(saved.results(), 1)),
    )
    stream.enable_buffering(_BUFFER)
    return stream


def _final(value: object) -> object:
    """Make a value printable and cut it; the template calls this before it escapes the value."""
    return cut(printable(value), _LONGEST) if type(value) is str else value


def _lines(lines: list[str]) -> Markup:
    """Return lines for a ``pre``, escaped in one call: most values of a page are such lines."""
    return escape("\n".join(cut(printable(line), _LONGEST) for line in lines))


def _policy(style: str, script: str) -> str:
    """Return the Content Security Policy: this style, this script, ``data:`` images for the icon, nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _filters(found: Survey) -> list[tuple[str, str, int]]:
    """Return the filters that match a cell: class, label, number of cells."""
    counts = dict.fromkeys((name for name, _ in FILTERS), 0)
    for cell in found.cells():
        counts[cell.kind] += 1
        counts["bad"] += cell.state != "pass"
    return [(name, label, counts[name]) for name, label in FILTERS if counts[name]]


def _bar(found: Survey, summary: Summary) -> list[tuple[str, str, float, float]]:
    """Return the parts of the bar: state, label, start and width in percent."""
    counts = {"pass": summary.audits_passed, "unsure": summary.unaudited, "fail": summary.vulnerable + summary.unstable}
    for cell in found.cells():
        counts[cell.state] += 1
    total = sum(counts.values()) or 1
    names = {"pass": "as expected", "unsure": "not judged", "fail": "not as expected"}
    bar, start = [], 0.0
    for state, count in counts.items():
        wide = 100 * count / total
        bar.append((state, f"{count} {names[state]}", round(start, 3), round(wide, 3)))
        start += wide
    return bar


def _kinds(cells: Any) -> str:
    """Return the CSS classes of a row or panel, by which filters show it. ``cells`` may contain None."""
    there = [cell for cell in cells if cell is not None]
    names = {cell.kind for cell in there} | {"bad" for cell in there if cell.state != "pass"}
    return " ".join(f"has-{name}" for name in sorted(names))


def _glyph(label: str) -> str:
    """Return the sign of a label, or of a filter's; ``allowed (404)`` has that of ``allowed``."""
    return GLYPHS.get(label.partition(" ")[0], "")


# ---------------------------------------------------------------------- one audit


def _audit(audit: Audit) -> dict[str, Any]:
    word = audits.word(audit)
    return {
        "url": audit.url,
        "word": word,
        "state": audits.STATES[word],
        "circumstances": audits.circumstances(audit),
        "statement": audits.statement(audit),
        "notes": audits.remarks(audit),
        "findings": [_audit_finding(finding, audit) for finding in audit.findings],
        "exchanges": [(rows.label(e), _lines(exchange_lines(e))) for e in audit.exchanges],
    }


def _audit_finding(finding: AuditFinding, audit: Audit) -> dict[str, Any]:
    lines = audits.evidence(finding)
    return {
        "label": audits.label(finding).upper(),
        "weight": "info" if finding.excused is not None else finding.severity,
        "code": finding.code,
        "title": finding.title,
        "origin": finding.origin,
        "message": finding.message,
        "works_in": audits.works_in(finding),
        "asked": audits.elsewhere(finding, audit),
        "evidence": _lines(lines) if lines else None,
        "advice": finding.advice,
        "help": _link(finding.help),
        "excused": audits.excuse(finding),
    }


# ---------------------------------------------------------------------- one result


def _detail(number: int, result: Result) -> dict[str, Any]:
    return {
        "number": number,
        "label": causes.shown(result),
        "glyph": _glyph(causes.label(result)),
        "state": causes.state(result),
        "request": f"{result.method} {result.url}",
        "from": f"from {result.origin}, {terminal.circumstances(result, View())}",
        "headers": [f"{name}: {value}" for name, value in result.headers],
        "check": result.check,
        "statement": terminal.statement(result).replace("\n", " "),
        "standard": _link(result.reason.standard_url if result.reason is not None else None),
        "expected": None if result.expected == "allowed" and result.passed else result.expected,
        "passed": result.passed,
        "engines": [(words.capital(words.engine(n)), e.verdict, e.basis) for n, e in result.engines.items()],
        "others": [result.other_verdict(name) for name in result.differing],
        "seen": " ".join(line.strip() for line in terminal.observed(result, View(width=100_000))),
        "findings": [(_label(result, f), f.message or f.title, f.advice, _link(f.help)) for f in result.findings],
        "groups": _steps(result),
        "console": _console(result),
        "exchanges": [
            (rows.label(e) + ("" if not e.held_back else ", not sent"), _lines(exchange_lines(e, result.not_sent)))
            for e in result.exchanges
        ],
    }


def _label(result: Result, finding: Any) -> str:
    if finding.severity == "info":
        return "note"
    return "warning" if result.verdict == "allowed" else "cause"


def _link(url: str | None) -> str | None:
    """Return the URL if it is https, else None: a report may come from anywhere, and other schemes must not be links."""
    return url if url is not None and url.startswith("https://") else None


def _console(result: Result) -> list[tuple[str, Markup]]:
    """Return the console text of the driving engine, and of those of the gate that differ."""
    return [(engine, _lines(lines)) for engine, lines in terminal.consoles(result)]


def _deciding(result: Result) -> dict[str, Any] | None:
    """Return the row that decided, if it compares something."""
    step = causes.deciding(result)
    if step is None or (step.expected is None and step.received is None):
        return None
    return _row(step)


def _steps(result: Result) -> list[dict[str, Any]]:
    """Return the steps below the exchange that they judge, as in the terminal's table."""
    groups: list[dict[str, Any]] = []
    for index, steps in enumerate(rows.grouped(result)):
        exchange = result.exchanges[index] if index < len(result.exchanges) else None
        before = [_row(s) for s in steps if s.exchange is None]
        if before:
            groups.append({"head": None, "note": None, "rows": before})
        if exchange is None:
            continue
        note = None
        if exchange.held_back:
            note = f"not sent: {result.not_sent}"
        elif exchange.error is not None:
            note = f"no response: {exchange.error.message}"
        judged = [_row(s) for s in steps if s.exchange is not None and exchange.response is not None]
        groups.append({"head": rows.label(exchange), "note": note, "rows": judged})
    kept = rows.unsent(result)
    if kept is not None:
        groups.append({"head": kept[0], "note": kept[1], "rows": []})
    return groups


def _row(step: StepRecord) -> dict[str, Any]:
    said = bool(step.message) and (step.exchange is None or (step.expected is None and step.received is None))
    expected, received = rows.values(step)
    neutral = step.header == "preflight" and step.exchange is None and step.status in ("pass", "skip")
    return {
        "status": "" if neutral else step.status,
        "word": "" if neutral else "FAIL" if step.status == "fail" else step.status,
        "decisive": step.decisive,
        "subject": words.subject(step.header),
        "step": step.step,
        "text": step.message if said else None,
        "expected": expected,
        "received": received,
    }
