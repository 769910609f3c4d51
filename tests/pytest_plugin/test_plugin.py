"""The pytest plugin as its users meet it: a pytest of its own in an empty project, its output read as it is printed."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.uvicorn_app import UvicornApp

ROOT = Path(__file__).resolve().parents[2]

APP = """
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["https://app.example.com"])
events = []

@app.get("/data")
async def data():
    return {"events": events}

@app.put("/data")
async def write():
    events.append("written")
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest with this plugin and the named ones, strict about warnings, whatever else is installed here."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(pytester.path)]))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("CI", raising=False)
    pytester.makepyfile(main=APP)
    # Starlette's own warning about the library below its test client is none of ours.
    pytester.makeini("[pytest]\nfilterwarnings =\n    error\n    ignore:Using .httpx. with .starlette.testclient.\n")

    def go(*arguments: str, plugins: tuple[str, ...] = ()) -> pytest.RunResult:
        named = [part for name in ("corscheck.pytest_plugin.hooks", *plugins) for part in ("-p", name)]
        return pytester.runpytest_subprocess(*named, "-p", "no:cacheprovider", *arguments)

    return go


def test_what_passes(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from starlette.testclient import TestClient
        from main import app, events

        def wsgi(environ, start_response):
            start_response("200 OK", [("Access-Control-Allow-Origin", "*")])
            return []

        def test_allowed(cors):
            result = cors(app).assert_allowed("/data", origin="https://app.example.com")
            assert result.verdict == "allowed" and result.url == "http://app.localhost/data"

        def test_blocked(cors):
            cors(app).assert_blocked("/data", origin="https://evil.example", because="CORS301")

        def test_what_changes_data_is_sent(cors):
            site = cors(wsgi)
            assert site.assert_allowed("/data", origin="null", method="POST", body="x").complete

        def test_preflight_sends_nothing_else(cors):
            result = cors(app).preflight("/data", origin="https://app.example.com", method="PUT")
            assert events == [] and result.verdict == "blocked"

        def test_beside_a_test_client(cors):
            with TestClient(app) as client:
                assert client.get("/data").json() == {"events": []}
                cors(client).assert_allowed("/data", origin="https://app.example.com")

        def test_a_factory(cors):
            cors(lambda: app).assert_allowed("data", origin="https://app.example.com")

        def test_another_engine(cors):
            cors(wsgi).assert_allowed("https://api.example.com/x", origin="null", engine="firefox")
        """
    )
    result = run()
    result.assert_outcomes(passed=7)


def test_a_failure_is_the_table_and_the_fix(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from main import app

        def test_frontend(cors):
            site = cors(app)
            site.assert_allowed("/data", origin="https://wrong.example")
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_frontend _*",
            "expected to be allowed: BLOCKED  GET http://app.localhost/data from https://wrong.example: *",
            "GET http://app.localhost/data",
            "> FAIL  Allow-Origin *",
            "BLOCKED  No Access-Control-Allow-Origin in the response (cors-check:2).",
            "  cause  The server has CORS enabled, but https://wrong.example is not an",
            "Replace your CORSMiddleware with this one, which keeps what it allows now:",
            "  app.add_middleware(",
            '      allow_origins=[[]"https://app.example.com", "https://wrong.example"],',
            "Verified on your application: the request passes, 2 others still pass, unknown origins are still refused.",
            "*test_a_failure_is_the_table_and_the_fix.py:5: in test_frontend",
            "FAILED *::test_frontend - Failed: expected to be allowed: BLOCKED *",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*def test_frontend*")
    result.stdout.no_fnmatch_line("*corscheck/plugin/*")


def test_other_failures(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from main import app

        def test_reason(cors):
            cors(app).assert_blocked("/data", origin="https://evil.example", because="CORS302")

        def test_open_door(cors):
            cors(app).assert_blocked("/data", origin="https://app.example.com")

        def test_hidden(cors):
            cors(app).assert_allowed("/data", origin="https://app.example.com", exposes=["X-Total"])

        def test_code(cors):
            cors(app).assert_blocked("/data", origin="https://evil.example", because="CORS999")

        def test_no_application(cors):
            cors("main:app")

        def test_none(cors):
            cors(None)

        def test_no_start(cors):
            async def broken(scope, receive, send):
                await send({"type": "lifespan.startup.failed", "message": "no database"})
            cors(broken)
        """
    )
    result = run()
    result.assert_outcomes(failed=7)
    result.stdout.fnmatch_lines(
        [
            "expected to be blocked because of CORS302, not of CORS301: BLOCKED *",
            "expected to be blocked: ALLOWED *",
            "the page must be able to read X-Total: ALLOWED *",
            '    expose_headers=[[]"X-Total"],',
            "*because='CORS999' is not a code*",
            "cors('main:app'): an application, or a base URL*",
            "app is neither an ASGI nor a WSGI application, but a NoneType",
            "the application failed while starting:",
            "no database",
        ]
    )
    result.stdout.no_fnmatch_line("*cors(None)*")  # one line, no traceback


