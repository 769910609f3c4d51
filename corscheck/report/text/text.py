"""Text that is safe to print, and text that fits: escaping, cutting, padding, wrapping.

What a server sent must never be active in a terminal. ``printable`` is the one gate for that; every value of a result
passes it on its way out. Nothing here knows results or colours.
"""

from __future__ import annotations

ELLIPSIS = "..."


def printable(text: str) -> str:
    r"""The text with everything that a terminal could act on, or an eye could miss, spelled out.

    Control characters (ESC, CR, LF, NUL, the C1 controls), bidirectional controls, zero-width and other invisible
    characters, line separators, lone surrogates and unusual spaces become ``\x1b``, ``\u202e`` or ``\U000e0001``.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(ord(c)) for c in text)


def printable_lines(text: str) -> str:
    """Return the text with its line breaks kept and everything else made printable, for texts of our own."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _escaped(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cut(text: str, width: int) -> str:
    """The text in at most ``width`` columns; what is longer ends in an ellipsis."""
    if len(text) <= width:
        return text
    return text[: max(width - len(ELLIPSIS), 0)].rstrip() + ELLIPSIS[:width]


def wrap(text: str, width: int, indent: int, first: str = "") -> list[str]:
    """Paragraph text in lines of at most ``width`` columns.

    The first line starts with ``first``, padded to ``indent``; the others with ``indent`` blanks. Words are never
    broken: a URL stays whole even where it sticks out. A line of the text that starts with a blank is code and is
    left alone.
    """
    margin = " " * indent
    out: list[str] = []
    start = first.ljust(indent)
    for paragraph in text.split("\n"):
        if paragraph.startswith(" "):
            out.append((start + paragraph).rstrip())
            start = margin
            continue
        line, empty = start, True
        for word in _words(paragraph):
            if not empty and len(line.rstrip()) + len(word) > width:
                out.append(line.rstrip())
                line, word, empty = margin, word.lstrip(), True
            line += word.lstrip() if empty else word
            empty = False
        out.append(line.rstrip())
        start = margin
    return out


def _words(paragraph: str) -> list[str]:
    """The words of a paragraph, each with the blanks before it: two blanks before a command stay two."""
    words: list[str] = []
    blanks = ""
    for part in paragraph.split(" "):
        if part:
            words.append(blanks + part)
            blanks = " "
        else:
            blanks += " "
    return words


def several(names: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


def milliseconds(elapsed: float) -> str:
    """``4 ms``, ``1.2 s``."""
    return f"{elapsed:.0f} ms" if elapsed < 999.5 else f"{elapsed / 1000:.1f} s"
