"""A topic as its TOML file says it."""

from __future__ import annotations

from msgspec import Struct


class Topic(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``corscheck explain`` says about a header, a term or a message that is not a CORS error of its own.

    ``advice`` says what to do, ``example`` is printed verbatim. ``codes`` are codes that say more, ``guide`` is a stack with
    a page of its own, ``source`` the address of a reference.
    """

    name: str
    title: str
    text: str
    advice: str
    aliases: tuple[str, ...] = ()
    example: str | None = None
    codes: tuple[str, ...] = ()
    guide: str | None = None
    source: str
