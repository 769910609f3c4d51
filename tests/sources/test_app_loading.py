"""What ``--app`` may mean, and what is said of what it cannot mean or of code that fails. Run as people run it."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corscheck.model.values import ConfigError
from corscheck.sources.app.loading import interface, wrapped

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "https://app.example.com"

ANSWER = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    headers = [(b"Access-Control-Allow-Origin", b"*")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body"})
"""


def probe(directory: Path, source: str, spelled: str = "main:app", *more: str) -> subprocess.CompletedProcess[str]:
    """``corscheck probe --app`` in a directory whose ``main.py`` is this."""
    (directory / "main.py").write_text(source, "utf-8")
    arguments = more or ("/data", "--origin", ORIGIN, "-q")
    return subprocess.run(
        [sys.executable, "-m", "corscheck", "probe", "--app", spelled, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
    )


LIFE = """
async def life(receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    raise RuntimeError("the pool does not close")
"""

WORKS = {
    "an application": ("main:app", ANSWER),
    "a factory that is called": ("main:make()", f"{ANSWER}\ndef make():\n    return app\n"),
    "a factory by its name alone": ("main:make", f"{ANSWER}\ndef make(debug=False):\n    return app\n"),
    "an attribute of an attribute": ("main:Site.app", f"{ANSWER}\nclass Site:\n    app = staticmethod(app)\n"),
    "prints while it is imported, started and asked": (
        "main:app",
        f"print('hello')\n{ANSWER.replace('assert', 'print(scope); assert')}",
    ),
    "prints to a handle it took": (
        "main:app",
        f"import sys\nout = sys.stdout\n{ANSWER.replace('assert', 'out.write(str(scope)); assert')}",
    ),
}


@pytest.mark.parametrize("case", WORKS)
def test_what_may_be_meant(tmp_path: Path, case: str) -> None:
    spelled, source = WORKS[case]
    done = probe(tmp_path, source, spelled)
    assert (done.returncode, done.stdout) == (0, f"ALLOWED  GET http://app.localhost/data from {ORIGIN}\n"), done.stderr


def test_processes_that_an_application_forks_while_it_is_imported_may_exit(tmp_path: Path) -> None:
    forks = "import os\npid = os.fork()\nif not pid: os._exit(7)\nassert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7\n"
    done = probe(tmp_path, forks + ANSWER, "main:app")
    assert done.returncode == 0, done.stderr


NOT_STARTING = """
async def app(scope, receive, send):
    await send({"type": "lifespan.startup.failed", "message": "no database"})
"""

COMPLAINTS = {
    "no attribute named": ("main", ANSWER, "write MODULE:ATTRIBUTE"),
    "no such module": ("other:app", ANSWER, "--app other:app: there is no module 'other' here (--app-dir"),
    "no such attribute": ("main:application", ANSWER, "main has no attribute 'application'"),
    "no application": ("main:app", "app = 7", "neither an ASGI nor a WSGI application, but a int"),
    "a factory with arguments": ("main:make()", "def make(settings): ...", "TypeError: make() missing 1 required"),
    "an import that fails": (
        "main:app",
        "import json\n\njson.loads('nonsense')",
        "failed while it was imported; this is its own traceback:\nTraceback (most recent call last):\n  File ",
    ),
    "an import of what is not installed": (
        "main:app",
        "import not_installed_anywhere",
        "No module named 'not_installed_anywhere'",
    ),
    "a syntax error": ("main:app", "def app(:", "SyntaxError"),
    "SystemExit at import": ("main:app", "raise SystemExit('set DATABASE_URL')", "SystemExit: set DATABASE_URL"),
    "os._exit at import": ("main:app", "import os\nos._exit(0)", "SystemExit: os._exit(0) was called"),
    "os._exit in a factory": (
        "main:make()",
        "import os\ndef make(): os._exit(3)",
        "SystemExit: os._exit(3) was called",
    ),
    "sys.exit(0) at import": ("main:app", "import sys\nsys.exit(0)", "SystemExit: 0"),
    "a startup that fails": (
        "main:app",
        NOT_STARTING,
        "the application failed while starting:\nno database",
    ),
}


@pytest.mark.parametrize("case", COMPLAINTS)
def test_what_is_complained_of(tmp_path: Path, case: str) -> None:
    spelled, source, words = COMPLAINTS[case]
    done = probe(tmp_path, source, spelled)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert words in done.stderr
    assert "corscheck/" not in done.stderr.replace(str(tmp_path), ""), "none of our frames"
    assert "importlib" not in done.stderr


TOGETHER = {
    "via": (("/data", "--origin", ORIGIN, "--via", "http://127.0.0.1:1"), "no network in between for --via"),
    "a proxy": (("/data", "--origin", ORIGIN, "-x", "http://127.0.0.1:1"), "network options"),
    "a browser": (("/data", "--origin", ORIGIN, "--in-browser", "chromium"), "needs a server"),
    "curl": (("/data", "--origin", ORIGIN, "--print-curl"), "--print-curl has no use"),
    "a method without a URL": (("-X", "PUT"), "-X needs a URL"),
    "no directory": (("/data", "--origin", ORIGIN, "--app-dir", "elsewhere"), "--app-dir elsewhere: there is no such"),
    "nothing to read": ((), "main:app (builtins.function, ASGI) has neither routes nor a CORSMiddleware"),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_what_cannot_be_had_together(tmp_path: Path, case: str) -> None:
    more, words = TOGETHER[case]
    done = probe(tmp_path, ANSWER, "main:app", *(more or ("--color", "never")))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert words in done.stderr


def test_a_shutdown_that_fails_is_said_and_the_verdict_stands(tmp_path: Path) -> None:
    first = "if scope['type'] != 'http': return await life(receive, send)\n    assert"
    source = ANSWER.replace("assert", first) + LIFE
    done = probe(tmp_path, source)
    assert (done.returncode, done.stdout[:7]) == (0, "ALLOWED")
    assert "the application failed while stopping" in done.stderr
    assert "RuntimeError: the pool does not close" in done.stderr


def test_a_redirect_out_of_the_application(tmp_path: Path) -> None:
    source = ANSWER.replace('b"*")', 'b"*"), (b"Location", b"https://login.example/")').replace("200", "302")
    done = probe(tmp_path, source)
    assert (done.returncode, "INCONCLUSIVE" in done.stdout) == (3, True)
    assert "https://login.example is not the application" in done.stdout


def three(scope: object, receive: object, send: object) -> None: ...
def two(environ: object, start_response: object) -> None: ...
async def coroutine(scope: object, receive: object, send: object) -> None: ...


class ByClass:
    async def __call__(self, scope: object, receive: object, send: object) -> None: ...


class Old:
    def __call__(self, environ: object, start_response: object) -> None: ...


INTERFACES = {
    "a function of three": (three, "asgi"),
    "a coroutine function": (coroutine, "asgi"),
    "an object": (ByClass(), "asgi"),
    "a partial": (functools.partial(coroutine), "asgi"),
    "a method": (ByClass().__call__, "asgi"),
    "a function of two": (two, "wsgi"),
    "an object of two": (Old(), "wsgi"),
    "a partial of two": (functools.partial(two), "wsgi"),
    "a function of one": (len, None),
    "no callable": (7, None),
}


@pytest.mark.parametrize("case", INTERFACES)
def test_interface(case: str) -> None:
    app, expected = INTERFACES[case]
    assert interface(app) == expected


def test_an_object_that_is_no_application() -> None:
    with pytest.raises(ConfigError, match="neither an ASGI nor a WSGI application, but a dict"):
        wrapped({})
    assert wrapped(lambda: two).interface == "wsgi"
