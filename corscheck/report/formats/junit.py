"""JUnit XML: a test case per probe and audit. Failed: an engine of the gate came to another verdict, or an audit found what
fails; error: it could not be judged.

The dialect is that of the Jenkins xUnit schema, which all readers of JUnit files understand. Written case by case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from msgspec.structs import replace

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.report.formats.audit_problems import NOT_AUDITED
from corscheck.report.formats.problems import problem, request
from corscheck.report.saved.summary import audit_failed, failing
from corscheck.report.text import audits, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.report.saved.saved import Saved

_VIEW = terminal.View(width=100)


def render(saved: Saved) -> Iterator[str]:
    """The document in pieces."""
    counts = saved.counts()
    totals = f'tests="{counts.tested}" failures="{counts.failed}" errors="{counts.undecided}"'
    run = saved.run or {}
    details = ""
    if run:
        # Without the milliseconds: readers of these files take ISO 8601 to the second.
        details = (
            f" timestamp={_attribute(str(run.get('started', ''))[:19])} hostname={_attribute(str(run.get('host')))}"
        )
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="corscheck" {totals}>\n'
    yield f'<testsuite name="corscheck" {totals} skipped="0"{details}>\n<properties>\n'
    for name in ("allowed", "allowed_preflight_only", "blocked", "invalid", "inconclusive"):
        yield f'<property name="{name}" value="{getattr(counts, name)}"/>\n'
    yield "</properties>\n"
    for result in saved.results():
        yield _case(result)
    for audit in saved.audits():
        yield _audit_case(audit)
    yield "</testsuite>\n</testsuites>\n"


def _case(result: Result) -> str:
    group = result.check.name if result.check is not None else result.url
    took = sum(e.elapsed_ms or 0 for e in result.exchanges) / 1000
    head = f"<testcase classname={_attribute(group)} name={_attribute(request(result))}"
    head += f' time="{took:.3f}"' if any(e.elapsed_ms is not None for e in result.exchanges) else ""
    found = problem(result)
    if found is None:
        if words.word(result) != "allowed*":
            return head + "/>\n"
        return f"{head}><system-out>allowed*: {escape(terminal.statement(result))}</system-out></testcase>\n"
    # Not judged is an error here and a failure nowhere: nothing is known to be wrong with the server.
    kind = "failure" if found.error else "error"
    text = escape("\n".join(terminal.render(result, _VIEW)))
    return (
        f"{head}>\n<{kind} type={_attribute(found.code)} message={_attribute(f'{found.title}: {found.message}')}>"
        f"{text}</{kind}>\n</testcase>\n"
    )


def _audit_case(audit: Audit) -> str:
    head = f'<testcase classname="audit" name={_attribute(f"audit {audit.url}")}'
    if audit.passed:
        if not audit.findings:
            return head + "/>\n"
        text = escape("\n".join(audits.render(audit, _VIEW)))
        return f"{head}><system-out>{text}</system-out></testcase>\n"
    heavy = failing(audit)
    kind, code = ("failure", heavy[0].code if heavy else "audit") if audit_failed(audit) else ("error", NOT_AUDITED)
    # What fails is listed, what does not would hide it.
    shown = replace(audit, findings=heavy) if heavy else audit
    text = escape("\n".join(audits.render(shown, _VIEW)))
    message = f"{audits.word(audit)} {audits.statement(audit)}"
    return f"{head}>\n<{kind} type={_attribute(code)} message={_attribute(message)}>{text}</{kind}>\n</testcase>\n"


def _attribute(text: str) -> str:
    # printable: XML 1.0 has no way to write most control characters, not even as a reference.
    return quoteattr(printable(text))
