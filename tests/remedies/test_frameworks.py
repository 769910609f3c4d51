"""Every remedy in the real framework: blocked without it, allowed with exactly what was printed, and nothing more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

import corscheck
from corscheck.model import Result
from tests.servers.frameworks import FRAMEWORKS, Framework, FrameworkServer
from tests.servers.proxy_frameworks import PROXIES, Proxy, ProxyServer

ROOT = Path(__file__).resolve().parents[2]
APP = "https://app.example"
LOCAL = ("http://localhost:3000", "http://[::1]:3000")
TOKEN = ("Authorization", "Bearer secret")
JSON = ("Content-Type", "application/json")
TENANT = ("X-Tenant", "7")

FULL = (
    "--origin", APP, "-X", "GET", "-X", "PUT", "-H", "Authorization: Bearer secret", "-H", "Content-Type: application/json",
    "--credentials", "include", "--expose", "X-Total-Count", "--max-age", "600",
)  # fmt: skip
"""Everything that can be asked for, from one origin."""

SMALL = ("--origin", LOCAL[0], "--origin", LOCAL[1], "-X", "PUT", "-H", "X-Tenant: 7")
"""As little as possible, from two origins (one of which looks like a pattern): what is not asked for must be off."""

CAUSES = {
    "aiohttp": "CORS602", "django": "CORS602", "fastapi": "CORS602", "flask": "CORS621", "litestar": "CORS621",
    "starlette": "CORS602", "express": "CORS621", "fastify": "CORS602", "hono": "CORS602", "koa": "CORS602",
    "nestjs": "CORS602", "caddy": "CORS602", "haproxy": "CORS602", "nginx": "CORS602",
    "apache": "CORS602",
}  # fmt: skip
"""The root cause of a blocked preflight where nothing is configured: OPTIONS has no route, or nobody knows CORS."""

BARE = ("--origin", LOCAL[0], "-X", "PUT")
"""No header at all: several frameworks allow every header where none is listed."""

NO_HEADERS_ON_ERRORS = {"aiohttp": {"nothing"}, "fastapi": {"broken"}, "starlette": {"broken"}}
"""Where errors cannot be read although all is configured; the remedy's traps say so."""


ALL: dict[str, Framework | Proxy] = {**FRAMEWORKS, **PROXIES}
Server: TypeAlias = FrameworkServer | ProxyServer


def server_of(framework: Framework | Proxy, text: str) -> Server:
    return ProxyServer(framework, text) if isinstance(framework, Proxy) else FrameworkServer(framework, text)


def fix(name: str, *wanted: str) -> str:
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", "fix", "--for", name, "http://api.example/data", *wanted],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@dataclass(frozen=True)
class Configured:
    """One framework four times: without CORS, with all that can be configured, with little, without any header."""

    name: str
    bare: Server
    full: Server
    small: Server
    headerless: Server


@pytest.fixture(scope="module", params=sorted(ALL))
def configured(request: pytest.FixtureRequest) -> Iterator[Configured]:
    name = request.param
    framework = ALL[name]
    # Node.js and the proxies are nothing that pip installs: they are used where they are there. CI installs them.
    if framework.missing and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(framework.missing)} ")
    servers: list[Server] = [server_of(framework, text) for text in ("", *(fix(name, *w) for w in (FULL, SMALL, BARE)))]
    try:
        for server in servers:
            server.launch()
        yield Configured(name, *(server.wait() for server in servers))
    finally:
        for server in servers:
            server.stop()


def ask(
    server: FrameworkServer, path: str = "data", *, origin: str = APP, method: str = "GET", **more: object
) -> Result:
    # Sent even where it changes data: it is our own server.
    return corscheck.probe(f"{server.url}/{path}", origin=origin, method=method, send="always", **more)  # type: ignore[arg-type]


def test_without_it_all_is_blocked_for_the_reason_there_is(configured: Configured) -> None:
    simple = ask(configured.bare, diagnose=True)
    preflighted = ask(configured.bare, method="PUT", headers=[TOKEN, JSON], credentials="include", diagnose=True)
    assert (simple.verdict, preflighted.verdict) == ("blocked", "blocked")
    assert [result.findings[0].code for result in (simple, preflighted)] == ["CORS621", CAUSES[configured.name]]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_with_it_what_was_wanted_passes(configured: Configured, method: str) -> None:
    result = ask(configured.full, method=method, headers=[TOKEN, JSON], credentials="include")
    assert (result.verdict, result.complete) == ("allowed", True), result.findings
    assert "x-total-count" in result.readable_headers
    assert result.preflight.cache_seconds["chromium"] == 600
    assert {verdict.verdict for verdict in result.engines.values()} == {"allowed"}


