"""Generation of a policy from results: checks for what holds today, and comments with expectations worth adding.

Equal results are grouped into matrices. The only server-controlled text in the policy is header names that are valid
tokens, and numbers.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from corscheck.model.masking import mask_url, secret_parameters
from corscheck.model.values import DEFAULT_GATE
from corscheck.protocol.filtering import SAFELISTED
from corscheck.protocol.headers import is_token
from corscheck.protocol.origin import parse_url
from corscheck.protocol.steps import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from corscheck.model.result import Result
    from corscheck.protocol.request import Header, Headers

STRANGER = "https://stranger.example"
"""An origin that no server has on its allow list. What it may do, any page on the web may do."""

VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A variable in the text of a policy."""

_WIDTH = 100


class CheckGroup(Struct, frozen=True):
    """Equal results of one URL, for all its origins and methods. ``code`` is the reason if the verdict is not allowed.

    ``documented`` are the response headers that the API description documents.
    """

    url: str
    origins: tuple[str, ...]
    methods: tuple[str, ...]
    credentials: str
    headers: Headers
    verdict: str
    code: str | None
    results: tuple[Result, ...]
    documented: tuple[str, ...] = ()


def policy(
    results: Sequence[Result],
    *,
    via: str | None = None,
    secret: Iterable[Header] = (),
    samples: Iterable[str] = (),
    documented: Mapping[tuple[str, str], tuple[str, ...]] | None = None,
) -> str:
    """Return the text of a policy that the results satisfy.

    ``secret`` holds the headers (lower-case name, value) whose values become variables. ``samples`` are URLs that hold sample
    values and no secrets. ``documented`` maps (URL, method) to the response headers that script should be able to read.
    """
    base = _base(r.url for r in results)
    clear = [r for r in results if _agreed(r)]
    unclear = [r for r in results if not _agreed(r)]
    lines = list(_head(base, via))
    names: set[str] = set()
    for groups in _same(list(_groups(clear, documented or {}))):
        lines += ["", *_check(groups, base, names, frozenset(secret), frozenset(samples))]
    for result in unclear:
        lines += ["", *_left_out(result)]
    lines += ["", *_TAIL]
    return "\n".join(lines) + "\n"


_TAIL = (
    "# A failure that is known, and until when it is to be put up with:",
    "# [[ignore]]",
    '# check = "name of a check"',
    '# reason = "fixed with the next release of the gateway"',
    "# expires = 2030-12-31",
)


def _head(base: str | None, via: str | None) -> Iterator[str]:
    yield "#:schema ./corscheck.schema.json"
    yield "# An editor that reads the line above completes and checks this file, given that file:"
    yield "#   corscheck schema policy > corscheck.schema.json"
    yield "#"
    yield "# What held when this was written. Take out what does not matter, tighten what does, and let CI run"
    yield "#   corscheck run --wait-for 30"
    if base is not None or via is not None:
        yield ""
    if base is not None:
        yield f"base-url = {_text(base)}"
    if via is not None:
        yield f"via = {_text(via)}"
    yield ""
    yield "# Another deployment, for corscheck run --env staging:"
    yield "# [env.staging]"
    yield '# base-url = "https://staging.example.com"'


def _agreed(result: Result) -> bool:
    """Whether all engines of the gate have the same verdict, and it is not inconclusive."""
    verdicts = {result.engines[name].verdict for name in result.gate}
    return verdicts == {result.verdict} and result.verdict != "inconclusive"


def _code(result: Result) -> str | None:
    codes = {result.engines[name].code for name in result.gate}
    return next(iter(codes)) if len(codes) == 1 else None


