"""The first minutes of a newcomer: an app on :8000, a frontend on :3000, and what goes wrong first.

A transcript: each question, the line that is typed, the exit status, and the words that answer it. Nothing is typed that
the README, the guide or ``--help`` does not show. The causes are those that the applications below were built with.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.servers.uvicorn_app import UvicornApp

ROOT = Path(__file__).resolve().parents[2]
PAGE = "--origin http://localhost:3000"

PROBLEMS = """
from fastapi import FastAPI, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

slash, star, headers, login, crash = (FastAPI() for _ in range(5))
slash.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000/"])
star.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
headers.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"])
login.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"], allow_headers=["*"])
crash.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"])


@login.middleware("http")
async def needs_a_token(request: Request, call_next):
    if "authorization" not in request.headers:
        return JSONResponse({"detail": "a token is needed"}, 401)
    return await call_next(request)


async def data():
    return {"x": 1}


async def broken():
    raise RuntimeError("a bug")


async def socket(websocket: WebSocket):
    await websocket.accept()
    await websocket.close()


for application in (slash, star, headers, login, crash):
    application.add_api_route("/data", data, methods=["GET", "POST", "DELETE"])
    application.add_api_route("/broken", broken)
    application.add_api_websocket_route("/ws", socket)

app = headers
"""


class Answer(NamedTuple):
    """A line that is typed (``{app}`` is the base URL of that application), and what answers the question."""

    typed: str
    status: int
    words: tuple[str, ...]


QUESTIONS: dict[str, Answer] = {
    "why can the page not read it": Answer(
        f"probe {{fastapi_no_cors}}/data {PAGE}",
        1,
        ("BLOCKED", "CORS is not enabled here", "corscheck fix --for fastapi"),
    ),
    "what do I add": Answer(
        f"fix --for fastapi {{fastapi_no_cors}}/data {PAGE}",
        0,
        ("app.add_middleware(", "CORSMiddleware", 'allow_origins=["http://localhost:3000"]'),
    ),
    "does it work now": Answer(
        f"probe {{fastapi_cors}}/data {PAGE}",
        0,
        ("ALLOWED  The page can read this response", "not exposed", "Access-Control-Expose-Headers"),
    ),
    "without a server": Answer(f"probe --app fastapi_cors:app --app-dir examples /data {PAGE}", 0, ("ALLOWED",)),
    "production: my page": Answer(
        "probe {fastapi_production}/data --origin https://app.example.com --credentials include -X PUT -H 'X-Tenant: 7'",
        0,
        ("needed: method PUT, header x-tenant", "ALLOWED"),
    ),
    "production: no other page": Answer(
        "probe {fastapi_production}/data --origin https://evil.example --expect blocked",
        0,
        ("BLOCKED", "Expected blocked: it is."),
    ),
    "production: who is allowed": Answer(
        "audit {fastapi_production}/data --allowed-origin https://app.example.com --allowed-origin https://admin.example.com",
        0,
        ("PASSED",),
    ),
    "problem: a slash at the end": Answer(
        f"probe --app problems:slash --app-dir {{here}} /data {PAGE}",
        1,
        ("The server's list contains http://localhost:3000/, with a trailing slash", "Verified on your application"),
    ),
    "problem: * and cookies": Answer(
        f"probe --app problems:star --app-dir {{here}} /data {PAGE} --credentials include",
        1,
        ('"*" does not cover a request with credentials', "allow_credentials=True"),
    ),
    "problem: a header that is not allowed": Answer(
        f"probe {{problems}}/data {PAGE} -H 'X-Request-Id: 1'",
        1,
        ("The server refuses header x-request-id", 'allow_headers=[..., "X-Request-Id"]'),
    ),
    "problem: a method that is not allowed": Answer(
        f"probe {{problems}}/data {PAGE} -X DELETE",
        1,
        ("The server does not allow method DELETE", 'allow_methods=[..., "DELETE"]'),
    ),
    "problem: a 500 looks like CORS": Answer(
        f"probe {{problems}}/broken {PAGE}", 1, ("This 500 Internal Server Error has no CORS headers", "fix the error")
    ),
    "JWT: the preflight must pass": Answer(
        f"probe {{fastapi_cors}}/me {PAGE} -H 'Authorization: Bearer secret-token'",
        0,
        ("needed: header authorization", "ALLOWED"),
    ),
    "JWT: a wrong token is a 401 that can be read": Answer(
        f"probe {{fastapi_cors}}/me {PAGE} -H 'Authorization: Bearer wrong-token'", 0, ("ALLOWED (401)",)
    ),
    "JWT: login before CORS": Answer(
        f"probe --app problems:login --app-dir {{here}} /data {PAGE} -H 'Authorization: Bearer x-y-z'",
        1,
        ("authentication runs before CORS", "exempt OPTIONS"),
    ),
    "upload": Answer(
        f"probe {{fastapi_cors}}/upload {PAGE} -F file=@README.md",
        0,
        ("not needed: safelisted method and headers", "ALLOWED"),
    ),
    "a JSON POST": Answer(
        f"probe {{problems}}/data {PAGE} -X POST -H 'Content-Type: application/json' -d '{{{{}}}}'",
        1,
        ("header content-type", "The server does not allow method POST", 'allow_methods=[..., "POST"]'),
    ),
    "WebSocket: CORS does not apply": Answer(
        f"probe {{problems_ws}}/ws {PAGE}", 1, ("WebSockets are not subject to CORS", "corscheck audit ws://")
    ),
    "WebSocket: who may open it": Answer(
        "audit {problems_ws}/ws", 0, ("cross-site WebSocket hijacking", "Reject the handshake (403)")
    ),
    "the console's message": Answer(
        "explain \"Access to fetch at 'http://localhost:8000/data' from origin 'http://localhost:3000' has been blocked by"
        " CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.\"",
        0,
        ("corscheck probe http://localhost:8000/data --origin http://localhost:3000",),
    ),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The base URLs of the applications, and the directory of the problematic ones."""
    here = tmp_path_factory.mktemp("problems")
    (here / "problems.py").write_text(PROBLEMS)
    applications = {name: UvicornApp(name) for name in ("fastapi_no_cors", "fastapi_cors", "fastapi_production")}
    applications["problems"] = UvicornApp("problems", directory=str(here))
    try:
        for application in applications.values():
            application.launch()
        urls = {name: application.wait().url for name, application in applications.items()}
        yield {**urls, "problems_ws": urls["problems"].replace("http:", "ws:"), "here": str(here)}
    finally:
        for application in applications.values():
            application.stop()