def test_a_request_without_a_preflight_passes_too(configured: Configured) -> None:
    assert ask(configured.full).verdict == "allowed"
    assert ask(configured.full, credentials="include").verdict == "allowed"


@pytest.mark.parametrize("origin", LOCAL)
def test_the_smallest_one_passes_from_each_origin(configured: Configured, origin: str) -> None:
    result = ask(configured.small, origin=origin, method="PUT", headers=[TENANT])
    assert (result.verdict, result.complete) == ("allowed", True), result.findings
    assert "x-total-count" not in result.readable_headers


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example.evil.example",
        "null",
    ],
)
def test_foreign_origins_are_refused(configured: Configured, origin: str, method: str) -> None:
    assert ask(configured.full, origin=origin, method=method, credentials="include").verdict == "blocked"
    assert ask(configured.small, origin=origin, method=method).verdict == "blocked"


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "put2"])
def test_methods_that_are_not_listed_are_refused(configured: Configured, method: str) -> None:
    assert ask(configured.full, method=method, credentials="include").verdict == "blocked"
    assert ask(configured.small, origin=LOCAL[0], method=method).verdict == "blocked"


def test_headers_that_are_not_listed_are_refused(configured: Configured) -> None:
    assert ask(configured.full, method="PUT", headers=[TENANT]).verdict == "blocked"
    assert ask(configured.full, method="PUT", headers=[TOKEN, TENANT]).verdict == "blocked"
    assert ask(configured.small, origin=LOCAL[0], method="PUT", headers=[TOKEN]).verdict == "blocked"
    assert ask(configured.headerless, origin=LOCAL[0], method="PUT").verdict == "allowed"
    assert ask(configured.headerless, origin=LOCAL[0], method="PUT", headers=[TENANT]).verdict == "blocked"


def test_credentials_that_nobody_asked_for_are_refused(configured: Configured) -> None:
    result = ask(configured.small, origin=LOCAL[0], method="PUT", headers=[TENANT], credentials="include")
    assert result.verdict == "blocked"


@pytest.mark.parametrize(("path", "status"), [("nothing", 404), ("broken", 500)])
def test_errors_can_be_read_where_the_framework_can(configured: Configured, path: str, status: int) -> None:
    result = ask(configured.full, path, credentials="include")
    readable = path not in NO_HEADERS_ON_ERRORS.get(configured.name, set())
    assert result.verdict == ("allowed" if readable else "blocked")
    last = result.exchanges[-1].response
    assert last is not None
    assert last.status == status
    assert ask(configured.full, path, origin="https://evil.example").verdict == "blocked"


@pytest.mark.parametrize("origin", [*LOCAL, "https://evil.example", None])
def test_answers_that_depend_on_the_origin_say_so(configured: Configured, origin: str | None) -> None:
    """Without ``Vary: Origin`` a cache gives one page's answer to another."""
    import httpx

    headers = {} if origin is None else {"Origin": origin}
    vary = httpx.get(f"{configured.small.url}/data", headers=headers).headers.get("Vary", "")
    # Both leave it out for a foreign origin; Litestar also without one, and its traps say what follows.
    evil = "https://evil.example"
    left_out = (configured.name, origin) in {("flask", evil), ("litestar", evil), ("litestar", None)}
    assert ("origin" in vary.lower()) is not left_out


@pytest.mark.parametrize("name", ["fastapi", "starlette"])
def test_the_variant_that_covers_unhandled_exceptions(name: str) -> None:
    """Which the traps describe: the middleware around the application."""
    if FRAMEWORKS[name].missing and not os.environ.get("CI"):
        pytest.skip("not installed")
    text = fix(name, *FULL).replace("app.add_middleware(\n    CORSMiddleware,", "app = CORSMiddleware(\n    app,")
    assert "app = CORSMiddleware(" in text
    with FrameworkServer(FRAMEWORKS[name], text) as server:
        assert ask(server, "broken", credentials="include").verdict == "allowed"
        assert ask(server, "broken", origin="https://evil.example").verdict == "blocked"
        assert ask(server, method="PUT", headers=[TOKEN], credentials="include").verdict == "allowed"
        assert ask(server, method="PATCH").verdict == "blocked"
