"""What real browsers are seen to do: origins, targets, console texts, requests on the wire."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import pytest

from corscheck.browsers import BrowserSession, observe
from corscheck.model.values import ConfigError, Probe
from corscheck.transports.base import NetworkOptions
from tests.browsers.conftest import installed_version, processes_in
from tests.browsers.target import HANG, OPEN, Reply

pytestmark = pytest.mark.browser

ORIGINS = ("http://localhost:3000", "https://app.example", "null")
OTHER_ORIGINS = ("http://127.0.0.1:3000", "http://[::1]:3000", "https://[::1]:3443")
# Hosts that browsers open and that a certificate cannot name.
OTHER_ORIGINS += ("https://my_app.example", "https://xn--ls8h.example")
PREFLIGHT = (*OPEN, ("Access-Control-Allow-Methods", "PUT"), ("Access-Control-Allow-Headers", "x-tenant"))


def probes(target):
    """The table: name -> probe. Answers are laid out in the target on the way."""
    out = {}
    for origin in ORIGINS:
        for scheme in ("http", "https"):
            for verdict in ("allowed", "blocked"):
                expose = (("Access-Control-Expose-Headers", "x-a"), ("X-A", "1"), ("X-B", "2"))
                reply = Reply(200, (*OPEN, *expose) if verdict == "allowed" else expose)
                path = target.on(f"/{verdict}/{origin.partition(':')[0]}/{scheme}", ANY=reply)
                out[origin, scheme, verdict] = Probe(target.url(scheme, path), origin)
    for origin in OTHER_ORIGINS:
        path = target.on(f"/origins/{len(out)}", ANY=Reply(200, OPEN))
        out[origin] = Probe(target.url(origin.partition(":")[0], path), origin)

    def add(name, url, **fields):
        out[name] = Probe(url, "http://app.example", send="always", **fields)

    path = target.on("/put", OPTIONS=Reply(204, PREFLIGHT), PUT=Reply(200, OPEN))
    add("put", target.url("http", path), method="PUT", headers=(("X-Tenant", "7"),), body=b"\x00\xff")
    path = target.on("/no-preflight", OPTIONS=Reply(204))
    add("preflight refused", target.url("http", path), method="PUT")
    path = target.on("/put-not-readable", OPTIONS=Reply(204, PREFLIGHT), PUT=Reply(200))
    add("put not readable", target.url("http", path), method="PUT")
    location = ("Location", target.url("http", "/hop/1"))
    path = target.on("/hop/0", OPTIONS=Reply(204, PREFLIGHT), PUT=Reply(307, (*OPEN, location)))
    target.on("/hop/1", OPTIONS=Reply(204, PREFLIGHT), PUT=Reply(200, OPEN))
    add("redirect", target.url("http", path), method="PUT", headers=(("X-Tenant", "7"),))
    add("invalid", target.url("http", "/trace"), method="TRACE")
    path = target.on("/hang", ANY=HANG)
    add("hangs", target.url("http", path))
    path = target.on("/home", ANY=Reply(302, (*OPEN, ("Location", "http://app.example/elsewhere"))))
    add("redirected to the page", target.url("http", path))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    add("refused connection", f"http://127.0.0.1:{closed}/")
    path = target.on("/api", ANY=Reply(200, OPEN))
    out["mixed content"] = Probe(f"http://api.example{path}", "https://app.example")
    away = (*OPEN, ("Location", f"http://api.example{path}"))
    start = target.on("/away", ANY=Reply(302, away))
    out["redirected to mixed content"] = Probe(target.url("https", start), "https://app.example")
    out["connect-to"] = Probe(f"http://api.example{path}", "http://app.example")
    # A port that browsers refuse to open a page on; and an origin that is not served over HTTP at all.
    out["page origin"] = Probe(target.url("http", "/x"), "http://localhost:6000")
    out["extension"] = Probe(target.url("http", "/x"), "chrome-extension://abcdefghijklmnop")
    return out


@pytest.fixture(scope="module")
def seen(browser, target):
    """Name -> (probe, observation), all from one run of one browser, a fresh context each."""
    table = probes(target)
    target.log.clear()
    route = f"api.example:80:127.0.0.1:{target.ports['http']}"
    network = NetworkOptions(timeout=3, cacert=target.ca_file, connect_to=(route,))
    told = []
    found = observe(list(table.values()), browser, network, on_result=lambda _, observation: told.append(observation))
    assert told == found
    return dict(zip(table, zip(table.values(), found, strict=True), strict=True))


def wire(observation):
    rows = []
    for request in observation.requests:
        headers = {name.lower(): value for name, value in request.headers}
        names = ("origin", "access-control-request-method", "access-control-request-headers")
        rows.append((request.method, urlsplit(request.url).path, *(headers.get(n) for n in names)))
    return rows


def missing(browser, url, origin, *, preflight=False, status=200):
    """The console's text for a response without Access-Control-Allow-Origin."""
    if browser == "chromium":
        why = "Response to preflight request doesn't pass access control check: " if preflight else ""
        return (
            f"Access to fetch at '{url}' from origin '{origin}' has been blocked by CORS policy: {why}"
            "No 'Access-Control-Allow-Origin' header is present on the requested resource."
        )
    if browser == "webkit":
        reason = f"Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}"
        return f"{reason}\nFetch API cannot load {url} due to access control checks."
    start = f"Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. "
    text = f"{start}(Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: {status}."
    return f"{text}\n{start}(Reason: CORS request did not succeed). Status code: (null)." if preflight else text


