"""Applications in the Python API: sync, async, and a page that remembers its preflights."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import corscheck
from corscheck import ConfigError

ORIGIN = "https://app.example.com"


class App:
    """Allows everything and counts; notes the loop it runs in and its lifespan."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.loops: set[object] = set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.loops.add(asyncio.get_running_loop())
        if scope["type"] == "lifespan":
            for what in ("startup", "shutdown"):
                await receive()
                self.asked.append(what)
                await send({"type": f"lifespan.{what}.complete"})
            return
        self.asked.append(f"{scope['method']} {scope['path']}")
        names = ("Origin", "Methods", "Headers")
        headers = [(f"Access-Control-Allow-{name}".encode(), b"*") for name in names]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})


def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Access-Control-Allow-Origin", ORIGIN)])
    return [environ["PATH_INFO"].encode()]


def test_probe() -> None:
    app = App()
    result = corscheck.probe("/data", origin=ORIGIN, method="PUT", send="always", app=app)
    assert (result.verdict, result.url, result.complete) == ("allowed", "http://app.localhost/data", True)
    assert app.asked == ["startup", "OPTIONS /data", "PUT /data", "shutdown"]
    assert corscheck.probe("https://api.example.com/x", origin=ORIGIN, app=wsgi).verdict == "allowed"
    assert corscheck.probe("/x", origin="null", app=wsgi).reason.code == "CORS306"  # type: ignore[union-attr]


def test_aprobe_stays_in_the_callers_loop() -> None:
    app = App()

    async def main() -> None:
        result = await corscheck.aprobe("/data", origin=ORIGIN, app=app)
        assert result.verdict == "allowed"
        assert app.loops == {asyncio.get_running_loop()}
        # The synchronous one may be called there as well: its loop is its own.
        assert corscheck.probe("/data", origin=ORIGIN, app=app).verdict == "allowed"
        assert len(app.loops) == 2
        assert (await corscheck.aprobe("/x", origin=ORIGIN, app=wsgi)).verdict == "allowed"

    asyncio.run(main())
    assert app.asked == ["startup", "GET /data", "shutdown"] * 2


def test_nothing_is_said_of_an_address_that_is_nobodys() -> None:
    here = corscheck.probe("/x", origin=ORIGIN, app=wsgi)
    there = corscheck.probe("http://127.0.0.1/x", origin=ORIGIN, app=wsgi)
    assert [finding.code for finding in there.findings if finding not in here.findings] == ["CORS708"]


def test_page() -> None:
    app = App()
    with corscheck.Page(origin=ORIGIN, app=app, send="always") as page:
        for _ in range(2):
            assert page.fetch("/data", method="PUT").verdict == "allowed"
    # The preflight is remembered for the five seconds of a browser's default. Firefox's cache knows no wildcards: it
    # would send a second preflight, which is therefore sent; the PUT is not repeated.
    assert app.asked == ["startup", "OPTIONS /data", "PUT /data", "PUT /data", "OPTIONS /data", "shutdown"]
    app = App()
    with corscheck.Page(origin=ORIGIN, app=app, send="always", engine="chromium") as page:
        for _ in range(2):
            assert page.fetch("/data", method="PUT").passed
    assert app.asked == ["startup", "OPTIONS /data", "PUT /data", "PUT /data", "shutdown"]


def test_an_application_that_does_not_start() -> None:
    async def app(scope: object, receive: object, send: Any) -> None:
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(ConfigError, match="no database"):
        corscheck.probe("/data", origin=ORIGIN, app=app)
    with pytest.raises(ConfigError, match="no database"):
        asyncio.run(corscheck.aprobe("/data", origin=ORIGIN, app=app))
    with pytest.raises(ConfigError, match="neither an ASGI nor a WSGI"):
        corscheck.probe("/data", origin=ORIGIN, app={})
    with pytest.raises(ConfigError, match="via and app exclude each other"):
        corscheck.probe("/data", origin=ORIGIN, app=wsgi, via="http://127.0.0.1:1")


def test_a_startup_that_raises_is_no_lifespan_but_a_failed_import_of_its_factory_is() -> None:
    def factory() -> None:
        raise RuntimeError("no settings")

    with pytest.raises(ConfigError, match=r"(?s)failed while it was made.*RuntimeError: no settings"):
        corscheck.probe("/data", origin=ORIGIN, app=factory)
