"""The applications that are audited: how each is wrong, and what must be found; and healthy ones that look odd."""

from __future__ import annotations

from dataclasses import dataclass, field

APP = "https://app.example.com"
LOGIN = {"cookies": "session=1"}


@dataclass(frozen=True)
class Case:
    """One application. ``finds`` are the findings above info, by code; ``remarks`` those of severity info.

    ``server`` is a name of ``servers.SERVERS``, ``path`` the target's, ``host`` its name if it is another one. ``how``
    says how it is made. ``note`` is what a note or an unstable line has to contain. ``more`` are fields of the plan.
    """

    server: str
    path: str
    how: str
    finds: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    note: str = ""
    more: dict[str, object] = field(default_factory=dict)
    scheme: str = "https"
    host: str = "api.example.com"

    @property
    def name(self) -> str:
        """What it is called in the table."""
        return f"{self.server} {self.path}" if self.path.count("/") == 1 else self.path.strip("/").split("/")[0]


def _wrong(server: str, path: str, how: str, *finds: str, **more: object) -> Case:
    severities = dict(found.split(" ") for found in finds)
    return Case(server, path if path.startswith("/") else f"/{path}/data", how, severities, **more)  # type: ignore[arg-type]


def _fine(server: str, path: str, how: str, **more: object) -> Case:
    return Case(server, path if path.startswith("/") else f"/{path}/data", how, **more)  # type: ignore[arg-type]


WRITE = {"remarks": ("CORS828",)}
"""Django and others allow PUT where no methods are listed."""
HEADERS = {"remarks": ("CORS829",)}
"""Flask-CORS, Koa, Hono and Litestar allow whatever header is asked for where none is listed."""
BOTH = {"remarks": ("CORS828", "CORS829")}

