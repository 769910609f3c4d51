"""``corscheck probe --app`` without a URL: what an application claims, and what probes make of each claim."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Header
from fastapi.security import HTTPBearer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

from corscheck.runner.app import AppConversation
from corscheck.runner.options import RunOptions
from corscheck.sources.app.claims import AppOperation, Claim, read
from corscheck.sources.app.failing import failing_route
from corscheck.sources.app.questions import Questions, lookalikes, matching

ROOT = Path(__file__).resolve().parents[2]
PAGE = "https://app.example.com"


def verify(spelled: str, *more: str, directory: str | Path = "examples") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "corscheck", "probe", "--app", spelled, "--app-dir", str(directory), *more],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "80"},
        timeout=60,
    )


# The three examples: an exit status, and lines that must be there as they stand.

EXAMPLES = {
    "fastapi_no_cors": (
        1,
        """
It has no CORSMiddleware: pages of other origins cannot read its responses.
  all 3                         BLOCKED !      BLOCKED
  FAIL  Origins: there is no CORSMiddleware, so that no page elsewhere can use
""",
    ),
    "fastapi_cors": (
        1,
        """
  allow_origins       http://localhost:3000
  allow_methods       GET, POST, PUT
  allow_credentials   False
  max_age             600 s
http://localhost:3000, an allowed origin
  GET /data                     allowed        BLOCKED
  PUT /data with x-tenant       BLOCKED !      BLOCKED
  GET /me with authorization    allowed (401)  BLOCKED
https://elsewhere.example, a stranger
  all 3                         BLOCKED        BLOCKED
null, a sandboxed frame or a local file
  404   GET /corscheck-no-such-page: the page can read it
  500   an unhandled exception: BLOCKED, the page sees a CORS error and no
  note  Cookies: fetch() with credentials: "include" is blocked, since
  FAIL  Headers: operations take x-tenant, which the preflight refuses.
  ok    Preflight cache: Chromium for 600 s and Firefox for 600 s.
  ok    * with credentials: strangers get nothing, with or without cookies.
""",
    ),
    "fastapi_production": (
        0,
        """
  allow_origins       https://app.example.com, https://admin.example.com
  expose_headers      X-Total-Count
  PUT /data with x-tenant       allowed*       allowed*
  GET /me with authorization    allowed (401)  allowed (401)
https://admin.example.com, an allowed origin
  all 4                         BLOCKED        BLOCKED
  ok    Cookies: fetch() with credentials: "include" can read the response.
