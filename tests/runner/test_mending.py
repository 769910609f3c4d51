"""Settings that are proposed for an application in process: complete, tried before they are said, and gone afterwards."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask
from flask_cors import CORS
from litestar import Litestar, get
from litestar.config.cors import CORSConfig
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import corscheck
from corscheck.model.result import Result
from corscheck.model.values import ConfigError, Probe
from corscheck.runner.app import AppConversation
from corscheck.runner.options import RunOptions
from corscheck.sources.app.address import absolute
from corscheck.sources.app.layers import find_layer

ROOT = Path(__file__).resolve().parents[2]
PAGE, OTHER, NEW = "https://app.example.com", "https://admin.example.com", "https://new.example.com"
TENANT = ("X-Tenant", "7")
VERIFIED = re.compile(
    r"Verified on your application: (the request|its preflight) passes, \d+ others? still pass(es)?, "
    r"unknown origins are still refused\."
)

Make = Callable[..., Any]


async def page(request: Request) -> Response:
    return PlainTextResponse("here", headers={"X-Total-Count": "2"})


def starlette(**parameters: Any) -> Starlette:
    routes = [Route("/data", page, methods=["GET", "PUT", "POST"])]
    return Starlette(routes=routes, middleware=[Middleware(CORSMiddleware, **parameters)])


def fastapi(**parameters: Any) -> FastAPI:
    app = FastAPI()
    app.add_middleware(CORSMiddleware, **parameters)
    app.add_route("/data", page, methods=["GET", "PUT", "POST"])
    return app


def around(**parameters: Any) -> CORSMiddleware:
    return CORSMiddleware(Starlette(routes=[Route("/data", page, methods=["GET", "PUT", "POST"])]), **parameters)


class Wrapper:
    """A middleware of somebody else's around the application."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class OwnMiddleware(CORSMiddleware):
    """Derived, with other parameters."""

    def __init__(self, app: Any, settings: dict[str, Any]) -> None:
        super().__init__(app, **settings)


def derived(**parameters: Any) -> CORSMiddleware:
    return OwnMiddleware(Starlette(routes=[Route("/data", page, methods=["GET", "PUT", "POST"])]), parameters)


def flask(**parameters: Any) -> Flask:
    app = Flask("tests")
    names = {"allow_origins": "origins", "allow_methods": "methods", "allow_credentials": "supports_credentials"}
    CORS(app, **{names.get(name, name): value for name, value in parameters.items()})
    app.add_url_rule("/data", view_func=lambda: ("here", {"X-Total-Count": "2"}), methods=["GET", "PUT", "POST"])
    return app


def litestar(**parameters: Any) -> Litestar:
    @get("/data", sync_to_thread=False)
    def data() -> str:
        return "here"

    return Litestar([data], cors_config=CORSConfig(**parameters))


MAKERS: dict[str, Make] = {
    "starlette": starlette,
    "fastapi": fastapi,
    "around": around,
    "wrapped": lambda **parameters: Wrapper(fastapi(**parameters)),
    "derived": derived,
    "flask": flask,
    "litestar": litestar,
}

SETTINGS: dict[str, Any] = {
    "allow_origins": [PAGE, OTHER],
    "allow_methods": ["GET", "POST"],
    "allow_headers": ["X-Old", "X-Older"],
    "expose_headers": ["X-A", "X-B"],
    "max_age": 77,
}


def ask(app: Any, probe: Probe, *passed: Probe) -> Result:
    with AppConversation(app, RunOptions(diagnose=True)) as conversation:
        for one in passed:
            assert conversation.ask(one).verdict == "allowed"
        return conversation.ask(probe)


def probe(origin: str = PAGE, **more: Any) -> Probe:
    return Probe(absolute("/data"), origin, **more)


def advice(result: Result) -> str:
    return result.findings[0].advice or ""


