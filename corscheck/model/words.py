"""Names of engines, browsers, headers and verdicts, and sentences made from texts of other sources. No layout."""

from __future__ import annotations

from corscheck.model.printable import printable

ENGINES = {"standard": "the standard", "chromium": "Chromium", "firefox": "Firefox", "webkit": "WebKit"}
BASES = {"source": "from its source"}
"""The source of an engine's rules, unless they were recorded from it or are the standard's text."""
BROWSERS = {
    "chromium": "Chromium",
    "chrome": "Chrome",
    "edge": "Edge",
    "firefox": "Firefox",
    "webkit": "WebKitGTK",
}

_PREFIX = "access-control-"


def subject(header: str) -> str:
    """Return a header's name without ``Access-Control-``."""
    text = printable(header)
    return text[len(_PREFIX) :] if text.lower().startswith(_PREFIX) else text


def engine(name: str) -> str:
    """Return an engine's name for use inside a sentence."""
    return ENGINES.get(name, printable(name))


def several(names: list[str]) -> str:
    """Return ``a``, ``a and b``, or ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


def capital(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def sentence(message: str, step: str | None = None) -> str:
    """Return a message as one sentence, with its step in brackets before the full stop.

    ``replay`` is left out: it is not a step of the standard.
    """
    text = printable(message.strip()).rstrip(".")
    if step and step != "replay" and f"({step})" not in text:
        return f"{text} ({printable(step)})."
    return text if text.endswith(("?", "!")) else f"{text}."


MAKES = {"allowed": "allows it", "blocked": "blocks it", "invalid": "throws", "inconclusive": "cannot be judged"}
"""What an engine does with a request, by its verdict."""
