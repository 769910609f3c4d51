"""Servers that refuse in many forms, in memory: what ``test_variations.py`` puts together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.diagnosis.kit import APP, Asked, Reply, Server

OTHER = "https://other.example"
VARY = "Vary: Origin"
JSON = "Content-Type: application/json"
DATA = Reply(200, (JSON,))
SHARED = Reply(200, (JSON, f"Access-Control-Allow-Origin: {APP}", VARY))
GOOD = Reply(
    204,
    (
        f"Access-Control-Allow-Origin: {APP}",
        VARY,
        "Access-Control-Allow-Methods: GET, PUT",
        "Access-Control-Allow-Headers: content-type, authorization",
    ),
)
PUT: dict[str, Any] = {"method": "PUT"}
DELETE: dict[str, Any] = {"method": "DELETE"}
TENANT: dict[str, Any] = {"headers": (("X-Tenant", "7"),)}
TOKEN: dict[str, Any] = {"headers": (("Authorization", "Bearer secret"),)}
TYPED: dict[str, Any] = {"method": "POST", "headers": (("Content-Type", "application/json"),)}

ORIGIN, HEADERS, METHODS = "this origin is not allowed", "server's allowed headers", "server's allowed methods"
UNKNOWN, SETUP, LOGIN = f"does not allow {APP}", "Configure CORS", "outside authentication"
NO_OPTIONS, KNOWN = "here answers OPTIONS", "allows this origin"


@dataclass(frozen=True)
class Form:
    """``code`` is the first cause. ``says`` is in messages, advice or evidence; ``never`` in messages and advice."""

    name: str
    server: Server
    probe: dict[str, Any]
    code: str
    says: str = ""
    never: tuple[str, ...] = ()


def always(reply: Reply) -> Server:
    return lambda asked: reply


def both(preflight: Reply, actual: Reply) -> Server:
    return lambda asked: preflight if asked.method == "OPTIONS" else actual


def known(asked: Asked, *origins: str) -> bool:
    return asked.origin in origins


def origin_check(refusal: Reply, actual: Reply = DATA) -> Server:
    """A foreign Origin is refused with one answer, whatever is asked."""

    def server(asked: Asked) -> Reply:
        if asked.origin not in (None, OTHER):
            return refusal
        return Reply(405, ("Allow: GET, PUT",)) if asked.method == "OPTIONS" else actual

    return server


def layer(
    refusal: Reply,
    methods: tuple[str, ...] = ("GET", "PUT"),
    headers: tuple[str, ...] = ("content-type",),
    page: str = APP,
) -> Server:
    """A CORS layer that refuses a preflight with one answer, without any list; the URL takes ``methods``."""

    def server(asked: Asked) -> Reply:
        if asked.preflight:
            names = [n for n in asked.headers.get("access-control-request-headers", "").split(",") if n]
            method = asked.headers["access-control-request-method"]
            if not known(asked, page) or method not in methods or any(n not in headers for n in names):
                return refusal
            allowed = (f"Access-Control-Allow-Methods: {method}", f"Access-Control-Allow-Headers: {','.join(names)}")
            return Reply(204, (f"Access-Control-Allow-Origin: {asked.origin}", *allowed))
        if asked.method == "OPTIONS":
            return Reply(405)
        own = (f"Access-Control-Allow-Origin: {asked.origin}",) if known(asked, page) else ()
        return Reply(200 if asked.method in methods else 405, own)

    return server


def by_turns(asked: Asked) -> Reply:
    """aiohttp-cors: the method is looked at before the origin."""
    if asked.headers.get("access-control-request-method", "GET") != "GET":
        return Reply(403, (), "CORS preflight request failed: request method 'DELETE' is not allowed for that origin")
    if asked.preflight:
        return Reply(403, (), f"CORS preflight request failed: origin '{asked.origin}' is not allowed")
    return DATA


def every_part(asked: Asked) -> Reply:
    return Reply(400, (), "Disallowed CORS method, origin, headers") if asked.preflight else DATA


def login_first(refusal: Reply) -> Server:
    return lambda asked: refusal if "authorization" not in asked.headers else GOOD if asked.preflight else SHARED


def checked_by_mcp(asked: Asked) -> Reply:
    """The page's origin passes a check of Origin, but nothing knows CORS."""
    if asked.origin not in (None, APP):
        return Reply(403, (), "Invalid Origin header")
    return Reply(405) if asked.method == "OPTIONS" else DATA


def azure(asked: Asked) -> Reply:
    if asked.method == "OPTIONS" and asked.headers.get("access-control-request-method") != "GET":
        return Reply(403, (), "<Message>CORS not enabled or no matching rule found for this request.</Message>")
    return Reply(200, (f"Access-Control-Allow-Origin: {APP}", "Access-Control-Allow-Methods: GET"))


STACK = (
    "<pre>TypeError: query is not a function<br> &nbsp; at /srv/app.js:10:5<br> &nbsp; at cors "
    "(/srv/node_modules/cors/lib/index.js:188:7)<br> &nbsp; at origin (/srv/node_modules/cors/lib/index.js:230:9)</pre>"
)
PYTHON = "<pre>File \"/site-packages/flask_cors/extension.py\", line 178, in wrapped KeyError: 'x' not found</pre>"


def cloudflare(status: int, code: int, words: str) -> Reply:
    page = f'<div id="cf-error-details"><h1><span>Error</span><span>{code}</span></h1><h2>{words}</h2></div>'
    return Reply(status, ("Server: cloudflare",), page)


def falls_through(status: int, taken: str = "POST", page: str = OTHER) -> Server:
    """A layer that answers the preflights of its page; all else goes to the router, which takes one method, with Vary."""

    def server(asked: Asked) -> Reply:
        if asked.preflight and known(asked, page):
            return GOOD
        own = (f"Access-Control-Allow-Origin: {asked.origin}",) if known(asked, page) else ()
        return Reply(200 if asked.method == taken else status, (*own, VARY))

    return server


def as_rack_has_it(asked: Asked) -> Reply:
    """A refused preflight is bare; errors have Vary."""
    return Reply(200) if asked.preflight else Reply(200 if asked.method == "POST" else 405, (VARY,))


def as_spring_has_it(asked: Asked) -> Reply:
    """The page is known, with POST and one header; whatever else comes is refused by the same words."""
    refused = Reply(403, (VARY,), "Invalid CORS request")
    method = asked.headers.get("access-control-request-method", asked.method)
    names = asked.headers.get("access-control-request-headers", "content-type")
    if asked.origin is None:
        return Reply(405)
    return SHARED if known(asked, APP) and method == "POST" and names == "content-type" else refused
