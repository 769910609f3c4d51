"""URLs, origins, sites: beyond the vectors, the WHATWG corner cases that a URL parser of one's own gets wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corscheck.protocol.origin import (
    URLError,
    is_ip,
    is_loopback_host,
    is_potentially_trustworthy,
    parse_url,
    same_origin,
    same_site,
    serialize_origin,
)


def two_labels(host: str) -> str | None:
    """A registrable-domain function for tests: the last two labels."""
    return ".".join(host.split(".")[-2:]) if "." in host else None


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("wss://app.example:443/s", "wss://app.example"),
        ("ftp://app.example:21/", "ftp://app.example"),
        ("https://127.1/", "https://127.0.0.1"),
        ("https://2130706433/", "https://127.0.0.1"),
        ("https://0300.0250.1/", "https://192.168.0.1"),
        ("https://faß.example/", "https://xn--fa-hia.example"),
        ("https://app_1.example", "https://app_1.example"),
        ("http:app.example", "http://app.example"),
        ("https:\\\\app.example\\x", "https://app.example"),
        ("blob:data:text/plain,x", "null"),
        ("blob:not a url", "null"),
        ("about:blank", "null"),
        ("foo://app.example", "null"),
    ],
)
def test_serialized_origin(url: str, origin: str) -> None:
    assert serialize_origin(url) == origin


@pytest.mark.parametrize(
    "text", ["", "app.example", "https://", "https://a b/", "http://[::1", "https://a:99999", "//x"]
)
def test_what_is_no_absolute_url(text: str) -> None:
    with pytest.raises(URLError, match="not a valid URL"):
        parse_url(text)


def test_parts_of_a_url() -> None:
    url = parse_url("https://u:p@app.example:8443/a/../b%2f?q={1}#frag")
    assert (url.scheme, url.username, url.password, url.host, url.port) == ("https", "u", "p", "app.example", 8443)
    assert url.target == "/b%2f?q={1}"
    assert url.without_fragment == "https://u:p@app.example:8443/b%2f?q={1}"
    assert url.has_credentials
    assert url.effective_port == 8443


@pytest.mark.parametrize(
    ("url", "port"), [("http://a/", 80), ("https://a/", 443), ("wss://a/", 443), ("foo://a/", None)]
)
def test_effective_port(url: str, port: int | None) -> None:
    assert parse_url(url).effective_port == port


def test_an_empty_fragment_is_left_out_too() -> None:
    assert parse_url("https://a.example/x#").without_fragment == "https://a.example/x"
    assert not parse_url("https://@a.example/").has_credentials


def test_relative_to_a_base() -> None:
    assert parse_url("../c", "https://a.example/x/y/z").href == "https://a.example/x/c"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("https://a.example", "https://b.example", False),
        ("https://a.b.example", "https://c.b.example", True),
        ("https://a.b.example", "http://a.b.example", False),
        ("https://a.b.example:1", "https://a.b.example:2", True),
        ("https://127.0.0.1", "https://127.0.0.2", False),
        ("https://127.0.0.1:1", "https://127.0.0.1:2", True),
        ("https://[::1]", "https://[::2]", False),
        ("https://a.b.example.", "https://b.b.example.", True),
        ("https://localhost", "https://other", False),
        ("null", "https://a.example", False),
        ("https://a.example", "null", False),
    ],
)
def test_same_site(a: str, b: str, same: bool) -> None:
    suffixes = {"example": None}

    def domain(host: str) -> str | None:
        assert not host.endswith(".")
        return suffixes.get(host, two_labels(host))

    assert same_site(a, b, domain) is same


def test_opaque_is_never_same_origin() -> None:
    assert not same_origin("null", "null")
    assert same_origin("https://a.example", "https://a.example")


@pytest.mark.parametrize(
    ("host", "ip"),
    [("127.0.0.1", True), ("[::1]", True), ("a1", False), ("1.2.3.example", False), ("app.example", False)],
)
def test_is_ip(host: str, ip: bool) -> None:
    assert is_ip(host) is ip


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("localhost.", True),
        ("a.localhost", True),
        ("notlocalhost", False),
        ("localhost.example", False),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("127.example", False),
        ("128.0.0.1", False),
        ("[::1]", True),
        ("[::2]", False),
    ],
)
def test_loopback_hosts(host: str, loopback: bool) -> None:
    assert is_loopback_host(host) is loopback


@pytest.mark.parametrize(
    ("url", "trusted"),
    [("https://a.example", True), ("wss://a.example", True), ("http://a.example", False), ("http://localhost:1", True)],
)
def test_potentially_trustworthy(url: str, trusted: bool) -> None:
    assert is_potentially_trustworthy(parse_url(url)) is trusted


@given(st.from_regex(r"https?://[a-z0-9.-]{1,20}(:[0-9]{1,5})?(/[ -~]{0,20})?", fullmatch=True))
def test_an_origin_is_its_own_origin(text: str) -> None:
    """Serializing is idempotent: the origin of a serialized origin is itself."""
    try:
        origin = serialize_origin(text)
    except URLError:
        return
    assert serialize_origin(origin) == origin
    assert same_origin(origin, serialize_origin(origin + "/path?q#f"))
