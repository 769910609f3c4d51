"""The advice of a finding in parts: sentences, and code to paste. HTML, Markdown and SARIF show code as a block.

Advice has several lines. A line that starts with a blank is code: a command, or a setting of a configuration.
"""

from __future__ import annotations

from itertools import groupby
from textwrap import dedent
from typing import NamedTuple


class AdvicePart(NamedTuple):
    """A sentence, or the lines of a block of code without their common indentation."""

    text: str
    is_code: bool

    @property
    def language(self) -> str:
        """The language of code, as a fence in Markdown names it: ``sh`` for a command, ``text`` for a configuration."""
        return "sh" if self.text.startswith(("corscheck ", "curl ")) else "text"


def advice_parts(advice: str | None) -> list[AdvicePart]:
    """Split an advice. Each line of prose is a part of its own; lines of code that follow each other are one."""
    found: list[AdvicePart] = []
    for is_code, lines in groupby((advice or "").split("\n"), key=lambda line: line.startswith(" ")):
        if is_code:
            found.append(AdvicePart(dedent("\n".join(lines)).strip("\n"), is_code=True))
        else:
            found += [AdvicePart(line, is_code=False) for line in lines if line]
    return found
