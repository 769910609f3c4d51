"""Pages with an embedder policy, secure pages of origin null, and requests with an upload listener: seen and predicted."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from corscheck.browsers import BrowserSession, observe
from corscheck.browsers.compare import compare
from corscheck.model.values import Probe
from corscheck.runner.options import RunOptions
from corscheck.runner.single import Conversation
from corscheck.transports.base import NetworkOptions
from tests.browsers.target import OPEN, Reply

pytestmark = pytest.mark.browser

PAGE = "https://app.example"
CROSS = (("Cross-Origin-Resource-Policy", "cross-origin"),)
UPLOAD = {"method": "POST", "headers": (("Content-Type", "text/plain"),), "body": b"x", "send": "always"}
REFUSED = "Response to preflight request doesn't pass access control check: It does not have HTTP ok status."


def probes(target):
    """The table: name -> probe. Answers are laid out in the target on the way."""

    def url(path, scheme="https", host="127.0.0.1", **replies):
        return target.url(scheme, target.on(path, **replies), host)

    silent, shared = url("/no-corp", ANY=Reply(200)), url("/corp", ANY=Reply(200, CROSS))
    refused = url("/refused", OPTIONS=Reply(403, OPEN), POST=Reply(200, OPEN))
    passed = url("/passed", OPTIONS=Reply(204, OPEN), POST=Reply(200, OPEN))
    other = (("Access-Control-Allow-Origin", "https://other.example"),)
    wrong = url("/wrong", OPTIONS=Reply(204, OPEN), POST=Reply(200, other))
    away = (*OPEN, ("Location", f"http://api.example:{target.ports['http']}/insecure"))
    return {
        "corp missing": Probe(silent, PAGE, mode="no-cors", coep="require-corp"),
        "corp given": Probe(shared, PAGE, mode="no-cors", coep="require-corp"),
        "credentialless": Probe(silent, PAGE, mode="no-cors", coep="credentialless"),
        "no policy": Probe(silent, PAGE, mode="no-cors"),
        "insecure page": Probe(silent, "http://app.example", mode="no-cors", coep="require-corp"),
        "null, corp missing": Probe(silent, "null", mode="no-cors", coep="require-corp", secure_context=True),
        "null, corp given": Probe(shared, "null", mode="no-cors", coep="require-corp", secure_context=True),
        "preflight refused": Probe(refused, PAGE, upload_listener=True, **UPLOAD),
        "preflight passed": Probe(passed, PAGE, upload_listener=True, **UPLOAD),
        "no listener": Probe(passed, PAGE, **UPLOAD),
        "not readable": Probe(wrong, PAGE, upload_listener=True, **UPLOAD),
        "with credentials": Probe(wrong, PAGE, upload_listener=True, credentials="include", **UPLOAD),
        "insecure target": Probe("http://api.example/x", PAGE, upload_listener=True, **UPLOAD),
        "secure null": Probe(
            url("/insecure", "http", "api.example", ANY=Reply(200, OPEN)), "null", secure_context=True
        ),
        "insecure null": Probe(url("/insecure", "http", "api.example", ANY=Reply(200, OPEN)), "null"),
        "secure null, redirected": Probe(url("/away", ANY=Reply(302, away)), "null", secure_context=True),
    }


@pytest.fixture(scope="module")
def network(target):
    route = f"api.example:{target.ports['http']}:127.0.0.1:{target.ports['http']}"
    return NetworkOptions(timeout=5, cacert=target.ca_file, connect_to=(route,))


@pytest.fixture(scope="module")
def asked(browser, target, network):
    """Name -> (probe, result, compared observation), all from one run of one browser; and the methods that arrived."""
    table = {name: replace(probe, engine=browser) for name, probe in probes(target).items()}
    target.log.clear()
    found = observe(list(table.values()), browser, network)
    arrived = [seen.method for seen in target.log]
    with Conversation(RunOptions(network=network, diagnose=False)) as conversation:
        results = [conversation.ask(probe) for probe in table.values()]
    compared = [compare(result, observation) for result, observation in zip(results, found, strict=True)]
    return dict(zip(table, zip(table.values(), results, compared, strict=True), strict=True)), arrived


@pytest.fixture
def seen(asked):
    return asked[0]


@pytest.mark.parametrize(
    ("name", "verdict", "methods"),
    [
        # HTML, 7.1.4: under require-corp a no-cors response needs Cross-Origin-Resource-Policy; insecure pages have no policy.
        ("corp missing", "blocked", ["GET"]),
        ("corp given", "allowed", ["GET"]),
        ("credentialless", "allowed", ["GET"]),
        ("no policy", "allowed", ["GET"]),
        ("insecure page", "allowed", ["GET"]),
        ("null, corp missing", "blocked", ["GET"]),
        ("null, corp given", "allowed", ["GET"]),
        # Fetch, HTTP fetch: the use-CORS-preflight flag, which XMLHttpRequest sets for an upload listener.
        ("preflight refused", "blocked", ["OPTIONS"]),
        ("preflight passed", "allowed", ["OPTIONS", "POST"]),
        ("no listener", "allowed", ["POST"]),
        ("not readable", "blocked", ["OPTIONS", "POST"]),
        ("with credentials", "blocked", ["OPTIONS"]),
        ("insecure target", "blocked", []),
        # Mixed Content, 4.4: the origin of a page that embeds this one is secure.
        ("secure null", "blocked", []),
        ("insecure null", "allowed", ["GET"]),
        ("secure null, redirected", "blocked", ["GET"]),
    ],
)
def test_agreement(seen, name, verdict, methods):
    _, result, observation = seen[name]
    assert (result.verdict, observation.verdict) == (verdict, verdict), observation.error
    assert [r.method for r in observation.requests] == methods
    assert observation.agrees is True, observation.differences


def test_nothing_else_arrived(asked):
    """The target's log has what was observed: no request escaped."""
    rows, arrived = asked
    assert [request.method for _, _, observation in rows.values() for request in observation.requests] == arrived


def test_console_of_xmlhttprequest(seen, browser):
    probe, _, observation = seen["preflight refused"]
    url = probe.url
    blocked = (
        f"Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. (Reason:"
    )
    assert (
        observation.console
        == {
            "chromium": f"Access to XMLHttpRequest at '{url}' from origin '{PAGE}' has been blocked by CORS policy: {REFUSED}",
            "firefox": f"{blocked} CORS preflight response did not succeed). Status code: 403.\n"
            f"{blocked} CORS request did not succeed). Status code: (null).",
            "webkit": "Preflight response is not successful. Status code: 403\n"
            f"XMLHttpRequest cannot load {url} due to access control checks.",
        }[browser]
    )


def test_page_is_shared_only_under_one_policy(browser, target, network):
    silent = target.url("https", target.on("/no-corp", ANY=Reply(200)))
    none = Probe(silent, PAGE, mode="no-cors")
    asked = [none, replace(none, coep="require-corp"), none, replace(none, coep="require-corp")]

    async def scene():
        async with BrowserSession(asked, browser, network) as session:
            return [await session.ask(probe, fresh_context=False) for probe in asked], dict(session.pages.loads)

    found, loads = asyncio.run(scene())
    assert [o.verdict for o in found] == ["allowed", "blocked"] * 2
    assert loads == {f"{PAGE}/": 2}