def _groups(results: Sequence[Result], documented: Mapping[tuple[str, str], tuple[str, ...]]) -> Iterator[CheckGroup]:
    """Group equal results. Methods with the same outcome for the same origins share a group."""
    tables: dict[tuple[Any, ...], dict[str, list[Result]]] = {}
    for r in results:
        # The send policy is part of the key, so that methods tested by preflight only are not mixed with sent ones.
        promised = documented.get((r.url, r.method), ())
        key = (r.url, r.credentials, r.headers, r.verdict, _code(r), r.send, r.origin == STRANGER, promised)
        tables.setdefault(key, {}).setdefault(r.method, []).append(r)
    for (url, credentials, headers, verdict, code, _, _, promised), by_method in tables.items():
        by_origins: dict[tuple[str, ...], list[list[Result]]] = {}
        for found in by_method.values():
            by_origins.setdefault(tuple(r.origin for r in found), []).append(found)
        for origins, columns in by_origins.items():
            methods = tuple(column[0].method for column in columns)
            every = tuple(r for column in columns for r in column)
            yield CheckGroup(url, origins, methods, credentials, headers, verdict, code, every, promised)


def _same(groups: list[CheckGroup]) -> list[list[CheckGroup]]:
    """Collect groups that differ only in their URL, in order of appearance."""
    found: dict[tuple[Any, ...], list[CheckGroup]] = {}
    for g in groups:
        facts = tuple(_facts(g))
        found.setdefault((g.origins, g.methods, g.credentials, g.headers, g.verdict, g.code, facts), []).append(g)
    return list(found.values())


def _check(
    groups: list[CheckGroup], base: str | None, names: set[str], secret: frozenset[Header], samples: frozenset[str]
) -> Iterator[str]:
    first = groups[0]
    yield from _remarks(first)
    yield "[[check]]"
    yield f"name = {_text(_name(groups, base, names))}"
    yield from _list(
        "urls", [_short(g.url, base) if g.url in samples else _without_secrets(_short(g.url, base)) for g in groups]
    )
    yield from _list("origins", first.origins)
    if first.methods != ("GET",):
        yield from _list("methods", first.methods)
    if first.headers:
        pairs = [f"{n}: {'${' + _variable(n) + '}' if (n.lower(), v) in secret else v}" for n, v in first.headers]
        yield from _list("headers", pairs)
    if first.credentials != "same-origin":
        yield f"credentials = {_text(first.credentials)}"
    if first.verdict != "allowed" and first.code is None:
        yield f"expect = {_text(first.verdict)}"
    elif first.code is not None:
        yield f"because = {_text(first.code)}  # {CODES[first.code].title}"
    yield from _facts(first)


def _name(groups: list[CheckGroup], base: str | None, names: set[str]) -> str:
    """Return a name that is unique in the file, e.g. ``https://app.example may PUT /data``."""
    first = groups[0]
    who = "any page" if first.origins == (STRANGER,) else first.origins[0]
    who = who if len(first.origins) == 1 else f"{len(first.origins)} origins"
    may = "may" if first.verdict == "allowed" else "may not"
    what = mask_url(_short(first.url, base)) if len(groups) == 1 else f"{len(groups)} URLs"
    login = {"include": " with credentials", "omit": " without credentials"}.get(first.credentials, "")
    name = f"{who} {may} {', '.join(first.methods)} {what}{login}"
    number, unique = 2, name
    while unique in names:
        unique, number = f"{name} ({number})", number + 1
    names.add(unique)
    return unique


def _remarks(group: CheckGroup) -> Iterator[str]:
    """Yield comments with cautions for the reader of the policy."""
    allowed = group.verdict == "allowed"
    held = any(not r.complete for r in group.results)
    if STRANGER in group.origins and allowed and group.credentials == "include":
        yield "# CAUTION: any page on the web may do this with the credentials of its visitor."
    elif STRANGER in group.origins and allowed:
        yield "# Any page on the web may do this: fine for what is public."
    if held:
        yield '# By the preflight alone; on a server that may be changed, send = "always" tests the rest.'