""",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_told_apart(name: str) -> None:
    status, lines = EXAMPLES[name]
    done = verify(f"{name}:app")
    assert done.returncode == status, done.stdout + done.stderr
    # The widths of the columns are rich's matter.
    shown = [re.sub(" {2,}", "  ", line) for line in done.stdout.splitlines()]
    wanted = [re.sub(" {2,}", "  ", line) for line in lines.strip("\n").splitlines()]
    assert [line for line in wanted if line not in shown] == []
    if status == 0:
        assert "FAIL" not in done.stdout


def test_an_origin_narrows_it() -> None:
    done = verify("fastapi_production:app", "--origin", "https://admin.example.com", "--json", "-")
    probes = json.loads(done.stdout)["probes"]
    # And a stranger, without and with cookies, for each operation, whatever is asked about.
    strangers = [p for p in probes if p["origin"] != "https://admin.example.com"]
    assert done.returncode == 0
    assert {(p["origin"], p["expected"]) for p in strangers} == {("https://elsewhere.example", "blocked")}
    assert Counter(p["credentials"] for p in strangers) == {"same-origin": 4, "include": 4}
    done = verify("fastapi_production:app", "--origin", "https://evil.example")
    assert (done.returncode, "https://evil.example\n" in done.stdout) == (1, True)
    done = verify("fastapi_production:app", "--origin", "https://evil.example", "--expect", "blocked", "-q")
    assert "BLOCKED  GET http://app.localhost/data from https://evil.example" in done.stdout


def test_what_may_change_data_is_sent_only_when_asked_for() -> None:
    def sent(*more: str) -> set[str]:
        probes = json.loads(verify("fastapi_production:app", "--json", "-", *more).stdout)["probes"]
        return {e["request"]["method"] for p in probes for e in p["exchanges"] if not e["held_back"]}

    assert sent() == {"GET", "OPTIONS"}
    assert sent("--send", "always") == {"GET", "OPTIONS", "POST", "PUT", "DELETE"}


def test_the_422_of_a_body_that_is_none() -> None:
    done = verify("fastapi_production:app", "--send", "always")
    assert "  422   PUT /data, a body that is not JSON: the page can read it" in done.stdout.splitlines()


# Other configurations, asked through the questions themselves.


def page(request: Any) -> PlainTextResponse:
    return PlainTextResponse("here")


def starlette(**parameters: Any) -> Starlette:
    return Starlette(routes=[Route("/data", page)], middleware=[Middleware(CORSMiddleware, **parameters)])


def results(app: Any, **more: Any) -> tuple[Questions, dict[tuple[str, str, str], Any]]:
    """What came of each question, by topic, row and origin."""
    reading = read(app)
    assert reading is not None
    questions = Questions(reading, **more)
    with failing_route(reading.inner), AppConversation(app, RunOptions()) as conversation:
        found = {(q.topic, q.row, q.probe.origin): conversation.ask(q.probe) for q in questions.asked}
    return questions, found


def unexpected(found: dict[tuple[str, str, str], Any]) -> set[tuple[str, str, str]]:
    return {key for key, result in found.items() if not result.passed}


def test_a_wildcard_with_credentials_reflects_every_page() -> None:
    _, found = results(starlette(allow_origins=["*"], allow_credentials=True))
    stranger = ("cookies", "GET /data", "https://elsewhere.example")
    assert found[stranger].verdict == "allowed"
    assert stranger in unexpected(found)
    assert ("cookies", "GET /data", "null") in unexpected(found)


def test_a_wildcard_without_credentials_is_as_claimed() -> None:
    _, found = results(starlette(allow_origins=["*"]))
    assert found["plain", "GET /data", "https://elsewhere.example"].verdict == "allowed"
    assert found["cookies", "GET /data", "https://elsewhere.example"].verdict == "blocked"
    assert unexpected(found) == set()


def test_around_the_application_the_500_can_be_read() -> None:
    inner = Starlette(routes=[Route("/data", page)])
    app = CORSMiddleware(inner, allow_origins=[PAGE], allow_headers=["X-A"], expose_headers=["X-B"], max_age=5)
    reading = read(app)
    assert reading is not None
    claim = reading.claim
    assert claim is not None
    assert (claim.around, claim.allow_origins, claim.max_age, claim.expose_headers) == (True, (PAGE,), 5, ("X-B",))
    _, found = results(app)
    assert found["error", "500 an unhandled exception", PAGE].verdict == "allowed"
    assert unexpected(found) == set()


def test_the_route_that_fails_is_gone_afterwards() -> None:
    app = starlette(allow_origins=[PAGE])
    before = list(app.router.routes)
    results(app)
    assert app.router.routes == before


REGEXES = {
    r"https://.*\.example\.com": "https://app.example.com",
    r"https://[a-z0-9-]+\.example\.com(:\d+)?": "https://app.example.com:8000",
    r"^https?://localhost:\d+$": "https://localhost:8000",
    r"https://(app|admin)\.example\.com": "https://app.example.com",
    r"(?i)HTTPS://[": None,
    r"chrome-extension://\p": None,
}


@pytest.mark.parametrize("regex", REGEXES)
def test_a_page_for_a_regular_expression(regex: str) -> None:
    assert matching(regex) == REGEXES[regex]


def test_a_regular_expression_is_asked_for_a_page_it_matches() -> None:
    questions, found = results(starlette(allow_origin_regex=r"https://.*\.example\.com"))
    assert questions.listed == ("https://app.example.com",)
    assert unexpected(found) == set()


LOOSE = {
    r"https?://.*myapp.com": "https://elsewheremyapp.com",
    r"https://app.myapp.com": "https://appxmyapp.com",
    r"https://.*": "https://elsewhere.example",
    r".*": "https://elsewhere.example",
    r"https://app\.myapp\.com.*": None,
    r"https?://.*\.myapp\.com": "",
    r"https://(.*\.)?myapp\.com": "",
    r"^https?://localhost:\d+$": "",
    r"https://(app|admin)\.example\.com": "",
    r"https://[a-z0-9-]+\.example\.com(:\d+)?": "",
    r"(": "",
}
"""Patterns, with an origin of somebody else's that each matches; empty for none, None for some origin."""


@pytest.mark.parametrize("regex", LOOSE)
def test_patterns_that_match_a_domain_of_somebody_else(regex: str) -> None:
    found = lookalikes(regex)
    expected = LOOSE[regex]
    assert bool(found) is (expected != "")
    assert not expected or found[0] == expected
    assert all(re.fullmatch(regex, origin) for origin in found)


