"""Every step as people read it: whole outcomes in words, one scenario for each branch that says something.

The verdicts of these scenarios are proven elsewhere (vectors, corpus); the snapshots keep the rows, their order, their
wording and the requests that went out, and were read by eye.
"""

from __future__ import annotations

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from corscheck.diagnosis.console import console_text
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import Answer, HeldBack, HTTPResponse, NetworkError, Request
from tests.protocol.kit import PAGE, ask, request, response

OK = response(204, acao="*", acam="PUT, DELETE", acah="x-a, authorization, content-type", acma="600")
YES = response(acao="*")
CRED = response(204, acao=PAGE, acac="true", acam="PUT", acah="x-a", acma="10m")
PUT = request(method="PUT", headers=(("X-A", "1"),))
INCLUDE = request(method="PUT", headers=(("X-A", "1"),), credentials="include")


def see_other(location: str, status: int = 302, **headers: str) -> HTTPResponse:
    return response(status, acao="*", location=location, **headers)


SCENARIOS: dict[str, tuple[Request, tuple[Answer, ...]]] = {
    "simple get": (request(), (response(acao="*", aceh="ETag", etag="1", content_type="text/plain"),)),
    "exact origin with vary": (request(), (response(acao=PAGE, vary="Origin", acac="true"),)),
    "include": (request(credentials="include"), (response(acao=PAGE, acac="true"),)),
    "missing": (request(), (response(),)),
    "wildcard with credentials": (request(credentials="include"), (response(acao="*", acac="true"),)),
    "credentials not true": (request(credentials="include"), (response(acao=PAGE, acac="True"),)),
    "credentials missing": (request(credentials="include"), (response(acao=PAGE),)),
    "two fields": (request(), (HTTPResponse(200, (("Access-Control-Allow-Origin", PAGE),) * 2),)),
    "list": (request(), (response(acao=f"{PAGE}, https://b.example"),)),
    "no origin": (request(), (response(acao="app.example"),)),
    "other origin": (request(), (response(acao="https://b.example"),)),
    "preflight": (PUT, (OK, YES)),
    "preflight with credentials": (INCLUDE, (CRED, response(acao=PAGE, acac="true"))),
    "preflight refused": (PUT, (HTTPResponse(403, (("Access-Control-Allow-Origin", PAGE),), "Forbidden"),)),
    "preflight redirected": (PUT, (see_other("/y"),)),
    "preflight redirected to nowhere": (PUT, (see_other("http://[::1"),)),
    "preflight without origin": (PUT, (response(204),)),
    "preflight with unparsable methods": (PUT, (response(204, acao="*", acam="PUT POST", acah="x-a"),)),
    "preflight with unparsable headers": (PUT, (response(204, acao="*", acam="PUT", acah='"x-a"'),)),
    "method not listed": (PUT, (response(204, acao="*", acam="GET, POST", acah="x-a"),)),
    "method in another case": (PUT, (response(204, acao="*", acam="put", acah="x-a"),)),
    "method under a literal wildcard": (INCLUDE, (response(204, acao=PAGE, acac="true", acam="*", acah="x-a"),)),
    "method under the wildcard": (PUT, (response(204, acao="*", acam="*", acah="*"), YES)),
    "header not listed": (PUT, (response(204, acao="*", acam="PUT", acah="x-b"),)),
    "header under a literal wildcard": (INCLUDE, (response(204, acao=PAGE, acac="true", acam="PUT", acah="*"),)),
    "nothing listed": (PUT, (response(204, acao="*"),)),
    "safelisted method, listed header": (request(headers=(("X-A", "1"),)), (OK, YES)),
    "authorization under the wildcard": (
        request(headers=(("Authorization", "t"), ("X-A", "1"))), (response(204, acao="*", acah="*"), YES),
    ),
    "authorization under a literal wildcard": (
        request(headers=(("Authorization", "t"), ("X-A", "1")), credentials="include"),
        (response(204, acao=PAGE, acac="true", acah="*"),),
    ),
    "authorization not listed": (
        request(headers=(("Authorization", "t"), ("A-A", "1"))), (response(204, acao="*", acah="a-a"), YES),
    ),
    "max-age twice": (
        request(method="PUT"),
        (HTTPResponse(204, (*OK.headers, ("access-control-max-age", "60"))), YES),
    ),
    "forced by an upload listener": (request(method="POST", use_cors_preflight=True, body=b"x"), (response(204, acao="*"), YES)),
    "unsafe method, forced, nothing listed": (
        request(method="PUT", use_cors_preflight=True, body=b"x"), (response(204, acao="*"), YES),
    ),
    "stream redirected": (request(method="POST", stream=True, body=b"x"), (OK, see_other("/y", 307))),
    "redirected": (PUT, (OK, see_other("https://cdn.example/y", 307), response(204, acao="null", acam="PUT", acah="x-a"),
                         response(acao="null"))),
    "redirected, made a get": (
        request(method="POST", headers=(("Content-Type", "application/json"), ("Authorization", "t")), body=b"{}"),
        (OK, see_other("https://cdn.example/y"), YES),
    ),
    "redirect without location": (request(), (response(302, acao="*"),)),
    "redirect mode error": (request(redirect="error"), (see_other("/y"),)),
    "redirect mode manual": (request(redirect="manual"), (see_other("/y"),)),
    "redirect to ftp": (request(), (see_other("ftp://api.example/"),)),
    "redirect to a file": (request(), (see_other("file:///etc/hosts"),)),
    "redirect to data": (request(), (see_other("data:,x"),)),
    "redirect to nowhere": (request(), (see_other("http://[::1"),)),
    "redirect to nowhere without origin": (request(), (response(302, location="http://[::1"),)),
    "redirect with userinfo": (request(), (see_other("https://u:p@cdn.example/"),)),
    "redirect home with userinfo": (request(), (see_other("https://u:p@app.example/"),)),
    "redirect at home with userinfo": (request("https://app.example/"), (response(302, location="https://u@app.example/y"),)),
    "redirect to a bad port": (request(), (see_other("https://api.example:6000/"),)),
    "redirect into mixed content": (request(), (see_other("http://api.example/"),)),
    "redirect without origin": (request(), (response(302, location="/y"),)),
    "redirect loop": (request(), (see_other("/x"),)),
    "redirected away from mode same-origin": (
        request("https://app.example/", mode="same-origin"), (response(302, location="https://api.example/y"),),
    ),
    "same origin": (request("https://app.example/", method="PUT"), (response(500),)),
    "mode same-origin": (request(mode="same-origin"), ()),
    "mode no-cors": (request(mode="no-cors", headers=(("X-A", "1"),)), (response(),)),
    "mode no-cors, manual": (request(mode="no-cors", redirect="manual"), ()),
    "mixed content": (request("http://api.example/"), ()),
    "bad port": (request("https://api.example:22/"), ()),
    "ftp": (request("ftp://api.example/"), ()),
    "file": (request("file:///etc/hosts"), ()),
    "blob": (request("blob:https://api.example/1"), ()),
    "data": (request("data:,x"), ()),
    "no url": (request("api.example"), ()),
    "userinfo": (request("https://u@api.example/"), ()),
    "no method": (request(method="G T"), ()),
    "forbidden method": (request(method="trace"), ()),
    "no-cors method": (request(method="PUT", mode="no-cors"), ()),
    "no header name": (request(headers=(("X A", "1"),)), ()),
    "no header value": (request(headers=(("X-A", "1\n2"),)), ()),
    "body on get": (request(body=b"x"), ()),
    "only-if-cached": (request(cache="only-if-cached"), ()),
    "forbidden header": (request(headers=(("Cookie", "a=b"),)), (YES,)),
    "421": (PUT, (OK, response(421), YES)),
    "407": (request(), (response(407, acao="*"),)),
    "407 on the preflight": (PUT, (response(407, acao="*"),)),
    "cut short": (request(), (HTTPResponse(200, YES.headers, body_error="The server hung up."),)),
    "expose list does not parse": (request(), (response(acao="*", aceh="a b"),)),
    "no answer": (request(), (NetworkError("connect", "localhost:8000 refused the connection."),)),
    "no answer to the preflight": (PUT, (NetworkError("timeout", "No answer in 10 s."),)),
    "held back": (PUT, (OK, HeldBack())),
    "held back, simple": (request(method="POST"), (HeldBack(),)),
    "preflight held back": (PUT, (HeldBack(),)),
}  # fmt: skip


