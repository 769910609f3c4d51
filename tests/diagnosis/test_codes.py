"""Every code has a case that shows the fault and one that nearly does and is fine. Expectations come from the standard."""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.protocol.drive import run
from corscheck.protocol.fetch import fetch
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import ERROR_KINDS, Answer, HTTPRequest, HTTPResponse, NetworkError, RawHead, Request
from corscheck.protocol.steps import NETWORK_CODES
from corscheck.runner.result import Assembler
from tests.diagnosis.failures import FAILURES, TOKEN, always, both
from tests.diagnosis.kit import API, APP, Asked, Reply, Server, ask

ALLOW = f"Access-Control-Allow-Origin: {APP}"
TRUE = "Access-Control-Allow-Credentials: true"
OK = Reply(200, (ALLOW, "Vary: Origin"))
FULL = Reply(
    204,
    (
        ALLOW,
        "Vary: Origin",
        TRUE,
        "Access-Control-Allow-Methods: GET, PUT",
        "Access-Control-Allow-Headers: x-tenant, authorization",
        "Access-Control-Max-Age: 600",
    ),
)
TENANT = (("X-Tenant", "7"),)
INCLUDE = {"credentials": "include"}
PUT = {"method": "PUT"}

GOOD = both(FULL, Reply(200, (ALLOW, TRUE, "Vary: Origin")))


def to(location: str, *headers: str) -> Server:
    """Redirects the first request."""
    return lambda asked: Reply(302, (ALLOW, TRUE, f"Location: {location}", *headers)) if asked.url == API else OK


def preflight(*headers: str, status: int = 204) -> Server:
    return both(Reply(status, (ALLOW, *headers)), OK)


def acao(*values: str) -> Server:
    return always(Reply(200, tuple(f"Access-Control-Allow-Origin: {v}" for v in values)))


