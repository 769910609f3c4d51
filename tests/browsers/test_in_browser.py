"""``probe --in-browser`` as a whole command: demo server and FastAPI, three kinds of page, http and https targets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from msgspec.structs import replace

from corscheck.cli.demo.server import DemoServer
from tests.browsers.conftest import installed_version
from tests.browsers.target import Reply
from tests.servers.uvicorn_app import UvicornApp

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("http://app.example", "https://app.example", "null")
PUT = ("-X", "PUT", "-H", "X-Tenant: 7", "--send", "always")
STRANGE = ("-X", "PUT", "-H", "X-Strange: 7", "--send", "always")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Base URLs by name, and the file with the authority that signed the https one."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate, trusted = folder / "server.pem", folder / "ca.pem"
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(trusted)
    with (
        DemoServer() as demo,
        UvicornApp("open_app", directory="tests/servers") as plain,
        UvicornApp("open_app", directory="tests/servers", certificate=str(certificate)) as secure,
    ):
        yield {"demo": demo.url, "fastapi": plain.url, "fastapi-tls": secure.url, "ca": trusted}


def run(places, browser, url, origins, *more, engine=None):
    """The command's exit status and probes."""
    pages = [word for origin in origins for word in ("--origin", origin)]
    argv = [
        "probe",
        url,
        *pages,
        *more,
        "--cacert",
        str(places["ca"]),
        "--in-browser",
        browser,
        "--json",
        "-",
        "-m",
        "20",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", *argv, "--engine", engine or browser],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)["probes"], done.stderr


@pytest.mark.parametrize(
    ("place", "path", "more", "allowed"),
    [
        ("demo", "/wildcard", (), True),
        ("demo", "/no-cors", (), False),
        ("fastapi", "/data", (), True),
        ("fastapi", "/data", PUT, True),
        ("fastapi", "/data", STRANGE, False),
        ("fastapi-tls", "/data", PUT, True),
        ("fastapi-tls", "/data", STRANGE, False),
    ],
)
def test_observation_beside_prediction(places, browser, place, path, more, allowed):
    status, probes, errors = run(places, browser, places[place] + path, PAGES, *more)
    stalled = [probe["observed"]["error"] for probe in probes if probe["observed"]["verdict"] == "inconclusive"]
    if stalled:
        # On a busy machine a browser's process may stall or die, and the command says so: another one is asked, once.
        status, probes, errors = run(places, browser, places[place] + path, PAGES, *more)
    installed = installed_version(browser)
    assert [probe["origin"] for probe in probes] == list(PAGES)
    for probe in probes:
        seen = probe["observed"]
        # To WebKit alone, loopback over http is mixed content on an https page.
        mixed = browser == "webkit" and probe["origin"].startswith("https:") and places[place].startswith("http:")
        assert seen["error"] is None or not allowed, seen
        # The version of the very browser that is installed.
        assert re.search(r"\d+\.[\d.]+\d", installed)[0] in seen["version"] or seen["version"] in installed
        wanted = "allowed" if allowed and not mixed else "blocked"
        assert seen["verdict"] == probe["verdict"] == wanted, (seen, stalled)
        assert seen["console"] == probe["console"][browser]
        assert (seen["console"] is None) is (seen["verdict"] == "allowed")
        assert seen["agrees"] is True, seen["differences"]
        if mixed:
            assert seen["requests"] == []
            continue
        # The page was really loaded at that origin: the browser sent it, on every request.
        assert seen["requests"]
        for request in seen["requests"]:
            headers = {name.lower(): value for name, value in request["headers"]}
            assert headers["origin"] == probe["origin"]
            assert request["url"] == places[place] + path
        kinds = ["preflight", "actual"] if more else ["actual"]
        assert [request["kind"] for request in seen["requests"]] == (kinds if allowed or not more else ["preflight"])
        if allowed:
            assert seen["readable_headers"] == probe["readable_headers"]
    verdicts = {probe["observed"]["verdict"] for probe in probes}
    assert status == (0 if verdicts == {"allowed"} else 1), errors


REDIRECTED = ("-H", "Authorization: Bearer t")


def test_requests_are_compared_whichever_engine_drives(places, browser, target):
    """The engines send different requests: WebKit and Firefox preflight a GET that Chromium does not."""
    answer = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "Authorization"))
    there = target.url("http", target.on("/there", ANY=Reply(200, answer)), "localhost")
    start = target.on("/start", OPTIONS=Reply(204, answer), GET=Reply(302, (*answer, ("Location", there))))
    url = target.url("http", start)
    status, probes, errors = run(places, browser, url, PAGES[:1], *REDIRECTED, engine="standard")
    target.log.clear()
    assert status == 0, errors
    seen = probes[0]["observed"]
    assert seen["agrees"] is True, seen["differences"]
    asked = [
        {name.lower(): value for name, value in request["headers"]}.get("access-control-request-headers")
        for request in seen["requests"]
    ]
    # Firefox's second preflight asks for no header, WebKit's for the one that the redirect removed.
    assert asked == ["authorization", None, *{"firefox": [None], "webkit": ["authorization"]}.get(browser, []), None]