def _facts(group: CheckGroup) -> Iterator[str]:
    """Yield the expectations that all results of a group meet, and comments with ones that could be added."""
    if group.verdict != "allowed":
        return
    results = group.results
    if len({r.preflight.sent for r in results}) == 1 and results[0].response is not None:
        yield f"preflight = {_text('sent' if results[0].preflight.sent else 'none')}"
    seconds = [s for r in results for n, s in r.preflight.cache_seconds.items() if n in DEFAULT_GATE]
    if seconds and all(r.preflight.sent for r in results):
        yield f'max-age = ">={min(seconds)}"'
    if any(r.response is None or r.response.type != "cors" for r in results):
        return
    answers = [dict(_last(r)) for r in results]
    statuses = {r.response.status for r in results if r.response is not None}
    if len(statuses) == 1 and 200 <= min(statuses) <= 599:
        yield f"status = {min(statuses)}"
    readable = set.intersection(*({n for n in r.readable_headers if n not in SAFELISTED} for r in results))
    if readable:
        yield from _list("exposes", sorted(n for n in readable if is_token(n)))
    unread = [
        n for n in group.documented if n.lower() not in set.intersection(*(set(r.readable_headers) for r in results))
    ]
    if unread:
        yield "# " + " ".join(_list("exposes", unread)) + "  (documented; script cannot read it today)"
    hidden = {n for a, r in zip(answers, results, strict=True) for n in a if n not in r.readable_headers}
    custom = sorted(n for n in hidden if n.startswith("x-") and is_token(n))
    if custom:
        yield "# " + " ".join(_list("hides", custom))
    varies = ["origin" in _names(a.get("vary", "")) for a in answers]
    if all(varies):
        yield "vary-origin = true"
    elif any(a.get("access-control-allow-origin") != "*" for a in answers):
        yield "# vary-origin = true  (not so today: a cache may serve this response to another origin)"


def _names(value: str) -> set[str]:
    return {part.strip().lower() for part in value.split(",")}


def _last(result: Result) -> Iterator[tuple[str, str]]:
    """Yield the headers of the last actual response, with lower-case names and joined values."""
    found: dict[str, str] = {}
    for exchange in result.exchanges:
        if exchange.kind == "actual" and exchange.response is not None:
            found = {}
            for name, value in exchange.response.headers:
                found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
    yield from found.items()


def _left_out(result: Result) -> Iterator[str]:
    what = f"{result.method} {mask_url(result.url)} from {result.origin}, credentials {result.credentials}"
    verdicts = ", ".join(f"{name} {result.engines[name].verdict}" for name in result.gate)
    yield f"# Not written down, since it is not the same for all: {_safe(what)}: {verdicts}"


def _safe(text: str) -> str:
    """Escape text for a one-line comment: unprintable characters become ``?``."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _without_secrets(url: str) -> str:
    """Replace the values of secret-looking query parameters with variables."""
    return "".join(text + ("${" + _variable(name) + "}" if name else "") for text, name in secret_parameters(url))


def _variable(name: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in name).upper()


def _base(urls: Iterable[str]) -> str | None:
    """Return the origin that all URLs share, or None."""
    origins = {parse_url(url).origin for url in urls}
    return next(iter(origins)) if len(origins) == 1 else None


def _short(url: str, base: str | None) -> str:
    """Return the URL as a path relative to the base, or unchanged if it is not below it."""
    rest = url.removeprefix(base) if base is not None else url
    return rest if rest.startswith("/") and not rest.startswith("//") else url


def _text(value: str) -> str:
    """Quote a TOML string: JSON escapes are valid in TOML. Unprintable characters are escaped, for terminals.

    A lone surrogate, which TOML cannot express, becomes U+FFFD.
    """
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(ord(c)) for c in text)


def _escaped(code: int) -> str:
    if 0xD800 <= code <= 0xDFFF:
        code = 0xFFFD
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _list(key: str, items: Sequence[str]) -> Iterator[str]:
    """Format a list on one line, or with one item per line if it is too long."""
    texts = [_text(item) for item in items]
    line = f"{key} = [{', '.join(texts)}]"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{key} = ["
    yield from (f"  {text}," for text in texts)
    yield "]"
