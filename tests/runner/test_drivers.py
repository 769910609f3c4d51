"""Both drivers of many conversations: order, bounds, rate, deadlines, cancellation, and the same results."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import threading
import time

import pycurl
import pytest
from msgspec.structs import replace

from corscheck.api import make_probe
from corscheck.model.values import ConfigError
from corscheck.protocol.request import HTTPResponse, NetworkError
from corscheck.runner import curl_loop, many, schedule, threads
from corscheck.runner.conversation import Pause
from corscheck.runner.options import RunOptions
from corscheck.transports.base import NetworkOptions, WireRequest
from corscheck.transports.curl import CurlMulti
from tests.servers.raw import HOLD, OK, READ, RawServer

PAGE = "http://localhost:3000"
ALLOWED = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n"
MANY = [READ, OK] * 400


@pytest.fixture(params=[curl_loop, threads], ids=["libcurl", "threads"])
def drive(request):
    """Everything holds for both."""
    return request.param.drive


def results(probes, options, transport="curl"):
    return many.results(probes, replace(options, network=replace(options.network, transport=transport)))


def asking(url, returned=None):
    """A flow of one request; it returns the answer's status, or what is given."""
    answer = yield WireRequest("GET", url, ())
    return returned if returned is not None else answer.status


def options(**more):
    network = NetworkOptions(timeout=more.pop("timeout", 10.0))
    return RunOptions(network=network, **more)


def wait_until(holds):
    """Whether it holds within two seconds: threads begin and end a moment later."""
    end = time.monotonic() + 2
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


class Counting:
    """A server that notes how many requests it has at a time."""

    def __init__(self, pause=0.01):
        self.at_once = self.most = 0
        self._lock, self._pause = threading.Lock(), pause

    def answer(self, _request):
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(self._pause)
        with self._lock:
            self.at_once -= 1
        return OK


def test_results_come_in_the_order_of_the_flows(drive):
    slow = [READ, 0.05, OK] * 20
    with RawServer(slow, MANY) as server:
        flows = (("a", asking(server.url(f"/{i}"), i)) for i in range(200))
        assert list(drive(flows, options(concurrency=8))) == list(range(200))
        assert len(server.requests) == 200


def test_at_most_so_many_at_a_place_and_in_all(drive):
    one, two = Counting(), Counting()
    with RawServer([READ, one.answer] * 200) as a, RawServer([READ, two.answer] * 200) as b:
        flows = ((s.port, asking(s.url(), 0)) for s in [a] * 60 + [b] * 60)
        assert list(drive(flows, options(concurrency=5, concurrency_total=8))) == [0] * 120
    assert one.most <= 5
    assert two.most <= 5
    assert one.most + two.most > 5, "they are asked at the same time"


def test_the_total_holds(drive):
    counting = Counting()
    with RawServer([READ, counting.answer] * 100) as server:
        flows = ((i, asking(server.url(), 0)) for i in range(100))
        assert len(list(drive(flows, options(concurrency=8, concurrency_total=6)))) == 100
    assert 3 <= counting.most <= 6


def test_a_slow_place_does_not_keep_others_waiting(drive):
    with RawServer([READ, HOLD]) as silent, RawServer(MANY) as server:
        flows = [
            (silent.port, asking(silent.url(), "slow")),
            *((server.port, asking(server.url(), i)) for i in range(9)),
        ]
        running = drive(iter(flows), options(timeout=0.5, concurrency=2))
        assert next(running) == "slow"
        assert len(server.requests) == 9, "they were asked meanwhile"
        assert list(running) == list(range(9))


def test_the_window_is_bounded(drive, monkeypatch):
    monkeypatch.setattr(schedule, "WINDOW", 20)
    taken = []

    def flows(server):
        for i in range(1000):
            taken.append(i)
            yield server.port, asking(server.url("/slow" if i == 0 else "/"), i)

    with RawServer([READ, 0.3, OK], MANY) as server:
        running = drive(flows(server), options(concurrency=2, concurrency_total=4))
        assert next(running) == 0
        assert len(taken) <= 20
        running.close()


def test_results_come_as_soon_as_they_are_next(drive):
    with RawServer([READ, OK], [READ, HOLD]) as server:
        running = drive(((server.port, asking(server.url(), i)) for i in range(2)), options(concurrency=1, timeout=3))
        before = time.monotonic()
        assert next(running) == 0
        assert time.monotonic() - before < 1
        running.close()


