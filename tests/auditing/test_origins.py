"""The hostile origins: which ones are made of an origin, and what holds for all of them."""

from __future__ import annotations

import re
from ipaddress import ip_address

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corscheck.auditing import origins as make
from corscheck.auditing.hosting import HOSTS, Queue, named_by
from corscheck.auditing.labels import Labels
from corscheck.auditing.origins import BOTH, Hostile, Maker
from corscheck.auditing.preloaded import is_https_only
from corscheck.model.suffixes import registrable_domain
from corscheck.protocol.origin import is_ip, is_loopback_host
from tests.auditing.kit import SUFFIXES

L = "[a-z]{9}"
"""A random label."""


def made(origin: str) -> list[Hostile]:
    base = make.base(origin, SUFFIXES)
    assert base is not None
    maker = Maker(base, SUFFIXES, Labels("tests"))
    single = (
        maker.public_suffix(), maker.prefix(), maker.substring(), maker.separator(), maker.glob(), maker.suffix(),
        maker.truncated(), maker.beside(), maker.sibling(), maker.subdomain(), maker.below(), maker.nested(),
        maker.downgrade(), maker.port(), maker.prefix("pages.dev"), maker.separator("pages.dev"),
    )  # fmt: skip
    several = (
        maker.neighbours("acme"), filter(None, map(maker.character, make.SPECIAL)), maker.dots(), maker.unsendable(),
        maker.top_level(),
    )  # fmt: skip
    return [*(h for h in single if h is not None), *(h for hostiles in several for h in hostiles)]


