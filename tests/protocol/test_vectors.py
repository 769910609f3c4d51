"""Every vector of tests/data/vectors.json through the public functions of the protocol.

The vectors come from the standard's text; ``engines`` and ``measured`` say what Chromium 156 and Firefox 153 did. Each
vector is judged three times: as the standard expects, and as each recorded browser behaved.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corscheck.diagnosis.console.chromium import text as chromium_text
from corscheck.protocol import redirect, safelist
from corscheck.protocol.cache import PreflightCache, max_age
from corscheck.protocol.cors_check import corp_check, cors_check, tao_check
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES, Rules
from corscheck.protocol.fetch import fetch
from corscheck.protocol.filtering import readable_headers
from corscheck.protocol.headers import FAILURE, extract_list
from corscheck.protocol.origin import parse_url, same_origin, same_site, serialize_origin
from corscheck.protocol.preflight import PreflightQuestion, judge, unsafe_names
from corscheck.protocol.request import HTTPRequest, HTTPResponse, Request

DATA = Path(__file__).parents[1] / "data" / "vectors.json"
VECTORS = json.loads(DATA.read_text(encoding="utf-8"))["vectors"]
SUFFIXES = {"example", "io", "github.io"}
ENGINE_NAMES = ("standard", "chromium", "firefox", "webkit")


def registrable_domain(host: str) -> str | None:
    """The vectors' own suffix list: example, io, github.io."""
    labels = host.split(".")
    for i in range(len(labels)):
        if ".".join(labels[i:]) in SUFFIXES:
            return ".".join(labels[i - 1 :]) if i else None
    return None


def pairs(headers: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((n, v) for n, v in headers)


def expected(vector: dict[str, Any], engine: str) -> dict[str, Any]:
    """What that engine does: the standard's expectation, replaced where the engine deviates."""
    wanted = dict(vector["expected"])
    said = vector["engines"].get(engine, {})
    if said.get("deviates"):
        wanted.update({k: v for k, v in said.items() if k != "deviates"})
    return wanted


def chosen(kind: str) -> list[Any]:
    """Vector and engine pairs. WebKit was not measured: it is judged only where a vector says something about it."""
    return [
        pytest.param(v, engine, id=f"{v['id']}-{engine}")
        for v in VECTORS
        if v["kind"] == kind
        for engine in ENGINE_NAMES
        if engine != "webkit" or engine in v["engines"]
    ]


def rules(engine: str) -> Rules:
    return ENGINES[engine].rules


def test_every_kind_is_run() -> None:
    here = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {v["kind"] for v in VECTORS} <= here
    assert len(VECTORS) == 336


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "serialize_origin"], ids=lambda v: v["id"])
def test_serialize_origin(vector: dict[str, Any]) -> None:
    assert serialize_origin(vector["input"]["url"]) == vector["expected"]["origin"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "same_origin"], ids=lambda v: v["id"])
def test_same_origin(vector: dict[str, Any]) -> None:
    a, b = (serialize_origin(vector["input"][k]) for k in "ab")
    assert same_origin(a, b) is vector["expected"]["same_origin"]
    if "same_site" in vector["expected"]:
        assert same_site(a, b, registrable_domain) is vector["expected"]["same_site"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "method"], ids=lambda v: v["id"])
def test_method(vector: dict[str, Any]) -> None:
    method = vector["input"]["method"]
    normalized = safelist.normalize_method(method)
    assert normalized == vector["expected"]["normalized"]
    assert safelist.is_forbidden_method(method) is vector["expected"]["forbidden"]
    assert safelist.is_safelisted_method(normalized) is vector["expected"]["cors_safelisted"]


@pytest.mark.parametrize(("vector", "engine"), chosen("safelisted_request_header"))
def test_safelisted_request_header(vector: dict[str, Any], engine: str) -> None:
    name, value = vector["input"]["name"], vector["input"]["value"]
    got = safelist.is_safelisted_request_header(name, value, rules(engine))
    if safelist.is_forbidden_request_header(name, value, rules(engine)):
        got = True  # dropped, so it causes no preflight: what the vectors call safelisted
    assert got is expected(vector, engine)["safelisted"]


