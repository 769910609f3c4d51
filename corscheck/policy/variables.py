"""Replacement of ``${NAME}`` in the strings of a policy with environment variables.

A missing variable is an error, never an empty string. ``$${`` is an escaped ``${``. Keys, numbers and comments are not
changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.policy.complaints import Complaints
    from corscheck.policy.toml_lines import Path

_USE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|\$\{(?P<rest>[^}\"]*\}?)")


def has_variable(text: str) -> bool:
    """Whether a string contains a variable."""
    return any(m["name"] for m in _USE.finditer(text))


def filled(value: Any, environment: Mapping[str, str], complaints: Complaints, path: Path = ()) -> Any:
    """Return the value with all variables replaced. Missing and malformed variables are reported to ``complaints``."""
    if isinstance(value, str):
        return _text(value, environment, complaints, path) if "${" in value else value
    if isinstance(value, list):
        return [filled(v, environment, complaints, (*path, i)) for i, v in enumerate(value)]
    if isinstance(value, dict):
        return {k: filled(v, environment, complaints, (*path, k)) for k, v in value.items()}
    return value


def _text(text: str, environment: Mapping[str, str], complaints: Complaints, path: Path) -> str:
    faults: list[str] = []

    def one(found: re.Match[str]) -> str:
        name = found["name"]
        if found[0] == "$${":
            return "${"
        if name is None:
            faults.append(f"{found[0]!r} is no variable: write ${{NAME}}, or $${{ for the characters themselves")
        elif name not in environment:
            faults.append(f"${{{name}}} is not set: export {name}=... before the run")
        else:
            return environment[name]
        return found[0]

    made = _USE.sub(one, text)
    if faults:
        complaints.unset(path, "; ".join(dict.fromkeys(faults)))
    return made