def lengths(*values: int) -> Server:
    """Answers with these Content-Length fields, which HTTP libraries reject if they differ."""
    fields = b"".join(b"Content-Length: %d\r\n" % value for value in values)
    head = RawHead(b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\n" + fields + b"\r\nok")
    return lambda asked: NetworkError("protocol", "malformed", raw=head)


Case = tuple[Server, dict[str, Any]]

STEPS: dict[str, tuple[Case, Case]] = {
    "CORS101": ((GOOD, {"url": "https://exa mple/"}), (GOOD, {"url": "https://api.example/a b"})),
    "CORS102": ((GOOD, {"url": "https://u:p@api.example/"}), (GOOD, {"url": "https://@api.example/"})),
    "CORS103": ((GOOD, {"method": "GET POST"}), (GOOD, {"method": "get"})),
    "CORS104": ((GOOD, {"method": "TRACE"}), (GOOD, PUT)),
    "CORS105": ((GOOD, {"mode": "no-cors", "method": "PUT"}), (GOOD, {"mode": "no-cors"})),
    "CORS106": ((GOOD, {"headers": (("X Tenant", "7"),)}), (GOOD, {"headers": TENANT})),
    "CORS107": ((GOOD, {"headers": (("X-Tenant", "\u0141"),)}), (GOOD, {"headers": (("X-Tenant", "\xe9"),)})),
    "CORS108": ((GOOD, {"body": b"x"}), (GOOD, {"body": b"x", "method": "PUT", "send": "always"})),
    "CORS109": (
        (GOOD, {"cache": "only-if-cached"}),
        (GOOD, {"cache": "only-if-cached", "mode": "same-origin", "origin": "https://api.example"}),
    ),
    "CORS120": ((GOOD, {"headers": (("Cookie", "a=1"),)}), (GOOD, {"headers": TENANT})),
    "CORS121": (
        (GOOD, {"mode": "no-cors", "headers": TENANT}),
        (GOOD, {"mode": "no-cors", "headers": (("Accept", "*/*"),)}),
    ),
    "CORS201": ((GOOD, {"url": "https://api.example:6000/"}), (GOOD, {"url": "https://api.example:6001/"})),
    "CORS202": ((GOOD, {"url": "http://api.example/"}), (GOOD, {"url": "http://127.0.0.1/"})),
    "CORS203": ((GOOD, {"mode": "same-origin"}), (GOOD, {"mode": "same-origin", "origin": "https://api.example"})),
    "CORS204": ((GOOD, {"url": "ftp://api.example/"}), (GOOD, {})),
    "CORS205": ((GOOD, {"mode": "no-cors", "redirect": "error"}), (GOOD, {"mode": "no-cors"})),
    "CORS301": ((always(Reply(200)), {}), (acao("*"), {})),
    "CORS302": ((acao("*"), INCLUDE), (acao("*"), {"credentials": "omit"})),
    "CORS303": ((acao(APP, APP), {}), (acao(APP), {})),
    "CORS304": ((acao(f"{APP}, https://b.example"), {}), (acao(APP), {})),
    "CORS305": ((acao("app.example"), {}), (acao(f" {APP} "), {})),
    "CORS306": ((acao("https://other.example"), {}), (acao(APP), {})),
    "CORS308": (
        (always(Reply(200, ("Cross-Origin-Resource-Policy: same-origin",))), {"mode": "no-cors"}),
        (always(Reply(200, ("Cross-Origin-Resource-Policy: cross-origin",))), {"mode": "no-cors"}),
    ),
    "CORS307": ((always(Reply(200, (ALLOW, "Access-Control-Allow-Credentials: TRUE"))), INCLUDE), (GOOD, INCLUDE)),
    "CORS401": ((preflight(*FULL.headers[3:], status=300), PUT), (preflight(*FULL.headers[3:], status=299), PUT)),
    "CORS402": ((preflight("Location: /x", status=302), PUT), (preflight(*FULL.headers[3:], "Location: /x"), PUT)),
    "CORS403": (
        (preflight("Access-Control-Allow-Methods: GET PUT"), PUT),
        (preflight("Access-Control-Allow-Methods: GET,,PUT,"), PUT),
    ),
    "CORS404": (
        (preflight("Access-Control-Allow-Headers: [x-tenant]"), {"headers": TENANT}),
        (preflight("Access-Control-Allow-Headers: ,X-TENANT"), {"headers": TENANT}),
    ),
    "CORS405": (
        (preflight("Access-Control-Allow-Methods: put"), PUT),
        (preflight("Access-Control-Allow-Methods: *"), PUT),
    ),
    "CORS406": (
        (preflight("Access-Control-Allow-Headers: *"), {"headers": TOKEN, "engine": "standard"}),
        (preflight("Access-Control-Allow-Headers: *, Authorization"), {"headers": TOKEN, "engine": "standard"}),
    ),
    "CORS407": (
        (preflight(), {"headers": TENANT}),
        (preflight("Access-Control-Allow-Headers: *"), {"headers": TENANT}),
    ),
    "CORS420": (
        (preflight(*FULL.headers[3:5], "Access-Control-Max-Age: 10m"), PUT),
        (preflight(*FULL.headers[3:5], "Access-Control-Max-Age: 600"), PUT),
    ),
    "CORS501": ((to("https://exa mple/"), {}), (to("/other"), {})),
    "CORS502": ((to("myapp://callback"), {}), (to("//api.example/x"), {})),
    "CORS503": ((always(Reply(302, (ALLOW, "Location: /data"))), {}), (to("/other"), {})),
    "CORS504": ((to("https://u:p@b.example/"), {}), (to("https://api.example/u:p@b"), {})),
    "CORS505": (
        # Back to the page's own origin: redirect:9 does not apply, redirect:10 does.
        (to("https://u:p@app.example/"), {}),
        (lambda asked: to("https://app.example/")(asked) if asked.url == API else acao("null")(asked), {}),
    ),
    "CORS507": ((to("/other"), {"redirect": "error"}), (GOOD, {"redirect": "error"})),
    "CORS508": ((always(Reply(407, (ALLOW,))), {}), (always(Reply(407, (ALLOW,))), {"engine": "firefox"})),
    "CORS510": (
        (to("https://u:p@api.example/x"), {"origin": "https://api.example"}),
        (to("https://u:p@api.example/x"), {"origin": "https://api.example", "engine": "firefox"}),
    ),
    "CORS520": (
        (always(Reply(200, (ALLOW, "Access-Control-Expose-Headers: X-A X-B"))), {}),
        (always(Reply(200, (ALLOW, "Access-Control-Expose-Headers: X-A,X-B"))), {}),
    ),
    "CORS522": ((lengths(1, 2), {}), (lengths(2, 2), {})),
    "CORS910": ((GOOD, {"method": "POST"}), (GOOD, {"method": "POST", "send": "always"})),
    **{
        NETWORK_CODES[kind]: ((lambda asked, kind=kind: NetworkError(kind, "no"), {}), (GOOD, {}))  # type: ignore[misc]
        for kind in ERROR_KINDS
    },
}

ELSEWHERE = {
    "CORS506": "needs a request stream, which a probe has not: below",
    "CORS509": "streams are never put on the wire here, so nothing can fail for want of HTTP/2; the code is kept for it",
    "CORS521": "needs a body that breaks off: below",
    "CORS712": "needs a probe that is asked alone: below",
    "CORS911": "is said of an engine that replays: below",
}


def codes_of(outcome: Outcome) -> set[str]:
    steps = {s.code for s in outcome.steps if s.code is not None}
    return steps | ({outcome.failure.code} if outcome.failure is not None else set())


@pytest.mark.parametrize("code", STEPS)
def test_step(code: str) -> None:
    (bad, bad_probe), (good, good_probe) = STEPS[code]
    assert code in codes_of(ask(bad, **bad_probe).outcome)
    fine = ask(good, **good_probe).outcome
    assert code not in codes_of(fine)
    assert fine.verdict == "allowed"


@pytest.mark.parametrize(
    "code",
    [
        c
        for c, ((server, _), _) in STEPS.items()
        if c < "CORS3" or c in ("CORS501", "CORS502", "CORS503", "CORS504", "CORS507", "CORS508", "CORS403", "CORS404")
    ],
)
def test_a_fault_without_a_deeper_cause_is_explained_as_itself(code: str) -> None:
    server, probe = STEPS[code][0]
    seen = ask(server, **probe)
    if seen.outcome.verdict == "allowed":  # a warning
        return
    assert seen.codes[0] == code
    assert seen.findings[0].advice == RECORDS[code].advice
    assert seen.findings[0].help == RECORDS[code].help
    assert seen.controls == []


def test_a_stream_cannot_be_sent_again() -> None:
    def answers(status: int) -> Outcome:
        def answer(request: HTTPRequest) -> Answer:
            if request.kind == "preflight" or not request.url.endswith("/data"):
                return HTTPResponse(204, Reply(204, (*FULL.headers,)).pairs())
            return HTTPResponse(status, (("Access-Control-Allow-Origin", APP), ("Location", "/x")))

        return run(fetch(Request(API, APP, method="POST", stream=True), "standard"), answer)

    assert codes_of(answers(307)) & {"CORS506"}
    assert not codes_of(answers(303)) & {"CORS506"}


def test_a_body_that_breaks_off() -> None:
    def outcome(error: str | None) -> Outcome:
        answer = HTTPResponse(200, (("Access-Control-Allow-Origin", APP),), body_error=error)
        return run(fetch(Request(API, APP), "chromium"), lambda request: answer)

    assert "CORS521" in codes_of(outcome("closed"))
    assert "CORS521" not in codes_of(outcome(None))


def test_what_was_not_recorded_cannot_be_judged() -> None:
    """Firefox preflights the safelisted GET that a redirected PUT has become; Chromium does not (D22)."""
    from corscheck.model.values import Probe

    def outcome(location: str) -> tuple[Probe, Outcome]:
        def server(asked: Asked) -> Reply:
            if asked.preflight:
                return FULL
            return Reply(303, (ALLOW, f"Location: {location}")) if asked.method == "PUT" else OK

        seen = ask(server, method="PUT", send="always")
        return Probe(API, APP, "PUT", send="always"), seen.outcome

    result = Assembler().result(*outcome("https://api.example/other"))
    assert result.engines["firefox"].code == "CORS911"
    assert result.engines["standard"].code is None


def auth_fine(asked: Asked) -> Reply:
    return FULL if asked.preflight else Reply(401, (ALLOW, "Vary: Origin", "WWW-Authenticate: Bearer"))


def to_b(there: Server) -> Server:
    """Redirects to another origin, where ``there`` answers."""
    away = Reply(302, (ALLOW, "Location: https://b.example/"))
    return lambda asked: there(asked) if "b.example" in asked.url else away


def https_with_headers(asked: Asked) -> Reply:
    return OK if asked.url.startswith("https") else Reply(301, ("Location: https://api.example/data", ALLOW))


def login_with_headers(asked: Asked) -> Reply:
    if "login" in asked.url:
        return Reply(200, (f"Access-Control-Allow-Origin: {asked.origin}",))
    return Reply(302, (ALLOW, "Location: /login"))


NEAR: dict[str, tuple[Case | None, Case]] = {
    # code: (a failing case where the table of failures has none, a case that nearly has the fault)
    "CORS601": (None, (auth_fine, {"headers": TOKEN})),
    "CORS602": (None, (both(Reply(405, ("Allow: GET",)), OK), {})),
    "CORS603": (None, (always(Reply(500, OK.headers)), {})),
    "CORS604": (None, (always(Reply(502, (*OK.headers, "Server: nginx"))), {})),
    "CORS605": (None, (to("/data/"), {})),
    "CORS606": (None, (https_with_headers, {"url": "https://api.example/data"})),
    "CORS607": (None, (login_with_headers, {})),
    "CORS608": (None, (acao(APP), {})),
    "CORS609": (None, (acao(APP), {})),
    "CORS610": (None, (acao("*"), {})),
    "CORS611": (None, (GOOD, INCLUDE)),
    "CORS612": (None, (GOOD, {"headers": TENANT})),
    "CORS613": (None, (preflight("Access-Control-Allow-Headers: *"), {"headers": TENANT})),
    "CORS614": (None, (GOOD, PUT)),
    "CORS615": (None, (always(Reply(200, ("Vary: Origin",))), {"origin": "https://api.example"})),
    "CORS616": (None, (acao(APP), {})),
    "CORS617": (None, (always(Reply(200, (*OK.headers, "X-Cache: HIT"))), {})),
    "CORS619": (None, (both(FULL, Reply(403, (*OK.headers, "cf-mitigated: challenge"))), PUT)),
    "CORS621": ((always(Reply(200)), {}), (acao("*"), {})),
    "CORS622": ((both(FULL, Reply(200)), {"headers": TENANT}), (GOOD, {"headers": TENANT})),
    "CORS624": (None, (preflight("Access-Control-Allow-Methods: patch"), {"method": "patch"})),
    "CORS625": (None, (acao(APP), {})),
    "CORS626": ((to_b(always(OK)), {}), (to_b(acao("*")), {})),
    "CORS627": ((to_b(always(Reply(200))), {}), (to("/other"), {})),
    "CORS629": ((both(Reply(500), OK), PUT), (GOOD, PUT)),
    "CORS630": ((always(Reply(403)), PUT), (both(FULL, Reply(403, OK.headers)), PUT)),
    "CORS633": (
        (lambda asked: Reply(307, (ALLOW, "Location: http://api.example/data/")) if asked.url == API else OK, {}),
        (lambda asked: Reply(307, (ALLOW, "Location: https://api.example/data/")) if asked.url == API else OK, {}),
    ),
    "CORS634": ((GOOD, {"headers": (("Access-Control-Allow-Origin", "*"),)}), (GOOD, {"headers": TENANT})),
    "CORS635": (
        (always(Reply(200, ("Access-Control-Allow-Orgin: *",))), {}),
        (
            always(
                Reply(200, ("Access-Control-Allow-Origin: *", "Timing-Allow-Origin: *", "Origin-Agent-Cluster: ?1"))
            ),
            {},
        ),
    ),
    "CORS636": (
        (both(FULL, Reply(304)), {"headers": TENANT}),
        (both(FULL, Reply(304, OK.headers)), {"headers": TENANT}),
    ),
    "CORS631": ((always(Reply(404)), {"headers": TOKEN}), (both(FULL, Reply(404, OK.headers)), {"headers": TOKEN})),
    "CORS632": ((always(Reply(200, ("Vary: Origin",))), {"origin": "null"}), (acao("null"), {"origin": "null"})),
    "CORS701": (None, (always(Reply(200, (ALLOW, "Vary: Accept, origin", "Cache-Control: public"))), {})),
    "CORS702": (
        None,
        (always(Reply(200, (ALLOW, "Access-Control-Expose-Headers: x-a", "X-A: 1", "X-Powered-By: y"))), {}),
    ),
    "CORS703": (
        (always(Reply(200, (ALLOW, TRUE, "Access-Control-Expose-Headers: *", "X-A: 1"))), INCLUDE),
        (always(Reply(200, (ALLOW, "Access-Control-Expose-Headers: *", "X-A: 1"))), {}),
    ),
    "CORS704": (None, (GOOD, PUT)),
    "CORS705": (None, (both(Reply(204, (*FULL.headers[:5], "Access-Control-Max-Age: 7200")), OK), PUT)),
    "CORS706": ((always(Reply(200)), {}), (both(Reply(405), OK), PUT)),
    "CORS707": ((acao("*"), INCLUDE), (acao("https://other.example"), INCLUDE)),
    "CORS708": (
        (always(OK), {"url": "http://192.168.0.10/x", "origin": "https://www.python.org", "expected": "blocked"}),
        (
            always(Reply(200, ("Access-Control-Allow-Origin: *",))),
            {"url": "https://192.0.2.1/", "origin": "http://192.168.0.10"},
        ),
    ),
    "CORS709": (None, (preflight("Access-Control-Allow-Headers: *, authorization"), {"headers": TOKEN})),
    "CORS713": ((always(Reply(404, (ALLOW,))), {}), (always(Reply(301, (ALLOW,))), {})),
    "CORS714": (
        (always(Reply(404)), {"expected": "blocked"}),
        (always(Reply(404, ("Vary: Accept-Encoding, Origin",))), {"expected": "blocked"}),
    ),
    "CORS711": ((always(Reply(200, ("Server: nginx",))), {}), (always(Reply(200, (*OK.headers, "Server: nginx"))), {})),
}


@pytest.mark.parametrize("code", NEAR)
def test_cause_or_remark(code: str) -> None:
    failing, (near, near_probe) = NEAR[code]
    if failing is None:
        # The table of failures has it, over the wire.
        assert code in {f.code for f in FAILURES}
    else:
        server, probe = failing
        assert code in ask(server, **probe).codes
    assert code not in ask(near, **near_probe).codes


def test_no_code_is_left_out() -> None:
    # Those of the audit are named by audits: tests/auditing has theirs.
    here = {code for code, record in RECORDS.items() if record.kind != "audit"}
    assert set(STEPS) | set(NEAR) | set(ELSEWHERE) == here


@pytest.mark.parametrize(
    ("origin", "url", "noted"),
    [
        ("https://www.python.org", "http://127.0.0.1:8000/", True),
        ("https://www.python.org", "http://localhost:8000/", True),
        ("https://www.python.org", "http://10.0.0.1/", True),
        ("https://www.python.org", "https://[fd00::1]/", True),
        ("http://www.python.org", "http://192.168.1.1/", True),
        ("https://www.python.org", "https://93.184.216.34/", False),
        ("https://www.python.org", "https://api.python.org/", False),
        ("http://localhost:3000", "http://127.0.0.1:8000/", False),
        ("http://10.0.0.2", "http://10.0.0.1/", False),
        ("http://intranet", "http://10.0.0.1/", False),
        ("http://app.test", "http://127.0.0.1/", False),
        ("null", "http://127.0.0.1/", False),
    ],
)
def test_local_network(origin: str, url: str, noted: bool) -> None:
    seen = ask(acao("*"), url=url, origin=origin)
    assert ("CORS708" in seen.codes) is noted


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "method, headers and body"),
        (401, "login"),
        (403, "login"),
        (404, "URL"),
        (410, "URL"),
        (422, "method, headers and body"),
        (500, "server failed"),
        (503, "server failed"),
    ],
)
def test_a_readable_error_is_no_green_gate(status: int, advice: str) -> None:
    """The Fetch Standard lets a page read an error response like any other, so a typo in a URL is allowed, too."""
    seen = ask(always(Reply(status, (ALLOW,))))
    assert seen.outcome.verdict == "allowed"
    (found,) = [f for f in seen.findings if f.code == "CORS713"]
    assert f"it is a {status}" in found.message
    assert advice in found.message