def test_the_lifespan_ends_with_the_test(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        events = []

        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                for what in ("startup", "shutdown"):
                    await receive()
                    events.append(what)
                    await send({"type": f"lifespan.{what}.complete"})
                return
            events.append("asked")
            await send({"type": "http.response.start", "status": 200, "headers": [(b"Access-Control-Allow-Origin", b"*")]})
            await send({"type": "http.response.body"})

        def test_one(cors):
            site = cors(app)
            site.assert_allowed("/", origin="null")
            site.assert_allowed("/", origin="null")

        def test_two():
            assert events == ["startup", "asked", "asked", "shutdown"]
        """
    )
    run().assert_outcomes(passed=2)


def test_with_asyncio_and_xdist(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(
        """
        import asyncio, corscheck, pytest
        from main import app

        @pytest.mark.asyncio
        async def test_async(cors):
            cors(app).assert_allowed("/data", origin="https://app.example.com")
            result = await corscheck.aprobe("/data", origin="https://app.example.com", app=app)
            assert result.ok
            await asyncio.sleep(0)

        @pytest.mark.parametrize("number", range(4))
        def test_many(cors, number):
            cors(app).assert_blocked(f"/{number}", origin="https://evil.example")

        def test_fails(cors):
            cors(app).assert_allowed("/data", origin="https://evil.example")
        """
    )
    result = run("-n", "2", plugins=("xdist", "pytest_asyncio.plugin"))
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["> FAIL  Allow-Origin *", "*in test_fails"])


POLICY = """
base-url = "http://127.0.0.1:8000"

[[check]]
name = "the frontend reads"
urls = ["/data"]
origins = ["https://app.example.com"]

[[check]]
name = "everybody writes"
urls = ["/data"]
origins = ["https://app.example.com", "https://evil.example"]
methods = ["PUT"]

[[check]]
name = "other origins are blocked"
urls = ["/data"]
origins = ["https://evil.example"]
because = "CORS301"
"""


def test_a_policy_is_a_file_of_tests(run: Run, pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("corscheck.toml").write_text(POLICY)
    pytester.mkdir("tests").joinpath("test_nothing.py").write_text("def test_nothing(): pass\n")
    pytester.makeini("[pytest]\nfilterwarnings = error\ntestpaths = tests\n")
    run("-q").assert_outcomes(passed=1)
    result = run("--cors", "--cors-app", "main:app", "-v")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "corscheck: main:app is tested in process",
            "corscheck.toml::the frontend reads PASSED*",
            "corscheck.toml::everybody writes FAILED*",
            "corscheck.toml::other origins are blocked PASSED*",
            "2 of 2 not as expected: FAIL  BLOCKED *",
            "PUT http://127.0.0.1:8000/data",
            "> FAIL  *",
            "Replace your CORSMiddleware with this one, which keeps what it allows now:",
            '      allow_methods=[[]"GET", "PUT"],',
            (
                "Verified on your application: the preflights of the 2 requests pass, * still pass*, "
                "unknown origins are still refused."
            ),
            "*corscheck.toml:9: [[][[]check]] everybody writes",
            "FAILED corscheck.toml::everybody writes - *",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    spread = run("--cors", "--cors-app", "main:app", "-n", "2", plugins=("xdist",))
    spread.assert_outcomes(passed=3, failed=1)
    one = run("--cors", "--cors-app", "main:app", "corscheck.toml", "-k", "frontend")
    one.assert_outcomes(passed=1, deselected=2)


def test_what_is_wrong_with_a_policy(run: Run, pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("corscheck.toml").write_text('[[check]]\nnmae = "a"\n')
    result = run("--cors")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(['corscheck.toml:2: *nmae: no such key; did you mean "name"*'])
    result.stdout.no_fnmatch_line("*Traceback*")
    pytester.path.joinpath("corscheck.toml").write_text(POLICY)
    result = run("--cors", "--cors-app", "nowhere:app", "-k", "reads")
    result.stdout.fnmatch_lines(["*there is no module 'nowhere'*"])


def test_over_a_server(run: Run, pytester: pytest.Pytester) -> None:
    with UvicornApp("main", directory=str(pytester.path)) as server:
        pytester.makepyfile(
            f"""
            def test_server(cors):
                site = cors("{server.url}")
                assert site.assert_allowed("/data", origin="https://app.example.com").complete
                # To a server nothing is sent that may change data, unless somebody says so.
                result = site.assert_blocked("/data", origin="https://app.example.com", method="PUT")
                assert [e.kind for e in result.exchanges] == ["preflight"]
            """
        )
        pytester.path.joinpath("corscheck.toml").write_text(POLICY)
        result = run("--cors", "--cors-base-url", server.url, "-k", "reads or server or other")
        result.assert_outcomes(passed=3, deselected=1)


def test_the_example(run: Run, pytester: pytest.Pytester) -> None:
    for name in ("test_cors.py", "fastapi_production.py"):
        pytester.path.joinpath(name).write_text((ROOT / "examples" / name).read_text("utf-8"), "utf-8")
    run("test_cors.py").assert_outcomes(passed=9)


def test_the_readme(run: Run, pytester: pytest.Pytester) -> None:
    """Its test passes on the production example and, with a wrong origin, fails with the table and the fix."""
    section = (ROOT / "examples" / "fastapi" / "README.md").read_text("utf-8").partition("## In your tests\n")[2]
    block = section.partition("```python\n")[2].partition("```")[0]
    assert len(block.strip().splitlines()) == 8
    pytester.path.joinpath("main.py").write_text((ROOT / "examples/fastapi_production.py").read_text("utf-8"), "utf-8")
    test = pytester.path / "test_readme.py"
    test.write_text(block)
    run().assert_outcomes(passed=1)
    test.write_text(block.replace("app.example.com", "wrong.example.com"))
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "> FAIL  Allow-Origin *",
            "Replace your CORSMiddleware with this one, which keeps what it allows now:",
            "      allow_credentials=True,",
            "Verified on your application: the request passes, *",
        ]
    )


def test_the_entry_point_and_what_it_imports() -> None:
    """pytest imports the plugin whenever corscheck is installed: that must cost next to nothing."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pytest11"]
    assert declared == {"corscheck": "corscheck.pytest_plugin.hooks"}
    assert importlib.import_module(declared["corscheck"]).cors is not None
    code = """
import pytest, sys
before = set(sys.modules)
import corscheck.pytest_plugin.hooks
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert done.stdout.split() == [
        "corscheck",
        "corscheck._version",
        "corscheck.pytest_plugin",
        "corscheck.pytest_plugin.hooks",
    ]
