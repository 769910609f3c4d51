"""The verdict of a result in one line: what ``-q`` prints for each probe, and what ``str(result)`` is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model import words
from corscheck.model.printable import printable

if TYPE_CHECKING:
    from corscheck.model.result import Result


def verdict_line(result: Result) -> str:
    """The verdict in one line that is never wrapped."""
    line = f"{words.word(result).upper()}  {printable(result.method)} {printable(result.url)} from {printable(result.origin)}"
    because = _because(result)
    return f"{line}: {because}" if because else line


def _because(result: Result) -> str:
    """Why the probe was not allowed, which engines differ, what a check lacks, and the excuse; empty if all is well."""
    because = "" if result.verdict == "allowed" else not_allowed(result)
    differing = [words.other_makes(result, n) for n in words.differing(result) if n in result.gate]
    if differing:
        because = f"{because} {'But' if because else 'but'} {words.several(differing)}.".lstrip()
    if not result.passed and not differing and words.as_driven(result) and words.unmet(result):
        because = " ".join([*([because] if because else []), *words.unmet(result)])
    if result.excused is not None:
        because = f"{because} Excused: {words.sentence(result.excused.reason)}".lstrip()
    return because


def not_allowed(result: Result) -> str:
    """What a verdict other than ``allowed`` means, in a sentence or two."""
    if result.verdict == "inconclusive" and result.error is not None:
        return f"No answer: {words.sentence(result.error.message)}"
    why = words.not_sent(result)
    if result.verdict == "inconclusive" and why is not None:
        method = printable(result.method)
        if result.send == "never":
            return f"{method} was not sent ({why}), and no preflight says what would come of it."
        return f"{method} may change data and was not sent; no preflight says what would come of it. Add --send always."
    return words.reason(result.reason)
