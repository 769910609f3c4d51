"""Escaping of text for output. All values of a result pass through ``printable`` before they are shown."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Escape every character that controls a terminal or is invisible.

    Control characters (ESC, CR, LF, NUL, C1), bidirectional controls, zero-width and other invisible characters, line
    separators, lone surrogates and unusual spaces become ``\x1b``, ``\u202e`` or ``\U000e0001``.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(ord(c)) for c in text)


def printable_lines(text: str) -> str:
    """Escape everything except line breaks, for our own texts."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _escaped(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