ASKED = {
    "an origin": (probe(NEW), [NEW]),
    "a method": (probe(method="PUT"), ["PUT"]),
    "a header": (probe(headers=(TENANT,)), ["X-Tenant"]),
    "all": (probe(NEW, method="PUT", headers=(TENANT,), credentials="include"), [NEW, "PUT", "X-Tenant", "True"]),
}


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("name", MAKERS)
def test_what_is_there_is_kept_and_what_is_needed_is_added(name: str, kind: str) -> None:
    asked, words = ASKED[kind]
    app = MAKERS[name](**SETTINGS)
    said = advice(ask(app, asked, probe(), probe(OTHER)))
    for value in (PAGE, OTHER, "GET", "POST", "X-Old", "X-Older", "X-A", "X-B", "77", *words):
        # The middleware that wraps an application keeps header names in lower case only.
        assert value.lower() in said.lower(), said
    assert VERIFIED.search(said), said
    assert "corscheck fix" not in said
    assert "[..., " not in said


@pytest.mark.parametrize("name", MAKERS)
def test_the_application_is_as_it_was(name: str) -> None:
    app = MAKERS[name](**SETTINGS)
    with AppConversation(app, RunOptions(diagnose=True)) as conversation:
        layer = find_layer(app)
        assert layer is not None
        before = layer.settings
        assert "Verified" in advice(conversation.ask(ASKED["all"][0]))
        again = find_layer(app)
        assert again is not None
        assert again.settings == before
        assert conversation.ask(replace_send(ASKED["all"][0])).verdict == "blocked"
        assert conversation.ask(probe()).verdict == "allowed"

        def fails_meanwhile() -> None:
            with layer.applied(before.extended(origins=[NEW])):
                assert conversation.ask(probe(NEW)).verdict == "allowed"
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fails_meanwhile()
        assert conversation.ask(probe(NEW, expected="blocked")).verdict == "blocked"


def replace_send(asked: Probe) -> Probe:
    return Probe(asked.url, asked.origin, asked.method, asked.headers, asked.credentials, expected="blocked")


def code_of(said: str) -> str:
    """The code of a proposal, as a reader takes it from the lines that are indented."""
    return "\n".join(line[2:] for line in said.splitlines() if line.startswith("  "))


@pytest.mark.parametrize("name", ["starlette", "fastapi", "flask"])
def test_the_printed_call_does_what_was_verified(name: str) -> None:
    """Pasted in place of the old one, into a new application."""
    asked = ASKED["all"][0]
    code = code_of(advice(ask(MAKERS[name](**SETTINGS), asked)))
    app: Any = Flask("pasted") if name == "flask" else FastAPI()
    if name == "flask":
        app.add_url_rule("/data", view_func=lambda: "here", methods=["GET", "PUT"])
    else:
        app.add_route("/data", page, methods=["GET", "PUT"])
    exec(code, {"app": app, "CORSMiddleware": CORSMiddleware, "CORS": CORS})
    with AppConversation(app, RunOptions()) as conversation:
        old = probe(OTHER, headers=(("X-Old", "1"), ("X-Older", "1")))
        verdicts = [conversation.ask(one).verdict for one in (asked, old, probe("https://evil.example"))]
    assert verdicts == ["allowed", "allowed", "blocked"]


def test_where_there_is_none_one_is_added() -> None:
    app = Starlette(routes=[Route("/data", page)])
    said = advice(ask(app, probe()))
    assert "Add a CORSMiddleware to your application:\n  from starlette.middleware.cors import CORSMiddleware" in said
    assert "Verified on your application: the request passes, unknown origins are still refused." in said
    fresh = Starlette(routes=[Route("/data", page)])
    exec(code_of(said), {"app": fresh})
    assert ask(fresh, probe()).verdict == "allowed"
    assert ask(fresh, probe("https://evil.example", expected="blocked")).verdict == "blocked"


def test_a_middleware_of_its_own_is_not_replaced() -> None:
    said = advice(ask(derived(**SETTINGS), probe(NEW)))
    assert "Give your own CORS middleware these settings, which keep what it allows now:\n      allow_origins=[" in said
    assert "CORSMiddleware" not in said


def test_many_failures_end_in_one_proposal() -> None:
    """Beyond the first ten, each is only tried by itself; the proposal at the end covers and tries all of them."""
    headers = [f"X-{number}" for number in range(30)]
    with AppConversation(fastapi(**SETTINGS), RunOptions(diagnose=True)) as conversation:
        said = [advice(conversation.ask(probe(headers=((name, "1"),)))) for name in headers]
        last = conversation.proposal()
    assert [("Verified" in text) for text in said] == [True] * 10 + [False] * 20
    assert last is not None
    assert all(f'"{name}"' in last for name in headers)
    assert "Verified on your application: the 30 requests pass" in last