def test_a_look_alike_is_a_fault_and_no_allowed_origin() -> None:
    questions, found = results(starlette(allow_origin_regex=r"https?://.*myapp.com", allow_credentials=True))
    assert questions.listed == ("https://app.myapp.com",)
    alike = ("cookies", "GET /data", "https://elsewheremyapp.com")
    assert (found[alike].verdict, found[alike].expected) == ("allowed", "blocked")
    assert alike in unexpected(found)


OPEN = """
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
app = FastAPI()
app.get("/data")(lambda: 1)
app.add_middleware(CORSMiddleware, {parameters})
"""


def verified(tmp_path: Path, parameters: str, *more: str) -> tuple[int, str]:
    """Exit status and output for a FastAPI with these parameters, as one line of words."""
    tmp_path.joinpath("open_app.py").write_text(OPEN.format(parameters=parameters))
    done = verify("open_app:app", *more, directory=tmp_path)
    return done.returncode, " ".join(done.stdout.split())


def test_an_open_door_is_found_whatever_origin_is_asked_about(tmp_path: Path) -> None:
    status, said = verified(tmp_path, 'allow_origins=["*"], allow_credentials=True', "--origin", PAGE)
    assert status == 1
    assert "FAIL * with credentials: any origin is reflected as soon as a cookie is present" in said
    assert "none with cookies" not in said
    status, said = verified(tmp_path, 'allow_origins=["*"]', "--origin", PAGE)
    assert status == 0
    assert "every page may read, none with cookies" in said


def test_a_mounted_application_with_other_settings_is_found(tmp_path: Path) -> None:
    """The settings of the outer layer do not hold there, with and without an origin on the command line."""
    (tmp_path / "mounted.py").write_text(
        "from fastapi import FastAPI\n"
        "from fastapi.middleware.cors import CORSMiddleware\n"
        "app, api = FastAPI(), FastAPI()\n"
        f'app.add_middleware(CORSMiddleware, allow_origins=["{PAGE}"])\n'
        'api.add_middleware(CORSMiddleware, allow_origins=["*"])\n'
        "@api.get('/items')\n"
        "def items(): return []\n"
        "app.mount('/api', api)\n"
    )
    for more in ((), ("--origin", PAGE)):
        done = verify("mounted:app", *more, directory=tmp_path)
        said = " ".join(done.stdout.split())
        assert done.returncode == 1
        assert "FAIL Strangers: without cookies, any page can read GET http://app.localhost/api/items." in said
        assert "strangers get nothing" not in said


def test_a_loose_pattern_is_reported(tmp_path: Path) -> None:
    for more in ((), ("--origin", "https://app.myapp.com")):
        status, said = verified(tmp_path, r'allow_origin_regex=r"https?://.*myapp.com"', *more)
        assert ("any origin is reflected" in said, "https://appmyapp.com" in said) == (False, False)
        assert status == 1
    _, said = verified(tmp_path, r'allow_origin_regex=r"https?://.*myapp.com", allow_credentials=True')
    assert "also matches https://elsewheremyapp.com, whose domain anybody can register" in said
    assert "https://elsewheremyapp.com, a stranger that allow_origin_regex matches" in said


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        (
            f'allow_origins=["{PAGE}"], allow_headers=["Authorization,User-Agent"]',
            """allow_headers has 'Authorization,User-Agent', which the middleware takes for one name.
            Write allow_headers=["Authorization", "User-Agent"].""",
        ),
        (
            'allow_origins="http://localhost:3000"',
            """allow_origins is the string 'http://localhost:3000', not a list, and the middleware reads it as a text in
            which every part counts. Write allow_origins=["http://localhost:3000"].""",
        ),
        (
            f'allow_origins=["{PAGE}"], allow_headers="X-Tenant"',
            """allow_headers is the string 'X-Tenant', not a list, and the middleware reads it letter by letter.
            Write allow_headers=["X-Tenant"].""",
        ),
        (
            f'allow_origins=["{PAGE}"], allow_methods=["GET, PUT"]',
            """allow_methods has 'GET, PUT', which the middleware takes for one name.
            Write allow_methods=["GET", "PUT"].""",
        ),
    ],
)
def test_lists_that_are_none(tmp_path: Path, parameters: str, fault: str) -> None:
    assert f"FAIL Settings: {' '.join(fault.split())}" in verified(tmp_path, parameters)[1]


def test_a_wildcard_as_a_string_is_a_wildcard(tmp_path: Path) -> None:
    _, said = verified(tmp_path, 'allow_origins="*", allow_methods="*", allow_headers="*"')
    assert "Settings:" not in said


