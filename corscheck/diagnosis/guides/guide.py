"""A guide as its TOML file says it."""

from __future__ import annotations

from msgspec import Struct


class Snippet(Struct, frozen=True):
    """A minimal configuration for https://app.example. ``label`` says where it goes; ``code`` is printed verbatim."""

    label: str
    code: str


class Guide(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The guide for one stack. corscheck's tests do not execute it, and reports that show a guide must say so.

    ``owner`` says which part of the stack adds the CORS headers, and where it is configured. ``configurations`` maps the
    label of each snippet to its code. ``signals`` describe exchanges that point to this stack. ``traps`` are mistakes in
    configurations that look right. The names of settings come from ``source`` and ``more`` (official documentation or
    the stack's source code); the rest of ``signals`` and ``traps`` is experience. ``from_memory`` holds facts that no
    source confirms.
    """

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    owner: str
    configurations: dict[str, str]
    signals: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
    source: str
    more: tuple[str, ...] = ()
    from_memory: tuple[str, ...] = ()

    @property
    def snippets(self) -> tuple[Snippet, ...]:
        """The minimal configurations, in the order of the page."""
        return tuple(Snippet(label, code) for label, code in self.configurations.items())
