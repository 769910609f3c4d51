"""Connections: ended or reset at every stage, never read, kept and spoiled; answers that come too early or twice.

After a preflight on a kept connection, bytes that nobody asked for must never be taken for the answer to the next request:
browsers drop a connection that has something to read while it lies idle, and so is done here.
"""

from __future__ import annotations

from tests.hostile.row import (
    ALLOWED,
    ANYONE,
    CLOSE,
    HEAD,
    OK,
    PREFLIGHT,
    PREFLIGHTED,
    Row,
    blocked,
    no_answer,
)
from tests.servers.raw import HALF_CLOSE, HOLD, READ, RESET, Repeat

GONE = no_answer("connect")
TIMEOUT = no_answer("timeout")
BIG = {"method": "POST", "body": b"x" * 20_000_000, "send": "always"}
KEPT_PREFLIGHT = PREFLIGHT + b"\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: http://evil.example\r\nContent-Length: 0\r\n\r\n"

ENDED = (
    Row("end: at once", [[]], GONE),
    Row("end: after the request", [[READ]], GONE),
    Row("end: within the status line", [[READ, b"HTTP/1.1 2"]], blocked("CORS301"), curl=GONE,
        because="libcurl tells an answer cut in its first line like none at all"),
    Row("end: after the status line", [[READ, b"HTTP/1.1 200 OK\r\n"]], blocked("CORS301")),
    Row("end: within a header line", [[READ, HEAD + b"X-"]], ALLOWED),
    Row("end: before the empty line", [[READ, HEAD]], ALLOWED),
    Row("end: after the head", [[READ, HEAD + b"\r\n"]], ALLOWED, warns=False),
    Row("end: of a preflight's answer", [[READ, PREFLIGHT]], ALLOWED, asked=PREFLIGHTED),
    Row("reset: at once", [[RESET]], GONE),
    Row("reset: after the request", [[READ, RESET]], GONE),
    Row("reset: within the head", [[READ, HEAD, 0.1, RESET]], GONE),
    Row("reset: within the body", [[READ, HEAD + b"Content-Length: 9\r\n\r\nabc", 0.1, RESET]], ALLOWED, warns=True),
    Row("half closed: the answer, and our half stays open", [[READ, HEAD + b"\r\nok", HALF_CLOSE, HOLD]], ALLOWED),
    Row("half closed: before the answer", [[READ, HALF_CLOSE, HOLD]], GONE),
)  # fmt: skip

READING = (
    Row("never read: a small request", [[30]], TIMEOUT, connections=1),
    Row("never read: a large body", [[30]], TIMEOUT, asked=BIG, connections=1),
    Row(
        "never read: refused before the body was sent",
        [[b"HTTP/1.1 413 Too Large\r\n" + ANYONE + b"Content-Length: 0\r\n" + CLOSE, 0.3, RESET]],
        ALLOWED,
        asked=BIG,
        deadline=2,
    ),
    Row("answered before it is asked", [[OK, READ]], ALLOWED),
    Row("a byte read, then the end", [[READ, b"H"]], blocked("CORS522"), curl=GONE,
        because="libcurl tells an answer cut in its first line like none at all"),
)  # fmt: skip

KEPT = (
    Row(
        "kept: one connection for both",
        [[READ, KEPT_PREFLIGHT, READ, OK]],
        ALLOWED,
        asked=PREFLIGHTED,
        connections=1,
    ),
    Row(
        "kept, then closed",
        [[READ, KEPT_PREFLIGHT], [READ, OK]],
        ALLOWED,
        asked=PREFLIGHTED,
        connections=2,
    ),
    Row(
        "kept, then reset",
        [[READ, KEPT_PREFLIGHT, RESET], [READ, OK]],
        ALLOWED,
        asked=PREFLIGHTED,
        connections=2,
    ),
    Row(
        "a second answer that nobody asked for",
        [[READ, KEPT_PREFLIGHT + EVIL, READ, EVIL], [READ, OK]],
        ALLOWED,
        asked=PREFLIGHTED,
        connections=2,
    ),
    Row(
        "a hundred answers to one request",
        [[READ, KEPT_PREFLIGHT + EVIL * 100, HOLD], [READ, OK]],
        ALLOWED,
        asked=PREFLIGHTED,
        connections=2,
    ),
    Row(
        "bytes that are not a response after a 204",
        [[READ, KEPT_PREFLIGHT + b"garbage", HOLD], [READ, OK]],
        ALLOWED,
        asked=PREFLIGHTED,
        connections=2,
    ),
    Row(
        "an answer to a request that was not sent, without the right one",
        [[READ, OK.replace(b"Connection: close\r\n", b"") + EVIL]],
        ALLOWED,
        connections=1,
    ),
)

