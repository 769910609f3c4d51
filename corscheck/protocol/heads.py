"""Responses that are not valid HTTP/1, as browsers parse them.

HTTP libraries reject some responses that browsers read, and read some that browsers reject. For such a response the
transport hands over the bytes (``RawHead``), and this module parses them by the rules of an engine. ``SYNTAXES`` holds the
two parsers that were recorded (Chromium 156, Firefox 153; their sources: http_stream_parser.cc, http_response_headers.cc
and http_util.cc; nsHttpTransaction.cpp, nsHttpResponseHead.cpp and nsHttpChunkedDecoder.cpp). Nothing here does I/O.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.protocol.headers import is_token
from corscheck.protocol.reads import is_read
from corscheck.protocol.request import EVIDENCE_BYTES, RAW_BODY_BYTES, HTTPResponse, NetworkError

if TYPE_CHECKING:
    from corscheck.protocol.engines import HeadSyntax, Rules
    from corscheck.protocol.request import Headers, HTTPRequest, RawHead


class Syntax(Struct, frozen=True):
    """How an engine parses the head of a response.

    ``start`` locates the status line; the bytes before it are skipped. ``repairs_status`` takes a status line without a
    number for a 200. ``cr_ends_line`` splits lines at CR alone, too. ``trims_names`` removes blanks before the colon.
    ``nul_rejected_anywhere`` rejects NUL in the whole head, not only in values. ``skips_101`` treats a 101 like any
    other 1xx. ``truncated_over_tls`` accepts a head that ends with the connection over https, too. ``body_decides``
    rejects the response if its body breaks at once. ``chunked_needs_http11`` ignores chunked in a HTTP/1.0 response.
    ``default_port_only`` reads HTTP/0.9 only at the scheme's default port. ``splits_dispositions`` takes a comma in a
    Content-Disposition for the end of a value, of which there may be only one.
    """

    start: re.Pattern[bytes]
    repairs_status: bool
    cr_ends_line: bool
    trims_names: bool
    nul_rejected_anywhere: bool
    skips_101: bool
    truncated_over_tls: bool
    body_decides: bool
    chunked_needs_http11: bool
    default_port_only: bool
    splits_dispositions: bool


TOLERANT = Syntax(
    start=re.compile(rb"(?is).{0,4}?(?=http)"),
    repairs_status=True,
    cr_ends_line=True,
    trims_names=True,
    nul_rejected_anywhere=True,
    skips_101=True,
    truncated_over_tls=False,
    body_decides=False,
    chunked_needs_http11=True,
    default_port_only=True,
    splits_dispositions=True,
)
"""Chromium."""

STRICT = Syntax(
    start=re.compile(rb"(?is).{0,4}?(?=http/1\.)|\s{0,5}(?=http/[23])|\s{0,7}(?=icy )"),
    repairs_status=False,
    cr_ends_line=False,
    trims_names=False,
    nul_rejected_anywhere=False,
    skips_101=False,
    truncated_over_tls=True,
    body_decides=True,
    chunked_needs_http11=False,
    default_port_only=False,
    splits_dispositions=False,
)
"""Firefox."""

SYNTAXES: dict[HeadSyntax, Syntax] = {"tolerant": TOLERANT, "strict": STRICT}

JUNK_BYTES = 11
"""How many bytes decide whether there is a status line: at most 7 bytes of junk, and 4 of the protocol's name."""

_STARTS = tuple(syntax.start for syntax in SYNTAXES.values())
_UNQUOTED = re.compile(r'(?:[^",]|"[^"]*"?)+')
_BLANK_LINE = re.compile(rb"\n\r?\n")
_LINE_ENDS = re.compile(rb"[\r\n]+")
_VERSION = re.compile(rb"(?i)http/([0-9])[^.]*\.([0-9])")
_CODE = re.compile(rb" +([0-9]+) *(.*)", re.DOTALL)
_UPPER_CASE = re.compile(rb"HTTP|(?i:ICY)")
_STRICT_STATUS = re.compile(
    rb"(?:HTTP/(?:1\.[0-9]*|[23](?:\.[0-9]+)?)|(?i:ICY))(?: +([0-9]{1,3})(?:[ \t](.*))?)?", re.DOTALL
)
_CHUNK_SIZE = re.compile(rb"[ \t\v\f\r]*\+?(?:0[xX])?([0-9a-fA-F]+)")
_LARGEST_CODE = 2**31 - 1
_SIZE_DIGITS = 8
_UNREADABLE_LENGTH = 2**63