def in_words(outcome: Outcome) -> str:
    """An outcome as text: everything in it that anybody is told."""
    lines = [f"{outcome.engine}: {outcome.verdict}" + ("" if outcome.complete else ", not complete")]
    if outcome.failure is not None:
        lines.append(f"  failure   {outcome.failure}")
    for step in outcome.steps:
        mark = ">" if step.decisive else " "
        lines.append(
            f" {mark} {step.status} {step.step} [{step.exchange}] {step.header}: {step.expected} / {step.received}"
        )
        lines.append(f"      {step.code} {step.message}")
    for exchange in outcome.exchanges[:6]:
        sent = exchange.request
        flags = f"credentials={sent.credentials} new={sent.new_connection} mode={sent.mode} body={sent.body!r}"
        lines.append(
            f"  sent      {sent.kind} {sent.hop} {sent.method} {sent.url} {sent.headers} {flags} {sent.page_origin}"
        )
    lines.append(f"  response  {outcome.response}")
    lines.append(f"  readable  {outcome.readable_headers}")
    lines.append(f"  preflight {outcome.preflight}")
    lines.append(f"  notices   {outcome.notices}")
    lines += [f"  console   {line}" for line in (console_text(outcome) or "(none)").split("\n")]
    return "\n".join(lines)


@pytest.mark.parametrize("name", SCENARIOS)
def test_outcome_in_words(name: str, snapshot: SnapshotAssertion) -> None:
    asked, answers = SCENARIOS[name]
    told: dict[str, Any] = {}
    for engine in ("standard", "chromium", "firefox", "webkit"):
        outcome, _ = ask(asked, *answers, engine=engine)
        told[engine] = in_words(outcome)
    # Engines that tell the same are kept once: a difference between them is a line of its own.
    standard = told.pop("standard")
    parts = [standard]
    for engine, text in told.items():
        same = text.replace(f"{engine}:", "standard:", 1).split("  console")[0] == standard.split("  console")[0]
        parts.append(f"{engine}: as the standard\n  console" + text.partition("  console")[2] if same else text)
    assert "\n".join(parts) == snapshot
