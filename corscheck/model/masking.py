"""Masking of secrets. Saved values and everything that is shown have passed through it.

``secret_names`` says which names mean a secret. Masked whatever their name: credentials (``Bearer ...``), JSON Web
Tokens, user information in URLs, and the values given to ``hide``. ``Set-Cookie`` keeps the cookie's name and attributes,
because they are needed for debugging.

Servers choose much of the text that is searched here, so every expression and loop is linear in it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from corscheck.model import hidden
from corscheck.model.hidden import MASK, hide, mask_hidden
from corscheck.model.secret_names import PROTOCOL, means_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.protocol.request import Header

_PUBLIC_VALUES = frozenset(PROTOCOL.split())


def is_secret_header(name: str) -> bool:
    """Whether the value of a header with this name is masked."""
    return means_secret(name)


def show_host(url: str) -> None:
    """Show the host of a URL from now on, also where it (or a part of it) was given to ``hide``."""
    url = _mask_userinfo(url)
    end = _AUTHORITY_END.search(url, _AUTHORITY.match(url).end())  # type: ignore[union-attr]
    hidden.show(url[: end.start()] if end else url)


# ---------------------------------------------------------------------- headers

_AUTH_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9._~+-]*) +\S")
_PLAIN, _SECRET_VALUE, _CREDENTIALS_VALUE, _COOKIE, _SET_COOKIE = range(5)


@lru_cache(maxsize=1024)
def _kind(name: str) -> int:
    lower = name.lower()
    if lower in ("cookie", "cookie2"):
        return _COOKIE
    if lower in ("set-cookie", "set-cookie2"):
        return _SET_COOKIE
    if not means_secret(name):
        return _PLAIN
    return _CREDENTIALS_VALUE if lower.endswith("authorization") else _SECRET_VALUE


def mask_header(name: str, value: str) -> str:
    """Mask a header value. An authentication scheme and cookie names are kept."""
    kind = _kind(name)
    if not kind or not value:  # _PLAIN
        return mask_body(value) if "{" in value else mask_text(value)
    if kind == _COOKIE:
        return "; ".join(_mask_pair(pair) for pair in value.split(";"))
    if kind == _SET_COOKIE:
        pair, semicolon, attributes = value.partition(";")
        return _mask_pair(pair) + semicolon + mask_text(attributes)
    scheme = _AUTH_SCHEME.match(value) if kind == _CREDENTIALS_VALUE else None
    return f"{scheme.group(1)} {MASK}" if scheme else MASK


def mask_field(field: Header) -> Header:
    """Mask a header field. Most are the same in every exchange of a run, so they are remembered."""
    return _mask_field(field, hidden.pattern())


@lru_cache(maxsize=4096)
def _mask_field(field: Header, _: re.Pattern[str] | None) -> Header:
    return mask_hidden(field[0]), mask_header(*field)


def _mask_pair(pair: str) -> str:
    name, equals, _ = pair.strip().partition("=")
    return f"{name}={MASK}" if equals else MASK


# ---------------------------------------------------------------------- URLs

_PARAMETER = re.compile(r"(?:[?&;#,\s'\"({]|://)([\w.~+$%\[\]-]++)=")
_IN_URL = re.compile(r"(?:[^&#;]|;(?! ?[\w.~+$%\[\]-]*+=))++")
_IN_TEXT = re.compile(r"['\"]?+(?:[^&#;\s'\"<>]|;(?! ?[\w.~+$%\[\]-]*+=))++")
_ENCODED = re.compile(r"[^?&;#,\s'\"<>]*+")
_AUTHORITY = re.compile(r"(?:[^:]*+:(?=//))?+[/\\]*+")
_AUTHORITY_END = re.compile(r"[/?#\\]")
_A_PORT = r"\d*+(?![\w%$!~^&*+=-])|\d\w{0,5}+(?![^/?#\\])|[{<]|\$[{A-Z]|(?:port|PORT)\b"
"""What follows the colon of a host: a port, a mistyped one (3OOO), or a placeholder."""
_PORT = re.compile(_A_PORT)
_NO_PORT = re.compile(rf"://[/\\]*+[^/?#\\:\[]*+:(?!{_A_PORT})")


def mask_url(url: str) -> str:
    """Mask user information, token-like parameters and tokens in a URL. A scheme may be missing."""
    if "@" in url:
        url = _mask_userinfo(url)
        if "://" not in url and not url.startswith((MASK, "mailto:")):
            end = _AUTHORITY_END.search(url.lstrip("/\\"))
            at = url.rfind("@", 0, len(url) - len(end.string) + end.start() if end else None)
            url = MASK + url[at:] if at >= 0 else url
    elif _NO_PORT.search(url):
        url = _mask_userinfo(url)
    if "=" in url:
        url = _mask_parameters(url, _IN_URL)
    if " " in url or "eyJ" in url or "+" in url or "%" in url or "\t" in url or hidden.pattern() is not None:
        url = _mask_values(url)
    return url


def mask_login(text: str) -> str:
    """Mask the user information of what has no path, such as a proxy: all before the last ``@``, a scheme excepted."""
    before, at, host = text.rpartition("@")
    scheme, slashes, _ = before.rpartition("://")
    return f"{scheme}{slashes}{MASK}@{host}" if at else mask_url(text)


def mask_certificate(text: str) -> str:
    """Mask the passphrase of curl's ``FILE:PASSPHRASE``. The colon of a Windows drive begins none."""
    file, colon, _ = text.rpartition(":")
    return f"{file}:{MASK}" if colon and len(file) > 1 else text


