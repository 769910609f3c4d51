"""Two runs held against each other: which probes came out otherwise, and why then and now. Pure; returns what it found.

A change is one of whether script can read the answer, for the driving engine or another of the gate. What could not be
judged on one side is no change and no agreement: it is counted apart.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct, field

from corscheck.model import words
from corscheck.report.formats.problems import request
from corscheck.report.text import causes
from corscheck.report.text.exchanges import split_url
from corscheck.report.text.style import VERDICT_STYLES
from corscheck.report.text.text import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corscheck.model.result import Result
    from corscheck.report.text.terminal import View

Kind = Literal["now blocked", "now allowed", "not judged", "other reason", "same"]


class Side(NamedTuple):
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
    old: Side
    new: Side


class Difference(Struct):
    """All that is different. ``only_old`` and ``only_new`` are questions that the other side was not asked."""

    changes: list[Change] = field(default_factory=list)
    compared: int = 0
    only_old: list[str] = field(default_factory=list)
    only_new: list[str] = field(default_factory=list)

    def count(self, *kinds: Kind) -> int:
        """How many changes are of these kinds."""
        return sum(1 for change in self.changes if change.kind in kinds)


def diff(old: Iterable[Result], new: Iterable[Result], *, ignore_host: bool = False) -> Difference:
    """Compare probe by probe; questions that are asked twice are taken in their order."""
    before: dict[tuple[object, ...], deque[Side]] = {}
    for result in old:
        before.setdefault(_key(result, ignore_host), deque()).append(_side(result))
    found = Difference()
    for result in new:
        sides = before.get(_key(result, ignore_host))
        if not sides:
            found.only_new.append(request(result))
            continue
        was, now = sides.popleft(), _side(result)
        found.compared += 1
        kind = _kind(was, now)
        if kind != "same":
            found.changes.append(Change(kind, was, now))
    found.only_old = [side.asked for sides in before.values() for side in sides]
    return found


def _key(result: Result, ignore_host: bool) -> tuple[object, ...]:
    url = split_url(result.url)[1] if ignore_host else result.url
    headers = tuple(sorted((name.lower(), value) for name, value in result.headers))
    return (url, result.origin, result.method, headers, result.credentials, result.redirect, result.mode)


def _side(result: Result) -> Side:
    gate = tuple((n, result.engines[n].verdict) for n in result.gate if n in result.engines)
    verdicts = gate or ((result.engine, result.verdict),)
    why = "" if result.verdict == "allowed" and result.passed else causes.why(result)
    if result.verdict != "allowed" and result.passed:
        why = words.reason(result.reason)
    code = result.reason.code if result.reason is not None else ""
    return Side(request(result), words.word(result), result.verdict, verdicts, why, code)


def _kind(old: Side, new: Side) -> Kind:
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


# ---------------------------------------------------------------------- as people see it


_STYLES = {"now blocked": "fail", "now allowed": "fail", "not judged": "unsure", "other reason": "dim"}
_TITLES = {
    "now blocked": "NOW BLOCKED",
    "now allowed": "NOW ALLOWED",
    "not judged": "NOT JUDGED",
    "other reason": "other reason",
}
_INDENT = 11


def lines(found: Difference, view: View) -> Iterator[str]:
    """What changed, probe by probe with the old and the new reason, then the totals."""
    for kind, title in _TITLES.items():
        for change in found.changes:
            if change.kind == kind:
                yield f"{view.style(_STYLES[kind], title)}  {change.new.asked}"
                if change.old.asked != change.new.asked:
                    yield f"    was    {change.old.asked}"
                yield from _side_lines("old", change.old, view)
                yield from _side_lines("new", change.new, view)
                yield ""
    for label, asked in (("only in OLD", found.only_old), ("only in NEW", found.only_new)):
        for text in asked[:_SHOWN]:
            yield f"{label}  {text}"
        if len(asked) > _SHOWN:
            yield f"{label}  and {len(asked) - _SHOWN} more"
        if asked:
            yield ""
    yield from _totals(found, view)


_SHOWN = 20


def _side_lines(label: str, side: Side, view: View) -> list[str]:
    engines = [f"{words.engine(n)} {verdict}" for n, verdict in side.engines if verdict != side.verdict]
    text = ": ".join(filter(None, (", ".join([side.word, *engines]), side.why)))
    first, *rest = wrap(text, view.width, _INDENT, f"    {label}")
    return [
        first.replace(side.word, view.style(VERDICT_STYLES.get(side.verdict, "dim"), side.word), 1),
        *rest,
    ]


def _totals(found: Difference, view: View) -> list[str]:
    flipped = found.count("now blocked", "now allowed")
    unsure = found.count("not judged")
    word, kind = ("CHANGED", "fail") if flipped else ("INCONCLUSIVE", "unsure") if unsure else ("SAME", "pass")
    parts = [f"{n} {title}" for n, title in (
        (found.count("now blocked"), "now blocked"), (found.count("now allowed"), "now allowed"),
        (unsure, "not judged on both sides"), (found.count("other reason"), "for another reason"),
    ) if n]  # fmt: skip
    same = found.compared - len(found.changes)
    parts.append(f"{same} the same")
    only = [f"{len(found.only_old)} only in OLD"] * bool(found.only_old)
    only += [f"{len(found.only_new)} only in NEW"] * bool(found.only_new)
    text = f"Of {found.compared} compared, {', '.join([*parts, *only])}."
    first, *rest = wrap(text, view.width, len(word) + 2, word)
    return [view.style(kind, word) + first[len(word) :], *rest]
