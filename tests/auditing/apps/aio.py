"""aiohttp: aiohttp-cors, and a middleware by hand."""

from __future__ import annotations

import socket

import aiohttp_cors
from aiohttp import web
from yarl import URL

APP = "https://app.example.com"


async def data(request: web.Request) -> web.Response:
    return web.json_response({"secret": "of the visitor"})


def cors(*origins: str) -> web.Application:
    app = web.Application()
    options = aiohttp_cors.ResourceOptions(allow_credentials=True, expose_headers="*", allow_headers="*")
    setup = aiohttp_cors.setup(app, defaults=dict.fromkeys(origins, options))
    setup.add(app.router.add_get("/data", data))
    return app


@web.middleware
async def same_host(request: web.Request, handler: object) -> web.StreamResponse:
    """Compares hosts: neither scheme nor port."""
    response = await handler(request)  # type: ignore[operator]
    origin = request.headers.get("Origin", "")
    if URL(origin).host == "app.example.com":
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Vary"] = "Origin"
    return response


def by_hand() -> web.Application:
    app = web.Application(middlewares=[same_host])
    app.router.add_get("/data", data)
    return app


root = web.Application()
root.add_subapp("/aiohttp-star", cors("*"))
root.add_subapp("/aiohttp-exact", cors(APP))
root.add_subapp("/aiohttp-hand", by_hand())

if __name__ == "__main__":
    sock = socket.create_server(("127.0.0.1", 0))
    print(f"listening on http://127.0.0.1:{sock.getsockname()[1]}", flush=True)
    web.run_app(root, sock=sock, print=None)
