"""Every guide by its name. Flat: a stack is a guide in one of the modules beside it, and a line in ``names``."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from corscheck.diagnosis.guides import clouds, edges, frameworks, proxies, services
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from corscheck.diagnosis.guides.guide import Guide

GUIDES: dict[str, Guide] = {
    guide.name: guide
    for guide in sorted(
        (*clouds.GUIDES, *edges.GUIDES, *frameworks.GUIDES, *proxies.GUIDES, *services.GUIDES), key=lambda g: g.name
    )
}

_CALLED = {called: guide.name for guide in GUIDES.values() for called in (guide.name, *guide.aliases)}


def lookup(name: str) -> Guide | None:
    """The guide of that name or alias, whatever its case; None if there is none."""
    known = _CALLED.get(" ".join(name.lower().split()))
    return GUIDES[known] if known is not None else None


def find(name: str) -> Guide:
    """The guide of that name or alias. Raises ``ConfigError`` with the names, the nearest first."""
    guide = lookup(name)
    if guide is None:
        raise ConfigError(f"there is no guide for {name!r}; there are {', '.join(nearest(name))}")
    return guide


def nearest(name: str) -> list[str]:
    """All names, those first of which the name or an alias looks most like ``name``."""

    def likeness(guide: Guide) -> float:
        return max(difflib.SequenceMatcher(None, name.lower(), c).ratio() for c in (guide.name, *guide.aliases))

    return [guide.name for guide in sorted(GUIDES.values(), key=likeness, reverse=True)]


def close(name: str) -> str | None:
    """The name of the guide that is probably meant; None if nothing is called like that."""
    found = difflib.get_close_matches(name.lower(), _CALLED, n=1, cutoff=0.75)
    return _CALLED[found[0]] if found else None
