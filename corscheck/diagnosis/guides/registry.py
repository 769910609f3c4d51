"""The registry of guides. A guide for a new stack is a TOML file in this directory, named after the stack."""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources

import msgspec

from corscheck.diagnosis.guides.guide import Guide
from corscheck.model.values import ConfigError


def _read() -> dict[str, Guide]:
    files = [file for file in resources.files(__package__).iterdir() if file.name.endswith(".toml")]
    texts = {file.name.removesuffix(".toml"): file.read_text("utf-8") for file in files}
    return {name: msgspec.convert({"name": name, **tomllib.loads(texts[name])}, Guide) for name in sorted(texts)}


GUIDES = _read()
"""Every guide by its name, in the order of the names."""

_CALLED = {called: guide.name for guide in GUIDES.values() for called in (guide.name, *guide.aliases)}


def lookup(name: str) -> Guide | None:
    """Return the guide with a name or alias, ignoring case, or None."""
    known = _CALLED.get(" ".join(name.lower().split()))
    return GUIDES[known] if known is not None else None


def find(name: str) -> Guide:
    """Return the guide with a name or alias. Raises ``ConfigError`` with all names, the most similar first."""
    guide = lookup(name)
    if guide is None:
        raise ConfigError(f"there is no guide for {name!r}; available guides: {', '.join(nearest(name))}")
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