def secret_parameters(url: str) -> Iterator[tuple[str, str | None]]:
    """Split a URL at its secret values: yields the text before each value, and the parameter's name.

    User information is called ``login``, and a token in the path ``token``. The last piece has the name None. For output
    that must stay usable, with the values supplied in another way.
    """
    at = 0
    for start, end, name in _secrets_in_url(url):
        yield url[at:start], name
        at = end
    yield url[at:], None


def hide_header(name: str, value: str) -> None:
    """Hide the secrets of a header, as ``hide`` does."""
    kind = _kind(name.strip())
    if kind in (_COOKIE, _SET_COOKIE):
        hide(pair.partition("=")[2].strip() for pair in value.split(";"))
    elif kind:
        hide((value, value.rpartition(" ")[2]))


def hide_body(text: str) -> None:
    """Hide the secrets of a body that is a form or JSON, as ``hide`` does."""
    hide_url(f"?{text}")
    for found in _JSON_FIELD.finditer(text):
        if means_secret(found[1], whole=False):
            hide((found[3].strip('"'),))
        elif found[3][0] in "[{":
            hide_body(found[3])


def hide_url(url: str) -> None:
    """Hide the secrets of a URL, as ``hide`` does."""
    hide(part for start, end, _ in _secrets_in_url(url) for part in (url[start:end], url[start:end].partition(":")[2]))


