"""Parser for curl commands, written by hand or copied from a browser ("Copy as cURL (bash)").

Options have the meaning that the curl manual gives them, and ``author_headers`` interprets headers. An unsupported
option is an error, because without it the request would differ. The caller passes in ``read``, which reads the files of
``@file``. ``--print-curl`` is the inverse of this module.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes

from msgspec import Struct, field
from msgspec.structs import replace

from corscheck.model.hidden import MASK
from corscheck.model.masking import mask_malformed_header
from corscheck.model.values import LONGEST_TIME
from corscheck.protocol.safelist import is_safelisted_method
from corscheck.sources import author_headers
from corscheck.sources.curloptions import LONG, SHORT, Option, near
from corscheck.sources.curlurls import complete_url, judged_url
from corscheck.sources.found import FoundNetwork, FoundRequest, SourceError, place, quoted
from corscheck.sources.shell import Word, commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from corscheck.protocol.request import Header, Headers

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_WRAPPERS = ("sudo", "doas", "time", "env", "command", "exec", "nohup", "nice", "winpty", "watch", "timeout", "strace")
_URLENCODED = "application/x-www-form-urlencoded"
_FLAGS = ("insecure", "http2", "ipv4", "ipv6")


def parse(text: str, read: Callable[[str], bytes], variables: Mapping[str, str]) -> Iterator[FoundRequest]:
    """Parse one or more commands into requests of a page, in order, one per URL. Raises ``SourceError``."""
    return map(_found, sent(text, read, variables))


def sent(text: str, read: Callable[[str], bytes], variables: Mapping[str, str]) -> Iterator[SentRequest]:
    """Parse one or more commands into the requests that curl sends. Raises ``SourceError``."""
    for command in commands(text, variables):
        words = _unwrapped(command)
        if not _is_curl(words[0]):
            raise SourceError(
                f"{place(text, words[0].offset)}: no curl command, it starts with {quoted(words[0].text)}"
            )
        yield from _Command(text, words[1:], read).requests()


def _found(sent: SentRequest) -> FoundRequest:
    """Return the request of a page that curl was told to send."""
    notes = list(sent.notes)
    found = author_headers.sort(sent.headers, sent.method, sent.url)
    judged, via = judged_url(sent.url, found.host)
    if via is not None:
        notes.append(f"the header Host names another server: judged as {judged}, sent to {via} (--via)")
    if sent.method == "OPTIONS" and found.asked is None:
        notes.append(
            "OPTIONS without Access-Control-Request-Method is not a preflight, and servers need not treat it as one: "
            "tested as a page's own OPTIONS request (for the preflight of a PUT, add "
            "-H 'Access-Control-Request-Method: PUT')"
        )
    asked = FoundRequest(
        url=judged,
        method=sent.method,
        origin=found.origin,
        headers=found.author,
        body=sent.body,
        form=sent.form,
        credentials="include" if found.cookies is not None and not found.same_origin else None,
        mode=found.mode,
        cookies=found.cookies,
        login=sent.login,
        via=via,
        network=replace(sent.network, user_agent=found.user_agent),
        notes=(*notes, *found.notes),
        not_cors=found.not_cors,
    )
    if found.asked is None:
        return asked
    method, wanted = found.asked
    forced = is_safelisted_method(method) and not wanted
    return replace(
        asked,
        method=method,
        headers=wanted,
        upload_listener=forced,
        # Chromium forces a preflight only for a request with a body.
        body=b"" if forced and method == "POST" else asked.body,
        notes=(*asked.notes, f"this is a preflight: the {method} that it belongs to is what is tested"),
    )


def _unwrapped(words: list[Word]) -> list[Word]:
    """Return the words from the name of curl on, without ``sudo -u me``, ``time``, ``VAR=x`` and ``env X=y``."""
    first = words[0].text
    if first.rpartition("/")[2] in _WRAPPERS or _ASSIGNMENT.match(first):
        for index, word in enumerate(words):
            if _is_curl(word):
                return words[index:]
    return words


def _is_curl(word: Word) -> bool:
    return word.text.replace("\\", "/").rpartition("/")[2].lower() in ("curl", "curl.exe")


class _Parts(Struct):
    """The options of one request group, up to ``--next``."""

    urls: list[str] = field(default_factory=list)
    method: str | None = None
    headers: list[Header] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    data: list[bytes] = field(default_factory=list)
    has_data: bool = False
    json: bool = False
    form: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    query: list[bytes] = field(default_factory=list)
    user: str | None = None
    flags: set[str] = field(default_factory=set)
    network: dict[str, Any] = field(default_factory=dict)
    user_agent: str | None = None


class SentRequest(Struct, frozen=True):
    """One request as curl sends it. ``keeps_method``: -X was given, which holds for redirects, too.

    ``follows`` says whether curl follows redirects, ``form`` holds the values of ``-F``, ``login`` user and password.
    """

    url: str
    method: str
    headers: Headers
    body: bytes | None = None
    form: tuple[str, ...] = ()
    login: tuple[str, str] | None = None
    keeps_method: bool = False
    follows: bool = False
    network: FoundNetwork = field(default_factory=FoundNetwork)
    notes: tuple[str, ...] = ()


class _Command(Struct):
    text: str
    words: Sequence[Word]
    read: Callable[[str], bytes]
    parts: _Parts = field(default_factory=_Parts)
    at: int = 0

    def requests(self) -> Iterator[SentRequest]:
        found = list(self._options())
        if not found:
            start = self.words[0].offset if self.words else 0
            raise SourceError(f"{place(self.text, start)}: the command names no URL")
        yield from found

    def _options(self) -> Iterator[SentRequest]:
        plain = False
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            if plain or not word.text.startswith("-") or word.text == "-":
                self.parts.urls.append(word.text)
            elif word.text == "--":
                plain = True
            elif word.text.startswith("--"):
                yield from self._long(word)
            else:
                yield from self._short(word)
        yield from map(self._sent, self.parts.urls)

    def _long(self, word: Word) -> Iterator[SentRequest]:
        name, equals, value = word.text[2:].partition("=")
        option = LONG.get(name) or LONG.get(name.removeprefix("no-")) or _beginning(name)
        if option is None:
            raise self._error(word, f"curl has no option --{name}{near(name)}")
        if option.name != name and name == f"no-{option.name}":
            if option.value:
                raise self._error(word, f"curl has no option --{name}")
            self.parts.flags.discard(option.name)
            return
        yield from self._take(word, option, value if equals else None)

    def _short(self, word: Word) -> Iterator[SentRequest]:
        """Parse combined short options: ``-sSLH 'Name: value'``, ``-XPUT``."""
        rest = word.text[1:]
        while rest:
            option = SHORT.get(rest[0])
            if option is None:
                raise self._error(word, f"curl has no option -{rest[0]} (in {quoted(word.text)})")
            rest = rest[1:]
            attached = rest if option.value and rest else None
            yield from self._take(word, option, attached)
            if option.value:
                return

    def _take(self, word: Word, option: Option, value: str | None) -> Iterator[SentRequest]:
        if option.use == "refused":
            why = f": {option.why}" if option.why is not None else ""
            raise self._error(word, f"{option.shown} has no equal here{why}")
        if option.name == "next":
            yield from map(self._sent, self.parts.urls)
            self.parts = _Parts()
            return
        if not option.value:
            if value is not None:
                raise self._error(word, f"{option.shown} takes no value")
            self.parts.flags.add(option.name)
            return
        if value is None:
            if self.at >= len(self.words):
                raise self._error(word, f"{option.shown} has no value")
            value = self.words[self.at].text
            self.at += 1
        if option.use == "used":
            self._use(word, option.name, value)

    def _use(self, word: Word, name: str, value: str) -> None:
        parts = self.parts
        match name:
            case "url":
                parts.urls.append(value)
            case "request":
                parts.method = value
            case "header":
                self._header(word, value)
            case "form" | "form-string":
                # In --form-string the value is always literal; "@" or "<" would become a file in -F.
                _, equals, text = value.partition("=")
                literal = name == "form-string" and text[:1] in ("@", "<")
                if not equals or literal:
                    raise self._error(word, f"--{name} {MASK}: write NAME=VALUE, with no @ or < in front")
                parts.form.append(value)
            case "cookie":
                if "=" not in value:
                    raise self._error(word, "-b with a file of cookies is not read: write 'name=value'")
                parts.cookies.append(value)
            case "user-agent":
                parts.user_agent = value
            case "referer":
                parts.headers.append(("Referer", _as_bytes(value.removesuffix(";auto"))))
            case "user":
                parts.user = value
            case "oauth2-bearer":
                parts.headers.append(("Authorization", f"Bearer {_as_bytes(value)}"))
            case "range":
                parts.headers.append(("Range", f"bytes={_as_bytes(value)}"))
            case "url-query":
                parts.query.append(self._raw(value[1:]) if value.startswith("+") else self._encoded(word, value))
            case "resolve" | "connect-to":
                key = name.replace("-", "_")
                parts.network[key] = (*parts.network.get(key, ()), value)
            case "cacert" | "cert" | "key" | "proxy" | "noproxy" | "unix-socket" | "max-time":
                parts.network[name.replace("-", "_")] = value
            case _:
                self._data(word, name, value)

    def _data(self, word: Word, name: str, value: str) -> None:
        parts = self.parts
        if name == "data-urlencode":
            piece = self._encoded(word, value)
        elif value.startswith("@") and name != "data-raw":
            piece = self._file(word, value[1:])
            if name in ("data", "data-ascii"):
                piece = piece.translate(None, b"\r\n\0")
        else:
            piece = self._raw(value)
        if parts.has_data and not (name == "json" and parts.json):
            piece = b"&" + piece
        parts.data.append(piece)
        parts.has_data = True
        parts.json = parts.json or name == "json"

    def _header(self, word: Word, text: str) -> None:
        if text.startswith("@"):
            lines = self._file(word, text[1:]).decode("utf-8", "surrogateescape").splitlines()
        else:
            lines = [text]
        for line in lines:
            name, colon, value = line.partition(":")
            if colon and value.strip():
                self.parts.headers.append((_as_bytes(name), _as_bytes(value.strip(" \t\r\n"))))
            elif colon:
                self.parts.removed.add(name.strip().lower())
            elif line.endswith(";") and len(line) > 1:
                self.parts.headers.append((_as_bytes(line[:-1]), ""))
            elif line.strip():
                raise self._error(
                    word, f"the header {quoted(mask_malformed_header(line))} has no colon (curl leaves it out)"
                )

    def _encoded(self, word: Word, text: str) -> bytes:
        return urlencoded(text, lambda path: self._file(word, path))

    def _file(self, word: Word, path: str) -> bytes:
        try:
            return self.read(path)
        except SourceError as error:
            raise self._error(word, str(error)) from None

    @staticmethod
    def _raw(text: str) -> bytes:
        return text.encode("utf-8", "surrogateescape")

    def _error(self, word: Word, what: str) -> SourceError:
        return SourceError(f"{place(self.text, word.offset)}: {what}")

    # ------------------------------------------------------------------ building the request

    def _sent(self, url: str) -> SentRequest:
        parts = self.parts
        notes: list[str] = []
        body: bytes | None = b"".join(parts.data) if parts.has_data else None
        if body is not None and parts.form:
            raise SourceError(f"{place(self.text, 0)}: -d and -F exclude each other")
        url = complete_url(url, notes, glob="globoff" not in parts.flags)
        query = list(parts.query)
        if "get" in parts.flags and body is not None:
            query.insert(0, body)
            body = None
        if query:
            head, hash_, fragment = url.partition("#")
            text = "&".join(part.decode("utf-8", "surrogateescape") for part in query)
            url = f"{head}{'&' if '?' in head else '?'}{text}{hash_}{fragment}"
        return SentRequest(
            url=url,
            method=parts.method or self._method(body),
            headers=tuple(self._complete(body)),
            body=body,
            form=tuple(parts.form),
            login=self._login(),
            keeps_method=parts.method is not None,
            follows="location" in parts.flags or "location-trusted" in parts.flags or "follow" in parts.flags,
            network=self._network(),
            notes=tuple(notes),
        )

    def _method(self, body: bytes | None) -> str:
        if "head" in self.parts.flags:
            return "HEAD"
        return "POST" if body is not None or self.parts.form else "GET"

    def _complete(self, body: bytes | None) -> list[Header]:
        """Return the headers, with those that other options and curl itself add."""
        parts = self.parts
        headers = list(parts.headers)
        given = {name.lower() for name, _ in headers} | parts.removed
        if parts.cookies:
            headers.append(("Cookie", "; ".join(_as_bytes(c.strip("; ")) for c in parts.cookies)))
        if parts.user_agent and "user-agent" not in given:
            headers.append(("User-Agent", _as_bytes(parts.user_agent)))
        if body is not None and "content-type" not in given:
            headers.append(("Content-Type", "application/json" if parts.json else _URLENCODED))
        if parts.json and "accept" not in given:
            headers.append(("Accept", "application/json"))
        return headers

    def _login(self) -> tuple[str, str] | None:
        if self.parts.user is None:
            return None
        user, colon, password = self.parts.user.partition(":")
        if not colon:
            raise SourceError(f"-u {MASK} has no password: write USER:PASS, or USER: for an empty one")
        return user, password

    def _network(self) -> FoundNetwork:
        found = self.parts.network | {flag: True for flag in _FLAGS if flag in self.parts.flags}
        if (text := found.get("max_time")) is not None:
            try:
                found["max_time"] = float(text)
            except ValueError:
                found["max_time"] = 0.0
            if not 0 < found["max_time"] <= LONGEST_TIME:
                raise SourceError(f"-m {quoted(text)} is not a number of seconds up to {LONGEST_TIME:.0f}")
        return FoundNetwork(**found)


def _beginning(name: str) -> Option | None:
    """Return the option that ``name`` abbreviates, if there is exactly one: curl accepts unique prefixes."""
    starting = list(itertools.islice((o for n, o in LONG.items() if n.startswith(name)), 2)) if len(name) > 1 else []
    return starting[0] if len(starting) == 1 else None


def urlencoded(text: str, read: Callable[[str], bytes]) -> bytes:
    """Encode a value of ``--data-urlencode``: ``content``, ``=content``, ``name=content``, ``@file``, ``name@file``."""
    found = re.match(r"([^=@]*)([=@])(.*)", text, re.DOTALL)
    name, sign, rest = found.groups() if found is not None else ("", "", text)
    content = read(rest) if sign == "@" else rest.encode("utf-8", "surrogateescape")
    escaped = quote_from_bytes(content, safe="").encode("ascii")
    return name.encode("utf-8", "surrogateescape") + b"=" + escaped if name else escaped


def _as_bytes(text: str) -> str:
    """Encode header text as isomorphic UTF-8: one character per byte that is sent."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")