def test_block_by_resource_policy_is_an_observation(places, browser, target):
    """Cross-Origin-Resource-Policy: the browsers name a network error, and yet they were asked."""
    path = target.on("/corp", ANY=Reply(200, (("Cross-Origin-Resource-Policy", "same-origin"),)))
    status, probes, errors = run(places, browser, target.url("http", path), PAGES[:1], "--mode", "no-cors")
    target.log.clear()
    seen = probes[0]["observed"]
    assert (seen["verdict"], seen["agrees"], seen["differences"]) == ("blocked", True, [])
    assert [request["kind"] for request in seen["requests"]] == ["actual"]
    assert probes[0]["reason"]["code"] == "CORS308"
    assert status == 1, errors


def test_upload_listener_and_page_options(places, browser, target):
    """The options reach the browser: the listener forces a preflight, which is refused; the policy blocks a response."""
    path = target.on("/upload", OPTIONS=Reply(403), ANY=Reply(200))
    url = target.url("http", path)
    upload = ("-X", "POST", "-d", "x", "-H", "Content-Type: text/plain", "--upload-listener", "--send", "always")
    status, probes, errors = run(places, browser, url, PAGES[:1], *upload)
    assert status == 1, errors
    seen = probes[0]["observed"]
    assert (seen["verdict"], seen["agrees"], seen["differences"]) == ("blocked", True, [])
    assert [request["method"] for request in seen["requests"]] == ["OPTIONS"]
    page = ("http://localhost:3000",)
    status, probes, errors = run(places, browser, url, page, "--mode", "no-cors", "--coep", "require-corp")
    assert status == 1, errors
    seen = probes[0]["observed"]
    assert (seen["verdict"], seen["agrees"], seen["differences"]) == ("blocked", True, [])
    target.log.clear()


def test_a_difference_is_exit_4(places, monkeypatch, chromium, capfd):
    """A prediction that is wrong on purpose: the browser is told a CA that the prediction does not look at."""
    from corscheck.browsers import session
    from corscheck.cli.app import run as run_cli

    asked = session.BrowserSession._observation

    def wrong(self, sighting):
        return replace(asked(self, sighting), verdict="blocked", console="A line of its own")

    monkeypatch.setattr(session.BrowserSession, "_observation", wrong)
    status = run_cli(
        ["probe", places["demo"] + "/wildcard", "--origin", "http://app.example", "--in-browser", chromium]
    )
    said = capfd.readouterr()
    assert status == 4
    assert "was seen to differ. Please report this." in " ".join(said.out.split())
    assert "predicted allowed, observed blocked" in " ".join(said.out.split())
