"""How results are shown: width, colours, and how much. Importing this module does not import rich."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from corscheck.report.text.style import Style


class View(Struct, frozen=True):
    """How to show results: columns, colours, links, how much. ``because`` says why the credentials mode is what it is."""

    width: int = 80
    color: bool = False
    links: bool = False
    verbose: bool = False
    because: str | None = None

    @property
    def style(self) -> Style:
        """What colours text."""
        from corscheck.report.text.style import Style

        return Style(self.color, self.links)

    def labelled(
        self, word: str, kind: str | None, text: str, *, margin: str = "", indent: int | None = None
    ) -> list[str]:
        """Wrap a text behind a word in the colours of ``kind``. The default indent leaves two blanks between them."""
        from corscheck.report.text.layout import wrap

        lead = margin + word
        first, *rest = wrap(text, self.width, len(lead) + 2 if indent is None else indent, lead)
        return [margin + (word if kind is None else self.style(kind, word)) + first[len(lead) :], *rest]

    def linked(self, lines: list[str], text: str, url: str) -> list[str]:
        """Return the lines with the first occurrence of a text as a link, where the terminal has links."""
        if not (self.links and text):
            return lines
        at = next((number for number, line in enumerate(lines) if text in line), None)
        return [
            line.replace(text, self.style("plain", text, url), 1) if number == at else line
            for number, line in enumerate(lines)
        ]
