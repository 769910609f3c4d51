"""Starlette, FastAPI and Litestar as people set them up, each policy under a path of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import FastAPI, WebSocket
from litestar import Litestar, get
from litestar.config.cors import CORSConfig
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute

APP = "https://app.example.com"
LISTED = "https://app.example.com,https://admin.example.com"
SECRET = {"secret": "of the visitor"}
TRUE = {"Access-Control-Allow-Credentials": "true"}
Headers = dict[str, str]


async def data(request: Request) -> Response:
    return JSONResponse(SECRET)


def starlette(**options: object) -> CORSMiddleware:
    inner = Starlette(routes=[Route("/data", data, methods=["GET", "PUT"])])
    return CORSMiddleware(inner, **{"allow_credentials": True, "allow_methods": ["GET"], **options})  # type: ignore[arg-type]


def fastapi(**options: object) -> FastAPI:
    app = FastAPI()
    app.add_middleware(CORSMiddleware, **{"allow_credentials": True, **options})  # type: ignore[arg-type]

    @app.get("/data")
    def me() -> dict[str, str]:
        return SECRET

    return app


def litestar(**options: object) -> Litestar:
    @get("/data", sync_to_thread=False)
    def me() -> dict[str, str]:
        return SECRET

    return Litestar([me], cors_config=CORSConfig(**{"allow_credentials": True, **options}))  # type: ignore[arg-type]


def by_hand(allows: Callable[[str, Request], bool], *, cache: str | None = None, vary: bool = True) -> Route:
    """A view that does it itself: compares, and echoes."""

    async def view(request: Request) -> Response:
        origin = request.headers.get("origin", "")
        headers = {"Vary": "Origin"} if vary else {}
        if cache is not None:
            headers["Cache-Control"] = cache
        if origin and allows(origin, request):
            headers |= {"Access-Control-Allow-Origin": origin, **TRUE}
            if request.method == "OPTIONS":
                headers |= {"Access-Control-Allow-Methods": "GET, PUT"}
        return JSONResponse(SECRET, headers=headers)

    return Route("/data", view, methods=["GET", "PUT", "POST", "DELETE", "OPTIONS"])


def hand(allows: Callable[[str], bool], **more: object) -> Starlette:
    return Starlette(routes=[by_hand(lambda origin, _: allows(origin), **more)])  # type: ignore[arg-type]


def answers(make: Callable[[str], tuple[tuple[str, str], ...]], *, status: int = 200, wait: float = 0.0) -> Starlette:
    """A view whose header lines are these, whatever is asked."""

    async def view(request: Request) -> Response:
        await asyncio.sleep(wait)
        response = JSONResponse(SECRET, status_code=status)
        for name, value in make(request.headers.get("origin", "")):
            response.headers.append(name, value)
        return response

    return Starlette(routes=[Route("/data", view, methods=["GET", "PUT", "OPTIONS"])])


def acao(form: str, credentials: str | None = "true") -> Starlette:
    """One Access-Control-Allow-Origin, made of the Origin."""
    more = () if credentials is None else (("Access-Control-Allow-Credentials", credentials),)
    return answers(lambda o: (("Access-Control-Allow-Origin", form.format(o=o, upper=o.upper())), *more) if o else more)


def host_of(origin: str) -> str:
    return urlsplit(origin).hostname or ""


# ---------------------------------------------------------------- what is more than a comparison


async def _everybody_on_errors(request: Request, error: Exception) -> Response:
    headers = {"Access-Control-Allow-Origin": request.headers.get("origin", ""), **TRUE}
    return JSONResponse({"detail": "not here"}, status_code=404, headers=headers)


async def _moved(request: Request) -> Response:
    headers = {"Access-Control-Allow-Origin": request.headers.get("origin", ""), **TRUE, "Vary": "Origin"}
    return RedirectResponse("/moved/data", status_code=301, headers=headers)


def moved() -> Starlette:
    strict = by_hand(lambda origin, _: origin == APP)
    return Starlette(routes=[Route("/old", _moved, methods=["GET", "OPTIONS"]), strict])


def redirect(to: str, status: int = 302) -> Starlette:
    async def view(request: Request) -> Response:
        return RedirectResponse(to, status_code=status)

    return Starlette(routes=[Route("/data", view, methods=["GET", "PUT", "OPTIONS"])])


async def _logged_out(request: Request) -> Response:
    """Behind a login: the policy's headers are set by what comes behind it."""
    if "session" not in request.cookies:
        return JSONResponse({"detail": "log in"}, status_code=401)
    reflected = request.headers.get("origin", "")
    return JSONResponse(SECRET, headers={"Access-Control-Allow-Origin": reflected, **TRUE} if reflected else {})


