"""What is found for one probe holds for its kin: the same results, to the byte, with and without what was remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corscheck.model.result import Result
from corscheck.model.values import Probe
from corscheck.protocol.request import Answer, HTTPResponse, Request
from corscheck.runner.conversation import Pause, conversation
from corscheck.runner.memo import Kin, Step
from corscheck.runner.options import RunOptions
from corscheck.runner.result import Assembler
from corscheck.transports.base import WireRequest, response_at
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
    from corscheck.runner import conversation as runner

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


class Interleaved:
    """Flows that are under way together: each is given its next answer when its turn comes."""

    def __init__(self, probes: list[Probe], kin: Kin, server: Callable[[WireRequest], Answer]) -> None:
        self.results: dict[int, Result] = {}
        self.sent: dict[int, list[WireRequest]] = {probe.index: [] for probe in probes}
        self._server = server
        self._flows = [(probe.index, conversation(probe, OPTIONS, ASSEMBLER, kin=kin)) for probe in probes]
        self._wanted: dict[int, Any] = {}
        for index, flow in self._flows:
            self._step(index, flow, None)

    def _step(self, index: int, flow: Any, answer: Answer | None) -> None:
        try:
            wanted = flow.send(answer)
            while isinstance(wanted, Pause):
                wanted = next(flow)
            self.sent[index].append(wanted)
            self._wanted[index] = wanted
        except StopIteration as done:
            self.results[index] = done.value
            self._wanted.pop(index, None)

    def run(self, order: Callable[[list[int]], int]) -> None:
        flows = dict(self._flows)
        while self._wanted:
            index = order(sorted(self._wanted))
            self._step(index, flows[index], self._server(self._wanted[index]))


@pytest.mark.parametrize(
    "order", [min, max, lambda waiting: waiting[len(waiting) // 2]], ids=["first", "last", "middle"]
)
def test_those_under_way_together_are_judged_once(monkeypatch: pytest.MonkeyPatch, order: Any) -> None:
    from corscheck.runner import conversation as runner

    judged = []
    real = runner.diagnose
    monkeypatch.setattr(runner, "diagnose", lambda *args: judged.append(args) or real(*args))
    request = Request(url="", origin=PAGE, method="PUT", headers=(("X-A", "1"),))
    probes = [probe_of(request, f"/{n}", n, send="always") for n in range(64)]
    together = Interleaved(probes, remembering(), healthy)
    together.run(order)
    assert len(judged) == 1
    for probe in probes:
        assert (together.results[probe.index], together.sent[probe.index]) == asked(probe, None, healthy)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    questions(),
    st.lists(answers(), min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from(PATHS[:6]), st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=6),
    st.randoms(use_true_random=False),
)
def test_random_servers_and_orders(request_: Request, given_: list[Answer], order: Any, chance: Any) -> None:
    """Whichever answer comes first, each probe is asked and judged as if it were alone."""
    probes = [probe_of(request_, f"/{n}{path}", n, send="always") for n, (path, _, _) in enumerate(order)]

    def server(wire: WireRequest) -> Answer:
        number = next((n for n in range(len(probes)) if wire.url.startswith(f"https://api.example/{n}/")), 0)
        found = given_[order[number][1 if wire.method == "OPTIONS" else 2] % len(given_)]
        return replace(found, elapsed_ms=1.5, sent=wire.headers)

    together = Interleaved(probes, remembering(), server)
    together.run(chance.choice)
    for probe in probes:
        assert (together.results[probe.index], together.sent[probe.index]) == asked(probe, None, server)


def test_what_was_redirected_teaches_nobody() -> None:
    """A relative Location leads elsewhere from every path."""
    request = Request(url="", origin=PAGE)

    def server(wire: WireRequest) -> Answer:
        if wire.url.endswith("/next"):
            return replace(healthy(wire), elapsed_ms=1.0)
        moved = replace(healthy(wire), status=302)
        return replace(moved, headers=(*moved.headers, ("Location", "next")))

    probes = [probe_of(request, f"/{n}/x", n) for n in range(8)]
    together = Interleaved(probes, remembering(), server)
    together.run(min)
    for n in range(8):
        assert [w.url for w in together.sent[n]] == [f"https://api.example/{n}/x", f"https://api.example/{n}/next"]


def test_what_mostly_comes_is_expected() -> None:
    step, usual, odd = Step(), response(204, acao=PAGE), response(204, acao=PAGE, vary="Origin")
    for answer in (usual, odd):
        step.lead(answer).request = WireRequest("PUT", "", ())
    firsts = [response_at(replace(a, at=1.0), 1.0, 2.0).first for a in (usual, odd)]
    step.after(response_at(firsts[0], 1.0, 1.0))
    for _ in range(5):
        step.after(response_at(firsts[1], 1.0, 1.0))
    assert step.course is not None
    assert step.course.answer is firsts[0], "now and then something else comes"
    for _ in range(20):
        step.after(response_at(firsts[1], 1.0, 1.0))
    assert step.course.answer is firsts[1]
