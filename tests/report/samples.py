"""Results made by hand: the sketches of DESIGN section 7, and what else the views must cope with."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from corscheck.model.result import (
    EngineVerdict,
    ErrorRecord,
    ExchangeRecord,
    Finding,
    PreflightRecord,
    ReadResponse,
    Reason,
    RequestRecord,
    ResponseRecord,
    Result,
    StepRecord,
)

URL = "http://localhost:8000/data"
PAGE = "http://localhost:3000"
ACAO = "Access-Control-Allow-Origin"
ACAC = "Access-Control-Allow-Credentials"
ACAM = "Access-Control-Allow-Methods"
ACAH = "Access-Control-Allow-Headers"
BASES = {"standard": "text", "chromium": "recorded", "firefox": "recorded", "webkit": "source"}

Pairs = tuple[tuple[str, str], ...]


def engines(verdict: str = "allowed", **others: EngineVerdict) -> dict[str, EngineVerdict]:
    """All four engines of one opinion, but for the others."""
    found = {name: EngineVerdict(verdict, basis) for name, basis in BASES.items()}  # type: ignore[arg-type]
    return found | others


def step(
    name: str, status: str, header: str, expected: str | None = None, received: str | None = None, **more: Any
) -> StepRecord:
    return StepRecord(name, header, expected, received, status, more.pop("message", ""), **more)  # type: ignore[arg-type]


def exchange(method: str, status: int, ms: float = 4.0, headers: Pairs = (), **more: Any) -> ExchangeRecord:
    request = RequestRecord(method, more.pop("url", URL), more.pop("sent", (("Origin", PAGE),)))
    response = ResponseRecord(status, headers, more.pop("reason", "OK"), more.pop("body", None))
    kind = "preflight" if method == "OPTIONS" else "actual"
    return ExchangeRecord(kind, more.pop("hop", 0), request, response, None, ms)


NOT_NEEDED = step("main-fetch:12", "skip", "preflight", message="not needed: safelisted method and headers")

ALLOWED = Result(
    url=URL,
    origin=PAGE,
    method="GET",
    headers=(),
    credentials="same-origin",
    redirect="follow",
    mode="cors",
    body=None,
    engine="chromium",
    send="auto",
    index=0,
    check=None,
    verdict="allowed",
    complete=True,
    expected="allowed",
    passed=True,
    reason=None,
    engines=engines(),
    preflight=PreflightRecord(False, (), False, {}),
    steps=(
        NOT_NEEDED,
        step("cors-check:5", "pass", ACAO, PAGE, PAGE, exchange=0),
        step("cors-check:5", "skip", ACAC, "nothing (no include)", "true", exchange=0),
        step("http:vary", "pass", "Vary", "Origin", "Origin", exchange=0),
    ),
    exchanges=(
        exchange(
            "GET",
            200,
            headers=((ACAO, PAGE), (ACAC, "true"), ("Vary", "Origin"), ("Set-Cookie", "sid=***; HttpOnly")),
        ),
    ),
    response=ReadResponse("cors", 200, URL, redirected=False),
    readable_headers=("content-length", "content-type"),
    console={"chromium": None, "firefox": None, "webkit": None},
)

CONSOLE = (
    f"Access to fetch at '{URL}' from origin '{PAGE}' has been blocked by CORS policy: Response to preflight request "
    "doesn't pass access control check: It does not have HTTP ok status."
)

HEADER_REFUSED = replace(
    ALLOWED,
    method="PUT",
    headers=(("X-Tenant", "7"),),
    verdict="blocked",
    passed=False,
    reason=Reason("CORS401", "preflight:8", None, "The preflight's status is not ok (preflight:8)."),
    engines=engines("blocked"),
    preflight=PreflightRecord(True, ("method PUT", "header x-tenant"), True, {}),
    steps=(
        step("http-fetch:4.1", "pass", "preflight", message="needed: method PUT, header x-tenant"),
        step("cors-check:5", "pass", ACAO, PAGE, PAGE, exchange=0),
        step(
            "preflight:8", "fail", "status", "200 to 299", "400 Bad Request", exchange=0, decisive=True, code="CORS401"
        ),
        step("preflight:7.5", "pass", ACAM, "PUT", "GET, POST, PUT, DELETE, PATCH, OPTIONS", exchange=0),
        step(
            "preflight:7.7",
            "fail",
            ACAH,
            "x-tenant",
            "accept, accept-language, content-language, content-type, authorization",
            exchange=0,
            code="CORS407",
        ),
    ),
    exchanges=(
        exchange(
            "OPTIONS",
            400,
            3.1,
            sent=(("Access-Control-Request-Method", "PUT"), ("Origin", PAGE)),
            headers=((ACAO, PAGE),),
            reason="Bad Request",
            body="Disallowed CORS headers",
        ),
    ),
    response=None,
    readable_headers=(),
    console={"chromium": CONSOLE, "firefox": None, "webkit": None},
    findings=(
        Finding(
            "CORS601",
            "high",
            "the server refuses a header",
            "The server refuses header x-tenant: it responds with a 400.",
            advice='Add "X-Tenant" to allow_headers:  corscheck fix --for fastapi ...',
        ),
    ),
)

WILDCARD = replace(
    ALLOWED,
    credentials="include",
    verdict="blocked",
    passed=False,
    reason=Reason("CORS302", "cors-check:4", None, '"*" does not cover a request with credentials (cors-check:4).'),
    engines=engines("blocked"),
    steps=(
        NOT_NEEDED,
        step("cors-check:4", "fail", ACAO, PAGE, "*", exchange=0, decisive=True, code="CORS302"),
        step("cors-check:8", "fail", ACAC, "true", None, exchange=0, code="CORS307"),
    ),
    exchanges=(exchange("GET", 200, headers=((ACAO, "*"),)),),
    response=None,
    readable_headers=(),
    console={"chromium": None, "firefox": "One line.\nAnother line.", "webkit": None},
    findings=(
        Finding(
            "CORS602",
            "high",
            "* with credentials",
            'The server allows the origin "*", but a request with credentials needs the exact origin.',
            advice='Answer with the exact origin, and add "Vary: Origin".',
        ),
        Finding(
            "CORS700", "info", "readable", "Without credentials, the page could read the response (--credentials omit)."
        ),
        Finding(
            "CORS701",
            "info",
            "ran",
            "The server received this GET and executed it; the browser blocks only reading the response.",
        ),
    ),
)

REFUSED = replace(
    ALLOWED,
    verdict="inconclusive",
    passed=False,
    reason=Reason("CORS902", "network:connect", None, "localhost:8000 refused the connection (::1, 127.0.0.1)."),
    engines=engines("inconclusive"),
    steps=(
        NOT_NEEDED,
        step("network:connect", "skip", "request", message="refused", exchange=0, decisive=True, code="CORS902"),
    ),
    exchanges=(
        ExchangeRecord(
            "actual",
            0,
            RequestRecord("GET", URL, (("Origin", PAGE),)),
            None,
            ErrorRecord("connect", "localhost:8000 refused the connection (::1, 127.0.0.1)."),
            1.0,
        ),
    ),
    response=None,
    readable_headers=(),
    error=ErrorRecord("connect", "localhost:8000 refused the connection (::1, 127.0.0.1)."),
)

PREFLIGHT_ONLY = replace(
    ALLOWED,
    method="PUT",
    complete=False,
    preflight=PreflightRecord(True, ("method PUT",), True, {"chromium": 5}),
    steps=(
        step("http-fetch:4.1", "pass", "preflight", message="needed: method PUT"),
        step("cors-check:5", "pass", ACAO, PAGE, PAGE, exchange=0),
        step("preflight:7", "pass", "status", "200 to 299", "204 No Content", exchange=0),
        step("preflight:7.5", "pass", ACAM, "PUT", "GET, PUT", exchange=0),
    ),
    exchanges=(
        exchange("OPTIONS", 204, 12.4, reason="No Content"),
        ExchangeRecord("actual", 0, RequestRecord("PUT", URL, ()), None, None, None, held_back=True),
    ),
    response=None,
    readable_headers=(),
)

HELD_BACK = replace(
    PREFLIGHT_ONLY,
    method="POST",
    body=12,
    verdict="inconclusive",
    complete=True,
    passed=False,
    reason=Reason("CORS910", "held-back", None, "The request was not sent, and there is no preflight to judge by."),
    engines=engines("inconclusive"),
    preflight=PreflightRecord(False, (), False, {}),
    steps=(NOT_NEEDED,),
    exchanges=(ExchangeRecord("actual", 0, RequestRecord("POST", URL, ()), None, None, None, held_back=True),),
)

ENGINES_DIFFER = replace(
    ALLOWED,
    passed=False,
    engines=engines(
        firefox=EngineVerdict(
            "blocked",
            "recorded",
            "CORS407",
            "Request header dpr is not in Access-Control-Allow-Headers (preflight:7.7).",
        ),
        webkit=EngineVerdict("blocked", "source", "CORS407", "Request header dpr is not allowed (preflight:7.7)."),
    ),
    console={"chromium": None, "firefox": "Cross-Origin Request Blocked: ‘dpr’.", "webkit": None},
)

REDIRECTED = replace(
    ALLOWED,
    steps=(
        NOT_NEEDED,
        step("cors-check:5", "pass", ACAO, PAGE, PAGE, exchange=0),
        step("redirect:22", "pass", "Location", None, "https://api.example.com/a/rather/long/path?q=1", exchange=0),
        NOT_NEEDED,
        step(
            "cors-check:4",
            "fail",
            ACAO,
            "null",
            PAGE,
            exchange=1,
            decisive=True,
            code="CORS306",
        ),
    ),
    exchanges=(
        exchange("GET", 302, 2.0, reason="Found"),
        exchange("GET", 200, 1234.5, url="https://api.example.com/a/rather/long/path?q=1", hop=1),
    ),
    verdict="blocked",
    passed=False,
    engines=engines("blocked"),
    reason=Reason("CORS306", "cors-check:4", None, f"Access-Control-Allow-Origin is {PAGE}, not null (cors-check:4)."),
    response=None,
    readable_headers=(),
)

INVALID = replace(
    ALLOWED,
    method="TRACE",
    verdict="invalid",
    passed=False,
    engines=engines("invalid"),
    reason=Reason("CORS104", "request-constructor:method", None, "fetch() forbids TRACE."),
    steps=(
        step(
            "request-constructor:method",
            "fail",
            "method",
            None,
            "TRACE",
            message="fetch() forbids TRACE.",
            decisive=True,
            code="CORS104",
        ),
    ),
    exchanges=(),
    response=None,
    readable_headers=(),
)

LONG_ORIGIN = "https://a-very-long-preview-name-1234.preview.example.com"
LONG_VALUES = replace(
    WILDCARD,
    origin=LONG_ORIGIN,
    credentials="same-origin",
    reason=Reason(
        "CORS306",
        "cors-check:4",
        None,
        f"Access-Control-Allow-Origin is {LONG_ORIGIN}/, not {LONG_ORIGIN} (cors-check:4).",
    ),
    steps=(
        NOT_NEEDED,
        step("cors-check:4", "fail", ACAO, LONG_ORIGIN, LONG_ORIGIN + "/", exchange=0, decisive=True, code="CORS306"),
    ),
    findings=(),
)


def blocked(origin: str, method: str, url: str, received: str | None, code: str = "CORS301") -> Result:
    """A cell of a matrix that failed at Access-Control-Allow-Origin."""
    return replace(
        ALLOWED,
        url=url,
        origin=origin,
        method=method,
        verdict="blocked",
        passed=False,
        engines=engines("blocked"),
        reason=Reason(code, "cors-check:2", None, "No Access-Control-Allow-Origin in the response (cors-check:2)."),
        steps=(
            NOT_NEEDED,
            step("cors-check:2", "fail", ACAO, origin, received, exchange=0, decisive=True, code=code),
        ),
        response=None,
        readable_headers=(),
    )


def method_refused(origin: str, method: str, url: str) -> Result:
    """A cell whose method is not listed."""
    return replace(
        blocked(origin, method, url, None, "CORS405"),
        reason=Reason(
            "CORS405", "preflight:7.5", None, f"Method {method} is not in Access-Control-Allow-Methods (preflight:7.5)."
        ),
        steps=(step("preflight:7.5", "fail", ACAM, method, "GET, POST", exchange=0, decisive=True, code="CORS405"),),
    )


ORDERS = "https://api.example.com/orders"
APP, STAGING = "https://app.example.com", "https://staging.example.com"
MATRIX = (
    replace(ALLOWED, url=ORDERS, origin=APP),
    replace(PREFLIGHT_ONLY, url=ORDERS, origin=APP),
    replace(ALLOWED, url=ORDERS, origin=STAGING),
    method_refused(STAGING, "PUT", ORDERS),
    replace(
        blocked(PAGE, "GET", ORDERS, None),
        findings=(Finding("CORS603", "high", "t", "This origin is not on the server's list; two others are"),),
    ),
    replace(
        blocked(PAGE, "PUT", ORDERS, None),
        findings=(Finding("CORS603", "high", "t", "This origin is not on the server's list; two others are"),),
    ),
)

SINGLE = {
    "allowed": ALLOWED,
    "header-refused": HEADER_REFUSED,
    "wildcard-with-credentials": WILDCARD,
    "connection-refused": REFUSED,
    "preflight-only": PREFLIGHT_ONLY,
    "held-back": HELD_BACK,
    "engines-differ": ENGINES_DIFFER,
    "redirected": REDIRECTED,
    "invalid": INVALID,
    "long-values": LONG_VALUES,
    "expected-blocked": replace(WILDCARD, expected="blocked", passed=True),
    "expected-blocked-got-allowed": replace(ALLOWED, expected="blocked", passed=False),
}
