"""What is decided before a browser starts: refusals, groups, routes, command lines, certificates, finding programs."""

from __future__ import annotations

import ssl
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from corscheck import browsers as package
from corscheck.browsers import BROWSERS, BrowserUnavailable, available, check, find
from corscheck.browsers.certificate import fingerprint, issue, public_key_info, spki_hash
from corscheck.browsers.firefox import _proxy_script
from corscheck.browsers.pageserver import PageServer
from corscheck.browsers.routes import Address, plan
from corscheck.browsers.targets import groups, page_origin, parse_origin, refusal
from corscheck.model.values import ConfigError, Probe
from corscheck.transports.base import NetworkOptions

URL = "https://api.example/data"
ORIGIN = "https://app.example"


@pytest.mark.parametrize(
    ("family", "probe", "reason"),
    [
        ("chromium", Probe(URL, ORIGIN), None),
        ("chromium", Probe(URL, ORIGIN, method="OPTIONS"), None),
        ("chromium", Probe(URL, ORIGIN, method="TRACE"), None),
        ("chromium", Probe(URL, ORIGIN, method="DELETE", send="always"), None),
        ("chromium", Probe(URL, ORIGIN, method="DELETE"), "add --send always"),
        ("chromium", Probe(URL, ORIGIN, method="POST"), "add --send always"),
        ("chromium", Probe(URL, ORIGIN, method="POST", body=b"x", body_asked=True), "add --send always"),
        ("chromium", Probe(URL, ORIGIN, send="never"), "--send never"),
        ("chromium", Probe("/data", ORIGIN), "not an absolute URL"),
        ("chromium", Probe("https://app.example:443/x", ORIGIN), "at the page's own origin"),
        ("firefox", Probe("https://app.example/x", ORIGIN), "at the page's own origin"),
        ("chromium", Probe("https://localhost:3000/", "http://localhost:3000"), "host and port"),
        ("firefox", Probe("https://localhost:3000/", "http://localhost:3000"), None),
        ("webkit", Probe("https://localhost:3000/", "http://localhost:3000"), None),
        ("webkit", Probe("https://app.example/x", ORIGIN), "at the page's own origin"),
        ("chromium", Probe("https://localhost:3001/", "http://localhost:3000"), None),
        ("chromium", Probe(URL, ORIGIN, credentials="include", cookies="a=b"), "stored credentials"),
        ("chromium", Probe(URL, ORIGIN, cookies="a=b"), None),
        ("chromium", Probe("data:,x", ORIGIN), None),
        ("chromium", Probe(URL, ORIGIN, upload_listener=True, credentials="include"), None),
        ("firefox", Probe(URL, ORIGIN, upload_listener=True, mode="no-cors"), "mode is always cors, not no-cors"),
        (
            "webkit",
            Probe(URL, ORIGIN, upload_listener=True, redirect="error"),
            "redirect mode is always follow, not error",
        ),
        ("chromium", Probe(URL, ORIGIN, upload_listener=True, cache="reload"), "cache mode is always default"),
        ("chromium", Probe(URL, ORIGIN, upload_listener=True, credentials="omit"), "same-origin or include, not omit"),
        ("chromium", Probe(URL, ORIGIN, upload_listener=True, body=b"x"), "drops the body of a GET"),
        ("chromium", Probe("https://u:p@api.example/", ORIGIN, upload_listener=True), "a user name or password"),
        ("chromium", Probe(URL, "null", coep="require-corp"), "add --secure-context"),
        ("chromium", Probe(URL, "null", coep="require-corp", secure_context=True), None),
        ("webkit", Probe(URL, "null", secure_context=True), None),
    ],
)
def test_refusal(family, probe, reason):
    said = refusal(probe, family)
    assert said is None if reason is None else reason in said


@pytest.mark.parametrize("origin", ["file:///x", "https://App.example", "https://app.example/", "https://a.b:443", "x"])
def test_origins_without_a_page(origin):
    assert isinstance(parse_origin(origin), str)


