"""The colours of the terminal views, by rich. They carry no meaning of their own: coloured text also says it in words."""

from __future__ import annotations

from functools import cache

from msgspec import Struct
from rich.color import ColorSystem
from rich.style import Style as RichStyle

STYLES = {
    "pass": "green", "fail": "bold red", "warn": "yellow", "skip": "dim", "bold": "bold", "dim": "dim",
    "unsure": "bold yellow", "plain": "",
}  # fmt: skip

VERDICT_STYLES = {"allowed": "pass", "blocked": "fail", "invalid": "fail", "inconclusive": "unsure"}


@cache
def _parsed(kind: str, link: str | None) -> RichStyle:
    found = RichStyle.parse(STYLES[kind])
    return found.update_link(link) if link is not None else found


class Style(Struct, frozen=True):
    """Colours text if ``color`` is set, and makes links (OSC 8) if ``links`` is."""

    color: bool = False
    links: bool = False

    def __call__(self, kind: str, text: str, link: str | None = None) -> str:
        """Return the text in the colours of ``pass``, ``fail``, ``warn``, ``skip``, ``bold``, ``dim`` or ``unsure``.

        ``link`` is the URL that the text leads to.
        """
        link = link if self.links else None
        if not text or not (self.color or link):
            return text
        return _parsed(kind, link).render(text, color_system=ColorSystem.STANDARD)


PLAIN = Style()