@pytest.mark.parametrize("reply", [Reply(200, (ALLOW,)), Reply(204, (ALLOW,)), Reply(304, (ALLOW,))])
def test_a_readable_success_is_not_remarked_on(reply: Reply) -> None:
    assert "CORS713" not in ask(always(reply)).codes


@pytest.mark.parametrize(
    ("reply", "noted"),
    [
        (Reply(404), True),
        (Reply(401), True),
        (Reply(500), True),
        (Reply(200), False),
        (Reply(405), False),
        (Reply(404, ("Access-Control-Allow-Methods: GET",)), False),
        (Reply(404, ("Access-Control-Allow-Origin: https://other.example",)), False),
        (Reply(403, body="Invalid CORS request"), False),
        (Reply(400, ("Vary: Origin",), body="Disallowed"), False),
    ],
)
@pytest.mark.parametrize("expected", ["blocked", "allowed"])
def test_blocked_as_expected_by_something_that_is_not_cors(reply: Reply, noted: bool, expected: str) -> None:
    seen = ask(always(reply), expected=expected)
    assert seen.outcome.verdict == "blocked"
    assert ("CORS714" in seen.codes) is (noted and expected == "blocked")


def test_one_cause_and_nothing_that_follows_from_it() -> None:
    """A 401 without headers fails four rows; authentication is the one thing to say."""
    seen = ask(both(Reply(401), OK), method="PUT", headers=TENANT)
    assert len([s for s in seen.outcome.steps if s.status == "fail"]) == 4
    assert seen.codes == ["CORS601"]