def test_page_of_one_probe_never_hides_the_target_of_another():
    probes = [
        Probe("http://localhost:8000/", "http://localhost:3000"),
        Probe("http://localhost:8001/", "http://localhost:3000"),
        Probe("http://localhost:3000/", "http://localhost:8000"),
        Probe("http://localhost:8002/", "https://localhost:8001"),
        Probe("http://localhost:8002/", "null"),
    ]
    assert groups(probes, "chromium") == [[0, 1, 4], [2, 3]]
    assert groups(probes, "firefox") == groups(probes, "webkit") == [[0, 1, 3, 4], [2]]


def test_routes_in_chromiums_terms():
    network = NetworkOptions(
        connect_to=("api.example:443:[::1]:8443", "::proxy.example:", "[::1]:80:b.example:81"),
        resolve=("api.example:80:127.0.0.1", "*:443:10.0.0.1,10.0.0.2"),
    )
    routes = plan([Probe("http://v.example:81/", ORIGIN, via="http://localhost:8000")], network)
    assert routes.chromium_rules() == [
        "MAP v.example:81 localhost:8000",
        "MAP api.example:443 [::1]:8443",
        "MAP * proxy.example",
        "MAP [::1]:80 b.example:81",
        "MAP api.example:80 127.0.0.1",
        "MAP *:443 10.0.0.1",
    ]
    assert routes.address(Address("api.example", 443)) == Address("::1", 8443)
    assert routes.address(Address("else.example", 80)) == Address("proxy.example", 80)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (NetworkOptions(connect_to=("a:1:b",)), "4 parts"),
        (NetworkOptions(connect_to=("a:x:b:1",)), "'x' is not a port"),
        (NetworkOptions(connect_to=(":80::81",)), "host named"),
        (NetworkOptions(resolve=("a:1",)), "3 parts"),
        (NetworkOptions(cert="c.pem"), "client certificate"),
        (NetworkOptions(ip_version=4), "IPv4"),
        (NetworkOptions(proxy="ftp://p:1"), "no proxy of the kind ftp"),
        (NetworkOptions(proxy="http://u:secret@p:1"), "user name and password"),
        (NetworkOptions(proxy="http://p:1", connect_to=("a:1:b:2",)), "--proxy"),
    ],
)
def test_network_options_that_no_browser_can_follow(network, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        plan([Probe(URL, ORIGIN)], network)
    assert "secret" not in str(caught.value)


def test_via_keeps_the_scheme():
    with pytest.raises(ConfigError, match="another scheme"):
        plan([Probe(URL, ORIGIN, via="http://localhost:8000")], NetworkOptions())


def test_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert plan([], NetworkOptions()).proxies == {}
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "localhost,.internal")
    routes = plan([], NetworkOptions())
    assert {s: str(p) for s, p in routes.proxies.items()} == {"https": "http://proxy.example:3128"}
    assert routes.direct == ("localhost", ".internal")
    assert not routes.loopback_too
    assert plan([], NetworkOptions(proxy="")).proxies == {}
    named = plan([], NetworkOptions(proxy="socks5h://127.0.0.1"))
    assert str(named.proxies["http"]) == "socks5://127.0.0.1:1080"
    assert named.loopback_too
    assert plan([], NetworkOptions(noproxy="*")).proxies == {}
    script = _proxy_script(["https://app.example"], ["http://127.0.0.1:4000"], 4000, routes, None)
    assert "['https://app.example/']".replace("'", '"') in script
    assert "'PROXY 127.0.0.1:4000'" in script
    assert '"PROXY proxy.example:3128"' in script
    assert "if (url.indexOf(\"http://127.0.0.1:4000/\") == 0) return 'DIRECT';" in script


def test_certificate():
    context, der = issue()
    assert context.protocol == ssl.PROTOCOL_TLS_SERVER
    certificate = x509.load_der_x509_certificate(der)
    now = datetime.now(UTC)
    assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc < now + timedelta(days=8)
    # What Chromium is told to accept is a leaf, never a certificate authority.
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    assert public_key_info(der) == key.public_bytes(*info)
    assert fingerprint(der).replace(":", "") == certificate.fingerprint(hashes.SHA256()).hex().upper()
    assert len(spki_hash(der)) == 44
    assert issue()[1] != der


