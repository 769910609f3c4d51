"""Connections: how they are kept, when they are not used again, and that a stale one never shows."""

from __future__ import annotations

import time

import pytest

from corscheck.protocol.request import HTTPResponse, NetworkError
from corscheck.transports.base import WireRequest
from tests.servers.raw import HOLD, OK, READ, RESET, RawServer
from tests.transports.carriers import get

KEEP = [READ, OK] * 20


def test_one_connection_per_origin(carrier):
    with RawServer(KEEP) as server, RawServer(KEEP) as other:
        transport = carrier()
        for _ in range(3):
            assert transport.send(get(server.url())).status == 200
            assert transport.send(get(other.url())).status == 200
        assert (server.connections, len(server.requests)) == (1, 3)
        assert (other.connections, len(other.requests)) == (1, 3)


def test_many_origins_in_turn(carrier):
    servers = [RawServer(KEEP) for _ in range(7)]
    try:
        transport = carrier()
        assert [transport.send(get(server.url())).status for server in servers * 2] == [200] * 14
    finally:
        for server in servers:
            server.__exit__()


def test_new_connection(carrier):
    with RawServer(KEEP) as server, RawServer(KEEP) as other:
        transport = carrier()
        transport.send(get(server.url()))
        transport.send(get(other.url()))
        transport.send(get(server.url(), new_connection=True))
        transport.send(get(other.url()))
        assert server.connections == 2
        assert other.connections == 1


def test_connection_close_is_heeded(carrier):
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    with RawServer([READ, answer, HOLD]) as server:
        transport = carrier()
        assert [transport.send(get(server.url())).status for _ in range(2)] == [200, 200]
        assert server.connections == 2


STALE = {
    "closed while idle": [READ, OK],
    "closed on the next request": [READ, OK, READ],
    "reset while idle": [READ, OK, RESET],
    "reset on the next request": [READ, OK, READ, RESET],
}


@pytest.mark.parametrize("pause", [0.0, 0.1])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("case", STALE)
def test_a_stale_connection_never_shows(carrier, case, method, pause):
    with RawServer(STALE[case], [READ, OK]) as server:
        transport = carrier()
        assert transport.send(get(server.url())).status == 200
        time.sleep(pause)
        answer = transport.send(WireRequest(method, server.url("/again"), (), b"x" if method == "POST" else None))
        assert isinstance(answer, HTTPResponse), answer
        assert server.connections == 2
        assert server.requests[-1].startswith(method.encode() + b" /again ")


def test_a_fresh_connection_is_tried_once(carrier):
    with RawServer([READ, OK, READ], [READ], [READ, OK]) as server:
        transport = carrier()
        transport.send(get(server.url()))
        answer = transport.send(get(server.url()))
        assert isinstance(answer, NetworkError)
        assert "without a response" in answer.message
        assert server.connections == 2


def test_a_used_connection_that_began_to_answer_is_not_asked_again(carrier):
    with RawServer([READ, OK, READ, b"HTTP/1.1 2"], [READ, OK]) as server:
        transport = carrier()
        transport.send(get(server.url()))
        answer = transport.send(get(server.url()))
        if "hang-up in the first line" in carrier.differs:
            assert (answer.status, server.connections) == (200, 2)
            return
        assert isinstance(answer, NetworkError)
        assert answer.kind == "protocol"
        assert server.connections == 1


def test_what_came_unasked_is_not_taken_for_an_answer(carrier):
    with RawServer([READ, OK + b"HTTP/1.1 299 Smuggled\r\n\r\n", HOLD], [READ, OK]) as server:
        transport = carrier()
        assert transport.send(get(server.url())).status == 200
        assert transport.send(get(server.url())).status == 200


def test_usable_after_a_timeout(carrier):
    with RawServer([READ, HOLD], [READ, OK]) as server:
        transport = carrier()
        assert transport.send(get(server.url()), 0.2).kind == "timeout"
        assert transport.send(get(server.url())).status == 200