def test_two_faults_that_do_not_follow_from_each_other() -> None:
    seen = ask(both(Reply(204, (ALLOW,)), OK), method="PUT", headers=TENANT)
    assert seen.codes == ["CORS614", "CORS612"]


def test_the_pointer_to_fix_is_for_a_known_stack_only() -> None:
    aiohttp = Reply(405, ("Server: Python/3.11 aiohttp/3.9.1",))
    known = ask(both(aiohttp, OK), method="PUT", headers=(("Authorization", "secret"),))
    advice = known.findings[0].advice or ""
    assert advice.splitlines()[-1] == (
        f"  corscheck fix --for aiohttp {API} --origin {APP} -X PUT -H 'Authorization: ***'"
    )
    likely = ask(both(Reply(400, ("Access-Control-Allow-Methods: GET",), "Disallowed CORS origin"), OK), method="PUT")
    assert (likely.findings[0].advice or "").endswith(
        "If this is Starlette or FastAPI:\nIn your CORSMiddleware (... stands for the current values):\n"
        f'  allow_origins=[..., "{APP}"]'
    )
    without_a_remedy = ask(both(Reply(405, ("X-Powered-By: ASP.NET",)), OK), method="PUT")
    assert "corscheck fix" not in (without_a_remedy.findings[0].advice or "")
    unknown = ask(both(Reply(405), OK), method="PUT")
    assert "corscheck fix" not in (unknown.findings[0].advice or "")


