"""What goes over the wire beside CORS: encodings, repeated headers, cache modes, URLs.

Each row was measured on loopback with Chromium 156, Firefox 153 and WebKitGTK 2.50.6 (2026-11-26): the page at
``http://app.example`` asks ``http://api.example``, and the server notes what arrives.
"""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.model.values import DEFAULT_GATE, EngineName, Probe
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.protocol.origin import URLError, parse_url
from corscheck.protocol.request import HTTPRequest, HTTPResponse
from corscheck.protocol.spelling import spelled
from corscheck.runner.conversation import fetch_request
from corscheck.runner.sending import dress

URL = "http://api.example/x"
ALLOW = tuple((f"Access-Control-Allow-{name}", value) for name, value in {
    "Origin": "*", "Methods": "PUT, POST", "Headers": "x-a, content-type, from, authorization, if-modified-since, "
    "if-none-match, if-match, if-range, if-unmodified-since, max-forwards, cache-control, pragma, range, user-agent, priority",
}.items())  # fmt: skip
DATE = "Thu, 01 Jan 1970 00:00:00 GMT"


def wire(engine: EngineName, url: str = URL, **parts: Any) -> dict[str, dict[str, list[str]]]:
    """Return the headers that go out, by kind of request and lower-case name."""
    probe = Probe(url, "http://app.example", engine=engine, send="always", **parts)
    sent: dict[str, dict[str, list[str]]] = {}

    def answer(request: HTTPRequest) -> HTTPResponse:
        found: dict[str, list[str]] = {}
        for name, value in dress(request, probe).headers:
            found.setdefault(name.lower(), []).append(value)
        sent[request.kind] = found
        return HTTPResponse(200, ALLOW)

    assert run(fetch(fetch_request(probe), engine), answer).verdict == "allowed"
    return sent


@pytest.mark.parametrize(
    ("values", "joined", "in_firefox"),
    [
        (("1", "2"), "1, 2", "1, 2"),
        (("", "1"), ", 1", "1"),
        (("1", ""), "1,", ""),
        (("", "1", "", "2"), ", 1, , 2", "2"),
        (("", ""), ",", ""),
        (("1", "", "2"), "1, , 2", "2"),
    ],
)
def test_a_header_set_several_times_is_one_field(values: tuple[str, ...], joined: str, in_firefox: str) -> None:
    for engine in DEFAULT_GATE:
        sent = wire(engine, headers=tuple(("X-a" if n % 2 else "x-A", v) for n, v in enumerate(values)))["actual"]
        assert sent["x-a"] == [in_firefox if engine == "firefox" else joined.strip()]


@pytest.mark.parametrize("name", ["From", "Authorization", "If-Modified-Since", "Max-Forwards", "Content-Type"])
def test_firefox_sends_the_last_value_of_a_single_header(name: str) -> None:
    headers = ((name, "a"), (name, "b"))
    assert wire("firefox", headers=headers)["actual"][name.lower()] == ["b"]
    assert wire("chromium", headers=headers)["actual"][name.lower()] == ["a, b"]
    assert wire("webkit", headers=headers)["actual"][name.lower()] == ["a, b"]


def test_firefox_sends_the_first_type_of_a_body() -> None:
    headers = (("Content-Type", "text/plain"), ("CONTENT-TYPE", "text/html"))
    asked: dict[str, Any] = {"method": "POST", "body": b"x", "headers": headers}
    assert wire("firefox", **asked)["actual"]["content-type"] == ["text/plain"]
    assert wire("chromium", **asked)["actual"]["content-type"] == ["text/plain, text/html"]


@pytest.mark.parametrize(
    ("url", "encodings"),
    [
        ("http://api.example/x", ("gzip, deflate",) * 3),
        ("https://api.example/x", ("gzip, deflate, br, zstd",) * 2 + ("gzip, deflate, br",)),
        # Chromium and Firefox: to whatever is potentially trustworthy.
        ("http://localhost:8000/x", ("gzip, deflate, br, zstd",) * 2 + ("gzip, deflate",)),
        ("http://127.0.0.1:8000/x", ("gzip, deflate, br, zstd",) * 2 + ("gzip, deflate",)),
    ],
)
def test_accept_encoding(url: str, encodings: tuple[str, str, str]) -> None:
    for engine, expected in zip(DEFAULT_GATE, encodings, strict=True):
        sent = wire(engine, url, method="PUT", headers=(("Range", "bytes=0-1"),))
        assert sent["preflight"]["accept-encoding"] == [expected]
        assert sent["actual"]["accept-encoding"] == ["identity"]
        assert wire(engine, url)["actual"]["accept-encoding"] == [expected]


NO_CACHE = {"pragma": ["no-cache"], "cache-control": ["no-cache"]}
MAX_AGE_0 = {"cache-control": ["max-age=0"]}


