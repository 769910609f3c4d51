"""JUnit XML: a test case for each probe and audit, written case by case.

A failure is something wrong with the server, an error something that could not be judged. The dialect is that of the
Jenkins xUnit schema, which all readers of JUnit files understand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from msgspec.structs import replace

from corscheck.model.audits import failing
from corscheck.model.printable import printable
from corscheck.model.result import Result
from corscheck.report.formats.problems import NOT_AUDITED, UNSTABLE, problems, request
from corscheck.report.saved.summary import failed
from corscheck.report.text import audits, terminal
from corscheck.report.text.items import render_item
from corscheck.report.text.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.audits import Audit
    from corscheck.model.item import Item
    from corscheck.report.saved.saved import Saved

_VIEW = View(width=100)


def render(saved: Saved) -> Iterator[str]:
    """Yield the document in pieces."""
    counts = saved.counts()
    totals = f'tests="{counts.tested}" failures="{counts.failed}" errors="{counts.undecided}"'
    run = saved.run or {}
    details = ""
    if run:
        # Without the milliseconds: readers of these files expect ISO 8601 to the second.
        details = (
            f" timestamp={_attribute(str(run.get('started', ''))[:19])} hostname={_attribute(str(run.get('host')))}"
        )
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="corscheck" {totals}>\n'
    yield f'<testsuite name="corscheck" {totals} skipped="0"{details}>\n<properties>\n'
    for name in ("allowed", "allowed_preflight_only", "blocked", "invalid", "inconclusive"):
        yield f'<property name="{name}" value="{getattr(counts, name)}"/>\n'
    yield "</properties>\n"
    for item in saved.items():
        yield _result_case(item) if isinstance(item, Result) else _audit_case(item)
    yield "</testsuite>\n</testsuites>\n"


def _result_case(result: Result) -> str:
    group = result.check.name if result.check is not None else result.url
    took = sum(e.elapsed_ms or 0 for e in result.exchanges) / 1000
    head = f"classname={_attribute(group)} name={_attribute(request(result))}"
    head += f' time="{took:.3f}"' if any(e.elapsed_ms is not None for e in result.exchanges) else ""
    problem = next(problems(result), None)
    if problem is None or problem.level == "note":
        said = terminal.statement(result) if problem is None else problem.message
        return _good_case(
            head, f"{result.label}: {said}" if problem or result.label not in ("allowed", "blocked") else ""
        )
    kind = "failure" if problem.level == "error" else "error"
    return _wrong_case(head, kind, problem.code, f"{problem.title}: {problem.message}", result)


def _audit_case(audit: Audit) -> str:
    head = f'classname="audit" name={_attribute(f"audit {audit.url}")}'
    if audit.passed:
        return _good_case(head, "\n".join(audits.render(audit, _VIEW)) if audit.findings else "")
    heavy = failing(audit)
    kind, code = ("failure", heavy[0].code if heavy else UNSTABLE) if failed(audit) else ("error", NOT_AUDITED)
    # Only the findings that fail: the others would hide them.
    shown = replace(audit, findings=heavy) if heavy else audit
    return _wrong_case(head, kind, code, f"{audits.word(audit)} {audits.statement(audit)}", shown)


def _good_case(head: str, text: str) -> str:
    if not text:
        return f"<testcase {head}/>\n"
    return f"<testcase {head}><system-out>{escape(text)}</system-out></testcase>\n"


def _wrong_case(head: str, kind: str, code: str, message: str, shown: Item) -> str:
    text = escape("\n".join(render_item(shown, _VIEW)))
    start = f"<{kind} type={_attribute(code)} message={_attribute(message)}>"
    return f"<testcase {head}>\n{start}{text}</{kind}>\n</testcase>\n"


def _attribute(text: str) -> str:
    # XML 1.0 cannot express most control characters, not even as a reference.
    return quoteattr(printable(text))
