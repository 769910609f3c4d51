"""Proxies: which requests go through one, in what form, and that its failures are told as its own."""

from __future__ import annotations

import base64
import socket

import pytest

from corscheck.model.values import ConfigError
from corscheck.protocol.request import HTTPResponse, NetworkError
from corscheck.transports.proxies import Proxy as ProxySetting
from corscheck.transports.proxies import ProxyChooser, exempt, is_loopback, parse_proxy
from tests.servers.proxy import Proxy
from tests.servers.raw import HOLD, OK, READ, RESET, RawServer
from tests.transports.carriers import get

BASIC = base64.b64encode("usér:p@ss".encode()).decode()


@pytest.fixture
def no_dns(monkeypatch):
    """Fail the test if a name is looked up."""
    real = socket.getaddrinfo

    def getaddrinfo(host, *args):
        assert host == "127.0.0.1" or args[-1] & socket.AI_NUMERICHOST, f"{host} was looked up"
        return real(host, *args)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.usefixtures("no_dns")
def test_http_in_absolute_form(carrier):
    with RawServer([READ, OK]) as server, Proxy(server.port) as proxy:
        transport = carrier(proxy=f"http://us%C3%A9r:p%40ss@127.0.0.1:{proxy.port}")
        answer = transport.send(get("http://api.example:8080/a%2f{b}?q='"))
        assert isinstance(answer, HTTPResponse), answer
        assert proxy.requests == [
            f"GET http://api.example:8080/a%2f{{b}}?q=' HTTP/1.1\r\nHost: api.example:8080\r\n"
            f"Proxy-Authorization: Basic {BASIC}\r\n\r\n".encode()
        ]
        assert answer.sent == (("Host", "api.example:8080"),), "the proxy's password is not the report's business"


@pytest.mark.usefixtures("no_dns")
def test_https_by_connect(carrier, authority):
    with RawServer([READ, OK, READ, OK], tls=authority.server("api.example")) as server, Proxy(server.port) as proxy:
        transport = carrier(proxy=f"us%C3%A9r:p%40ss@127.0.0.1:{proxy.port}", cacert=authority.path)
        for _ in range(2):
            assert transport.send(get("https://api.example/x")).status == 200
        assert proxy.requests == [
            "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n"
            f"Proxy-Authorization: Basic {BASIC}\r\n\r\n".encode()
        ]
        assert server.requests == [b"GET /x HTTP/1.1\r\nHost: api.example\r\n\r\n"] * 2
        assert server.names == ["api.example"]


@pytest.mark.usefixtures("no_dns")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_over_tls(carrier, authority, scheme):
    tls = authority.server("api.example") if scheme == "https" else None
    with RawServer([READ, OK], tls=tls) as server, Proxy(server.port, tls=authority.server("127.0.0.1")) as proxy:
        transport = carrier(proxy=f"https://127.0.0.1:{proxy.port}", cacert=authority.path)
        answer = transport.send(get(f"{scheme}://api.example/x"))
        assert isinstance(answer, HTTPResponse), answer
        assert proxy.lines == [
            {"http": b"GET http://api.example/x HTTP/1.1", "https": b"CONNECT api.example:443 HTTP/1.1"}[scheme]
        ]


def test_a_proxy_whose_certificate_is_refused(carrier, authority):
    with RawServer([READ, OK]) as server, Proxy(server.port, tls=authority.server("127.0.0.1")) as proxy:
        answer = carrier(proxy=f"https://127.0.0.1:{proxy.port}").send(get("http://api.example/"))
    assert answer.kind == "proxy"
    assert answer.message == f"The certificate of the proxy 127.0.0.1:{proxy.port} comes from an unknown issuer."


