"""Partial matching of JSON: what a row of the contract table says about a report, and nothing more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Text:
    """Matches a string in which the pattern is found."""

    pattern: str


@dataclass(frozen=True)
class Has:
    """Matches a list of which some element matches."""

    element: Any


@dataclass(frozen=True)
class Lacks:
    """Matches a list of which no element matches."""

    element: Any


def mismatches(pattern: Any, value: Any, path: str = "") -> list[str]:
    """Where ``value`` does not match: empty when it does.

    Dicts match when each key of the pattern is there and matches; lists when they are of the same length and match one
    by one; everything else when equal.
    """
    where = path or "report"
    if isinstance(pattern, Text):
        found = isinstance(value, str) and re.search(pattern.pattern, value) is not None
        return [] if found else [f"{where}: {value!r} does not match /{pattern.pattern}/"]
    if isinstance(pattern, Has):
        found = isinstance(value, list) and any(not mismatches(pattern.element, v) for v in value)
        return [] if found else [f"{where}: nothing in {value!r} matches {pattern.element!r}"]
    if isinstance(pattern, Lacks):
        found = isinstance(value, list) and any(not mismatches(pattern.element, v) for v in value)
        return [f"{where}: something in {value!r} matches {pattern.element!r}"] if found else []
    if isinstance(pattern, dict):
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is not an object"]
        out = []
        for key, part in pattern.items():
            if key not in value:
                out.append(f"{where}.{key}: missing")
            else:
                out += mismatches(part, value[key], f"{where}.{key}")
        return out
    if isinstance(pattern, (list, tuple)):
        if not isinstance(value, list) or len(value) != len(pattern):
            return [f"{where}: {value!r} has not {len(pattern)} elements"]
        pairs = enumerate(zip(pattern, value, strict=True))
        return [m for i, (p, v) in pairs for m in mismatches(p, v, f"{where}[{i}]")]
    # True == 1 in Python, but not in JSON.
    return [] if type(pattern) is type(value) and pattern == value else [f"{where}: {value!r} is not {pattern!r}"]