WRONG = (
    _wrong("asgi", "starlette-dot", "Starlette allow_origin_regex, dots not escaped", "CORS806 high"),
    _wrong("asgi", "starlette-open-end", "Starlette allow_origin_regex that ends in .*", "CORS803 high"),
    _wrong("asgi", "starlette-open-begin", "Starlette allow_origin_regex https://.*example\\.com", "CORS804 high"),
    _wrong("asgi", "starlette-subdomains", "Starlette allow_origin_regex https://.*\\.example\\.com", "CORS812 medium"),
    _wrong("asgi", "starlette-port", "Starlette allow_origin_regex with https? and any port", "CORS814 medium", "CORS815 low"),
    _wrong("asgi", "starlette-preview", "Starlette allow_origin_regex for preview deployments, app-*.vercel.app",
           "CORS811 high", more={"allowed": ("https://app.vercel.app",)}),
    _wrong("asgi", "starlette-own-http", "Starlette allow_origin_regex: its own name with https?", "CORS814 medium"),
    _wrong("asgi", "starlette-tld", "Starlette allow_origin_regex: any top-level domain", "CORS833 high"),
    _wrong("asgi", "starlette-pages", "Starlette allow_origin_regex: any name below pages.dev", "CORS811 high"),
    _wrong("asgi", "starlette-brand", "Starlette allow_origin_regex: example-*.vercel.app", "CORS811 high"),
    _wrong("asgi", "starlette-localhost", "Starlette allow_origin_regex http://localhost.*", "CORS817 high"),
    _wrong("asgi", "starlette-addresses", "Starlette allow_origin_regex: any IPv4 address", "CORS816 medium", "CORS834 high"),
    _wrong("asgi", "starlette-ports", "Starlette allow_origin_regex: two ports of localhost", "CORS816 medium"),
    _wrong("asgi", "fastapi-star", "FastAPI with * and allow_credentials",
           "CORS801 high"),
    _wrong("asgi", "fastapi-any", "FastAPI allow_origin_regex .*", "CORS801 high"),
    _wrong("asgi", "litestar-star", "Litestar with * and allow_credentials", "CORS801 high",
           remarks=("CORS826", "CORS829")),
    _wrong("asgi", "litestar-dot", "Litestar allow_origin_regex, dots not escaped", "CORS806 high", **HEADERS),
    _wrong("asgi", "hand-startswith", "by hand: startswith", "CORS803 high"),
    _wrong("asgi", "hand-endswith", "by hand: endswith", "CORS804 high"),
    _wrong("asgi", "hand-in", "by hand: the host in the origin", "CORS805 high"),
    _wrong("asgi", "hand-in-text", "by hand: the origin in one text with commas", "CORS807 high"),
    _wrong("asgi", "hand-null", "by hand: null on the list", "CORS802 high"),
    _wrong("asgi", "hand-localhost", "by hand: localhost:3000 on the list", "CORS816 medium"),
    _wrong("asgi", "hand-startswith-localhost", "by hand: startswith http://localhost", "CORS817 high"),
    _wrong("asgi", "hand-host", "by hand: hosts compared, neither scheme nor port", "CORS814 medium", "CORS815 low"),
    _wrong("asgi", "hand-private", "by hand: startswith http://192.168.", "CORS817 high"),
    _wrong("asgi", "hand-write", "by hand: only GET compares (--send always)", "CORS823 high", more={"send": "always"}),
    _wrong("asgi", "hand-cached", "by hand: exact, public for ten minutes, without Vary", "CORS822 medium"),
    _wrong("asgi", "login-outside", "the login answers everybody, the view is exact", "CORS825 low", more=LOGIN),
    _wrong("asgi", "login-inside", "everybody, behind a login", "CORS801 high", remarks=("CORS826",), more=LOGIN),
    _wrong("asgi", "star", "* at a name that leads into a private network (--resolve)", "CORS821 medium",
           host="intranet.example", scheme="http"),
    _wrong("asgi", "public", "everybody without credentials, at a name in a private network", "CORS801 medium",
           host="intranet.example", scheme="http"),
    _wrong("asgi", "/ws-open/ws", "FastAPI WebSocket that looks at the cookie alone", "CORS832 high", more=LOGIN, scheme="wss"),
    _wrong("asgi", "/ws-startswith/ws", "FastAPI WebSocket: startswith", "CORS832 high", more=LOGIN, scheme="wss"),
    _wrong("asgi-errors", "/data", "Starlette: the handler of 404 allows everybody", "CORS825 low"),
    _wrong("flask", "flask-default", "Flask-CORS without origins, with supports_credentials", "CORS801 high", **BOTH),
    _wrong("flask", "flask-pattern", "Flask-CORS pattern without an end", "CORS803 high", **HEADERS),
    _wrong("flask", "flask-glob", "Flask-CORS with https://*.example.com, which it reads as a pattern", "CORS806 high", **HEADERS),
    _wrong("flask", "flask-own", "Flask-CORS pattern of its own name, without an end", "CORS803 high", **HEADERS),
    _wrong("flask", "flask-list", "Flask-CORS list, one pattern with unescaped dots", "CORS806 high", **HEADERS),
    _wrong("flask", "flask-hand", "Flask by hand: what follows the first dot", "CORS812 medium", "CORS814 medium"),
    _wrong("aiohttp", "aiohttp-star", "aiohttp-cors * with allow_credentials", "CORS801 high"),
    _wrong("aiohttp", "aiohttp-hand", "aiohttp middleware that compares hosts", "CORS814 medium", "CORS815 low"),
    _wrong("django-all", "/data", "Django CORS_ALLOW_ALL_ORIGINS with credentials", "CORS801 high", **WRITE),
    _wrong("django-pattern", "/data", "Django CORS_ALLOWED_ORIGIN_REGEXES without an end", "CORS803 high"),
    _wrong("django-own", "/data", "Django CORS_ALLOWED_ORIGIN_REGEXES: own name and localhost without an end", "CORS803 high",
           "CORS817 high"),
    _wrong("node", "express-true", "Express cors({origin: true, credentials: true})", "CORS801 high"),
    _wrong("node", "express-open-begin", "Express pattern /example\\.com$/", "CORS804 high"),
    _wrong("node", "express-anywhere", "Express pattern /app\\.example\\.com/", "CORS805 high"),
    _wrong("node", "express-dot", "Express pattern with unescaped dots", "CORS806 high"),
    _wrong("node", "express-vercel", "Express function: any name below vercel.app", "CORS811 high"),
    _wrong("node", "express-nested", "Express pattern with several labels, --depth full", "CORS812 medium",
           more={"depth": "full"}),
    _wrong("node", "express-word", "Express pattern that ends in \\b", "CORS803 high"),
    _wrong("node", "express-own", "Express pattern of its own name, without an end", "CORS803 high"),
    _wrong("node", "express-loopback", "Express pattern /^http:\\/\\/127\\.0\\.0\\.1/", "CORS817 high"),
    _wrong("node", "express-netlify", "Express pattern for all deploys at Netlify", "CORS811 high"),
    _wrong("node", "express-team", "Express pattern for previews, shop-*-acme.vercel.app", "CORS811 high",
           more={"allowed": ("https://shop-git-main-acme.vercel.app",)}),
    _wrong("node", "koa-default", "Koa @koa/cors with credentials and no origin", "CORS801 high", **BOTH),
    _wrong("node", "koa-split", "Koa function: startswith, without the top-level domain", "CORS803 high", **HEADERS),
    _wrong("node", "hono-suffix", "Hono function: endsWith(\".com\")", "CORS810 high", **HEADERS),
    _wrong("node", "/ws", "Node.js WebSocket: the host's endsWith", "CORS832 high", more=LOGIN, scheme="wss"),
    _wrong("nginx", "nginx-if", "nginx if ($http_origin ~ \"app\\.example\\.com\")", "CORS805 high"),
    _wrong("nginx", "nginx-scheme", "nginx if with ^https?://", "CORS814 medium"),
    _wrong("nginx", "nginx-echo", "nginx add_header $http_origin", "CORS801 high"),
    _wrong("nginx", "nginx-map", "nginx map, pattern without an end", "CORS803 high"),
    _wrong("apache", "apache-www", "Apache SetEnvIf Origin \"^https?://(.+\\.)?example\\.com$\"",
           "CORS812 medium", "CORS814 medium"),
    _wrong("rack", "rack-dots", "rack-cors pattern with unescaped dots", "CORS806 high"),
    _wrong("rack", "rack-anywhere", "rack-cors pattern /example\\.com/", "CORS805 high"),
    _wrong("rack", "rack-own", "rack-cors pattern of its own name, without an end", "CORS803 high"),
    _wrong("rack", "rack-tld", "rack-cors pattern for any top-level domain", "CORS833 high"),
    _wrong("rack", "rack-render", "rack-cors pattern for any name below onrender.com", "CORS811 high"),
    _wrong("tomcat", "/data", "Tomcat CorsFilter with null on the list", "CORS802 high"),
)  # fmt: skip

