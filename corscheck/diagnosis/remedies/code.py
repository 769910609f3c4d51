"""Rendering of a remedy as code to paste, with all prose as comments."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import BRACKETS, COMMENTS

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.remedy import Remedy
    from corscheck.diagnosis.remedies.wanted import Wanted

_WIDTH = 80

REPLACE = (
    "If CORS is already configured, replace that configuration with this one and keep what your other pages need. "
    "Never add a second one."
)


def as_code(remedy: Remedy, wanted: Wanted) -> str:
    """Render a remedy in its own language. All prose is in comments, so that the whole text can be pasted."""
    mark = COMMENTS[remedy.language]
    before, after = ([one] for one in BRACKETS[remedy.language]) if remedy.language in BRACKETS else ([], [])
    lead = [f"{remedy.title}, with {remedy.package} (install it first)." if remedy.package else f"{remedy.title}."]
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
    margin = mark + " " * (1 + len(bullet))
    return [
        line
        for number, paragraph in enumerate(text.split("\n"))
        for line in wrap(
            paragraph,
            _WIDTH,
            initial_indent=margin if number else f"{mark} {bullet}",
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
        or [mark]
    ]