@pytest.mark.usefixtures("no_dns")
def test_what_goes_elsewhere_than_its_url_is_tunnelled(carrier):
    """A proxy that forwards replaces Host by the URL's (RFC 9112, section 3.2.2)."""
    with RawServer([READ, OK, READ, OK]) as server, Proxy(server.port) as proxy:
        transport = carrier(proxy=f"http://127.0.0.1:{proxy.port}", connect_to=("a.example:80:b.example:81",))
        assert transport.send(get("http://a.example/1")).status == 200
        assert transport.send(get("https://api.example/2", send_to="http://c.example:82")).status == 200
        assert proxy.lines == [b"CONNECT b.example:81 HTTP/1.1", b"CONNECT c.example:82 HTTP/1.1"]
        assert server.requests[1] == b"GET /2 HTTP/1.1\r\nHost: api.example\r\n\r\n"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_proxy_there(carrier, scheme):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        answer = carrier(proxy=f"http://user:secret@127.0.0.1:{port}").send(get(f"{scheme}://api.example/"))
    assert isinstance(answer, NetworkError)
    assert (answer.kind, answer.message) == ("proxy", f"The proxy 127.0.0.1:{port} refused the connection.")


def test_no_such_proxy(carrier):
    # A label of 64 letters is refused without a name server, which may be slow.
    host = f"{'a' * 64}.invalid"
    answer = carrier(proxy=f"http://{host}:3128").send(get("http://api.example/"))
    assert answer.kind == "proxy"
    assert answer.message.startswith(f"The proxy's host {host} has no address")


REFUSALS = {
    b"HTTP/1.1 407 Proxy Authentication Required": "(407 Proxy Authentication Required). It wants a user and password",
    b"HTTP/1.1 502 Bad\x1bGateway": r"(502 Bad\x1bGateway)",
    b"HTTP/1.0 403 Forbidden": "(403 Forbidden)",
}


@pytest.mark.parametrize("status", REFUSALS)
def test_the_proxy_will_not_connect(carrier, status):
    with Proxy(1, refuse=status) as proxy:
        answer = carrier(proxy=f"http://127.0.0.1:{proxy.port}").send(get("https://api.example/"))
    expected = REFUSALS[status].replace("(", "").replace(")", "")
    assert answer.kind == "proxy"
    assert answer.message.startswith(
        f"The proxy 127.0.0.1:{proxy.port} will not connect to api.example:443: {expected}"
    )


