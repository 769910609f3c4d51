"""The ``Remedy`` type, and helpers that write literals in the configuration languages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from corscheck.diagnosis.remedies.wanted import Wanted

Language: TypeAlias = Literal["apache", "caddy", "haproxy", "javascript", "nginx", "python", "ruby", "xml"]
Value: TypeAlias = str | int | bool | tuple[str, ...] | None
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
"""The prefix of a comment line in each language."""

BRACKETS: dict[Language, tuple[str, str]] = {"xml": ("<!--", "-->")}
"""The lines before and after a comment, in languages without line comments."""

_LONGEST = 88
"""The maximum line length of generated lists, so that formatters leave pasted code alone."""


class ImpossibleError(ConfigError):
    """The framework does not support the wanted configuration. The message says what and why."""


class Remedy(Struct, frozen=True):
    """The remedy for one framework.

    ``code`` generates the configuration; it raises ``ImpossibleError`` if the framework does not support what is
    wanted. ``package`` must be installed in addition to the framework (None: nothing). ``where`` says where the code
    goes, and ``traps`` what can go wrong even if the code is right.
    """

    name: str
    title: str
    language: Language
    where: str
    traps: tuple[str, ...]
    code: Callable[[Wanted], str]
    package: str | None = None


def quoted(text: str) -> str:
    """Return a string literal for Python and JavaScript. A JSON string is valid in both if the text is ASCII.

    All texts in ``Wanted`` are ASCII: origins are serialized, methods and header names are tokens.
    """
    return json.dumps(text)


def listing(values: Iterable[str], before: str = "", indent: int = 4, literal: Callable[[str], str] = quoted) -> str:
    """Return a list literal, with one item per line if it does not fit on a line after ``before``."""
    literals = [literal(value) for value in values]
    flat = f"[{', '.join(literals)}]"
    if indent + len(before) + len(flat) + 1 <= _LONGEST:
        return flat
    blanks = " " * indent
    return "\n".join(["[", *(f"{blanks}    {one}," for one in literals), f"{blanks}]"])


def always_allowed(remembered: str) -> str:
    """Return the trap of middlewares that allow the safelisted headers anyway and have their own default max-age."""
    return (
        "Accept, Accept-Language, Content-Language and Content-Type are always allowed, and without max_age a "
        f"preflight is cached for {remembered}."
    )


def extras(wanted: Wanted, credentials: str, exposed: str, max_age: str) -> Pairs:
    """Return what is set only if it is wanted: credentials, exposed headers and max-age, under these names."""
    pairs: Pairs = [(credentials, True)] if wanted.credentials else []
    pairs += [(exposed, wanted.exposed)] if wanted.exposed else []
    return pairs + ([(max_age, wanted.max_age)] if wanted.max_age is not None else [])


def demand_capitals(wanted: Wanted, what: str) -> None:
    """Raise ``ImpossibleError`` for a method that is not in capitals. ``what`` says what the framework does to it."""
    if odd := [m for m in wanted.methods if m != m.upper()]:
        raise ImpossibleError(
            f"{what} in uppercase, but browsers compare {odd[0]} case-sensitively: send {odd[0].upper()} from the page"
        )


def demand_kept_preflights(wanted: Wanted, name: str) -> None:
    """Raise ``ImpossibleError`` for a max-age of 0, which some frameworks take for none."""
    if wanted.max_age == 0:
        raise ImpossibleError(
            f"{name} sends no Access-Control-Max-Age for 0, and browsers then cache a preflight for 5 seconds: omit "
            "the max-age, or set it to 1 or more"
        )


def arguments(pairs: Iterable[tuple[str, Value]]) -> str:
    """Return keyword arguments of a Python call, one per line, each with a trailing comma."""
    return "\n".join(f"    {name}={literal(value, f'{name}=')}," for name, value in pairs)


def properties(pairs: Iterable[tuple[str, Value]]) -> str:
    """Return properties of a JavaScript object, one per line, each with a trailing comma."""
    return "\n".join(f"    {name}: {literal(value, f'{name}: ', true='true')}," for name, value in pairs)


def literal(value: Value, before: str, indent: int = 4, true: str = "True") -> str:
    """Return a literal; a list is written so that it fits on a line after ``before``, or one item per line."""
    if isinstance(value, tuple):
        return listing(value, before, indent)
    # Check for True before numbers, because bool is a subclass of int. False is never written: it is the default.
    if value is True:
        return true
    return quoted(value) if isinstance(value, str) else str(value)
