"""The settings of a CORS layer, whichever framework it belongs to, and how they grow without losing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

WILDCARD = "*"

Arguments: TypeAlias = tuple[tuple[str, str | bool | int | tuple[str, ...] | None], ...]
"""Names and values as a framework takes them."""

Place: TypeAlias = Literal["added", "around", "derived", "absent"]
"""Where a layer is: added to its application, wrapped around it, in a class of its own, or nowhere yet."""


class CorsSettings(Struct, frozen=True):
    """What a CORS layer allows. ``*`` in a list stands for everything; ``patterns`` are regular expressions for origins.

    ``max_age`` is in seconds, None for the layer's default. ``others`` are the layer's other arguments, which stay.
    """

    origins: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None
    others: tuple[tuple[str, str | bool], ...] = ()

    def extended(
        self,
        *,
        origins: Iterable[str] = (),
        methods: Iterable[str] = (),
        headers: Iterable[str] = (),
        exposed: Iterable[str] = (),
        credentials: bool = False,
    ) -> CorsSettings:
        """Return these settings with more allowed. Everything that is allowed now stays allowed, with one exception.

        ``*`` for origins goes when credentials are needed: with both, every site would read with its visitors' cookies.
        """
        known = self.origins
        if WILDCARD in known and (credentials or self.credentials):
            known = tuple(origin for origin in known if origin != WILDCARD)
        return replace(
            self,
            origins=_with(known, origins),
            methods=_with(self.methods, methods),
            headers=_with(self.headers, headers, ignore_case=True),
            exposed=_with(self.exposed, exposed, ignore_case=True),
            credentials=self.credentials or credentials,
        )


def _with(known: tuple[str, ...], more: Iterable[str], *, ignore_case: bool = False) -> tuple[str, ...]:
    """Return the values with those of ``more`` that they do not cover."""
    if WILDCARD in known:
        return known
    have = {value.lower() if ignore_case else value for value in known}
    return (*known, *(v for v in dict.fromkeys(more) if (v.lower() if ignore_case else v) not in have))
