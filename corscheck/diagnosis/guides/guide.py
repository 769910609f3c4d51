"""What a guide is. Knows no stack."""

from __future__ import annotations

from msgspec import Struct


class Snippet(Struct, frozen=True):
    """The smallest configuration for https://app.example; ``label`` says where it goes, ``code`` is printed as it is."""

    label: str
    code: str


class Guide(Struct, frozen=True):
    """One stack. None of it was executed by corscheck's tests, and whoever shows it says so.

    ``owner`` says what in the stack adds the CORS headers, and where that is configured. ``signals`` are what an
    exchange shows when this stack is to blame, ``traps`` what goes wrong although the configuration looks right. The
    names of settings were read in the documentation at ``source`` and ``more`` (official, or the stack's own source);
    what signals and traps add to that is experience. ``from_memory`` are facts on the stack that neither confirms.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    owner: str
    snippets: tuple[Snippet, ...]
    signals: tuple[str, ...]
    traps: tuple[str, ...]
    source: str
    more: tuple[str, ...] = ()
    from_memory: tuple[str, ...] = ()
