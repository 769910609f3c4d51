"""Stored credentials reach only the places that they were given for."""

from __future__ import annotations

import pytest

from corscheck.api import probe
from corscheck.model.values import Probe
from corscheck.protocol.request import HTTPRequest
from corscheck.runner.sending import dress
from tests.servers.raw import READ, RawServer

PAGE = "https://app.example"
BASIC = "Basic YWRhOnBhc3M="


@pytest.mark.parametrize(
    ("url", "login", "cookie"),
    [
        ("https://api.example/b", True, True),
        ("https://api.example:443/b", True, True),
        ("https://api.example:8443/b", False, True),
        ("http://api.example/b", False, True),
        ("https://other.example/b", False, False),
        ("https://sub.api.example/b", False, False),
    ],
)
def test_after_a_redirect(url: str, login: bool, cookie: bool) -> None:
    """RFC 9110, 11.5: a protection space is scheme, host and port. Cookies ignore the port."""
    asked = Probe("https://api.example/a", PAGE, credentials="include", user="ada", password="pass", cookies="a=1")
    request = HTTPRequest("actual", 1, "GET", ("https://api.example/a", url), (), PAGE, credentials=True)
    headers = dict(dress(request, asked).headers)
    assert (headers.get("Authorization"), headers.get("Cookie")) == (
        BASIC if login else None,
        "a=1" if cookie else None,
    )


@pytest.mark.parametrize("transport", ["httpx", "curl"])
def test_another_port_is_sent_no_login(transport: str) -> None:
    allow = b"Access-Control-Allow-Origin: https://app.example\r\nAccess-Control-Allow-Credentials: true\r\n"
    there = b"HTTP/1.1 200 OK\r\n" + allow.replace(b"https://app.example", b"null") + b"Content-Length: 0\r\n\r\n"
    with RawServer([READ, there]) as other:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {other.url('/b')}\r\n".encode()
        with RawServer([READ, moved + allow + b"Content-Length: 0\r\n\r\n"]) as server:
            result = probe(
                server.url("/a"),
                origin=PAGE,
                credentials="include",
                auth=("ada", "pass"),
                cookies="a=1",
                transport=transport,
            )
        (first,), (second,) = server.requests, other.requests
    assert BASIC.encode() in first
    assert b"Authorization" not in second
    assert b"Cookie: a=1" in second
    assert result.verdict == "allowed"
