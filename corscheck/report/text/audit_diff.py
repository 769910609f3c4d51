"""The audits of two runs held against each other: which findings are new, and which are gone. Pure.

A finding is the same when target, class and request are: the origin that proved it is made up for each run. A target that
could not be audited to the end on one side says nothing about what is missing there; that is counted apart.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from corscheck.report.formats.problems import finding_key
from corscheck.report.text.audits import label, word
from corscheck.report.text.exchanges import split_url
from corscheck.report.text.text import printable, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corscheck.model.audits import Audit
    from corscheck.report.text.terminal import View


class Found(NamedTuple):
    """What is kept of a finding: its label, where it is, what it is."""

    label: str
    url: str
    text: str
    message: str


class AuditSide(NamedTuple):
    """What is kept of a target: its findings by what makes them the same, and whether it was audited to its end."""

    url: str
    findings: dict[tuple[object, ...], Found]
    whole: bool


class AuditDifference(Struct):
    """What is different. ``unjudged`` are findings of one side whose target was not audited to the end on the other."""

    new: list[Found] = field(default_factory=list)
    gone: list[Found] = field(default_factory=list)
    unjudged: int = 0
    compared: int = 0
    same: int = 0
    unaudited: int = 0
    only_old: list[str] = field(default_factory=list)
    only_new: list[str] = field(default_factory=list)


def diff(old: Iterable[Audit], new: Iterable[Audit], *, ignore_host: bool = False) -> AuditDifference:
    """Compare target by target; one that is there twice is compared by its last audit."""
    before = dict(_side(audit, ignore_host) for audit in old)
    after = dict(_side(audit, ignore_host) for audit in new)
    out = AuditDifference(only_old=[side.url for key, side in before.items() if key not in after])
    for key, now in after.items():
        was = before.get(key)
        if was is None:
            out.only_new.append(now.url)
            continue
        out.compared += 1
        out.unaudited += not (was.whole and now.whole)
        for finding, found in now.findings.items():
            if finding in was.findings:
                out.same += 1
            elif was.whole:
                out.new.append(found)
            else:
                out.unjudged += 1
        for finding, found in was.findings.items():
            if finding not in now.findings:
                if now.whole:
                    out.gone.append(found)
                else:
                    out.unjudged += 1
    return out


def _side(audit: Audit, ignore_host: bool) -> tuple[str, AuditSide]:
    url = split_url(audit.url)[1] if ignore_host else audit.url
    seen: Counter[tuple[object, ...]] = Counter()
    findings: dict[tuple[object, ...], Found] = {}
    for finding in audit.findings:
        key = finding_key(audit, finding, url)
        seen[key] += 1
        text = printable(f"{finding.code} {finding.title}: {finding.origin}")
        findings[(*key, seen[key])] = Found(label(finding).upper(), printable(audit.url), text, finding.message)
    return url, AuditSide(printable(audit.url), findings, audit.error is None and word(audit) != "INCONCLUSIVE")


# ---------------------------------------------------------------------- as people see it

_INDENT = 11
_SHOWN = 20


def lines(found: AuditDifference, view: View) -> Iterator[str]:
    """Every finding that is new or gone, then the totals."""
    for title, style, findings in (("NEW FINDING", "fail", found.new), ("GONE", "pass", found.gone)):
        for one in findings:
            yield f"{view.style(style, title)}  {one.label}  {one.url}"
            yield from wrap(one.text, view.width, _INDENT, "    what")
            if one.message:
                yield from wrap(printable(one.message.replace("\n", " ")), view.width, _INDENT, "    why")
            yield ""
    for side, urls in (("only in OLD", found.only_old), ("only in NEW", found.only_new)):
        for url in urls[:_SHOWN]:
            yield f"{side}  audit of {url}"
        if len(urls) > _SHOWN:
            yield f"{side}  and {len(urls) - _SHOWN} more audits"
        if urls:
            yield ""
    yield from _totals(found, view)


def _totals(found: AuditDifference, view: View) -> list[str]:
    if found.new or found.gone:
        word, kind = "CHANGED", "fail"
    elif found.unaudited:
        word, kind = "INCONCLUSIVE", "unsure"
    else:
        word, kind = "SAME", "pass"
    many = "" if found.compared == 1 else "s"
    parts = [f"{len(found.new)} new", f"{len(found.gone)} gone", f"{found.same} the same"]
    if found.unjudged:
        parts.append(f"{found.unjudged} not judged on both sides")
    text = f"Of {found.compared} audit{many} compared, findings: {', '.join(parts)}."
    if found.unaudited:
        text += f" {found.unaudited} not audited to the end on both sides."
    first, *rest = wrap(text, view.width, len(word) + 2, word)
    return [view.style(kind, word) + first[len(word) :], *rest]
