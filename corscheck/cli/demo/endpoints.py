"""The demo's table: what each endpoint answers, the probe that shows it, and what a browser makes of it.

The server, the run and ``demo --serve`` all read this table; the expectations in it come from the Fetch Standard, never
from what corscheck happened to print. It knows nothing of sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Verdict
    from corscheck.protocol.request import Credentials, Headers

PAGE = "http://localhost:3000"
"""The origin of the page that asks, unless an endpoint names another."""

STRANGER = "http://evil.example"
"""A page that no server would have on its list."""


class Reply(Struct, frozen=True):
    """A canned answer. In header values ``{origin}`` is the request's Origin, ``{other}`` the demo's second origin."""

    status: int = 200
    headers: Headers = ()
    body: str = '{"hello": "world"}\n'


class DemoEndpoint(Struct, frozen=True):
    """One path: its answers (``preflight`` to OPTIONS, ``actual`` to all else), and a probe with its expectation.

    ``code`` is the CORS code of what decides, None where the answer is allowed. ``hidden`` are response headers that
    the page must not be able to read although it may read the response.
    """

    path: str
    shows: str
    actual: Reply
    preflight: Reply
    verdict: Verdict
    code: str | None = None
    method: str = "GET"
    headers: Headers = ()
    credentials: Credentials = "same-origin"
    origin: str = PAGE
    hidden: tuple[str, ...] = ()


ORIGIN = "Access-Control-Allow-Origin"
CREDENTIALS = "Access-Control-Allow-Credentials"
METHODS = "Access-Control-Allow-Methods"
HEADERS = "Access-Control-Allow-Headers"
EXPOSE = "Access-Control-Expose-Headers"
MAX_AGE = "Access-Control-Max-Age"

_allow = (ORIGIN, PAGE)
_star = (ORIGIN, "*")
_true = (CREDENTIALS, "true")
_vary = ("Vary", "Origin")
_json = ("Content-Type", "application/json")
_full: Headers = (_allow, _true, _vary)

_token = (("Authorization", "Bearer demo"),)
_tenant = (("X-Tenant", "7"),)

_bare = Reply()
_good = Reply(headers=(_allow, _vary))
_no_content = Reply(204, (_allow, _vary), body="")

ENDPOINTS: tuple[DemoEndpoint, ...] = (
    DemoEndpoint(
        "/good",
        "The server answers with the page's origin.",
        actual=_good,
        preflight=_no_content,
        verdict="allowed",
    ),
    DemoEndpoint(
        "/good-preflight",
        "Everything right: origin, methods, headers, credentials, max-age, exposed headers, Vary.",
        actual=Reply(headers=(*_full, (EXPOSE, "X-Request-Id"), ("X-Request-Id", "42"))),
        preflight=Reply(
            204,
            (*_full, (METHODS, "GET, PUT, DELETE"), (HEADERS, "Content-Type, X-Tenant"), (MAX_AGE, "600")),
            body="",
        ),
        verdict="allowed",
        method="PUT",
        headers=(_json, *_tenant),
        credentials="include",
    ),
    DemoEndpoint(
        "/wildcard",
        "'*' is enough as long as no credentials are involved.",
        actual=Reply(headers=(_star,)),
        preflight=Reply(204, (_star,), body=""),
        verdict="allowed",
    ),
    DemoEndpoint(
        "/no-cors",
        "No CORS header at all: what a server does before anybody configured it.",
        actual=_bare,
        preflight=Reply(405, (("Allow", "GET"),), body=""),
        verdict="blocked",
        code="CORS301",
    ),
    DemoEndpoint(
        "/wildcard-credentials",
        "'*' does not cover a request with credentials.",
        actual=Reply(headers=(_star, _true)),
        preflight=Reply(204, (_star, _true), body=""),
        verdict="blocked",
        code="CORS302",
        credentials="include",
    ),
    DemoEndpoint(
        "/credentials-missing",
        "The right origin, but no Access-Control-Allow-Credentials: true.",
        actual=_good,
        preflight=_no_content,
        verdict="blocked",
        code="CORS307",
        credentials="include",
    ),
    DemoEndpoint(
        "/reflected",
        "Any origin is echoed, with credentials: every site on the web may read this.",
        actual=Reply(headers=((ORIGIN, "{origin}"), _true)),
        preflight=Reply(204, ((ORIGIN, "{origin}"), _true), body=""),
        verdict="allowed",
        credentials="include",
        origin=STRANGER,
    ),
    DemoEndpoint(
        "/wrong-origin",
        "The server knows one origin, and the page is another.",
        actual=_good,
        preflight=_no_content,
        verdict="blocked",
        code="CORS306",
        origin=STRANGER,
    ),
    DemoEndpoint(
        "/trailing-slash",
        "The configured origin ends in a slash; no browser ever sends such an origin.",
        actual=Reply(headers=((ORIGIN, f"{PAGE}/"), _vary)),
        preflight=Reply(204, ((ORIGIN, f"{PAGE}/"), _vary), body=""),
        verdict="blocked",
        code="CORS306",
    ),
    DemoEndpoint(
        "/list",
        "Access-Control-Allow-Origin takes one origin, not a list.",
        actual=Reply(headers=((ORIGIN, f"{PAGE}, https://app.example"),)),
        preflight=Reply(204, ((ORIGIN, f"{PAGE}, https://app.example"),), body=""),
        verdict="blocked",
        code="CORS304",
    ),
    DemoEndpoint(
        "/two-layers",
        "Application and proxy both add the header: two are as bad as none.",
        actual=Reply(headers=(_allow, _allow, _vary)),
        preflight=Reply(204, (_allow, _allow, _vary), body=""),
        verdict="blocked",
        code="CORS303",
    ),
    DemoEndpoint(
        "/header-missing",
        "The preflight does not list a header that the request carries.",
        actual=_good,
        preflight=Reply(204, (_allow, _vary, (METHODS, "GET"), (HEADERS, "Content-Type")), body=""),
        verdict="blocked",
        code="CORS407",
        headers=_tenant,
    ),
    DemoEndpoint(
        "/method-missing",
        "The preflight does not list the method.",
        actual=_good,
        preflight=Reply(204, (_allow, _vary, (METHODS, "GET, POST")), body=""),
        verdict="blocked",
        code="CORS405",
        method="DELETE",
    ),
    DemoEndpoint(
        "/patch",
        "Browsers do not upper-case 'patch', and method names are compared with their case.",
        actual=_good,
        preflight=Reply(204, (_allow, _vary, (METHODS, "GET, PATCH")), body=""),
        verdict="blocked",
        code="CORS405",
        method="patch",
    ),
    DemoEndpoint(
        "/wildcard-headers",
        "'*' covers Authorization in today's browsers, although the standard says no: list it.",
        actual=Reply(headers=(_star,)),
        preflight=Reply(204, (_star, (HEADERS, "*")), body=""),
        verdict="allowed",
        headers=_token,
    ),
    DemoEndpoint(
        "/options-405",
        "The router knows no OPTIONS: a preflight must end in 200 to 299.",
        actual=_good,
        preflight=Reply(405, (_allow, _vary, ("Allow", "GET")), body="method not allowed\n"),
        verdict="blocked",
        code="CORS401",
        headers=_token,
    ),
    DemoEndpoint(
        "/preflight-redirect",
        "A redirect to the URL with a slash: a preflight is never redirected.",
        actual=Reply(307, (_allow, _vary, ("Location", "/preflight-redirect/")), body=""),
        preflight=Reply(307, (_allow, _vary, ("Location", "/preflight-redirect/")), body=""),
        verdict="blocked",
        code="CORS402",
        headers=_token,
    ),
    DemoEndpoint(
        "/error-no-headers",
        "The application fails, and the error answer bypasses what adds the CORS headers.",
        actual=Reply(500, body="internal server error\n"),
        preflight=_no_content,
        verdict="blocked",
        code="CORS301",
    ),
    DemoEndpoint(
        "/error-readable",
        "An error with the right headers: the page can read that it was refused.",
        actual=Reply(403, (_allow, _vary, _json), body='{"error": "not yours"}\n'),
        preflight=_no_content,
        verdict="allowed",
    ),
    DemoEndpoint(
        "/login",
        "Not signed in, so redirected to a login page elsewhere, which knows nothing of CORS.",
        actual=Reply(302, (_allow, _vary, ("Location", "{other}/sign-in")), body=""),
        preflight=_no_content,
        verdict="blocked",
        code="CORS301",
    ),
    DemoEndpoint(
        "/hidden-header",
        "The page may read the body, but not X-Total-Count: it is not exposed.",
        actual=Reply(headers=(_allow, _vary, ("X-Total-Count", "3"))),
        preflight=_no_content,
        verdict="allowed",
        hidden=("x-total-count",),
    ),
)

BY_PATH: dict[str, DemoEndpoint] = {endpoint.path: endpoint for endpoint in ENDPOINTS}
