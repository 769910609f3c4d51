"""Responses that are not valid HTTP: over each transport, the verdict is the one of the recorded browsers.

``tests/data/browser-truth/malformed.jsonl`` holds the bytes and what Chromium and Firefox made of them. Mutated responses
have no record; of them the test asks that the transports agree.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import corscheck
from corscheck.protocol import exchanging
from corscheck.protocol.heads import JUNK_BYTES
from corscheck.transports.base import NetworkOptions, WireRequest
from corscheck.transports.doubtful import is_doubtful
from tests.corpus import DATA
from tests.servers.raw import HOLD, READ, RawServer, Repeat
from tests.transports.carriers import CARRIERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = "http://app.example"
TRANSPORTS = ("httpx", "curl")
CASES: dict[str, dict[str, Any]] = {
    row["id"]: row for row in map(json.loads, (DATA / "malformed.jsonl").read_text("utf-8").splitlines())
}

UNKNOWN_TO_LIBCURL = {
    "malformed-0061": "a cut status line is an empty reply to libcurl",
    "seen-035": "libcurl reads a chunk of 4 GiB, and does not hand over its size",
}
"""Cases in which libcurl does not let us see what the browser sees, and why."""

OTHER_TEXT = {
    "firefox": {
        "seen-080": "Firefox checks the fields of the 1xx response and of the next one together",
    }
}
"""Cases with the right verdict and another console text."""


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    """Answers ``/c/<id>/<hop>`` with the bytes of the case."""

    def answer(request: bytes) -> bytes:
        method, path = request.split(b" ")[:2]
        _, _, case, hop = path.decode().split("/")
        reply = CASES[case]["hops"][int(hop)]["preflight" if method == b"OPTIONS" else "actual"]
        if "raw" in reply:
            return reply["raw"].encode("latin-1")  # type: ignore[no-any-return]
        lines = [f"HTTP/1.1 {reply['status']} X", "Connection: close", *(f"{n}: {v}" for n, v in reply["headers"])]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    with RawServer([READ, answer]) as raw:
        yield raw


def ask(server: RawServer, url: str, transport: str, engine: str, method: str = "GET") -> corscheck.Result:
    return corscheck.probe(
        url,
        origin=PAGE,
        method=method,
        engine=engine,
        transport=transport,
        connect_to=[f"::127.0.0.1:{server.port}"],
        proxy="",
        send="always",
        diagnose=False,
        timeout=5.0,
    )


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("case", [pytest.param(row, id=f"{i} {row['label']}") for i, row in CASES.items()])
def test_the_verdict_is_the_browsers(server: RawServer, case: dict[str, Any], transport: str, engine: str) -> None:
    result = ask(server, case["url"], transport, engine, case["method"])
    told = case[engine]
    if transport == "curl" and case["id"] in UNKNOWN_TO_LIBCURL:
        assert result.verdict in ("inconclusive", "allowed")
        return
    assert result.verdict == told["outcome"], result
    if told.get("status") is not None:
        assert result.exchanges[-1].response is not None
        assert result.exchanges[-1].response.status == told["status"]
    if case["id"] not in OTHER_TEXT.get(engine, {}):
        assert result.console[engine] == told.get("console")


@pytest.mark.parametrize("engine", ["standard", "webkit"])
@pytest.mark.parametrize("case", [pytest.param(row, id=f"{i} {row['label']}") for i, row in CASES.items()])
def test_other_engines_have_a_verdict_where_both_agree(server: RawServer, case: dict[str, Any], engine: str) -> None:
    found = {ask(server, case["url"], t, engine, case["method"]).verdict for t in TRANSPORTS}
    recorded = {case[browser]["outcome"] for browser in ("chromium", "firefox")}
    if case["id"] in UNKNOWN_TO_LIBCURL:
        assert len(found - {"inconclusive"}) == 1
        return
    assert len(found) == 1
    assert found <= {*recorded, "inconclusive"}
    # WebKitGTK reads a response with two lengths, which its HTTP library decides: no verdict for WebKit.
    has_length = "content-length" in str(case["hops"]).lower()
    if len(recorded) == 1 and not (engine == "webkit" and has_length and recorded == {"blocked"}):
        assert found == recorded


# Mutations of valid responses

_HEAD = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nX-A: 1\r\n"
_VALID = (
    _HEAD + b"Content-Length: 4\r\nConnection: close\r\n\r\nbody",
    _HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    _HEAD + b"Connection: close\r\n\r\nbody",
    b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n" + _HEAD + b"Content-Length: 4\r\nConnection: close\r\n\r\nbody",
)
_PIECES = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b"\x00", b"\x7f", b"\xc3", b"0", b"9", b"-", b",", b";", b"HTTP/", b"x"]
)


@st.composite
def mutated(draw: Callable[..., Any]) -> bytes:
    text = draw(st.sampled_from(_VALID))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(_PIECES | st.just(b"")) + text[at + draw(st.integers(0, 3)) :]
    return text  # type: ignore[no-any-return]


@pytest.mark.parametrize("engine", ["chromium", "firefox", "standard"])
@example(text=b"HTTP/1.1 103 X\r\nLink:\n\r\n\r\n" + _VALID[0])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=mutated())
def test_the_transports_agree_on_mutated_responses(engine: str, text: bytes) -> None:
    with RawServer([READ, text]) as server:
        verdicts = {t: ask(server, "http://api.example/", t, engine).verdict for t in TRANSPORTS}
    # Where libcurl gives us nothing to go by, there is no verdict, but never another one.
    assert verdicts["curl"] in (verdicts["httpx"], "inconclusive"), text
    if b"\n" in text.lstrip(b"\r\n "):
        assert verdicts["curl"] == verdicts["httpx"], text


# Ordinary responses do not come this way

ORDINARY = {
    "a length": _VALID[0],
    "chunks": _VALID[1],
    "neither": _VALID[2],
    "a 103": _VALID[3],
    "a redirect": b"HTTP/1.1 302 Found\r\nAccess-Control-Allow-Origin: *\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.0": b"HTTP/1.0 404 No\r\nContent-Disposition: attachment\r\n\r\nno",
    "fields twice": b"HTTP/1.1 204 No Content\r\nVary: Origin\r\nVary: Accept\r\n\r\n",
}


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_responses_are_not_parsed_again(name: str, text: bytes) -> None:
    with RawServer([READ, text]) as server:
        carrier = CARRIERS[name](NetworkOptions())
        answer = carrier.send(WireRequest("GET", server.url(), ()))
        carrier.close()
    assert answer.raw is None


def test_a_probe_of_an_ordinary_response_does_not_parse_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanging, "read_answer", lambda *_, **__: pytest.fail("it was parsed again"))
    with RawServer([READ, _VALID[0]]) as server:
        for transport in TRANSPORTS:
            assert ask(server, "http://api.example/", transport, "chromium").verdict == "allowed"


@pytest.mark.parametrize(
    ("version", "headers", "doubtful"),
    [
        ("HTTP/1.1", (("Content-Length", "1"), ("Vary", "a"), ("Vary", "b")), False),
        ("HTTP/0.9", (), True),
        ("HTTP/1.1", (("Content-Length", "1"), ("content-length", "1")), True),
        ("HTTP/1.1", (("Content-Length", "1, 1"),), True),
        ("HTTP/1.1", (("Content-Disposition", "attachment; filename=a,b"),), True),
        ("HTTP/1.1", (("Location", "/a,b"),), False),
        ("HTTP/1.1", (("Location", "/a"), ("Location", "/b")), True),
    ],
)
def test_which_responses_are_doubtful(version: str, headers: tuple[tuple[str, str], ...], doubtful: bool) -> None:
    assert is_doubtful(version, headers) == doubtful


# Bounds

ENDLESS = {
    "junk": [READ, Repeat(b"\xff" * 65536, 10_000)],
    "junk that begins like a status line": [READ, b"abcdHTTP", Repeat(b"x" * 65536, 10_000)],
    "blank lines": [READ, Repeat(b"\r\n" * 1000, 100_000)],
    "status lines in lower case": [READ, Repeat(b"http/1.1 100 X\r\n\r\n" * 1000, 100_000)],
    "slow junk": [READ, Repeat(b" ", 1000, pause=0.05)],
    "a slow head": [READ, b"xxHTTP/1.1 200 OK\r\n", Repeat(b"A: 1\r\n", 1000, pause=0.05)],
    "silence after a 101": [READ, b"HTTP/1.1 101 X\r\n\r\n", HOLD],
    "a drip after a 101": [READ, b"HTTP/1.1 101 X\r\n\r\n", 0.3, Repeat(b"x", 1000, pause=0.05)],
    "silence within the junk": [READ, b"x" * (JUNK_BYTES - 1), HOLD],
}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_bounds(script: list[object], transport: str) -> None:
    with RawServer(script) as server:
        before = time.monotonic()
        result = corscheck.probe(
            server.url(), origin=PAGE, transport=transport, proxy="", diagnose=False, timeout=1.0, engine="chromium"
        )
        took, sent = time.monotonic() - before, server.sent
    assert result.verdict in ("blocked", "inconclusive")
    assert took < 2.5
    assert sent < 20 << 20