def test_public_key_of_other_certificates():
    import trustme

    leaf = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("a.example", key_type=trustme.KeyType.RSA)
    certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert public_key_info(der) == certificate.public_key().public_bytes(*info)
    for cut in (b"", der[:3], der[:40]):
        with pytest.raises(ValueError, match="not a DER certificate"):
            public_key_info(cut)


def test_finding_browsers(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("CHROMIUM", "CHROME", "EDGE", "FIREFOX", "WEBKIT"):
        monkeypatch.delenv(f"CORSCHECK_{name}", raising=False)
    with pytest.raises(
        BrowserUnavailable, match=r"Chromium was not found .*apt-get install chromium.*CORSCHECK_CHROMIUM"
    ):
        find("chromium")
    # MiniBrowser is never in PATH, but Xvfb has to be.
    with pytest.raises(BrowserUnavailable, match=r"apt-get install libwebkit2gtk-4\.1-0 xvfb"):
        find("webkit")
    assert set(available()) <= {"chromium", "chrome", "edge", "firefox"}
    program = tmp_path / "google-chrome"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find("chrome") == str(program)
    monkeypatch.setenv("CORSCHECK_EDGE", str(program))
    assert find("edge") == str(program)
    monkeypatch.setenv("CORSCHECK_FIREFOX", "nowhere")
    with pytest.raises(BrowserUnavailable, match="CORSCHECK_FIREFOX is 'nowhere'"):
        find("firefox")
    with pytest.raises(ConfigError, match="no browser is called 'opera'"):
        find("opera")
    monkeypatch.setenv("CORSCHECK_WEBKIT", str(program))
    with pytest.raises(BrowserUnavailable, match="WebKitGTK needs Xvfb, which is not in PATH"):
        find("webkit")
    (tmp_path / "Xvfb").symlink_to(program)
    assert find("webkit") == str(program)
    monkeypatch.delenv("CORSCHECK_WEBKIT")
    monkeypatch.setitem(BROWSERS, "webkit", replace(BROWSERS["webkit"], programs=("/nowhere/MiniBrowser",)))
    with pytest.raises(BrowserUnavailable, match=r"looked for /nowhere/MiniBrowser\). Install it .*xvfb"):
        find("webkit")


def test_websockets_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "websockets.asyncio.client", None)
    monkeypatch.setattr("corscheck.browsers.browsers.find", lambda _: "browser")
    with pytest.raises(BrowserUnavailable, match=r"pip install '.\[browser\]' in a checkout of corscheck"):
        package.observe([Probe(URL, ORIGIN)], "chromium", NetworkOptions())


def test_trustme_missing(monkeypatch):
    """It is needed for pages with an https origin alone."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert PageServer([parse_origin("http://app.example"), parse_origin("null")]).certificate is None
    with pytest.raises(
        BrowserUnavailable, match=r"the package trustme .*: pip install '.\[browser\]' in a checkout of corscheck"
    ):
        PageServer([parse_origin(ORIGIN)])
    with pytest.raises(BrowserUnavailable, match="the package trustme"):
        PageServer([page_origin(Probe(URL, "null", secure_context=True))])


def test_check_names_the_reason():
    with pytest.raises(ConfigError, match="no browser is called"):
        check([], "opera", NetworkOptions())
    with pytest.raises(ConfigError, match=r"Safari cannot be driven.*Use webkit"):
        check([], "safari", NetworkOptions())
    socks = NetworkOptions(proxy="socks5://127.0.0.1")
    check([Probe(URL, ORIGIN)], "firefox", socks)
    with pytest.raises(ConfigError, match=r"WebKit .* not socks5://127\.0\.0\.1:1080"):
        check([Probe(URL, ORIGIN)], "webkit", socks)
    with pytest.raises(ConfigError, match="own origin"):
        check([Probe(URL, ORIGIN), Probe(f"{ORIGIN}/x", ORIGIN)], "firefox", NetworkOptions())


def test_public_names_are_there():
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError):
        _ = package.nonsense