def of_kind(origin: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for hostile in made(origin):
        if hostile.kind not in ("unsendable", "character", "nested") and ".pages.dev" not in hostile.origin:
            found.setdefault(hostile.kind, []).append(hostile.origin)
    return found


TABLE: dict[str, dict[str, list[str]]] = {
    "https://app.example.com": {
        "public-suffix": [f"https://{L}\\.com"],
        "prefix": [f"https://app\\.example\\.com\\.{L}\\.net"],
        "substring": [f"https://{L}app\\.example\\.com\\.{L}\\.net"],
        "separator": [f"https://app\\.example\\.com-{L}\\.net"],
        # One letter before the domain is what a glob matches that is read as a regular expression.
        "dot": [r"https://xexample\.com", r"https://appxexample\.com"],
        "suffix": [f"https://{L}example\\.com", f"https://{L}app\\.example\\.com"],
        "truncated": [r"https://app\.example\.co"],
        "top-level": [r"https://app\.example\.net"],
        "subdomain": [f"https://{L}\\.example\\.com", f"https://{L}\\.app\\.example\\.com"],
        "downgrade": [r"http://app\.example\.com"],
        "port": [r"https://app\.example\.com:7[1-8]\d\d"],
    },
    "https://example.com": {
        "public-suffix": [f"https://{L}\\.com"],
        "prefix": [f"https://example\\.com\\.{L}\\.net"],
        "substring": [f"https://{L}example\\.com\\.{L}\\.net"],
        "separator": [f"https://example\\.com-{L}\\.net"],
        "dot": [r"https://xexample\.com"],
        "suffix": [f"https://{L}example\\.com"],
        "truncated": [r"https://example\.co"],
        "top-level": [r"https://example\.net"],
        "subdomain": [f"https://{L}\\.example\\.com"],
        "downgrade": [r"http://example\.com"],
        "port": [r"https://example\.com:7[1-8]\d\d"],
    },
    "https://a.b.example.co.uk": {
        "public-suffix": [f"https://{L}\\.co\\.uk"],
        "prefix": [f"https://a\\.b\\.example\\.co\\.uk\\.{L}\\.net"],
        "substring": [f"https://{L}a\\.b\\.example\\.co\\.uk\\.{L}\\.net"],
        "separator": [f"https://a\\.b\\.example\\.co\\.uk-{L}\\.net"],
        "dot": [r"https://xexample\.co\.uk", r"https://a\.bxexample\.co\.uk", r"https://a\.b\.examplexco\.uk"],
        "suffix": [f"https://{L}example\\.co\\.uk", f"https://{L}a\\.b\\.example\\.co\\.uk"],
        # ".u" is not a suffix; without its last three characters it is one of Colombia's.
        "truncated": [r"https://a\.b\.example\.co"],
        "top-level": [r"https://a\.b\.example\.net", r"https://a\.b\.example\.co\.za"],
        "subdomain": [f"https://{L}\\.example\\.co\\.uk", f"https://{L}\\.a\\.b\\.example\\.co\\.uk"],
        "downgrade": [r"http://a\.b\.example\.co\.uk"],
        "port": [r"https://a\.b\.example\.co\.uk:7[1-8]\d\d"],
    },
    "https://shop-git-main-acme.vercel.app": {
        # Anybody has names at this host, and those of the project's deployments are among them. It has no http pages.
        "public-suffix": [f"https://{L}\\.vercel\\.app"],
        "shared-hosting": [f"https://shop-{L}-acme\\.vercel\\.app", f"https://shop-git-{L}-acme\\.vercel\\.app"],
        "prefix": [f"https://shop-git-main-acme\\.vercel\\.app\\.{L}\\.net"],
        "substring": [f"https://{L}shop-git-main-acme\\.vercel\\.app\\.{L}\\.net"],
        "separator": [f"https://shop-git-main-acme\\.vercel\\.app-{L}\\.net"],
        "dot": [r"https://xshop-git-main-acme\.vercel\.app", r"https://shop-git-main-acmexvercel\.app"],
        "suffix": [f"https://{L}shop-git-main-acme\\.vercel\\.app"],
        "subdomain": [f"https://{L}\\.shop-git-main-acme\\.vercel\\.app"],
        "port": [r"https://shop-git-main-acme\.vercel\.app:7[1-8]\d\d"],
    },
    "https://app.example.net:8443": {
        "public-suffix": [f"https://{L}\\.net:8443"],
        "prefix": [f"https://app\\.example\\.net\\.{L}\\.org"],
        "substring": [f"https://{L}app\\.example\\.net\\.{L}\\.org"],
        "separator": [f"https://app\\.example\\.net-{L}\\.org"],
        "dot": [r"https://xexample\.net:8443", r"https://appxexample\.net:8443"],
        "suffix": [f"https://{L}example\\.net:8443", f"https://{L}app\\.example\\.net:8443"],
        "truncated": [r"https://app\.example\.ne"],
        "top-level": [r"https://app\.example\.org:8443"],
        "subdomain": [f"https://{L}\\.example\\.net:8443", f"https://{L}\\.app\\.example\\.net:8443"],
        "downgrade": [r"http://app\.example\.net:8443"],
        "port": [r"https://app\.example\.net:7[1-8]\d\d"],
    },
    "https://www.city.kawasaki.jp": {
        # "*.kawasaki.jp" are public suffixes, all but this one: nobody registers a name beside it.
        "prefix": [f"https://www\\.city\\.kawasaki\\.jp\\.{L}\\.net"],
        "substring": [f"https://{L}www\\.city\\.kawasaki\\.jp\\.{L}\\.net"],
        "separator": [f"https://www\\.city\\.kawasaki\\.jp-{L}\\.net"],
        "dot": [r"https://www\.cityxkawasaki\.jp"],
        "suffix": [f"https://{L}www\\.city\\.kawasaki\\.jp"],
        "top-level": [r"https://www\.city\.net"],
        "subdomain": [f"https://{L}\\.city\\.kawasaki\\.jp", f"https://{L}\\.www\\.city\\.kawasaki\\.jp"],
        "downgrade": [r"http://www\.city\.kawasaki\.jp"],
        "port": [r"https://www\.city\.kawasaki\.jp:7[1-8]\d\d"],
    },
    "http://localhost:3000": {
        "prefix": [f"http://localhost\\.{L}\\.net"],
        "substring": [f"http://{L}localhost\\.{L}\\.net"],
        "port": [r"http://localhost:30007"],
    },
    "http://127.0.0.1:8000": {
        "prefix": [f"http://127\\.0\\.0\\.1\\.{L}\\.net"],
        "substring": [f"http://{L}127\\.0\\.0\\.1\\.{L}\\.net"],
        "port": [r"http://127\.0\.0\.1:7[1-8]\d\d"],
    },
    "http://[::1]:3000": {"port": [r"http://\[::1\]:30007"]},

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
    labels = Labels("tests")
    local = (*make.LOCAL_PAGES, *make.MORE_LOCAL_PAGES)
    private = (make.PRIVATE_ADDRESS, *make.MORE_PRIVATE_ADDRESSES)
    return [
        *made(origin),
        *(Hostile("localhost", page) for page in local),
        *(Hostile("private-address", page) for page in private),
        *(make.longer_name(page, labels) for page in (*local, *private) if "[" not in page),
        *(Hostile("shared-hosting", Queue((), 0, labels, "acme").customer(host)) for host in HOSTS),
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
    "top-level",
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
        # The base's own host is whatever it is.
        if hostile.browsers and host_of(hostile.origin) != host_of(origin):
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


@pytest.mark.parametrize("host", HOSTS)
def test_shared_hosts_are_public_suffixes(host: str) -> None:
    """Else their names would be subdomains of one owner's domain."""
    assert registrable_domain(f"somebody.{host}") == f"somebody.{host}"
    for project in (None, "acme", "a" * 63):
        name = host_of(Queue((), 0, Labels("tests"), project).customer(host))
        assert name.endswith(f".{host}")
        assert name.count(".") == host.count(".") + 1
        assert len(name.partition(".")[0]) <= 63
    assert Queue((), 0, Labels("tests"), None, insecure=True).customer(host).startswith("http://")


def test_shared_hosts_with_evidence_come_first() -> None:
    assert named_by((("Server", "Netlify"), ("X-Vercel-Id", "fra1::x"))) == ["vercel.app", "netlify.app"]
    assert named_by((("Server", "nginx"), ("Via", "1.1 vegur"))) == ["herokuapp.com"]
    queue = Queue(["fly.dev"], 5, Labels("tests"), None)
    assert [queue.next(), queue.last("https"), queue.rest(1), queue.rest(), queue.next()] == [
        "fly.dev", "onrender.com", ["vercel.app", "netlify.app"], ["pages.dev"], None,
    ]  # fmt: skip
    assert Queue(["fly.dev"], 5, Labels("tests"), None, insecure=True).rest(3) == ["onrender.com", "herokuapp.com"]
    queue = Queue((), 5, Labels("tests"), None)
    assert [queue.last("http"), queue.last("http")] == ["herokuapp.com", "onrender.com"]
    assert queue.last("http") is None
    assert queue.rest() == ["vercel.app", "netlify.app", "pages.dev"]


def test_top_level_domains_without_http() -> None:
    assert is_https_only("www.acme.app")
    assert is_https_only("dev")
    assert not is_https_only("app.acme.io")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("app.localhost", True), ("localhost.", True), ("127.0.0.1", True), ("127.8.8.8", True),
     ("[::1]", True), ("10.0.0.1", False), ("localhost.example.com", False), ("example.com", False)],
)  # fmt: skip
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback_host(host) is expected


def test_private_addresses_are_private() -> None:
    for origin in (make.PRIVATE_ADDRESS, *make.MORE_PRIVATE_ADDRESSES):
        assert ip_address(host_of(origin)).is_private