@pytest.mark.parametrize(("vector", "engine"), chosen("unsafe_request_header_names"))
def test_unsafe_request_header_names(vector: dict[str, Any], engine: str) -> None:
    names = safelist.unsafe_request_header_names(pairs(vector["input"]["headers"]), rules(engine))
    wanted = expected(vector, engine)
    assert list(names) == wanted["names"]
    assert safelist.access_control_request_headers(names) == wanted["access_control_request_headers"]


@pytest.mark.parametrize(("vector", "engine"), chosen("forbidden_request_header"))
def test_forbidden_request_header(vector: dict[str, Any], engine: str) -> None:
    name, value = vector["input"]["name"], vector["input"]["value"].strip(" \t")
    assert safelist.is_forbidden_request_header(name, value, rules(engine)) is expected(vector, engine)["forbidden"]


@pytest.mark.parametrize(("vector", "engine"), chosen("route"))
def test_route(vector: dict[str, Any], engine: str) -> None:
    given = vector["input"]
    forced = given["use_cors_preflight"]
    request = Request(
        url=given["url"],
        origin=given["origin"],
        method=given["method"],
        headers=pairs(given["headers"]),
        mode=given["mode"],
        # The two ways to set the flag: XHR's upload listener (NP-10, with a body) and a stream (NP-11).
        body=b"x" if given["method"] == "POST" else None,
        stream=forced and vector["id"] == "NP-11",
        use_cors_preflight=forced and vector["id"] != "NP-11",
        unsafe_request=given["unsafe_request"],
    )
    sent: list[HTTPRequest] = []

    def answer(asked: HTTPRequest) -> HTTPResponse:
        sent.append(asked)
        names = asked.get("Access-Control-Request-Headers") or "x"
        method = asked.get("Access-Control-Request-Method") or "x"
        return HTTPResponse(
            200,
            (
                ("Access-Control-Allow-Origin", "*"),
                ("Access-Control-Allow-Methods", method),
                ("Access-Control-Allow-Headers", names),
            ),
        )

    outcome = run(fetch(request, engine), answer)
    if outcome.verdict != "allowed":
        route = "network-error"
    elif sent and sent[0].kind == "preflight":
        route = "cors-with-preflight"
    else:
        assert outcome.response is not None
        route = outcome.response.type
    assert route == expected(vector, engine)["route"]


@pytest.mark.parametrize(("vector", "engine"), chosen("cors_check"))
def test_cors_check(vector: dict[str, Any], engine: str) -> None:
    given = vector["input"]
    check = cors_check(given["origin"], given["credentials_mode"], pairs(given["response_headers"]), rules(engine))
    assert ("success" if check.ok else "failure") == expected(vector, engine)["result"]
    if engine == "standard":
        assert check.step == vector["step"]


CHROMIUM_ERRORS = {
    "MissingAllowOriginHeader": "No 'Access-Control-Allow-Origin' header",
    "WildcardOriginNotAllowed": "must not be the wildcard '*'",
    "MultipleAllowOriginValues": "contains multiple values",
    "InvalidAllowOriginValue": "contains the invalid value",
    "AllowOriginMismatch": "that is not equal to the supplied origin",
    "InvalidAllowCredentials": "'Access-Control-Allow-Credentials' header in the response is",
}


@pytest.mark.parametrize(
    "vector",
    [v for v in VECTORS if v["kind"] == "cors_check" and "error" in v["measured"]["chromium"]],
    ids=lambda v: v["id"],
)
def test_cors_check_as_chromium_names_it(vector: dict[str, Any]) -> None:
    given = vector["input"]
    request = Request("https://api.elsewhere.example/x", given["origin"], credentials=given["credentials_mode"])
    answer = HTTPResponse(given["status"], pairs(given["response_headers"]))
    outcome = run(fetch(request, "chromium"), lambda _: answer)
    assert CHROMIUM_ERRORS[vector["measured"]["chromium"]["error"]] in (chromium_text(outcome) or "")


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "list_parse"], ids=lambda v: v["id"])
def test_list_parse(vector: dict[str, Any]) -> None:
    headers = tuple((vector["input"]["header"], v) for v in vector["input"]["values"])
    got = extract_list(headers, vector["input"]["header"])
    wanted = vector["expected"]["list"]
    assert got == (FAILURE if wanted == "failure" else None if wanted is None else tuple(wanted))


