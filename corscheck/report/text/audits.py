"""The terminal view of an audit: the requests, each finding with its evidence and fix, limits of the audit, the verdict.

Rendered from the saved model alone. The text of servers (evidence, notes, messages) goes through ``printable``. Pure:
returns lines, prints nothing; knows no other view.

  HIGH    CORS801  reflected origin (https://a7f3.example)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model import words
from corscheck.model.audits import failing
from corscheck.model.printable import printable, printable_lines
from corscheck.model.values import SEVERITIES
from corscheck.model.words import several
from corscheck.report.saved.summary import failed
from corscheck.report.text.exchanges import exchange_lines
from corscheck.report.text.layout import cut, wrap
from corscheck.report.text.text import counted

if TYPE_CHECKING:
    from corscheck.model.audits import Audit, AuditFinding
    from corscheck.report.saved.summary import Summary
    from corscheck.report.text.view import View

_BODY = 10
"""The column where the text of a finding starts: two blanks, the severity, a gap."""
_FACT = _BODY + 10
"""The column where the text behind labels such as ``works in`` starts."""
_COLUMN = 14
"""The width of a row's word, as in the list of probes."""
_NOTE = 12

_NAMED = 4
"""How many of the allowed origins are named."""

_LONGEST = 1000
"""The longest line of evidence, in characters; the rest is cut."""

_STYLES = {"high": "fail", "medium": "fail", "low": "warn", "info": "dim"}
STATES = {"VULNERABLE": "fail", "UNSTABLE": "fail", "INCONCLUSIVE": "unsure", "PASSED": "pass"}
"""Whether an audit failed, could not be judged or passed, by its word: names of styles, and of classes in HTML."""
BROWSERS = {**words.BROWSERS, "webkit": "WebKit", "safari": "Safari"}


def render(audit: Audit, view: View) -> list[str]:
    """Return the whole view of one audit."""
    lines = [view.style("bold", printable(audit.url)), *wrap(circumstances(audit), view.width, 0)]
    if view.verbose:
        for exchange in audit.exchanges:
            lines += ["", *exchange_lines(exchange)]
    for finding in audit.findings:
        lines += ["", *_finding(finding, audit, view)]
    remarks = _remarks(audit, view, "  ", _NOTE)
    if remarks:
        lines += ["", *remarks]
    return [*lines, "", *verdict(audit, view)]


def circumstances(audit: Audit) -> str:
    """Return the depth, the number of requests and the allowed origins."""
    count = f"{audit.requests} request{'' if audit.requests == 1 else 's'}"
    depth = "audited in full" if audit.depth == "full" else "audited"
    names = [printable(origin) for origin in audit.allowed_origins[:_NAMED]]
    more = len(audit.allowed_origins) - len(names)
    names += [f"{more} more"] if more else []
    allowed = f"allowed: {several(names)}" if names else "allowed: none"
    return f"{depth} with {count}; {allowed}"


def word(audit: Audit) -> str:
    """``VULNERABLE``, ``UNSTABLE``, ``INCONCLUSIVE`` (it could not be audited) or ``PASSED``."""
    if failing(audit):
        return "VULNERABLE"
    if audit.error is not None:
        return "INCONCLUSIVE"
    return "PASSED" if audit.passed and not audit.unstable else "UNSTABLE"


def label(finding: AuditFinding) -> str:
    """Return the severity in capitals, or ``excused``."""
    return "excused" if finding.excused is not None else finding.severity.upper()


def works_in(finding: AuditFinding) -> str | None:
    """Return the browsers whose users are affected, and whether their credentials are; None if that is not the question."""
    names = [BROWSERS.get(name, printable(name)) for name in finding.browsers]
    if not names:
        return None
    return f"{several(names)}, {'with' if finding.credentials else 'without'} credentials"


def evidence(finding: AuditFinding) -> list[str]:
    """Return the header lines that prove the finding, printable and cut."""
    return [cut(printable(line), _LONGEST) for line in finding.evidence.split("\n")] if finding.evidence else []


def excuse(finding: AuditFinding) -> str | None:
    """Return why the finding does not fail the run; None if nothing excuses it."""
    if finding.excused is None:
        return None
    where = f" ({finding.excused.file})" if finding.excused.file else ""
    return printable(f"{finding.excused.reason}{where}")


def elsewhere(finding: AuditFinding, audit: Audit) -> str | None:
    """Return the request that proves the finding, unless it is a GET of the target or the evidence names it."""
    asked = f"{finding.method} {finding.url}"
    if (finding.url == audit.url and finding.method == "GET") or finding.evidence.partition("\n")[0] == asked:
        return None
    return printable(asked)


def _finding(finding: AuditFinding, audit: Audit, view: View) -> list[str]:
    severity = label(finding)
    lead = f"  {severity:<{_BODY - 2}}{printable(finding.code)}  "
    first, *rest = wrap(printable(f"{finding.title} ({finding.origin})"), view.width, len(lead), lead)
    style = "dim" if finding.excused is not None else _STYLES[finding.severity]
    lines = [first.replace(severity, view.style(style, severity), 1), *rest]
    if finding.help is not None:
        lines = view.linked(lines, printable(finding.code), finding.help)
    if finding.message:
        lines += wrap(printable_lines(finding.message), view.width, _BODY)
    where = works_in(finding)
    if where is not None:
        lines += _fact("works in", where, view)
    asked = elsewhere(finding, audit)
    if asked is not None:
        lines += _fact("asked", asked, view)
    for number, line in enumerate(evidence(finding)):
        # Continuation lines of a value are indented deeper than a header.
        first, *rest = wrap(line.strip(), view.width, _FACT + 2, " " * _BODY + "evidence  " * (not number))
        start = first[:_FACT].ljust(_FACT)
        lines += [start + first[_FACT + 2 :], *rest]
    if finding.advice:
        lines += _fact("fix", printable_lines(finding.advice), view)
    excused = excuse(finding)
    if excused is not None:
        lines += _fact("excused", excused, view)
    return lines


