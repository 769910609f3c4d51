"""The command line as a report saves it: without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model.hidden import MASK
from corscheck.model.masking import (
    is_secret_header,
    mask_certificate,
    mask_header,
    mask_login,
    mask_text,
    mask_url,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FLAGS = "kvq46LisSIfGONg0#"
"""Short options without a value: the rest of their word is another option."""


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a command line with ``***`` for secret values. Names stay."""
    out: list[str] = []
    pending = ""
    for word in argv:
        option, value = (pending, word) if pending else _split(word)
        pending = ""
        if option in _MASKS and value is not None:
            out.append(word[: len(word) - len(value)] + _MASKS[option](value))
            continue
        if option in _MASKS:
            pending = option
        out.append(mask_text(word) if word.startswith("-") else mask_url(word))
    return tuple(out)


def _split(word: str) -> tuple[str, str | None]:
    """Split ``--user=a:b``, or a word of short options such as ``-kua:b``, into an option and its value, if it has one."""
    if word.startswith("--"):
        option, equals, value = word.partition("=")
        return option, value if equals else None
    rest = word[1:].lstrip(_FLAGS) if word.startswith("-") else ""
    return f"-{rest[:1]}", rest[1:] or None


def _all(value: str) -> str:  # noqa: ARG001 - the signature of a mask
    return MASK


def _header(line: str) -> str:
    name, colon, value = line.partition(":")
    if not colon:
        return mask_text(line)
    name = name.strip(" =")
    return f"{name}: {MASK if is_secret_header(name) else mask_header(name, value.strip())}"


_MASKS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(
        (
            "--curl",
            "-b",
            "--cookie",
            "-u",
            "--user",
            "-d",
            "--data",
            "--data-ascii",
            "--data-raw",
            "--data-binary",
            "--data-urlencode",
            "--body",
            "-F",
            "--form",
        ),
        _all,
    ),
    **dict.fromkeys(("-H", "--header"), _header),
    **dict.fromkeys(("-x", "--proxy", "--via", "--cluster"), mask_login),
    **dict.fromkeys(("-E", "--cert", "--key"), mask_certificate),
    **dict.fromkeys(("--origin", "--allowed-origin", "--base-url", "--openapi"), mask_url),
}
