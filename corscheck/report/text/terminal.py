"""The terminal view of one result: the request, the table of steps, the verdict, its cause and fix, the console text.

Rendered from the saved model alone, so that a report read back from disk looks the same. All text of servers goes
through ``printable``. Pure: returns lines, prints nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model import words
from corscheck.model.printable import printable, printable_lines
from corscheck.model.words import several
from corscheck.report.text import causes
from corscheck.report.text.exchanges import exchanges
from corscheck.report.text.layout import wrap
from corscheck.report.text.rows import table
from corscheck.report.text.style import VERDICT_STYLES

if TYPE_CHECKING:
    from corscheck.model.result import Finding, Result
    from corscheck.report.text.view import View

_LABEL = 9
"""The column where the text behind labels such as ``cause`` starts."""

_READABLE = {
    "basic": "The page can read this response: same origin, CORS is not involved.",
    "opaque": "The request goes out, but the page can read nothing of the response (it is opaque).",
    "opaqueredirect": "The page sees that there is a redirect and nothing of it (an opaque-redirect response).",
}


def render(result: Result, view: View) -> list[str]:
    """Return the whole view of one result."""
    lines = header(result, view)
    if view.verbose and result.exchanges:
        lines += ["", *exchanges(result)]
    rows = table(result, view.width, view.style)
    # Without any response the verdict says everything.
    if rows and (any(e.response or e.held_back for e in result.exchanges) or result.error is None):
        lines += ["", *rows]
    lines += ["", *verdict(result, view)]
    console = console_lines(result)
    if console:
        lines += ["", *console]
    return lines


def header(result: Result, view: View) -> list[str]:
    """Return the request, the page's origin and the circumstances."""
    request = view.style("bold", f"{printable(result.method)} {printable(result.url)}")
    return [request, *wrap(f"from {printable(result.origin)}, {circumstances(result, view)}", view.width, 0)]


def circumstances(result: Result, view: View) -> str:
    """Return the credentials mode, the engine, and whatever differs from the defaults of ``fetch()``."""
    parts = [f"credentials {result.credentials}" + (f" ({view.because})" if view.because else "")]
    if result.mode != "cors":
        parts.append(f"mode {result.mode}")
    if result.redirect != "follow":
        parts.append(f"redirect {result.redirect}")
    parts += [note for note, given in _page_notes(result) if given]
    if result.body:
        parts.append(f"a body of {result.body} byte{'' if result.body == 1 else 's'}")
    who = "by the standard" if result.engine == "standard" else f"as {words.engine(result.engine)}"
    return ", ".join([*parts, who])


def _page_notes(result: Result) -> tuple[tuple[str, bool], ...]:
    return (
        ("with an upload listener", result.upload_listener),
        (f"COEP {result.coep}", result.coep != "unsafe-none"),
        ("embedded in https pages", result.secure_context),
    )


def verdict(result: Result, view: View) -> list[str]:
    """Return the verdict, the engines that differ, what a browser was seen to do, and the findings."""
    word = result.label.upper()
    lines = view.labelled(word, VERDICT_STYLES[result.verdict], statement(result))
    if result.reason is not None and result.reason.standard_url is not None:
        lines = view.linked(lines, result.reason.step or "", result.reason.standard_url)
    if result.verdict == "inconclusive":
        hint = causes.HINTS.get(result.error.kind) if result.error is not None and not result.findings else None
        lines += wrap(hint, view.width, len(word) + 2) if hint else []
    lines += _engines(result, view)
    lines += observed(result, view)
    lines += _findings(result, view)
    lines += _expectation(result, view)
    return lines


def statement(result: Result) -> str:
    """Return what the verdict means, in a sentence or two."""
    if result.verdict == "allowed":
        return _allowed(result)
    return result.not_allowed


def _allowed(result: Result) -> str:
    if not result.complete:
        text = f"The preflight allows it; {printable(result.method)} itself was not sent: {result.not_sent}."
    elif result.response is not None and result.response.type in _READABLE:
        text = _READABLE[result.response.type]
    else:
        status = result.response.status if result.response is not None else 200
        which = "this response" if 200 <= status <= 299 else f"this response, a {status}"
        names = ", ".join(printable(n) for n in result.readable_headers)
        text = f"The page can read {which}; of its headers {names or 'none'}."
    agreement = _agreement(result)
    return f"{text}\n{agreement}" if agreement else text