def test_strangers_are_asked_even_if_only_preflights_are_sent() -> None:
    """Without a request that is sent, nothing would be known of them."""
    said = advice(ask(fastapi(allow_origins=["*"]), probe(headers=(TENANT,), send="never")))
    assert "unknown origins can read responses as before" in said


def test_proposals_add_up() -> None:
    """Who pastes the last one has all of them."""
    with AppConversation(fastapi(**SETTINGS), RunOptions(diagnose=True)) as conversation:
        conversation.ask(probe(NEW))
        said = advice(conversation.ask(probe(method="PUT", headers=(TENANT,))))
    assert NEW in said
    assert '"PUT"' in said
    assert "Verified on your application: the 2 requests pass" in said


def test_other_arguments_are_kept() -> None:
    said = advice(ask(starlette(**SETTINGS, allow_private_network=True), probe(NEW)))
    assert "  allow_private_network=True," in said
    said = advice(ask(flask(**SETTINGS, resources=r"/d.*", vary_header=False), probe(NEW)))
    assert '  resources="/d.*",' in said
    assert "  vary_header=False," in said
    regex = starlette(allow_origin_regex=r"https://.*\.example\.org")
    said = advice(ask(regex, probe(NEW)))
    assert r'  allow_origin_regex="https://.*\\.example\\.org",' in said
    assert "Verified" in said


def test_a_list_in_one_string_is_taken_apart() -> None:
    app = fastapi(allow_origins=[PAGE], allow_headers=["Authorization,X-Tenant"])
    said = advice(ask(app, probe(headers=(TENANT,))))
    assert "allow_headers has 'Authorization,X-Tenant', which the middleware takes for one name." in said
    assert '  allow_headers=["Authorization", "X-Tenant"],' in said
    assert "Verified on your application: the request passes" in said


@pytest.mark.parametrize("name", ["fastapi", "flask", "litestar", "starlette"])
@pytest.mark.parametrize("entry", [f"{NEW}/", f"{NEW}:443", f"{NEW}/app"])
def test_an_origin_in_another_spelling_is_replaced(name: str, entry: str) -> None:
    """No page has it, so that a list with both would only look as if the first did something."""
    said = advice(ask(MAKERS[name](allow_origins=[entry, PAGE], allow_methods=["GET"]), probe(NEW), probe()))
    assert f'origins=["{NEW}", "{PAGE}"]' in said
    assert VERIFIED.search(said), said


def test_a_wildcard_is_not_combined_with_credentials() -> None:
    """Every site would read with its visitors' cookies; and it is said what is lost."""
    with AppConversation(fastapi(allow_origins=["*"]), RunOptions(diagnose=True)) as conversation:
        conversation.ask(probe(OTHER))
        said = advice(conversation.ask(probe(credentials="include")))
    assert f'  allow_origins=["{PAGE}"],' in said
    lost = "other origins can no longer read responses: list those of your pages."
    assert f"but GET /data from {OTHER} no longer passes and {lost}" in said
    assert "Verified" not in said
    said = advice(ask(fastapi(allow_origins=["*"]), probe(credentials="include")))
    assert f"Tried on your application: the request passes, but {lost}" in said


def test_strangers_that_could_read_before_are_not_called_refused() -> None:
    said = advice(ask(fastapi(allow_origins=["*"]), probe(headers=(TENANT,))))
    assert "unknown origins can read responses as before" in said


def test_a_loose_pattern_is_not_called_safe() -> None:
    """The owner of elsewhereexample.com could read before, and still can."""
    loose = starlette(allow_origin_regex=r"https://.*example\.com", allow_credentials=True)
    said = advice(ask(loose, probe("http://localhost:3000")))
    assert "unknown origins can read responses as before" in said
    assert "still refused" not in said