class Rejected(NetworkError, frozen=True):  # noqa: N818 - a value, as its base, and nothing that is raised
    """A response that the engine does not accept: ``fetch()`` fails without a CORS check. ``code`` says why."""

    code: str = "CORS522"


class Head(Struct, frozen=True):
    """A parsed response head; the body begins at ``end`` in the bytes."""

    status: int
    reason: str
    http_version: str
    headers: Headers
    end: int


class _Refused(Exception):  # noqa: N818 - becomes a Rejected
    """The engine does not accept the response: the reason, as the end of a sentence, and the code."""

    def __init__(self, reason: str, code: str = "CORS522") -> None:
        super().__init__(reason)
        self.code = code


def _two_locations() -> _Refused:
    return _Refused("it has two different Location fields", "CORS501")


class _NotHTTP(_Refused):
    """The response is another protocol's; the transport may know which."""


class _DifferentLengths(_Refused):
    """The response has two lengths: RFC 9112, section 6.3."""


class _Unfinished(Exception):  # noqa: N818 - becomes an inconclusive answer
    """The engine would wait for more bytes."""


def find_start(data: bytes | bytearray) -> int | None:
    """Return where a browser finds a status line, or None if none does. Needs ``JUNK_BYTES`` to be certain."""
    found = [match.end() for start in _STARTS if (match := start.match(data))]
    return min(found, default=None)


def read_answer(
    answer: HTTPResponse | NetworkError,
    request: HTTPRequest,
    rules: Rules,
    who: str,
    *,
    default_port: bool,
    checked: bool,
) -> HTTPResponse | NetworkError:
    """Return what an engine makes of an answer with ``raw``: a response, a ``Rejected``, or an inconclusive error.

    ``who`` names the engine in messages. ``default_port`` says that the URL has the default port of its scheme,
    ``checked`` that the response has to pass the CORS check.
    """
    raw, syntax = answer.raw, rules.head_syntax
    assert raw is not None
    secure = request.url.startswith("https:")
    names: tuple[HeadSyntax, ...] = ("tolerant", "strict") if syntax == "agreed" else (syntax,)
    found = [_read(raw, SYNTAXES[name], secure=secure, default_port=default_port) for name in names]
    first = found[0]
    if len(found) > 1 and _gist(found[0], checked=checked) != _gist(found[1], checked=checked):
        why = next((f"for one of them, {f}" for f in found if isinstance(f, _Refused)), "they read different fields")
        message = f"Chromium and Firefox disagree on this malformed response: {why}."
        return NetworkError("protocol", message, answer.at, answer.elapsed_ms, answer.sent, raw)
    if first is None:
        message = "The response is malformed, and a browser would wait for the rest of it."
        return NetworkError("protocol", message, answer.at, answer.elapsed_ms, answer.sent, raw)
    if isinstance(first, Head) and syntax != "agreed" and SYNTAXES[syntax].body_decides:
        first = _Refused("its body breaks at once") if _body_breaks(raw, first, request.method) else first
    if isinstance(first, _DifferentLengths) and rules.different_lengths_undecided:
        message = f"{who} was recorded reading this response, but not with every HTTP library: {first}."
        return NetworkError("protocol", message, answer.at, answer.elapsed_ms, answer.sent, raw)
    if isinstance(first, _Refused):
        message = f"{'Browsers do' if len(found) > 1 else who + ' does'} not accept this response: {first}."
        if isinstance(first, _NotHTTP) and raw.note:
            message = f"{raw.note} {message}"
        return Rejected("protocol", message, answer.at, answer.elapsed_ms, answer.sent, raw, first.code)
    was = answer if isinstance(answer, HTTPResponse) else None
    return HTTPResponse(
        status=first.status,
        headers=first.headers,
        reason=first.reason,
        body=was.body if was is not None else _evidence(raw, first),
        body_error=was.body_error if was is not None else _body_error(raw, first),
        at=answer.at,
        elapsed_ms=answer.elapsed_ms,
        http_version=first.http_version,
        sent=answer.sent,
        raw=raw,
    )