def _fact(name: str, text: str, view: View) -> list[str]:
    return wrap(text, view.width, _FACT, " " * _BODY + name)


def remarks(audit: Audit) -> list[str]:
    """Return what limits the audit, and what differed when it was asked again, a text each."""
    return [*audit.notes, *(f"unstable: {text}" for text in audit.unstable)]


def _remarks(audit: Audit, view: View, margin: str, indent: int) -> list[str]:
    """Return the remarks as wrapped lines, each with its label."""
    lines: list[str] = []
    for name, texts in (("note", audit.notes), ("unstable", audit.unstable)):
        for text in texts:
            lines += wrap(printable(text), view.width, indent, margin + name)
    return lines


def verdict(audit: Audit, view: View) -> list[str]:
    """Return the verdict, with a hint if there was no response."""
    lines = view.labelled(word(audit), STATES[word(audit)], statement(audit))
    if audit.error is not None and audit.error.kind in HINTS:
        lines += wrap(HINTS[audit.error.kind], view.width, len(word(audit)) + 2)
    return lines


HINTS = {
    "dns": "Is the host name right?",
    "connect": "Is the server running?",
    "tls": "--cacert FILE trusts your own CA; -k accepts any certificate.",
    "timeout": "Wait longer with --max-time SECONDS.",
    "proxy": "Set another proxy with -x URL, or bypass it with --noproxy HOST.",
}
"""What to do if there is no response, by the kind of error."""


_UNSTABLE = "The responses differ from one request to the next, so the audit proves nothing."


def statement(audit: Audit) -> str:
    """Return what the verdict rests on: the number of findings, and the severity from which they fail."""
    found = counted(_by_severity(audit))
    excused = sum(f.excused is not None for f in audit.findings)
    also = f"{excused} excused." if excused else ""
    error = words.sentence(audit.error.message) if audit.error is not None else ""
    if word(audit) == "INCONCLUSIVE":
        so_far = f"Found so far: {found}." if found else ""
        parts = ["Not audited to the end:" if found else "Not audited:", error, so_far, also]
    elif word(audit) == "VULNERABLE":
        cut_short = f"Not audited to the end: {error}" if error else ""
        parts = [f"{found}.", also, cut_short]
    elif word(audit) == "UNSTABLE":
        parts = [_UNSTABLE, f"Found: {found}." if found else "", also]
    elif not found:
        parts = ["Nothing new:" if also else "Nothing found.", also]
    elif audit.fail_on == "never":
        parts = [f"{found}, of which none fails (--fail-on never).", also]
    else:
        only_info = all(f.severity == "info" for f in audit.findings if f.excused is None)
        parts = [f"Nothing {'above info' if only_info else f'at or above {audit.fail_on}'}: {found}.", also]
    return " ".join(filter(None, parts))


def _by_severity(audit: Audit) -> dict[str, int]:
    """Count the findings of each severity, without the excused ones."""
    return {s: sum(f.severity == s and f.excused is None for f in audit.findings) for s in SEVERITIES}


# ---------------------------------------------------------------------- many


def row(audit: Audit, view: View) -> list[str]:
    """Return the row of a target in which nothing fails: verdict and URL, and below them the remarks."""
    counts = counted({**_by_severity(audit), "excused": sum(f.excused is not None for f in audit.findings)})
    text = printable(audit.url) + (f"  ({counts})" if counts and audit.passed else "")
    lines = [f"  {view.style(STATES[word(audit)], word(audit))}{' ' * (_COLUMN - len(word(audit)))}{text}"]
    indent = 2 + _COLUMN
    if not audit.passed:
        lines += wrap(statement(audit), view.width, indent)
    return [*lines, *_remarks(audit, view, " " * indent, indent + 10)]


def needs_room(audit: Audit) -> bool:
    """Whether an audit among many is shown whole, because something in it fails."""
    return bool(failing(audit)) or failed(audit)


def quiet(audit: Audit) -> list[str]:
    """Return what ``-q`` prints: an unwrapped line for each finding, nothing for a clean target."""
    lines = [
        f"{label(f).upper()}  {printable(audit.url)}  {printable(f'{f.code} {f.title}: {f.origin}')}"
        for f in audit.findings
    ]
    if word(audit) in ("INCONCLUSIVE", "UNSTABLE"):
        lines.append(f"{word(audit)}  {printable(audit.url)}  {statement(audit)}")
    return lines


def sentence(summary: Summary) -> str:
    """Return the totals of a run's audits: ``1 of 3 targets vulnerable; 1 high, 2 low found with 96 requests.``"""
    found = counted(summary.findings())
    sent = f"with {summary.audit_requests} request{'' if summary.audit_requests == 1 else 's'}"
    targets = f"{summary.audits} target{'' if summary.audits == 1 else 's'}"
    parts = [f"{summary.vulnerable} of {targets} vulnerable"] if summary.vulnerable else []
    if summary.unstable:
        parts.append(f"{summary.unstable}{'' if parts else f' of {targets}'} unstable")
    if summary.unaudited:
        parts.append(f"{summary.unaudited}{'' if parts else f' of {targets}'} could not be audited")
    if not parts:
        return f"{targets} audited {sent}: {found or 'nothing'} found."
    return f"{', '.join(parts)}; {found or 'nothing'} found {sent}."
