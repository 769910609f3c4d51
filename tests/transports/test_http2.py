"""HTTP/2 against a small server on the h2 package; skipped where that is not installed (the extra ``http2``)."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from corscheck.protocol.request import HTTPResponse
from corscheck.transports.base import WireRequest

pytest.importorskip("h2")

import h2.config
import h2.connection
import h2.events


class Server:
    """Answers every stream with duplicates in its head; after ``quota`` of them it says GOAWAY or just hangs up."""

    def __init__(self, tls, quota=100, *, goaway=False):
        self._tls, self._quota, self._goaway = tls, quota, goaway
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.requests, self.connections = [], 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.settimeout(10)
        with contextlib.suppress(OSError), self._tls.wrap_socket(sock, server_side=True) as tls:
            http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
            http.initiate_connection()
            tls.sendall(http.data_to_send())
            served = 0
            while data := tls.recv(65536):
                for event in http.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        served += 1
                        if served > self._quota:
                            if self._goaway:
                                http.close_connection(last_stream_id=event.stream_id - 2)
                                tls.sendall(http.data_to_send())
                            return
                        self.requests.append(event.headers)
                        answer = [(b":status", b"400"), (b"vary", b"a"), (b"x", b"1"), (b"vary", b"b")]
                        http.send_headers(event.stream_id, answer)
                        http.send_data(event.stream_id, b"body", end_stream=True)
                tls.sendall(http.data_to_send())


@pytest.fixture
def context(authority):
    made = authority.server("localhost")
    made.set_alpn_protocols(["h2"])
    return made


def test_exchange(carrier, authority, context):
    with Server(context) as server:
        transport = carrier(http2=True, cacert=authority.path)
        request = WireRequest("OPTIONS", f"https://localhost:{server.port}/a%2f?b", (("X-A", "1"), ("X-a", "2")))
        for _ in range(2):
            answer = transport.send(request)
            assert isinstance(answer, HTTPResponse), answer
            assert (answer.status, answer.http_version, answer.body) == (400, "HTTP/2", b"body")
            assert answer.headers == (("vary", "a"), ("x", "1"), ("vary", "b"))
        assert server.connections == 1
        sent = server.requests[0]
        assert (b":method", b"OPTIONS") in sent
        assert (b":path", b"/a%2f?b") in sent
        assert [pair for pair in sent if pair[0] == b"x-a"] == [(b"x-a", b"1"), (b"x-a", b"2")]


@pytest.mark.parametrize("goaway", [False, True])
def test_a_stale_connection_never_shows(carrier, authority, context, goaway):
    with Server(context, quota=1, goaway=goaway) as server:
        transport = carrier(http2=True, cacert=authority.path)
        request = WireRequest("GET", f"https://localhost:{server.port}/", ())
        assert [transport.send(request).status for _ in range(2)] == [400, 400]
        assert server.connections == 2