def test_spring_says_the_same_of_everything_so_one_control_tells() -> None:
    def spring(asked: Asked, known: str) -> Reply:
        if asked.origin == known and not asked.preflight:
            return Reply(200, (f"Access-Control-Allow-Origin: {known}", "Vary: Origin"))
        return Reply(403, ("Vary: Origin",), "Invalid CORS request")

    assert ask(lambda asked: spring(asked, APP), method="PUT").codes[0] == "CORS614"
    assert ask(lambda asked: spring(asked, APP), headers=TENANT).codes[0] == "CORS612"
    assert ask(lambda asked: spring(asked, "https://b.example"), method="PUT").codes[0] == "CORS615"


def test_a_redirect_to_https_makes_the_origin_null() -> None:
    """http and https are two origins, so the second hop is tainted: the CORS headers on both answers do not help."""
    page, api = "http://app.example", "http://api.example/data"
    allow = f"Access-Control-Allow-Origin: {page}"

    def server(asked: Asked) -> Reply:
        return (
            Reply(200, (allow,)) if asked.url.startswith("https") else Reply(301, (allow, f"Location: https{api[4:]}"))
        )

    seen = ask(server, origin=page, url=api)
    assert seen.outcome.failure is not None
    assert seen.outcome.failure.code == "CORS306"
    assert seen.codes[0] == "CORS606"
    assert "Origin: null; at that URL the page is allowed" in seen.findings[0].message
    assert [c.url for c in seen.controls] == ["https://api.example/data"]