def test_what_settings_do_not_help_gets_none() -> None:
    class Login:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await (self.app if scope["type"] != "http" else Response(status_code=401))(scope, receive, send)

    app = fastapi(**SETTINGS)
    app.add_middleware(Login)
    result = ask(app, probe(NEW, method="PUT"))
    assert result.verdict == "blocked"
    assert "application" not in advice(result)
    assert "CORSMiddleware(" not in advice(result)


def test_null_is_never_proposed() -> None:
    assert "null" not in advice(ask(fastapi(**SETTINGS), probe("null")))


def test_nothing_is_sent_that_may_change_data() -> None:
    ran: list[str] = []
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=[OTHER])

    @app.api_route("/data", methods=["GET", "PUT", "POST"])
    def data(request: Request) -> str:
        ran.append(request.method)
        return "here"

    said = advice(ask(app, probe(method="PUT", send="always")))
    # The trial has seen no more than that.
    assert "Verified on your application: its preflight passes" in said
    assert set(ran) == {"GET"}
    ran.clear()
    said = advice(ask(app, probe(method="POST", send="always")))
    # The request itself was asked for; the trial sends it no second time.
    assert ran.count("POST") == 1
    assert "Partly verified on your application: the request was not sent again, because it may change data" in said


def test_exposed_headers() -> None:
    with AppConversation(fastapi(**SETTINGS), RunOptions()) as conversation:
        assert "x-total-count" not in conversation.ask(probe()).readable_headers
        said = conversation.propose(probe(), ["X-Total-Count"])
    assert said is not None
    assert '  expose_headers=["X-A", "X-B", "X-Total-Count"],' in said
    assert VERIFIED.search(said)


def test_without_a_diagnosis_nothing_is_tried() -> None:
    ran: list[str] = []

    def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        ran.append(environ["REQUEST_METHOD"])
        start_response("200 OK", [])
        return []

    with AppConversation(wsgi, RunOptions()) as conversation:
        conversation.ask(probe())
    assert ran == ["GET"]


# Django keeps its settings in the process, so that each test has one of its own.

_SETTINGS = """
SECRET_KEY = "for tests"
ALLOWED_HOSTS = {hosts}
ROOT_URLCONF = "project"
INSTALLED_APPS = ["corsheaders"]
MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", "django.middleware.common.CommonMiddleware"]
{cors}
"""