def _agreement(result: Result) -> str:
    """Return which engines agree: ``Firefox and the standard agree; so does WebKit (from its source).``"""
    names = result.agreeing
    seen = [words.engine(n) for n in names if result.engines[n].basis not in words.BASES]
    read = [f"{words.engine(n)} ({words.BASES[b]})" for n in names if (b := result.engines[n].basis) in words.BASES]
    # Firefox before the standard: what people use first.
    seen.sort(key=lambda name: name == words.ENGINES["standard"])
    text = words.capital(several(seen)) + (" agrees" if len(seen) == 1 else " agree") if seen else ""
    if read:
        verb = "does" if len(read) == 1 else "do"
        alone = f"{words.capital(several(read))} {'agrees' if len(read) == 1 else 'agree'}"
        text = f"{text}; so {verb} {several(read)}" if text else alone
    return text + "." if text else ""


def _engines(result: Result, view: View) -> list[str]:
    """Return a row for each engine with another verdict; ``FAIL`` marks those of the gate that fail."""
    lines: list[str] = []
    for name in result.differing:
        fails = name in result.gate and result.engines[name].verdict not in (result.expected, "inconclusive")
        word, kind = ("FAIL", "fail") if fails else ("note", None)
        lines += view.labelled(word, kind, result.other_verdict(name), margin="  ", indent=_LABEL)
    return lines


def observed(result: Result, view: View) -> list[str]:
    """Return what a real browser was seen to do."""
    seen = result.observed
    if seen is None:
        return []
    browser = f"{words.BROWSERS.get(seen.browser, printable(seen.browser))} {printable(seen.version)}".rstrip()
    if seen.verdict == "inconclusive":
        return wrap(
            f"{browser} could not be tested: {printable(seen.error or 'unknown')}", view.width, _LABEL, "  seen"
        )
    if seen.agrees is None:
        error = f" ({printable(seen.error)})" if seen.error is not None else ""
        reason = printable("; ".join(seen.differences)) or "there is no prediction to compare it with"
        return wrap(f"{browser}: {seen.verdict}{error}; {reason}.", view.width, _LABEL, "  seen")
    if seen.agrees:
        same = seen.verdict == result.verdict
        did = "was seen to do the same" if same else f"was seen to do as predicted for it: {seen.verdict}"
        return wrap(f"{browser} {did}.", view.width, _LABEL, "  seen")
    lines = wrap(f"{browser} was seen to differ. Please report this.", view.width, _LABEL, "  SEEN")
    for difference in seen.differences:
        lines += wrap(printable(difference), view.width, _LABEL + 2, " " * _LABEL + "-")
    return lines


def _findings(result: Result, view: View) -> list[str]:
    """Return the cause and its fix, further findings, and notes."""
    weighty = [f for f in result.findings if f.severity != "info"]
    notes = [f for f in result.findings if f.severity == "info"]
    label = "cause" if result.verdict in ("blocked", "invalid", "inconclusive") else "warn"
    lines: list[str] = []
    for index, finding in enumerate(weighty):
        lines += _finding(finding, label if index == 0 else "also", view)
    for finding in notes:
        lines += _finding(finding, "note", view)
    return lines


def _finding(finding: Finding, label: str, view: View) -> list[str]:
    lines = wrap(printable_lines(finding.message or finding.title), view.width, _LABEL, f"  {label}")
    if finding.advice:
        lines += wrap(printable_lines(finding.advice), view.width, _LABEL, "  fix" if label != "note" else "")
    return lines


def _expectation(result: Result, view: View) -> list[str]:
    """Return whether expectations other than ``allowed`` are met, and why a failure is excused."""
    lines = _verdict_expected(result, view)
    if not result.passed and result.as_driven:
        wrong = any(e.passed is False for e in result.check.expectations) if result.check is not None else False
        word, kind = ("FAIL", "fail") if wrong else ("????", "unsure")
        for text in result.unmet:
            lines += view.labelled(word, kind, text, margin="  ", indent=_LABEL)
    if result.excused is not None:
        lines += wrap(f"Excused: {words.sentence(result.excused.reason)}", view.width, _LABEL, "  note")
    return lines


def _verdict_expected(result: Result, view: View) -> list[str]:
    if result.expected == "allowed":
        return []
    if result.passed:
        return [f"  {view.style('pass', 'pass')}   Expected {result.expected}: it is."]
    if result.as_driven:
        if causes.agreed(result):
            return []
        return [f"  {view.style('fail', 'FAIL')}   Expected {result.expected} by every engine tested."]
    return [f"  {view.style('fail', 'FAIL')}   Expected {result.expected}, got {result.verdict}."]


def console_lines(result: Result) -> list[str]:
    """Return the console texts as lines: verbatim, unwrapped."""
    lines: list[str] = []
    for engine, console in consoles(result):
        lines += [""] if lines else []
        lines += [f"{engine}'s console:", *map(printable, console)]
    return lines


def consoles(result: Result) -> list[tuple[str, list[str]]]:
    """Return the console lines of the driving engine, and of those of the gate that differ, each with its name."""
    names = [result.engine, *(n for n in result.differing if n in result.gate)]
    return [(words.engine(name), text.split("\n")) for name in names if (text := result.console.get(name))]