async def _outside_the_login(request: Request) -> Response:
    """The login answers everybody, the view is exact."""
    origin = request.headers.get("origin", "")
    logged_in = "session" in request.cookies
    if origin and (not logged_in or origin == APP):
        headers = {"Access-Control-Allow-Origin": origin, **TRUE, "Vary": "Origin"}
    else:
        headers = {"Vary": "Origin"}
    return JSONResponse(SECRET if logged_in else {}, status_code=200 if logged_in else 401, headers=headers)


async def _firewall(request: Request) -> Response:
    """Lets pass what looks usual, as far as a firewall can tell."""
    if request.headers.get("origin") not in (None, APP):
        return Response("Request blocked", status_code=403)
    return JSONResponse(SECRET, headers={"Access-Control-Allow-Origin": APP, **TRUE, "Vary": "Origin"})


# ---------------------------------------------------------------- WebSockets


def socket(allows: Callable[[str], bool], *, login: bool = True) -> WebSocketRoute:
    async def endpoint(websocket: WebSocket) -> None:
        if not allows(websocket.headers.get("origin", "")) or (login and "session" not in websocket.cookies):
            await websocket.close(1008)
            return
        await websocket.accept()
        await websocket.send_text("secret of the visitor")
        await websocket.close()

    return WebSocketRoute("/ws", endpoint)


def sockets(allows: Callable[[str], bool], *, login: bool = True) -> Starlette:
    return Starlette(routes=[socket(allows, login=login)])


