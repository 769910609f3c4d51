"""Which transport carries a run: ``auto``, what is asked for by name, and what is said where it cannot be had."""

from __future__ import annotations

import sys
import time

import pycurl
import pytest

import corscheck
from corscheck.api import make_probe
from corscheck.cli import app
from corscheck.model.values import ConfigError
from corscheck.protocol.request import HTTPResponse
from corscheck.runner.many import ask_all
from corscheck.runner.options import RunOptions
from corscheck.transports import choice, curl
from corscheck.transports.base import NetworkOptions, Unreadable, WireRequest
from corscheck.transports.curl import CurlTransport
from corscheck.transports.http.transport import HTTPTransport
from tests.servers.raw import READ, RawServer

ALLOWED = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n"
PAGE = "http://localhost:3000"


@pytest.fixture(autouse=True)
def _afresh():
    choice._unusable.cache_clear()
    yield
    choice._unusable.cache_clear()


@pytest.fixture
def without_pycurl(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("corscheck.transports.curl")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pycurl", None)


@pytest.fixture
def old_libcurl(monkeypatch):
    info = list(pycurl.version_info())
    info[1], info[2] = "7.88.1", 7 << 16 | 88 << 8 | 1
    monkeypatch.setattr(curl.pycurl, "version_info", lambda: tuple(info))


@pytest.fixture
def gnutls(monkeypatch):
    info = list(pycurl.version_info())
    info[5] = "GnuTLS/3.7.9"
    monkeypatch.setattr(curl.pycurl, "version_info", lambda: tuple(info))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "curl"),
        ({"transport": "curl"}, "curl"),
        ({"transport": "httpx"}, "httpx"),
        ({"cert": __file__}, "httpx"),
        ({"cert": __file__, "transport": "curl"}, "curl"),
        ({"http2": True}, "httpx"),
        ({"http2": True, "transport": "curl"}, "curl"),
        ({"proxy": "http://p:1", "verify": False, "ip_version": 4}, "curl"),
    ],
)
def test_chosen(options, expected):
    assert choice.chosen(NetworkOptions(**options)) == expected


def test_http2_without_the_package_h2(monkeypatch):
    monkeypatch.setattr(choice.importlib.util, "find_spec", lambda _: None)
    assert choice.chosen(NetworkOptions(http2=True)) == "curl"


@pytest.mark.parametrize(("name", "library"), [("curl", "libcurl"), ("auto", "libcurl"), ("httpx", "httpx")])
def test_live(name, library, monkeypatch):
    used = []
    for of, kind in (("libcurl", CurlTransport), ("httpx", HTTPTransport)):
        monkeypatch.setattr(
            kind, "send", lambda self, request, deadline, of=of: used.append(of) or HTTPResponse(200, ())
        )
    transport = choice.live(NetworkOptions(transport=name))
    transport.send(WireRequest("GET", "http://127.0.0.1/", ()), 0)
    transport.close()
    assert used == [library]


def answered(*lines, version=b"HTTP/1.1"):
    head = (version + b" 302 Found", b"Access-Control-Allow-Origin: *", *lines, b"Content-Length: 0", b"", b"")
    return READ, b"\r\n".join(head)


UNREAD = {
    "a very long line": answered(b"X-Long: " + b"a" * 120_000, b"Location: /a"),
    "very many lines": answered(*[b"X: 1"] * 6_000, b"Location: /a"),
    "another minor version": answered(b"Location: /a", version=b"HTTP/1.2"),
}
"""What browsers read and libcurl does not."""


@pytest.mark.parametrize("script", UNREAD.values(), ids=UNREAD)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
@pytest.mark.parametrize("name", ["auto", "curl"])
def test_what_libcurl_cannot_read_is_asked_again_over_httpx(script, method, name):
    """What may change data is sent once: over httpx at once, or, if libcurl is asked for, over libcurl alone."""
    with RawServer(script) as server:

        def ask(transport):
            try:
                return transport.send(WireRequest(method, server.url("/x"), ()), time.monotonic() + 5)
            finally:
                transport.close()

        expected = ask(choice.live(NetworkOptions(transport="httpx")))
        assert isinstance(expected, HTTPResponse)
        assert isinstance(ask(CurlTransport(NetworkOptions())), Unreadable)
        before = len(server.requests)
        found = ask(choice.live(NetworkOptions(transport=name)))
        assert len(server.requests) - before == (1 if method == "POST" else 2)
    if (method, name) == ("POST", "curl"):
        assert isinstance(found, Unreadable)
    else:
        assert (found.status, found.headers) == (expected.status, expected.headers)


