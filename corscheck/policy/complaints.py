"""Collected errors of a policy file, reported together: file and line, key, what is wrong, and how to fix it.

Line numbers are computed at the first error. Messages show values as written in the file, before variables are
replaced, because a variable may hold a secret.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from corscheck.model.values import ConfigError
from corscheck.policy.toml_lines import Path, Positions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LONGEST = 60
_SHORTEST = 2
"""A value of so few characters stands in many words."""

_KINDS = {
    "string_type": "must be a text",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "date_type": "must be a date without quotes: 2030-12-31",
}
_EXAMPLES = {
    "urls": '["/data"]',
    "origins": '["https://app.example.com"]',
    "methods": '["GET", "PUT"]',
    "exposes": '["X-Request-Id"]',
    "hides": '["X-Internal"]',
    "engines": '["chromium", "firefox"]',
    "name": '"the frontend may read"',
    "reason": '"fixed with the next release of the gateway"',
}
UNIONS = {
    "headers": 'must be a table, {"X-Tenant" = "7"}, or a list of lines, ["X-Tenant: 7"]',
    "max-age": 'must be a comparison in quotes, ">=600", or a number of seconds',
}


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "origins"?``, or the list of known words if none is similar."""
    names = list(known)
    close = difflib.get_close_matches(word.replace("_", "-").lower(), [n.lower() for n in names], 1, 0.6)
    if close:
        return f'; did you mean "{next(n for n in names if n.lower() == close[0])}"?'
    return f"; there are {', '.join(names)}" if names else ""


class Complaints:
    """Collects the errors of one file. ``data`` is its content as written, ``prefix`` the path of the policy table."""

    def __init__(self, file: str, text: str, data: dict[str, Any], prefix: Path = ()) -> None:
        self.file = file
        self._text = text
        self._data = data
        self._prefix = prefix
        self._places: Positions | None = None
        self._found: dict[tuple[int, str], None] = {}
        self._unset: set[Path] = set()
        self._about: set[Path] = set()
        self.filled: dict[str, str] = {}
        """The values of variables, and the variables as written."""

    def __bool__(self) -> bool:
        return bool(self._found)

    def unset(self, path: Sequence[str | int], message: str) -> None:
        """Report that a value is unknown, e.g. because of a missing variable, and ignore further errors about it."""
        self.add(path, message)
        self._unset.add(tuple(path))

    def add(self, path: Sequence[str | int], message: str) -> None:
        """Report an error about the value or table at a path."""
        if tuple(path) in self._unset:
            return
        self._about.add(tuple(path))
        line, where = self.line(path), self._name(path)
        self._found[line, f"{self.file}:{line}: {where}{': ' if where else ''}{message}"] = None

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of the value or table at a path."""
        if self._places is None:
            self._places = Positions(self._text)
        return self._places.line((*self._prefix, *path))

    def about(self, path: Sequence[str | int]) -> bool:
        """Whether the value at a path, or one inside it, has an error already. Callers then skip consequent errors."""
        return any(p[: len(path)] == tuple(path) for p in self._about)

    def _name(self, path: Sequence[str | int]) -> str:
        """Name a path in the terms of the file, e.g. ``[[check]] "reads", origins[1]``."""
        table, rest = "", list(path)
        if rest and rest[0] in ("check", "ignore") and len(rest) > 1 and isinstance(rest[1], int):
            name = self.shown([*rest[:2], "name"])
            table = f"[[{rest[0]}]]" + (f" {name}" if name else f" number {rest[1] + 1}")
            rest = rest[2:]
        elif rest and rest[0] == "env" and len(rest) > 1:
            keep = 3 if len(rest) > 2 and rest[2] == "defaults" else 2
            table = f"[{'.'.join(str(p) for p in rest[:keep])}]"
            rest = rest[keep:]
        elif rest and rest[0] == "defaults":
            table, rest = "[defaults]", rest[1:]
        key = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in rest).removeprefix(".")
        return ", ".join(part for part in (table, key) if part)

    def shown(self, path: Sequence[str | int]) -> str:
        """Return the value at a path as written, shortened; empty if there is none."""
        value: Any = self._data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return ""
        text = f'"{value}"' if isinstance(value, str) else str(value)
        return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."

    def raise_if_any(self) -> None:
        """Raise ``ConfigError`` with all errors, in the order of the file. Do nothing if there are none."""
        if not self._found:
            return
        lines = [self._as_written(text) for _, text in sorted(self._found)]
        many = f"{len(lines)} things are" if len(lines) > 1 else "one thing is"
        raise ConfigError("\n".join([f"{many} wrong with the policy, nothing was sent:", *lines]))

    def _as_written(self, text: str) -> str:
        """Put variables back in the place of their values, which may be secrets."""
        for value in sorted(self.filled, key=len, reverse=True):
            if len(value) > _SHORTEST:
                text = text.replace(value, self.filled[value])
        return text

    def take(self, errors: Iterable[Any], at: Path, known: dict[str, tuple[str, ...]]) -> None:
        """Report pydantic's errors about the table at a path, with our own messages."""
        # Unknown keys come first: if a required key is misspelled, "missing" would report the same mistake again.
        for error in sorted(errors, key=lambda e: e["type"] != "extra_forbidden"):
            path = (*at, *error["loc"])
            if error["type"] == "missing" and self.about(path):
                continue
            union = next((i for i, p in enumerate(path) if p in UNIONS and i >= len(at)), None)
            if union is not None and error["type"] != "extra_forbidden":
                path = path[: union + 1]
                self.add(path, UNIONS[str(path[-1])])
            elif error["type"] == "extra_forbidden":
                self._unknown(path, known)
            else:
                self.add(path, self._kind(error, path))

    def _unknown(self, path: Path, known: dict[str, tuple[str, ...]]) -> None:
        first = next((str(p) for p in reversed(path[:-1]) if p in known), "policy")
        hint = nearest(str(path[-1]), known[first])
        self.add(path, f"no such key{hint}")
        meant = re.match(r'; did you mean "(.*)"', hint)
        if meant is not None:
            self._about.add((*path[:-1], meant[1]))

    def _kind(self, error: Any, path: Path) -> str:
        kind, context = error["type"], error.get("ctx") or {}
        key = next((str(p) for p in reversed(path) if isinstance(p, str)), "")
        example = f": {key} = {_EXAMPLES[key]}" if key in _EXAMPLES else ""
        if kind == "missing":
            return (
                f"is missing{example}" if key != "check" else "is missing: add a [[check]] with name, urls and origins"
            )
        if kind == "literal_error":
            choices = [c.strip("' ") for c in context["expected"].replace(" or ", ", ").split(",")]
            return f"{self.shown(path)} is none of {', '.join(choices)}{_close(self.shown(path), choices)}"
        if kind in ("too_short", "string_too_short"):
            return f"is empty{example}"
        if kind == "date_type" and not self.shown(path).startswith('"'):
            return f"{self.shown(path)} must be a date without a time: 2030-12-31"
        if kind in ("greater_than_equal", "less_than_equal"):
            return f"{self.shown(path)} is not a status code: 200 to 599"
        if kind == "list_type" and key in ("check", "ignore"):
            return f"is an array of tables: write [[{key}]], in double brackets"
        if kind == "string_type" and isinstance(path[-1], int):
            return "must be a text: put it in quotes"
        return _KINDS.get(kind, str(error["msg"])) + (example if kind in ("list_type", "string_type") else "")


def _close(shown: str, choices: list[str]) -> str:
    close = difflib.get_close_matches(shown.strip('"').lower(), choices, 1, 0.5)
    return f'; did you mean "{close[0]}"?' if close else ""
