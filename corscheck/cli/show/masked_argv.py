"""The command line as a report may keep it: without what is secret in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model.masking import MASK, is_secret_header, mask_url

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIDDEN = {"--curl", "-b", "--cookie", "-u", "--user", "-d", "--data", "-F", "--form"}
_HEADERS = {"-H", "--header"}
_URLS = {"-x", "--proxy", "--via"}
_FLAGS = "kvq46LisSIfG"
"""Short options without a value: what follows them in the same word is another option."""


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    """The words of a command line; secret values become ``***``, names stay."""
    out: list[str] = []
    pending: str | None = None
    for word in argv:
        if pending is not None:
            out.append(_value(pending, word))
            pending = None
            continue
        option, equals, value = word.partition("=")
        if word.startswith("--") and equals and option in _HIDDEN | _HEADERS | _URLS:
            out.append(f"{option}={_value(option, value)}")
            continue
        name, attached = _short(word)
        if name in _HIDDEN | _HEADERS | _URLS and attached:
            at = len(word) - len(attached)
            out.append(word[:at] + _value(name, attached))
            continue
        if name in _HIDDEN | _HEADERS | _URLS or word in _HIDDEN | _HEADERS | _URLS:
            pending = name or word
        out.append(mask_url(word))
    return tuple(out)


def _short(word: str) -> tuple[str, str]:
    """The option that takes the rest of a word of short options (``-kuuser:pass``), and that rest."""
    if not word.startswith("-") or word.startswith("--"):
        return "", ""
    rest = word[1:]
    while rest and rest[0] in _FLAGS:
        rest = rest[1:]
    return (f"-{rest[0]}", rest[1:]) if rest else ("", "")


def _value(option: str, value: str) -> str:
    if option in _HIDDEN:
        return MASK
    if option in _URLS:
        return mask_url(value)
    name, colon, _ = value.partition(":")
    return f"{name}: {MASK}" if colon and is_secret_header(name.strip()) else value
