"""Validation of single policy values: origins, URLs, headers, codes and limits. Each message suggests a valid value.

Each table of the file is validated once, so that a mistake in the defaults is reported once and not for every check.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from corscheck.model.masking import mask_malformed_header
from corscheck.model.page_origin import check_origin
from corscheck.model.values import ConfigError
from corscheck.policy.complaints import nearest
from corscheck.policy.variables import has_variable
from corscheck.protocol.headers import is_token
from corscheck.protocol.origin import HTTP_SCHEMES, URLError, parse_url
from corscheck.protocol.safelist import is_forbidden_request_header
from corscheck.protocol.steps import CODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.policy.complaints import Complaints
    from corscheck.policy.model import PolicySettings
    from corscheck.policy.toml_lines import Path
    from corscheck.protocol.origin import URL
    from corscheck.protocol.outcome import Verdict
    from corscheck.protocol.request import Header, Headers

_COMPARISON = re.compile(r"(>=|<=|==|=|>|<)?\s*(\d{1,10})")
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)")
_WARNINGS = frozenset({"CORS120", "CORS121", "CORS420", "CORS520", "CORS521"})
"""Codes of remarks, which never block a request."""

DECIDING = tuple(code for code in CODES if code not in _WARNINGS and not code.startswith("CORS9"))
"""Codes that can be the reason for the verdict ``blocked`` or ``invalid``."""


class Limit(Struct, frozen=True):
    """A comparison with a number of seconds, e.g. ``>=600``."""

    sign: str
    seconds: int

    def holds(self, seconds: int) -> bool:
        """Whether ``seconds`` satisfies the comparison."""
        return _COMPARE[self.sign](seconds, self.seconds)

    def possible(self, cap: int | None) -> bool:
        """Whether any number of seconds from 0 to ``cap`` satisfies the comparison."""
        nearest_ones = {0, self.seconds, self.seconds + 1, max(self.seconds - 1, 0)}
        return any(self.holds(s) for s in nearest_ones if cap is None or s <= cap)

    def __str__(self) -> str:
        return f"{self.sign}{self.seconds}"


def limit(value: int | str) -> Limit | None:
    """Parse ``max-age`` as written in the file; None if it is not a comparison."""
    if isinstance(value, int):
        return Limit("=", value)
    found = _COMPARISON.fullmatch(value.strip())
    if found is None:
        return None
    return Limit({"==": "=", None: "="}.get(found[1], found[1]), int(found[2]))


def verdict_of(code: str) -> Verdict:
    """Return the verdict that a code leads to: ``invalid`` for CORS1xx, where ``fetch()`` throws before it sends."""
    return "invalid" if code.startswith("CORS1") else "blocked"


def code_fault(code: str) -> str | None:
    """Return why ``code`` cannot be the reason for a verdict, or None if it can."""
    if code in DECIDING:
        return None
    if code in _WARNINGS:
        return f'"{code}" is a remark, nothing is blocked because of it'
    if code in CODES:
        return f'"{code}" says that there is no verdict, so it can be none\'s reason'
    return (
        f'"{code}" is not a code (CORS301: {CODES["CORS301"].title}){nearest(code, DECIDING) if len(code) > 4 else ""}'
    )


def check_settings(settings: PolicySettings, path: Path, complaints: Complaints) -> None:
    """Report every invalid value in a table of settings."""
    for index, origin in enumerate(settings.origins or ()):
        try:
            check_origin(origin, "origin")
        except ConfigError as error:
            complaints.add((*path, "origins", index), str(error))
    invalid = settings.expect == "invalid" or (settings.because or "").startswith("CORS1")
    for index, method in enumerate(settings.methods or ()):
        if not is_token(method) and not invalid:
            complaints.add(
                (*path, "methods", index),
                f'"{method}" is not a method: letters like GET, PUT (each one an item of its own)',
            )
    if settings.because is not None and (fault := code_fault(settings.because)) is not None:
        complaints.add((*path, "because"), fault)
    if settings.max_age is not None and limit(settings.max_age) is None:
        complaints.add(
            (*path, "max-age"), f'{complaints.shown((*path, "max-age"))} is not a limit: write ">=600", "<600" or 600'
        )
    for key, names in (("exposes", settings.exposes), ("hides", settings.hides)):
        for index, name in enumerate(names or ()):
            if not is_token(name):
                complaints.add(
                    (*path, key, index), f'"{name}" is not a header name: name the header alone, "X-Request-Id"'
                )
    for name in {n.lower() for n in settings.exposes or ()} & {n.lower() for n in settings.hides or ()}:
        complaints.add((*path, "hides"), f'"{name}" is in exposes too: take it out of one of them')
    _check_headers(settings, path, complaints, invalid=invalid)


def _check_headers(settings: PolicySettings, path: Path, complaints: Complaints, *, invalid: bool) -> None:
    for key, line in _lines(settings.headers):
        at = (*path, "headers", key)
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            shown = mask_malformed_header(complaints.shown(at).strip('"'))
            complaints.add(at, f'"{shown}" is not a header line: write it as "Name: value"')
        elif not is_token(name.strip()) and not invalid:
            complaints.add(at, f'"{name.strip()}" is not a header name: letters, digits and hyphens')
        elif is_forbidden_request_header(name.strip(), value.strip()):
            complaints.add(at, f"a browser lets no script set {name.strip()}: take it out (it would be dropped)")


def _lines(headers: dict[str, str] | list[str] | None) -> list[tuple[str | int, str]]:
    """Normalize headers, a table or a list of lines, to pairs of (key in the file, ``Name:value`` line)."""
    if isinstance(headers, dict):
        return [(name, f"{name}:{value}") for name, value in headers.items()]
    return list(enumerate(headers or ()))


def header_pairs(headers: dict[str, str] | list[str] | None) -> Headers:
    """Return the headers as (name, value) pairs."""
    found: list[Header] = []
    for _, line in _lines(headers):
        name, _, value = line.partition(":")
        found.append((name.strip(), value.strip(" \t\r\n")))
    return tuple(found)


def variable_headers(raw: Any) -> frozenset[str]:
    """Return the lower-case names of headers whose value contains a variable in the file, and so may be secret."""
    if not isinstance(raw, (dict, list)):
        return frozenset()
    lines = _lines({k: str(v) for k, v in raw.items()} if isinstance(raw, dict) else [str(v) for v in raw])
    return frozenset(line.partition(":")[0].strip().lower() for _, line in lines if has_variable(line))


def _http_url(text: str) -> URL | None:
    try:
        url = parse_url(text)
    except URLError:
        return None
    return url if url.scheme in HTTP_SCHEMES else None


def base_url(text: str) -> str | None:
    """Return what is wrong with a ``base-url``, or None."""
    if _http_url(text) is None:
        return 'is not a base URL: scheme, host, perhaps a path, like "https://api.example.com/v1"'
    if "?" in text or "#" in text:
        return "has a query or a fragment, paths cannot be put behind it: take that away"
    return None


def via(text: str) -> str | None:
    """Return what is wrong with ``via``, or None."""
    url = _http_url(text)
    if url is None or url.target not in ("/", "") or url.has_credentials:
        return 'is not a base URL to send to: scheme, host and port, like "http://api:8000"'
    return None


def target(text: str, base: str | None, *, anything: bool) -> tuple[str, str | None]:
    """Resolve an item of ``urls``. Return the URL and what is wrong with it, or None.

    A path is appended to ``base-url`` and its path: "/users" and ".../v1" make ".../v1/users". ``anything`` accepts
    URLs that do not parse, for checks that expect ``fetch()`` to throw.
    """
    if not _SCHEME.match(text):
        if text[:1] not in ("/", "?") or text.startswith("//"):
            return "", f"is neither a URL nor a path: write https://{text.lstrip('/')} or /{text.lstrip('/')}"
        if base is None:
            return "", 'is a path, and there is no base-url: add base-url = "https://..." at the top'
        # The base is a valid URL, and appending a path or a query cannot make it invalid, so it is not parsed again.
        return base.rstrip("/") + text, None
    try:
        parse_url(text)
    except URLError:
        if not anything:
            return "", "is not a URL: expected scheme, host and path, like https://api.example.com/data"
    return text, None
