"""The servers of the misconfigured and of the healthy applications: one process for each framework, many policies in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.servers.frameworks import Framework, FrameworkServer, NodeFramework
from tests.servers.proxy_frameworks import PROXIES, ProxyServer
from tests.servers.rack import RACK
from tests.servers.targets import Server, Target
from tests.servers.tomcat import TOMCAT

APPS = Path(__file__).with_name("apps")

_UVICORN = ("-m", "uvicorn", "--port", "0", "--log-level", "info")
_DJANGO = """
SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["api.example.com"]
ROOT_URLCONF = "app"
INSTALLED_APPS = ["django.contrib.contenttypes", "corsheaders"]
MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", "django.middleware.common.CommonMiddleware"]
CORS_ALLOW_CREDENTIALS = True
"""


def _text(name: str) -> str:
    return (APPS / name).read_text("utf-8")


def _python(name: str, *command: str, packages: tuple[str, ...]) -> Framework:
    return Framework(lambda _: {"app.py": _text(name)}, command, packages)


_DJANGO_SITE = Framework(
    lambda settings: {"app.py": _text("django_site.py"), "project_settings.py": f"{_DJANGO}{settings}\n"},
    ("app.py",),
    ("django", "corsheaders"),
)
_ASGI = ("starlette", "fastapi", "litestar", "uvicorn", "websockets")

SERVERS: dict[str, tuple[Target, str]] = {
    # name: what runs, and what is pasted into it
    "asgi": (_python("asgi.py", *_UVICORN, "app:app", packages=_ASGI), ""),
    "asgi-errors": (_python("asgi.py", *_UVICORN, "app:errors", packages=_ASGI), ""),
    "flask": (_python("wsgi.py", "app.py", packages=("flask", "flask-cors")), ""),
    "aiohttp": (_python("aio.py", "app.py", packages=("aiohttp", "aiohttp-cors")), ""),
    "django-all": (_DJANGO_SITE, "CORS_ALLOW_ALL_ORIGINS = True"),
    "django-pattern": (_DJANGO_SITE, 'CORS_ALLOWED_ORIGIN_REGEXES = [r"https://\\w+\\.example\\.com"]'),
    "django-own": (
        _DJANGO_SITE,
        'CORS_ALLOWED_ORIGIN_REGEXES = [r"^https://api\\.example\\.com", r"^https://app\\.example\\.com$", r"^https://localhost"]',
    ),
    "django-exact": (_DJANGO_SITE, 'CORS_ALLOWED_ORIGINS = ["https://app.example.com"]'),
    "node": (
        NodeFramework(
            lambda _: {"app.mjs": _text("node.mjs")}, ("app.mjs",),
            ("express", "cors", "koa", "@koa/cors", "hono", "@hono/node-server"),
        ),
        "",
    ),
    "nginx": (replace(PROXIES["nginx"], template=_text("nginx.conf")), ""),
    "apache": (replace(PROXIES["apache"], template=_text("apache.conf")), ""),
    "rack": (replace(RACK, files=lambda _: {"config.ru": _text("config.ru")}), ""),
    "tomcat": (TOMCAT, _text("web.xml")),
}  # fmt: skip


def server_of(name: str) -> Server:
    """One of them, not started yet."""
    target, pasted = SERVERS[name]
    return FrameworkServer(target, pasted) if isinstance(target, Framework) else ProxyServer(target)