def test_via_is_named_where_mixed_content_decides() -> None:
    seen = ask(GOOD, url="http://api.example/", via="http://api:8000")
    assert seen.codes == ["CORS202"]
    assert "--via http://api:8000" in seen.findings[0].message


def test_a_long_value_makes_no_long_finding() -> None:
    first = ask(acao("https://other.example/" + "x" * 50_000)).findings[0]
    assert len(first.message) <= 400
    assert len(first.evidence or "") <= 1000


def test_secrets_do_not_get_into_findings() -> None:
    from corscheck.model.values import Probe

    server = both(Reply(302, ("Location: https://auth.example/login?access_token=hush",)), OK)
    headers = (("Authorization", "Bearer hush"), ("X-Api-Key", "hush"))
    seen = ask(server, url=f"{API}?token=hush", headers=headers)
    result = Assembler().result(Probe(f"{API}?token=hush", APP, headers=headers), seen.outcome, seen.findings)
    assert result.findings[0].code == "CORS607"
    assert "hush" not in str(result.findings)
    assert "access_token=***" in str(result.findings)


def test_many_at_once_are_diagnosed_too() -> None:
    from corscheck.model.result import Result
    from corscheck.model.values import Probe
    from corscheck.runner.many import results
    from corscheck.runner.options import RunOptions
    from corscheck.transports.base import NetworkOptions
    from tests.servers.raw import READ, RawServer

    def answer(raw: bytes) -> bytes:
        return (Reply(204, (ALLOW,)) if raw.startswith(b"OPTIONS") else Reply(500)).wire()

    def ask_many(url: str, diagnose: bool) -> list[Result]:
        options = RunOptions(network=NetworkOptions(timeout=5.0, proxy=""), diagnose=diagnose)
        return list(results([Probe(url, APP), Probe(url, APP, index=1)], options))

    with RawServer((READ, answer)) as server:
        asked = ask_many(server.url(), True)
        assert [r.findings[0].code for r in asked] == ["CORS603", "CORS603"]
        assert sorted(r.split(b" ")[0] for r in server.requests) == [b"GET", b"GET", b"OPTIONS", b"OPTIONS"]
    # Not asked further, it is left at what the standard's step says: anything more would be a guess.
    with RawServer((READ, answer)) as server:
        unasked = ask_many(server.url(), False)
        assert [r.findings[0].code for r in unasked] == ["CORS301", "CORS301"]
        assert len(server.requests) == 2


