"""Servers that misbehave, carriers other than plain TCP, and what is decided before anything is sent."""

from __future__ import annotations

from tests.contract.matching import Has, Text
from tests.contract.row import APP, PAGE, Row, ask, decided, kinds

ESCAPE = "\x1b"


def unanswered(kind: str, message: str = "") -> dict[str, object]:
    """No usable answer, of this kind."""
    return {"error": {"kind": kind, "message": Text(message)}, "response": None}


HOSTILE = (
    Row(
        "a server that never answers: the deadline ends it",
        ask("{hang}/", "-m", "1"),
        exit=3,
        verdicts=("inconclusive",),
        probe={**unanswered("timeout"), "reason": {"code": "CORS904"}},
    ),
    Row(
        "a server that drips header lines: one deadline over all",
        ask("{drip}/", "-m", "1"),
        exit=3,
        verdicts=("inconclusive",),
        probe=unanswered("timeout"),
    ),
    Row(
        "a server that hangs up",
        ask("{close}/"),
        exit=3,
        verdicts=("inconclusive",),
        probe=unanswered("connect", "without a response"),
    ),
    Row(
        "garbage instead of HTTP",
        ask("{garbage}/"),
        exit=1,
        verdicts=("blocked",),
        probe={"reason": {"code": "CORS522", "message": Text("is it an https URL")}, "response": None},
    ),
    Row(
        "headers without end",
        ask("{endless}/"),
        exit=3,
        verdicts=("inconclusive",),
        probe={**unanswered("too-large"), "reason": {"code": "CORS906"}},
    ),
    Row(
        "a body of 100 MB is not waited for",
        ask("{huge}/"),
        exit=0,
        verdicts=("allowed",),
        probe={"response": {"status": 200}},
    ),
    Row(
        "redirects for ever: the 21st fails",
        ask("{loop}/"),
        exit=1,
        verdicts=("blocked",),
        probe={**decided("CORS503", "redirect:7"), **kinds(*["actual"] * 21)},
    ),
    Row(
        "terminal escapes in a header: escaped in the report",
        ask("{escapes}/"),
        exit=1,
        verdicts=("blocked",),
        probe={"reason": {"step": "cors-check:4"}},
        unsaid=(ESCAPE,),
    ),
    Row(
        "terminal escapes and markup in a header: harmless in the table",
        ask("{escapes}/", "-v"),
        exit=1,
        stdout=r"\[bold red\]",
        unsaid=(ESCAPE,),
    ),
    Row(
        "NUL in a header value",
        ask("{nul}/"),
        exit=1,
        verdicts=("blocked",),
        probe={"reason": {"code": "CORS522", "message": Text("NUL")}, "response": None},
    ),
    Row(
        "broken chunks: Chromium goes by the headers, Firefox has none to tell of",
        ask("{bad_chunk}/"),
        exit=1,
        verdicts=("allowed",),
        probe={
            "response": {"status": 200},
            "steps": Has({"status": "warn", "code": "CORS521"}),
            "engines": {"firefox": {"verdict": "blocked", "code": "CORS522"}},
        },
    ),
    Row(
        "the preflight is answered, the request is not",
        ask("{half}/", "-H", "X-A: 1"),
        exit=3,
        verdicts=("inconclusive",),
        probe={**kinds("preflight", "actual"), **unanswered("connect")},
    ),
    Row(
        "no answer does not pass, even where blocked is expected",
        ask("{close}/", "--expect", "blocked"),
        exit=3,
        verdicts=("inconclusive",),
        probe={"passed": False},
    ),
)

CARRIERS = (
    Row(
        "https with a private CA",
        ask("https://127.0.0.1:{tls_port}/", "--cacert", "{ca}", origin=APP),
        exit=0,
        verdicts=("allowed",),
        probe={"response": {"status": 200}},
    ),
    Row(
        "https, unknown issuer",
        ask("https://127.0.0.1:{tls_port}/", origin=APP),
        exit=3,
        verdicts=("inconclusive",),
        probe={**unanswered("tls"), "reason": {"code": "CORS903", "step": "network:tls"}},
    ),
    Row(
        "https, unknown issuer, -k",
        ask("https://127.0.0.1:{tls_port}/", "-k", origin=APP),
        exit=0,
        verdicts=("allowed",),
    ),
    Row(
        "https, wrong name",
        ask("https://127.0.0.1:{wrong_name_port}/", "--cacert", "{ca}", origin=APP),
        exit=3,
        verdicts=("inconclusive",),
        probe=unanswered("tls", r"127\.0\.0\.1"),
    ),
    Row(
        "https, expired",
        ask("https://127.0.0.1:{expired_port}/", "--cacert", "{ca}", origin=APP),
        exit=3,
        verdicts=("inconclusive",),
        probe=unanswered("tls", "expired"),
    ),
    Row(
        "https to a port that speaks plain HTTP",
        ask("https://127.0.0.1:{cors_port}/data"),
        exit=3,
        verdicts=("inconclusive",),
        probe=unanswered("tls"),
    ),
    Row(
        "a proxy",
        ask("http://api.example/", "-x", "{proxy}"),
        exit=0,
        verdicts=("allowed",),
        probe={"url": "http://api.example/", "response": {"status": 200}},
    ),
    Row(
        "a proxy from the environment is not used for loopback",
        ask("{cors}/data"),
        exit=0,
        verdicts=("allowed",),
        environment={"http_proxy": "http://127.0.0.1:{refused_port}"},
    ),
    Row(
        "a proxy from the environment",
        ask("http://api.example/"),
        exit=0,
        verdicts=("allowed",),
        environment={"http_proxy": "{proxy}"},
    ),
    Row(
        "--noproxy takes precedence over the environment",
        ask("http://api.example/", "--noproxy", "*", "--connect-to", "::127.0.0.1:{refused_port}"),
        exit=3,
        verdicts=("inconclusive",),
        probe=unanswered("connect"),
        environment={"http_proxy": "{proxy}"},
    ),
    Row(
        "a proxy that is not there",
        ask("http://api.example/", "-x", "http://127.0.0.1:{refused_port}"),
        exit=3,
        verdicts=("inconclusive",),
        probe={**unanswered("proxy"), "reason": {"code": "CORS907"}},
    ),
    Row(
        "a unix socket",
        ask("http://api.example/", "--unix-socket", "{unix}"),
        exit=0,
        verdicts=("allowed",),
        probe={"response": {"status": 200}},
    ),
    Row(
        "a port that nobody listens on",
        ask("http://127.0.0.1:{refused_port}/"),
        exit=3,
        verdicts=("inconclusive",),
        probe={**unanswered("connect", "refused"), "reason": {"code": "CORS902", "step": "network:connect"}},
    ),
    Row(
        "one answers, one does not: the worst status counts",
        ("probe", "{cors}/data", "http://127.0.0.1:{refused_port}/", "{no_cors}/data", "--origin", PAGE),
        exit=1,
        verdicts=("allowed", "inconclusive", "blocked"),
    ),
)

