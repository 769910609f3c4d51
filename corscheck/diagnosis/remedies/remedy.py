"""What a remedy is, and how values are written in each language. Knows no framework."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from corscheck.diagnosis.remedies.wanted import Wanted

Language: TypeAlias = Literal["apache", "caddy", "haproxy", "javascript", "nginx", "python", "ruby", "xml"]
Value: TypeAlias = str | int | bool | tuple[str, ...]
Pairs: TypeAlias = "list[tuple[str, Value]]"

COMMENTS: dict[Language, str] = {
    "apache": "#",
    "caddy": "#",
    "haproxy": "#",
    "javascript": "//",
    "nginx": "#",
    "python": "#",
    "ruby": "#",
    "xml": " ",
}
"""How a line of comment starts, so that everything that is printed can be pasted."""

BRACKETS: dict[Language, tuple[str, str]] = {"xml": ("<!--", "-->")}
"""What stands in the line before and the line after a comment, where a line of its own is not one by its start."""

_LONGEST = 88
"""Columns after which a list is broken; what is pasted into a project should not need formatting."""


class ImpossibleError(ConfigError):
    """The framework cannot be configured so: the text says what of it and why."""


class Remedy(Struct, frozen=True):
    """One framework. ``code`` writes the configuration; it raises ``ImpossibleError`` for what the framework cannot do.

    ``package`` is what must be installed beside the framework (None: nothing). ``where`` says where the code goes,
    ``traps`` what goes wrong although the code is right.
    """

    name: str
    title: str
    language: Language
    package: str | None
    where: str
    traps: tuple[str, ...]
    code: Callable[[Wanted], str]


def quoted(text: str) -> str:
    """A string literal of Python and of JavaScript: JSON's, which is one in both as long as the text is ASCII.

    Everything in ``Wanted`` is: origins are serialized, methods and header names are tokens.
    """
    return json.dumps(text)


def listing(values: Iterable[str], before: str = "", indent: int = 4, literal: Callable[[str], str] = quoted) -> str:
    """A list literal of what ``literal`` writes, a line each where it would be longer than a line behind ``before``."""
    literals = [literal(value) for value in values]
    flat = f"[{', '.join(literals)}]"
    if indent + len(before) + len(flat) + 1 <= _LONGEST:
        return flat
    blanks = " " * indent
    return "\n".join(["[", *(f"{blanks}    {one}," for one in literals), f"{blanks}]"])


def arguments(pairs: Iterable[tuple[str, Value]]) -> str:
    """Keyword arguments of a Python call, one a line, each with its comma."""
    return "\n".join(f"    {name}={_value(value, f'{name}=')}," for name, value in pairs)


def properties(pairs: Iterable[tuple[str, Value]]) -> str:
    """Properties of a JavaScript object, one a line, each with its comma."""
    return "\n".join(f"    {name}: {_value(value, f'{name}: ', true='true')}," for name, value in pairs)


def _value(value: Value, before: str, true: str = "True") -> str:
    if isinstance(value, tuple):
        return listing(value, before)
    # Before the numbers: True is one of them. False is what everything is without being told.
    if value is True:
        return true
    return quoted(value) if isinstance(value, str) else str(value)