def _image(*fields: str, always: bool = False) -> Server:
    """An image that has CORS headers where there is an Origin, or always."""

    def server(asked: Asked) -> Reply:
        own = (f"Access-Control-Allow-Origin: {asked.origin or '*'}",) if always or asked.origin else ()
        return Reply(200, ("Content-Type: image/png", *fields, *own))

    return server


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (_image('ETag: "a"'), True),
        (_image("Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT"), True),
        (_image("Cache-Control: max-age=60"), True),
        (_image(), False),
        (_image('ETag: "a"', "Cache-Control: no-store"), False),
        (_image('ETag: "a"', "Vary: Accept, Origin"), False),
        (_image('ETag: "a"', always=True), False),
    ],
    ids=["etag", "last-modified", "max-age", "nothing to keep it by", "no-store", "Vary: Origin", "the headers always"],
)
def test_a_copy_in_the_browsers_cache(server: Server, said: bool) -> None:
    """RFC 9111: what may be stored, and reused for a request with an Origin. Only a probe that is asked alone is worth it."""
    seen = ask(server, alone=True)
    assert seen.outcome.verdict == "allowed"
    assert ("CORS712" in seen.codes) is said
    assert len(seen.controls) <= 1
    assert ask(server).controls == []


WORDS: dict[str, tuple[Reply, dict[str, Any], str]] = {
    "origin": (Reply(403, body="Invalid Origin header"), PUT, "CORS615"),
    "origin, in JSON": (Reply(403, body='{"error": "origin https://app.example is not trusted"}'), PUT, "CORS615"),
    "method": (Reply(403, body="CORS: method 'PUT' is not allowed for this origin"), PUT, "CORS614"),
    "header": (Reply(403, body="CORS: headers are not allowed: X-TENANT"), {"headers": TENANT}, "CORS612"),
    "not switched on": (Reply(403, body="CORSResponse: CORS is not enabled for this bucket."), PUT, "CORS621"),
}