def _secrets_in_url(url: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and name of each secret."""
    at = 0
    if "@" in url and _mask_userinfo(url) != url:
        at = url.rfind("@")
        yield _AUTHORITY.match(url).end(), at, "login"  # type: ignore[union-attr]
    for start, end, name in (*_parameters(url, _IN_URL), (len(url), len(url), "")):
        for found in _TOKEN.finditer(url, at, start) if "eyJ" in url else ():
            masked = _mask_token(found[0])
            if masked != found[0]:
                yield found.start() + len(masked) - len(MASK), found.end(), "token"
        if name and start >= at:
            yield start, end, name
            at = end


def _parameters(text: str, value: re.Pattern[str]) -> Iterator[tuple[int, int, str]]:
    """Yield start and end of each secret value, and its name."""
    at, encoded = 0, "%" in text or "eyJ" in text
    json_until = 0 if '"' in text else len(text)
    for found in _PARAMETER.finditer(text):
        start = found.end()
        if start < at:  # in the value of another one
            continue
        secret = means_secret(found[1]) or (encoded and _holds_secret(_ENCODED.match(text, start)[0]))  # type: ignore[index]
        if not secret and start >= json_until and text.startswith(("{", "["), start):
            whole = value.match(text, start)
            json_until = whole.end() if whole is not None else start
            secret = whole is not None and _mask_json(whole[0]) != whole[0]
        if secret:
            end = value.match(text, start)
            if end is not None:
                at = end.end()
                yield start, at, found[1]


def _holds_secret(value: str) -> bool:
    """Whether a parameter is a token, or an encoded URL or JSON with a secret (``?next=https%3A%2F%2F...``)."""
    for _ in range(3):
        if "%" not in value:
            break
        value = _decoded(value)
        if mask_url(value) != value or _mask_json(value) != value:
            return True
    return "eyJ" in value and _mask_token(value) != value


def _decoded(text: str) -> str:
    from urllib.parse import unquote  # slow to import, and few texts need it

    return unquote(text)


def _mask_parameters(text: str, value: re.Pattern[str]) -> str:
    if "%" not in text and "eyJ" not in text and '"' not in text:
        for name in _PARAMETER.findall(text):
            if means_secret(name):
                break
        else:
            return text
    made, at = [], 0
    for start, end, _ in _parameters(text, value):
        made += [text[at:start], MASK]
        at = end
    return "".join([*made, text[at:]])


def _mask_userinfo(text: str) -> str:
    """Mask user names and passwords in a text without blanks. A URL without a scheme counts if it has both."""
    first, *rest = text.split("://")
    name, colon, secret = first.partition(":")
    at = secret.rfind("@")
    if colon and at >= 0 and name.lower() != "mailto":
        first = MASK + secret[at:]
    return "://".join([first, *map(_mask_authority, rest)]) if rest else first


def _mask_authority(text: str) -> str:
    """Mask user information in what follows ``://``, after more slashes, which browsers skip.

    The last ``@`` ends it: an unencoded password may hold ``@`` and ``/``. Without one, what is not a port after the first
    colon is the beginning of a password, as in a URL that was cut there.
    """
    bare = text.lstrip("/\\")
    slashes = text[: len(text) - len(bare)]
    end = _AUTHORITY_END.search(bare)
    authority = bare[: end.start()] if end else bare
    at = authority.rfind("@")
    name, colon, after = authority.partition(":")
    if at >= 0:
        return slashes + MASK + bare[bare.rfind("@") if colon and len(name) < at else at :]
    if not colon or name.startswith("[") or _PORT.match(after):
        return text
    if "@" in bare:
        return slashes + MASK + bare[bare.rfind("@") :]
    return text if end else f"{slashes}{name}:{MASK}"


# ---------------------------------------------------------------------- texts

_CHUNK = re.compile(r"[^\s'\"<>‘’“”`]++")
# A login with a blank or a quote in it, up to an @ that a host follows.
_SPLIT_LOGIN = re.compile(
    rf"(://[/\\]*+)[^\s/?#\\:\[@'\"]*+:(?:['\"]|(?!{_A_PORT}))(?:(?!://)[^\n]){{1,200}}?@(?=[\w\[])"
)
_TOKEN = re.compile(r"(?<![\w-])[\w-]++(?:\.[\w-]*+){2,}+")
# An English word after the scheme is none: "Basic authentication", "Bearer realm=...".
_CREDENTIALS = re.compile(
    r"\b([Bb]earer|[Bb]asic|BASIC|[Nn]egotiate|NTLM)((?:[ \t+]|%20)++['\"]?+)"
    r"(?![A-Z]?[a-z]++(?![\w.~+/=-])|[A-Z]?[a-z]++[.](?!\w)|[\w-]++=[\"\w])[\w.~+/=%-]{4,}+"
)
_ONE_CREDENTIAL = re.compile(r"(?i)(bearer|basic|negotiate|ntlm|token(?![ \t]++(?-i:[a-z]++)\Z))[ \t]++[^\s=,\"]++=*+")
_HEADER_COLON = re.compile(r":(?=[ \t]|[^\s/'\"\d:])[ \t]*+(?=[^\s'\"])")
"""The colon of a header line, not that of a URL or a port. Quick to search for, and few texts have one."""
_HEADER_VALUE = re.compile(r"[^'\"\n]++")
_JSON_FIELD = re.compile(
    r"\"([^\"\\]*+(?:\\.[^\"\\]*+){0,9}+)\"(\s*+:\s*+)(\"(?:[^\"\\]|\\.)*+\"?|\d++|[\[{][^\[\]{}]*+(?:[\]}]|\Z))"
)
_FIELD = re.compile(r"(?<![\w\"-])'?([\w.-]{1,80})'?\s?:\s?[\"']([^\"'\n]*+)")
_ELEMENT = re.compile(r"<([\w:.-]{1,80})(?:\s[^<>]{0,400})?>(?:<!\[CDATA\[)?+((?:(?!\]\])[^<>])++)")
_TAG = re.compile(r"<[A-Za-z]{1,80}\s[^<>]{0,800}")
_NAME = re.compile(r"\bname=[\"']?([\w.:\[\]-]{1,80})")
_VALUE = re.compile(r"\b((?:value|content)=)(?:([\"'])[^<>\"']*+|[^\s<>\"']++)")
_PART = re.compile(
    r"(?s)form-data; name=\"([^\"\r\n]{1,80})\"[^\r\n]{0,400}(?:\r\n[^\r\n]{1,400}){0,3}\r\n\r\n(.*?)(?=\r\n--|\Z)"
)


def mask_text(text: str) -> str:
    """Mask the URLs, tokens and credentials in a text (a message, a console line, a header value)."""
    if "@" in text or ("://" in text and _NO_PORT.search(text)):
        text = _SPLIT_LOGIN.sub(rf"\1{MASK}@", _CHUNK.sub(_mask_chunk, text))
    if "=" in text:
        text = _mask_parameters("\n" + text, _IN_TEXT)[1:]
    text = _mask_json(text)
    if ":" in text:
        text = _mask_header_lines(text)
    if " " in text or "eyJ" in text or "+" in text or "%" in text or "\t" in text or hidden.pattern() is not None:
        text = _mask_values(text)
    return text


def mask_body(text: str) -> str:
    """Mask the secrets in a body, with those in JSON, in XML, in HTML forms and in ``multipart/form-data``."""
    text = _PART.sub(_mask_group, mask_text(text))
    text = _FIELD.sub(_mask_group, text)
    if "<" in text:
        text = _TAG.sub(_mask_tag, _ELEMENT.sub(_mask_group, text))
    return text


def mask_malformed_header(line: str) -> str:
    """Mask a header line without a colon: all but its first word if that is the name of a secret."""
    found = re.match(r"([\w-]++)([\s;=]++)\S", line)
    return f"{found[1]}{found[2]}{MASK}" if found and is_secret_header(found[1]) else mask_text(line)


def mask_lines(text: str) -> str:
    """Mask header lines (``Name: value``) and, among them, lines of text such as a status."""
    lines = []
    for line in text.split("\n"):
        name, colon, value = line.partition(": ")
        lines.append(f"{name}: {mask_header(name, value)}" if colon else mask_text(line))
    return "\n".join(lines)


def _mask_chunk(found: re.Match[str]) -> str:
    return _mask_userinfo(found[0]) if "@" in found[0] or "://" in found[0] else found[0]


def _mask_header_lines(text: str) -> str:
    """Mask the header lines in a text. Of the names without a hyphen, only those of credentials are headers for certain."""
    made: list[str] = []
    at = 0
    for colon in _HEADER_COLON.finditer(text):
        start = colon.start()
        if start < at:  # in the value of another one
            continue
        begin = start
        while begin > max(at, start - 80) and (text[begin - 1].isalnum() or text[begin - 1] in "-_"):
            begin -= 1
        name = text[begin:start]
        if not ("-" in name[1:] or name.lower() in ("authorization", "cookie")) or not _kind(name):
            continue
        value = _HEADER_VALUE.match(text, colon.end())
        if value is None or (name.lower() == "cookie" and "=" not in value[0]):
            continue
        made += [text[at : colon.end()], mask_header(name, value[0])]
        at = value.end()
    return "".join([*made, text[at:]]) if made else text


def _mask_json(text: str) -> str:
    return _JSON_FIELD.sub(_mask_json_field, text) if '"' in text else text


def _mask_json_field(found: re.Match[str]) -> str:
    name = re.sub(r"\\u00([0-7][0-9a-fA-F])", lambda code: chr(int(code[1], 16)), found[1])
    if means_secret(name, whole=False) and found[3].strip('"').lower() not in _PUBLIC_VALUES:
        return f'"{found[1]}"{found[2]}"{MASK}"'
    return f'"{found[1]}"{found[2]}{_JSON_FIELD.sub(_mask_json_field, found[3])}' if found[3][0] in "[{" else found[0]


def _mask_tag(found: re.Match[str]) -> str:
    secret = any(means_secret(name, whole=False) for name in _NAME.findall(found[0]))
    return _VALUE.sub(lambda value: f"{value[1]}{value[2] or ''}{MASK}", found[0]) if secret else found[0]


def _mask_group(found: re.Match[str]) -> str:
    """Mask the last group of a match if the first is the name of a secret."""
    start, end = (at - found.start() for at in found.span(found.re.groups))
    return found[0][:start] + MASK + found[0][end:] if means_secret(found[1], whole=False) else found[0]


def _mask_values(text: str) -> str:
    """Mask what is a secret whatever its name."""
    if "eyJ" in text:
        text = _TOKEN.sub(lambda found: _mask_token(found[0]), text)
    # Plain searches first: they are quick, and most texts hold nothing of the kind.
    if "earer" in text or "asic" in text or "oken" in text or "egotiate" in text or "NTLM" in text or "ASIC" in text:
        whole = _ONE_CREDENTIAL.fullmatch(text)
        text = f"{whole[1]} {MASK}" if whole else _CREDENTIALS.sub(rf"\1\2{MASK}", text)
    return mask_hidden(text)


def _mask_token(text: str) -> str:
    """Mask a JSON Web Token: dotted base64url, and its first part begins with ``{"`` in base64."""
    at = text.find("eyJ")
    return text[:at] + MASK if at >= 0 and text.count(".", at) >= 2 else text
