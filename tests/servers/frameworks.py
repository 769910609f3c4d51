"""Web frameworks as they are, each with the same small application, in a process of its own on a free port.

An application is a module written for the occasion: the same before and after, but for the text that ``corscheck fix``
printed, which goes in unchanged where that text says. It answers GET, PUT and PATCH on ``/data`` (with an
``X-Total-Count``), fails on ``/broken`` by an unhandled exception, and knows no other path.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.servers import node_frameworks

_HEADERS = '{"X-Total-Count": "2"}'

_FASTAPI = f"""
from fastapi import FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()


@app.api_route("/data", methods=["GET", "PUT", "PATCH"])
def data():
    return JSONResponse([1, 2], headers={_HEADERS})


@app.get("/broken")
def broken():
    raise RuntimeError("broken")

"""

_STARLETTE = f"""
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


def data(request):
    return JSONResponse([1, 2], headers={_HEADERS})


def broken(request):
    raise RuntimeError("broken")


app = Starlette(routes=[Route("/data", data, methods=["GET", "PUT", "PATCH"]), Route("/broken", broken)])

"""

_LITESTAR = f"""
from litestar import Litestar, Response, get, route

FIX

@route("/data", http_method=["GET", "PUT", "PATCH"], status_code=200, sync_to_thread=False)
def data() -> Response:
    return Response([1, 2], headers={_HEADERS})


@get("/broken", sync_to_thread=False)
def broken() -> None:
    raise RuntimeError("broken")


app = Litestar([data, broken]ARGUMENT)
"""

_FLASK = f"""
from flask import Flask, jsonify

app = Flask(__name__)

FIX

@app.route("/data", methods=["GET", "PUT", "PATCH"])
def data():
    return jsonify([1, 2]), 200, {_HEADERS}


@app.get("/broken")
def broken():
    raise RuntimeError("broken")
"""

_DJANGO_SETTINGS = """
SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "app"
INSTALLED_APPS = ["django.contrib.contenttypes"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]

FIX
"""

_DJANGO = f"""
import os
from wsgiref.simple_server import make_server

from django.http import JsonResponse
from django.urls import path
from django.views.decorators.http import require_http_methods


@require_http_methods(["GET", "PUT", "PATCH"])
def data(request):
    return JsonResponse([1, 2], safe=False, headers={_HEADERS})


@require_http_methods(["GET"])
def broken(request):
    raise RuntimeError("broken")


urlpatterns = [path("data", data), path("broken", broken)]

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "project_settings"
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    call_command("check", fail_level="WARNING")
    with make_server("127.0.0.1", 0, application) as server:
        print(f"listening on http://127.0.0.1:{{server.server_port}}", flush=True)
        server.serve_forever()
"""

_AIOHTTP = f"""
import socket

from aiohttp import web


async def data(request):
    return web.json_response([1, 2], headers={_HEADERS})


async def missing(request):
    raise web.HTTPNotFound


async def broken(request):
    raise RuntimeError("broken")


app = web.Application()
app.router.add_get("/data", data)
app.router.add_put("/data", data)
app.router.add_patch("/data", data)
app.router.add_get("/raises", missing)
app.router.add_get("/broken", broken)

FIX

if __name__ == "__main__":
    sock = socket.create_server(("127.0.0.1", 0))
    print(f"listening on http://127.0.0.1:{{sock.getsockname()[1]}}", flush=True)
    web.run_app(app, sock=sock, print=None)
"""


def _at_the_mark(template: str) -> Callable[[str], dict[str, str]]:
    return lambda fix: {"app.py": template.replace("FIX\n", f"{fix}\n")}


def _litestar(fix: str) -> dict[str, str]:
    # What the text says to do with what it defines.
    argument = "cors_config=cors_config"
    assert not fix or f"{argument})" in " ".join(fix.replace("#", " ").split())
    return {"app.py": _LITESTAR.replace("FIX\n", f"{fix}\n").replace("ARGUMENT", f", {argument}" if fix else "")}


@dataclass(frozen=True)
class Framework:
    """How to write the application with (or, for "", without) what was printed, and how to run it."""

    files: Callable[[str], dict[str, str]]
    command: tuple[str, ...]
    packages: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed here."""
        return [name for name in self.packages if importlib.util.find_spec(name.replace("-", "_")) is None]

    @property
    def versions(self) -> dict[str, str]:
        """What is installed: the version by the package's name as it is published."""
        published = importlib.metadata.packages_distributions()
        names = [published[name.replace("-", "_")][0] for name in self.packages]
        return {name: importlib.metadata.version(name) for name in names}

    def argv(self) -> list[str]:
        """The command line that runs it in its folder."""
        return [sys.executable, *self.command]

    def prepare(self, directory: Path) -> None:
        """What its folder needs beside the files."""