POLICIES: dict[str, object] = {
    # Starlette compares the whole origin with the pattern; these are patterns that people write.
    "starlette-dot": starlette(allow_origin_regex="https://app.example.com"),
    "starlette-open-end": starlette(allow_origin_regex=r"https://app\.example\.com.*"),
    "starlette-open-begin": starlette(allow_origin_regex=r"https://.*example\.com"),
    "starlette-subdomains": starlette(allow_origin_regex=r"https://.*\.example\.com"),
    "starlette-port": starlette(allow_origin_regex=r"https?://app\.example\.com(:\d+)?"),
    "starlette-preview": starlette(allow_origin_regex=r"https://app-[a-z]+\.vercel\.app|https://app\.vercel\.app"),
    "starlette-own-http": starlette(allow_origin_regex=r"https?://api\.example\.com|https://app\.example\.com"),
    "starlette-tld": starlette(allow_origin_regex=r"https://app\.example\.[a-z]{2,3}"),
    "starlette-pages": starlette(allow_origin_regex=r"https://app\.example\.com|https://[a-z0-9-]+\.pages\.dev"),
    "starlette-brand": starlette(
        allow_origin_regex=r"https://app\.example\.com|https://example-[a-z0-9-]+\.vercel\.app"
    ),
    "starlette-localhost": starlette(allow_origin_regex=r"https://app\.example\.com|http://localhost.*"),
    "starlette-addresses": starlette(allow_origin_regex=r"https://app\.example\.com|http://\d+\.\d+\.\d+\.\d+(:\d+)?"),
    "starlette-ports": starlette(allow_origin_regex=r"https://app\.example\.com|http://localhost:(5173|4200)"),
    "starlette-preloaded": starlette(allow_origin_regex=r"https?://app\.example\.app"),
    "starlette-exact-port": starlette(allow_origin_regex=r"https://app\.example\.com:8443"),
    "starlette-exact": starlette(allow_origins=[APP]),
    "fastapi-star": fastapi(allow_origins=["*"]),
    "fastapi-any": fastapi(allow_origin_regex=".*"),
    "fastapi-exact": fastapi(allow_origins=[APP, "https://admin.example.com"]),
    "fastapi-public": fastapi(allow_origins=["*"], allow_credentials=False),
    "litestar-star": litestar(allow_origins=["*"]),
    "litestar-dot": litestar(allow_origins=[], allow_origin_regex="https://app.example.com"),
    "litestar-exact": litestar(allow_origins=[APP]),
    "hand-startswith": hand(lambda o: o.startswith(APP)),
    "hand-endswith": hand(lambda o: o.endswith("example.com")),
    "hand-in": hand(lambda o: "app.example.com" in o),
    "hand-in-text": hand(lambda o: o in LISTED),
    "hand-null": hand(lambda o: o in (APP, "null")),
    "hand-localhost": hand(lambda o: o in (APP, "http://localhost:3000")),
    "hand-startswith-localhost": hand(lambda o: o == APP or o.startswith("http://localhost")),
    "hand-host": hand(lambda o: host_of(o) == "app.example.com"),
    "hand-private": hand(lambda o: o == APP or o.startswith("http://192.168.")),
    "hand-upper": hand(lambda o: o.lower() == APP),
    "hand-write": Starlette(routes=[by_hand(lambda o, r: o == APP or r.method != "GET")]),
    "hand-preflight": Starlette(routes=[by_hand(lambda o, r: o == APP or r.method == "OPTIONS")]),
    "hand-cached": hand(lambda o: o == APP, cache="public, max-age=600", vary=False),
    "hand-no-vary": hand(lambda o: o == APP, vary=False),
    "moved": moved(),
    "login-outside": Starlette(routes=[Route("/data", _outside_the_login)]),
    "login-inside": Starlette(routes=[Route("/data", _logged_out)]),
    "slash": acao("{o}/"),
    "upper": acao("{upper}"),
    "port-443": acao("{o}:443"),
    "comma": acao(f"{APP}, {{o}}"),
    "space": acao(f"{APP} {{o}}"),
    "pattern": acao("https://*.example.com"),
    "star": acao("*", None),
    "star-true": acao("*"),
    "static": acao(APP),
    "True": acao("{o}", "True"),
    "twice": answers(lambda o: tuple(("Access-Control-Allow-Origin", v) for v in (APP, o)) + tuple(TRUE.items())),
    "NULL": acao("NULL"),
    "public": acao("{o}", None),
    "silent": answers(lambda o: ()),
    "broken": answers(lambda o: (), status=500),
    "slow": answers(lambda o: (("Access-Control-Allow-Origin", APP),) if o == APP else (), wait=0.05),
    "to-login": redirect("https://login.example.com/oauth2/authorize?client_id=1"),
    "to-elsewhere": redirect("https://other.example.org/data"),
    "authors": redirect("/authors/page/"),
    "401": answers(lambda o: (), status=401),
    "firewall": Starlette(routes=[Route("/data", _firewall, methods=["GET", "PUT", "OPTIONS"])]),
    "ws-open": sockets(lambda o: True),
    "ws-startswith": sockets(lambda o: o.startswith(APP)),
    "ws-exact": sockets(lambda o: o == APP),
    "ws-public": sockets(lambda o: True, login=False),
}

# An error page is at any path, so that this policy needs a server of its own.
errors = Starlette(
    routes=[by_hand(lambda origin, _: origin == APP)],
    exception_handlers={404: _everybody_on_errors},
)
app = Starlette(routes=[Mount(f"/{name}", app=policy) for name, policy in POLICIES.items()])  # type: ignore[arg-type]
