"""Replacement of ``${NAME}`` in the strings of a policy with environment variables.

A missing variable is an error, never an empty string. ``$${`` is an escaped ``${``. Keys, numbers and comments are not
changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from corscheck.model.hidden import hide, hide_after, mask_hidden
from corscheck.model.secret_names import means_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from corscheck.policy.complaints import Complaints
    from corscheck.policy.toml_lines import Path

_USE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|\$\{(?P<rest>[^}\"]*\}?)")

_PLACE = re.compile(
    r"(?:^|_)(?:URL|URI|HOST|HOSTNAME|ORIGINS?|DOMAIN|PORT|BASE|PATH|ENDPOINT|ADDRESS|NAME)$", re.IGNORECASE
)

_HOST_BEFORE = re.compile(r"://[^/]*/")

_HOOK = re.compile(r"(?:^|_)(?:WEB)?HOOK(?:$|_)", re.IGNORECASE)
"""Who knows the URL of a web hook may call it."""

_PARAMETER = re.compile(r"[?&#][^?&#=${}]*=\Z")


def has_variable(text: str) -> bool:
    """Whether a string contains a variable."""
    return any(m["name"] for m in _USE.finditer(text))


def hide_secrets(data: Any, environment: Mapping[str, str]) -> None:
    """Mask, from now on, the values of the variables in a policy that are secrets: by their name, and by their place.

    Secret is what stands in a header, a body, a query or user information, unless it stands in a host, too: a report
    without the host that was asked is of no use. What a name such as ``API_TOKEN`` calls a secret is one everywhere,
    but in an origin, which no page keeps secret. In a query even a short value is masked.
    """
    named, placed, shown, origins = (set[str]() for _ in range(4))
    queries: set[tuple[str, str]] = set()
    for name, path, before, after in _uses(data, ()):
        value = environment.get(name)
        if value is None:
            continue
        if "origins" in path:
            found = origins
        elif _is_secret(name):
            found = named
        elif _stands_hidden(path, before, after):
            found = placed
        else:
            found = set() if _HOST_BEFORE.search(before) or before.startswith("/") else shown
        found.add(value)
        parameter = _PARAMETER.search(before)
        if parameter is not None:
            queries.add((parameter[0], value))
    hide(named - origins, sure=True)
    hide(placed - shown - origins)
    hide_after(queries)


def _uses(value: Any, path: Path) -> Iterator[tuple[str, Path, str, str]]:
    """Yield each variable with its place: the path of the text, and what stands before and after it."""
    if isinstance(value, str):
        for use in _USE.finditer(value):
            if use["name"] is not None:
                yield use["name"], path, value[: use.start()], value[use.end() :]
    elif isinstance(value, (list, dict)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _uses(part, (*path, key))


def _is_secret(name: str) -> bool:
    """Whether a variable's name says that it holds a secret. AUTH_URL and TOKEN_HOST are places, a hook's URL is none."""
    return _HOOK.search(name) is not None or (means_secret(name) and not _PLACE.search(name))


def _stands_hidden(path: Path, before: str, after: str) -> bool:
    if "headers" in path or "body" in path:
        return True
    return "?" in before or "#" in before or "@" in after.partition("/")[0]


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
            faults.append(f"{found[0]!r} is not a variable: write ${{NAME}}, or $${{ for the characters themselves")
        elif name not in environment:
            faults.append(f"${{{name}}} is not set: export a value for {name} before the run")
        else:
            complaints.filled[environment[name]] = found[0]
            return environment[name]
        return found[0]

    made = _USE.sub(one, text)
    if faults:
        complaints.unset(path, "; ".join(dict.fromkeys(faults)))
    # Reports tell checks and ignores by these, and show them as they are.
    return mask_hidden(made) if path[-1:] in (("name",), ("reason",), ("check",)) else made