FINE = (
    _fine("asgi", "slash", "echoes the Origin with a slash behind it"),
    _fine("asgi", "upper", "echoes the Origin in upper case"),
    _fine("asgi", "port-443", "echoes the Origin with :443"),
    _fine("asgi", "comma", "answers with a list, comma and the Origin"),
    _fine("asgi", "space", "answers with a list, space and the Origin"),
    _fine("asgi", "pattern", "answers with a literal https://*.example.com"),
    _fine("asgi", "star", "* for everybody, public"),
    _fine("asgi", "star-true", "* with credentials, which browsers refuse"),
    _fine("asgi", "static", "names the allowed origin to everybody"),
    _fine("asgi", "True", "echoes, with credentials True", remarks=("CORS801",)),
    _fine("asgi", "twice", "two Access-Control-Allow-Origin, one of them echoed"),
    _fine("asgi", "NULL", "answers NULL"),
    _fine("asgi", "public", "echoes without credentials: what * would be", remarks=("CORS801",)),
    _fine("asgi", "silent", "no CORS at all"),
    _fine("asgi", "broken", "a 500 for everything"),
    _fine("asgi", "slow", "takes its time"),
    _fine("asgi", "to-login", "redirects to a login", note="redirects to a login"),
    _fine("asgi", "to-elsewhere", "redirects to another site", note="redirects to another site"),
    _fine("asgi", "authors", "redirects below a path that only sounds like a login"),
    _fine("asgi", "401", "a 401 without CORS", note="the login's policy"),
    _fine("asgi", "firewall", "a firewall that refuses foreign origins with a 403"),
    _fine("asgi", "hand-preflight", "by hand: the preflight allows everybody, the request is exact", remarks=("CORS824",)),
    _fine("asgi", "hand-upper", "by hand: compares in lower case"),
    _fine("asgi", "hand-no-vary", "by hand: exact, without Vary, and not to be cached"),
    _fine("asgi", "starlette-subdomains", "subdomains are meant",
          more={"allowed": ("https://*.example.com", APP)}),
    _fine("asgi", "/moved/old", "a redirect allows everybody, its target is exact", remarks=("CORS827",)),
    _fine("asgi", "starlette-preloaded", "Starlette allow_origin_regex with https?, below .app",
          more={"allowed": ("https://app.example.app",)}),
    _fine("asgi", "starlette-exact-port", "Starlette, exact, on another port", more={"allowed": ("https://app.example.com:8443",)}),
    _fine("asgi", "starlette-exact", "Starlette, exact"),
    _fine("asgi", "fastapi-exact", "FastAPI, two exact origins"),
    _fine("asgi", "fastapi-public", "FastAPI with * and without credentials"),
    _fine("asgi", "litestar-exact", "Litestar, exact", **HEADERS),
    _fine("asgi", "login-inside", "a login that is not passed", note="the login's policy"),
    _fine("asgi", "/ws-exact/ws", "a WebSocket, exact", more=LOGIN, scheme="wss"),
    _fine("asgi", "/ws-public/ws", "a WebSocket for everybody, asked without credentials", remarks=("CORS832",), scheme="wss"),
    _fine("flask", "flask-exact", "Flask-CORS, exact", **HEADERS),
    _fine("flask", "flask-exact-no-vary", "Flask-CORS, exact, without Vary", **HEADERS),
    _fine("aiohttp", "aiohttp-exact", "aiohttp-cors, exact"),
    _fine("django-exact", "/data", "Django, exact"),
    _fine("node", "express-exact", "Express, two exact origins"),
    _fine("node", "express-string", "Express, one origin for everybody"),
    _fine("node", "koa-exact", "Koa, exact", **HEADERS),
    _fine("node", "hono-exact", "Hono, exact", **HEADERS),
    _fine("nginx", "nginx-exact", "nginx map, exact"),
    _fine("apache", "apache-exact", "Apache, anchored and escaped"),
    _fine("rack", "rack-exact", "rack-cors, exact"),
    _fine("tomcat", "/broken", "Tomcat, exact; a 500"),
)  # fmt: skip
