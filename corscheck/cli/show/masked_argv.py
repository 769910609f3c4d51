"""The command line as a report saves it: without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model.masking import MASK, is_secret_header, mask_url

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIDDEN = {"--curl", "-b", "--cookie", "-u", "--user", "-d", "--data", "-F", "--form"}
_URLS = {"-x", "--proxy", "--via"}
_KNOWN = {"-H", "--header", *_HIDDEN, *_URLS}
_FLAGS = "kvq46LisSIfG"
"""Short options without a value: the rest of their word is another option."""


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a command line with ``***`` for secret values. Names stay."""
    out: list[str] = []
    pending = ""
    for word in argv:
        option, value = (pending, word) if pending else _split(word)
        pending = ""
        if option in _KNOWN and value is not None:
            out.append(word[: len(word) - len(value)] + _value(option, value))
            continue
        if option in _KNOWN:
            pending = option
        out.append(mask_url(word))
    return tuple(out)


def _split(word: str) -> tuple[str, str | None]:
    """Split ``--user=a:b``, or a word of short options such as ``-kua:b``, into an option and its value, if it has one."""
    if word.startswith("--"):
        option, equals, value = word.partition("=")
        return option, value if equals else None
    rest = word[1:].lstrip(_FLAGS) if word.startswith("-") else ""
    return f"-{rest[:1]}", rest[1:] or None


def _value(option: str, value: str) -> str:
    if option in _HIDDEN:
        return MASK
    if option in _URLS:
        return mask_url(value)
    name, colon, _ = value.partition(":")
    return f"{name}: {MASK}" if colon and is_secret_header(name.strip()) else value
