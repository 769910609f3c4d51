"""The demo's table: what each endpoint answers, the probe that shows it, and what a browser makes of it.

The server, the run and ``demo --serve`` all read this table. Its expectations come from the Fetch Standard, not from what
corscheck printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Verdict
    from corscheck.protocol.request import Credentials, Headers

PAGE = "http://localhost:3000"
"""The origin of the page, unless an endpoint names another."""

STRANGER = "http://evil.example"
"""A page that no server would have on its list."""

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
_right: Headers = (_allow, _vary)
_full: Headers = (_allow, _true, _vary)

_token = (("Authorization", "Bearer demo"),)
_tenant = (("X-Tenant", "7"),)


class Reply(Struct, frozen=True):
    """A canned answer. In header values ``{origin}`` is the request's Origin, ``{other}`` the demo's second origin.

    An answer with status 204 is sent without its body.
    """

    status: int = 200
    headers: Headers = ()
    body: str = '{"hello": "world"}\n'


_no_content = Reply(204, _right)


class DemoEndpoint(Struct, frozen=True):
    """One path: its answers (``options`` to OPTIONS, ``actual`` to any other method), and a probe with its expectation.

    ``code`` is the CORS code of the step that blocks, None if the response is allowed. ``hidden`` are response headers
    that the page must not be able to read although it may read the response.
    """

    path: str
    shows: str
    actual: Reply = Reply(headers=_right)
    options: Reply | None = None
    verdict: Verdict = "allowed"
    code: str | None = None
    method: str = "GET"
    headers: Headers = ()
    credentials: Credentials = "same-origin"
    origin: str = PAGE
    hidden: tuple[str, ...] = ()

    @property
    def preflight(self) -> Reply:
        """The answer to OPTIONS: 204 with the headers of ``actual``, unless ``options`` is given."""
        return self.options or Reply(204, self.actual.headers)


ENDPOINTS: tuple[DemoEndpoint, ...] = (
    DemoEndpoint(
        "/good",
        "The server answers with the page's origin.",
    ),
    DemoEndpoint(
        "/good-preflight",
        "Everything right: origin, methods, headers, credentials, max-age, exposed headers, Vary.",
        actual=Reply(headers=(*_full, (EXPOSE, "X-Request-Id"), ("X-Request-Id", "42"))),
        options=Reply(
            204,
            (*_full, (METHODS, "GET, PUT, DELETE"), (HEADERS, "Content-Type, X-Tenant"), (MAX_AGE, "600")),
        ),
        method="PUT",
        headers=(_json, *_tenant),
        credentials="include",
    ),
    DemoEndpoint(
        "/wildcard",
        "'*' is enough as long as no credentials are involved.",
        actual=Reply(headers=(_star,)),
    ),
    DemoEndpoint(
        "/no-cors",
        "No CORS header at all: what a server does before anybody configured it.",
        actual=Reply(),
        options=Reply(405, (("Allow", "GET"),), body=""),
        verdict="blocked",
        code="CORS301",
    ),
    DemoEndpoint(
        "/wildcard-credentials",
        "'*' does not cover a request with credentials.",
        actual=Reply(headers=(_star, _true)),
        verdict="blocked",
        code="CORS302",
        credentials="include",
    ),
    DemoEndpoint(
        "/credentials-missing",
        "The right origin, but no Access-Control-Allow-Credentials: true.",
        verdict="blocked",
        code="CORS307",
        credentials="include",
    ),
    DemoEndpoint(
        "/reflected",
        "Any origin is echoed, with credentials: every site on the web may read this.",
        actual=Reply(headers=((ORIGIN, "{origin}"), _true)),
        credentials="include",
        origin=STRANGER,
    ),
    DemoEndpoint(
        "/wrong-origin",
        "The server knows one origin, and the page is another.",
        verdict="blocked",
        code="CORS306",
        origin=STRANGER,
    ),
    DemoEndpoint(
        "/trailing-slash",
        "The configured origin ends in a slash; no browser ever sends such an origin.",
        actual=Reply(headers=((ORIGIN, f"{PAGE}/"), _vary)),
        verdict="blocked",
        code="CORS306",
    ),
    DemoEndpoint(
        "/list",
        "Access-Control-Allow-Origin takes one origin, not a list.",
        actual=Reply(headers=((ORIGIN, f"{PAGE}, https://app.example"),)),
        verdict="blocked",
        code="CORS304",
    ),
    DemoEndpoint(
        "/two-layers",
        "Application and proxy both add the header: two are as bad as none.",
        actual=Reply(headers=(_allow, _allow, _vary)),
        verdict="blocked",
        code="CORS303",
    ),
    DemoEndpoint(
        "/header-missing",
        "The preflight does not list a header that the request carries.",
        options=Reply(204, (_allow, _vary, (METHODS, "GET"), (HEADERS, "Content-Type"))),
        verdict="blocked",
        code="CORS407",
        headers=_tenant,
    ),
    DemoEndpoint(
        "/method-missing",
        "The preflight does not list the method.",
        options=Reply(204, (_allow, _vary, (METHODS, "GET, POST"))),
        verdict="blocked",
        code="CORS405",
        method="DELETE",
    ),
    DemoEndpoint(
        "/patch",
        "Browsers do not upper-case 'patch', and method names are compared with their case.",
        options=Reply(204, (_allow, _vary, (METHODS, "GET, PATCH"))),
        verdict="blocked",
        code="CORS405",
        method="patch",
    ),
    DemoEndpoint(
        "/wildcard-headers",
        "'*' covers Authorization in today's browsers, although the standard says no: list it.",
        actual=Reply(headers=(_star,)),
        options=Reply(204, (_star, (HEADERS, "*"))),
        headers=_token,
    ),
    DemoEndpoint(
        "/options-405",
        "The router knows no OPTIONS: a preflight must end in 200 to 299.",
        options=Reply(405, (_allow, _vary, ("Allow", "GET")), body="method not allowed\n"),
        verdict="blocked",
        code="CORS401",
        headers=_token,
    ),
    DemoEndpoint(
        "/preflight-redirect",
        "A redirect to the URL with a slash: a preflight is never redirected.",
        actual=Reply(307, (_allow, _vary, ("Location", "/preflight-redirect/")), body=""),
        options=Reply(307, (_allow, _vary, ("Location", "/preflight-redirect/")), body=""),
        verdict="blocked",
        code="CORS402",
        headers=_token,
    ),
    DemoEndpoint(
        "/error-no-headers",
        "The application fails, and the error answer bypasses what adds the CORS headers.",
        actual=Reply(500, body="internal server error\n"),
        options=_no_content,
        verdict="blocked",
        code="CORS301",
    ),
    DemoEndpoint(
        "/error-readable",
        "An error with the right headers: the page can read that it was refused.",
        actual=Reply(403, (_allow, _vary, _json), body='{"error": "not yours"}\n'),
        options=_no_content,
    ),
    DemoEndpoint(
        "/login",
        "Not signed in, so redirected to a login page elsewhere, which knows nothing of CORS.",
        actual=Reply(302, (_allow, _vary, ("Location", "{other}/sign-in")), body=""),
        options=_no_content,
        verdict="blocked",
        code="CORS301",
    ),
    DemoEndpoint(
        "/hidden-header",
        "The page may read the body, but not X-Total-Count: it is not exposed.",
        actual=Reply(headers=(_allow, _vary, ("X-Total-Count", "3"))),
        options=_no_content,
        hidden=("x-total-count",),
    ),
)

BY_PATH: dict[str, DemoEndpoint] = {endpoint.path: endpoint for endpoint in ENDPOINTS}