@pytest.mark.parametrize(("vector", "engine"), chosen("preflight_check"))
def test_preflight_check(vector: dict[str, Any], engine: str) -> None:
    given = vector["input"]["request"]
    asked = PreflightQuestion(
        given["origin"],
        given["credentials_mode"],
        given["method"],
        unsafe_names(pairs(given["headers"]), rules(engine)),
        given["use_cors_preflight"],
    )
    response = HTTPResponse(vector["input"]["response"]["status"], pairs(vector["input"]["response"]["headers"]))
    location = redirect.locate(response.headers, parse_url("https://api.example/x"), rules(engine))
    judgement = judge(asked, response, location, rules(engine))
    wanted = expected(vector, engine)["result"]
    assert ("success" if judgement.failed is None else "network-error") == wanted
    if engine == "standard" and judgement.failed is not None and vector["step"].startswith("preflight:7"):
        assert judgement.failed.step == vector["step"]


@pytest.mark.parametrize(("vector", "engine"), chosen("max_age"))
def test_max_age(vector: dict[str, Any], engine: str) -> None:
    seconds = max_age(pairs(vector["input"]["response_headers"]), rules(engine))
    if engine == "standard":
        assert seconds == vector["expected"]["seconds_before_cap"]
    else:
        wanted = vector["engines"][engine]["seconds"]
        # Not cached and expired at once are the same to the next request.
        assert max(seconds or 0, 0) == max(wanted, 0)


@pytest.mark.parametrize(("vector", "engine"), chosen("preflight_cache"))
def test_preflight_cache(vector: dict[str, Any], engine: str) -> None:
    cache = PreflightCache(rules(engine))
    preflights = []
    for step in vector["input"]["sequence"]:
        request = Request(
            step["url"], step["origin"], step["method"], pairs(step["headers"]), credentials=step["credentials_mode"]
        )
        now = float(step["at_seconds"])
        sent: list[str] = []
        reply = step["preflight_response_if_sent"]

        def answer(
            asked: HTTPRequest, sent: list[str] = sent, reply: dict[str, Any] = reply, now: float = now
        ) -> HTTPResponse:
            sent.append(asked.kind)
            return HTTPResponse(reply["status"], pairs(reply["headers"]), at=now)

        run(fetch(request, engine, now=now, cache=cache), answer)
        preflights.append("preflight" in sent)
    assert preflights == expected(vector, engine)["preflight_sent"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "redirect_taint"], ids=lambda v: v["id"])
def test_redirect_taint(vector: dict[str, Any]) -> None:
    origin, urls = vector["input"]["origin"], tuple(vector["input"]["url_list"])
    assert redirect.redirect_taint(origin, urls, registrable_domain) == vector["expected"]["redirect_taint"]
    parsed = tuple(parse_url(u) for u in urls)
    assert redirect.serialized_request_origin(origin, parsed) == vector["expected"]["origin_header"]


@pytest.mark.parametrize(("vector", "engine"), chosen("redirect_step"))
def test_redirect_step(vector: dict[str, Any], engine: str) -> None:
    given = vector["input"]["request"]
    stream = given["body"] == "stream" and rules(engine).request_streams
    hop = redirect.Hop(
        page_origin=given["origin"],
        mode=given["mode"],
        tainting=given["tainting"],
        url=parse_url(given["urls"][-1]),
        count=given["count"],
        method=given["method"],
        headers=pairs(given["headers"]),
        body=b"x" if given["body"] else None,
        stream=stream,
        redirect=given["redirect"],
    )
    response = vector["input"]["response"]
    became = redirect.http_redirect_fetch(hop, response["status"], pairs(response["headers"]), rules(engine))
    wanted = expected(vector, engine)
    if isinstance(became, redirect.Refuse):
        assert wanted["result"] == "network-error"
        if engine == "standard":
            assert vector["step"] in redirect_step_names(became.code)
        return
    if isinstance(became, redirect.Deliver):
        assert wanted["result"] == became.kind
        return
    assert wanted["result"] == "follow"
    if "next" in wanted:
        urls = (*(parse_url(u) for u in given["urls"]), became.url)
        assert {
            "method": became.method,
            "body": given["body"] if became.body else None,
            "headers": [list(h) for h in became.headers],
            "origin": redirect.serialized_request_origin(given["origin"], urls),
        } == wanted["next"]