def check_loopback_is_mixed_content(probe, observation):
    """WebKit alone blocks loopback over http on an https page, in a sentence that it does not complete."""
    assert (observation.verdict, observation.error, observation.requests) == ("blocked", None, ())
    assert observation.console == (
        f"[blocked] The page at {probe.origin}/ requested insecure content from {probe.url}. This content was blocked and "
        f"must\nNot allowed to request resource\nFetch API cannot load {probe.url} due to access control checks."
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("origin", ORIGINS)
def test_allowed(seen, target, browser, origin, scheme):
    probe, observation = seen[origin, scheme, "allowed"]
    if (browser, scheme) == ("webkit", "http") and origin.startswith("https:"):
        check_loopback_is_mixed_content(probe, observation)
        return
    assert (observation.verdict, observation.error) == ("allowed", None)
    assert observation.readable_headers == ("content-length", "x-a")
    assert observation.console is None
    path = urlsplit(probe.url).path
    assert wire(observation) == target.rows(path) == [("GET", path, origin, None, None)]
    assert observation.requests[0].kind == "actual"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("origin", ORIGINS)
def test_blocked(seen, target, browser, origin, scheme):
    probe, observation = seen[origin, scheme, "blocked"]
    if (browser, scheme) == ("webkit", "http") and origin.startswith("https:"):
        check_loopback_is_mixed_content(probe, observation)
        return
    assert (observation.verdict, observation.error) == ("blocked", None)
    assert observation.readable_headers == ()
    assert observation.console == missing(browser, probe.url, origin)
    path = urlsplit(probe.url).path
    assert wire(observation) == target.rows(path) == [("GET", path, origin, None, None)]


@pytest.mark.parametrize("origin", OTHER_ORIGINS)
def test_every_kind_of_origin(seen, origin):
    _, observation = seen[origin]
    assert (observation.verdict, observation.error) == ("allowed", None)
    assert wire(observation)[0][2] == origin


def test_version(seen, browser):
    said = installed_version(browser)
    for _, observation in seen.values():
        assert observation.browser == browser
        assert observation.version
        assert observation.version in said


def test_preflight_and_body(seen, target):
    _, observation = seen["put"]
    assert observation.verdict == "allowed"
    preflight, actual = target.rows("/put")[:2]
    assert wire(observation) == [preflight, actual]
    assert preflight == ("OPTIONS", "/put", "http://app.example", "PUT", "x-tenant")
    assert [r.kind for r in observation.requests] == ["preflight", "actual"]
    arrived = next(s for s in target.log if s.path == "/put" and s.method == "PUT")
    assert arrived.headers["content-length"] == "2"
    assert "content-type" not in arrived.headers
    headers = {name.lower(): value for name, value in observation.requests[1].headers}
    assert headers["x-tenant"] == "7"
    assert headers["referer"] == "http://app.example/"


def test_request_that_is_never_sent_is_not_on_the_wire(seen, target, browser):
    probe, observation = seen["preflight refused"]
    assert observation.verdict == "blocked"
    assert wire(observation) == target.rows("/no-preflight")
    assert [r.method for r in observation.requests] == ["OPTIONS"]
    assert observation.console == missing(browser, probe.url, probe.origin, preflight=True, status=204)


def test_request_that_is_sent_but_not_readable_is_on_the_wire(seen, target, browser):
    probe, observation = seen["put not readable"]
    assert observation.verdict == "blocked"
    assert [r.method for r in observation.requests] == ["OPTIONS", "PUT"]
    assert wire(observation) == target.rows("/put-not-readable")
    assert observation.console == missing(browser, probe.url, probe.origin)


def test_redirect_with_preflights(seen, target):
    _, observation = seen["redirect"]
    assert observation.verdict == "allowed"
    assert wire(observation) == target.rows("/hop/0") + target.rows("/hop/1")
    assert [r.kind for r in observation.requests] == ["preflight", "actual"] * 2


def test_invalid(seen, target, browser):
    _, observation = seen["invalid"]
    assert observation.verdict == "invalid"
    assert ("Method is forbidden" if browser == "webkit" else "TRACE") in observation.error
    assert observation.console is None
    assert observation.requests == ()
    assert target.rows("/trace") == []


def test_fetch_that_never_settles(seen):
    _, observation = seen["hangs"]
    assert observation.verdict == "inconclusive"
    assert observation.error == "the fetch did not settle within 3 s"
    assert wire(observation) == [("GET", "/hang", "http://app.example", None, None)]


def test_redirect_to_the_page_is_never_reported_as_an_answer(seen):
    _, observation = seen["redirected to the page"]
    assert observation.verdict == "inconclusive"
    assert "http://app.example/elsewhere" in observation.error


def test_refused_connection(seen, browser):
    probe, observation = seen["refused connection"]
    address = ("127.0.0.1", urlsplit(probe.url).port)
    assert observation.verdict == "blocked"
    assert observation.requests == ()
    assert (
        observation.error
        == {
            "chromium": "net::ERR_CONNECTION_REFUSED",
            "firefox": "NS_ERROR_CONNECTION_REFUSED",
            "webkit": f"no connection to {urlsplit(probe.url).netloc}: [Errno 111] Connect call failed {address}",
        }[browser]
    )
    assert (observation.console is None) == (browser != "firefox")


def test_mixed_content(seen, browser):
    probe, observation = seen["mixed content"]
    assert observation.verdict == "blocked"
    assert observation.requests == ()
    expected = {
        "chromium": "Mixed Content: The page at 'https://app.example/' was loaded over HTTPS, but requested an "
        f"insecure resource '{probe.url}'. This request has been blocked; the content must be served over HTTPS.",
        "firefox": f"Blocked loading mixed active content “{probe.url}”",
        "webkit": f"[blocked] The page at https://app.example/ requested insecure content from {probe.url}. This content "
        "was blocked and must be served over HTTPS.\nNot allowed to request resource\n"
        f"Fetch API cannot load {probe.url} due to access control checks.",
    }
    assert observation.console == expected[browser]


def test_mixed_content_after_a_redirect(seen, target):
    probe, observation = seen["redirected to mixed content"]
    assert observation.verdict == "blocked"
    assert [(r.method, r.url) for r in observation.requests] == [("GET", probe.url)]
    assert wire(observation) == target.rows("/away") == [("GET", "/away", "https://app.example", None, None)]


def test_connect_to(seen, target):
    _, observation = seen["connect-to"]
    assert observation.verdict == "allowed"
    assert [s.headers["host"] for s in target.log if s.path == "/api"] == ["api.example"]


def test_page_origin_that_cannot_be(seen):
    _, observation = seen["page origin"]
    assert observation.verdict == "inconclusive"
    assert observation.error.startswith("no page at http://localhost:6000: ")
    assert seen["extension"][1].verdict == "inconclusive"
    assert "chrome-extension://" in seen["extension"][1].error


def test_the_page_is_really_loaded_and_can_be_shared(browser, target):
    path = target.on("/shared", ANY=Reply(200, OPEN))
    asked = [Probe(target.url("http", f"{path}"), origin) for origin in ("http://app.example", "null", "null")]

    async def scene():
        async with BrowserSession(asked, browser, NetworkOptions(timeout=5)) as session:
            first = [await session.ask(probe, fresh_context=False) for probe in asked]
            loads = dict(session.pages.loads)
            fresh = await session.ask(asked[0])
            return first, loads, fresh, dict(session.pages.loads), session.process.group

    first, loads, fresh, later, group = asyncio.run(scene())
    assert processes_in(group) == []
    assert [o.verdict for o in (*first, fresh)] == ["allowed"] * 4, [o.error for o in (*first, fresh)]
    own = next(url for url in loads if "127.0.0.1" in url)
    assert loads == {"http://app.example/": 1, own: 1}
    assert later == {"http://app.example/": 2, own: 1}


def test_certificate_that_does_not_verify_is_not_asked_for(chromium, target, tmp_path):
    import trustme

    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    probe = Probe(target.url("https", "/never"), "http://app.example")
    (observation,) = observe([probe], chromium, NetworkOptions(timeout=5, cacert=str(other)))
    assert observation.verdict == "inconclusive"
    assert "does not verify" in observation.error
    assert target.rows("/never") == []


def test_proxy_carries_the_fetch_and_not_the_page(browser, target, monkeypatch):
    # The environment's proxy must play no part when one is named, least of all for the page.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    url = target.on("http://api.example/through", ANY=Reply(200, OPEN))
    asked = [Probe(url, origin) for origin in ("http://app.example", "http://localhost:3000", "null")]
    found = observe(asked, browser, NetworkOptions(timeout=5, proxy=f"http://127.0.0.1:{target.ports['http']}"))
    assert [(o.verdict, o.error) for o in found] == [("allowed", None)] * 3
    assert [row[2] for row in target.rows(url)] == [p.origin for p in asked]


def test_unix_socket(chromium, target, tmp_path):
    path = str(tmp_path / "s")
    served = target.on("/unix", ANY=Reply(200, OPEN))
    with target.also_at(path):
        probe = Probe(f"http://app.example:8080{served}", "http://app.example")
        (observation,) = observe([probe], chromium, NetworkOptions(timeout=5, unix_socket=path))
    assert (observation.verdict, observation.error) == ("allowed", None)
    assert target.rows(served) == [("GET", served, "http://app.example", None, None)]


def test_null_page_beside_a_route_for_every_host(browser, target, tmp_path):
    """The page server must be reached although all other connections lead to the socket."""
    path = target.on("/unix-null", ANY=Reply(200, OPEN))
    socket = str(tmp_path / "s")
    with target.also_at(socket):
        probe = Probe(f"http://app.example:8080{path}", "null")
        (observation,) = observe([probe], browser, NetworkOptions(timeout=5, unix_socket=socket))
    assert (observation.verdict, observation.error) == ("allowed", None)


def test_no_browser_is_started_for_what_must_be_refused(browser, target, monkeypatch):
    monkeypatch.setenv(f"CORSCHECK_{browser.upper()}", "no-such-program")
    unsafe = Probe(target.url("http", "/x"), "http://app.example", method="POST")
    with pytest.raises(ConfigError, match="--send always"):
        observe([unsafe], browser, NetworkOptions())
