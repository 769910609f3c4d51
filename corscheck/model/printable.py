"""Text that is safe to print. Every value of a result passes ``printable`` before people see it."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Spell out everything that a terminal could act on, or an eye could miss.

    Control characters (ESC, CR, LF, NUL, the C1 controls), bidirectional controls, zero-width and other invisible
    characters, line separators, lone surrogates and unusual spaces become ``\x1b``, ``\u202e`` or ``\U000e0001``.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(ord(c)) for c in text)


def printable_lines(text: str) -> str:
    """Spell out everything but line breaks, for texts of our own."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _escaped(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
