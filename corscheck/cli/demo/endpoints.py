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
        "The server allows the page's origin.",
    ),
    DemoEndpoint(
        "/good-preflight",
        "The preflight allows all that is asked.",
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
        "* is enough without credentials.",
        actual=Reply(headers=(_star,)),
    ),
    DemoEndpoint(
        "/no-cors",
        "No CORS headers at all.",
        actual=Reply(),
        options=Reply(405, (("Allow", "GET"),), body=""),
        verdict="blocked",
        code="CORS301",
    ),
    DemoEndpoint(
        "/wildcard-credentials",
        "* does not cover credentials.",
        actual=Reply(headers=(_star, _true)),
        verdict="blocked",
        code="CORS302",
        credentials="include",
    ),
    DemoEndpoint(
        "/credentials-missing",
        "Allow-Credentials is missing.",
        verdict="blocked",
        code="CORS307",
        credentials="include",
    ),
    DemoEndpoint(
        "/reflected",
        "Any origin is reflected: unsafe.",
        actual=Reply(headers=((ORIGIN, "{origin}"), _true)),
        credentials="include",
        origin=STRANGER,
    ),
    DemoEndpoint(
        "/wrong-origin",
        "Another origin is allowed.",
        verdict="blocked",
        code="CORS306",
        origin=STRANGER,
    ),
    DemoEndpoint(
        "/trailing-slash",
        "The allowed origin ends in a slash.",
        actual=Reply(headers=((ORIGIN, f"{PAGE}/"), _vary)),
        verdict="blocked",
        code="CORS306",
    ),
    DemoEndpoint(
        "/list",
        "Two origins in one header.",
        actual=Reply(headers=((ORIGIN, f"{PAGE}, https://app.example"),)),
        verdict="blocked",
        code="CORS304",
    ),
    DemoEndpoint(
        "/two-layers",
        "App and proxy both add the header.",
        actual=Reply(headers=(_allow, _allow, _vary)),
        verdict="blocked",
        code="CORS303",
    ),
    DemoEndpoint(
        "/header-missing",
        "X-Tenant is not in Allow-Headers.",
        options=Reply(204, (_allow, _vary, (METHODS, "GET"), (HEADERS, "Content-Type"))),
        verdict="blocked",
        code="CORS407",
        headers=_tenant,
    ),
    DemoEndpoint(
        "/method-missing",
        "DELETE is not in Allow-Methods.",
        options=Reply(204, (_allow, _vary, (METHODS, "GET, POST"))),
        verdict="blocked",
        code="CORS405",
        method="DELETE",
    ),
    DemoEndpoint(
        "/patch",
        "patch in lower case is not PATCH.",
        options=Reply(204, (_allow, _vary, (METHODS, "GET, PATCH"))),
        verdict="blocked",
        code="CORS405",
        method="patch",
    ),
    DemoEndpoint(
        "/wildcard-headers",
        "* covers Authorization, but list it.",
        actual=Reply(headers=(_star,)),
        options=Reply(204, (_star, (HEADERS, "*"))),
        headers=_token,
    ),
    DemoEndpoint(
        "/options-405",
        "OPTIONS is answered with 405.",
        options=Reply(405, (_allow, _vary, ("Allow", "GET")), body="method not allowed\n"),
        verdict="blocked",
        code="CORS401",
        headers=_token,
    ),
    DemoEndpoint(
        "/preflight-redirect",
        "The preflight is redirected.",
        actual=Reply(307, (_allow, _vary, ("Location", "/preflight-redirect/")), body=""),
        options=Reply(307, (_allow, _vary, ("Location", "/preflight-redirect/")), body=""),
        verdict="blocked",
        code="CORS402",
        headers=_token,
    ),
    DemoEndpoint(
        "/error-no-headers",
        "The error page has no CORS headers.",
        actual=Reply(500, body="internal server error\n"),
        options=_no_content,
        verdict="blocked",
        code="CORS301",
    ),
    DemoEndpoint(
        "/error-readable",
        "An error that the page can read.",
        actual=Reply(403, (_allow, _vary, _json), body='{"error": "not yours"}\n'),
        options=_no_content,
    ),
    DemoEndpoint(
        "/login",
        "A redirect to a login without CORS.",
        actual=Reply(302, (_allow, _vary, ("Location", "{other}/sign-in")), body=""),
        options=_no_content,
        verdict="blocked",
        code="CORS301",
    ),
    DemoEndpoint(
        "/hidden-header",
        "X-Total-Count is not exposed.",
        actual=Reply(headers=(_allow, _vary, ("X-Total-Count", "3"))),
        options=_no_content,
        hidden=("x-total-count",),
    ),
)

BY_PATH: dict[str, DemoEndpoint] = {endpoint.path: endpoint for endpoint in ENDPOINTS}