def cached(sent: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: sent[name] for name in ("pragma", "cache-control") if name in sent}


@pytest.mark.parametrize(
    ("mode", "added"),
    [
        ("default", {}),
        ("force-cache", {}),
        ("no-cache", MAX_AGE_0),
        ("no-store", NO_CACHE),
        ("reload", NO_CACHE),
    ],
)
def test_cache_modes(mode: Any, added: dict[str, list[str]]) -> None:
    for engine in DEFAULT_GATE:
        sent = wire(engine, method="PUT", cache=mode)
        assert cached(sent["actual"]) == added
        assert cached(sent["preflight"]) == ({} if engine == "webkit" else added)


@pytest.mark.parametrize("name", ["If-Modified-Since", "If-None-Match", "If-Match", "If-Range", "If-Unmodified-Since"])
def test_conditional_headers_change_the_cache_mode(name: str) -> None:
    for engine, added in (("chromium", MAX_AGE_0), ("firefox", NO_CACHE), ("webkit", NO_CACHE)):
        sent = wire(engine, headers=((name, DATE),))  # type: ignore[arg-type]
        assert cached(sent["actual"]) == added
        assert cached(sent["preflight"]) == ({} if engine == "webkit" else added)
    assert cached(wire("chromium", headers=((name, DATE),), cache="no-store")["actual"]) == NO_CACHE
    assert cached(wire("chromium", headers=((name, DATE),), cache="force-cache")["actual"]) == {}


@pytest.mark.parametrize("engine", DEFAULT_GATE)
def test_what_script_sets_stays(engine: EngineName) -> None:
    sent = wire(engine, headers=(("Cache-Control", "x"),), cache="no-store")
    assert cached(sent["actual"]) == {"pragma": ["no-cache"], "cache-control": ["x"]}
    assert cached(sent["preflight"]) == ({} if engine == "webkit" else NO_CACHE)
    sent = wire(engine, headers=(("Pragma", "x"),), cache="reload")
    assert cached(sent["actual"]) == {"pragma": ["x"], "cache-control": ["no-cache"]}


def test_user_agent_and_priority() -> None:
    for engine, on_preflight in (("firefox", False), ("webkit", True)):
        sent = wire(engine, headers=(("user-agent", "x/1"),))  # type: ignore[arg-type]
        assert sent["actual"]["user-agent"] == ["x/1"]
        assert (sent["preflight"]["user-agent"] == ["x/1"]) is on_preflight
        assert len(sent["preflight"]["user-agent"]) == 1
    sent = wire("firefox", headers=(("Priority", "1"),))
    assert (sent["preflight"]["priority"], sent["actual"]["priority"]) == (["u=4"], ["1"])
    assert "priority" not in wire("chromium")["actual"]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("BYTES=0-1", "bytes=0-1"),
        ("bytes= 0-1", "bytes=0-1"),
        ("bytes=00-1", "bytes=0-1"),
        ("bytes=0-", "bytes=0-"),
        ("bytes=-2", "bytes=-2"),
        ("bytes=0-1,3-4", "bytes=0-1,3-4"),
        ("bytes=5-1", "bytes=5-1"),
    ],
)
def test_chromium_rewrites_a_single_range_of_a_get(value: str, sent: str) -> None:
    assert wire("chromium", headers=(("Range", value),))["actual"]["range"] == [sent]
    assert wire("chromium", headers=(("Range", value),), method="PUT")["actual"]["range"] == [value]
    assert wire("firefox", headers=(("Range", value),))["actual"]["range"] == [value]


@pytest.mark.parametrize(
    ("text", "chromium", "firefox", "webkit"),
    [
        ("http://api.example/a|b?c|d#e|f", "http://api.example/a%7Cb?c|d#e|f", None, None),
        ("http://api.example/|?", "http://api.example/%7C?", None, None),
        ("http://a*b.example/", None, "", None),
        ('http://a"b.example/', None, "", None),
        ("http://xn--a.example/", None, "", ""),
        ("http://xn--.example/", None, "", ""),
        ("http://xn--zn7c.com/", None, "", ""),
        ("http://xn--bcher-kva.example/", None, None, None),
        ("http://xn--e1afmkfd.xn--p1ai/", None, None, None),
    ],
)
def test_urls(text: str, chromium: str | None, firefox: str | None, webkit: str | None) -> None:
    """Empty: ``fetch()`` throws. None: as the parser has it."""
    for engine, expected in zip(DEFAULT_GATE, (chromium, firefox, webkit), strict=True):
        rules = ENGINES[engine].rules
        if expected == "":
            with pytest.raises(URLError):
                spelled(parse_url(text), rules)
            continue
        url = spelled(parse_url(text), rules)
        assert url.href == (text if expected is None else expected)
        assert parse_url(url.href) == url
