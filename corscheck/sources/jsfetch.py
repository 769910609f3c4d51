"""Parser for ``fetch(...)`` calls, written by hand or copied from Chrome and Firefox ("Copy as fetch").

The options are those of *RequestInit* in the Fetch Standard. Both browsers copy ``credentials: "include"`` if a cookie
or an Authorization header was sent and ``"omit"`` otherwise, whatever the page's code says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast, get_args

from corscheck.protocol.request import Credentials, Mode, Redirect
from corscheck.sources import author_headers
from corscheck.sources.found import FoundNetwork, FoundRequest, SourceError, place, quoted
from corscheck.sources.jsliteral import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.protocol.request import Header, Headers

_CALL = re.compile(r"\s*(?:(?:const|let|var)\s+[\w$]+\s*=\s*)?(?:await\s+)?(?:(?:window|globalThis)\.)?fetch\s*\(")
_TEXT = "text/plain;charset=UTF-8"
_CHOICES = {"credentials": get_args(Credentials), "mode": get_args(Mode), "redirect": get_args(Redirect)}
_OPTIONS = (
    "method", "headers", "body", "mode", "credentials", "redirect", "referrer", "referrerPolicy", "cache", "integrity",
    "keepalive", "signal", "priority", "window", "duplex", "targetAddressSpace",
)  # fmt: skip


def is_fetch(text: str) -> bool:
    """Whether a text starts like a call to ``fetch``."""
    return _CALL.match(text) is not None


def parse(text: str) -> Iterator[FoundRequest]:
    """Parse one or more calls into requests, in order. Raises ``SourceError``."""
    at = 0
    while True:
        call = _CALL.match(text, at)
        if call is None:
            raise SourceError(f"{place(text, at)}: expected a call of fetch()")
        reader = Reader(text, call.end())
        if reader.peek() not in ("'", '"', "`"):
            raise reader.error("the URL must be a text in quotes")
        url = reader.string()
        options: Any = {}
        start = reader.at
        if reader.peek() == ",":
            reader.take(",")
            reader.skip()
            start = reader.at
            if reader.peek() != ")":
                options = reader.value()
        if reader.peek() == ",":
            reader.take(",")
        reader.take(")")
        yield _asked(url, options, place(text, start))
        # Skip separators. A ".then" that uses the promise is not part of the request.
        while re.compile(r"\s*[;,]").match(text, reader.at):
            reader.take(reader.peek())
        reader.skip()
        at = reader.at
        if at >= len(text) or text.startswith(".then", at):
            return


def _asked(url: str, options: Any, where: str) -> FoundRequest:
    if options is None:
        options = {}
    if not isinstance(options, dict):
        raise SourceError(f"{where}: the options of fetch must be an object")
    for name in options:
        if name not in _OPTIONS:
            import difflib

            close = difflib.get_close_matches(name, _OPTIONS, 1, 0.5)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise SourceError(f"{where}: fetch has no option {quoted(name)}{meant}")
    for name, choices in _CHOICES.items():
        if options.get(name) is not None and options[name] not in choices:
            raise SourceError(f"{where}: {name} is {quoted(str(options[name]))}, not one of {', '.join(choices)}")
    for name in ("method", "body", "referrer"):
        if options.get(name) is not None and not isinstance(options[name], str):
            raise SourceError(f"{where}: {name} must be a text")
    headers = _headers(options.get("headers"), where)
    if referrer := options.get("referrer"):
        headers = (*headers, ("Referer", referrer))
    method = options.get("method") or "GET"
    found = author_headers.sort(headers, method, url)
    body = options.get("body")
    author = found.author
    if body is not None and not any(name.lower() == "content-type" for name, _ in author):
        author = (*author, ("Content-Type", _TEXT))
    credentials = options.get("credentials")
    notes = list(found.notes)
    if credentials == "omit" and "mode" in options:
        notes.append(
            'browsers copy credentials "omit" where no cookie went out, whatever the page\'s code says '
            "(--credentials include asks with them)"
        )
    if credentials is None and found.cookies is not None and not found.same_origin:
        credentials = "include"
    return FoundRequest(
        url=url,
        method=method,
        origin=found.origin,
        headers=author,
        body=body.encode("utf-8", "replace") if body is not None else None,
        credentials=cast("Credentials | None", credentials),
        mode=cast("Mode | None", options.get("mode")),
        redirect=cast("Redirect | None", options.get("redirect")),
        cookies=_isomorphic(found.cookies),
        network=FoundNetwork(user_agent=_isomorphic(found.user_agent)),
        notes=tuple(notes),
    )


def _isomorphic(text: str | None) -> str | None:
    """Return text that a browser, not script, sends in a header: one character per byte."""
    if text is None or text.isascii() or max(text) <= "\xff":
        return text
    return text.encode("utf-8", "replace").decode("latin-1")


def _headers(found: Any, where: str) -> Headers:
    """Read headers from an object of names and values, or from a list of pairs."""
    if found is None:
        return ()
    pairs = list(found.items()) if isinstance(found, dict) else found
    out: list[Header] = []
    if not isinstance(pairs, list):
        raise SourceError(f"{where}: headers must be an object, or a list of pairs")
    for pair in pairs:
        if not (isinstance(pair, (list, tuple)) and len(pair) == 2 and all(isinstance(p, (str, int)) for p in pair)):
            raise SourceError(f"{where}: headers: expected pairs of a name and a value")
        # A character above U+00FF is kept: fetch() throws for it, and the probe reports that.
        out.append((str(pair[0]), str(pair[1])))
    return tuple(out)
