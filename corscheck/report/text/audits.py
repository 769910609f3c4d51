"""An audit as people see it: what was asked, every finding with its proof and its fix, what limits the audit, the verdict.

Rendered from the saved model alone. What a server sent stands in evidence, notes and messages and goes through
``printable``. Pure: returns lines, prints nothing; knows no other view.

  HIGH    CORS801  Any origin is let in, with credentials (https://a7f3.example)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model.values import SEVERITIES
from corscheck.report.saved.summary import failed, failing
from corscheck.report.text import words
from corscheck.report.text.text import cut, printable, printable_lines, several, wrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.model.audits import Audit, AuditFinding
    from corscheck.report.saved.summary import Summary
    from corscheck.report.text.terminal import View

_BODY = 10
"""Where the text of a finding starts: two blanks, the severity, a gap."""
_FACT = _BODY + 10
"""Where the text behind ``works in`` and its like starts."""
_COLUMN = 14
"""How wide the word of a row is, as in the list of probes."""
_NOTE = 12

_NAMED = 4
"""How many of the origins that are meant to be let in are named."""

_LONGEST = 1000
"""How much of a line of evidence is shown."""

_STYLES = {"high": "fail", "medium": "fail", "low": "warn", "info": "dim"}
WORD_STYLES = {"VULNERABLE": "fail", "INCONCLUSIVE": "unsure", "PASSED": "pass"}
BROWSERS = {**words.BROWSERS, "webkit": "WebKit", "safari": "Safari"}


def render(audit: Audit, view: View) -> list[str]:
    """The whole view of one audit."""
    lines = [view.style("bold", printable(audit.url)), *wrap(circumstances(audit), view.width, 0)]
    for finding in audit.findings:
        lines += ["", *_finding(finding, audit, view)]
    remarks = _remarks(audit, view, "  ", _NOTE)
    if remarks:
        lines += ["", *remarks]
    return [*lines, "", *verdict(audit, view)]


def circumstances(audit: Audit) -> str:
    """How much was asked, and who is meant to be let in."""
    count = f"{audit.requests} request{'' if audit.requests == 1 else 's'}"
    depth = "audited in full" if audit.depth == "full" else "audited"
    names = [printable(origin) for origin in audit.allowed_origins[:_NAMED]]
    more = len(audit.allowed_origins) - len(names)
    names += [f"{more} more"] if more else []
    allowed = f"allowed: {several(names)}" if names else "no origin is meant to be let in"
    return f"{depth} with {count}; {allowed}"


def word(audit: Audit) -> str:
    """``VULNERABLE``, ``INCONCLUSIVE`` (it could not be audited) or ``PASSED``."""
    if audit.passed:
        return "PASSED"
    return "VULNERABLE" if failed(audit) else "INCONCLUSIVE"


def label(finding: AuditFinding) -> str:
    """The severity in capitals, or that the finding is excused."""
    return "excused" if finding.excused is not None else finding.severity.upper()


def works_in(finding: AuditFinding) -> str:
    """The browsers whose users it hits, and whether with their credentials."""
    names = [BROWSERS.get(name, printable(name)) for name in finding.browsers]
    if not names:
        return "no browser"
    return f"{several(names)}, {'with' if finding.credentials else 'without'} credentials"


def evidence(finding: AuditFinding) -> list[str]:
    """The header lines that prove it, as they may be shown."""
    return [cut(printable(line), _LONGEST) for line in finding.evidence.split("\n")] if finding.evidence else []


def excuse(finding: AuditFinding) -> str | None:
    """Why it does not fail the run; None where nothing excuses it."""
    if finding.excused is None:
        return None
    where = f" ({finding.excused.file})" if finding.excused.file else ""
    return printable(f"{finding.excused.reason}{where}")


def elsewhere(finding: AuditFinding, audit: Audit) -> str | None:
    """The request that proves it, where it is not the one that was asked about and the evidence does not name it."""
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
    if finding.message:
        lines += wrap(printable_lines(finding.message), view.width, _BODY)
    lines += _fact("works in", works_in(finding), view)
    asked = elsewhere(finding, audit)
    if asked is not None:
        lines += _fact("asked", asked, view)
    for number, line in enumerate(evidence(finding)):
        # A value goes on further in than the next header starts.
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


def _remarks(audit: Audit, view: View, margin: str, indent: int) -> list[str]:
    """What limits the audit, and what did not come again."""
    lines: list[str] = []
    for name, texts in (("note", audit.notes), ("unstable", audit.unstable)):
        for text in texts:
            lines += wrap(printable(text), view.width, indent, margin + name)
    return lines


def verdict(audit: Audit, view: View) -> list[str]:
    """The verdict, and what to do where there is none."""
    lead = word(audit) + "  "
    first, *rest = wrap(statement(audit), view.width, len(lead), lead)
    lines = [view.style(WORD_STYLES[word(audit)], lead.rstrip()) + first[len(lead.rstrip()) :], *rest]
    if audit.error is not None and audit.error.kind in _HINTS:
        lines += wrap(_HINTS[audit.error.kind], view.width, len(lead))
    return lines


_HINTS = {
    "dns": "Is the name right?",
    "connect": "Is the server running?",
    "tls": "--cacert FILE trusts your own CA, -k trusts anyone.",
    "timeout": "--max-time SECONDS waits longer.",
    "proxy": "-x URL names another proxy, --noproxy HOST goes without.",
}
"""What to do when there is no answer, per kind of error."""


def statement(audit: Audit) -> str:
    """What the verdict rests on: how many findings there are, and from where on they fail."""
    found = counted(_by_severity(audit))
    excused = sum(f.excused is not None for f in audit.findings)
    also = f"{excused} excused." if excused else ""
    error = words.sentence(audit.error.message) if audit.error is not None else ""
    if word(audit) == "INCONCLUSIVE":
        so_far = f"Found so far: {found}." if found else ""
        return " ".join(filter(None, ("Not audited to the end:" if found else "Not audited:", error, so_far, also)))
    if word(audit) == "VULNERABLE":
        cut_short = f"Not audited to the end: {error}" if error else ""
        return " ".join(filter(None, (f"{found}." if found else "It did not pass.", also, cut_short)))
    if not found:
        return " ".join(filter(None, ("Nothing new:" if also else "Nothing found.", also)))
    if audit.fail_on == "never":
        return " ".join(filter(None, (f"{found}, of which none fails (--fail-on never).", also)))
    only_info = all(f.severity == "info" for f in audit.findings if f.excused is None)
    bar = "above info" if only_info else f"at or above {audit.fail_on}"
    return " ".join(filter(None, (f"Nothing {bar}: {found}.", also)))


def _by_severity(audit: Audit) -> dict[str, int]:
    """How many findings there are of each severity, without the excused ones."""
    return {s: sum(f.severity == s and f.excused is None for f in audit.findings) for s in SEVERITIES}


def counted(counts: Mapping[str, int]) -> str:
    """``1 high, 2 low``; empty where there is none."""
    return ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)


# ---------------------------------------------------------------------- many


def row(audit: Audit, view: View) -> list[str]:
    """One target of many in which nothing fails: the verdict, the URL, and below it what limits or undoes the audit."""
    found = counted(_by_severity(audit))
    excused = sum(f.excused is not None for f in audit.findings)
    counts = ", ".join([*([found] if found else []), *([f"{excused} excused"] if excused else [])])
    text = printable(audit.url) + (f"  ({counts})" if counts and audit.passed else "")
    lines = [f"  {view.style(WORD_STYLES[word(audit)], word(audit))}{' ' * (_COLUMN - len(word(audit)))}{text}"]
    indent = 2 + _COLUMN
    if not audit.passed:
        lines += wrap(statement(audit), view.width, indent)
    return [*lines, *_remarks(audit, view, " " * indent, indent + 10)]


def needs_room(audit: Audit) -> bool:
    """Whether an audit among many is shown whole: something in it fails."""
    return bool(failing(audit)) or failed(audit)


def quiet(audit: Audit) -> list[str]:
    """The findings in a line each that is never wrapped, nothing for a clean target: what ``-q`` prints."""
    lines = [
        f"{label(f).upper()}  {printable(audit.url)}  {printable(f'{f.code} {f.title}: {f.origin}')}"
        for f in audit.findings
    ]
    if word(audit) == "INCONCLUSIVE":
        lines.append(f"INCONCLUSIVE  {printable(audit.url)}  {statement(audit)}")
    return lines


def sentence(summary: Summary) -> str:
    """What came of all audits of a run: ``1 of 3 targets vulnerable: 1 high, 2 low, found with 96 requests.``"""
    found = counted(summary.findings())
    sent = f"with {summary.audit_requests} request{'' if summary.audit_requests == 1 else 's'}"
    targets = f"{summary.audits} target{'' if summary.audits == 1 else 's'}"
    parts = [f"{summary.vulnerable} of {targets} vulnerable"] if summary.vulnerable else []
    if summary.unaudited:
        parts.append(f"{summary.unaudited}{'' if parts else f' of {targets}'} could not be audited")
    if not parts:
        return f"{targets} audited {sent}: {found or 'nothing'} found."
    return f"{', '.join(parts)}; {found or 'nothing'} found {sent}."
