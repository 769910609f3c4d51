"""Servers that refuse in their own ways, beside those that ``corscheck fix`` writes for: each allows one origin.

An Express application whose callback throws, python-socketio, an MCP server that checks Host and Origin, and frameworks
behind a proxy that ends TLS, of which they do not know.
"""

from __future__ import annotations

from tests.servers.frameworks import Framework, NodeFramework

_UVICORN = ("-m", "uvicorn", "app:app", "--port", "0", "--no-proxy-headers")

_EXPRESS = """
import cors from "cors";
import express from "express";
const app = express();
const known = ["https://app.example"];
const origin = (value, done) => {
  if (!value || known.includes(value)) done(null, true);
  else done(new Error("Not allowed by CORS"));
};
app.use(cors({ origin, credentials: true }));
ERRORS
app.all("/data", (req, res) => res.json([1, 2]));
HANDLER
const server = app.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
"""

_AS_JSON = """
app.use((error, req, res, next) => res.status(500).json({ error: "internal" }));
"""

_SOCKETIO = """
import socketio

server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins=["https://app.example"])
app = socketio.ASGIApp(server)
"""

_MCP = """
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

server = MCPServer("tests")


@server.tool()
def add(a: int, b: int) -> int:
    return a + b


security = TransportSecuritySettings(allowed_hosts=["127.0.0.1:*"], allowed_origins=["https://app.example"])
app = server.streamable_http_app(transport_security=security, json_response=True, stateless_http=True)
"""

_DJANGO = """
import os
from wsgiref.simple_server import make_server

from django.http import JsonResponse
from django.urls import path


def data(request):
    return JsonResponse([1, 2], safe=False)


urlpatterns = [path("data/", data)]

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "project_settings"
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    with make_server("127.0.0.1", 0, application) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
"""

_DJANGO_SETTINGS = """
SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["127.0.0.1", "api.example", "www.api.example"]
ROOT_URLCONF = "app"
INSTALLED_APPS = ["corsheaders"]
MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
CORS_ALLOWED_ORIGINS = ["https://app.example"]
# The proxy sends X-Forwarded-Proto; SECURE_PROXY_SSL_HEADER, which would read it, is missing.
SETTING
"""

_DJANGO_MIDDLEWARE = """
from django.http import HttpResponsePermanentRedirect


def absolute_slash(get_response):
    # Many projects have one such: it names the URL in full, with the scheme that Django takes for its own.
    def middleware(request):
        if request.path.endswith("/"):
            return get_response(request)
        return HttpResponsePermanentRedirect(request.build_absolute_uri(f"{request.path}/"))

    return middleware
"""

_FASTAPI = """
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["https://app.example"], allow_methods=["GET", "PUT"])


@app.api_route("/data/", methods=["GET", "PUT"])
def data():
    return [1, 2]
"""


def _node(handler: str) -> NodeFramework:
    text = _EXPRESS.replace("ERRORS\n", "").replace("HANDLER\n", handler)
    return NodeFramework(lambda fix: {"app.mjs": text}, ("app.mjs",), ("express", "cors"))


def _django(setting: str) -> Framework:
    files = {
        "app.py": _DJANGO,
        "own_middleware.py": _DJANGO_MIDDLEWARE,
        "project_settings.py": _DJANGO_SETTINGS.replace("SETTING", setting),
    }
    return Framework(lambda fix: files, ("app.py",), ("django", "corsheaders"))


REFUSING = {
    "express, callback error": _node(""),
    "express, callback error as JSON": _node(_AS_JSON),
    "python-socketio": Framework(lambda fix: {"app.py": _SOCKETIO}, _UVICORN, ("socketio", "uvicorn")),
    "mcp": Framework(lambda fix: {"app.py": _MCP}, _UVICORN, ("mcp", "uvicorn")),
    "fastapi behind TLS": Framework(lambda fix: {"app.py": _FASTAPI}, _UVICORN, ("fastapi", "uvicorn")),
    "django behind TLS": _django('MIDDLEWARE += ["own_middleware.absolute_slash"]'),
    "django behind TLS, redirects to https": _django("SECURE_SSL_REDIRECT = True"),
    "django behind TLS, www": _django("PREPEND_WWW = True"),
}
"""By name."""
