"""The registry of topics. A TOML file in this directory holds several, each a table with the topic's name."""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources

import msgspec

from corscheck.diagnosis.topics.topic import Topic


def _read() -> dict[str, Topic]:
    files = [file for file in resources.files(__package__).iterdir() if file.name.endswith(".toml")]
    tables = [tomllib.loads(file.read_text("utf-8")) for file in sorted(files, key=lambda file: file.name)]
    return {
        name: msgspec.convert({"name": name, **fields}, Topic)
        for table in tables
        for name, fields in sorted(table.items())
    }


TOPICS = _read()
"""Every topic by its name, in the order of the files and names."""

_CALLED = {called.lower(): topic for topic in TOPICS.values() for called in (topic.name, *topic.aliases)}


def lookup(name: str) -> Topic | None:
    """Return the topic with a name or alias, or None. Case, spaces for hyphens, quotes and a colon do not matter.

    A header may have a value: ``Access-Control-Max-Age: 600``.
    """
    said = " ".join(name.strip(" \t\n'\"`:()").lower().split())
    for called in (said, said.replace(" ", "-"), said.replace("-", " ")):
        if called in _CALLED:
            return _CALLED[called]
    header, colon, _ = said.partition(":")
    topic = _CALLED.get(header.strip()) if colon else None
    # Headers are the topics with a capital.
    return topic if topic is not None and topic.name[0].isupper() else None


def close(name: str) -> str | None:
    """Return the name of the topic that was probably meant, or None if no name is similar."""
    found = difflib.get_close_matches(name.lower(), _CALLED, n=1, cutoff=0.8)
    return found[0] if found else None
