"""What proposals for an application must not lose or break: all that was tried is printed, and CORS elsewhere is left alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from flask import Flask
from flask_cors import CORS
from litestar import Litestar, get
from litestar.config.cors import CORSConfig
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route

from corscheck.runner.app import AppConversation
from corscheck.runner.options import RunOptions
from corscheck.sources.app.claims import read
from corscheck.sources.app.layers import find_layer
from tests.runner.test_mending import (
    MAKERS,
    NEW,
    OTHER,
    PAGE,
    SETTINGS,
    TENANT,
    VERIFIED,
    Wrapper,
    advice,
    ask,
    code_of,
    fastapi,
    litestar,
    page,
    probe,
    starlette,
)


def test_litestar_is_told_its_empty_lists() -> None:
    """Without allow_origins and allow_headers a CORSConfig allows every origin and every header."""
    app = litestar(allow_origins=[], allow_origin_regex=r"https://a\.example", allow_methods=["GET"], allow_headers=[])
    values: dict[str, Any] = {"CORSConfig": CORSConfig}
    exec(code_of(advice(ask(app, probe("https://a.example", credentials="include")))), values)
    config = values["cors_config"]
    assert (config.allow_origins, config.allow_headers) == ([], [])
    assert config.allow_credentials


def test_flask_is_told_what_its_configuration_says_otherwise() -> None:
    def make() -> Flask:
        app = Flask("tests")
        app.config |= {"CORS_VARY_HEADER": False, "CORS_MAX_AGE": "99", "CORS_EXPOSE_HEADERS": ["X-A"]}
        app.add_url_rule("/data", view_func=lambda: "here")
        return app

    app, fresh = make(), make()
    CORS(app, origins=[PAGE], vary_header=True, max_age=None, expose_headers=None)
    said = advice(ask(app, probe(NEW)))
    assert "Verified" in said
    exec(code_of(said), {"CORS": CORS, "app": fresh})
    after = find_layer(fresh)
    assert after is not None
    assert (after.settings.max_age, after.settings.exposed) == (None, ())
    assert dict(after.settings.others) == {"vary_header": True}


# A new layer around everything is only for an application that certainly has none.


async def handled(request: Request) -> Response:
    allowed = {"Access-Control-Allow-Origin": OTHER, "Access-Control-Allow-Headers": "X-Tenant"}
    return PlainTextResponse("here", headers=allowed if request.headers.get("origin") == OTHER else {})


class Dispatching(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Response:
        return await (handled(request) if request.method == "OPTIONS" else call_next(request))


class Endpoint(HTTPEndpoint):
    async def options(self, request: Request) -> Response:
        return await handled(request)


def plain(*routes: Any, **more: Any) -> Starlette:
    return Starlette(routes=[*routes, Route("/data", page)], **more)


def by_hand() -> FastAPI:
    app = FastAPI()
    app.add_route("/data", page)

    @app.middleware("http")
    async def middleware(request: Request, call_next: Any) -> Response:
        return await (handled(request) if request.method == "OPTIONS" else call_next(request))

    return app


def including() -> FastAPI:
    router = APIRouter()
    router.mount("/sub", starlette(allow_origins=[OTHER]))
    app = FastAPI()
    app.include_router(router)
    app.add_route("/data", page)
    return app


LAYER = Middleware(CORSMiddleware, allow_origins=[OTHER])
CORS_OF_ITS_OWN: dict[str, Callable[[], Any]] = {
    "mounted": lambda: plain(Mount("/sub", starlette(allow_origins=[OTHER]))),
    "mounted deeper": lambda: plain(Mount("/a", routes=[Mount("/sub", CORSMiddleware(plain(), [OTHER]))])),
    "mounted here": lambda: Starlette(routes=[Mount("/", starlette(allow_origins=[OTHER]))]),
    "included": including,
    "another host": lambda: plain(Host("api.example.com", starlette(allow_origins=[OTHER]))),
    "a route": lambda: plain(Route("/x", page, middleware=[LAYER])),
    "a group": lambda: plain(Mount("/x", routes=[], middleware=[LAYER])),
    "a function": by_hand,
    "a class": lambda: plain(middleware=[Middleware(Dispatching)]),
    "a wrapper": lambda: Wrapper(plain()),
    "a preflight route": lambda: plain(Route("/x", handled, methods=["OPTIONS"])),
    "an endpoint": lambda: plain(Route("/x", Endpoint)),
    "a foreign application": lambda: plain(Mount("/x", Wrapper(plain()))),
    "a handler": lambda: Starlette(routes=[Route("/data", handled, methods=["GET", "OPTIONS"])]),
}


@pytest.mark.parametrize("asked", [probe(), probe(headers=(TENANT,))], ids=["simple", "preflight"])
@pytest.mark.parametrize("name", CORS_OF_ITS_OWN)
def test_no_layer_is_put_around_what_may_handle_cors_itself(name: str, asked: Any) -> None:
    result = ask(CORS_OF_ITS_OWN[name](), asked)
    assert result.verdict == "blocked"
    assert "Add a CORSMiddleware to your application" not in advice(result)
    assert "on your application" not in advice(result)


def test_a_handler_that_speaks_cors_is_left_alone() -> None:
    """The application's parts are all plain; what it answers is not."""

    async def varies(request: Request) -> Response:
        return PlainTextResponse("here", headers={"Vary": "Origin"})

    assert "on your application" not in advice(ask(Starlette(routes=[Route("/data", varies)]), probe()))


