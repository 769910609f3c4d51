"""What every live transport does on the wire, as tables: requests byte for byte, answers, and failures."""

from __future__ import annotations

import gzip
import time
from dataclasses import dataclass

import pytest

from corscheck.protocol.request import EVIDENCE_BYTES, HTTPResponse, NetworkError
from corscheck.transports.base import DRAIN_BYTES, MAX_HEADER_BYTES, WireRequest
from tests.servers.raw import HOLD, OK, READ, RESET, RawServer, Repeat
from tests.transports.carriers import get

# Requests: what is asked for, and the very bytes that must arrive. PORT stands for the server's.

REQUESTS = {
    "nothing automatic but Host": (
        WireRequest("GET", "http://127.0.0.1:PORT/", ()),
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    ),
    "method in lower case": (
        WireRequest("patch", "http://127.0.0.1:PORT/", ()),
        b"patch / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    ),
    "method with punctuation": (
        WireRequest("M-SEARCH", "http://127.0.0.1:PORT/", ()),
        b"M-SEARCH / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    ),
    "header case, order and duplicates": (
        WireRequest(
            "GET", "http://127.0.0.1:PORT/", (("x-B", "1"), ("Origin", "null"), ("X-b", "2"), ("ACCEPT", "*/*"))
        ),
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nx-B: 1\r\nOrigin: null\r\nX-b: 2\r\nACCEPT: */*\r\n\r\n",
    ),
    "header bytes beyond ASCII": (
        WireRequest("GET", "http://127.0.0.1:PORT/", (("X-A", "\xe4\xff\x80"),)),
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX-A: \xe4\xff\x80\r\n\r\n",
    ),
    "bytes that h11 alone would refuse": (
        WireRequest("POST", "http://127.0.0.1:PORT/", (("X-A", "a\x0bb\x01"), ("X-B", "\x0c")), b"\x01a\x0b"),
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 3\r\nX-A: a\x0bb\x01\r\nX-B: \x0c\r\n\r\n\x01a\x0b",
    ),
    "a Host of its own goes first": (
        WireRequest("GET", "http://127.0.0.1:PORT/", (("X-A", "1"), ("hOST", "other.example"))),
        b"GET / HTTP/1.1\r\nhOST: other.example\r\nX-A: 1\r\n\r\n",
    ),
    "target byte for byte": (
        WireRequest("GET", "http://127.0.0.1:PORT/a%2fb/{c}|'/%zz/..%2E/?q='\"%20[]{}|\\^`&&=", ()),
        b"GET /a%2fb/{c}|'/%zz/..%2E/?q='\"%20[]{}|\\^`&&= HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    ),
    "an empty query stays": (
        WireRequest("GET", "http://127.0.0.1:PORT/a?", ()),
        b"GET /a? HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    ),
    "no fragment": (
        WireRequest("GET", "http://127.0.0.1:PORT/a?b=1#c?d", ()),
        b"GET /a?b=1 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    ),
    "no userinfo": (
        WireRequest("GET", "http://user:pass@127.0.0.1:PORT/@x", ()),
        b"GET /@x HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    ),
    "OPTIONS has no Content-Length": (
        WireRequest("OPTIONS", "http://127.0.0.1:PORT/", (("Access-Control-Request-Method", "PUT"),)),
        b"OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
    ),
    "POST without a body has a Content-Length": (
        WireRequest("POST", "http://127.0.0.1:PORT/", (("A", "1"),)),
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 0\r\nA: 1\r\n\r\n",
    ),
    "PUT and PATCH too": (
        WireRequest("PATCH", "http://127.0.0.1:PORT/", ()),
        b"PATCH / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 0\r\n\r\n",
    ),
    "DELETE without one has not": (
        WireRequest("DELETE", "http://127.0.0.1:PORT/", ()),
        b"DELETE / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    ),
    "a body with any method": (
        WireRequest("DELETE", "http://127.0.0.1:PORT/", (), b"\x00\xff"),
        b"DELETE / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 2\r\n\r\n\x00\xff",
    ),
    "an empty body is a body": (
        WireRequest("QUERY", "http://127.0.0.1:PORT/", (), b""),
        b"QUERY / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 0\r\n\r\n",
    ),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_request_bytes(carrier, case):
    request, expected = REQUESTS[case]
    with RawServer([READ, OK]) as server:
        port = str(server.port)
        wire = WireRequest(request.method, request.url.replace("PORT", port), request.headers, request.body)
        answer = carrier().send(wire)
        assert server.requests == [expected.replace(b"PORT", port.encode())]
    assert isinstance(answer, HTTPResponse)
    lines = server.requests[0].partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    assert [f"{name}: {value}" for name, value in answer.sent] == lines


# Answers: the bytes that a server sends, and what must be made of them.


@dataclass(frozen=True)
class Answer:
    wire: list[object]
    status: int = 200
    reason: str = "OK"
    headers: tuple[tuple[str, str], ...] = (("A", "1"),)
    body: bytes = b""
    body_error: str | None = None
    version: str = "HTTP/1.1"
    method: str = "GET"


GZIPPED = gzip.compress(b"no database")
LONG = b"x" * (EVIDENCE_BYTES + 500)
A_OK = b"HTTP/1.1 200 OK\r\nA: 1\r\n\r\n"
BIG_VALUE = "v" * (MAX_HEADER_BYTES - 200)

ANSWERS = {
    "wire order, case and duplicates": Answer(
        [b"HTTP/1.1 200 OK\r\nVary: a\r\nACCESS-control-Allow-Origin: *\r\nvary: b\r\nEmpty:\r\n\r\n"],
        headers=(("Vary", "a"), ("ACCESS-control-Allow-Origin", "*"), ("vary", "b"), ("Empty", "")),
    ),
    "bytes beyond ASCII": Answer(
        [b"HTTP/1.1 200 \xdcber\r\nA: \xe4\x80\xff\r\n\r\n"], reason="\xdcber", headers=(("A", "\xe4\x80\xff"),)
    ),
    "bytes that h11 alone would refuse": Answer(
        [b"HTTP/1.1 404 a\x0bb\r\nA: true\x0b\r\nB: \x0c\x01a\x01\r\nContent-Length: 4\r\n\r\n\x01b\x0bx"],
        status=404,
        reason="a\x0bb",
        headers=(("A", "true\x0b"), ("B", "\x0c\x01a\x01"), ("Content-Length", "4")),
        body=b"\x01b\x0bx",
    ),
    "HTTP/1.2": Answer([b"HTTP/1.2 200 OK\r\nA: 1\r\n\r\n"], version="HTTP/1.2"),
    "a folded line": Answer(
        [b"HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\n\t 3 \r\nB:\r\n 4\r\n\r\n"], headers=(("A", "1 2 3"), ("B", "4"))
    ),
    "a status of no class": Answer([b"HTTP/1.1 999 Odd\r\nA: 1\r\n\r\n"], status=999, reason="Odd"),
    "framing with a body that is not looked at": Answer(
        [b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n"],
        status=304,
        reason="Not Modified",
        headers=(("Transfer-Encoding", "chunked"), ("Content-Length", "9")),
    ),
    "no reason": Answer([b"HTTP/1.1 204\r\nA: 1\r\n\r\n"], status=204, reason=""),
    "HTTP/1.0": Answer([b"HTTP/1.0 200 OK\r\nA: 1\r\n\r\nbody"], version="HTTP/1.0"),
    "lines that end in LF": Answer([b"HTTP/1.1 200 OK\nA: 1\n\n"]),
    "a redirect is an answer": Answer(
        [b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"],
        status=302,
        reason="Found",
        headers=(("Location", "/b"), ("Content-Length", "0")),
    ),
    "421 is an answer": Answer(
        [b"HTTP/1.1 421 Misdirected Request\r\nA: 1\r\n\r\n"], status=421, reason="Misdirected Request"
    ),
    "1xx are skipped": Answer(
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 0.02, A_OK],
    ),
    "a head in single bytes": Answer([Repeat(bytes([byte]), 1) for byte in A_OK]),
    "a head of 256 KiB": Answer(
        [b"HTTP/1.1 200 OK\r\nA: " + BIG_VALUE.encode() + b"\r\n\r\n"], headers=(("A", BIG_VALUE),)
    ),
    "the body of a good answer is not kept": Answer(
        [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"], headers=(("Content-Length", "4"),)
    ),
    "the body of a failed answer is kept in part": Answer(
        [b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(LONG), LONG],
        status=400,
        reason="Bad Request",
        headers=(("Content-Length", str(len(LONG))),),
        body=LONG[:EVIDENCE_BYTES],
    ),
    "a compressed body that is not": Answer(
        [b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nraw"],
        status=500,
        reason="No",
        headers=(("Content-Encoding", "gzip"), ("Content-Length", "3")),
    ),
    "a compressed body": Answer(
        [b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(GZIPPED), GZIPPED)],
        status=500,
        reason="No",
        headers=(("Content-Encoding", "gzip"), ("Content-Length", str(len(GZIPPED)))),
        body=b"no database",
    ),
    "chunks": Answer(
        [b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"],
        status=404,
        reason="No",
        headers=(("Transfer-Encoding", "chunked"),),
        body=b"abcde",
    ),
    "a body cut short": Answer(
        [b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nabc"],
        status=404,
        reason="No",
        headers=(("Content-Length", "9"),),
        body=b"abc",
        body_error="complete message body",
    ),
    "a malformed chunk": Answer(
        [b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n"],
        status=404,
        reason="No",
        headers=(("Transfer-Encoding", "chunked"),),
        body_error="malformed",
    ),
    "a body broken off by a reset": Answer(
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 0.1, RESET],
        headers=(("Content-Length", "9"),),
        body_error="reset the connection in the middle of its response",
    ),
    "HEAD has no body": Answer(
        [b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n", HOLD],
        status=404,
        reason="No",
        headers=(("Content-Length", "9"),),
        method="HEAD",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answer(carrier, case):
    expected = ANSWERS[case]
    with RawServer([READ, *expected.wire]) as server:
        before = time.monotonic()
        answer = carrier().send(WireRequest(expected.method, server.url(), ()))
        after = time.monotonic()
    if case in carrier.differs:
        assert answer.kind == carrier.differs[case].kind
        assert all(words in answer.message for words in carrier.differs[case].words)
        return
    assert isinstance(answer, HTTPResponse), answer
    assert (answer.status, answer.reason, answer.http_version) == (expected.status, expected.reason, expected.version)
    assert answer.headers == expected.headers
    assert answer.body == expected.body
    assert (answer.body_error is None) == (expected.body_error is None), answer.body_error
    assert expected.body_error is None or expected.body_error in (answer.body_error or "")
    assert before <= answer.at <= after
    assert 0 < answer.elapsed_ms <= (after - before) * 1000


# Failures: what a server does, the kind it must be told as, and words that the message must have.


@dataclass(frozen=True)
class Fault:
    script: list[object]
    kind: str
    words: tuple[str, ...]
    sent: bool = True
    timeout: float = 10.0


FAULTS = {
    "hang-up": Fault([READ], "connect", ("127.0.0.1:PORT closed the connection without a response.",)),
    "hang-up before the request": Fault([], "connect", ("127.0.0.1:PORT", "without a response."), sent=False),
    "reset": Fault([READ, RESET], "connect", ("127.0.0.1:PORT reset the connection without a response.",)),
    "reset in the head": Fault(
        [READ, b"HTTP/1.1 200 OK\r\n", 0.1, RESET], "connect", ("reset the connection in the middle of its response",)
    ),
    "hang-up in the head": Fault(
        [READ, b"HTTP/1.1 200 OK\r\nA"], "protocol", ("127.0.0.1:PORT", "in the middle of", "18 bytes")
    ),
    "another protocol": Fault(
        [READ, b"SSH-2.0-OpenSSH_9.2\r\n", HOLD],
        "protocol",
        ('127.0.0.1:PORT does not speak HTTP/1: its response begins with "SSH-2.0-OpenSSH_9.2".',),
    ),
    "garbage is shown safely": Fault([READ, b"\x1b[31mred\x07\x9b\n", HOLD], "protocol", (r'"\x1b[31mred\x07\x9b"',)),
    "an alert of TLS": Fault([READ, b"\x15\x03\x01\x00\x02\x02\x46"], "protocol", ("responds with TLS", "https")),
    "hang-up in the first line": Fault(
        [READ, b"HTTP/1.1 2"], "protocol", ("127.0.0.1:PORT", "in the middle of", "10 bytes")
    ),
    "a line before the first": Fault([READ, b"\r\nHTTP/1.1 200 OK\r\n\r\n"], "protocol", ("does not speak HTTP/1",)),
    "a version in lower case": Fault([READ, b"http/1.1 200 OK\r\n\r\n"], "protocol", ("HTTP/1",)),
    "a version alone": Fault([READ, b"HTTP/2 200 OK\r\n\r\n"], "protocol", ("malformed",)),
    "a status of four digits": Fault([READ, b"HTTP/1.1 2000 OK\r\n\r\n"], "protocol", ("malformed",)),
    "a status below 100": Fault([READ, b"HTTP/1.1 099 OK\r\n\r\n"], "protocol", ("malformed",)),
    "two spaces before the status": Fault([READ, b"HTTP/1.1  200 OK\r\n\r\n"], "protocol", ("malformed",)),
    "a space before the colon": Fault([READ, b"HTTP/1.1 200 OK\r\nA : 1\r\n\r\n"], "protocol", ("malformed",)),
    "a header without a name": Fault([READ, b"HTTP/1.1 200 OK\r\n: 1\r\n\r\n"], "protocol", ("malformed",)),
    "a name that is not a token": Fault([READ, b"HTTP/1.1 200 OK\r\nA(1): 1\r\n\r\n"], "protocol", ("malformed",)),
    "a folded first line": Fault([READ, b"HTTP/1.1 200 OK\r\n A: 1\r\n\r\n"], "protocol", ("malformed",)),
    "NUL in a value": Fault([READ, b"HTTP/1.1 200 OK\r\nA: 1\x002\r\n\r\n"], "protocol", ("malformed",)),
    "CR in a value": Fault([READ, b"HTTP/1.1 200 OK\r\nA: 1\r2\r\n\r\n"], "protocol", ("malformed",)),
    "a length that is none": Fault(
        [READ, b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n"], "protocol", ("malformed",)
    ),
    "a length beyond measure": Fault(
        [READ, b"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n" % (b"9" * 23)], "protocol", ("malformed",)
    ),
    "a coding that is not known": Fault(
        [READ, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"], "protocol", ("malformed",)
    ),
    "a bad status": Fault([READ, b"HTTP/1.1 abc No\r\n\r\n"], "protocol", ("malformed response",)),
    "a header without a colon": Fault([READ, b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"], "protocol", ("malformed",)),
    "two lengths": Fault(
        [READ, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
        "protocol",
        ("malformed", "Content-Length"),
    ),
    "an unasked 101": Fault(
        [READ, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
        "protocol",
        ("127.0.0.1:PORT switched protocols (101) without being asked to.",),
    ),
    "a head beyond 256 KiB": Fault(
        [READ, b"HTTP/1.1 200 OK\r\nA: " + b"v" * MAX_HEADER_BYTES + b"\r\n\r\n"], "too-large", ("256 KiB",)
    ),
    "endless headers": Fault(
        [READ, b"HTTP/1.1 200 OK\r\n", Repeat(b"X: 0123456789abcdef\r\n" * 50, 100_000)], "too-large", ("256 KiB",)
    ),
    "endless 1xx": Fault([READ, Repeat(b"HTTP/1.1 102 Processing\r\n\r\n" * 100, 100_000)], "too-large", ("256 KiB",)),
    "silence": Fault([READ, HOLD], "timeout", ("127.0.0.1:PORT did not respond within 0.3 s",), timeout=0.3),
    "a dripping head": Fault(
        [READ, b"HTTP/1.1 200 OK\r\n", Repeat(b"A: 1\r\n", 400, 0.05)],
        "timeout",
        ("127.0.0.1:PORT", "bytes of its response headers within 0.5 s"),
        timeout=0.5,
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_failure(carrier, case):
    fault = FAULTS[case]
    with RawServer([*fault.script]) as server:
        before = time.monotonic()
        answer = carrier().send(get(server.url()), fault.timeout)
        took = time.monotonic() - before
        assert server.connections == 1, "nothing may be sent twice on a new connection"
        assert server.sent < 20_000_000, "it must not be read to its end"
    assert isinstance(answer, NetworkError), answer
    expected = carrier.differs.get(case, fault)
    assert answer.kind == expected.kind, answer
    for words in expected.words:
        assert words.replace("PORT", str(server.port)) in answer.message
    assert answer.message.isprintable()
    assert answer.message.endswith((".", "?"))
    assert not fault.sent or answer.sent == (("Host", f"127.0.0.1:{server.port}"),)
    assert took < fault.timeout + 2
    if fault.kind == "timeout":
        assert took >= fault.timeout - 0.02


def test_deadline_over_a_dripping_body(carrier):
    script = [READ, b"HTTP/1.1 500 No\r\nContent-Length: 9000\r\n\r\n", Repeat(b"x", 400, 0.05)]
    with RawServer(script) as server:
        before = time.monotonic()
        answer = carrier().send(get(server.url()), 0.5)
        took = time.monotonic() - before
    assert isinstance(answer, HTTPResponse)
    assert answer.status == 500
    assert answer.body.startswith(b"xxx")
    assert "still arriving after 0.5 s" in (answer.body_error or "")
    assert 0.45 < took < 2


def test_no_time_left(carrier):
    with RawServer([READ, OK]) as server:
        answer = carrier().send(get(server.url()), -1)
        assert server.connections == 0
    assert isinstance(answer, NetworkError)
    assert answer.kind == "timeout"


def test_deadline_while_writing(carrier):
    with RawServer([b"", 30]) as server:
        # More than the buffers of both ends hold.
        answer = carrier().send(WireRequest("POST", server.url(), (), b"x" * 16_000_000), 0.5)
    assert isinstance(answer, NetworkError)
    assert (answer.kind, "did not read the request within 0.5 s" in answer.message) == ("timeout", True)


def test_answer_to_a_body_that_was_not_read(carrier):
    refusal = b"HTTP/1.1 413 Too Much\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    with RawServer([refusal, 0.3, RESET]) as server:
        answer = carrier().send(WireRequest("POST", server.url(), (), b"x" * 30_000_000), 5)
    assert isinstance(answer, HTTPResponse), answer
    assert answer.status == 413


@pytest.mark.parametrize("head", [b"Content-Length: 104857600\r\n", b"X: no length\r\n"])
@pytest.mark.parametrize("status", [200, 500])
def test_a_huge_body_is_not_read(carrier, head, status):
    with RawServer([READ, b"HTTP/1.1 %d X\r\n%s\r\n" % (status, head), Repeat(b"x" * 65536, 1600)]) as server:
        before = time.monotonic()
        answer = carrier().send(get(server.url()))
        assert time.monotonic() - before < 3
    assert isinstance(answer, HTTPResponse)
    assert answer.body_error is None
    assert answer.body == (b"x" * EVIDENCE_BYTES if status == 500 else b"")
    # What the kernels' buffers hold has left the server as well: some MiB, never the 100.
    assert server.sent < 20 * 1024 * 1024


def test_an_event_stream_does_not_cost_time(carrier):
    with RawServer([READ, b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", HOLD]) as server:
        before = time.monotonic()
        answer = carrier().send(get(server.url()))
        assert time.monotonic() - before < 0.4
    assert isinstance(answer, HTTPResponse)
    assert answer.body_error is None


def test_a_body_that_does_not_come_costs_little_time(carrier):
    with RawServer([READ, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HOLD]) as server:
        before = time.monotonic()
        answer = carrier().send(get(server.url()))
        assert time.monotonic() - before < 2
    assert isinstance(answer, HTTPResponse)
    assert answer.body_error is None, "the server is not at fault because we did not wait"


def test_as_much_as_is_drained_keeps_the_connection(carrier):
    body = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % DRAIN_BYTES + b"x" * DRAIN_BYTES
    with RawServer([READ, body, READ, OK]) as server:
        transport = carrier()
        for _ in range(2):
            assert isinstance(transport.send(get(server.url())), HTTPResponse)
        assert server.connections == 1


def test_illegal_requests_are_not_sent(carrier):
    with RawServer([READ, OK]) as server:
        for request in (
            WireRequest("GET", server.url(), (("X", "a\nb"),)),
            WireRequest("BAD METHOD", server.url(), ()),
        ):
            answer = carrier().send(request)
            assert isinstance(answer, NetworkError)
            assert answer.kind == "protocol"
            assert "cannot be sent" in answer.message
        assert server.requests == []
