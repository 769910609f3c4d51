"""The colours of the terminal views. They carry no meaning of their own: coloured text also says it in words."""

from __future__ import annotations

from msgspec import Struct

_CODES = {"pass": "32", "fail": "1;31", "warn": "33", "skip": "2", "bold": "1", "dim": "2", "unsure": "1;33"}

VERDICT_STYLES = {"allowed": "pass", "blocked": "fail", "invalid": "fail", "inconclusive": "unsure"}


class Style(Struct, frozen=True):
    """Wraps text in ANSI sequences if ``color`` is set."""

    color: bool = False

    def __call__(self, kind: str, text: str) -> str:
        """Return the text in the colours of ``pass``, ``fail``, ``warn``, ``skip``, ``bold``, ``dim`` or ``unsure``."""
        return f"\x1b[{_CODES[kind]}m{text}\x1b[0m" if self.color and text else text


PLAIN = Style()
