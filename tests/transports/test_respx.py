"""The transports under respx, as users of httpx test: they are httpx's own transports underneath.

respx knows nothing of networks and upper-cases the method when it matches; exactness is for the raw servers to show.
"""

from __future__ import annotations

import httpx
import pytest
import respx

from corscheck.protocol.request import HTTPResponse, NetworkError
from corscheck.transports.base import WireRequest
from tests.transports.carriers import get

URL = "http://api.example/data"


@respx.mock
def test_headers_with_duplicates(httpx_carrier):
    pairs = [("Vary", "a"), ("access-Control-Allow-Origin", "*"), ("vary", "b")]
    respx.get(URL).mock(return_value=httpx.Response(200, headers=pairs))
    answer = httpx_carrier().send(get(URL))
    assert isinstance(answer, HTTPResponse)
    assert (answer.status, answer.headers) == (200, tuple(pairs))


@respx.mock
def test_the_request_as_respx_sees_it(httpx_carrier):
    route = respx.route(method="PATCH", url=URL).mock(return_value=httpx.Response(204))
    httpx_carrier().send(WireRequest("patch", URL, (("X-a", "1"), ("x-A", "\xe4")), b"body"))
    sent = route.calls.last.request
    assert sent.headers.raw == [(b"Host", b"api.example"), (b"Content-Length", b"4"), (b"X-a", b"1"), (b"x-A", b"\xe4")]
    assert sent.content == b"body"


@respx.mock
def test_nothing_is_followed_or_remembered(httpx_carrier):
    elsewhere = respx.get("http://api.example/elsewhere")
    headers = {"Location": "/elsewhere", "Set-Cookie": "a=b"}
    route = respx.get(URL).mock(return_value=httpx.Response(302, headers=headers))
    transport = httpx_carrier()
    for _ in range(2):
        assert transport.send(get(URL)).status == 302
    assert not elsewhere.called
    assert all("cookie" not in call.request.headers for call in route.calls)


@respx.mock
def test_evidence_of_a_failed_answer(httpx_carrier):
    respx.options(URL).mock(return_value=httpx.Response(400, text="Disallowed CORS headers"))
    assert httpx_carrier().send(WireRequest("OPTIONS", URL, ())).body == b"Disallowed CORS headers"


KINDS = [
    (httpx.ConnectError("x\x1b"), "connect"),
    (httpx.ReadError("x"), "connect"),
    (httpx.ConnectTimeout("x"), "timeout"),
    (httpx.ReadTimeout("x"), "timeout"),
    (httpx.PoolTimeout("x"), "timeout"),
    (httpx.ProxyError("407 x"), "proxy"),
    (httpx.RemoteProtocolError("illegal header line"), "protocol"),
    (httpx.RemoteProtocolError("Receive buffer too long"), "too-large"),
    (httpx.LocalProtocolError("x"), "protocol"),
    (httpx.UnsupportedProtocol("x"), "connect"),
]


@pytest.mark.parametrize(("error", "kind"), KINDS, ids=[f"{type(e).__name__}-{k}" for e, k in KINDS])
@respx.mock
def test_errors_of_httpx(httpx_carrier, error, kind):
    respx.get(URL).mock(side_effect=error)
    answer = httpx_carrier().send(get(URL))
    assert isinstance(answer, NetworkError)
    assert answer.kind == kind
    assert answer.message.isprintable()