def test_closing_cancels(drive):
    begun, ended = [], []

    def flow(i):
        begun.append(i)
        try:
            yield WireRequest("GET", (silent if i else server).url(), ())
        finally:
            ended.append(i)

    with RawServer([READ, OK]) as server, RawServer([READ, HOLD]) as silent:
        running = drive((("a", flow(i)) for i in range(1000)), options(concurrency=4))
        assert next(running) is None
        # The next begins before what has come is handed out.
        assert wait_until(lambda: sorted(begun) == [0, 1, 2, 3, 4])
        before = time.monotonic()
        running.close()
        assert wait_until(lambda: sorted(ended) == sorted(begun))
        assert time.monotonic() - before < 1
    assert len(begun) == 5


def test_nothing_is_sent_after_closing(drive, monkeypatch):
    """Flows that wait for a thread, or that are about to send, when the run is closed."""
    late = []
    send = threads.HTTPTransport.send

    def noted(transport, request, deadline):
        if closed.is_set():
            late.append(request.url)
        return send(transport, request, deadline)

    monkeypatch.setattr(threads.HTTPTransport, "send", noted)
    for _ in range(5):
        closed, others = threading.Event(), set(threading.enumerate())
        with RawServer(*[[READ, OK] * 30] * 40) as server, RawServer(*[[READ, HOLD]] * 20) as silent:
            urls = [server.url(f"/{i}") for i in range(30)] + [silent.url(f"/{i}") for i in range(8)]
            running = drive(((url, asking(url)) for url in urls), options(timeout=8.0))
            next(running)
            running.close()
            closed.set()
            assert wait_until(
                lambda others=others: all(t in others or t.name != "corscheck-probe" for t in threading.enumerate())
            )
    assert not late


def test_one_at_a_time_is_one_after_the_other(drive):
    """A run that ends at its first failure sends nothing more."""
    with RawServer(MANY) as server:
        running = drive(((1, asking(server.url(), i)) for i in range(100)), options(concurrency=1))
        for i in range(20):
            assert next(running) == i
            time.sleep(0.01)
            assert len(server.requests) == i + 1
        running.close()


def test_the_rate_is_kept(drive):
    with RawServer(MANY) as server:
        before = time.monotonic()
        flows = ((server.port, asking(server.url(), 0)) for _ in range(21))
        assert len(list(drive(flows, options(concurrency=8, rate=50.0)))) == 21
        assert 0.38 <= time.monotonic() - before < 1.5


def test_the_rate_does_not_use_up_the_time(drive):
    with RawServer(MANY) as server:
        flows = ((server.port, asking(server.url())) for _ in range(8))
        assert list(drive(flows, options(concurrency=8, rate=5.0, timeout=0.9))) == [200] * 8


def test_a_pause_begins_a_new_deadline(drive):
    def flow(server):
        first = yield WireRequest("GET", server.url(), ())
        yield Pause(0.1)
        second = yield WireRequest("GET", server.url(), ())
        return type(first).__name__, type(second).__name__

    with RawServer([READ, 0.25, OK, READ, 0.25, OK]) as server:
        assert list(drive([("a", flow(server))], options(timeout=0.4))) == [("HTTPResponse", "HTTPResponse")]


def test_the_deadline_holds_for_thousands(drive):
    with RawServer([READ, HOLD]) as server:
        before = time.monotonic()
        flows = ((server.port, asking(f"http://127.0.0.1:{server.port}/{i}", i)) for i in range(300))
        assert list(drive(flows, options(concurrency=100, concurrency_total=100, timeout=0.3))) == list(range(300))
        assert time.monotonic() - before < 3


def test_what_a_flow_raises_is_raised_in_its_turn(drive):
    def broken():
        raise ConfigError("no")
        yield

    with RawServer(MANY) as server:
        running = drive(
            iter([("a", asking(server.url(), 1)), ("b", broken()), ("a", asking(server.url(), 2))]), options()
        )
        assert next(running) == 1
        with pytest.raises(ConfigError, match="no"):
            next(running)


