"""Heads: status lines of every odd kind, header lines that are none, heads that never end.

Browsers repair many a head that HTTP libraries reject (a space before a colon, a status of four digits). The probes are
Chromium's, and the verdicts are what Chromium was seen to do (``tests/data/browser-truth/malformed.jsonl``).
"""

from __future__ import annotations

from corscheck.transports.base import MAX_HEADER_BYTES
from tests.hostile.row import (
    ALLOWED,
    ANYONE,
    CLOSE,
    HEAD,
    OK,
    PREFLIGHT,
    PREFLIGHTED,
    Expected,
    Row,
    blocked,
    no_answer,
)
from tests.servers.raw import HOLD, READ, Repeat

MALFORMED = no_answer("protocol")
REJECTED = blocked("CORS522")
TOO_LARGE = no_answer("too-large")
TIMEOUT = no_answer("timeout")
MIB = 1 << 20
NUMBERS = (
    b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: http://localhost:3000\r\nAge: %s\r\n"
    b"Cache-Control: max-age=%s\r\nAccess-Control-Max-Age: %s\r\nConnection: close\r\n\r\n"
)


def line(status_line: bytes, name: str, expected: Expected, **more: object) -> Row:
    """A whole good answer but for its status line."""
    return Row(f"status line: {name}", [[READ, status_line + b"\r\n" + ANYONE + CLOSE]], expected, **more)  # type: ignore[arg-type]


def field(text: bytes, name: str, expected: Expected, **more: object) -> Row:
    """A whole good answer with this among its header lines."""
    return Row(f"header: {name}", [[READ, HEAD + text + b"\r\n" + CLOSE]], expected, **more)  # type: ignore[arg-type]


def acao(value: bytes, name: str, expected: Expected, **more: object) -> Row:
    """An answer with this for its Access-Control-Allow-Origin line, or lines."""
    head = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin:" + value + b"\r\n"
    return Row(f"Allow-Origin: {name}", [[READ, head + CLOSE]], expected, **more)  # type: ignore[arg-type]


STATUS_LINES = (
    line(b"HTTP/1.1 200", "no reason and no space", ALLOWED),
    line(b"HTTP/1.1 200 ", "an empty reason", ALLOWED),
    line(b"HTTP/1.1 200 \xff\xfe\xc3\x28", "a reason that is not UTF-8", ALLOWED),
    line(b"HTTP/1.1 200 " + b"A" * 50_000, "a reason of 50 KB", ALLOWED),
    line(b"HTTP/1.1 200 " + b"A" * 10 * MIB, "a reason of 10 MB", TOO_LARGE, sent=11 * MIB),
    line(b"HTTP/1.1 999 Odd", "999", ALLOWED),
    line(b"HTTP/1.1 600 Odd", "600", ALLOWED),
    line(b"HTTP/1.0 200 OK", "HTTP/1.0", ALLOWED),
    line(b"HTTP/1.1  200 OK", "two spaces", ALLOWED),
    line(b"HTTP/1.1\t200 OK", "a tab", ALLOWED, firefox_differs=True),
    line(b"HTTP/1.1 2000 OK", "a status of four digits", ALLOWED, firefox_differs=True),
    line(b"HTTP/1.1 20 OK", "a status of two digits", ALLOWED),
    line(b"HTTP/1.1 -20 OK", "a negative status", ALLOWED, firefox_differs=True),
    line(b"HTTP/1.1 abc OK", "a status of letters", ALLOWED, firefox_differs=True),
    line(b"HTTP/1.1 000 OK", "000", ALLOWED),
    line(b"HTTP/1.1 099 OK", "099", ALLOWED),
    line(b"HTTP/1.1", "the version alone", ALLOWED),
    line(b"HTTP/2 200 OK", "HTTP/2 in text", ALLOWED),
    line(b"HTTP/1 200 OK", "no minor version", ALLOWED, firefox_differs=True),
    line(b"HTTP/9.9 200 OK", "a version of the future", ALLOWED, firefox_differs=True),
    line(b"http/1.1 200 OK", "lower case", ALLOWED, firefox_differs=True),
    line(b"ICY 200 OK", "another protocol's", blocked("CORS301")),
    line(b"\r\nHTTP/1.1 200 OK", "an empty line before it", ALLOWED),
    line(b"HTTP/1.1 200 O\x00K", "NUL in the reason", REJECTED),
    Row("HTTP/0.9: a body and nothing else", [[READ, b"<html>hello</html>"]], REJECTED),
    Row("one byte that is not HTTP", [[READ, b"\x00"]], REJECTED),
    Row("ten megabytes that are no HTTP", [[READ, Repeat(b"\xff" * 65536, 160)]], REJECTED, sent=8 * MIB),
)

