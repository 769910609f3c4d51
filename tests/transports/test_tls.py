"""TLS: what is accepted, and that a refusal says why in words."""

from __future__ import annotations

import ssl

import pytest
import trustme

from corscheck.model.values import ConfigError
from corscheck.protocol.request import HTTPResponse, NetworkError
from tests.servers.raw import HOLD, OK, READ, START_TLS, RawServer
from tests.transports.carriers import get


def test_good_certificate(carrier, authority):
    with RawServer([READ, OK, READ, OK], tls=authority.server("localhost")) as server:
        transport = carrier(cacert=authority.path)
        for _ in range(2):
            answer = transport.send(get(server.url(host="localhost", scheme="https")))
            assert isinstance(answer, HTTPResponse), answer
        assert server.connections == 1
        assert server.names == ["localhost"]
        assert server.requests[0] == f"GET / HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode()


def test_address_in_certificate(carrier, authority):
    with RawServer([READ, OK], tls=authority.server("127.0.0.1")) as server:
        assert carrier(cacert=authority.path).send(get(server.url(scheme="https"))).status == 200


@pytest.mark.parametrize(
    ("names", "days", "words"),
    [
        (("localhost",), 30, "The certificate of localhost:PORT comes from an unknown issuer."),
        (("localhost",), -1, "The certificate of localhost:PORT has expired."),
        (
            ("a.example", "b.example"),
            30,
            "The certificate of localhost:PORT is not for localhost, only for a.example, b.example.",
        ),
    ],
    ids=["unknown issuer", "expired", "wrong name"],
)
def test_refused_certificates(carrier, authority, names, days, words):
    with RawServer([READ, OK], tls=authority.server(*names, days=days)) as server:
        options = {} if "unknown" in words else {"cacert": authority.path}
        answer = carrier(**options).send(get(server.url(host="localhost", scheme="https")))
        assert isinstance(answer, NetworkError)
        assert (answer.kind, answer.message) == ("tls", words.replace("PORT", str(server.port)))
        assert (answer.sent, server.requests) == ((), [])
        assert carrier(verify=False).send(get(server.url(host="localhost", scheme="https"))).status == 200


def test_wrong_address(carrier, authority):
    with RawServer([READ, OK], tls=authority.server("localhost")) as server:
        answer = carrier(cacert=authority.path).send(get(server.url(scheme="https")))
    assert answer.kind == "tls"
    assert "is not for 127.0.0.1, only for localhost." in answer.message


def test_names_that_cannot_be_verified_are_not_told(carrier, authority):
    with RawServer([READ, OK], tls=authority.server("a.example")) as server:
        transport = carrier(cacert=authority.path)
        tries = iter([server._tls])
        # The second handshake, which is to read the names, comes to nothing.
        server._wrap = lambda sock, wrap=server._wrap: wrap(sock) if next(tries, None) else sock  # type: ignore[method-assign]
        answer = transport.send(get(server.url(host="localhost", scheme="https")), 1)
    assert (answer.kind, answer.message) == ("tls", f"The certificate of localhost:{server.port} is not for localhost.")


def test_without_roots_of_the_system(carrier, authority, monkeypatch):
    none = ssl.DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "/none", "SSL_CERT_DIR", "/none")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: none)
    with RawServer([READ, OK], tls=authority.server("localhost")) as server:
        answer = carrier().send(get(server.url(host="localhost", scheme="https")))
    assert "comes from an unknown issuer" in answer.message


def test_a_name_that_tls_cannot_carry(carrier):
    with RawServer([HOLD]) as server:
        transport = carrier(connect_to=(f"::127.0.0.1:{server.port}",))
        answer = transport.send(get("https://.example/"))
    assert answer.kind == "tls"
    assert "cannot be named in TLS" in answer.message


def test_self_signed(carrier, authority):
    with RawServer([READ, OK], tls=authority.self_signed()) as server:
        answer = carrier().send(get(server.url(scheme="https")))
    assert answer.kind == "tls"
    assert "is self-signed" in answer.message


def test_another_cacert_does_not_do(carrier, authority, tmp_path):
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with RawServer([READ, OK], tls=authority.server("localhost")) as server:
        answer = carrier(cacert=str(tmp_path / "other.pem")).send(get(server.url(host="localhost", scheme="https")))
    assert answer.kind == "tls"


