"""HTTP/2: frames that are none, at the wrong time, on the wrong stream, without end (RFC 9113)."""

from __future__ import annotations

import struct

from tests.hostile.row import ALLOWED, OK, Expected, Row, no_answer
from tests.servers.raw import HOLD, READ, RESET, Repeat

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
MIB = 1 << 20
BAD = no_answer("protocol")
GONE = no_answer("connect")
TIMEOUT = no_answer("timeout")


def frame(kind: int, flags: int, stream: int, payload: bytes = b"", length: int | None = None) -> bytes:
    """A frame; ``length`` is what it says of itself, if that is a lie."""
    size = len(payload) if length is None else length
    return struct.pack("!I", size)[1:] + bytes((kind, flags)) + struct.pack("!I", stream) + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A field in HPACK, literal and not indexed; at most 126 bytes each."""
    return b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value


DROPS = "nghttp2 skips an invalid field and reports nothing"
GOES_ON = "libcurl waits for the other side to close"
AGAIN = "libcurl asks again until the time is up, as browsers do"

BEGIN = frame(SETTINGS, 0, 0) + frame(SETTINGS, ACK, 0)
OK_STATUS = b"\x88"  # :status 200, in the static table
GOOD = OK_STATUS + literal(b"access-control-allow-origin", b"*")
ANSWER = frame(HEADERS, END_HEADERS, 1, GOOD) + frame(DATA, END_STREAM, 1, b"ok")


def h2(name: str, expected: Expected, *script: object, **more: object) -> Row:
    """A server that has agreed on h2, has read the preface and the request, and does this."""
    network = {"http2": True}
    return Row(f"HTTP/2: {name}", [[READ, 0.1, *script]], expected, server="h2", url="https://127.0.0.1:PORT/",
               network=network, **more)  # type: ignore[arg-type]  # fmt: skip


ROWS = (
    h2("a good answer", ALLOWED, BEGIN + ANSWER, HOLD, warns=False),
    h2("an interim answer first", ALLOWED,
       BEGIN + frame(HEADERS, END_HEADERS, 1, literal(b":status", b"103")) + ANSWER, HOLD),
    h2("trailers", ALLOWED, BEGIN + frame(HEADERS, END_HEADERS, 1, GOOD) + frame(DATA, 0, 1, b"ok")
       + frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(b"x-t", b"1")), HOLD),
    h2("a head in six pieces", ALLOWED, BEGIN + frame(HEADERS, 0, 1, GOOD)
       + frame(CONTINUATION, 0, 1, literal(b"a", b"1")) * 5 + frame(CONTINUATION, END_HEADERS, 1)
       + frame(DATA, END_STREAM, 1), HOLD),
    h2("silence", TIMEOUT, HOLD, connections=1),
    h2("settings, then silence", TIMEOUT, BEGIN, HOLD),
    h2("HTTP/1.1 in its place", BAD, OK, HOLD, curl=TIMEOUT, because=GOES_ON),
    h2("garbage", BAD, b"\xff" * 1000, HOLD, curl=TIMEOUT, because=GOES_ON),
    h2("the end", GONE),
    h2("the end after the settings", GONE, BEGIN),
    h2("reset", GONE, RESET),
    h2("settings of five bytes", BAD, frame(SETTINGS, 0, 0, b"\0\3\0\0\0"), HOLD, curl=TIMEOUT, because=GOES_ON),
    h2("settings on a stream", BAD, frame(SETTINGS, 0, 1), HOLD),
    h2("a window beyond measure in the settings", BAD, frame(SETTINGS, 0, 0, b"\0\4\xff\xff\xff\xff"), HOLD, curl=TIMEOUT,
       because=GOES_ON),
    # h2 waits for the whole frame before it looks at its length.
    h2("a frame of 16 MB announced", TIMEOUT, BEGIN + frame(DATA, 0, 1, b"x" * 20_000, length=0xFFFFFF), HOLD,
       curl=BAD, because="nghttp2 looks at the length first"),
    h2("a head that is not HPACK", BAD, BEGIN + frame(HEADERS, END_HEADERS, 1, b"\xff" * 20), HOLD),
    h2("a head without a status", BAD, BEGIN + frame(HEADERS, END_HEADERS, 1, literal(b"a", b"1")), HOLD),
    h2("a status of letters", BAD, BEGIN + frame(HEADERS, END_HEADERS, 1, literal(b":status", b"abc")), HOLD),
    h2("a name in upper case", BAD, BEGIN + frame(HEADERS, END_HEADERS, 1, GOOD + literal(b"X-A", b"1")), HOLD),
    h2("a name with a line break", BAD, BEGIN + frame(HEADERS, END_HEADERS, 1, GOOD + literal(b"a\r\nb", b"1")), HOLD,
       curl=ALLOWED, because=DROPS),
    h2("a value with a line break", BAD, BEGIN + frame(HEADERS, END_HEADERS, 1, GOOD + literal(b"a", b"1\r\nb: 2")), HOLD,
       curl=ALLOWED, because=DROPS),
    h2("Connection, which is HTTP/1's", BAD,
       BEGIN + frame(HEADERS, END_HEADERS, 1, GOOD + literal(b"connection", b"close")), HOLD),
    h2("a length that is none", BAD,
       BEGIN + frame(HEADERS, END_HEADERS, 1, GOOD + literal(b"content-length", b"\xb2")), HOLD),
    h2("a body before its head", BAD, BEGIN + frame(DATA, END_STREAM, 1, b"ok"), HOLD),
    h2("a frame between the pieces of a head", BAD,
       BEGIN + frame(HEADERS, 0, 1, GOOD) + frame(PING, 0, 0, b"12345678"), HOLD),
    h2("an answer on a stream that nobody opened", BAD, BEGIN + frame(HEADERS, END_HEADERS, 7, GOOD), HOLD),
    h2("an answer on stream 0", BAD, BEGIN + frame(HEADERS, END_HEADERS, 0, GOOD), HOLD),
    h2("a push that was forbidden", BAD, BEGIN + frame(PUSH, END_HEADERS, 1, struct.pack("!I", 2) + GOOD), HOLD),
    h2("RST_STREAM: refused", BAD, BEGIN + frame(RST, 0, 1, struct.pack("!I", 7)), HOLD, curl=TIMEOUT, because=AGAIN),
    h2("RST_STREAM: internal error", BAD, BEGIN + frame(RST, 0, 1, struct.pack("!I", 2)), HOLD),
    h2("RST_STREAM within the body", ALLOWED, BEGIN + frame(HEADERS, END_HEADERS, 1, GOOD) + frame(DATA, 0, 1, b"o")
       + frame(RST, 0, 1, struct.pack("!I", 2)), HOLD, warns=True),
    h2("RST_STREAM of three bytes", BAD, BEGIN + frame(RST, 0, 1, b"\0\0\0"), HOLD),
    h2("GOAWAY: nothing was taken", BAD, BEGIN + frame(GOAWAY, 0, 0, struct.pack("!II", 0, 0)), HOLD, curl=TIMEOUT,
       because=AGAIN),
    h2("GOAWAY: calm down", BAD, BEGIN + frame(GOAWAY, 0, 0, struct.pack("!II", 0, 11)), HOLD),
    h2("WINDOW_UPDATE by nothing", BAD, BEGIN + frame(WINDOW, 0, 0, struct.pack("!I", 0)), HOLD),
    h2("WINDOW_UPDATE beyond measure", BAD, BEGIN + frame(WINDOW, 0, 0, struct.pack("!I", 0x7FFFFFFF)) * 2, HOLD),
    h2("PING of seven bytes", BAD, BEGIN + frame(PING, 0, 0, b"1234567"), HOLD),
    h2("frames of a kind that nobody knows, then the answer", ALLOWED,
       BEGIN + frame(0x42, 0xFF, 1, b"x" * 100) * 10 + ANSWER, HOLD),
    h2("PING that drips", TIMEOUT, BEGIN, Repeat(frame(PING, 0, 0, b"12345678"), 1000, pause=0.02)),
    h2("SETTINGS that drip", TIMEOUT, BEGIN, Repeat(frame(SETTINGS, 0, 0), 1000, pause=0.02)),
    h2("a body of padding without end", ALLOWED, BEGIN + frame(HEADERS, END_HEADERS, 1, GOOD),
       Repeat(frame(DATA, 8, 1, b"\xff" + b"\0" * 255) * 1000, 10_000), sent=20 * MIB,
       sent_by_curl=2000 * MIB),
)  # fmt: skip

BOMBS = (
    h2("pieces of a head without end", no_answer("protocol"), BEGIN + frame(HEADERS, 0, 1, GOOD),
       Repeat(frame(CONTINUATION, 0, 1, literal(b"a", b"b" * 100) * 100), 10_000), sent=20 * MIB, deadline=2),
    h2("one field of the table, ten thousand times", no_answer("too-large"),
       BEGIN + frame(HEADERS, 0, 1, GOOD + b"\x40\x01a" + b"\x7f\xa1\x1e" + b"b" * 4000)
       + b"".join(frame(CONTINUATION, 0, 1, b"\xbe" * 10_000) for _ in range(10)) + frame(CONTINUATION, END_HEADERS, 1),
       HOLD, deadline=2),
)  # fmt: skip

ROWS = (*ROWS, *BOMBS)