@dataclass(frozen=True)
class NodeFramework(Framework):
    """A framework of Node.js: an ES module beside a link to what npm has installed."""

    @property
    def missing(self) -> list[str]:
        return [] if node_frameworks.node() is not None else ["node 20 or newer, with npm"]

    @property
    def versions(self) -> dict[str, str]:
        return {name: node_frameworks.version(name) for name in self.packages}

    def argv(self) -> list[str]:
        return [node_frameworks.node() or "node", *self.command]

    def prepare(self, directory: Path) -> None:
        (directory / "node_modules").symlink_to(node_frameworks.modules(), target_is_directory=True)


def _node(template: str, packages: tuple[str, ...]) -> NodeFramework:
    return NodeFramework(lambda fix: {"app.mjs": template.replace("FIX\n", f"{fix}\n")}, ("app.mjs",), packages)


_UVICORN = ("-m", "uvicorn", "app:app", "--port", "0")

FRAMEWORKS = {
    "aiohttp": Framework(_at_the_mark(_AIOHTTP), ("app.py",), ("aiohttp", "aiohttp-cors")),
    "django": Framework(
        lambda fix: {"app.py": _DJANGO, "project_settings.py": _DJANGO_SETTINGS.replace("FIX\n", f"{fix}\n")},
        ("app.py",),
        ("django", "corsheaders"),
    ),
    "fastapi": Framework(lambda fix: {"app.py": _FASTAPI + fix}, _UVICORN, ("fastapi", "uvicorn")),
    "flask": Framework(
        _at_the_mark(_FLASK), ("-m", "flask", "--app", "app", "run", "--port", "0"), ("flask", "flask-cors")
    ),
    "litestar": Framework(_litestar, _UVICORN, ("litestar", "uvicorn")),
    "starlette": Framework(lambda fix: {"app.py": _STARLETTE + fix}, _UVICORN, ("starlette", "uvicorn")),
    **{name: _node(template, packages) for name, (template, packages) in node_frameworks.APPLICATIONS.items()},
}

_LISTENING = re.compile(
    rb"(?:[Ll]istening|[Rr]unning) on http://127\.0\.0\.1:([0-9]+)|Starting ProtocolHandler .*-127\.0\.0\.1-auto-1-([0-9]+)"
)


class FrameworkServer:
    """A context manager around one such process; ``launch`` several before the first ``wait``.

    ``url`` is the base URL without a slash.
    """

    def __init__(self, framework: Framework, fix: str = "") -> None:
        self.url = ""
        self._framework = framework
        self._fix = fix
        self._directory = tempfile.TemporaryDirectory(prefix="corscheck-framework-")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - stop() closes it
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> FrameworkServer:
        """Start without waiting."""
        for name, text in self._framework.files(self._fix).items():
            path = Path(self._directory.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self._framework.prepare(Path(self._directory.name))
        self._process = subprocess.Popen(
            self._framework.argv(),
            cwd=self._directory.name,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"},
        )
        return self

    def wait(self, seconds: float = 30) -> FrameworkServer:
        """Until the log says where it listens."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = _LISTENING.search(self.log())
            if found is not None:
                self.url = f"http://127.0.0.1:{(found[1] or found[2]).decode()}"
                return self
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        text = self.log().decode(errors="replace")
        self.stop()
        raise RuntimeError(f"{self._framework.command} did not start:\n{text}")

    def log(self) -> bytes:
        """What it has printed so far."""
        return os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0)

    def stop(self) -> None:
        """Stop it, and only it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self._log.close()
        self._directory.cleanup()

    def __enter__(self) -> FrameworkServer:
        return self.launch().wait()

    def __exit__(self, *exc: object) -> None:
        self.stop()