FICKLE = (
    Row("the preflight answered, the request reset", [[READ, KEPT_PREFLIGHT], [READ, RESET]], GONE, asked=PREFLIGHTED),
    Row("the preflight answered, the request not", [[READ, KEPT_PREFLIGHT], [READ, HOLD]], TIMEOUT, asked=PREFLIGHTED),
    Row("the preflight answered, the request in garbage", [[READ, KEPT_PREFLIGHT], [READ, b"\xff" * 100]],
        blocked("CORS522"), asked=PREFLIGHTED),
    Row("the preflight allowed, the answer not", [[READ, KEPT_PREFLIGHT], [READ, OK.replace(ANYONE, b"")]],
        blocked("CORS301"), asked=PREFLIGHTED),
    Row("421, and again 421", [[READ, b"HTTP/1.1 421 X\r\n" + ANYONE + b"Content-Length: 0\r\n" + CLOSE]], ALLOWED,
        connections=2),
    Row("blocked, and allowed when asked again", [[READ, OK.replace(ANYONE, b"")], [READ, OK]], blocked("CORS301")),
)  # fmt: skip

PLACES = (
    Row("IPv6 alone, by its name", [[READ, OK]], ALLOWED, host="::1", url="http://api.invalid:PORT/",
        network={"resolve": ("api.invalid:PORT:[::1]",)}),
    Row("IPv6 alone, by its address", [[READ, OK]], ALLOWED, host="::1", url="http://[::1]:PORT/"),
    Row("IPv6 alone, and only IPv4 wanted", [[READ, OK]], no_answer("dns"), host="::1", url="http://[::1]:PORT/",
        network={"ip_version": 4}),
    Row("a name that does not exist", [[]], no_answer("dns"), url="http://corscheck-no-such-name.invalid/", deadline=5),
    Row("a name with a part of 64 letters", [[]], no_answer("dns"), url=f"http://{'a' * 64}.localhost.invalid/", deadline=5),
    Row("an address that nobody has, in its share of the time", [[READ, OK]], ALLOWED,
        url="http://api.invalid:PORT/", network={"resolve": ("api.invalid:PORT:127.0.0.2,127.0.0.1",)}),
)  # fmt: skip

PROXIES = (
    Row("a proxy that never answers", [[READ, HOLD]], TIMEOUT, url="https://api.invalid/",
        network={"proxy": "http://127.0.0.1:PORT"}),
    Row("a proxy that answers in garbage", [[READ, b"\xff\xfe\r\n\r\n", HOLD]], no_answer("proxy"),
        url="https://api.invalid/", network={"proxy": "http://127.0.0.1:PORT"}),
    Row("a proxy whose answer never ends", [[READ, b"HTTP/1.1 200 OK\r\n", Repeat(b"X: 1\r\n" * 1000, 10_000)]],
        no_answer("proxy"), url="https://api.invalid/", network={"proxy": "http://127.0.0.1:PORT"}, deadline=2),
    Row("a proxy that refuses", [[READ, b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", HOLD]], no_answer("proxy"),
        url="https://api.invalid/", network={"proxy": "http://127.0.0.1:PORT"}),
    Row("a proxy that hangs up", [[READ]], no_answer("proxy"), url="https://api.invalid/",
        network={"proxy": "http://127.0.0.1:PORT"}),
    Row("a proxy that connects us to silence", [[READ, b"HTTP/1.1 200 OK\r\n\r\n", HOLD]], TIMEOUT,
        url="https://api.invalid/", network={"proxy": "http://127.0.0.1:PORT"}),
    Row("a proxy that speaks for the server", [[READ, b"HTTP/1.1 200 OK\r\n\r\n" + OK]], no_answer("tls"),
        url="https://api.invalid/", network={"proxy": "http://127.0.0.1:PORT"}),
)  # fmt: skip

ROWS = (*ENDED, *READING, *KEPT, *FICKLE, *PLACES, *PROXIES)