def _gist(found: Head | _Refused | None, *, checked: bool) -> object:
    """Return what the rules read of a head. What is blocked is alike, whatever the reason."""
    if not isinstance(found, Head):
        return None if found is None else "blocked"
    if checked and not _values(found.headers, "access-control-allow-origin"):
        return "blocked"
    return found.status, [(name.lower(), value) for name, value in found.headers if is_read(name)]


def _read(raw: RawHead, syntax: Syntax, *, secure: bool, default_port: bool) -> Head | _Refused | None:
    """Return the final head, why the engine rejects it, or None if it would wait for more bytes."""
    if raw.fault == "location":
        return _two_locations()
    try:
        return _final_head(raw, syntax, secure, default_port)
    except _Refused as refused:
        return refused
    except _Unfinished:
        return None


def _final_head(raw: RawHead, syntax: Syntax, secure: bool, default_port: bool) -> Head:
    data, position = raw.data, 0
    while True:
        start = syntax.start.match(data, position)
        if start is None:
            if len(data) - position < JUNK_BYTES and not raw.ended:
                raise _Unfinished
            if position == len(data):
                raise _Refused("the connection closes after a 1xx response")
            if position:
                raise _Refused("no status line follows a 1xx response")
            if syntax.default_port_only and not default_port and data[:3].lower() != b"icy":
                raise _NotHTTP("it does not begin with a status line")
            # HTTP/0.9: everything is the body, and there is no header for the CORS check.
            return Head(200, "OK", "HTTP/0.9", (), 0)
        blank = _BLANK_LINE.search(data, start.end())
        if blank is None and not raw.ended:
            raise _Unfinished
        if blank is None and secure and not syntax.truncated_over_tls:
            raise _Refused("its head ends with the connection, which an attacker may have cut")
        end = len(data) if blank is None else blank.end()
        head = _parse(data[start.end() : end], syntax, data, end)
        if head.status // 100 == 1 and (head.status != 101 or syntax.skips_101):
            position = end
            continue
        _check_duplicates(head, syntax)
        return head


def _parse(text: bytes, syntax: Syntax, data: bytes, end: int) -> Head:
    if syntax.nul_rejected_anywhere and 0 <= data.find(b"\x00") < end:
        raise _Refused("its head contains NUL")
    lines = _LINE_ENDS.split(text) if syntax.cr_ends_line else [line.removesuffix(b"\r") for line in text.split(b"\n")]
    fields = _unfold(lines[1:])
    if syntax.repairs_status:
        version, code, reason = _repair_status(lines[0], has_fields=any(lines[1:]))
    elif _UPPER_CASE.match(lines[0]) is None:
        # Firefox finds a status line in lower case, and then takes the response for HTTP/0.9.
        return Head(200, "OK", "HTTP/0.9", (), len(data))
    else:
        version, code, reason = _strict_status(lines[0])
    return Head(code, reason, version, tuple(_fields(fields, syntax)), end)


def _unfold(lines: list[bytes]) -> list[bytes]:
    """Join continuation lines (obs-fold) with the field line before them."""
    fields: list[list[bytes]] = []
    for line in lines:
        if not line:
            continue
        first = fields[-1][0] if fields else b""
        if line[:1] in (b" ", b"\t") and b":" in first and first[:1] not in (b":", b" ", b"\t"):
            fields[-1].append(line.lstrip(b" \t"))
        else:
            fields.append([line])
    return [b" ".join(parts) for parts in fields]


def _fields(lines: list[bytes], syntax: Syntax) -> list[tuple[str, str]]:
    """Return the header fields. A line without a colon, or whose name is not a token, is dropped."""
    found = []
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if syntax.trims_names and name[:1] not in (" ", "\t"):
            name = name.rstrip(" \t")
        if not colon or not is_token(name):
            continue
        if "\x00" in value:
            raise _Refused("a header value contains NUL")
        found.append((name, value.strip(" \t")))
    return found


def _repair_status(line: bytes, *, has_fields: bool) -> tuple[str, int, str]:
    """Parse a status line like Chromium: any text is a status line, and 200 stands for a missing number."""
    match = _VERSION.match(line)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    shown = "HTTP/2.0" if version == (2, 0) else "HTTP/1.1" if version >= (1, 1) else "HTTP/1.0"
    if version == (0, 9) and not has_fields:
        shown = "HTTP/0.9"
    code = _CODE.match(line, line.find(b" ")) if b" " in line else None
    if code is None:
        return shown, 200, "OK"
    return shown, _number(code[1], _LARGEST_CODE), code[2].decode("latin-1").strip(" ")