def test_flows_that_ask_nothing(drive):
    def silent(i):
        return i
        yield

    assert list(drive((("a", silent(i)) for i in range(5000)), options(concurrency=1))) == list(range(5000))


def test_errors_are_answers(drive):
    def flow(url):
        answer = yield WireRequest("GET", url, ())
        return answer

    with RawServer([READ]) as server:
        answers = list(drive([("a", flow(server.url())), ("b", flow("http://nothing.invalid/"))], options()))
    assert [type(a) for a in answers] == [NetworkError, NetworkError]
    assert [a.kind for a in answers] == ["connect", "dns"]
    assert isinstance(answers[0], NetworkError)
    assert not isinstance(answers[0], HTTPResponse)


def _plain(result):
    """What of a result does not depend on the clock."""
    exchanges = tuple(replace(e, elapsed_ms=None) for e in result.exchanges)
    return replace(result, exchanges=exchanges)


def test_the_same_results_over_both():
    script = [READ, ALLOWED, READ, OK] * 100

    def probes(url):
        for i in range(40):
            yield make_probe(f"{url}{i}", origin=PAGE, headers=[("X-A", "1")] if i % 3 else [])

    with RawServer(script) as server:
        expected = list(results(probes(server.url()), options(concurrency=1), "httpx"))
    found = []
    with RawServer(script) as other:
        for result in results(probes(other.url()), options(concurrency=1)):
            text = repr(_plain(result)).replace(str(other.port), "PORT")
            found.append(text)
    assert found == [repr(_plain(r)).replace(str(server.port), "PORT") for r in expected]
    assert {r.verdict for r in expected} == {"allowed", "blocked"}


def test_retry_and_control_probes():
    with RawServer([READ], [READ], [READ, OK] * 5) as server:
        probe = make_probe(server.url(), origin=PAGE)
        (result,) = results([probe], options(retry=3, diagnose=True))
        assert result.verdict == "blocked"
        assert len(server.requests) > 3


def children():
    """The processes that this one has."""
    done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False)
    return {int(pid) for pid in done.stdout.split()}


def test_what_cannot_be_meant_is_said_at_once():
    for wrong in ({"connect_to": ("x",)}, {"cacert": "nowhere.pem"}):
        with pytest.raises(ConfigError):
            CurlMulti(NetworkOptions(**wrong), 4)


def test_more_kinds_of_requests_and_answers_than_are_kept(drive):
    def flow(url, number):
        answer = yield WireRequest("GET", url, (("X-Number", str(number)),))
        return dict(answer.headers)["Echo"]

    def echo(request):
        number = request.partition(b"X-Number: ")[2].partition(b"\r\n")[0]
        return b"HTTP/1.1 200 OK\r\nEcho: " + number + b"\r\nContent-Length: 0\r\n\r\n"

    with RawServer([READ, echo] * 3000) as server:
        found = list(drive(((1, flow(server.url(), i)) for i in range(2500)), options()))
    assert found == [str(i) for i in range(2500)]


def probing(server, count, **more):
    """The results of probes that need a preflight, and the paths that were asked by each method."""
    probes = (
        replace(make_probe(server.url(f"/{i}"), origin=PAGE, method="PUT", send="always"), index=i)
        for i in range(count)
    )
    found = list(results(probes, options(**more)))
    paths = {"OPTIONS": [], "PUT": []}
    for request in server.requests:
        method, path, _ = request.split(b" ", 2)
        paths[method.decode()].append(int(path[1:]))
    return found, paths


def answering(refused=lambda _: False, closing=lambda _: False):
    """Preflights are refused for the numbers that ``refused`` says; ``closing`` says which answers end the connection."""

    def answer(request):
        method, path, _ = request.split(b" ", 2)
        number = int(path[1:])
        allowed = b"" if method == b"OPTIONS" and refused(number) else b"Access-Control-Allow-Methods: PUT\r\n"
        close = b"Connection: close\r\n" if closing(number) else b""
        return b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\n" + allowed + close + b"Content-Length: 0\r\n\r\n"

    return [READ, answer] * 1000


@pytest.mark.parametrize("every", [2, 3, 50])
def test_nothing_goes_ahead_after_any_other(every):
    with RawServer(answering(refused=lambda number: number % every == 0)) as server:
        found, paths = probing(server, 300)
    assert [r.verdict for r in found] == ["blocked" if i % every == 0 else "allowed" for i in range(300)]
    assert sorted(paths["OPTIONS"]) == list(range(300))
    assert sorted(paths["PUT"]) == [i for i in range(300) if i % every], "a refused preflight is followed by nothing"


