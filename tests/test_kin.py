"""What is found for one probe holds for its kin: the same results, to the byte, with and without what was remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corscheck.assemble import Assembler
from corscheck.kin import Kin
from corscheck.model import Probe, Result
from corscheck.protocol.request import Answer, HTTPResponse, Request
from corscheck.runner import Pause, RunOptions, conversation
from corscheck.transports.base import WireRequest
from tests.protocol.kit import PAGE, response
from tests.test_alike import answers, questions

PATHS = (
    "/a",
    "/b?x=1",
    "/token/b.html?key=secret&b=/x",
    "/c/",
    "/a",
    "/d;e,f~g_h:i",
    "/%41",
    "/../e",
    "/f#g",
    "/h'i?j|k",
    "",
)
OPTIONS = RunOptions()


def asked(probe: Probe, kin: Kin | None, server: Callable[[WireRequest], Answer]) -> tuple[Result, list[WireRequest]]:
    """The result of a probe, and what was sent for it."""
    sent: list[WireRequest] = []
    flow = conversation(probe, OPTIONS, ASSEMBLER if kin is None else kin.assembler, kin=kin)  # type: ignore[attr-defined]
    try:
        wanted = next(flow)
        while True:
            if isinstance(wanted, Pause):
                wanted = next(flow)
                continue
            sent.append(wanted)
            wanted = flow.send(server(wanted))
    except StopIteration as done:
        return done.value, sent


ASSEMBLER = Assembler()


def remembering() -> Kin:
    kin = Kin(ASSEMBLER)
    kin.assembler = ASSEMBLER  # type: ignore[attr-defined]
    return kin


def both_ways(probes: list[Probe], server: Callable[[WireRequest], Answer]) -> None:
    kin = remembering()
    for probe in probes:
        expected = asked(probe, None, server)
        assert asked(probe, kin, server) == expected


def probe_of(request: Request, path: str, index: int, **more: Any) -> Probe:
    return Probe(
        url=f"https://api.example{path}",
        origin=request.origin,
        method=request.method,
        headers=request.headers,
        credentials=request.credentials,
        redirect=request.redirect,
        mode=request.mode,
        index=index,
        **more,
    )


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    questions(),
    st.lists(answers(), min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from(PATHS), st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=8),
    st.sampled_from(("auto", "always", "never")),
)
def test_random_servers(request_: Request, given_: list[Answer], order: list[tuple[str, int, int]], send: Any) -> None:
    chosen = iter(range(10**6))
    probes = [probe_of(request_, path, next(chosen), send=send) for path, _, _ in order]
    choice = {probe.url.partition("#")[0]: (p, a) for probe, (_, p, a) in zip(probes, order, strict=True)}

    def server(wire: WireRequest) -> Answer:
        preflight, actual = next((c for url, c in choice.items() if wire.url.startswith(url[:20])), (0, 0))
        found = given_[(preflight if wire.method == "OPTIONS" else actual) % len(given_)]
        return replace(found, elapsed_ms=1.5, sent=wire.headers)

    both_ways(probes, server)


def healthy(wire: WireRequest) -> Answer:
    answer = response(
        204 if wire.method == "OPTIONS" else 200, acao=PAGE, acam="PUT", acah="x-a", acma="60", vary="Origin"
    )
    return replace(answer, elapsed_ms=2.0, sent=wire.headers)


@pytest.mark.parametrize("headers", [(), (("X-A", "1"),), (("X-API-Key", "s3cret"),)])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_a_healthy_server_answers(method: str, headers: Any) -> None:
    request = Request(url="", origin=PAGE, method=method, headers=headers)
    both_ways([probe_of(request, path, n, send="always") for n, path in enumerate(PATHS * 2)], healthy)


def test_it_is_put_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred alike, one is judged."""
    from corscheck import runner

    judged = []
    real = runner.fetch
    monkeypatch.setattr(runner, "fetch", lambda *args, **more: judged.append(args) or real(*args, **more))
    kin = remembering()
    request = Request(url="", origin=PAGE, headers=(("X-A", "1"),))
    results = [asked(probe_of(request, f"/{n}?{n}", n), kin, healthy)[0] for n in range(100)]
    assert len(judged) == 1
    assert [r.index for r in results] == list(range(100))
    assert [r.url for r in results] == [f"https://api.example/{n}?{n}" for n in range(100)]
    assert {r.verdict for r in results} == {"allowed"}


def test_another_answer_is_judged_and_nothing_is_asked_twice() -> None:
    kin = remembering()
    request = Request(url="", origin=PAGE, method="PUT")

    def server(wire: WireRequest) -> Answer:
        found = healthy(wire)
        assert isinstance(found, HTTPResponse)
        return replace(found, headers=()) if wire.url.endswith("/odd") and wire.method == "PUT" else found

    for path, verdict in (("/a", "allowed"), ("/odd", "blocked"), ("/b", "allowed")):
        result, sent = asked(probe_of(request, path, 0, send="always"), kin, server)
        assert (result.verdict, [w.method for w in sent]) == (verdict, ["OPTIONS", "PUT"])


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://other.example"},
        {"method": "POST"},
        {"credentials": "include"},
        {"expected": "blocked"},
        {"cookies": "a=b"},
        {"via": "http://127.0.0.1:1"},
        {"url": "https://api.example:444/a"},
        {"url": "http://api.example/a"},
        {"engine": "firefox"},
        {"gate": ("standard",)},
        {"headers": (("X-A", "2"),)},
    ],
)
def test_what_differs_in_more_than_the_path_is_no_kin(change: Any) -> None:
    kin = remembering()
    probe = Probe(url="https://api.example/a", origin=PAGE)
    first = kin.of(probe)
    assert first is not None
    assert kin.of(replace(probe, url="https://api.example/b?c=d", index=7)) is first
    assert kin.of(replace(probe, **change)) is not first


@pytest.mark.parametrize(
    "url", ["https://API.example/a", "https://api.example:443/a", "http://1/a", "https://u@api.example/a"]
)
def test_a_url_that_must_be_parsed_has_no_kin(url: str) -> None:
    assert remembering().of(Probe(url=url, origin=PAGE)) is None


def test_what_is_remembered_is_bounded() -> None:
    kin = remembering()
    for n in range(1000):
        request = Request(url="", origin=f"https://{n}.example")
        asked(probe_of(request, f"/{n}", n), kin, healthy)
    assert len(kin._first) <= 256
