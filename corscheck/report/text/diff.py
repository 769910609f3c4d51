"""Compares two runs: which probes changed and why, and which findings of audits are new or gone. Pure.

A probe changes if script can read the response in one run and not in the other, for the driving engine or another of the
gate. A finding is the same if target, class and request are: the origin that proved it is made up for each run. What could
not be judged in one run is counted apart, neither as a change nor as the same.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct, field

from corscheck.report.formats.problems import finding_key, request
from corscheck.report.text import audits, causes, words
from corscheck.report.text.exchanges import split_url
from corscheck.report.text.style import VERDICT_STYLES
from corscheck.report.text.text import printable, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.report.text.terminal import View

Kind = Literal["now blocked", "now allowed", "not judged", "other reason", "same"]

_INDENT = 11
_SHOWN = 20


class Difference(Struct):
    """What differs between two runs. ``only_old`` and ``only_new`` are questions that the other run was not asked."""

    compared: int = 0
    only_old: list[str] = field(default_factory=list)
    only_new: list[str] = field(default_factory=list)

    @property
    def asked(self) -> bool:
        """Whether one of the runs asked anything of this kind."""
        return bool(self.compared or self.only_old or self.only_new)

    @property
    def changed(self) -> bool:
        """Whether there is a change that fails the comparison."""
        raise NotImplementedError

    @property
    def unsure(self) -> bool:
        """Whether something could not be judged on both sides."""
        raise NotImplementedError

    def lines(self, view: View) -> Iterator[str]:
        """Yield every change, then what only one run was asked, then the totals."""
        yield from self._changes(view)
        before, many = self._only
        for label, asked in (("only in OLD", self.only_old), ("only in NEW", self.only_new)):
            for text in asked[:_SHOWN]:
                yield f"{label}  {before}{text}"
            if len(asked) > _SHOWN:
                yield f"{label}  and {len(asked) - _SHOWN} more{many}"
            if asked:
                yield ""
        word, kind = (
            ("CHANGED", "fail") if self.changed else ("INCONCLUSIVE", "unsure") if self.unsure else ("SAME", "pass")
        )
        first, *rest = wrap(self._totals(), view.width, len(word) + 2, word)
        yield from (view.style(kind, word) + first[len(word) :], *rest)

    _only = ("", "")

    def _changes(self, view: View) -> Iterator[str]:
        raise NotImplementedError

    def _totals(self) -> str:
        raise NotImplementedError


# ---------------------------------------------------------------------- probes


class ProbeSide(NamedTuple):
    """What is kept of a result: its question in words, its verdicts, and why."""

    asked: str
    word: str
    verdict: str
    engines: tuple[tuple[str, str], ...]
    why: str
    code: str


class Change(NamedTuple):
    """A probe that is not the same on both sides."""

    kind: Kind
    old: ProbeSide
    new: ProbeSide


_STYLES = {"now blocked": "fail", "now allowed": "fail", "not judged": "unsure", "other reason": "dim"}
_TITLES = {
    "now blocked": "NOW BLOCKED",
    "now allowed": "NOW ALLOWED",
    "not judged": "NOT JUDGED",
    "other reason": "other reason",
}


class ProbeDifference(Difference):
    """The probes that changed."""

    changes: list[Change] = field(default_factory=list)

    def count(self, *kinds: Kind) -> int:
        """Count the changes of these kinds."""
        return sum(1 for change in self.changes if change.kind in kinds)

    @property
    def changed(self) -> bool:
        """Whether a probe is allowed in one run and blocked in the other."""
        return bool(self.count("now blocked", "now allowed"))

    @property
    def unsure(self) -> bool:
        """Whether a probe could not be judged on both sides."""
        return bool(self.count("not judged"))

    def _changes(self, view: View) -> Iterator[str]:
        for kind, title in _TITLES.items():
            for change in self.changes:
                if change.kind == kind:
                    yield f"{view.style(_STYLES[kind], title)}  {change.new.asked}"
                    if change.old.asked != change.new.asked:
                        yield f"    was    {change.old.asked}"
                    yield from _side_lines("old", change.old, view)
                    yield from _side_lines("new", change.new, view)
                    yield ""

    def _totals(self) -> str:
        parts = [f"{n} {title}" for n, title in (
            (self.count("now blocked"), "now blocked"), (self.count("now allowed"), "now allowed"),
            (self.count("not judged"), "not judged on both sides"), (self.count("other reason"), "for another reason"),
        ) if n]  # fmt: skip
        parts.append(f"{self.compared - len(self.changes)} the same")
        parts += [f"{len(self.only_old)} only in OLD"] * bool(self.only_old)
        parts += [f"{len(self.only_new)} only in NEW"] * bool(self.only_new)
        return f"Of {self.compared} compared, {', '.join(parts)}."


def diff_results(old: Iterable[Result], new: Iterable[Result], *, ignore_host: bool = False) -> ProbeDifference:
    """Compare probe by probe. The same question asked several times is compared in order."""
    before: dict[tuple[object, ...], deque[ProbeSide]] = {}
    for result in old:
        before.setdefault(_key(result, ignore_host), deque()).append(_probe_side(result))
    found = ProbeDifference()
    for result in new:
        sides = before.get(_key(result, ignore_host))
        if not sides:
            found.only_new.append(request(result))
            continue
        was, now = sides.popleft(), _probe_side(result)
        found.compared += 1
        kind = _kind(was, now)
        if kind != "same":
            found.changes.append(Change(kind, was, now))
    found.only_old = [side.asked for sides in before.values() for side in sides]
    return found


def _key(result: Result, ignore_host: bool) -> tuple[object, ...]:
    headers = tuple(sorted((name.lower(), value) for name, value in result.headers))
    modes = (result.credentials, result.redirect, result.mode)
    return (_url(result.url, ignore_host), result.origin, result.method, headers, *modes)


def _url(url: str, ignore_host: bool) -> str:
    return split_url(url)[1] if ignore_host else url


def _probe_side(result: Result) -> ProbeSide:
    gate = tuple((n, result.engines[n].verdict) for n in result.gate if n in result.engines)
    verdicts = gate or ((result.engine, result.verdict),)
    why = "" if result.verdict == "allowed" and result.passed else causes.why(result)
    if result.verdict != "allowed" and result.passed:
        why = words.reason(result.reason)
    code = result.reason.code if result.reason is not None else ""
    return ProbeSide(request(result), words.word(result), result.verdict, verdicts, why, code)


def _kind(old: ProbeSide, new: ProbeSide) -> Kind:
    then, now = dict(old.engines), dict(new.engines)
    pairs = [(old.verdict, new.verdict), *((then[name], now[name]) for name in then if name in now)]
    judged = [(a == "allowed", b == "allowed") for a, b in pairs if "inconclusive" not in (a, b)]
    if (True, False) in judged:
        return "now blocked"
    if (False, True) in judged:
        return "now allowed"
    if len(judged) < len(pairs):
        return "not judged"
    return "same" if (old.word, old.code) == (new.word, new.code) else "other reason"


def _side_lines(label: str, side: ProbeSide, view: View) -> list[str]:
    engines = [f"{words.engine(n)} {verdict}" for n, verdict in side.engines if verdict != side.verdict]
    text = ": ".join(filter(None, (", ".join([side.word, *engines]), side.why)))
    first, *rest = wrap(text, view.width, _INDENT, f"    {label}")
    return [first.replace(side.word, view.style(VERDICT_STYLES.get(side.verdict, "dim"), side.word), 1), *rest]


# ---------------------------------------------------------------------- audits


class Found(NamedTuple):
    """What is kept of a finding: its label, where it is, what it is."""

    label: str
    url: str
    text: str
    message: str


class AuditSide(NamedTuple):
    """What is kept of an audit: its findings by identity, and whether it came to its end."""

    url: str
    findings: dict[tuple[object, ...], Found]
    whole: bool


class AuditDifference(Difference):
    """The findings that are new or gone. ``unjudged`` are of one run, while the audit of the other was cut short."""

    new: list[Found] = field(default_factory=list)
    gone: list[Found] = field(default_factory=list)
    unjudged: int = 0
    same: int = 0
    unaudited: int = 0

    _only = ("audit of ", " audits")

    @property
    def changed(self) -> bool:
        """Whether a finding is new or gone."""
        return bool(self.new or self.gone)

    @property
    def unsure(self) -> bool:
        """Whether an audit was cut short."""
        return bool(self.unaudited)

    def _changes(self, view: View) -> Iterator[str]:
        for title, style, findings in (("NEW FINDING", "fail", self.new), ("GONE", "pass", self.gone)):
            for one in findings:
                yield f"{view.style(style, title)}  {one.label}  {one.url}"
                yield from wrap(one.text, view.width, _INDENT, "    what")
                if one.message:
                    yield from wrap(printable(one.message.replace("\n", " ")), view.width, _INDENT, "    why")
                yield ""

    def _totals(self) -> str:
        many = "" if self.compared == 1 else "s"
        parts = [f"{len(self.new)} new", f"{len(self.gone)} gone", f"{self.same} the same"]
        if self.unjudged:
            parts.append(f"{self.unjudged} not judged on both sides")
        text = f"Of {self.compared} audit{many} compared, findings: {', '.join(parts)}."
        return text + f" {self.unaudited} not audited to the end on both sides." * bool(self.unaudited)


def diff_audits(old: Iterable[Audit], new: Iterable[Audit], *, ignore_host: bool = False) -> AuditDifference:
    """Compare target by target, by the last audit of each."""
    before = dict(_audit_side(audit, ignore_host) for audit in old)
    after = dict(_audit_side(audit, ignore_host) for audit in new)
    out = AuditDifference(only_old=[side.url for key, side in before.items() if key not in after])
    for key, now in after.items():
        was = before.get(key)
        if was is None:
            out.only_new.append(now.url)
            continue
        out.compared += 1
        out.unaudited += not (was.whole and now.whole)
        out.same += len(now.findings.keys() & was.findings.keys())
        for one, other, changes in ((now, was, out.new), (was, now, out.gone)):
            lone = [found for finding, found in one.findings.items() if finding not in other.findings]
            if other.whole:
                changes += lone
            else:
                out.unjudged += len(lone)
    return out


def _audit_side(audit: Audit, ignore_host: bool) -> tuple[str, AuditSide]:
    url = _url(audit.url, ignore_host)
    seen: Counter[tuple[object, ...]] = Counter()
    findings: dict[tuple[object, ...], Found] = {}
    for finding in audit.findings:
        key = finding_key(audit, finding, url)
        seen[key] += 1
        text = printable(f"{finding.code} {finding.title}: {finding.origin}")
        findings[(*key, seen[key])] = Found(audits.label(finding).upper(), printable(audit.url), text, finding.message)
    whole = audit.error is None and audits.word(audit) != "INCONCLUSIVE"
    return url, AuditSide(printable(audit.url), findings, whole)