@pytest.mark.parametrize("name", WORDS)
def test_words_are_evidence(name: str) -> None:
    """If the server says why, that is the cause, and it is quoted. No control has to find it out."""
    reply, probe, code = WORDS[name]
    seen = ask(both(reply, Reply(200)), diagnosing=False, **probe)
    assert seen.codes[0] == code
    assert reply.body[:30] in str(seen.findings[0].evidence)


@pytest.mark.parametrize(
    "body",
    ["Forbidden", "Access Denied", '{"message": "Method Not Allowed"}', "502: the origin server is not reachable"],
)
def test_words_that_say_nothing_of_cors(body: str) -> None:
    server = both(Reply(403, body=body), OK)
    assert ask(server, **PUT).codes[0] in ("CORS601", "CORS630")


def _without(header: str, status: int) -> Server:
    """A server that requires a login for every request, preflights included."""
    return lambda asked: OK if header in asked.headers else Reply(status)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_login_that_is_missing_from_the_preflight(status: int) -> None:
    """Without a token everything is refused: a GET with the page's own headers, at the same URL, tells."""
    seen = ask(_without("authorization", status), headers=TOKEN)
    assert seen.codes[0] == "CORS601"
    assert len(seen.controls) <= 4
    assert ask(always(Reply(status)), headers=TOKEN).codes[0] != "CORS601"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (
            Reply(403, (), "CSRF verification failed. Origin checking failed - https://app.example is not trusted."),
            "CORS630",
        ),
        (Reply(404, (), "<p>Page not found. See our guide on CORS, headers.</p>"), "CORS631"),
        (Reply(404, (), '{"error": "not found", "origin": "203.0.113.7"}'), "CORS631"),
        (Reply(403, (), "Access denied: your origin country is blocked"), "CORS630"),
    ],
)
def test_words_about_another_origin(reply: Reply, code: str) -> None:
    """A text that has the word origin, or CORS, does not decide alone."""
    assert ask(always(reply)).codes[0] == code
