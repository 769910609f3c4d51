"""How results are put into words: names of engines, subjects of rows, verdicts. Knows the saved model, no layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model.printable import printable

if TYPE_CHECKING:
    from corscheck.model.result import Reason, Result

ENGINES = {"standard": "the standard", "chromium": "Chromium", "firefox": "Firefox", "webkit": "WebKit"}
BASES = {"source": "from its source"}
"""What an engine's rules rest on, where they are neither recorded from it nor the standard's own text."""
BROWSERS = {"chromium": "Chromium", "chrome": "Chrome", "edge": "Edge", "firefox": "Firefox"}

_PREFIX = "access-control-"


def subject(header: str) -> str:
    """What a row is about: the header without ``Access-Control-``."""
    text = printable(header)
    return text[len(_PREFIX) :] if text.lower().startswith(_PREFIX) else text


def engine(name: str) -> str:
    """An engine inside a sentence."""
    return ENGINES.get(name, printable(name))


def several(names: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


def capital(text: str) -> str:
    """The text with its first letter in upper case, as a sentence starts."""
    return text[:1].upper() + text[1:]


def word(result: Result) -> str:
    """The verdict in a word; ``allowed*`` when only the preflight could be asked."""
    return "allowed*" if result.verdict == "allowed" and not result.complete else result.verdict


def reason(found: Reason | None) -> str:
    """The reason's sentence with its step: ``The method is not allowed (preflight:7.5).``"""
    return sentence(found.message, found.step) if found is not None else ""


def sentence(message: str, step: str | None = None) -> str:
    """A message as one sentence, its step in brackets before the full stop."""
    text = printable(message.strip()).rstrip(".")
    if step and f"({step})" not in text:
        return f"{text} ({printable(step)})."
    return text if text.endswith(("?", "!")) else f"{text}."


def differing(result: Result) -> list[str]:
    """The engines that do not come to the verdict of the driving one, those of the gate first.

    An engine that decides nothing here and has not been judged is left out: there is nothing to say about it.
    """
    others = [
        name
        for name, found in result.engines.items()
        if name != result.engine
        and found.verdict != result.verdict
        and (name in result.gate or found.verdict != "inconclusive")
    ]
    return sorted(others, key=lambda name: name not in result.gate)


def agreeing(result: Result) -> list[str]:
    """The other engines that come to the same verdict."""
    return [n for n, found in result.engines.items() if n != result.engine and found.verdict == result.verdict]


_MAKES = {"allowed": "allows it", "blocked": "blocks it", "invalid": "throws", "inconclusive": "cannot be judged"}


def other_makes(result: Result, name: str) -> str:
    """``Firefox blocks it``, ``WebKit (from its source) allows it``."""
    found = result.engines[name]
    basis = f" ({BASES[found.basis]})" if found.basis in BASES else ""
    return f"{engine(name)}{basis} {_MAKES[found.verdict]}"


def other_verdict(result: Result, name: str) -> str:
    """What another engine makes of it, with its reason: ``Firefox blocks it. Method X is not ...``"""
    found = result.engines[name]
    message = found.because or found.message
    return f"{capital(other_makes(result, name))}." + (f" {sentence(message)}" if message else "")


def unmet(result: Result) -> list[str]:
    """What the check expects beside the verdict and is not so, else what of it could not be judged: a sentence each."""
    if result.check is None:
        return []
    found = [e for e in result.check.expectations if e.name != "expect"]
    wrong = [printable(e.message) for e in found if e.passed is False]
    return wrong or [printable(e.message) for e in found if e.passed is None and e.message]


def as_driven(result: Result) -> bool:
    """Whether the driving engine alone met the expectation (another engine of the gate may still have failed)."""
    return result.verdict == result.expected


def not_sent(result: Result) -> str | None:
    """Why a request was held back, and what sends it; None when none was."""
    if not any(e.held_back for e in result.exchanges):
        return None
    return "--send never" if result.send == "never" else "it may change data (--send always)"