@pytest.mark.parametrize("name", ["auto", "curl"])
def test_so_does_a_run_over_many(name):
    with RawServer(UNREAD["a very long line"]) as server:
        probes = [make_probe(server.url(f"/{number}"), origin=PAGE) for number in range(5)]
        over = {}
        for transport in (name, "httpx"):
            options = RunOptions(network=NetworkOptions(transport=transport))
            found = over[transport] = []
            ask_all(probes, options, found.append)
    ours, theirs = ([(r.verdict, r.exchanges[0].response.headers) for r in over[t]] for t in (name, "httpx"))
    assert ours == theirs


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_two_locations_are_asked_for_once(engine):
    """libcurl stops at the second one, without a word about the rest: but both browsers reject the response for it."""
    with RawServer(answered(b"Location: https://:80/", b"Location: /a")) as server:
        for transport in ("auto", "curl", "httpx"):
            before = len(server.requests)
            result = corscheck.probe(server.url("/"), origin=PAGE, engine=engine, transport=transport, diagnose=False)
            assert (result.verdict, result.reason.code) == ("blocked", "CORS501"), transport
            assert len(server.requests) - before == 1, transport


def test_what_nobody_reads_is_told_as_httpx_tells_it():
    with RawServer((READ, b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n")) as server:
        told = []
        for name in ("auto", "httpx"):
            transport = choice.live(NetworkOptions(transport=name))
            told.append(transport.send(WireRequest("GET", server.url("/"), ()), time.monotonic() + 5))
            transport.close()
    assert told[0].kind == told[1].kind == "protocol"
    assert told[0].message == told[1].message


def test_without_the_package(without_pycurl):
    assert choice.chosen(NetworkOptions()) == "httpx"
    with pytest.raises(ConfigError) as refusal:
        choice.chosen(NetworkOptions(transport="curl"))
    assert (
        str(refusal.value)
        == "transport curl needs the package pycurl: pip install '.[fast]' in a checkout of corscheck"
    )


@pytest.mark.parametrize("lacking", ["old_libcurl", "gnutls"])
def test_with_another_libcurl(lacking, request):
    request.getfixturevalue(lacking)
    assert choice.chosen(NetworkOptions()) == "httpx"
    with pytest.raises(ConfigError, match=r"transport curl needs libcurl 8\.23\.0 or newer with OpenSSL, not "):
        choice.chosen(NetworkOptions(transport="curl"))


def test_an_unknown_name():
    with pytest.raises(ConfigError, match="transport 'wget' is none of auto, httpx, curl"):
        choice.chosen(NetworkOptions(transport="wget"))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["auto", "curl", "httpx"])
def test_in_python(name):
    with RawServer([READ, ALLOWED] * 4) as server:
        result = corscheck.probe(server.url(), origin=PAGE, transport=name)
        assert (result.verdict, result.exchanges[0].response.status) == ("allowed", 200)
        with corscheck.Page(origin=PAGE, transport=name) as page:
            assert page.fetch(server.url()).verdict == "allowed"


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("name", ["auto", "curl", "httpx"])
def test_on_the_command_line(name, count, capfd):
    with RawServer([READ, ALLOWED] * 4) as server:
        status = app.run(["probe", *[server.url(f"/{i}") for i in range(count)], "--origin", PAGE, "--transport", name])
        assert (status, len(server.requests)) == (0, count)
    assert "ALLOWED" in capfd.readouterr().out.upper()


def test_on_the_command_line_without_the_package(without_pycurl, capfd):
    for urls in (["http://127.0.0.1:9/"], ["http://127.0.0.1:8/a", "http://127.0.0.1:8/b"]):
        assert app.run(["probe", *urls, "--origin", PAGE, "--transport", "curl"]) == 2
        assert "pip install '.[fast]' in a checkout of corscheck" in capfd.readouterr().err


def answer(request):
    """By the path: what a page may read, what it may not, and what is asked for first."""
    if b"/blocked" in request.partition(b"\r\n")[0]:
        return b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"
    return (
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Headers: x-a\r\n"
        b"X-Path: " + request.split(b" ")[1][:8] + b"\r\nContent-Length: 0\r\n\r\n"
    )


@pytest.mark.parametrize("count", [40, 700])
def test_a_run_is_the_same_over_both(count, tmp_path, capfd):
    """To the byte."""
    targets = tmp_path / "targets"
    reports = {}
    with RawServer([READ, answer] * 2000) as server:
        paths = (("/blocked" if n % 7 == 3 else f"/{n % 5}") + f"/{n}?q={n}" for n in range(count))
        targets.write_text("".join(f"{server.url(path)}\n" for path in paths))
        for name in ("httpx", "curl"):
            report = tmp_path / f"{name}.jsonl"
            argv = [
                "probe",
                "--targets",
                str(targets),
                "--origin",
                PAGE,
                "-H",
                "X-A: 1",
                "--no-diagnose",
                "--reproducible",
            ]
            assert app.run([*argv, "--transport", name, "--jsonl", str(report)]) == 1
            reports[name] = (report.read_text(), capfd.readouterr())
        assert len(server.requests) > 2 * count
    assert reports["curl"] == reports["httpx"]
    assert reports["curl"][0].count("\n") == count + 2