def redirect_step_names(code: str) -> tuple[str, ...]:
    from corscheck.protocol.steps import CODES

    return (CODES[code].step,)


@pytest.mark.parametrize(("vector", "engine"), chosen("expose_headers"))
def test_expose_headers(vector: dict[str, Any], engine: str) -> None:
    given = vector["input"]
    got = readable_headers("cors", given["credentials_mode"], pairs(given["response_headers"]))
    assert list(got) == expected(vector, engine)["visible"]


_PREFLIGHT_OK = {
    "status": 204,
    "headers": [["Access-Control-Allow-Origin", "*"], ["Access-Control-Allow-Methods", "PUT"]],
}
_ACTUAL_OK = {"status": 200, "headers": [["Access-Control-Allow-Origin", "*"]]}
# Where Firefox sends one request more than the standard, the vector holds no answer to it: position, and what the
# measuring server answered.
FIREFOX_ASKS_MORE = {"FL-10": (3, _ACTUAL_OK), "FL-15": (1, _PREFLIGHT_OK), "FL-19": (2, _PREFLIGHT_OK)}


def exchange_wanted(vector: dict[str, Any], engine: str) -> dict[str, Any]:
    """Exchanges were measured; the members that a browser changed replace those of the standard."""
    wanted = dict(vector["expected"])
    if engine in ("chromium", "firefox"):
        wanted.update({k: v for k, v in vector["measured"][engine].items() if k in wanted})
    return wanted


@pytest.mark.parametrize(
    ("vector", "engine"),
    [p for p in chosen("exchange") if p.values[1] != "webkit"],
)
def test_exchange(vector: dict[str, Any], engine: str) -> None:
    given = vector["input"]["request"]
    request = Request(
        url=given["url"],
        origin=given["origin"],
        method=given["method"],
        headers=pairs(given["headers"]),
        credentials=given["credentials_mode"],
        redirect=given["redirect"],
        mode=given["mode"],
        body=b"x" if given["body"] else None,
        use_cors_preflight=given["use_cors_preflight"],
    )
    wanted = exchange_wanted(vector, engine)
    sent: list[list[str | None]] = []
    queue = list(vector["input"]["responses"])
    if engine == "firefox" and vector["id"] in FIREFOX_ASKS_MORE:
        place, reply = FIREFOX_ASKS_MORE[vector["id"]]
        queue.insert(place, reply)
    responses = iter(queue)

    def answer(asked: HTTPRequest) -> HTTPResponse:
        sent.append([asked.method, asked.url, asked.get("Origin")])
        reply = next(responses)
        return HTTPResponse(reply["status"], pairs(reply["headers"]))

    outcome = run(fetch(request, engine), answer)
    verdicts = {"allowed": "success", "blocked": "network-error"}
    verdict = verdicts[outcome.verdict]
    if outcome.response is not None and outcome.response.type in ("opaque", "opaqueredirect"):
        verdict = {"opaque": "opaque", "opaqueredirect": "opaque-redirect"}[outcome.response.type]
    assert verdict == wanted["verdict"]
    assert sent == wanted["sent"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "tao_check"], ids=lambda v: v["id"])
def test_tao_check(vector: dict[str, Any]) -> None:
    given = vector["input"]
    headers = tuple(("Timing-Allow-Origin", v) for v in given["values"])
    assert ("success" if tao_check(given["origin"], given["tainting"], headers) else "failure") == vector["expected"][
        "result"
    ]


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "corp_check"], ids=lambda v: v["id"])
def test_corp_check(vector: dict[str, Any]) -> None:
    given = vector["input"]
    headers = tuple(("Cross-Origin-Resource-Policy", v) for v in given["corp"])
    ok = corp_check(
        given["origin"], given["response_url"], headers, given["coep"], registrable_domain=registrable_domain
    )
    assert ("allowed" if ok else "blocked") == vector["expected"]["result"]
