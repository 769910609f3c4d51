"""What is sent for the sake of another engine of the gate: once, in the report, and only where it may be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import corscheck
from corscheck.model.values import Probe
from corscheck.runner.many import ask_all
from corscheck.runner.options import RunOptions
from corscheck.transports.base import NetworkOptions
from tests.servers.counting import CountingServer
from tests.servers.raw import READ, RawServer

PAGE = "http://app.example"
ALLOW = b"Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: *\r\nAccess-Control-Allow-Headers: *\r\n"
ALL = ("standard", "chromium", "firefox", "webkit")


def answering(status: bytes = b"200 OK", more: bytes = b"") -> Any:
    return lambda _: b"HTTP/1.1 " + status + b"\r\n" + ALLOW + more + b"Content-Length: 0\r\nConnection: close\r\n\r\n"


def preflight_refused(request: bytes) -> bytes:
    status = b"405 No" if request.startswith(b"OPTIONS") else b"200 OK"
    return b"HTTP/1.1 " + status + b"\r\n" + ALLOW + b"Content-Length: 0\r\nConnection: close\r\n\r\n"


def methods(server: RawServer) -> list[str]:
    return [request.split(b" ")[0].decode() for request in server.requests]


def test_what_may_change_data_goes_out_once() -> None:
    """Chromium preflights a Range that the others' rules know: its POST is refused, theirs goes out, once for both."""
    with RawServer([READ, preflight_refused]) as server:
        result = corscheck.probe(
            server.url("/a"), origin=PAGE, method="POST", body="pay=1", send="always",
            headers={"Range": "bytes=9223372036854775807-"}, gate=("chromium", "firefox", "webkit"),
        )  # fmt: skip
    assert methods(server) == ["OPTIONS", "POST"]
    assert {name: result.engines[name].verdict for name in result.gate} == {
        "chromium": "blocked",
        "firefox": "allowed",
        "webkit": "allowed",
    }
    assert [(name, [e.kind for e in sent]) for name, sent in result.sent_for.items()] == [("firefox", ["actual"])]


def test_every_engine_and_a_put() -> None:
    with RawServer([READ, answering()]) as server:
        corscheck.probe(
            server.url("/a"), origin=PAGE, method="PUT", send="always", headers={"Authorization": "x"}, gate=ALL
        )
    assert methods(server).count("PUT") == 1


@pytest.mark.parametrize("send", ["auto", "never"])
def test_nothing_is_sent_that_may_not_be(send: Any) -> None:
    with RawServer([READ, preflight_refused]) as server:
        corscheck.probe(
            server.url("/a"), origin=PAGE, method="POST", headers={"Range": "bytes=9223372036854775807-"}, send=send
        )
    assert "POST" not in methods(server)


def test_a_page_whose_caches_differ() -> None:
    """Chromium bypasses its cache for cache mode no-cache and is refused; Firefox and WebKit use theirs: one more PUT."""
    named = ALLOW.replace(b"Methods: *", b"Methods: PUT")  # Firefox's cache knows no wildcards
    kept = b"Access-Control-Max-Age: 600\r\n"
    answers = [
        b"HTTP/1.1 " + status + b"\r\n" + named + kept + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        for status in (b"200 OK", b"200 OK", b"403 No", b"200 OK")
    ]
    with (
        RawServer(*([READ, answer] for answer in answers)) as server,
        corscheck.Page(origin=PAGE, send="always") as page,
    ):
        page.fetch(server.url("/a"), method="PUT")
        result = page.fetch(server.url("/a"), method="PUT", cache="no-cache")
    assert methods(server) == ["OPTIONS", "PUT", "OPTIONS", "PUT"]
    assert [result.engines[name].verdict for name in result.gate] == ["blocked", "allowed", "allowed"]


def test_a_server_that_gives_no_answer_is_not_asked_for_every_engine() -> None:
    with RawServer([READ]) as server:
        result = corscheck.probe(server.url("/a"), origin=PAGE, headers={"DPR": "1"}, transport="httpx")
    assert result.verdict == "inconclusive"
    assert methods(server) == ["GET"]


@pytest.mark.parametrize("transport", ["httpx", "curl"])
@pytest.mark.parametrize("headers", [(("X-A", "1"), ("X-A", "2")), (("Content-Type", "text/plain;;;"),)])
def test_many_of_a_kind_whose_engines_ask_differently(transport: Any, headers: Any) -> None:
    """A remembered result would not have the other engines' exchanges: each is asked by itself."""
    found: list[Any] = []
    with CountingServer() as server:
        options = RunOptions(network=NetworkOptions(proxy="", transport=transport), concurrency=1)
        probes = [Probe(f"{server.url}/reflect{n}", PAGE, headers=headers, index=n) for n in range(4)]
        ask_all(probes, options, found.append)
    assert [result.url.rpartition("/")[2] for result in found] == [f"reflect{n}" for n in range(4)]
    made = {(*(engine.verdict for engine in r.engines.values()), *map(len, r.sent_for.values())) for r in found}
    assert len(made) == 1
    assert all(result.sent_for for result in found)


def test_a_pipe_is_spelled_by_each_probe() -> None:
    found: list[Any] = []
    with CountingServer() as server:
        probes = [Probe(f"{server.url}/x|{n}", PAGE, engine="chromium", gate=("chromium",), index=n) for n in range(3)]
        ask_all(probes, RunOptions(network=NetworkOptions(proxy=""), concurrency=1), found.append)
    assert sorted(path.partition("/")[2] for path in server.asked) == ["x%7C0", "x%7C1", "x%7C2"]


def test_a_secret_user_agent_stays_at_its_origin() -> None:
    """WebKit sends script's User-Agent with preflights too."""
    with RawServer([READ, answering()]) as other:
        moved = answering(b"307 Moved", f"Location: {other.url('/b')}\r\n".encode())
        with RawServer([READ, lambda r: answering()(r) if r.startswith(b"OPTIONS") else moved(r)]) as server:
            corscheck.probe(server.url("/a"), origin=PAGE, headers={"User-Agent": "Bearer s3cr3t"}, engine="webkit")
    assert b"s3cr3t" in b"".join(server.requests)
    assert other.requests
    assert b"s3cr3t" not in b"".join(other.requests)


def test_the_verbose_view_and_the_report_have_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from corscheck.cli import app

    with RawServer([READ, preflight_refused]) as server:
        asked = (
            "probe",
            server.url("/a"),
            "--origin",
            PAGE,
            "-H",
            "DPR: 1",
            "--no-diagnose",
            "--json",
            str(tmp_path / "r"),
        )
        app.run((*asked, "-v"))
    shown = capsys.readouterr().out
    assert "* for Firefox alone:" in shown
    (found,) = json.loads((tmp_path / "r").read_text())["probes"]
    assert [exchange["kind"] for exchange in found["sent_for"]["firefox"]] == ["preflight"]
    assert [exchange["kind"] for exchange in found["exchanges"]] == ["actual"]


def test_answers_that_libcurl_cannot_read_hold_nobody_up() -> None:
    """Each is asked for again over httpx, all at once: eight answers of 0.3 s within a deadline of 2 s."""
    slow = [READ, 0.3, b"HTTP/1.1 200 OK\r\nno colon\r\n" + ALLOW + b"Content-Length: 0\r\nConnection: close\r\n\r\n"]
    found: list[Any] = []
    with RawServer(slow) as server:
        options = RunOptions(network=NetworkOptions(proxy="", transport="curl", timeout=2.0))
        ask_all([Probe(server.url(f"/{n}"), PAGE, index=n) for n in range(8)], options, found.append)
    assert {result.verdict for result in found} == {"allowed"}
