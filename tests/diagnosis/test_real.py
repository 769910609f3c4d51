"""Real servers that refuse: what is true of each, by its own answers, is what is named first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from corscheck.model.result import Result
from corscheck.model.values import Probe
from corscheck.runner.options import RunOptions
from corscheck.runner.single import run_one
from corscheck.transports.base import NetworkOptions
from tests.servers.frameworks import FrameworkServer
from tests.servers.refusing import REFUSING

pytestmark = pytest.mark.framework

APP, EVIL = "https://app.example", "https://evil.example"
OPTIONS = RunOptions(network=NetworkOptions(timeout=5.0, proxy=""), diagnose=True)
POLL = "/socket.io/?EIO=4&transport=polling"
JSON: dict[str, Any] = {"method": "POST", "headers": (("Content-Type", "application/json"),), "body": b"{}"}
PUT: dict[str, Any] = {"method": "PUT"}
NOT_SETUP, NOT_AUTH = "Configure CORS", "access rule"


@dataclass(frozen=True)
class Refusal:
    """What is asked, from ``origin``, and what is true. ``says`` is in a message, its advice or its evidence."""

    server: str
    truth: str
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    origin: str = EVIL
    path: str = "/data"
    probe: dict[str, Any] = field(default_factory=dict)


EXPRESS, SILENT = "express, callback error", "express, callback error as JSON"
FASTAPI, DJANGO = "fastapi behind TLS", "django behind TLS"
LOOP, WWW = "django behind TLS, redirects to https", "django behind TLS, www"
FORWARDED = ("X-Forwarded-Proto", "SECURE_PROXY_SSL_HEADER")
MIXED = ("nothing was sent", "Serve it over https", "login page")

REFUSALS = (
    Refusal(EXPRESS, "CORS615", ("Not allowed by CORS",), (NOT_SETUP, NOT_AUTH)),
    Refusal(EXPRESS, "CORS615", ("Not allowed by CORS",), ("fails on OPTIONS",), probe=PUT),
    Refusal(EXPRESS, "CORS615", ("Not allowed by CORS",), probe={**JSON, "credentials": "include"}),
    Refusal(SILENT, "CORS615", ("GET without Origin: 200",), (NOT_SETUP,)),
    Refusal(SILENT, "CORS615", ("GET without Origin: 200",), ("fails on OPTIONS",), probe=PUT),
    Refusal("python-socketio", "CORS615", ("is not an accepted origin",), (NOT_SETUP,), path=POLL),
    Refusal("python-socketio", "CORS615", ("is not an accepted origin",), path=POLL, probe=JSON),
    Refusal("python-socketio", "CORS614", ("PUT",), ("not an accepted origin",), APP, POLL, PUT),
    Refusal("mcp", "CORS615", ("Invalid Origin header",), (NOT_SETUP, NOT_AUTH), path="/mcp"),
    Refusal("mcp", "CORS615", ("Invalid Origin header",), (NOT_AUTH,), path="/mcp", probe=JSON),
    # It checks origins, but has no CORS layer: a page whose origin it accepts gets no header.
    Refusal("mcp", "CORS602", ("OPTIONS", "405"), (f"does not allow {APP}",), APP, "/mcp", JSON),
    Refusal(FASTAPI, "CORS633", FORWARDED, MIXED, APP),
    Refusal(FASTAPI, "CORS615", ("Disallowed CORS origin",), probe=PUT),
    # POST needs no listing in browsers, but this layer refuses what it does not list.
    Refusal(FASTAPI, "CORS614", ("POST",), origin=APP, probe=JSON),
    Refusal(DJANGO, "CORS633", FORWARDED, MIXED, APP),
    Refusal(WWW, "CORS633", FORWARDED, MIXED, APP),
    Refusal(LOOP, "CORS503", ("to itself", *FORWARDED), ("undo each other",), APP),
    Refusal(DJANGO, "CORS615", ("Vary: origin",), probe=PUT),
)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, FrameworkServer]]:
    started: dict[str, FrameworkServer] = {}
    missing = {package for framework in REFUSING.values() for package in framework.missing}
    if missing and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(sorted(missing))}")
    try:
        for name, framework in REFUSING.items():
            started[name] = FrameworkServer(framework)
            started[name].launch()
        yield {name: server.wait() for name, server in started.items()}
    finally:
        for server in started.values():
            server.stop()


def ask(server: FrameworkServer, name: str, path: str, **probe: Any) -> Result:
    """Probe it. Behind TLS, this is the proxy: it speaks http to the application."""
    if "TLS" in name:
        return run_one(Probe(url=f"https://api.example{path}", via=server.url, **probe), OPTIONS)
    return run_one(Probe(url=f"{server.url}{path}", **probe), OPTIONS)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda r: f"{r.server}: {r.probe.get('method', 'GET')} {r.truth}")
def test_the_first_cause_is_true(servers: dict[str, FrameworkServer], refusal: Refusal) -> None:
    result = ask(servers[refusal.server], refusal.server, refusal.path, origin=refusal.origin, **refusal.probe)
    found = [f for f in result.findings if not f.code.startswith("CORS7")]
    said = "\n".join(f"{f.message}\n{f.advice}\n{f.evidence}" for f in found)
    assert found[0].code == refusal.truth, said
    for words in refusal.says:
        assert words in said
    for words in refusal.never:
        assert words not in said


@pytest.mark.parametrize(
    ("name", "path"),
    [(EXPRESS, "/data"), (SILENT, "/data"), ("python-socketio", POLL), (FASTAPI, "/data/"), (DJANGO, "/data/")],
)
def test_the_page_that_it_knows_passes(servers: dict[str, FrameworkServer], name: str, path: str) -> None:
    assert ask(servers[name], name, path, origin=APP).verdict == "allowed"
