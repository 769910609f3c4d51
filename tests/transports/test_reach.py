"""Where requests go: addresses, ``--resolve``, ``--connect-to``, ``--via``, unix sockets; and what failures say."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from corscheck.model.values import ConfigError
from corscheck.protocol.request import HTTPResponse, NetworkError
from corscheck.transports.base import NetworkOptions
from corscheck.transports.routing import Router, split
from tests.servers.raw import OK, READ, RawServer
from tests.transports.carriers import get


@pytest.fixture
def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))  # taken, so that nobody else gets it, but nothing listens
        yield sock.getsockname()[1]


def addresses(monkeypatch, *found, delay=0.0):
    """Let every name have these addresses."""
    real = socket.getaddrinfo

    def getaddrinfo(host, port, family=0, kind=0, proto=0, flags=0):
        if flags & socket.AI_NUMERICHOST:
            return real(host, port, family, kind, proto, flags)
        time.sleep(delay)
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in found]
        infos = [
            (f, kind, 6, "", (a, port, 0, 0)[: 4 if ":" in a else 2]) for f, a in zip(families, found, strict=True)
        ]
        infos = [info for info in infos if family in (0, info[0])]
        if not infos:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return infos

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_refused(carrier, free_port):
    answer = carrier().send(get(f"http://127.0.0.1:{free_port}/"))
    assert isinstance(answer, NetworkError)
    assert (answer.kind, answer.sent) == ("connect", ())
    assert answer.message == f"127.0.0.1:{free_port} refused the connection."


def test_refused_by_every_address(carrier, free_port, monkeypatch):
    addresses(monkeypatch, "::1", "127.0.0.1", "::1")
    answer = carrier().send(get(f"http://localhost:{free_port}/"))
    assert (answer.kind, answer.message) == (
        "connect",
        f"localhost:{free_port} refused the connection (::1, 127.0.0.1).",
    )


def test_the_next_address_is_tried(carrier, monkeypatch):
    addresses(monkeypatch, "127.0.0.9", "127.0.0.1")
    with RawServer([READ, OK]) as server:
        assert carrier().send(get(server.url(host="two.example"))).status == 200


def test_unknown_name(carrier):
    answer = carrier().send(get("http://nothing.invalid/"))
    assert answer.kind == "dns"
    assert answer.message.startswith("nothing.invalid has no address (")


def test_impossible_name(carrier):
    answer = carrier().send(get(f"http://{'a' * 70}.example/"))
    assert answer.kind == "dns"
    assert "has no address" in answer.message


def test_a_slow_resolver_does_not_hold_up_the_deadline(carrier, monkeypatch):
    addresses(monkeypatch, "127.0.0.1", delay=2)
    before = time.monotonic()
    answer = carrier().send(get("http://slow.example/"), 0.3)
    assert time.monotonic() - before < 1.5
    assert (answer.kind, answer.message) == ("timeout", "The address of slow.example could not be found within 0.3 s.")


def test_names_below_localhost_are_not_looked_up(carrier, monkeypatch):
    real = socket.getaddrinfo

    def getaddrinfo(host, *args):
        if host.endswith(".localhost"):
            raise socket.gaierror(socket.EAI_NONAME, f"{host} was looked up")
        return real(host, *args)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with RawServer([READ, OK]) as server:
        assert carrier(ip_version=4).send(get(server.url(host="app.localhost"))).status == 200
        assert b"Host: app.localhost:" in server.requests[0]


def test_ipv6(carrier):
    with RawServer([READ, OK], host="::1") as server:
        assert carrier().send(get(server.url(host="[::1]"))).status == 200
        assert server.requests == [f"GET / HTTP/1.1\r\nHost: [::1]:{server.port}\r\n\r\n".encode()]


def test_ip_version(carrier, monkeypatch):
    addresses(monkeypatch, "::1", "127.0.0.1")
    with RawServer([READ, OK]) as four:
        assert carrier(ip_version=4).send(get(four.url(host="both.example"))).status == 200
        answer = carrier(ip_version=6).send(get(four.url(host="both.example")))
        assert answer.message == f"both.example:{four.port} refused the connection (::1)."
        answer = carrier(ip_version=6).send(get(four.url()))
        assert (answer.kind, answer.message) == ("dns", "127.0.0.1 has no IPv6 address.")


@pytest.fixture
def silent():
    """A port that neither takes a connection nor refuses one on 127.0.0.7 (its queue is full), free on 127.0.0.8."""
    with contextlib.ExitStack() as closing:
        full = closing.enter_context(socket.socket())
        full.bind(("127.0.0.7", 0))
        full.listen(0)
        for _ in range(3):
            filler = closing.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def test_a_silent_address_does_not_use_up_all_the_time(carrier, silent, monkeypatch):
    addresses(monkeypatch, "127.0.0.7", "127.0.0.8")
    before = time.monotonic()
    answer = carrier().send(get(f"http://two.example:{silent}/"), 0.8)
    assert time.monotonic() - before < 0.7
    assert isinstance(answer, NetworkError)
    assert answer.kind == "connect"
    assert answer.message == f"two.example:{silent} cannot be reached (127.0.0.7: timed out; 127.0.0.8: refused)."


def test_a_silent_address(carrier, silent, monkeypatch):
    addresses(monkeypatch, "127.0.0.7")
    answer = carrier().send(get(f"http://one.example:{silent}/"), 0.5)
    assert isinstance(answer, NetworkError)
    assert answer.kind == "timeout"
    assert answer.message == f"one.example:{silent} did not take the connection within 0.5 s (127.0.0.7)."


@pytest.mark.parametrize("host", ["api.example", "*"])
def test_resolve(carrier, host):
    with RawServer([READ, OK]) as server:
        transport = carrier(resolve=(f"{host}:{server.port}:127.0.0.1",))
        assert transport.send(get(server.url(host="api.example"))).status == 200
        assert f"Host: api.example:{server.port}".encode() in server.requests[0]


def test_resolve_to_several(carrier):
    with RawServer([READ, OK]) as server:
        transport = carrier(resolve=(f"api.example:{server.port}:[::1],127.0.0.1",))
        assert transport.send(get(server.url(host="api.example"))).status == 200


@pytest.mark.parametrize("rule", ["api.example:80:127.0.0.1:PORT", "::127.0.0.1:PORT", "api.example::127.0.0.1:PORT"])
def test_connect_to(carrier, rule):
    with RawServer([READ, OK]) as server:
        transport = carrier(connect_to=(rule.replace("PORT", str(server.port)),))
        assert transport.send(get("http://api.example/x")).status == 200
        assert server.requests == [b"GET /x HTTP/1.1\r\nHost: api.example\r\n\r\n"]


def test_connect_to_another_port_of_the_same_host(carrier):
    with RawServer([READ, OK]) as server:
        assert carrier(connect_to=(f"127.0.0.1:80::{server.port}",)).send(get("http://127.0.0.1/")).status == 200


def test_connect_to_names_both_when_it_fails(carrier, free_port):
    answer = carrier(connect_to=(f"api.example:80:127.0.0.1:{free_port}",)).send(get("http://api.example/"))
    assert answer.message == f"127.0.0.1:{free_port} (in place of api.example:80) refused the connection."


@pytest.mark.parametrize("option", ["resolve", "connect_to"])
def test_tls_stays_with_the_url(carrier, authority, option):
    with RawServer([READ, OK], tls=authority.server("api.example")) as server:
        rule = {
            "resolve": f"api.example:{server.port}:127.0.0.1",
            "connect_to": f"api.example:{server.port}:127.0.0.1:{server.port}",
        }[option]
        transport = carrier(cacert=authority.path, **{option: (rule,)})
        assert transport.send(get(server.url(host="api.example", scheme="https"))).status == 200
        assert server.names == ["api.example"]
        other = carrier(cacert=authority.path, connect_to=(f"::127.0.0.1:{server.port}",))
        answer = other.send(get("https://other.example/"))
        assert answer.kind == "tls"
        assert "is not for other.example, only for api.example." in answer.message


def test_via(carrier):
    with RawServer([READ, OK]) as server:
        answer = carrier().send(get("https://api.example/data?q#f", send_to=server.url()))
        assert isinstance(answer, HTTPResponse)
        assert server.requests == [b"GET /data?q HTTP/1.1\r\nHost: api.example\r\n\r\n"]


def test_via_https_verifies_the_via_host(carrier, authority):
    with RawServer([READ, OK], tls=authority.server("localhost")) as server:
        base = server.url("", host="localhost", scheme="https")
        assert carrier(cacert=authority.path).send(get("http://api.example/", send_to=base)).status == 200
        assert server.names == ["localhost"]
        assert b"Host: api.example\r\n" in server.requests[0]
        base = server.url("", scheme="https")
        answer = carrier(cacert=authority.path).send(get("http://localhost/", send_to=base))
        assert "is not for 127.0.0.1, only for localhost." in answer.message


@pytest.mark.parametrize(
    "base", ["api:8000", "ftp://api", "http://api/path", "http://api/?q", "nonsense", "", "http://"]
)
def test_bad_via(carrier, base):
    with pytest.raises(ConfigError, match="http://HOST:PORT"):
        carrier().send(get("http://api.example/", send_to=base))


def test_unix_socket(carrier, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a unix socket may have no more than 107 characters
    with RawServer([READ, OK], path="s") as server:
        assert carrier(unix_socket="s").send(get("http://api.example/x")).status == 200
        assert server.requests == [b"GET /x HTTP/1.1\r\nHost: api.example\r\n\r\n"]
    answer = carrier(unix_socket="s").send(get("http://api.example/"))
    assert (answer.kind, answer.message) == ("connect", "The socket s refused the connection: nothing listens on it.")
    answer = carrier(unix_socket="none").send(get("http://api.example/"))
    assert (answer.kind, answer.message) == ("connect", "The socket none does not exist.")


BAD_OPTIONS = {
    "connect_to": (
        "HOST1:PORT1:HOST2:PORT2",
        [
            "a",
            "a:80:b",
            "a:x:b:80",
            "a:80:b:80:c",
            "::1:80:b:80",
            "a b:80:c:80",
            "a:80:b:70000",
            "a:80:b:" + "9" * 5000,
        ],
    ),
    "resolve": (
        "HOST:PORT:ADDRESS",
        [
            "a",
            "a:80",
            "a:80:name",
            "a:80:1.2.3",
            "a:x:127.0.0.1",
            "-a:80",
            "a:80:1.2.3.4,x",
            f"a:{'9' * 5000}:127.0.0.1",
        ],
    ),
}


@pytest.mark.parametrize(
    ("option", "text"),
    [pytest.param(o, text, id=f"{o}-{text[:30]}") for o, (_, texts) in BAD_OPTIONS.items() for text in texts],
)
def test_bad_options_are_refused_at_once(carrier, option, text):
    with pytest.raises(ConfigError) as refusal:
        carrier(**{option: (text,)})
    message = str(refusal.value)
    assert f'"{text}"' in message
    assert BAD_OPTIONS[option][0] in message or "not a host name" in message or "not a port" in message


ROUTES = [
    # connect_to, URL, where to
    ("a.example:80:b:81", "http://a.example/", "b:81"),
    ("a.example:80:b:81", "http://a.example:82/", "a.example:82"),
    ("A.EXAMPLE:80:b:81", "http://a.example/", "b:81"),
    (":443:b:", "https://any.example/", "b:443"),
    ("::[::1]:", "https://any.example/", "[::1]:443"),
    ("[::1]:80::81", "http://[::1]/", "[::1]:81"),
    ("[0:0::1]:80::81", "http://[::1]/", "[::1]:81"),
]


@pytest.mark.parametrize(("rule", "url", "where"), ROUTES)
def test_connect_to_rules(rule, url, where):
    router = Router(NetworkOptions(connect_to=(rule,)))
    assert str(router.route(split(url), None).dial) == where


def test_the_first_rule_that_matches_counts():
    router = Router(NetworkOptions(connect_to=("a:80:b:1", "::c:2"), resolve=("b:1:1.1.1.1", "b:1:2.2.2.2")))
    route = router.route(split("http://a/"), None)
    assert (str(route.dial), route.addresses) == ("b:1", ("1.1.1.1",))
    assert str(router.route(split("http://x/"), None).dial) == "c:2"
