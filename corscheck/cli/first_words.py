"""The first words of a command line: a URL means ``probe``, and the words of other tools are accepted or answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

GLOBAL = ("-h", "--help", "--version", "--install-completion", "--show-completion")
"""Options that stand without a command."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_ALIASES = {
    "check": "probe", "test": "probe", "curl": "probe", "http": "probe", "https": "probe",
    "validate": "run", "verify": "run", "version": "--version", "-V": "--version",
}  # fmt: skip
_HINTS = {
    "scan": "To test a server with hostile origins: corscheck audit URL. To test one page: corscheck probe URL "
    "--origin ORIGIN",
    "serve": "To start the example server: corscheck demo --serve",
    "lint": "To check a policy file: corscheck run",
    "list": "To list the codes: corscheck explain --list. To list the frameworks: corscheck fix --list",
}
_TARGET = re.compile(r"[^:]*://|[^=]*\.|localhost\b|[/:\[<]|\d+$|\w+:\w|URL$")
"""A word that can only be a target: a URL or a host, a path, a file, a port, ``main:app``."""


def with_command(argv: Sequence[str], commands: Sequence[str]) -> tuple[list[str], str | None]:
    """Return the command line with its command first, and a note if a word of it was replaced.

    Raises ``ConfigError`` for a first word that names nothing.
    """
    words = list(argv)
    first = words[0] if words else ""
    if not first or first in commands or first.partition("=")[0] in GLOBAL:
        return words, None
    if first in _ALIASES:
        meant = _ALIASES[first]
        # What stands behind "http" or "curl" is a request; so they are the tool's name rather than a command.
        note = None if meant.startswith("-") else f"{first!r} is taken as {meant!r}: corscheck {meant} -h says more"
        return [meant, *words[1:]], note
    if first.startswith("-"):
        # Options were typed in front of the command, or instead of it.
        at = next((at for at, word in enumerate(words) if word in commands), None)
        return (["probe", *words] if at is None else [words[at], *words[:at], *words[at + 1 :]]), None
    if _TARGET.match(first) or first.upper() in METHODS:
        return ["probe", *words], None
    raise ConfigError(_unknown(first, commands))


def _unknown(word: str, commands: Sequence[str]) -> str:
    if word in _HINTS:
        return f"Unknown command {word!r}. {_HINTS[word]}"
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), (*commands, *_HINTS, *_ALIASES), 1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    return (
        f"Unknown command {word!r}.{meant} There are {', '.join(commands)}. To test a URL:\n"
        "  corscheck https://api.example.com/data --origin https://app.example.com"
    )