def test_a_rate_holds_for_what_would_go_ahead():
    times = []

    def noted(request):
        times.append(time.monotonic())
        return answering()[1](request)

    with RawServer([READ, noted] * 1000) as server:
        before = time.monotonic()
        probing(server, 20, rate=60)
    early = [n for n, at in enumerate(sorted(times)) if at - before < n / 60 - 0.01]
    assert not early, "one more than the rate allows"


def test_a_server_that_hangs_up_after_every_answer():
    """Numbers of sockets come again; none must be waited for in vain."""
    with RawServer(answering(closing=lambda number: number % 2)) as server:
        before = time.monotonic()
        found, _ = probing(server, 200, concurrency=4)
        assert time.monotonic() - before < 5
    assert {r.verdict for r in found} == {"allowed"}


def test_a_system_that_has_poll_only(monkeypatch):
    """macOS, for one."""
    monkeypatch.delattr(select, "epoll")
    with RawServer(answering(closing=lambda number: number % 3 == 0)) as server:
        found, paths = probing(server, 100, concurrency=4)
    assert {r.verdict for r in found} == {"allowed"}
    assert sorted(paths["PUT"]) == list(range(100))


def busy(curl_loop, seconds=0.5):
    """Processor time while there is nothing to do but wait."""
    before, until = time.process_time(), time.monotonic() + seconds
    while time.monotonic() < until:
        assert curl_loop.wait(until - time.monotonic()) == []
    return time.process_time() - before


def test_an_idle_connection_that_ends_keeps_nobody_busy():
    curl_loop = CurlMulti(NetworkOptions(), 4)
    try:
        with RawServer([READ, OK, 0.1], [READ, HOLD]) as server:
            curl_loop.submit(WireRequest("GET", server.url(), ()), time.monotonic() + 5, 1)
            assert [token for token, _ in curl_loop.wait()] == [1]
            curl_loop.submit(WireRequest("GET", server.url(), (), new_connection=True), time.monotonic() + 5, 2)
            assert busy(curl_loop) < 0.25
    finally:
        curl_loop.close()


def test_a_socket_that_is_open_elsewhere_keeps_nobody_busy():
    """What a forked process has as well does not leave epoll's set when it is closed here, and cannot be taken out."""
    curl_loop = CurlMulti(NetworkOptions(), 4)
    ours, theirs = socket.socketpair()
    try:
        with RawServer([READ, 1.0, OK]) as server, socket.socket(fileno=os.dup(ours.fileno())):
            curl_loop._watch(pycurl.POLL_IN, ours.fileno(), None, None)
            curl_loop._watch(pycurl.POLL_REMOVE, ours.fileno(), None, None)
            ours.close()
            theirs.send(b"!")
            curl_loop.submit(WireRequest("GET", server.url(), ()), time.monotonic() + 5, 1)
            assert busy(curl_loop) < 0.25
            assert [token for token, _ in curl_loop.wait(3)] == [1], "nothing else was forgotten"
    finally:
        curl_loop.close()
        theirs.close()


def test_answers_that_are_there_at_once_are_not_waited_for(monkeypatch):
    """A server may answer while its request is going out: nothing else will happen on that socket."""
    at_once = CurlMulti.flush

    def slowly(self):
        act = self._multi.socket_action

        class Slow:
            def __getattr__(self, name):
                return getattr(real, name)

            def socket_action(self, descriptor, bits):
                done = act(descriptor, bits)
                if descriptor == pycurl.SOCKET_TIMEOUT:
                    time.sleep(0.02)
                    for other in list(watched):
                        act(other, pycurl.CSELECT_IN)
                return done

        real, watched = self._multi, self._watched
        self._multi = Slow()
        try:
            at_once(self)
        finally:
            self._multi = real

    monkeypatch.setattr(CurlMulti, "flush", slowly)
    with RawServer(answering()) as server:
        before = time.monotonic()
        found, _ = probing(server, 10, concurrency=1)
        assert time.monotonic() - before < 3
    assert {r.verdict for r in found} == {"allowed"}
