"""Every remedy in the real framework: blocked without it, allowed with exactly what was printed, and nothing more."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from corscheck.diagnosis.remedies.registry import REMEDIES
from tests.diagnosis.remedies import table
from tests.diagnosis.remedies.cases import (
    BARE,
    EVIL,
    FOREIGN,
    FULL,
    JSON,
    LOCAL,
    SMALL,
    TENANT,
    TOKEN,
    UNLISTED,
    Configured,
    ask,
    available,
    fix,
    from_foreign_origins,
    with_unlisted_headers,
    with_unlisted_methods,
    with_unwanted_credentials,
)
from tests.servers.targets import TARGETS, server_of

pytestmark = pytest.mark.framework

CAUSES = {
    "aiohttp": "CORS602", "django": "CORS602", "fastapi": "CORS602", "flask": "CORS621", "litestar": "CORS621",
    "starlette": "CORS602", "express": "CORS621", "fastify": "CORS602", "hono": "CORS602", "koa": "CORS602",
    "nestjs": "CORS602", "caddy": "CORS602", "haproxy": "CORS602", "nginx": "CORS602",
    "apache": "CORS602", "rack": "CORS602", "tomcat": "CORS621",
}  # fmt: skip
"""The root cause of a blocked preflight where nothing is configured: OPTIONS has no route, or nobody knows CORS."""

NO_HEADERS_ON_ERRORS = {"aiohttp": {"nothing"}, "fastapi": {"broken"}, "rack": {"broken"}, "starlette": {"broken"}}
"""Where errors cannot be read although all is configured; the remedy's traps say so."""

NO_VARY = {("flask", EVIL), ("litestar", EVIL), ("litestar", None), ("tomcat", EVIL)}
"""Which leaves out ``Vary: Origin`` for a foreign origin, or without one; the traps of the last two say what follows."""


@pytest.fixture(scope="module", params=sorted(TARGETS))
def configured(request: pytest.FixtureRequest) -> Iterator[Configured]:
    name = request.param
    target = available(name)
    servers = [server_of(target, text) for text in ("", *(fix(name, *wanted) for wanted in (FULL, SMALL, BARE)))]
    try:
        for server in servers:
            server.launch()
        yield Configured(name, *(server.wait() for server in servers))
    finally:
        for server in servers:
            server.stop()


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
    # WebKit's verdict on loopback from an https page says nothing of the server: such a probe leaves it out of the gate.
    assert {result.engines[name].verdict for name in result.gate} == {"allowed"}


def test_a_request_without_a_preflight_passes_too(configured: Configured) -> None:
    assert ask(configured.full).verdict == "allowed"
    assert ask(configured.full, credentials="include").verdict == "allowed"


@pytest.mark.parametrize("origin", LOCAL)
def test_the_smallest_one_passes_from_each_origin(configured: Configured, origin: str) -> None:
    result = ask(configured.small, origin=origin, method="PUT", headers=[TENANT])
    assert (result.verdict, result.complete) == ("allowed", True), result.findings
    assert "x-total-count" not in result.readable_headers


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("origin", FOREIGN)
def test_foreign_origins_are_refused(configured: Configured, origin: str, method: str) -> None:
    assert {result.verdict for result in from_foreign_origins(configured, origin, method)} == {"blocked"}


@pytest.mark.parametrize("method", UNLISTED)
def test_methods_that_are_not_listed_are_refused(configured: Configured, method: str) -> None:
    assert {result.verdict for result in with_unlisted_methods(configured, method)} == {"blocked"}


def test_headers_that_are_not_listed_are_refused(configured: Configured) -> None:
    assert {result.verdict for result in with_unlisted_headers(configured)} == {"blocked"}
    assert ask(configured.headerless, origin=LOCAL[0], method="PUT").verdict == "allowed"


def test_credentials_that_nobody_asked_for_are_refused(configured: Configured) -> None:
    assert {result.verdict for result in with_unwanted_credentials(configured)} == {"blocked"}


@pytest.mark.parametrize(("path", "status"), [("nothing", 404), ("broken", 500)])
def test_errors_can_be_read_where_the_framework_can(configured: Configured, path: str, status: int) -> None:
    result = ask(configured.full, path, credentials="include")
    readable = path not in NO_HEADERS_ON_ERRORS.get(configured.name, set())
    assert result.verdict == ("allowed" if readable else "blocked")
    last = result.exchanges[-1].response
    assert last is not None
    assert last.status == status
    assert ask(configured.full, path, origin=EVIL).verdict == "blocked"


@pytest.mark.parametrize("origin", [*LOCAL, EVIL, None])
def test_answers_that_depend_on_the_origin_say_so(configured: Configured, origin: str | None) -> None:
    """Without ``Vary: Origin`` a cache gives one page's answer to another."""
    import httpx

    headers = {} if origin is None else {"Origin": origin}
    # By the method that is listed: one that is not is an error to Tomcat, whose 403 has no Vary.
    vary = httpx.put(f"{configured.small.url}/data", headers=headers).headers.get("Vary", "")
    assert ("origin" in vary.lower()) is ((configured.name, origin) not in NO_VARY)


def test_the_table_says_what_is_seen(configured: Configured) -> None:
    row = table.observe(configured)
    if os.environ.get(table.WRITE):
        table.write(configured.name, row)
    assert table.without_versions(row) == table.without_versions(table.recorded()[configured.name])


def test_the_table_is_whole_and_made_of_its_data() -> None:
    rows = table.recorded()
    assert tuple(rows) == tuple(REMEDIES)
    assert table.TABLE.read_text("utf-8") == table.rendered(rows)
