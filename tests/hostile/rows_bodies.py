"""Bodies: chunks that are none, lengths that are lies, bodies without end, bodies where none may be, bombs.

A page may read the head of an answer whose body breaks off: the promise of ``fetch()`` is resolved by the head. So the
verdict is ``allowed`` and the body is remarked on. Nothing is decompressed.
"""

from __future__ import annotations

import gzip

from tests.hostile.row import ALLOWED, ANYONE, HEAD, PREFLIGHT, PREFLIGHTED, Expected, Row, blocked
from tests.servers.raw import HOLD, READ, RESET, Repeat

MIB = 1 << 20
BOMB = gzip.compress(b"\0" * 100 * MIB)
"""100 MiB of nothing in 100 KB."""


def chunks(text: bytes, name: str, *, warns: bool | None = True, expected: Expected = ALLOWED, **more: object) -> Row:
    """A good head, and then this in place of chunks."""
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    return Row(f"chunks: {name}", [[READ, head + text]], expected, warns=warns, **more)  # type: ignore[arg-type]


def status(number: int, text: bytes, name: str, expected: Expected = ALLOWED, **more: object) -> Row:
    """Another status and head."""
    head = b"HTTP/1.1 %d X\r\n" % number + ANYONE
    return Row(f"body: {name}", [[READ, head + text]], expected, **more)  # type: ignore[arg-type]


CHUNKS = (
    chunks(b"2\r\nok\r\n0\r\n\r\n", "good ones", warns=False),
    chunks(b"2;a=b;" + b"c" * 300 + b"\r\nok\r\n0\r\n\r\n", "a long extension", warns=False),
    chunks(b"no size\r\n", "no size", firefox_differs=True),
    chunks(b"-2\r\nok\r\n0\r\n\r\n", "a negative size", firefox_differs=True),
    chunks(b"0x2\r\nok\r\n0\r\n\r\n", "a size with 0x"),
    chunks(b"F" * 40 + b"\r\nok", "a size of 40 digits", firefox_differs=True),
    chunks(b"2\r\nokok\r\n0\r\n\r\n", "more than their size", firefox_differs=True),
    chunks(b"2\r\nok", "cut within one"),
    chunks(b"2\r\nok\r\n", "the last one is missing"),
    chunks(b"\r\n\r\n", "an empty line for a size"),
    chunks(b"0\r\nX-Trailer: 1\r\n\r\n", "a trailer", warns=False),
    chunks(b"0\r\nno colon\r\n\r\n", "a trailer that is none", warns=None),
    Row(
        "chunks: one byte each, without end",
        [[READ, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", Repeat(b"1\r\na\r\n" * 5000, 100_000)]],
        ALLOWED,
        sent=20 * MIB,
    ),
    Row(
        "chunks: an extension without end",
        [[READ, HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;", Repeat(b"a" * 65536, 10_000)]],
        ALLOWED,
        warns=None,
        sent=20 * MIB,
        sent_by_curl=2000 * MIB,
    ),
    Row(
        "chunks: trailers without end",
        [[READ, HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", Repeat(b"X: 1\r\n" * 10_000, 10_000)]],
        ALLOWED,
        warns=None,
        sent=20 * MIB,
        sent_by_curl=2000 * MIB,
    ),
)

LENGTHS = (
    Row("body: 1 GB announced, nothing sent", [[READ, HEAD + b"Content-Length: 1000000000\r\n\r\n", HOLD]], ALLOWED),
    Row(
        "body: 1 GB announced and sent",
        [[READ, HEAD + b"Content-Length: 1000000000\r\n\r\n", Repeat(b"x" * 65536, 15_000)]],
        ALLOWED,
        sent=20 * MIB,
    ),
    Row(
        "body: 1 GB announced to HEAD",
        [[READ, HEAD + b"Content-Length: 1000000000\r\n\r\n", HOLD]],
        ALLOWED,
        asked={"method": "HEAD"},
    ),
    Row("body: without end or length", [[READ, HEAD + b"\r\n", Repeat(b"x" * 65536, 15_000)]], ALLOWED, sent=20 * MIB),
    Row("body: it drips", [[READ, HEAD + b"Content-Length: 900\r\n\r\n", Repeat(b"x", 900, pause=0.02)]], ALLOWED),
    Row("body: shorter than its length", [[READ, HEAD + b"Content-Length: 9\r\n\r\nabc"]], ALLOWED, warns=True),
    Row(
        "body: longer than its length",
        [[READ, HEAD + b"Content-Length: 2\r\n\r\n" + b"x" * 5000]],
        ALLOWED,
        warns=False,
    ),
    Row(
        "body: a length and chunks (chunks count)",
        [[READ, HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"]],
        ALLOWED,
        warns=False,
    ),
    Row(
        "body: broken off by a reset",
        [[READ, HEAD + b"Content-Length: 9\r\n\r\nabc", 0.1, RESET]],
        ALLOWED,
        warns=True,
    ),
)

STATUSES = (
    status(204, b"Content-Length: 5\r\n\r\nhello", "with a 204"),
    status(204, b"Transfer-Encoding: chunked\r\n\r\nnonsense", "broken chunks with a 204", warns=False),
    status(205, b"Content-Length: 5\r\n\r\nhello", "with a 205"),
    status(304, b"Content-Length: 5\r\n\r\nhello", "with a 304 that nobody asked for"),
    status(407, b"Proxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", "a 407 of no proxy", blocked("CORS508")),
    status(500, b"\r\n" + b"e" * 100_000, "100 KB with a 500"),
    Row(
        "body: that of a failed preflight drips",
        [[READ, b"HTTP/1.1 500 No\r\n" + ANYONE + b"\r\n", Repeat(b"x", 1000, pause=0.02)]],
        blocked("CORS401"),
        asked=PREFLIGHTED,
    ),
    Row(
        "body: that of a good preflight drips, and then the answer",
        [
            [READ, PREFLIGHT.replace(b"204", b"200") + b"\r\n", Repeat(b"x", 1000, pause=0.02)],
            [READ, HEAD + b"Content-Length: 0\r\n\r\n"],
        ],
        ALLOWED,
        asked=PREFLIGHTED,
        deadline=1.5,
    ),
)

BOMBS = (
    Row(
        "gzip: 100 MiB in 100 KB",
        [[READ, HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB), BOMB]],
        ALLOWED,
    ),
    Row(
        "gzip: the same with a 500, as evidence",
        [[READ, HEAD.replace(b"200", b"500") + b"Content-Encoding: gzip\r\n\r\n", BOMB]],
        ALLOWED,
    ),
    Row(
        "gzip: said so, and is none", [[READ, HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"]], ALLOWED
    ),
)

ROWS = (*CHUNKS, *LENGTHS, *STATUSES, *BOMBS)
