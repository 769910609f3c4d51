"""``probe_many``, ``aprobe``, ``audit`` and the verdict line, against servers on loopback."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import corscheck
from corscheck import ConfigError, Probe
from tests.servers.counting import CountingServer
from tests.servers.raw import HOLD, READ, RawServer

PAGE = "https://app.example"
TRANSPORTS = ["httpx", "curl"]
ALLOWED = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n"


def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Access-Control-Allow-Origin", PAGE)])
    return [b""]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_many_come_in_the_order_given(transport: Any) -> None:
    with CountingServer() as server:
        paths = [f"/{'b' if number % 3 == 0 else 'a'}{number}" for number in range(20)]
        results = list(corscheck.probe_many([server.url + p for p in paths], origin=PAGE, transport=transport))
    assert [r.url for r in results] == [server.url + p for p in paths]
    assert [r.index for r in results] == list(range(20))
    assert [r.verdict for r in results] == ["blocked" if p.startswith("/b") else "allowed" for p in paths]


def test_urls_take_the_options_and_probes_are_asked_as_they_are() -> None:
    with CountingServer() as server:
        ready = Probe(url=f"{server.url}/ready", origin="https://other.example", method="HEAD")
        found = corscheck.probe_many([f"{server.url}/url", ready], origin=PAGE, method="POST", send="always")
        first, second = found
    assert (first.origin, first.method) == (PAGE, "POST")
    assert (second.origin, second.method, second.index) == ("https://other.example", "HEAD", 1)


def test_probes_alone_need_no_origin() -> None:
    with CountingServer() as server:
        (result,) = corscheck.probe_many([Probe(url=f"{server.url}/a", origin=PAGE)])
        assert result.verdict == "allowed"
        with pytest.raises(ConfigError, match="Missing origin"):
            list(corscheck.probe_many([f"{server.url}/a"]))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_endless_iterable_is_read_as_it_is_needed(transport: Any) -> None:
    with CountingServer() as server:
        taken = 0

        def urls() -> Iterator[str]:
            nonlocal taken
            for number in itertools.count():
                taken += 1
                yield f"{server.url}/{number}"

        results = corscheck.probe_many(urls(), origin=PAGE, transport=transport, concurrency=2, concurrency_total=2)
        assert [next(results).index for _ in range(5)] == [0, 1, 2, 3, 4]
        results.close()
        seen = taken
        assert seen < 100
        time.sleep(0.1)
        assert taken == seen


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_closing_cancels_what_is_under_way(transport: Any) -> None:
    """The second answer never comes: who closes the generator does not wait for it."""
    with RawServer([READ, ALLOWED]) as server, RawServer([READ, HOLD]) as silent:
        urls = [server.url("/1"), silent.url("/2")]
        results = corscheck.probe_many(urls, origin=PAGE, transport=transport, timeout=15)
        assert next(results).verdict == "allowed"
        start = time.monotonic()
        results.close()
        assert time.monotonic() - start < 5


def test_probes_may_have_headers_as_a_mapping() -> None:
    with CountingServer() as server:
        probe = Probe(f"{server.url}/a", PAGE, headers={"X-A": "1"}, gate=["chromium"])  # type: ignore[arg-type]
        (result,) = corscheck.probe_many([probe])
    assert (result.headers, result.gate) == ((("X-A", "1"),), ("chromium",))


def test_the_call_refuses_wrong_options_and_the_iteration_wrong_items() -> None:
    with pytest.raises(ConfigError, match="Invalid concurrency 0"):
        corscheck.probe_many([], origin=PAGE, concurrency=0)
    with pytest.raises(ConfigError, match="Invalid concurrency_total 'x'"):
        corscheck.probe_many([], origin=PAGE, concurrency_total="x")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="Invalid origin"):
        corscheck.probe_many([], origin="app.example")
    for one in ("https://a.example/", b"https://a.example/", Probe(url="https://a.example/", origin=PAGE), 7):
        with pytest.raises(ConfigError, match=r"Pass a list, or use corscheck.probe\(\) for one") as raised:
            corscheck.probe_many(one, origin=PAGE)  # type: ignore[arg-type]
        assert (raised.value.option, raised.value.value) == ("probes", one)
    with CountingServer() as server:
        results = corscheck.probe_many([f"{server.url}/a", 7], origin=PAGE)  # type: ignore[list-item]
        with pytest.raises(ConfigError, match="Invalid url 7"):
            list(results)


def test_many_of_an_application() -> None:
    results = corscheck.probe_many(["/a", "/b"], origin=PAGE, app=wsgi)
    assert [(r.url, r.verdict) for r in results] == [
        ("http://app.localhost/a", "allowed"),
        ("http://app.localhost/b", "allowed"),
    ]
    with pytest.raises(ConfigError, match="via and app exclude each other"):
        list(corscheck.probe_many([Probe(url="http://a.example/", origin=PAGE, via="http://b.example")], app=wsgi))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_aprobe_leaves_the_event_loop_free(transport: Any) -> None:
    with CountingServer(pause=0.3) as server:

        async def main() -> tuple[list[corscheck.Result], int]:
            ticks = 0

            async def tick() -> None:
                nonlocal ticks
                while True:
                    await asyncio.sleep(0.01)
                    ticks += 1

            ticking = asyncio.create_task(tick())
            both = await asyncio.gather(
                corscheck.aprobe(f"{server.url}/a", origin=PAGE, transport=transport),
                corscheck.aprobe(f"{server.url}/b", origin=PAGE, transport=transport),
            )
            ticking.cancel()
            return both, ticks

        results, ticks = asyncio.run(main())
    assert [r.verdict for r in results] == ["allowed", "blocked"]
    assert ticks > 5


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_aprobe_and_probe_come_to_the_same(transport: Any) -> None:
    with CountingServer() as server:
        options: Any = {"origin": PAGE, "method": "PUT", "send": "always", "transport": transport}
        here = corscheck.probe(f"{server.url}/b", **options)
        there = asyncio.run(corscheck.aprobe(f"{server.url}/b", **options))
    assert (here.verdict, here.reason, here.steps) == (there.verdict, there.reason, there.steps)
    assert [e.request for e in here.exchanges] == [e.request for e in there.exchanges]


def test_a_negative_retry_ends_at_once() -> None:
    done = threading.Event()

    def ask() -> None:
        with pytest.raises(ConfigError, match="Invalid retry -1"):
            corscheck.probe("http://127.0.0.1:9999/", origin=PAGE, retry=-1)
        done.set()

    threading.Thread(target=ask, daemon=True).start()
    assert done.wait(10)


def test_an_audit_finds_a_reflected_origin() -> None:
    with CountingServer() as server:
        found = corscheck.audit(f"{server.url}/reflect", allowed_origins=[PAGE], seed=7)
        again = corscheck.audit(f"{server.url}/reflect", allowed_origins=PAGE, seed=7)
    assert isinstance(found, corscheck.Audit)
    assert found.allowed_origins == (PAGE,)
    assert not found.ok
    assert found.findings
    assert found.findings[0].credentials
    assert found.findings[0].origin != PAGE
    assert found.requests > 0
    # A seed makes the names of the hostile origins the same.
    assert [f.origin for f in found.findings] == [f.origin for f in again.findings]


def test_an_audit_that_finds_nothing_passes() -> None:
    with CountingServer() as server:
        found = corscheck.audit(f"{server.url}/b", allowed_origins=[PAGE], headers={"X-Tenant": "7"}, methods="PUT")
    assert found.ok
    assert found.error is None
    assert not [f for f in found.findings if f.severity in ("high", "medium")]


def test_an_audit_stops_where_it_is_told_and_fails_from_where_it_is_told() -> None:
    with CountingServer() as server:
        few = corscheck.audit(f"{server.url}/reflect", max_requests=4)
        lenient = corscheck.audit(f"{server.url}/reflect", fail_on="never")
    assert few.requests <= 4
    assert lenient.findings
    assert lenient.ok


def test_an_audit_of_what_does_not_answer_says_so() -> None:
    with RawServer([READ]) as server:
        found = corscheck.audit(server.url(), timeout=2.0)
    assert found.error is not None
    assert not found.ok


@pytest.mark.parametrize(
    ("url", "options", "option", "reason", "hint"),
    [
        ("nowhere", {}, "url", "not an absolute URL", "Pass an absolute URL"),
        ("ftp://a.example/", {}, "url", "scheme ftp", "Pass an absolute URL"),
        (7, {}, "url", "got an int", "Pass a str"),
        ("http://a.example/", {"allowed_origins": "null"}, "allowed_origins", "every site", "https://app.example"),
        ("http://a.example/", {"allowed_origins": ["a.example"]}, "allowed_origins", "no scheme", "Did you mean"),
        ("http://a.example/", {"allowed_origins": 7}, "allowed_origins", "got an int", "Pass a list"),
        ("http://a.example/", {"methods": [1]}, "methods", "expected a string", "'PUT'"),
        ("http://a.example/", {"depth": "ful"}, "depth", "'full'", "Did you mean depth='full'?"),
        ("http://a.example/", {"fail_on": "critical"}, "fail_on", "'high'", "fail_on="),
        ("http://a.example/", {"max_requests": 0}, "max_requests", "1 or more", "max_requests="),
        ("http://a.example/", {"send": "never"}, "send", "'auto' or 'always'", "send="),
        ("http://a.example/", {"seed": 1.5}, "seed", "expected a string or an int", "seed="),
        ("http://a.example/", {"timeout": "5"}, "timeout", "expected a number of seconds", "timeout=5.0"),
        ("http://a.example/", {"origin": PAGE}, "origin", "audit() has no such option", ""),
        ("http://a.example/", {"retry": 1}, "retry", "audit() has no such option", ""),
    ],
)
def test_a_wrong_argument_of_an_audit(url: Any, options: dict[str, Any], option: str, reason: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        corscheck.audit(url, **options)
    error = raised.value
    assert error.option == option
    assert reason in (error.reason or "")
    assert hint in (error.hint or "")
    assert str(error.reason) in str(error)


def test_the_text_of_a_result_is_its_verdict_line() -> None:
    with CountingServer() as server:
        allowed = corscheck.probe(f"{server.url}/a", origin=PAGE)
        blocked = corscheck.probe(f"{server.url}/b", origin=PAGE)
    assert str(allowed) == f"ALLOWED  GET {server.url}/a from {PAGE}"
    assert str(blocked).startswith(f"BLOCKED  GET {server.url}/b from {PAGE}: ")
    assert blocked.reason is not None
    assert blocked.reason.message.rstrip(".") in str(blocked)
    assert f"({blocked.reason.step})" in str(blocked)
    assert "\n" not in str(blocked)
    assert repr(allowed).startswith("Result(url=")
    assert f"{allowed}" == str(allowed)