def test_a_login_outside_of_the_middleware_refuses_no_header(tmp_path: Path) -> None:
    """Its 401 to the preflight lists no header, and that says nothing about any."""
    text = OPEN.format(parameters=f'allow_origins=["{PAGE}"], allow_headers=["X-Tenant"]')
    text += """
from fastapi import Header
from starlette.responses import PlainTextResponse
app.get("/tenant")(lambda x_tenant=Header(): 1)

@app.middleware("http")
async def login(request, call_next):
    return PlainTextResponse("who are you?", 401)
"""
    tmp_path.joinpath("login_app.py").write_text(text)
    done = verify("login_app:app", directory=tmp_path)
    said = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert "refuses" not in said
    assert "is refused" not in said
    assert "corscheck fix" not in said
    assert "401" in said


def test_the_fix_of_an_application_is_tried_on_it() -> None:
    done = verify("fastapi_cors:app")
    said = " ".join(done.stdout.split())
    assert 'allow_origins=["http://localhost:3000"], allow_methods=["GET", "POST", "PUT"],' in said
    assert 'allow_headers=["Authorization", "x-tenant"],' in said
    assert (
        "Verified on your application: its preflight passes, 6 others still pass, unknown origins are still refused."
        in said
    )


def test_entries_that_no_page_can_match() -> None:
    reading = read(starlette(allow_origins=["https://app.example.com/", PAGE, "*.example.com"]))
    assert reading is not None
    questions = Questions(reading)
    assert questions.listed == (PAGE,)
    slash, star = questions.unusable
    assert "ends in a slash" in slash
    assert "'*.example.com'" in star


def test_what_is_read_of_fastapi() -> None:
    app = FastAPI()

    @app.get("/items/{item_id}", dependencies=[Depends(HTTPBearer())])
    def item(item_id: int, q: str, x_tenant: str = Header()) -> None: ...

    @app.websocket("/ws")
    async def ws(socket: Any) -> None: ...

    sub = FastAPI()
    sub.add_middleware(CORSMiddleware, allow_origins=[PAGE])

    @sub.post("/notes")
    def notes(text: dict[str, str]) -> None: ...

    app.mount("/sub", sub)
    reading = read(app)
    assert reading is not None
    assert reading.operations == (
        AppOperation(
            "GET",
            "/items/{item_id}",
            "/items/1?q=a",
            ("x-tenant", "authorization"),
            wrong="/items/1",
        ),
        AppOperation("POST", "/sub/notes", "/sub/notes", json=True),
    )
    assert reading.claims == (Claim(allow_origins=(PAGE,), prefix="/sub"),)
    assert reading.claim is None


def test_what_is_read_of_starlette() -> None:
    inner = [Route("/b/{name}", page, methods=["PUT"]), WebSocketRoute("/ws", page)]
    reading = read(Starlette(routes=[Route("/a/{n:int}", page), Mount("/m", routes=inner)]))
    assert reading is not None
    assert (reading.framework, reading.claims) == ("Starlette", ())
    assert reading.operations == (
        AppOperation("GET", "/a/{n:int}", "/a/1"),
        AppOperation("PUT", "/m/b/{name}", "/m/b/name"),
    )


def test_a_schema_that_cannot_be_made_leaves_the_routes() -> None:
    app = FastAPI()
    app.get("/data")(lambda: None)
    app.openapi = lambda: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    reading = read(app)
    assert reading is not None
    assert [(o.method, o.path) for o in reading.operations] == [("GET", "/data")]


def test_500_operations_take_less_than_three_seconds() -> None:
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=[PAGE], allow_methods=["GET", "PUT"])
    for number in range(250):
        app.get(f"/items/{number}")(lambda: {"a": 1})
        app.put(f"/items/{number}")(lambda: {"a": 1})
    reading = read(app)
    assert reading is not None
    questions = Questions(reading, origins=[PAGE])
    plain = [q.probe for q in questions.asked if q.topic == "plain" and q.probe.origin == PAGE]
    assert len(plain) == 500
    # Of that many, a stranger is asked about one.
    assert len([q for q in questions.asked if q.probe.origin != PAGE]) == 2
    before = time.process_time()
    with AppConversation(app, RunOptions()) as conversation:
        verdicts = {conversation.ask(probe).verdict for probe in plain}
    assert verdicts == {"allowed"}
    # The processor's time, so that a machine that is busy otherwise does not decide.
    assert time.process_time() - before < 3