FIELDS = (
    field(b"A: 1\x002", "NUL in a value", REJECTED),
    field(b"A\x00: 1", "NUL in a name", REJECTED),
    field(b"A: 1\r2", "CR in a value", ALLOWED),
    field(b"nonsense", "no colon", ALLOWED),
    field(b"A : 1", "a space before the colon", ALLOWED),
    field(b": 1", "no name", ALLOWED),
    field(b"A(b): 1", "a name that is not a token", ALLOWED),
    field(b"\xc3\xa9: 1", "a name beyond ASCII", ALLOWED),
    field(b"A: \xc3\x28\xff", "a value that is not UTF-8", ALLOWED),
    field(b"A:" + b" " * 5000 + b"1", "much white space", ALLOWED),
    field(b"A: 1\r\n folded", "a folded line", ALLOWED),
    field(b"A: 1\r\n\r\n folded after the end", "a folded line after the end", ALLOWED),
    field(b"Content-Length: -1", "a negative length", ALLOWED),
    field(b"Content-Length: +2", "a length with a sign", ALLOWED),
    field(b"Content-Length: 0x10", "a length in hexadecimal", ALLOWED),
    field(b"Content-Length: 1e3", "a length with an exponent", ALLOWED),
    field(b"Content-Length: " + b"9" * 30, "a length of 30 digits", ALLOWED),
    field(b"Content-Length: 1\r\nContent-Length: 2", "two lengths that differ", REJECTED),
    field(b"Content-Length: 0\r\nContent-Length: 0", "the same length twice", ALLOWED),
    field(b"Transfer-Encoding: gzip, chunked", "a coding that nobody asked for", ALLOWED),
    field(b"Transfer-Encoding: chunked, identity", "chunked, but not last", ALLOWED),
    field(b"Set-Cookie: a=b; Domain=\x0b.example", "a vertical tab in a cookie", ALLOWED),
    field(b"\r\n".join([b"X: 1"] * 3000), "3,000 lines of one name", ALLOWED),
    field(b"\r\n".join([b"X: 1"] * 100_000), "100,000 lines of one name", TOO_LARGE),
    field(b"\r\n".join([b"X: 1"] * 20_000), "20,000 lines of one name", ALLOWED),
    field(b"A: " + b"a" * (MAX_HEADER_BYTES - 5000), "nearly 256 KiB", ALLOWED),
    field(b"A: " + b"a" * 10 * MIB, "a value of 10 MB", TOO_LARGE, sent=11 * MIB),
    field(b"a" * 10 * MIB + b": 1", "a name of 10 MB", TOO_LARGE, sent=11 * MIB),
    field(b"A: b\r\n" + b" c\r\n" * 200_000 + b" d", "a line folded 200,000 times", TOO_LARGE),
    Row("header: numbers that are none, where a cache's are looked for",
        [[READ, NUMBERS % (b"\xb2", b"\xb3", b"\xb9")]], ALLOWED),
    Row("header: numbers of 5,000 digits", [[READ, NUMBERS % ((b"9" * 5000,) * 3)]], ALLOWED),
    Row("header: the same where it is blocked",
        [[READ, NUMBERS.replace(b":3000", b":4000") % (b"\xb2", b"9" * 5000, b"\xb9")]], blocked("CORS306")),
    Row("header: lines that end in LF alone", [[READ, HEAD.replace(b"\r", b"") + b"Connection: close\n\n"]], ALLOWED),
)  # fmt: skip

ALLOW_ORIGIN = (
    acao(b"*", "no space after the colon", ALLOWED),
    acao(b"\t * \t", "white space around it", ALLOWED),
    acao(b"\r\n *", "on a folded line", ALLOWED),
    acao(b" \x0b*", "a vertical tab before it", blocked("CORS305")),
    acao(b" http://localhost:3000\x00", "NUL after it", REJECTED),
    acao(b" \xff\xfe", "no UTF-8", blocked("CORS305")),
    acao(b" *" + b" *" * 40_000, "80 KB of stars, which is a list to browsers", blocked("CORS304")),
    acao(b" *" + b"\r\nAccess-Control-Allow-Origin: *" * 3000, "3,000 times", blocked("CORS303")),
    acao(b" http://localhost:3000, *", "a list", blocked("CORS304")),
    acao(b"", "empty", blocked("CORS305")),
)

NEVER_ENDING = (
    Row("silence", [[READ, HOLD]], TIMEOUT, connections=1),
    Row("a head that drips", [[READ, b"HTTP/1.1 200 OK\r\n", Repeat(b"A", 1000, pause=0.02)]], TIMEOUT, connections=1),
    Row("a status line that drips", [[READ, Repeat(b"H", 1, pause=0.02), HOLD]], TIMEOUT, connections=1),
    Row("header lines without end", [[READ, HEAD, Repeat(b"X-A: 1\r\n" * 1000, 100_000)]], TOO_LARGE, sent=20 * MIB),
    Row(
        "one header line without end", [[READ, HEAD + b"X-A: ", Repeat(b"a" * 65536, 10_000)]], TOO_LARGE, sent=20 * MIB
    ),
    Row(
        "a status line without end", [[READ, b"HTTP/1.1 200 ", Repeat(b"a" * 65536, 10_000)]], TOO_LARGE, sent=20 * MIB
    ),
    Row(
        "1xx without end",
        [[READ, Repeat(b"HTTP/1.1 102 Processing\r\n\r\n" * 100, 100_000)]],
        TOO_LARGE,
        sent=20 * MIB,
    ),
    Row("1xx that drip", [[READ, Repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n", 1000, pause=0.02)]], TIMEOUT),
    Row(
        "a hundred 1xx, then the answer",
        [[READ, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100 + OK]],
        ALLOWED,
    ),
    Row("100 Continue unasked, then silence", [[READ, b"HTTP/1.1 100 Continue\r\n\r\n", HOLD]], TIMEOUT),
    Row(
        "101 unasked",
        [[READ, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", HOLD]],
        MALFORMED,
        firefox_differs=True,
    ),
    Row(
        "a preflight's head that drips: one deadline over both",
        [[READ, PREFLIGHT, Repeat(b"A: 1\r\n", 1000, pause=0.02)]],
        TIMEOUT,
        asked=PREFLIGHTED,
        connections=1,
    ),
)

ROWS = (*STATUS_LINES, *FIELDS, *ALLOW_ORIGIN, *NEVER_ENDING)