def _strict_status(line: bytes) -> tuple[str, int, str]:
    """Parse a status line like Firefox: the number may be missing, but nothing else may stand in its place."""
    match = _STRICT_STATUS.fullmatch(line)
    if match is None:
        raise _Refused("its status line is malformed")
    code = int(match[1] or b"200")
    version = "HTTP/2.0" if line[5:6] == b"2" else "HTTP/1.0" if line.startswith((b"HTTP/1.0", b"ICY")) else "HTTP/1.1"
    return version, code, (match[2] or b"").decode("latin-1")


def _number(digits: bytes, most: int) -> int:
    digits = digits.lstrip(b"0")
    return most if len(digits) > len(str(most)) else min(int(digits or b"0"), most)


def _values(headers: Headers, name: str) -> list[str]:
    return [value for field, value in headers if field.lower() == name]


def _members(values: list[str]) -> list[str]:
    return [member.strip(" \t") for value in values for member in value.split(",")]


def _is_chunked(head: Head, syntax: Syntax) -> bool:
    if syntax.chunked_needs_http11 and head.http_version in ("HTTP/0.9", "HTTP/1.0"):
        return False
    return "chunked" in (value.lower() for value in _members(_values(head.headers, "transfer-encoding")))


def _check_duplicates(head: Head, syntax: Syntax) -> None:
    """Raise for fields that differ although there may be only one of them: a sign of response splitting."""
    # Chromium ignores the length of a chunked response.
    ignored = syntax.chunked_needs_http11 and _is_chunked(head, syntax)
    if not ignored and len(set(_members(_values(head.headers, "content-length")))) > 1:
        raise _DifferentLengths("it has different values of Content-Length")
    dispositions = _values(head.headers, "content-disposition")
    if syntax.splits_dispositions:
        dispositions = [part.strip() for value in dispositions for part in _UNQUOTED.findall(value) or [value]]
    if len(set(dispositions)) > 1:
        raise _Refused("it has different Content-Disposition fields")
    if len(set(_values(head.headers, "location"))) > 1:
        raise _two_locations()


def _body_breaks(raw: RawHead, head: Head, method: str) -> bool:
    """Whether Firefox finds a fault in the body before it tells the page of the response."""
    if method == "HEAD" or head.status in (204, 304):
        return False
    body = raw.data[head.end :]
    # A missing body is a fault of a successful response only.
    ended = raw.ended and head.status // 100 == 2 and head.status != 205
    if _is_chunked(head, STRICT):
        return raw.fault == "chunk" or _chunks_break(body, ended=ended)
    lengths = _values(head.headers, "content-length")
    return ended and not body and bool(lengths) and 0 < _length(lengths[0]) < _UNREADABLE_LENGTH


def _chunks_break(body: bytes, *, ended: bool) -> bool:
    """Whether a size in these first bytes of a body is malformed, or the body ends before there is any content.

    Like Firefox, it skips an empty line, and whatever follows a size.
    """
    content = b""
    while body:
        line, newline, body = body.partition(b"\n")
        if not newline:
            break
        if not line.rstrip(b"\r"):
            continue
        size = _CHUNK_SIZE.match(line)
        if size is None or len(size[1].lstrip(b"0")) > _SIZE_DIGITS:
            return True
        length = int(size[1], 16)
        if not length:
            return False
        content = content or body[:length]
        body = body[length:]
    return ended and not content


def _body_error(raw: RawHead, head: Head) -> str | None:
    """Return why the body is incomplete, as far as the first bytes of it tell."""
    if _is_chunked(head, STRICT):
        return "malformed chunked body" if _chunks_break(raw.data[head.end :], ended=raw.ended) else None
    lengths = _values(head.headers, "content-length")
    expected, received = _length(lengths[0]) if lengths else 0, len(raw.data) - head.end
    if raw.ended and received < min(expected, RAW_BODY_BYTES):
        return f"the connection closed after {received} bytes of {expected}"
    return None


def _length(value: str) -> int:
    """Return the number of a Content-Length; 0 if it is none."""
    return _number(value.encode("latin-1"), _UNREADABLE_LENGTH) if value.isascii() and value.isdigit() else 0


def _evidence(raw: RawHead, head: Head) -> bytes:
    return raw.data[head.end :][:EVIDENCE_BYTES] if head.status >= 400 else b""
