"""Differences between the page's origin and a similar one: in one part, or in the spelling."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.protocol.origin import HTTP_SCHEMES, OPAQUE, URL, URLError, is_loopback_host, parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLACEHOLDERS = ("undefined", "none", "false", "true", "nil", "")
_TEMPLATE = re.compile(
    r"\$\{[^{}]*+\}|\{\{[^{}]*+\}\}|\$\([^()]*+\)|<%[^<>]*+>|%[A-Za-z_][\w]*%|\{[A-Za-z_]\w*\}|\$[A-Za-z_]\w*|"
    r"\[object \w+\]|process\.env\.\w+|<(?:no value|nil|none)>"
)
_PATTERN = re.compile(r"[\^\\*|]|\$$|\.\+|^/.+/[a-z]*$")


def quoted(values: Iterable[str], wanted: str) -> str | None:
    """Return the item of a list that is ``wanted``, or the wildcard, with quotes around it."""
    bare = {value.strip("\"'`[]"): value for value in values if value[:1] in "\"'`[" or value[-1:] in "\"'`]"}
    return next((value for name, value in bare.items() if name.lower() in (wanted.lower(), "*")), None)


def is_pattern(value: str) -> bool:
    """Whether a value is a pattern: it has an asterisk, or characters that only regular expressions have."""
    return _PATTERN.search(value) is not None


def residue(value: str) -> str | None:
    """Return what a value has that belongs to a configuration file: quotes, or a variable that nothing replaced."""
    bare = value.strip()
    if _TEMPLATE.search(bare):
        return "is a template variable that was not replaced; a setting is missing in this environment"
    if len(bare) > 1 and bare[0] in "\"'`" and (bare[-1] == bare[0] or bare[0] != "`"):
        inner = bare.strip("\"'`")
        if inner == "*":
            return "has quotes around the asterisk; only * without quotes is the wildcard"
        if inner != bare and is_placeholder(inner):
            return "is the placeholder of a missing setting, in quotes"
    return None


def spelling(value: str, origin: str) -> str | None:
    """Return how ``value`` misspells ``origin``; None if it is a different origin, or is spelled correctly."""
    bare = value.strip("\"'<>[]() ;")
    if value == origin or origin == OPAQUE:
        return None
    if bare == origin and value.strip()[:1] in ("'", '"'):
        return "has quotes around it"
    if bare == origin:
        return "has extra characters around it"
    if bare.lower() == origin:
        return "has uppercase letters"
    if bare.rstrip("/") == origin:
        return "ends with a slash"
    if bare.startswith((f"{origin}/", f"{origin}?")):
        return "has a path"
    if bare.rstrip("/") == origin.partition("://")[2]:
        return "has no scheme"
    named = _parsed(bare)
    if named is not None and named.origin == origin:
        return (
            "includes the default port"
            if bare.rpartition(":")[2].strip("/").isdigit()
            else "is not serialized as an origin"
        )
    return None


def difference(value: str, origin: str) -> str | None:
    """Return the one part in which an origin differs from the page's; None if more than one part differs."""
    theirs, ours = _parsed(value), _parsed(origin)
    if theirs is None or ours is None or theirs.scheme not in HTTP_SCHEMES:
        return None
    parts = [
        theirs.scheme != ours.scheme,
        theirs.host != ours.host,
        # A default port is None, so a different scheme alone does not count as a different port.
        theirs.port != ours.port,
    ]
    if parts == [True, False, False]:
        return f"the scheme: {theirs.scheme}, not {ours.scheme}"
    if parts == [False, False, True]:
        return f"the port: {theirs.effective_port}, not {ours.effective_port}"
    if parts == [False, True, False]:
        return _hosts(theirs.host, ours.host)
    return None


def is_placeholder(value: str) -> bool:
    """Whether a value is what programs print for a missing setting, such as ``undefined``."""
    return value.strip().lower() in _PLACEHOLDERS


def _hosts(theirs: str, ours: str) -> str | None:
    if theirs == f"www.{ours}" or ours == f"www.{theirs}":
        return f"www: {theirs}, not {ours}"
    if is_loopback_host(theirs) and is_loopback_host(ours):
        return f"the host: {theirs} and {ours} are different origins, even on the same machine"
    return None


def _parsed(text: str) -> URL | None:
    try:
        return parse_url(text)
    except URLError:
        return None