def test_plain_parts_are_no_obstacle() -> None:
    router = APIRouter()
    router.add_api_route("/inner", lambda: 1)
    app = FastAPI(middleware=[Middleware(GZipMiddleware), Middleware(TrustedHostMiddleware, allowed_hosts=["*"])])
    app.include_router(router)
    app.mount("/sub", FastAPI())
    app.mount("/group", APIRouter())
    app.add_route("/data", page)
    said = advice(ask(app, probe(headers=(TENANT,))))
    assert "Add a CORSMiddleware to your application:\n  from fastapi.middleware.cors import CORSMiddleware" in said
    assert "Verified on your application: the request passes, unknown origins are still refused." in said


# What is read


def test_a_derived_class_is_read_as_it_was_made() -> None:
    class Configured(CORSMiddleware):
        def __init__(self, app: Any, cfg: dict[str, Any]) -> None:
            super().__init__(app, allow_origins=cfg["o"], allow_headers=["X-Old"])

    app = plain(middleware=[Middleware(Configured, cfg={"o": [PAGE, OTHER]})])
    said = advice(ask(app, probe(NEW), probe(), probe(OTHER)))
    assert all(f'"{text}"' in said for text in (PAGE, OTHER, NEW, "x-old")), said
    assert VERIFIED.search(said)


def test_a_derived_litestar_configuration_is_not_replaced() -> None:
    class Own(CORSConfig):
        """With parameters of its own, perhaps."""

    @get("/data", sync_to_thread=False)
    def data() -> str:
        return "here"

    assert "on your application" not in advice(ask(Litestar([data], cors_config=Own([OTHER])), probe()))


@pytest.mark.parametrize("name", ["starlette", "fastapi", "around", "flask"])
def test_the_flags_of_a_pattern_are_kept(name: str) -> None:
    """Browsers write host names in lower case; this pattern matches them by its flag only."""
    pattern: Any = re.compile(r"https://APP[.]example[.]com", re.IGNORECASE | re.DOTALL)
    where = "allow_origins" if name == "flask" else "allow_origin_regex"
    app = MAKERS[name](**{where: [pattern] if name == "flask" else pattern})
    with AppConversation(app, RunOptions(diagnose=True)) as conversation:
        assert conversation.ask(probe()).verdict == "allowed"
        said = advice(conversation.ask(probe(NEW)))
    assert VERIFIED.search(said), said
    written = re.search(r'"(\(.*example\[\.\]com)"', said)
    assert written is not None, said
    implied = re.IGNORECASE if name == "flask" else re.NOFLAG
    assert re.compile(written[1], implied).flags == pattern.flags


@pytest.mark.parametrize(
    "flags", [0, re.IGNORECASE, re.MULTILINE | re.DOTALL, re.VERBOSE, re.ASCII | re.IGNORECASE], ids=str
)
@pytest.mark.parametrize("text", ["https://a", "(?i)https://a", "https://(a|b)"])
@pytest.mark.parametrize("implied", [re.NOFLAG, re.IGNORECASE], ids=str)
def test_an_expression_means_the_same(text: str, flags: int, implied: re.RegexFlag) -> None:
    from corscheck.sources.app.claims import expression

    pattern = re.compile(text, flags)
    again = re.compile(expression(pattern, implied), implied)
    for said in ("https://a", "HTTPS://A", "https://b", "https://B"):
        assert bool(again.fullmatch(said)) == bool(pattern.fullmatch(said))


class Raising:
    """Raises an error when it is read."""

    def __init__(self, app: Any) -> None:
        self.__dict__["_inner"] = app

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._inner(scope, receive, send)


@pytest.mark.parametrize("where", ["around", "within"])
def test_objects_that_raise_when_they_are_looked_at(where: str) -> None:
    app: Any = Raising(plain()) if where == "around" else plain(Mount("/x", Raising(plain())))
    result = ask(app, probe())
    assert result.verdict == "blocked"
    assert "on your application" not in advice(result)
    assert (read(app) is None) == (where == "around")


# What is said


def test_of_several_requests_it_is_said_which_sent_a_preflight_only() -> None:
    with AppConversation(fastapi(**SETTINGS), RunOptions(diagnose=True)) as conversation:
        conversation.ask(probe(NEW))
        said = advice(conversation.ask(probe(method="PUT")))
    assert "the 2 requests pass (1 tested by preflight only)" in said