BROKEN = {
    "hang-up": ([READ], "closed the connection instead of connecting to api.example:443."),
    "reset": ([READ, RESET], "reset the connection without a response."),
    "garbage": ([READ, b"nonsense\r\n\r\n", HOLD], "sent a malformed response to CONNECT."),
    "endless": ([READ, b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000, HOLD], "sent an endless response to CONNECT."),
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_proxy_breaks_down(carrier, case):
    script, words = BROKEN[case]
    with RawServer(script) as proxy:
        answer = carrier(proxy=proxy.url()).send(get("https://api.example/"))
    assert (answer.kind, answer.message) == ("proxy", f"The proxy 127.0.0.1:{proxy.port} {words}")


def test_the_proxy_is_silent(carrier):
    with RawServer([HOLD]) as proxy:
        answer = carrier(proxy=proxy.url()).send(get("https://api.example/"), 0.3)
    assert (answer.kind, answer.message) == (
        "timeout",
        f"The proxy 127.0.0.1:{proxy.port} did not connect to api.example:443 within 0.3 s.",
    )


def test_a_forwarding_proxy_hangs_up(carrier):
    with RawServer([READ]) as proxy:
        answer = carrier(proxy=proxy.url()).send(get("http://api.example/"))
    assert (answer.kind, answer.message) == (
        "proxy",
        f"The proxy 127.0.0.1:{proxy.port} closed the connection without a response.",
    )


def test_stale_connection_to_a_proxy(carrier):
    with RawServer([READ, OK, READ], [READ, OK]) as proxy:
        transport = carrier(proxy=proxy.url())
        assert [transport.send(get("http://api.example/")).status for _ in range(2)] == [200, 200]


CHOICES = [
    # option, noproxy, environment, URL's scheme and host; the proxy's host or None
    ("http://p", None, {}, "http", "localhost", "p"),
    ("http://p", "localhost", {}, "http", "localhost", None),
    ("http://p", None, {"no_proxy": "*"}, "http", "a.example", "p"),
    ("", None, {"http_proxy": "http://e"}, "http", "a.example", None),
    (None, None, {}, "http", "a.example", None),
    (None, None, {"http_proxy": "http://e"}, "http", "a.example", "e"),
    (None, None, {"http_proxy": "http://e"}, "https", "a.example", None),
    (None, None, {"HTTP_PROXY": "http://e"}, "http", "a.example", None),
    (None, None, {"https_proxy": "http://e"}, "https", "a.example", "e"),
    (None, None, {"HTTPS_PROXY": "http://e"}, "https", "a.example", "e"),
    (None, None, {"all_proxy": "http://e"}, "http", "a.example", "e"),
    (None, None, {"ALL_PROXY": "http://e"}, "https", "a.example", "e"),
    (None, None, {"https_proxy": "http://e", "all_proxy": "http://f"}, "https", "a.example", "e"),
    (None, None, {"http_proxy": "http://e"}, "http", "localhost", None),
    (None, None, {"http_proxy": "http://e"}, "http", "app.localhost", None),
    (None, None, {"http_proxy": "http://e"}, "http", "127.1.2.3", None),
    (None, None, {"http_proxy": "http://e"}, "http", "::1", None),
    (None, None, {"http_proxy": "http://e", "no_proxy": "a.example"}, "http", "a.example", None),
    (None, None, {"http_proxy": "http://e", "NO_PROXY": "a.example"}, "http", "a.example", None),
    (None, "b.example", {"http_proxy": "http://e", "no_proxy": "a.example"}, "http", "a.example", "e"),
    (None, None, {"all_proxy": "socks5://s"}, "http", "localhost", None),
]


@pytest.mark.parametrize(("option", "noproxy", "environment", "scheme", "host", "expected"), CHOICES)
def test_choice(monkeypatch, option, noproxy, environment, scheme, host, expected):
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    chosen = ProxyChooser(option, noproxy).choose(scheme, host)
    assert (chosen and chosen.host) == expected


EXEMPT = [
    ("a.example", "a.example", True),
    ("x.a.example", "a.example", True),
    ("x.a.example", ".a.example", True),
    ("a.example", ".a.example", True),
    ("xa.example", "a.example", False),
    ("a.example.", "A.example", True),
    ("a.example", "b.example, a.example", True),
    ("a.example", "b.example a.example", True),
    ("a.example", "*", True),
    ("a.example", "", False),
    ("10.1.2.3", "10.0.0.0/8", True),
    ("11.1.2.3", "10.0.0.0/8", False),
    ("10.1.2.3", "10.1.2.3", True),
    ("::1", "[::1]", True),
    ("fd00::7", "fd00::/8", True),
    ("10.1.2.3", "3", False),
]


@pytest.mark.parametrize(("host", "listed", "expected"), EXEMPT)
def test_exempt(host, listed, expected):
    assert exempt(host, listed) is expected


@pytest.mark.parametrize(
    "host", ["localhost", "localhost.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:7f00:1"]
)
def test_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "notlocalhost", "128.0.0.1", "::2", "0.0.0.0"])
def test_not_loopback(host):
    assert not is_loopback(host)


def test_proxy_settings():
    assert parse_proxy("p:8080", "x") == ProxySetting("p", 8080)
    assert parse_proxy("http://p", "x") == ProxySetting("p", 80)
    assert parse_proxy("https://[::1]:1/", "x") == ProxySetting("::1", 1, tls=True)
    assert parse_proxy("", "x") is None


@pytest.mark.parametrize(
    "text",
    ["socks5://user:secret@p", "http://user:s@secret/77@p:1", "http://user:secret@p:port", "ftp://user:secret@p"],
)
def test_bad_proxy(text):
    with pytest.raises(ConfigError, match="Write http://HOST:PORT, with user, password and an @") as refusal:
        ProxyChooser(text, None)
    assert "secret" not in str(refusal.value)


def test_no_password_in_a_representation():
    assert "secret" not in repr(parse_proxy("http://user:secret@p", "x"))
