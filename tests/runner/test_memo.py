"""What is remembered is what would have been judged, and a judgement reads nothing that the table of reads lacks."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from corscheck.model.result import Result
from corscheck.model.values import CheckRef, Probe
from corscheck.protocol.reads import VALUES, is_read
from corscheck.protocol.request import Answer, Headers, HTTPResponse, NetworkError
from corscheck.runner import memo as module
from corscheck.runner.conversation import Asking, Pause, conversation
from corscheck.runner.memo import Memo
from corscheck.runner.options import RunOptions
from corscheck.runner.result import Assembler
from corscheck.transports.base import WireRequest

PAGE = "https://app.example.com"
OPTIONS = RunOptions(retry=1, diagnose=True)
Server = Callable[[WireRequest], Answer]


def carry(asking: Asking[Result], server: Server) -> tuple[Result, list[WireRequest]]:
    """The result of a conversation with a server, and the requests that it received."""
    sent = []
    try:
        wanted = next(asking)
        while True:
            if isinstance(wanted, Pause):
                wanted = next(asking)
            else:
                sent.append(wanted)
                wanted = asking.send(server(wanted))
    except StopIteration as done:
        return done.value, sent


def plain(probe: Probe, server: Server) -> tuple[Result, list[WireRequest]]:
    return carry(conversation(probe, OPTIONS, Assembler()), server)


# ---------------------------------------------------------------------- the table of reads

FIXED = (
    "Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
    "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Max-Age",
)  # fmt: skip
UNREAD = (
    "Server", "Date", "X-Request-Id", "CF-RAY", "ETag", "Set-Cookie", "Via", "X-Powered-By", "Content-Length", "Expires",
    "Last-Modified", "Pragma", "Connection", "Keep-Alive", "Strict-Transport-Security", "X-Total-Count", "Link",
    "Retry-After", "RateLimit-Limit", "Content-Disposition", "WWW-Authenticate", "Allow", "X-Amz-Cf-Id", "Alt-Svc",
    "Content-Language", "Content-Encoding", "X-Content-Type-Options", "Referrer-Policy", "Server-Timing", "Warning",
    "Content-Type", "Cross-Origin-Resource-Policy", "Timing-Allow-Origin", "Clear-Site-Data",
)  # fmt: skip
CORS_VALUES = st.sampled_from(
    [PAGE, "*", "true", "x-a", "X-A, content-type", "PUT, DELETE", "GET", "600", "86400", "x-b"]
)
OTHER_VALUES = st.text(string.ascii_letters + string.digits + " ,;=*/:-", max_size=12).map(str.strip) | CORS_VALUES
NAMES = st.sampled_from([*UNREAD, *(name.title() for name in sorted(VALUES))])


def answered(fields: Headers, status: int = 200) -> HTTPResponse:
    allow = (("Access-Control-Allow-Origin", PAGE), ("Access-Control-Allow-Headers", "x-a"), ("Vary", "Origin"))
    return HTTPResponse(status, (*allow, ("Access-Control-Allow-Methods", "PUT"), *fields), "OK")


def sent_for(request: WireRequest, fields: Headers) -> HTTPResponse:
    """An allowing answer as a transport gives it: with the header lines that were sent."""
    return replace(answered(fields), sent=(("Host", request.url.split("/")[2]), *request.headers))


@given(
    fields=st.lists(st.tuples(NAMES, OTHER_VALUES), max_size=8).map(tuple),
    other=st.lists(OTHER_VALUES, min_size=8, max_size=8),
    credentials=st.sampled_from(["same-origin", "include", "omit"]),
    method=st.sampled_from(["GET", "PUT", "HEAD"]),
    status=st.sampled_from([200, 200, 204, 404, 500]),
)
def test_no_other_value_is_read(fields, other, credentials, method, status):
    """Any value that the table lacks may change: nothing but the record of the exchange changes."""
    changed = tuple(
        (name, value if is_read(name) else another) for (name, value), another in zip(fields, other, strict=False)
    )
    probe = Probe("https://api.example.com/data", PAGE, method, (("X-A", "1"),), credentials=credentials, send="always")
    found = []
    for headers in (fields, changed):
        result, _ = plain(
            probe, lambda request, to=headers: answered(to, 200 if request.method == "OPTIONS" else status)
        )
        found.append(replace(result, exchanges=()))
    if module._is_shared(result, []) or result.verdict == "allowed":
        assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("Access-Control-Allow-Origin", PAGE, "https://other.example"), ("Access-Control-Allow-Headers", "x-a", "x-b"),
        ("Access-Control-Allow-Methods", "PUT", "GET"), ("Access-Control-Expose-Headers", "x-b", "x-total-count"),
        ("Access-Control-Max-Age", "600", "7"), ("Vary", "Origin", "Accept"), ("Cache-Control", "private", "public"),
        ("Age", "0", "9"),
    ],
)  # fmt: skip
def test_the_values_in_the_table_are_read(name, value, other):
    """Each of these changes a result, with nothing else in the answer changed: the key must tell them apart."""
    given = {
        "Access-Control-Allow-Origin": PAGE, "Access-Control-Allow-Headers": "x-a", "X-Total-Count": "3",
        "Access-Control-Allow-Methods": "PUT", "Vary": "Accept" if name in ("Cache-Control", "Age") else "Origin",
    }  # fmt: skip
    answers = [tuple((given | {name: one}).items()) for one in (value, other)]
    told = False
    for method in ("PUT", "GET"):
        probe = Probe("https://api.example.com/data", PAGE, method, (("X-A", "1"),), send="always")
        servers = [lambda request, to=to: HTTPResponse(200, to, sent=request.headers) for to in answers]
        expected = [plain(probe, server)[0] for server in servers]
        memo = Memo(OPTIONS, Assembler())
        assert [carry(memo.ask(probe), server)[0] for server in servers] == expected
        told = told or replace(expected[0], exchanges=()) != replace(expected[1], exchanges=())
    assert told, f"{name} makes no difference"


# ---------------------------------------------------------------------- the memo beside the plain conversation

HOSTS = (
    "https://api.example.com", "https://api2.example.com", "https://www.example.org", "http://api.example.com",
    "https://api.example.com:8443", "http://localhost:8000", "http://127.0.0.1:8000", "http://10.0.0.7", PAGE,
    "http://app.localhost", "https://api.example.com:6000", "https://API.example.com", "https://user@api.example.com",
)  # fmt: skip
PLAIN = ("/a", "/b?x=1", "/data/7", "/t?token=s3cr3t", "/%41", "/")
PATHS = (*PLAIN, *PLAIN, "/c/../d", "/e#f", "", "/g h")


def probes(dice: random.Random, count: int) -> Iterator[Probe]:
    method = dice.choice(["GET", "GET", "PUT"])
    headers = dice.choice([(), (("X-A", "1"),), (("Authorization", "Bearer s3cr3t"),)])
    credentials = dice.choice(["same-origin", "include"])
    page = dice.choice([PAGE, PAGE, "http://localhost:3000", "null"])
    send = dice.choice(["auto", "always"])
    mode = "no-cors" if method == "GET" and not headers and dice.random() < 0.3 else "cors"
    hosts = dice.sample(HOSTS, 2) if dice.random() < 0.5 else ["https://api.example.com"]
    for index in range(count):
        url = dice.choice(hosts) + dice.choice(PATHS)
        check = CheckRef(f"check {index}") if dice.random() < 0.2 else None
        yield Probe(url, page, method, headers, credentials=credentials, send=send, mode=mode, index=index, check=check)


def some_server(dice: random.Random) -> Server:
    """Mostly allows; some URLs are refused, redirected, closed or answered with headers of their own."""
    salt = dice.random()

    def answer(request: WireRequest) -> Answer:
        own = random.Random(f"{salt} {request.method} {request.url}")
        kind = own.random()
        origin = next((v for n, v in request.headers if n == "Origin"), "*")
        if kind < 0.03:
            return NetworkError("connect", f"no connection to {request.url}", 1.0, 2.0)
        allow: Headers = (
            ("Access-Control-Allow-Origin", "https://else.example" if kind < 0.08 else origin),
            ("Access-Control-Allow-Credentials", "true"), ("Vary", "Origin"),
            ("Access-Control-Allow-Headers", own.choice(["x-a, authorization"] * 4 + ["*"])),
            ("Access-Control-Allow-Methods", "PUT"),
        )  # fmt: skip
        if kind < 0.12:
            return HTTPResponse(302, (*allow, ("Location", "/elsewhere")), "Found")
        more: tuple[tuple[str, str], ...] = (("X-Request-Id", str(own.random())), ("Server", own.choice("ab")))
        if own.random() < 0.1:
            more += (("Cache-Control", "public"), ("X-Total-Count", str(own.random())))
        if own.random() < 0.1:
            more += (("Access-Control-Expose-Headers", "x-total-count"),)
        elapsed = own.random() * 9
        sent = (("Host", request.url.split("/")[2]), *request.headers) if own.random() < 0.97 else ()
        status = own.choice([200] * 9 + [404])
        return HTTPResponse(status, (*allow, *more), "OK", elapsed_ms=elapsed, at=1.0, sent=sent)

    return answer


def test_random_runs():
    """Result for result and request for request the same as without it, and the shortcut is taken often enough to tell."""
    dice = random.Random(20261125)
    asked = remembered = 0
    for _ in range(150):
        memo, server = Memo(OPTIONS, Assembler()), some_server(dice)
        for probe in probes(dice, 30):
            assert carry(memo.ask(probe), server) == plain(probe, server), probe
            asked += 1
        remembered += memo.remembered
    assert remembered > asked / 10, f"{remembered} of {asked}"


def test_two_at_a_time():
    """Probes that are under way together teach each other nothing wrong."""
    dice = random.Random(7)
    for _ in range(60):
        memo, server = Memo(OPTIONS, Assembler()), some_server(dice)
        asked = list(probes(dice, 12))
        under_way = [(probe, memo.ask(probe)) for probe in asked]
        wanted: dict[int, WireRequest | Pause | None] = dict.fromkeys(range(len(asked)))  # None: not begun
        found: dict[int, Result] = {}
        while wanted:
            i = dice.choice(list(wanted))
            flow, request = under_way[i][1], wanted.pop(i)
            try:
                wanted[i] = next(flow) if request is None or isinstance(request, Pause) else flow.send(server(request))
            except StopIteration as done:
                found[i] = done.value
        assert [found[i] for i in range(len(asked))] == [plain(probe, server)[0] for probe in asked]


def test_other_hosts_are_remembered_too():
    memo = Memo(OPTIONS, Assembler())

    def allowing(request: WireRequest) -> Answer:
        return sent_for(request, (("X-Request-Id", request.url), ("X-Host", request.url)))

    for number in range(20):
        probe = Probe(f"https://h{number}.example.org/{number}", PAGE, "PUT", (("X-A", "1"),), send="always")
        assert carry(memo.ask(probe), allowing) == plain(probe, allowing)
    assert memo.remembered == 19


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://api.example.com/", "http://api.example.com/"),  # mixed content
        ("https://api.example.com/", "https://api.example.com:6000/"),  # a bad port
        ("https://api.example.org/", "https://api.example.com/"),  # the page's site: Sec-Fetch-Site
        ("https://api.example.com/", f"{PAGE}/"),  # the page's origin: no CORS at all
        ("https://api.example.org/", "https://localhost/"),  # not on the public network
        ("https://api.example.org/", "https://10.0.0.1/"),
    ],
)
def test_what_a_place_decides(one, other):
    """Each pair differs in something that rules or remarks read of a URL: the second is not judged by the first."""
    memo = Memo(OPTIONS, Assembler())

    def allowing(request: WireRequest) -> Answer:
        return sent_for(request, ())

    for url in (one, other, one, other):
        probe = Probe(url, PAGE, "PUT", (("X-A", "1"),), send="always")
        assert carry(memo.ask(probe), allowing) == plain(probe, allowing)


def test_a_redirect_is_followed_each_time():
    memo = Memo(OPTIONS, Assembler())

    def redirecting(request: WireRequest) -> Answer:
        answer = sent_for(request, (("Location", "/elsewhere"),))
        return answer if request.url.endswith("/elsewhere") else replace(answer, status=302)

    for number in range(3):
        probe = Probe(f"https://api.example.com/{number}", PAGE)
        found = carry(memo.ask(probe), redirecting)
        assert found == plain(probe, redirecting)
        assert found[0].verdict == "allowed"
    assert memo.remembered == 0


def test_secrets_are_masked_in_what_is_remembered():
    memo = Memo(OPTIONS, Assembler())
    for number in range(3):
        url = f"https://api.example.com/?token=s3cr3t{number}"
        result, _ = carry(memo.ask(Probe(url, PAGE)), lambda request: sent_for(request, (("Set-Cookie", "id=s3cr3t"),)))
    assert memo.remembered == 2
    assert "s3cr3t" not in str(result)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST", 4)
    memo = Memo(OPTIONS, Assembler())
    for number in range(40):
        probe = Probe(f"https://api.example.com/{number}", PAGE, headers=(("Accept", f"a/{number % 9}"),))

        def server(request: WireRequest, number: int = number) -> Answer:
            return sent_for(request, (("Access-Control-Max-Age", str(number)), (f"X-{number}", "1")))

        assert carry(memo.ask(probe), server) == plain(probe, server)
    assert len(memo._first) <= 4
    assert all(len(step.after) <= 4 for step in memo._first.values())
