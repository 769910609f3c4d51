"""The recorded browser corpus in the form of recordings: no verdict differs from what the browser did.

Each case's requests and answers are written as a proxy and as Chromium's developer tools write them. Both leave out the
credentials mode and every other argument of ``fetch()``.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from corscheck.protocol.outcome import Exchange
from corscheck.protocol.request import HTTPResponse
from corscheck.runner.recorded import Judge, Terms
from corscheck.sources.har.recording import HARRecording
from tests import corpus
from tests.protocol.test_corpus import predict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.protocol.outcome import Outcome

AGENTS = {
    "chromium": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    "firefox": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    "webkit": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
}
ERROR = "net::ERR_FAILED"


def entry(exchange: Exchange, engine: str, at: float, error: str | None = None) -> dict[str, Any]:
    request, answer = exchange.request, exchange.answer
    headers = [*request.headers, ("User-Agent", AGENTS[engine]), ("Host", "x"), ("Sec-Fetch-Mode", "cors")]
    status, answered = (answer.status, answer.headers) if isinstance(answer, HTTPResponse) else (0, ())
    return {
        "startedDateTime": f"2026-01-01T{int(at / 3600):02d}:{int(at / 60) % 60:02d}:{at % 60:06.3f}Z",
        "time": 1,
        "request": {
            "method": request.method,
            "url": request.url.partition("#")[0],
            "headers": [{"name": n, "value": v} for n, v in headers],
            **({"postData": {"text": "x"}} if request.body is not None else {}),
        },
        "response": {
            "status": status,
            "headers": [{"name": n, "value": v} for n, v in answered],
            **({"_error": error} if error else {}),
        },
    }


def by_a_proxy(outcome: Outcome, engine: str, at: float) -> Iterator[dict[str, Any]]:
    for number, exchange in enumerate(outcome.exchanges):
        yield entry(exchange, engine, at + number / 100)


def by_developer_tools(outcome: Outcome, engine: str, at: float) -> Iterator[dict[str, Any]]:
    """The request whose preflight failed stands before it, without a response; what was blocked has an error."""
    for number, exchange in enumerate(outcome.exchanges):
        request = exchange.request
        blocked = exchange is outcome.exchanges[-1] and outcome.verdict != "allowed"
        if blocked and request.kind == "preflight":
            origin = next(h for h in request.headers if h[0] == "Origin")
            actual = type(request)(
                "actual", request.hop, outcome.request.method, request.url_list, (*outcome.author_headers, origin), ""
            )
            yield entry(Exchange(actual, None), engine, at + number / 100 - 0.001, ERROR)  # type: ignore[arg-type]
            blocked = False
        yield entry(exchange, engine, at + number / 100, ERROR if blocked else None)


STYLES = {"a proxy": by_a_proxy, "WebInspector": by_developer_tools}


def is_recordable(case: dict[str, Any]) -> bool:
    return "sequence" not in case and not corpus.is_odd(case) and case["request"].get("mode", "cors") == "cors"


def cannot_be_told(case: dict[str, Any], outcome: Outcome, creator: str) -> bool:
    """Whether the recording is the same as one of a request that the browser let the page read.

    A page that asks with credentials and has no cookie, and a redirect that script did not want.
    """
    failure = outcome.failure
    if creator != "a proxy" or failure is None:
        return False
    return failure.code == "CORS307" or (case["request"]["redirect"] == "error" and failure.code == "CORS507")


@pytest.mark.parametrize(
    ("creator", "engine", "decided"),
    [
        ("a proxy", "chromium", 770),
        ("a proxy", "firefox", 770),
        ("a proxy", "webkit", 770),
        ("WebInspector", "chromium", 890),
    ],
)
def test_no_verdict_differs(creator: str, engine: str, decided: int) -> None:
    cases = {i: case for i, case in corpus.rows("cases").items() if i in set(corpus.ids()) and is_recordable(case)}
    outcomes = {i: predict(case, engine)[0] for i, case in cases.items()}
    entries = [one for n, outcome in enumerate(outcomes.values()) for one in STYLES[creator](outcome, engine, n * 2.0)]
    data = json.dumps({"log": {"creator": {"name": creator}, "entries": entries}}).encode()
    wrong = {}
    right = set()
    for result in Judge(HARRecording(io.BytesIO(data), "x.har"), Terms()).results():
        found = re.search(r"/c/([^/]+)/", result.url)
        if found is None or found[1] not in cases:
            continue
        i = found[1]
        truth = corpus.rows(engine)[i]["outcome"].replace("throws", "blocked")
        if result.verdict == truth:
            right.add(i)
        elif result.verdict != "inconclusive" and not cannot_be_told(cases[i], outcomes[i], creator):
            wrong[i] = truth, result.verdict, result.reason
    assert wrong == {}
    assert len(right) > decided