_PROJECT = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "project_settings"
from django.core.{kind} import get_{kind}_application
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("data", lambda request: HttpResponse("here"))]
app = get_{kind}_application()
"""

_CORS = f"""
CORS_ALLOWED_ORIGINS = ["{PAGE}", "{OTHER}"]
CORS_EXPOSE_HEADERS = ["X-A"]
CORS_PREFLIGHT_MAX_AGE = 77
"""


def django(directory: Path, *arguments: str, kind: str = "wsgi", hosts: str = '["*"]', cors: str = _CORS) -> Any:
    directory.joinpath("project_settings.py").write_text(_SETTINGS.format(hosts=hosts, cors=cors))
    directory.joinpath("project.py").write_text(_PROJECT.format(kind=kind))
    return subprocess.run(
        [sys.executable, "-m", "corscheck", "probe", "--app", "project:app", "--app-dir", str(directory), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
    )


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_django(tmp_path: Path, kind: str) -> None:
    origins = ("--origin", PAGE, "--origin", OTHER, "--origin", NEW)
    done = django(tmp_path, "/data", *origins, "-H", "X-Tenant: 7", "--json", "-", kind=kind)
    assert done.returncode == 1, done.stderr
    said = [(p["findings"][0]["advice"] or "") for p in json.loads(done.stdout)["probes"]]
    last = code_of(said[-1])
    values: dict[str, Any] = {}
    exec(last, values)
    assert values["CORS_ALLOWED_ORIGINS"] == [PAGE, OTHER, NEW]
    # The default of django-cors-headers is kept, and the header added.
    assert {"authorization", "content-type", "X-Tenant"} <= set(values["CORS_ALLOW_HEADERS"])
    assert {"GET", "PUT", "DELETE"} <= set(values["CORS_ALLOW_METHODS"])
    assert values["CORS_EXPOSE_HEADERS"] == ["X-A"]
    assert values["CORS_PREFLIGHT_MAX_AGE"] == 77
    assert re.search(
        r"Verified on your application: the 3 requests pass, \d+ others still pass, unknown origins are still refused\.",
        said[-1],
    )
    # And pasted into the settings it does so.
    tmp_path.joinpath("project_settings.py").write_text(_SETTINGS.format(hosts='["*"]', cors=last))
    again = subprocess.run(done.args, capture_output=True, encoding="utf-8", cwd=ROOT, timeout=60, check=False)
    assert again.returncode == 0, again.stdout


@pytest.mark.parametrize("everyone", ["CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL"])
def test_django_is_told_what_to_switch_off(tmp_path: Path, everyone: str) -> None:
    """What is pasted after the old settings must not leave the site open to everyone, with cookies."""
    asked = ("/data", "--origin", PAGE, "--credentials", "include", "--json", "-")
    first = django(tmp_path, *asked, cors=f"{everyone} = True")
    pasted = f"{everyone} = True\n" + code_of(json.loads(first.stdout)["probes"][0]["findings"][0]["advice"])
    assert "CORS_ALLOW_CREDENTIALS = True" in pasted
    again = django(tmp_path, *asked, "--origin", "https://evil.example", cors=pasted)
    assert [p["verdict"] for p in json.loads(again.stdout)["probes"]] == ["allowed", "blocked"], pasted


def test_django_keeps_the_flags_of_patterns(tmp_path: Path) -> None:
    cors = 'import re\nCORS_ALLOWED_ORIGIN_REGEXES = [re.compile(r"https://APP[.]example[.]com$", re.I)]'
    done = django(tmp_path, "/data", "--origin", NEW, "--origin", PAGE, "--json", "-", cors=cors)
    said = json.loads(done.stdout)["probes"][0]["findings"][0]["advice"]
    again = django(tmp_path, "/data", "--origin", NEW, "--origin", PAGE, cors=code_of(said))
    assert again.returncode == 0, said


def test_django_refuses_the_host(tmp_path: Path) -> None:
    done = django(tmp_path, "/data?a=1", "--origin", PAGE, hosts='["api.example.com"]')
    assert (done.returncode, done.stdout) == (2, "")
    said = " ".join(done.stderr.split())
    assert "Django refuses the host app.localhost with a 400 (DisallowedHost)" in said
    assert "ALLOWED_HOSTS is ['api.example.com']" in said
    assert "Write the full URL instead of the path: https://api.example.com/data?a=1" in said
    done = django(tmp_path, "https://api.example.com/data?a=1", "--origin", PAGE, hosts='["api.example.com"]')
    assert done.returncode == 0, done.stdout + done.stderr


def test_starlette_refuses_the_host() -> None:
    app = fastapi(**SETTINGS)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["api.example.com"])
    with pytest.raises(ConfigError, match=r"refuses the host app\.localhost with a 400 .*: https://YOUR-HOST/data"):
        ask(app, probe())
    assert ask(app, Probe("https://api.example.com/data", PAGE)).verdict == "allowed"


def test_a_400_of_the_application_itself_is_a_result(tmp_path: Path) -> None:
    async def bad(request: Request) -> Response:
        return PlainTextResponse("no", status_code=400)

    app = Starlette(routes=[Route("/data", bad)])
    assert ask(app, probe()).verdict == "blocked"
    with pytest.raises(ConfigError), AppConversation(3, RunOptions()):
        pass


def test_what_would_let_strangers_in_is_said() -> None:
    """A layer that takes any setting for "everybody": what is printed says so instead of calling it verified."""

    class Careless(CORSMiddleware):
        def is_allowed_origin(self, origin: str) -> bool:
            return len(list(self.allow_origins)) > 1 or super().is_allowed_origin(origin)

    app = Careless(Starlette(routes=[Route("/data", page)]), allow_origins=[PAGE])
    said = advice(ask(app, probe(NEW)))
    assert "Tried on your application: the request passes" in said
    assert "but these origins can now read responses too: https://corscheck-" in said
    assert "Verified" not in said


def test_in_python() -> None:
    result = corscheck.probe("/data", origin=NEW, app=fastapi(**SETTINGS), diagnose=True)
    assert VERIFIED.search(advice(result))
    assert "Verified" not in advice(corscheck.probe("/data", origin=NEW, app=fastapi(**SETTINGS)))
