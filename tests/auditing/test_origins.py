"""The hostile origins: which ones are made of an origin, and what holds for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corscheck.auditing import origins as make
from corscheck.auditing.origins import BOTH, SHARED_HOSTING, Hostile, Labels, Maker
from corscheck.model.suffixes import registrable_domain
from corscheck.protocol.origin import is_ip, is_loopback_host
from tests.auditing.kit import SUFFIXES

L = "[a-z]{10}"
"""A random label."""


def made(origin: str, depth: str = "full") -> list[Hostile]:
    base = make.base(origin, SUFFIXES)
    assert base is not None
    maker = Maker(base, SUFFIXES, Labels("tests"), depth)  # type: ignore[arg-type]

    def every() -> Iterator[Hostile]:
        for method in (
            maker.public_suffix, maker.prefix, maker.suffix, maker.substring, maker.truncated, maker.dots,
            maker.separators, maker.characters, maker.subdomains, maker.glued, maker.nested, maker.downgrade,
            maker.ports, maker.unsendable,
        ):  # fmt: skip
            yield from method()

    return list(every())


def of_kind(origin: str, depth: str = "normal") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for hostile in made(origin, depth):
        if hostile.kind not in ("unsendable", "character", "nested"):
            found.setdefault(hostile.kind, []).append(hostile.origin)
    return found


TABLE: dict[str, dict[str, list[str]]] = {
    "https://app.example.com": {
        "public-suffix": [f"https://{L}\\.com"],
        "prefix": [f"https://app\\.example\\.com\\.{L}\\.net"],
        "suffix": [f"https://{L}example\\.com", f"https://{L}app\\.example\\.com"],
        "substring": [f"https://{L}app\\.example\\.com\\.{L}\\.net"],
        "truncated": [r"https://app\.example\.co"],
        "dot": [r"https://appxexample\.com"],
        "separator": [f"https://app\\.example\\.com{L}\\.net", f"https://app\\.example\\.com-{L}\\.net"],
        "subdomain": [f"https://{L}\\.example\\.com", f"https://{L}\\.app\\.example\\.com"],
        "downgrade": [r"http://app\.example\.com"],
        "port": [r"https://app\.example\.com:8443"],
    },
    "https://example.com": {
        "public-suffix": [f"https://{L}\\.com"],
        "prefix": [f"https://example\\.com\\.{L}\\.net"],
        "suffix": [f"https://{L}example\\.com"],
        "substring": [f"https://{L}example\\.com\\.{L}\\.net"],
        "truncated": [r"https://example\.co"],
        "separator": [f"https://example\\.com{L}\\.net", f"https://example\\.com-{L}\\.net"],
        "subdomain": [f"https://{L}\\.example\\.com"],
        "downgrade": [r"http://example\.com"],
        "port": [r"https://example\.com:8443"],
    },
    "https://a.b.example.co.uk": {
        "public-suffix": [f"https://{L}\\.co\\.uk"],
        "prefix": [f"https://a\\.b\\.example\\.co\\.uk\\.{L}\\.net"],
        "suffix": [f"https://{L}example\\.co\\.uk", f"https://{L}a\\.b\\.example\\.co\\.uk"],
        "substring": [f"https://{L}a\\.b\\.example\\.co\\.uk\\.{L}\\.net"],
        # ".u" is not a suffix; without its last three characters it is one of Colombia's.
        "truncated": [r"https://a\.b\.example\.co"],
        "dot": [r"https://a\.bxexample\.co\.uk", r"https://a\.b\.examplexco\.uk"],
        "separator": [f"https://a\\.b\\.example\\.co\\.uk{L}\\.net", f"https://a\\.b\\.example\\.co\\.uk-{L}\\.net"],
        "subdomain": [f"https://{L}\\.example\\.co\\.uk", f"https://{L}\\.a\\.b\\.example\\.co\\.uk"],
        "downgrade": [r"http://a\.b\.example\.co\.uk"],
        "port": [r"https://a\.b\.example\.co\.uk:8443"],
    },
    "https://app.vercel.app": {
        # The suffix is a host where anybody has names, and the preview deployments of a project are among them.
        "shared-hosting": [f"https://{L}\\.vercel\\.app", f"https://app-{L}\\.vercel\\.app"],
        "prefix": [f"https://app\\.vercel\\.app\\.{L}\\.net"],
        "suffix": [f"https://{L}app\\.vercel\\.app"],
        "substring": [f"https://{L}app\\.vercel\\.app\\.{L}\\.net"],
        "dot": [r"https://appxvercel\.app"],
        "separator": [f"https://app\\.vercel\\.app{L}\\.net", f"https://app\\.vercel\\.app-{L}\\.net"],
        "subdomain": [f"https://{L}\\.app\\.vercel\\.app"],
        "downgrade": [r"http://app\.vercel\.app"],
        "port": [r"https://app\.vercel\.app:8443"],
    },
    "https://app.example": {
        "public-suffix": [f"https://{L}\\.example"],
        "prefix": [f"https://app\\.example\\.{L}\\.net"],
        "suffix": [f"https://{L}app\\.example"],
        "substring": [f"https://{L}app\\.example\\.{L}\\.net"],
        "separator": [f"https://app\\.example{L}\\.net", f"https://app\\.example-{L}\\.net"],
        "subdomain": [f"https://{L}\\.app\\.example"],
        "downgrade": [r"http://app\.example"],
        "port": [r"https://app\.example:8443"],
    },
    "https://app.example.net:8443": {
        "public-suffix": [f"https://{L}\\.net:8443"],
        "prefix": [f"https://app\\.example\\.net\\.{L}\\.org"],
        "suffix": [f"https://{L}example\\.net:8443", f"https://{L}app\\.example\\.net:8443"],
        "substring": [f"https://{L}app\\.example\\.net\\.{L}\\.org"],
        "truncated": [r"https://app\.example\.ne"],
        "dot": [r"https://appxexample\.net:8443"],
        "separator": [f"https://app\\.example\\.net{L}\\.org", f"https://app\\.example\\.net-{L}\\.org"],
        "subdomain": [f"https://{L}\\.example\\.net:8443", f"https://{L}\\.app\\.example\\.net:8443"],
        "downgrade": [r"http://app\.example\.net", r"http://app\.example\.net:8443"],
    },
    "https://xn--bcher-kva.example.com": {
        "public-suffix": [f"https://{L}\\.com"],
        "prefix": [f"https://xn--bcher-kva\\.example\\.com\\.{L}\\.net"],
        "suffix": [f"https://{L}example\\.com", f"https://{L}xn--bcher-kva\\.example\\.com"],
        "substring": [f"https://{L}xn--bcher-kva\\.example\\.com\\.{L}\\.net"],
        "truncated": [r"https://xn--bcher-kva\.example\.co"],
        # Letters behind it make another word of it, which is one as well.
        "dot": [r"https://xn--bcher-kvaxexample\.com"],
        "separator": [f"https://xn--bcher-kva\\.example\\.com{L}\\.net", f"https://xn--bcher-kva\\.example\\.com-{L}\\.net"],
        "subdomain": [f"https://{L}\\.example\\.com", f"https://{L}\\.xn--bcher-kva\\.example\\.com"],
        "downgrade": [r"http://xn--bcher-kva\.example\.com"],
        "port": [r"https://xn--bcher-kva\.example\.com:8443"],
    },
    "http://localhost:3000": {
        "prefix": [f"http://localhost\\.{L}\\.net"],
        "substring": [f"http://{L}localhost\\.{L}\\.net"],
        "port": [r"http://localhost:8443"],
    },
    "http://127.0.0.1:8000": {
        "prefix": [f"http://127\\.0\\.0\\.1\\.{L}\\.net"],
        "substring": [f"http://{L}127\\.0\\.0\\.1\\.{L}\\.net"],
        "port": [r"http://127\.0\.0\.1:8443"],
    },
    "http://[::1]:3000": {"port": [r"http://\[::1\]:8443"]},
}  # fmt: skip


@pytest.mark.parametrize("origin", TABLE)
def test_what_is_made_of_an_origin(origin: str) -> None:
    found, wanted = of_kind(origin), TABLE[origin]
    assert {kind: len(texts) for kind, texts in found.items()} == {kind: len(texts) for kind, texts in wanted.items()}
    for kind, patterns in wanted.items():
        for text, pattern in zip(found[kind], patterns, strict=True):
            assert re.fullmatch(pattern, text), (kind, text)


def everything(origin: str) -> list[Hostile]:
    """The mutations, and what is tried whatever the origin is."""
    base = make.base(origin, SUFFIXES)
    assert base is not None
    labels = Labels("tests")
    return [
        *made(origin),
        *make.local_names(labels),
        *make.local_pages("full"),
        *make.private_addresses("full"),
        *make.shared_hosting([base], labels, "full", 99),
        *make.app_schemes(),
    ]


def is_its_own_serialization(origin: str) -> bool:
    """Whether a page can be there: what the URL parser makes of it is the same again."""
    url = ada_url.URL(origin)
    host = url.host
    return f"{url.protocol}//{host}" == origin


labels = st.one_of(st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True), st.just("xn--bcher-kva"))
names = st.lists(labels, min_size=1, max_size=3)
suffixes = st.sampled_from(
    [
        "com",
        "net",
        "org",
        "co.uk",
        "example",
        "io",
        "co",
        "vercel.app",
        "github.io",
        "s3.amazonaws.com",
        "de",
        "test",
        "xn--p1ai",
    ]
)
ports = st.sampled_from(["", ":8443", ":3000", ":1"])
bases = st.builds(
    lambda scheme, labels, suffix, port: f"{scheme}://{'.'.join(labels)}.{suffix}{port}",
    st.sampled_from(["http", "https"]), names, suffixes, ports,
).filter(lambda text: is_a_name(text) and is_its_own_serialization(text))  # fmt: skip


def is_a_name(origin: str) -> bool:
    try:
        ada_url.URL(origin)
    except ValueError:
        return False
    return "xn--" in origin or "--" not in origin


def host_of(origin: str) -> str:
    return str(ada_url.URL(origin).hostname)


@given(bases)
def test_every_origin_that_browsers_send_is_one(origin: str) -> None:
    for hostile in everything(origin):
        if hostile.browsers and not hostile.origin.startswith("chrome-extension"):
            assert is_its_own_serialization(hostile.origin), hostile


@given(bases)
def test_no_origin_is_the_one_it_imitates_and_none_is_made_twice(origin: str) -> None:
    found = [hostile.origin for hostile in everything(origin)]
    assert origin not in found
    # The same label is never made twice, so that what is made twice is made of the origin alone.
    assert len(found) == len(set(found))


FOREIGN = {
    "public-suffix",
    "prefix",
    "suffix",
    "substring",
    "truncated",
    "dot",
    "separator",
    "character",
    "shared-hosting",
}
OWN = {"subdomain", "nested"}


@given(bases)
def test_who_can_have_such_an_origin(origin: str) -> None:
    """Somebody else, where that is the point; the same owner for a subdomain; and for what is marked so."""
    domain = registrable_domain(host_of(origin))
    for hostile in made(origin):
        if not hostile.browsers:
            continue
        theirs = registrable_domain(host_of(hostile.origin))
        if hostile.kind in OWN or hostile.within:
            assert theirs == domain, hostile
        elif hostile.kind in FOREIGN:
            assert theirs is not None, hostile
            assert theirs != domain, hostile
        else:
            assert host_of(hostile.origin) == host_of(origin), hostile


@given(bases)
def test_a_public_suffix_alone_is_no_origin_to_send(origin: str) -> None:
    for hostile in made(origin):
        if hostile.browsers:
            host = host_of(hostile.origin)
            assert registrable_domain(host) is not None, hostile
            assert all(0 < len(label) <= 63 for label in host.split(".")), hostile


@given(
    st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(lambda a: f"[{a}]"), st.just("localhost")), ports
)
def test_nothing_about_domains_where_there_is_none(host: str, port: str) -> None:
    origin = str(ada_url.URL(f"https://{host}{port}").origin)
    found = {hostile.kind for hostile in made(origin)}
    assert found <= {"prefix", "substring", "downgrade", "port", "unsendable"}
    base = make.base(origin, SUFFIXES)
    assert base is not None
    assert base.domain is None
    assert is_ip(base.host) is (host != "localhost")


@pytest.mark.parametrize("origin", ["null", "capacitor://localhost", "file://", "no origin", "*", "https://", "NULL"])
def test_what_is_no_web_origin_is_not_imitated(origin: str) -> None:
    assert make.base(origin, SUFFIXES) is None


def test_characters_that_no_browser_has_seen_claim_no_browser() -> None:
    found = {h.origin.removeprefix("https://app.example.com")[0]: h.browsers
             for h in made("https://app.example.com") if h.kind == "character"}  # fmt: skip
    assert {c for c, browsers in found.items() if browsers == BOTH} == set("_$+")
    assert found["!"] == ("chromium",)
    assert {c for c, browsers in found.items() if not browsers} == set("*,")
    # What the URL Standard forbids in a domain is not made at all.
    assert not set(found) & set("|^%#/:<>?@[]\\ ")


def test_strangers_imitate_nobody() -> None:
    imitated = [make.base(o, SUFFIXES) for o in ("https://app.example.net", "https://example.com")]
    found = make.foreign_domains([b for b in imitated if b is not None], Labels("tests"))
    several = [next(found) for _ in range(6)]
    assert len(set(several)) == 6
    assert {o.rpartition(".")[2] for o in several} == {"org", "info"}
    assert next(make.foreign_domains([], Labels(), insecure=True)).startswith("http://")


def test_labels_are_letters_and_random_unless_seeded() -> None:
    assert Labels("a").label() == Labels("a").label() != Labels("b").label()
    assert Labels().label() != Labels().label()
    assert re.fullmatch(L, Labels().label())


def test_shared_hosts_are_public_suffixes() -> None:
    """Else their names would be subdomains of one owner's domain."""
    for suffix in SHARED_HOSTING:
        assert registrable_domain(f"somebody.{suffix}") == f"somebody.{suffix}", suffix


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("app.localhost", True), ("localhost.", True), ("127.0.0.1", True), ("127.8.8.8", True),
     ("[::1]", True), ("10.0.0.1", False), ("localhost.example.com", False), ("example.com", False)],
)  # fmt: skip
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback_host(host) is expected


def test_private_addresses_are_private() -> None:
    for hostile in make.private_addresses("full"):
        assert ip_address(host_of(hostile.origin)).is_private
