"""The URL that curl requests: its scheme, its globs, and the server that a Host header names."""

from __future__ import annotations

import re

from corscheck.protocol.origin import URLError, parse_url
from corscheck.sources.found import SourceError, quoted

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_GLOB = re.compile(r"\\([\[\]{}])|\{|\[(?:\d+-\d+|[a-z]-[a-z]|[A-Z]-[A-Z])(?::\d+)?\]")
"""A brace, or a range in brackets: other brackets are not globs (``ids[]=1``), and curl sends or refuses them."""

_ESCAPED = re.compile(r"\\([\[\]{}])")
_EMPTY_BRACKETS = re.compile(r"\\[\[\]{}]|\[\]")
_BRACKET = re.compile(r"[\[\]}]")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.%]+\]")


def complete_url(url: str, notes: list[str], *, glob: bool) -> str:
    """Return the URL that curl would request: add a missing scheme and undo glob escapes. Raises ``SourceError``."""
    if glob:
        hosts = [m for m in _IPV6.finditer(url) if "@" in url[: m.start()] or url[: m.start()][-1:] in ("", "/")]
        rest = url[hosts[0].end() :] if hosts else url
        for match in _GLOB.finditer(rest):
            if match[1] is None:
                raise SourceError(
                    f"{quoted(url)}: curl makes several URLs of {match[0]!r}: write a backslash in front, or add -g"
                )
        if refused := _BRACKET.search(_EMPTY_BRACKETS.sub("", rest)):
            notes.append(f"curl itself refuses the {refused[0]} of this URL without -g: it is sent as it stands")
        url = _ESCAPED.sub(r"\1", url)
    if not _SCHEME.match(url):
        notes.append(f"{url} has no scheme: taken as http://{url}, as curl does")
        url = f"http://{url}"
    return url


def judged_url(url: str, host: str | None) -> tuple[str, str | None]:
    """Return the URL to judge, and the origin to send to if the Host header names another server."""
    if host is None:
        return url, None
    try:
        sent = parse_url(url)
        judged = parse_url(f"{sent.scheme}://{host}{sent.target}")
    except URLError:
        return url, None
    if judged.origin == sent.origin or sent.origin == "null":
        return url, None
    return judged.href, sent.origin
