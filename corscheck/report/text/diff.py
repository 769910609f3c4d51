"""Compares two runs: which probes changed and why, and which findings of audits are new or gone. Pure.

A probe changes if script can read the response in one run and not in the other, for the driving engine or another of the
gate. A finding is the same if target, class and request are: the origin that proved it is made up for each run. What could
not be judged in one run is counted apart, neither as a change nor as the same.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Literal, NamedTuple

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.report.formats.problems import finding_key, request
from corscheck.report.text import audits, causes
from corscheck.report.text.exchanges import split_url
from corscheck.report.text.layout import wrap
from corscheck.report.text.style import VERDICT_STYLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.report.text.view import View

_INDENT = 11
_SHOWN = 20


class Difference(NamedTuple):
    """What differs between two runs.

    ``only_old`` and ``only_new`` are questions that the other run was not asked, in words. ``changed`` says that a change
    fails the comparison, ``unsure`` that something was not judged in both runs, ``totals`` says how much of what.
    """

    changes: Sequence[ProbeChange | FindingChange]
    compared: int
    only_old: Sequence[str]
    only_new: Sequence[str]
    changed: bool
    unsure: bool
    totals: str
    more: str = "more"

    @property
    def asked(self) -> bool:
        """Whether one of the runs asked anything of this kind."""
        return bool(self.compared or self.only_old or self.only_new)

    def lines(self, view: View) -> Iterator[str]:
        """Yield every change, then what only one run was asked, then the totals."""
        for change in self.changes:
            yield from change.lines(view)
            yield ""
        for label, asked in (("only in OLD", self.only_old), ("only in NEW", self.only_new)):
            yield from (f"{label}  {text}" for text in asked[:_SHOWN])
            if len(asked) > _SHOWN:
                yield f"{label}  and {len(asked) - _SHOWN} {self.more}"
            if asked:
                yield ""
        word, kind = ("INCONCLUSIVE", "unsure") if self.unsure else ("SAME", "pass")
        if self.changed:
            word, kind = "CHANGED", "fail"
        yield from view.labelled(word, kind, self.totals)


def _url(url: str, ignore_host: bool) -> str:
    return split_url(url)[1] if ignore_host else url


# ---------------------------------------------------------------------- probes

Kind = Literal["now blocked", "now allowed", "not judged", "other reason"]


_WORDINGS: dict[Kind, tuple[str, str, str]] = {
    "now blocked": ("NOW BLOCKED", "fail", "now blocked"),
    "now allowed": ("NOW ALLOWED", "fail", "now allowed"),
    "not judged": ("NOT JUDGED", "unsure", "not judged on both sides"),
    "other reason": ("other reason", "dim", "for another reason"),
}
"""The title of a change, its colours and its name in the totals, in the order in which changes are shown."""


class ProbeSide(NamedTuple):
    """What is kept of a result: its question in words, its verdicts, and why."""

    asked: str
    word: str
    verdict: str
    engines: tuple[tuple[str, str], ...]
    why: str
    code: str

    def lines(self, label: str, view: View) -> list[str]:
        """Return the verdict and why, wrapped."""
        engines = [f"{words.engine(n)} {verdict}" for n, verdict in self.engines if verdict != self.verdict]
        text = ": ".join(filter(None, (", ".join([self.word, *engines]), self.why)))
        first, *rest = wrap(text, view.width, _INDENT, f"    {label}")
        return [first.replace(self.word, view.style(VERDICT_STYLES.get(self.verdict, "dim"), self.word), 1), *rest]


class ProbeChange(NamedTuple):
    """A probe that is not the same on both sides."""

    kind: Kind
    old: ProbeSide
    new: ProbeSide

    def lines(self, view: View) -> Iterator[str]:
        """Yield the question, and the old and the new verdict."""
        title, style, _ = _WORDINGS[self.kind]
        yield f"{view.style(style, title)}  {self.new.asked}"
        if self.old.asked != self.new.asked:
            yield f"    was    {self.old.asked}"
        yield from (*self.old.lines("old", view), *self.new.lines("new", view))


def diff_results(old: Iterable[Result], new: Iterable[Result], *, ignore_host: bool = False) -> Difference:
    """Compare probe by probe. The same question asked several times is compared in order."""
    before: dict[tuple[object, ...], deque[ProbeSide]] = {}
    for result in old:
        before.setdefault(_key(result, ignore_host), deque()).append(_probe_side(result))
    changes: list[ProbeChange] = []
    only_new: list[str] = []
    compared = 0
    for result in new:
        sides = before.get(_key(result, ignore_host))
        if not sides:
            only_new.append(request(result))
            continue
        was, now = sides.popleft(), _probe_side(result)
        compared += 1
        kind = _kind(was, now)
        if kind is not None:
            changes.append(ProbeChange(kind, was, now))
    only_old = [side.asked for sides in before.values() for side in sides]
    count = Counter(change.kind for change in changes)
    parts = [f"{count[kind]} {name}" for kind, (_, _, name) in _WORDINGS.items() if count[kind]]
    parts.append(f"{compared - len(changes)} the same")
    parts += [f"{len(asked)} only in {run}" for run, asked in (("OLD", only_old), ("NEW", only_new)) if asked]
    return Difference(
        changes=[change for kind in _WORDINGS for change in changes if change.kind == kind],
        compared=compared,
        only_old=only_old,
        only_new=only_new,
        changed=bool(count["now blocked"] or count["now allowed"]),
        unsure=bool(count["not judged"]),
        totals=f"Of {compared} compared, {', '.join(parts)}.",
    )


def _key(result: Result, ignore_host: bool) -> tuple[object, ...]:
    headers = tuple(sorted((name.lower(), value) for name, value in result.headers))
    return (_url(result.url, ignore_host), result.origin, result.method, headers, *result.modes)


def _probe_side(result: Result) -> ProbeSide:
    gate = tuple((n, result.engines[n].verdict) for n in result.gate if n in result.engines)
    verdicts = gate or ((result.engine, result.verdict),)
    why = "" if result.verdict == "allowed" and result.passed else causes.why(result)
    if result.verdict != "allowed" and result.passed:
        why = result.because
    code = result.reason.code if result.reason is not None else ""
    return ProbeSide(request(result), result.word, result.verdict, verdicts, why, code)


def _kind(old: ProbeSide, new: ProbeSide) -> Kind | None:
    """Return the kind of the change; None if both sides are the same."""
    then, now = dict(old.engines), dict(new.engines)
    pairs = [(old.verdict, new.verdict), *((then[name], now[name]) for name in then if name in now)]
    judged = [(a == "allowed", b == "allowed") for a, b in pairs if "inconclusive" not in (a, b)]
    if (True, False) in judged:
        return "now blocked"
    if (False, True) in judged:
        return "now allowed"
    if len(judged) < len(pairs):
        return "not judged"
    return None if (old.word, old.code) == (new.word, new.code) else "other reason"


# ---------------------------------------------------------------------- audits


class FindingChange(NamedTuple):
    """A finding of one run that the other does not have."""

    new: bool
    label: str
    url: str
    text: str
    message: str

    def lines(self, view: View) -> Iterator[str]:
        """Yield where it is, what it is, and why."""
        yield f"{view.style('fail', 'NEW FINDING') if self.new else view.style('pass', 'GONE')}  {self.label}  {self.url}"
        yield from wrap(self.text, view.width, _INDENT, "    what")
        if self.message:
            yield from wrap(printable(self.message.replace("\n", " ")), view.width, _INDENT, "    why")


class AuditSide(NamedTuple):
    """What is kept of an audit: its findings by identity, and whether it came to its end."""

    url: str
    findings: dict[tuple[object, ...], FindingChange]
    whole: bool


def diff_audits(old: Iterable[Audit], new: Iterable[Audit], *, ignore_host: bool = False) -> Difference:
    """Compare target by target, by the last audit of each."""
    before = dict(_audit_side(audit, ignore_host, new=False) for audit in old)
    after = dict(_audit_side(audit, ignore_host, new=True) for audit in new)
    pairs = [(before[key], after[key]) for key in after if key in before]
    came: list[FindingChange] = []
    gone: list[FindingChange] = []
    same = unjudged = 0
    for was, now in pairs:
        same += len(now.findings.keys() & was.findings.keys())
        for one, other, changes in ((now, was, came), (was, now, gone)):
            lone = [found for key, found in one.findings.items() if key not in other.findings]
            # An audit that was cut short says nothing about what it lacks.
            if other.whole:
                changes += lone
            else:
                unjudged += len(lone)
    unaudited = sum(not (was.whole and now.whole) for was, now in pairs)
    parts = [f"{len(came)} new", f"{len(gone)} gone", f"{same} the same"]
    parts += [f"{unjudged} not judged on both sides"] * bool(unjudged)
    totals = f"Of {len(pairs)} audit{'' if len(pairs) == 1 else 's'} compared, findings: {', '.join(parts)}."
    return Difference(
        changes=came + gone,
        compared=len(pairs),
        only_old=[f"audit of {side.url}" for key, side in before.items() if key not in after],
        only_new=[f"audit of {side.url}" for key, side in after.items() if key not in before],
        changed=bool(came or gone),
        unsure=bool(unaudited),
        totals=totals + f" {unaudited} not audited to the end on both sides." * bool(unaudited),
        more="more audits",
    )


def _audit_side(audit: Audit, ignore_host: bool, *, new: bool) -> tuple[str, AuditSide]:
    url, shown = _url(audit.url, ignore_host), printable(audit.url)
    seen: Counter[tuple[object, ...]] = Counter()
    findings: dict[tuple[object, ...], FindingChange] = {}
    for finding in audit.findings:
        key = finding_key(audit, finding, url)
        seen[key] += 1
        text = printable(f"{finding.code} {finding.title}: {finding.origin}")
        change = FindingChange(new, audits.label(finding).upper(), shown, text, finding.message)
        findings[(*key, seen[key])] = change
    return url, AuditSide(shown, findings, audit.error is None and not audit.unstable)
