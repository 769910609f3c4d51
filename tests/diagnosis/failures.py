"""The twenty most common failures (and neighbours of theirs): how each server answers, and what is wrong with it.

Signals and causes come from the field guide that the issue tracker's reports were gathered in, not from what corscheck
says. ``{page}`` in an expected text is the page's origin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.diagnosis.kit import Asked, Reply, Server

PAGE = "https://app.example"
ALLOW = f"Access-Control-Allow-Origin: {PAGE}"
VARY = "Vary: Origin"
TRUE = "Access-Control-Allow-Credentials: true"
METHODS = "Access-Control-Allow-Methods: GET, PUT"
HEADERS = "Access-Control-Allow-Headers: content-type, authorization"
LISTS = (ALLOW, VARY, METHODS, HEADERS, "Access-Control-Max-Age: 600")
GOOD = Reply(204, LISTS)
DATA = Reply(200, (ALLOW, VARY))
TOKEN = (("Authorization", "Bearer secret"),)


@dataclass(frozen=True)
class Failure:
    """``number`` is that of the field guide. ``says`` must be in the first finding's message or advice."""

    number: int
    name: str
    code: str
    server: Server
    probe: dict[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    verdict: str = "blocked"

    def wire(self, asked: Asked) -> bytes:
        """The answer as bytes."""
        reply = self.server(asked)
        assert isinstance(reply, Reply)
        return reply.wire()


def both(preflight: Reply, actual: Reply) -> Server:
    """A server that answers OPTIONS with one thing and the rest with another."""
    return lambda asked: preflight if asked.method == "OPTIONS" else actual


def always(reply: Reply) -> Server:
    return lambda asked: reply


def _slash(asked: Asked) -> Reply:
    if not urlsplit(asked.url).path.endswith("/"):
        return Reply(307, (f"Location: {asked.url}/",))
    return GOOD if asked.preflight else DATA


def _https(asked: Asked) -> Reply:
    return Reply(301, (f"Location: https{asked.url.removeprefix('http')}",))


def _login(asked: Asked) -> Reply:
    if "/login" in asked.url:
        return Reply(200, ("Content-Type: text/html",))
    return Reply(302, (ALLOW, f"Location: {asked.url.replace('127.0.0.1', 'localhost')}/login?next=/"))


def _cached(asked: Asked) -> Reply:
    if "corscheck=" in asked.url:
        return Reply(200, (f"Access-Control-Allow-Origin: {asked.origin}", "X-Cache: MISS"))
    return Reply(200, ("Access-Control-Allow-Origin: https://other.example", "X-Cache: HIT", "Age: 120"))


def _cached_without(asked: Asked) -> Reply:
    if "corscheck=" in asked.url:
        return Reply(200, (f"Access-Control-Allow-Origin: {asked.origin}",))
    return Reply(200, ("Age: 40",))


def _auth_403(asked: Asked) -> Reply:
    if asked.method == "OPTIONS":
        return Reply(403, reason="Forbidden")
    return Reply(200 if "authorization" in asked.headers else 401)


def _starlette_origin(asked: Asked) -> Reply:
    """Starlette with ``allow_origins=["https://app.example/"]``: its list has a slash that no browser sends."""
    if asked.origin == f"{PAGE}/":
        return Reply(200, (f"Access-Control-Allow-Origin: {PAGE}/", VARY, METHODS))
    if asked.preflight:
        return Reply(400, (VARY, METHODS), "Disallowed CORS origin", "Bad Request")
    return Reply(200)


CLOUDFLARE = ("Server: cloudflare", "cf-mitigated: challenge", "Content-Type: text/html")
WORD = "<html><title>Just a moment...</title></html>"

FAILURES: tuple[Failure, ...] = (
    Failure(
        1,
        "auth before CORS: 401",
        "CORS601",
        both(Reply(401, ("WWW-Authenticate: Bearer",)), DATA),
        {"headers": TOKEN},
        ("401", "CORS layer in front of authentication"),
    ),
    Failure(1, "auth before CORS: a bare 403, the GET is fine", "CORS601", _auth_403, {"headers": TOKEN}, ("403",)),
    Failure(
        2,
        "OPTIONS not routed: 405",
        "CORS602",
        both(Reply(405, ("Allow: GET, PUT",)), DATA),
        {"method": "PUT"},
        ("405",),
    ),
    Failure(
        2, "OPTIONS not routed: 404, the GET is fine", "CORS602", both(Reply(404), DATA), {"headers": TOKEN}, ("404",)
    ),
    Failure(
        3,
        "errors lack the headers: the preflight response has them",
        "CORS603",
        both(GOOD, Reply(500)),
        {"headers": TOKEN},
        ("500",),
    ),
    Failure(3, "errors lack the headers: a simple GET", "CORS603", both(GOOD, Reply(401)), {}, ("401",)),
    Failure(
        4,
        "a gateway answers: 502",
        "CORS604",
        always(Reply(502, ("Server: nginx",), reason="Bad Gateway")),
        {},
        ("502",),
    ),
    Failure(
        4,
        "a gateway answers: 429 from another server",
        "CORS604",
        both(Reply(204, (*LISTS, "Server: uvicorn")), Reply(429, ("Server: awselb/2.0",))),
        {"headers": TOKEN},
        ("429", "awselb"),
    ),
    Failure(
        5,
        "slash redirect of the preflight",
        "CORS605",
        _slash,
        {"method": "PUT"},
        ("with a trailing slash", "at that URL the page is allowed"),
    ),
    Failure(
        5,
        "slash redirect of the request, without headers",
        "CORS605",
        _slash,
        {},
        ("at that URL the page is allowed", "/data/"),
    ),
    Failure(6, "https redirect of the preflight", "CORS606", _https, {"method": "PUT"}, ("https",)),
    Failure(6, "https redirect of the request", "CORS606", _https, {}, ("https",)),
    Failure(7, "login redirect: the login page has no CORS", "CORS607", _login, {}, ("login page",)),
    Failure(
        7,
        "login redirect of the preflight",
        "CORS607",
        both(Reply(302, ("Location: https://auth.example/authorize?client=1",)), DATA),
        {"method": "PUT"},
        ("login page",),
    ),
    Failure(
        8,
        "two layers: two headers",
        "CORS608",
        always(Reply(200, (ALLOW, "Access-Control-Allow-Origin: *"))),
        {},
        ("2 times",),
    ),
    Failure(
        8,
        "two layers: folded into one",
        "CORS608",
        always(Reply(200, ("Access-Control-Allow-Origin: *, *",))),
        {},
        ("two layers",),
    ),
    Failure(
        9,
        "a list with commas",
        "CORS609",
        always(Reply(200, (f"Access-Control-Allow-Origin: {PAGE}, https://b.example",))),
        {},
        ("list",),
    ),
    Failure(
        9,
        "a list with blanks",
        "CORS609",
        always(Reply(200, ("Access-Control-Allow-Origin: https://a.example https://b.example",))),
        {},
        ("list",),
    ),
    Failure(
        9,
        "a pattern",
        "CORS609",
        always(Reply(200, ("Access-Control-Allow-Origin: https://*.example",))),
        {},
        ("pattern",),
    ),
    Failure(
        10,
        "* with credentials",
        "CORS610",
        always(Reply(200, ("Access-Control-Allow-Origin: *", TRUE))),
        {"credentials": "include"},
        ("exact origin", "Vary: Origin"),
    ),
    Failure(11, "Allow-Credentials missing", "CORS611", always(DATA), {"credentials": "include"}, ("missing",)),
    Failure(
        11,
        "Allow-Credentials: True",
        "CORS611",
        always(Reply(200, (ALLOW, "Access-Control-Allow-Credentials: True"))),
        {"credentials": "include"},
        ('"True"', "lowercase"),
    ),
    Failure(
        12,
        "a header not listed",
        "CORS612",
        both(GOOD, DATA),
        {"headers": (("X-Tenant", "7"),)},
        ("x-tenant", '"X-Tenant"'),
    ),
    Failure(
        12,
        "a header not listed, refused with a 400",
        "CORS612",
        both(Reply(400, LISTS, "Disallowed CORS headers"), DATA),
        {"headers": (("X-Tenant", "7"),)},
        ("x-tenant", "with a 400"),
    ),
    Failure(
        12,
        "tracing headers not listed",
        "CORS612",
        both(GOOD, DATA),
        {"headers": (("sentry-trace", "1"), ("baggage", "2"))},
        ("Tracing adds", "sentry-trace", "baggage"),
    ),
    Failure(
        13,
        "Authorization under *, with credentials",
        "CORS613",
        both(Reply(204, (ALLOW, TRUE, "Access-Control-Allow-Headers: *")), DATA),
        {"headers": TOKEN, "credentials": "include"},
        ("Authorization",),
    ),
    Failure(
        13,
        "Authorization under *, by the standard",
        "CORS613",
        both(Reply(204, (ALLOW, "Access-Control-Allow-Headers: *")), DATA),
        {"headers": TOKEN, "engine": "standard", "gate": ("standard",)},
        ("Authorization",),
    ),
    Failure(
        13,
        "Authorization under *, in today's browsers",
        "CORS709",
        both(Reply(204, (ALLOW, "Access-Control-Allow-Headers: *", "Access-Control-Max-Age: 600")), DATA),
        {"headers": TOKEN},
        ("browsers accept that", "List Authorization"),
        "allowed",
    ),
    Failure(14, "a method not listed", "CORS614", both(GOOD, DATA), {"method": "DELETE"}, ("DELETE",)),
    Failure(
        14,
        "patch in lower case",
        "CORS624",
        both(Reply(204, (ALLOW, "Access-Control-Allow-Methods: PATCH")), DATA),
        {"method": "patch"},
        ("patch", "PATCH"),
    ),
    Failure(
        15,
        "another origin is on the list",
        "CORS615",
        always(Reply(200, ("Access-Control-Allow-Origin: https://other.example", VARY))),
        {},
        ("https://other.example",),
    ),
    Failure(
        15, "not on the list: Vary alone shows that there is one", "CORS615", always(Reply(200, (VARY,))), {}, (PAGE,)
    ),
    Failure(
        15,
        "not on the list: the preflight says so in words",
        "CORS615",
        both(Reply(400, (), "Disallowed CORS origin"), Reply(200)),
        {"method": "PUT"},
        (PAGE,),
    ),
    Failure(
        15,
        "not on the list: the callback throws",
        "CORS615",
        both(Reply(500, (), "Error: Not allowed by CORS"), Reply(500)),
        {"method": "PUT"},
        (PAGE,),
    ),
    Failure(
        15,
        "a setting is missing",
        "CORS615",
        always(Reply(200, ("Access-Control-Allow-Origin: undefined",))),
        {},
        ("undefined", "setting"),
    ),
    Failure(
        15,
        "nearly right: the scheme",
        "CORS625",
        always(Reply(200, ("Access-Control-Allow-Origin: http://app.example", VARY))),
        {},
        ("scheme", "http, not https"),
    ),
    Failure(
        15,
        "nearly right: the port",
        "CORS625",
        always(Reply(200, ("Access-Control-Allow-Origin: http://localhost:5173", VARY))),
        {"origin": "http://localhost:3000"},
        ("port", "5173, not 3000"),
    ),
    Failure(
        15,
        "nearly right: www",
        "CORS625",
        always(Reply(200, ("Access-Control-Allow-Origin: https://www.app.example", VARY))),
        {},
        ("www",),
    ),
    Failure(
        15,
        "nearly right: localhost and 127.0.0.1",
        "CORS625",
        always(Reply(200, ("Access-Control-Allow-Origin: http://127.0.0.1:3000", VARY))),
        {"origin": "http://localhost:3000"},
        ("different origins",),
    ),
    Failure(
        16,
        "a trailing slash",
        "CORS616",
        always(Reply(200, (f"Access-Control-Allow-Origin: {PAGE}/",))),
        {},
        ("ends with a slash",),
    ),
    Failure(
        16, "a path", "CORS616", always(Reply(200, (f"Access-Control-Allow-Origin: {PAGE}/app",))), {}, ("has a path",)
    ),
    Failure(
        16,
        "no scheme",
        "CORS616",
        always(Reply(200, ("Access-Control-Allow-Origin: app.example",))),
        {},
        ("has no scheme",),
    ),
    Failure(
        16,
        "a trailing slash that does not show",
        "CORS616",
        _starlette_origin,
        {"method": "PUT"},
        ("with a trailing slash",),
    ),
    Failure(17, "a cached foreign copy", "CORS617", _cached, {}, ("https://other.example", "Vary: Origin")),
    Failure(17, "a cached copy for nobody", "CORS617", _cached_without, {}, ("cache",)),
    Failure(
        17,
        "Vary missing on a cacheable answer",
        "CORS701",
        always(Reply(200, (ALLOW, "Cache-Control: public, max-age=600"))),
        {},
        ("Vary: Origin",),
        "allowed",
    ),
    Failure(
        18,
        "headers not exposed",
        "CORS702",
        always(Reply(200, (ALLOW, VARY, "X-Total-Count: 3", "Content-Disposition: attachment"))),
        {},
        ("X-Total-Count", "Content-Disposition", "Expose-Headers"),
        "allowed",
    ),
    Failure(
        19,
        "a challenge answers the preflight",
        "CORS619",
        both(Reply(403, CLOUDFLARE, WORD), DATA),
        {"method": "PUT"},
        ("403",),
    ),
    Failure(
        19,
        "a firewall's page, known by its words",
        "CORS619",
        both(Reply(403, ("Content-Type: text/html",), WORD), DATA),
        {"method": "PUT"},
        ("403",),
    ),
    Failure(
        19,
        "an access proxy redirects the preflight",
        "CORS619",
        both(Reply(302, ("Location: https://team.cloudflareaccess.com/cdn-cgi/access/login/x",)), DATA),
        {"method": "PUT"},
        ("access proxy",),
    ),
    Failure(
        20,
        "the preflight is kept for 5 seconds",
        "CORS704",
        both(Reply(204, (ALLOW, METHODS)), DATA),
        {"method": "PUT"},
        ("5 seconds", "Max-Age"),
        "allowed",
    ),
    Failure(
        20,
        "Max-Age above the caps",
        "CORS705",
        both(Reply(204, (ALLOW, METHODS, "Access-Control-Max-Age: 31536000")), DATA),
        {"method": "PUT"},
        ("7200",),
        "allowed",
    ),
)
"""``probe`` is what differs from a GET of ``/data`` from PAGE with credentials same-origin."""
