"""Rendering of a remedy as code to paste, with all prose as comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import BRACKETS, COMMENTS
from corscheck.report.text.text import wrap

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.remedy import Remedy
    from corscheck.diagnosis.remedies.wanted import Wanted

_WIDTH = 80

REPLACE = (
    "If CORS is configured already, replace that configuration with this one and keep what your other pages need; "
    "never add a second one."
)


def as_code(remedy: Remedy, wanted: Wanted) -> str:
    """Render a remedy in its own language. All prose is in comments, so that the whole text can be pasted."""
    mark = COMMENTS[remedy.language]
    before, after = ([one] for one in BRACKETS[remedy.language]) if remedy.language in BRACKETS else ([], [])
    lead = [f"{remedy.title}, with {remedy.package} (to be installed)." if remedy.package else f"{remedy.title}."]
    said = [*lead, REPLACE, remedy.where, *wanted.notes]
    if remedy.language == "xml":
        # XML comments must not contain "--", but host names may (xn--...).
        said = [text.replace("--", "-&#45;") for text in said]
    head = [line for text in said for line in _comment(text, mark)]
    # The traps come after the code, which readers need first.
    tail = [line for text in remedy.traps for line in _comment(text, mark, "- ")]
    lines = [*before, *head, *after, "", remedy.code(wanted), *before, f"{mark} Worth knowing:", *tail, *after, ""]
    return "\n".join(lines)


def _comment(text: str, mark: str, bullet: str = "") -> list[str]:
    indent = len(mark) + 1 + len(bullet)
    lines = wrap(text, _WIDTH, indent, f"{mark} {bullet}")
    return [lines[0], *(mark + line[len(mark) :] for line in lines[1:])]
