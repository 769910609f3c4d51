"""The registry of guides. A new stack needs a guide in a module of this package."""

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
    """Return the guide with a name or alias, ignoring case, or None."""
    known = _CALLED.get(" ".join(name.lower().split()))
    return GUIDES[known] if known is not None else None


def find(name: str) -> Guide:
    """Return the guide with a name or alias. Raises ``ConfigError`` with all names, the most similar first."""
    guide = lookup(name)
    if guide is None:
        raise ConfigError(f"there is no guide for {name!r}; there are {', '.join(nearest(name))}")
    return guide


def nearest(name: str) -> list[str]:
    """Return all names, ordered by the similarity of the name or an alias to ``name``."""

    def likeness(guide: Guide) -> float:
        return max(difflib.SequenceMatcher(None, name.lower(), c).ratio() for c in (guide.name, *guide.aliases))

    return [guide.name for guide in sorted(GUIDES.values(), key=likeness, reverse=True)]


def close(name: str) -> str | None:
    """Return the name of the guide that was probably meant, or None if no name is similar."""
    found = difflib.get_close_matches(name.lower(), _CALLED, n=1, cutoff=0.75)
    return _CALLED[found[0]] if found else None
