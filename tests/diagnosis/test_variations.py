"""Servers of one kind in many forms, and their neighbours: statuses, words and methods must not change the cause."""

from __future__ import annotations

import pytest

from tests.diagnosis.forms import (
    DELETE,
    GOOD,
    HEADERS,
    JSON,
    KNOWN,
    LOGIN,
    METHODS,
    NO_OPTIONS,
    ORIGIN,
    OTHER,
    PUT,
    PYTHON,
    SETUP,
    SHARED,
    STACK,
    TENANT,
    TOKEN,
    TYPED,
    UNKNOWN,
    VARY,
    Form,
    always,
    as_rack_has_it,
    as_spring_has_it,
    azure,
    both,
    by_turns,
    checked_by_mcp,
    cloudflare,
    every_part,
    falls_through,
    layer,
    login_first,
    origin_check,
)
from tests.diagnosis.kit import APP, Reply, Seen, ask

MOST = 4
"""Control requests for one failure."""

FORMS = (
    *(
        Form(
            f"origin refused with {status}, {name}",
            origin_check(Reply(status, more)),
            probe,
            "CORS615",
            never=(SETUP, LOGIN),
        )
        for status in (400, 401, 402, 403, 404, 405, 406, 409, 410, 418, 422, 429, 451, 500, 503)
        for name, probe, more in (
            ("GET", {}, ()),
            ("PUT", PUT, (VARY,)),
            ("token", TOKEN, ()),
            ("cookies", {**PUT, "credentials": "include"}, ()),
        )
    ),
    *(
        Form(f"origin refused: {words}", origin_check(Reply(403, (JSON,), words)), PUT, "CORS615", words[:20], (LOGIN,))
        for words in (
            "Invalid Origin header",
            "Bad Origin",
            "Illegal origin",
            '{"code":"ORIGIN_NOT_ALLOWED"}',
            '{"error":"InvalidOrigin"}',
            '{"message":"Unauthorized origin"}',
            "Cross-Origin Request Blocked",
            "Origin is not whitelisted",
            "CORS Rejected",
        )
    ),
    *(
        Form(f"list refused with {status}", layer(Reply(status, more)), probe, code, says, (UNKNOWN, SETUP, LOGIN))
        for status in (200, 204, 400, 401, 403, 404, 405, 422, 500)
        for more in ((), (VARY,))
        for probe, code, says in ((TENANT, "CORS612", "x-tenant"), (DELETE, "CORS614", "DELETE"))
    ),
    *(
        Form(f"POST alone, {status}", layer(Reply(status), ("POST",)), probe, code, says, (UNKNOWN, LOGIN))
        for status in (200, 403)
        for probe, code, says in (
            ({**TYPED, "headers": (*TYPED["headers"], *TENANT["headers"])}, "CORS612", "x-tenant"),
            (PUT, "CORS614", "PUT"),
        )
    ),
    *(
        Form(f"foreign, {status}", layer(Reply(status), page=OTHER), PUT, "CORS615", "", (KNOWN, NO_OPTIONS))
        for status in (200, 400, 403, 422)
    ),
    Form(
        "one of three headers",
        layer(Reply(403)),
        {**PUT, "headers": (("Content-Type", "application/json"), *TENANT["headers"])},
        "CORS612",
        "header x-tenant",
        ("content-type",),
    ),
    Form(
        "PATCH is listed in lower case",
        layer(Reply(403), ("GET", "patch")),
        {"method": "PATCH"},
        "CORS624",
        "uppercase",
    ),
    Form("the page sends patch", layer(Reply(403), ("GET", "PATCH")), {"method": "patch"}, "CORS624", "PATCH"),
    *(
        Form(f"foreign, POST alone, {status}", falls_through(status), TYPED, "CORS615", "Either", (SETUP,))
        for status in (404, 405)
    ),
    Form("foreign, POST alone, bare", as_rack_has_it, TYPED, "CORS615", "", (SETUP,)),
    Form(
        "POST alone, the same words for all",
        as_spring_has_it,
        {**TYPED, "headers": (*TYPED["headers"], *TENANT["headers"])},
        "CORS612",
        "x-tenant",
        (UNKNOWN,),
    ),
    Form("method before origin", by_turns, DELETE, "CORS615", "DELETE", (KNOWN,)),
    Form("all parts in words", every_part, {**DELETE, **TENANT}, "CORS615", "x-tenant", (KNOWN,)),
    Form("no rule fits", azure, PUT, "CORS614", "PUT", (UNKNOWN,)),
    Form("MCP, an origin that it accepts", checked_by_mcp, TYPED, "CORS602", "405", (UNKNOWN, ORIGIN)),
    *(
        Form(f"login first, {status}", login_first(Reply(status, more, body)), TOKEN, "CORS601", "", (UNKNOWN, ORIGIN))
        for status, more, body in (
            (401, ("WWW-Authenticate: Bearer",), ""),
            (401, (), '{"message":"Missing authorization header"}'),
            (401, (VARY,), ""),
            (403, (), '{"detail":"Not authenticated"}'),
        )
    ),
    Form(
        "API Gateway without OPTIONS",
        both(Reply(403, ("x-amzn-errortype: MissingAuthenticationTokenException",)), SHARED),
        PUT,
        "CORS602",
    ),
    *(
        Form(
            f"OPTIONS unrouted, {status}",
            both(Reply(status, more), SHARED),
            PUT,
            "CORS602",
            str(status),
            (UNKNOWN, METHODS),
        )
        for status in (400, 404, 405, 501)
        for more in ((), (VARY,))
    ),
    Form(
        "OPTIONS with Vary alone, the handler allows",
        both(Reply(200, (VARY, "Allow: GET, PUT")), SHARED),
        PUT,
        "CORS602",
        "",
        (UNKNOWN,),
    ),
    Form("nothing there, with CORS headers", always(Reply(404, GOOD.headers)), TOKEN, "CORS631", "path", (NO_OPTIONS,)),
    Form(
        "OPTIONS unrouted, with CORS headers",
        both(Reply(404, GOOD.headers), SHARED),
        PUT,
        "CORS602",
        "",
        ("nothing at this URL",),
    ),
    *(
        Form(f"{status} lacks the headers", both(GOOD, Reply(status)), probe, "CORS603", str(status), (UNKNOWN, SETUP))
        for status in (400, 401, 403, 405, 409, 422, 429, 500, 503)
        for probe in ({}, TOKEN)
    ),
    Form(
        "fails, and refuses the origin in words",
        both(Reply(400, (), "Disallowed CORS origin"), Reply(500)),
        {},
        "CORS615",
        "",
        (SETUP, "with a 500"),
    ),
    Form(
        "fails for all, origin not on the list",
        both(Reply(204, (VARY,)), Reply(500, (VARY,))),
        {},
        "CORS615",
        "",
        (SETUP, "with a 500"),
    ),
    Form("fails, with Vary", both(Reply(405, (VARY,)), Reply(500, (VARY,))), {}, "CORS615", "Either", (SETUP,)),
    Form("fails, without anything", always(Reply(500)), {}, "CORS621", "Fix the error", (SETUP,)),
    Form("rate limit", always(Reply(429, ("Retry-After: 60",))), PUT, "CORS604", "429", (NO_OPTIONS, UNKNOWN)),
    Form("rate limit, GET", always(Reply(429)), {}, "CORS604", "429", (SETUP, UNKNOWN)),
    *(
        Form(f"stack trace, {name}", server, probe, code, "500", (ORIGIN, HEADERS, METHODS))
        for page in (STACK, PYTHON)
        for name, server, probe, code in (
            ("GET", both(GOOD, Reply(500, (), page)), {}, "CORS603"),
            ("after a preflight", both(GOOD, Reply(500, (), page)), TOKEN, "CORS603"),
            ("no CORS", both(Reply(404), Reply(500, (), page)), {}, "CORS621"),
            ("OPTIONS", both(Reply(500, (), page), SHARED), PUT, "CORS629"),
        )
    ),
    Form(
        "the origin of a flight",
        both(GOOD, Reply(400, (), "Invalid origin airport")),
        {},
        "CORS603",
        "400",
        (ORIGIN, "server's list"),
    ),
    Form(
        "the origin of a flight, no CORS",
        both(Reply(405), Reply(400, (), "Invalid origin")),
        {},
        "CORS621",
        "400",
        (ORIGIN,),
    ),
    Form(
        "an origin in a 404",
        always(Reply(404, (), "The origin that you asked for is not known")),
        {},
        "CORS631",
        "",
        (ORIGIN,),
    ),
    Form(
        "the method OPTIONS in words",
        both(Reply(405, (), "Method OPTIONS is not allowed for this URL"), SHARED),
        PUT,
        "CORS602",
        "",
        (METHODS,),
    ),
    Form(
        "an address is refused", always(Reply(403, (), "Your IP address is not allowed")), PUT, "CORS630", "", (ORIGIN,)
    ),
    *(
        Form(
            f"host refused: {body[:20]}",
            always(Reply(status, (), body)),
            probe,
            "CORS630",
            "host",
            (UNKNOWN, ORIGIN, LOGIN, NO_OPTIONS),
        )
        for status, body in (
            (421, "Invalid Host header"),
            (403, 'This host ("api.example") is not allowed.'),
            (403, "<h1>Blocked hosts: api.example</h1>"),
            (400, "DisallowedHost at /data"),
        )
        for probe in ({}, PUT)
    ),
    Form(
        "http to a port of https",
        always(Reply(400, (), "The plain HTTP request was sent to HTTPS port")),
        {"url": "http://127.0.0.1/data"},
        "CORS606",
        "https://",
    ),
    *(
        Form(
            f"Cloudflare {code}",
            always(cloudflare(status, code, words)),
            probe,
            cause,
            "",
            ("firewall",) if cause == "CORS604" else (),
        )
        for status, code, words, cause in (
            (403, 1020, "Access denied", "CORS619"),
            (403, 1006, "Access denied", "CORS619"),
            (403, 1000, "DNS points to prohibited IP", "CORS604"),
            (409, 1001, "DNS resolution error", "CORS604"),
            (429, 1015, "You are being rate limited", "CORS604"),
            (530, 1016, "Origin DNS error", "CORS604"),
        )
        for probe in ({}, PUT)
    ),
    Form("Cloudflare in one line", always(Reply(403, ("Server: cloudflare",), "error code: 1020")), {}, "CORS619"),
    Form("ngrok", both(GOOD, Reply(200, ("ngrok-error-code: ERR_NGROK_6024",))), {}, "CORS604", "ngrok"),
    *(
        Form(f"misspelled: {name}", always(Reply(200, (f"{name}: *",))), {}, "CORS635", name)
        for name in (
            "Access-Control-Allow_Origin",
            "Allow-Origin",
            "Access-Control-Origin",
            "Acess-Control-Allow-Origin",
            "X-Access-Control-Allow-Origin",
            "CORS-Allow-Origin",
            "Access-Control-Allow-Domain",
            "Access-Control-Permit-Origin",
            "AccessControlAllowOrigin",
            "Access-Control-Allowed-Origins",
        )
    ),
    *(
        Form(f"no misspelling: {name}", always(Reply(200, (f"{name}: x",))), {}, "CORS621", "", (name,))
        for name in (
            "Timing-Allow-Origin",
            "Origin-Agent-Cluster",
            "Cross-Origin-Opener-Policy",
            "X-Origin",
            "X-Forwarded-Host",
        )
    ),
    *(
        Form(f"value {value}", always(Reply(200, (f"Access-Control-Allow-Origin: {value}",))), {}, code, says)
        for value, code, says in (
            ("${ORIGIN}", "CORS615", "variable"),
            ("{{ origin }}", "CORS615", "variable"),
            ("<no value>", "CORS615", "variable"),
            ("%ORIGIN%", "CORS615", "variable"),
            ("/^https:/", "CORS609", "pattern"),
            (r"^https://.+\.example$", "CORS609", "pattern"),
            (f"'{APP}'", "CORS616", "quotes"),
            (f'["{APP}"]', "CORS616", "around"),
            ("None", "CORS615", "setting"),
        )
    ),
    *(
        Form(
            f"{name}: {value}",
            both(Reply(204, (GOOD.headers[0], f"Access-Control-Allow-{name}: {value}")), SHARED),
            probe,
            code,
            says,
        )
        for name, value, probe, code, says in (
            ("Methods", "GET PUT", PUT, "CORS403", "space"),
            ("Methods", "GET; PUT", PUT, "CORS403", "semicolon"),
            ("Methods", '["GET","PUT"]', PUT, "CORS403", "brackets"),
            ("Methods", "'*'", PUT, "CORS614", "quotes"),
            ("Headers", "${HEADERS}", TENANT, "CORS404", "variable"),
            ("Headers", "'x-tenant'", TENANT, "CORS612", "quotes"),
            ("Methods", "get, propfind", {"method": "PROPFIND"}, "CORS624", "PROPFIND"),
        )
    ),
)


def answer(form: Form) -> Seen:
    return ask(form.server, **form.probe)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_first_cause_is_true(form: Form) -> None:
    seen = answer(form)
    found = [f for f in seen.findings if not f.code.startswith("CORS7")]
    told = " ".join(f"{f.message} {f.advice}" for f in found)
    assert found[0].code == form.code, told
    assert form.says in f"{told} {' '.join(f.evidence or '' for f in found)}"
    assert not [words for words in form.never if words in told], told


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_controls_are_few_and_safe(form: Form) -> None:
    seen = answer(form)
    assert len(seen.controls) <= MOST
    assert {request.method for request in seen.requests} <= {"GET", "OPTIONS"}
    assert all(control.body is None for control in seen.controls)