DEMO = (
    Row(
        "a login redirect: Origin turns null, and the login page knows nothing of CORS",
        ask("{demo}/login"),
        exit=1,
        verdicts=("blocked",),
        probe={
            **decided("CORS301", "cors-check:2"),
            "exchanges": [
                {"hop": 0, "request": {"headers": Has(["Origin", PAGE])}, "response": {"status": 302}},
                {"hop": 1, "request": {"headers": Has(["Origin", "null"])}, "response": {"status": 200}},
            ],
        },
    ),
    Row(
        "redirect mode error",
        ask("{demo}/login", "--redirect", "error"),
        exit=1,
        verdicts=("blocked",),
        probe={**decided("CORS507", "http-fetch:6"), **kinds("actual")},
    ),
    Row(
        "redirect mode manual: an opaque answer",
        ask("{demo}/login", "--redirect", "manual"),
        exit=0,
        verdicts=("allowed",),
        probe={"response": {"type": "opaqueredirect", "status": 0}, "readable_headers": []},
    ),
    Row(
        "a redirected preflight",
        ask("{demo}/preflight-redirect", "-H", "X-A: 1"),
        exit=1,
        verdicts=("blocked",),
        probe=decided("CORS402", "preflight:8"),
    ),
    Row(
        "* with credentials",
        ask("{demo}/wildcard-credentials", "--credentials", "include"),
        exit=1,
        verdicts=("blocked",),
        probe={
            **decided("CORS302", "cors-check:4"),
            "engines": {"standard": {"verdict": "blocked"}, "chromium": {"verdict": "blocked"}},
        },
    ),
    Row(
        "Authorization under *: browsers allow what the standard blocks",
        ask("{demo}/wildcard-headers", "-H", "Authorization: Bearer x", "--engine", "chromium"),
        exit=0,
        verdicts=("allowed",),
        probe={"engines": {"standard": {"verdict": "blocked"}, "chromium": {"verdict": "allowed"}}},
    ),
    Row(
        "Authorization under *, judged by the standard",
        ask("{demo}/wildcard-headers", "-H", "Authorization: Bearer x", "--engine", "standard"),
        exit=1,
        verdicts=("blocked",),
        probe=decided("CORS406", "preflight:7.6"),
    ),
    Row(
        "mode no-cors: an opaque answer",
        ask("{demo}/no-cors", "--mode", "no-cors"),
        exit=0,
        verdicts=("allowed",),
        probe={"response": {"type": "opaque", "status": 0}, "readable_headers": []},
    ),
)

BEFORE = (
    Row(
        "a method that fetch() refuses",
        ask("{cors}/data", "-X", "TRACE"),
        exit=1,
        verdicts=("invalid",),
        probe={"reason": {"code": "CORS104"}, "exchanges": []},
    ),
    Row(
        "the same, expected",
        ask("{cors}/data", "-X", "TRACE", "--expect", "invalid"),
        exit=0,
        verdicts=("invalid",),
    ),
    Row(
        "a URL with a password",
        ask("http://ada:pass-word@127.0.0.1:{cors_port}/data"),
        exit=1,
        verdicts=("invalid",),
        probe={"reason": {"code": "CORS102"}, "exchanges": []},
        unsaid=("pass-word",),
    ),
    Row(
        "GET with a body",
        ask("{cors}/data", "-X", "GET", "-d", "x"),
        exit=1,
        verdicts=("invalid",),
        probe={"reason": {"code": "CORS108"}, "exchanges": []},
    ),
    Row(
        "a bad port",
        ask("http://127.0.0.1:6667/"),
        exit=1,
        verdicts=("blocked",),
        probe={**decided("CORS201", "main-fetch:7"), "exchanges": []},
    ),
    Row(
        "mixed content",
        ask("http://api.example.com/", origin=APP),
        exit=1,
        verdicts=("blocked",),
        probe={**decided("CORS202", "main-fetch:7"), "exchanges": []},
    ),
    Row(
        "mode same-origin, another origin",
        ask("{cors}/data", "--mode", "same-origin"),
        exit=1,
        verdicts=("blocked",),
        probe={**decided("CORS203", "main-fetch:12"), "exchanges": []},
    ),
)

ROWS = (*HOSTILE, *CARRIERS, *DEMO, *BEFORE)
