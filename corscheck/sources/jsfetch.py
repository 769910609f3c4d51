"""Parser for ``fetch(...)`` calls, written by hand or copied from Chrome, Firefox ("Copy as fetch") and Postman.

The options are those of *RequestInit* in the Fetch Standard. Both browsers copy ``credentials: "include"`` if a cookie
or an Authorization header was sent and ``"omit"`` otherwise, whatever the page's code says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast, get_args
from urllib.parse import urlencode

from corscheck.protocol.request import Credentials, Mode, Redirect
from corscheck.sources import author_headers, typographic
from corscheck.sources.found import FoundNetwork, FoundRequest, SourceError, place, quoted
from corscheck.sources.jsliteral import PairList, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.protocol.request import Header, Headers

_BLANK = r"(?:\s|//[^\n]*\n|/\*.*?\*/)*+"
_CALL = re.compile(
    _BLANK + r"(?:(?:const|let|var)\s+[\w$]+\s*=\s*)?(?:await\s+)?(?:(?:window|globalThis)\.)?fetch\s*\(", re.DOTALL
)
_DECLARATION = re.compile(_BLANK + r"(?:const|let|var)\s+([\w$]+)\s*=\s*(?!=)", re.DOTALL)
_APPEND = re.compile(_BLANK + r"([\w$]+)\.(?:append|set)\s*\(", re.DOTALL)
_TRY = re.compile(_BLANK + r"try\s*\{", re.DOTALL)
_FILE = re.compile(r"\s*[\w$]+(?:\.[\w$]+|\[\d+\])+")
_LATER_CALL = re.compile(r"\bfetch\s*\(")
_TEXT = "text/plain;charset=UTF-8"
_CHOICES = {"credentials": get_args(Credentials), "mode": get_args(Mode), "redirect": get_args(Redirect)}
_NOT_CORS = {"navigate": "a navigation", "websocket": "a WebSocket handshake"}
"""Modes that browsers copy, and that no script can ask for."""

_OPTIONS = (
    "method", "headers", "body", "mode", "credentials", "redirect", "referrer", "referrerPolicy", "cache", "integrity",
    "keepalive", "signal", "priority", "window", "duplex", "targetAddressSpace",
)  # fmt: skip


def is_fetch(text: str) -> bool:
    """Whether a text starts like a call to ``fetch``, or declares variables for one."""
    if _CALL.match(text) is not None:
        return True
    return _DECLARATION.match(text) is not None and _LATER_CALL.search(text) is not None


def parse(text: str) -> Iterator[FoundRequest]:
    """Parse one or more calls into requests, in order. Raises ``SourceError``.

    Before a call may stand what Postman writes there: variables that hold literals, and ``.append()`` to them.
    """
    reader = Reader(text)
    found = False
    while True:
        if call := _CALL.match(text, reader.at):
            reader.at = call.end()
            yield _call(reader)
            found = True
            # Skip separators. A ".then" that uses the promise is not part of the request.
            while re.compile(r"\s*[;,]").match(text, reader.at):
                reader.take(reader.peek())
            reader.skip()
            if text.startswith(".then", reader.at):
                return
        elif found and not _LATER_CALL.search(text, reader.at):
            return
        elif not _statement(reader):
            raise SourceError(f"{place(text, reader.at)}: expected a call of fetch()")


def _statement(reader: Reader) -> bool:
    """Skip a declaration, an ``append()`` or the head of a ``try``. Return whether there was one."""
    text = reader.text
    if declared := _DECLARATION.match(text, reader.at):
        reader.at = declared.end()
        if reader.peek() in ("{", "[", "'", '"', "`") or text.startswith(("new ", "JSON."), reader.at):
            reader.variables[declared[1]] = reader.value()
        else:
            # A value that only a program knows: using it is an error with its own position.
            reader.at = min(
                end for end in (text.find(";", reader.at), text.find("\n", reader.at), len(text)) if end >= 0
            )
    elif (appended := _APPEND.match(text, reader.at)) and isinstance(to := reader.variables.get(appended[1]), PairList):
        reader.at = appended.end()
        name = reader.value()
        reader.take(",")
        if to.kind == "FormData" and (file := _FILE.match(text, reader.at)):
            # The content of a file changes no verdict.
            reader.at = file.end()
            value: Any = ""
        else:
            value = reader.value()
        while reader.peek() == ",":
            reader.take(",")
            reader.value()
        reader.take(")")
        to.pairs.append((name, value))
    elif head := _TRY.match(text, reader.at):
        reader.at = head.end()
        return True
    else:
        return False
    while reader.peek() == ";":
        reader.take(";")
    return True


def _call(reader: Reader) -> FoundRequest:
    """Parse the arguments of a call, from behind its parenthesis."""
    if reader.peek() in ("'", '"', "`"):
        url = reader.string()
    elif (word := re.compile(r"[\w$]+").match(reader.text, reader.at)) and isinstance(
        reader.variables.get(word[0]), str
    ):
        url = reader.value()
    elif reader.peek() in typographic.NAMES:
        raise reader.error(typographic.describe(reader.peek()))
    else:
        raise reader.error("the URL must be a text in quotes")
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
    return _asked(url, options, place(reader.text, start))


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
    not_cors = _NOT_CORS.get(str(options.get("mode")))
    for name, choices in _CHOICES.items():
        if name == "mode" and not_cors is not None:
            continue
        if options.get(name) is not None and options[name] not in choices:
            raise SourceError(f"{where}: {name} is {quoted(str(options[name]))}, not one of {', '.join(choices)}")
    body, form, content_type = _body(options.get("body"), where)
    for name in ("method", "referrer"):
        if options.get(name) is not None and not isinstance(options[name], str):
            raise SourceError(f"{where}: {name} must be a text")
    headers = _headers(options.get("headers"), where)
    if referrer := options.get("referrer"):
        headers = (*headers, ("Referer", referrer))
    method = options.get("method") or "GET"
    found = author_headers.sort(headers, method, url)
    author = found.author
    if content_type is not None and not any(name.lower() == "content-type" for name, _ in author):
        author = (*author, ("Content-Type", content_type))
    credentials = options.get("credentials")
    notes = list(found.notes)
    if credentials == "omit" and "mode" in options:
        notes.append(
            'browsers copy credentials "omit" where no cookie went out, whatever the page\'s code says '
            "(--credentials include sends them)"
        )
    if credentials is None and found.cookies is not None and not found.same_origin:
        credentials = "include"
    return FoundRequest(
        url=url,
        method=method,
        origin=found.origin,
        headers=author,
        body=body,
        form=form,
        credentials=cast("Credentials | None", credentials),
        mode=cast("Mode | None", options.get("mode")) if not_cors is None else None,
        redirect=cast("Redirect | None", options.get("redirect")),
        cookies=_isomorphic(found.cookies),
        network=FoundNetwork(user_agent=_isomorphic(found.user_agent)),
        notes=tuple(notes),
        not_cors=not_cors or found.not_cors,
    )


def _body(value: Any, where: str) -> tuple[bytes | None, tuple[str, ...], str | None]:
    """Return the body, or the values of a form like curl's ``-F``, and the Content-Type that ``fetch()`` adds."""
    if value is None:
        return None, (), None
    if isinstance(value, str):
        return value.encode("utf-8", "replace"), (), _TEXT
    if not isinstance(value, PairList) or value.kind == "Headers":
        raise SourceError(f"{where}: body must be a text")
    pairs = [(str(name), str(text)) for name, text in value.pairs]
    if value.kind == "URLSearchParams":
        return urlencode(pairs).encode(), (), "application/x-www-form-urlencoded;charset=UTF-8"
    # In -F, these characters would begin the name of a file; no verdict depends on the value.
    return None, tuple(f"{name}={text.lstrip('@<').partition(';')[0]}" for name, text in pairs), None


def _isomorphic(text: str | None) -> str | None:
    """Return text that a browser, not script, sends in a header: one character per byte."""
    if text is None or text.isascii() or max(text) <= "\xff":
        return text
    return text.encode("utf-8", "replace").decode("latin-1")


def _headers(found: Any, where: str) -> Headers:
    """Read headers from an object of names and values, or from a list of pairs."""
    if found is None:
        return ()
    pairs = list(found.items()) if isinstance(found, dict) else found.pairs if isinstance(found, PairList) else found
    out: list[Header] = []
    if not isinstance(pairs, list):
        raise SourceError(f"{where}: headers must be an object, or a list of pairs")
    for pair in pairs:
        if not (isinstance(pair, (list, tuple)) and len(pair) == 2 and all(isinstance(p, (str, int)) for p in pair)):
            raise SourceError(f"{where}: headers: expected pairs of a name and a value")
        # A character above U+00FF is kept: fetch() throws for it, and the probe reports that.
        out.append((str(pair[0]), str(pair[1])))
    return tuple(out)