def said(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a whole command in the checkout."""
    return subprocess.run(
        [sys.executable, "-m", "corscheck", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_within_a_minute(question: str, places: dict[str, str]) -> None:
    answer = QUESTIONS[question]
    begun = time.monotonic()
    done = said(*shlex.split(answer.typed.format(**places)))
    assert time.monotonic() - begun < 60
    assert done.returncode == answer.status, done.stdout + done.stderr
    # Text is wrapped at 80 columns: the words are looked for without its line ends.
    text = " ".join((done.stdout + done.stderr).split())
    for words in answer.words:
        assert " ".join(words.split()) in text, done.stdout + done.stderr


def test_no_fix_for_a_page_that_is_to_stay_blocked(places: dict[str, str]) -> None:
    url = f"{places['fastapi_production']}/data"
    done = said("probe", url, "--origin", "https://evil.example", "--expect", "blocked")
    assert (done.returncode, "  fix" in done.stdout) == (0, False)
    assert "  fix" in said("probe", url, "--origin", "https://evil.example").stdout


def test_a_test_of_the_application(tmp_path: Path) -> None:
    """TestClient sends no preflight of itself, and judges nothing; the fixture of the README does both."""
    (tmp_path / "problems.py").write_text(PROBLEMS)
    (tmp_path / "test_problems.py").write_text(
        "from problems import app\n"
        "def test_cors(cors):\n"
        '    cors(app).assert_allowed("/data", origin="http://localhost:3000")\n'
        '    cors(app).assert_blocked("/data", origin="https://evil.example")\n'
        "def test_delete(cors):\n"
        '    cors(app).assert_allowed("/data", origin="http://localhost:3000", method="DELETE")\n'
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert "The server does not allow method DELETE" in done.stdout


def test_nothing_is_typed_that_is_not_shown() -> None:
    commands = {answer.typed.split()[0] for answer in QUESTIONS.values()}
    shown = [(ROOT / "README.md").read_text("utf-8"), (ROOT / "examples/fastapi/README.md").read_text("utf-8")]
    shown += [said(command, "--help").stdout for command in sorted(commands)]
    everything = "\n".join(shown)
    for answer in QUESTIONS.values():
        for option in re.findall(r"(?<= )--?[A-Za-z][a-z-]*", answer.typed):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", everything), option