def assert_refused(carrier, answer, words):
    """In TLS 1.3 a client is refused after the handshake."""
    lost = carrier.differs.get("a client certificate is refused after the handshake")
    if lost is not None and answer.kind == lost.kind:
        assert all(words in answer.message for words in lost.words)
        return
    assert answer.kind == "tls"
    assert words in answer.message


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_certificate(carrier, authority, version):
    context = authority.server("localhost", clients=True)
    context.minimum_version = context.maximum_version = version
    with RawServer([READ, OK], tls=context) as server:
        url = server.url(host="localhost", scheme="https")
        answer = carrier(cacert=authority.path).send(get(url))
        assert isinstance(answer, NetworkError)
        assert_refused(carrier, answer, "wants a client certificate")
        assert carrier(cacert=authority.path, cert=authority.client()).send(get(url)).status == 200


def test_client_certificate_of_a_strange_issuer(carrier, authority, tmp_path):
    path = str(tmp_path / "strange.pem")
    trustme.CA().issue_cert("x@example.com").private_key_and_cert_chain_pem.write_to_path(path)
    with RawServer([READ, OK], tls=authority.server("localhost", clients=True)) as server:
        answer = carrier(cacert=authority.path, cert=path).send(get(server.url(host="localhost", scheme="https")))
    assert_refused(carrier, answer, "does not trust the issuer of our client certificate")


def test_no_tls_on_the_port(carrier):
    with RawServer([b"HTTP/1.1 400 Bad Request\r\n\r\n", HOLD]) as server:
        answer = carrier().send(get(server.url(scheme="https")))
    assert answer.kind == "tls"
    assert "does not speak TLS on this port" in answer.message


def test_hang_up_in_the_handshake(carrier):
    with RawServer([b""]) as server:
        answer = carrier().send(get(server.url(scheme="https")))
    assert answer.kind == "tls"
    assert "closed the connection during the TLS handshake" in answer.message


def test_silence_in_the_handshake(carrier):
    with RawServer([HOLD]) as server:
        answer = carrier().send(get(server.url(scheme="https")), 0.4)
    assert (answer.kind, "did not complete the TLS handshake within 0.4 s" in answer.message) == ("timeout", True)


def test_old_protocol(carrier, authority):
    context = authority.server("localhost")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with RawServer([READ, OK], tls=context) as server:
        answer = carrier(cacert=authority.path).send(get(server.url(host="localhost", scheme="https")))
    assert answer.kind == "tls"
    assert "speaks no TLS version that is safe to use" in answer.message


def test_alpn_is_http_1_1(carrier, authority):
    context = authority.server("localhost")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with RawServer([READ, OK], tls=context) as server:
        answer = carrier(cacert=authority.path).send(get(server.url(host="localhost", scheme="https")))
    assert answer.http_version == "HTTP/1.1"


def test_a_trailing_dot_is_no_part_of_the_name(carrier, authority):
    with RawServer([READ, OK], tls=authority.server("localhost")) as server:
        answer = carrier(cacert=authority.path, resolve=(f"localhost.:{server.port}:127.0.0.1",)).send(
            get(server.url(host="localhost.", scheme="https"))
        )
        assert answer.status == 200
        assert server.names == ["localhost"]
        assert server.requests[0].split(b"\r\n")[1] == f"Host: localhost.:{server.port}".encode()


def test_stale_over_tls(carrier, authority):
    with RawServer([READ, OK, READ], [READ, OK], tls=authority.server("localhost")) as server:
        transport = carrier(cacert=authority.path)
        url = server.url(host="localhost", scheme="https")
        assert [transport.send(get(url)).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cacert": "nowhere.pem"}, 'cacert "nowhere.pem" is not a file'),
        ({"cert": "nowhere.pem"}, 'cert "nowhere.pem" is not a file'),
        ({"key": __file__}, "key needs cert"),
    ],
)
def test_files_are_looked_for_at_once(carrier, options, words):
    with pytest.raises(ConfigError, match=words):
        carrier(**options)


@pytest.mark.parametrize("option", ["cacert", "cert"])
def test_files_without_certificates(carrier, option):
    transport = carrier(**{option: __file__})
    with RawServer([START_TLS]) as server, pytest.raises(ConfigError, match=option):
        transport.send(get(server.url(scheme="https")))


def test_http2_needs_its_package_under_httpx(httpx_carrier, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h2", None)
    with pytest.raises(ConfigError, match=r"pip install '\.\[http2\]' in a checkout"):
        httpx_carrier(http2=True)
