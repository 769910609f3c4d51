"""The protocol alone against everything recorded from Chromium, Firefox and WebKit: no network, 1,100 cases, four aspects each."""

from __future__ import annotations

import re
from typing import Any

import pytest

from corscheck.diagnosis.console import console_text
from corscheck.model.suffixes import registrable_domain
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES, STANDARD
from corscheck.protocol.fetch import fetch
from corscheck.protocol.headers import combine
from corscheck.protocol.origin import parse_url
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import Answer, HTTPRequest, HTTPResponse, NetworkError, Request
from tests import corpus


def page_request(case: dict[str, Any], step: dict[str, Any]) -> Request:
    headers, body = [(n, v) for n, v in step["headers"]], corpus.body_of(step)
    page = corpus.page_keywords(case, step)
    if "xhr" in step:
        headers = list(combine(tuple(headers), STANDARD))
    if body is not None and not any(n.lower() == "content-type" for n, _ in headers):
        headers.append(("Content-Type", "text/plain;charset=UTF-8"))
    return Request(
        url=step.get("url") or case["url"],
        origin=case["page"]["origin"],
        method=step["method"],
        headers=tuple(headers),
        credentials=step["credentials"],
        redirect=step["redirect"],
        mode=step.get("mode", "cors"),
        body=None if body is None else body.encode(),
        cache=step.get("cache", "default"),
        use_cors_preflight=page.pop("upload_listener", False),
        **page,
    )


class Server:
    """The corpus server in memory: answers and remembers."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.now = 0.0
        self.seen: list[dict[str, Any]] = []

    def answer(self, request: HTTPRequest) -> Answer:
        url = parse_url(request.url)
        headers = [(n.lower(), v) for n, v in request.headers]
        seen = {
            "kind": request.kind,
            "method": request.method,
            "scheme": url.scheme,
            "host": url.host,
            "headers": headers,
        }
        hop = re.match(r"/c/[^/]+/(\d+)", url.path)
        if hop is None:  # the corpus server knows no such path
            return HTTPResponse(404, (("Content-Length", "0"),), at=self.now)
        self.seen.append(seen)
        reply = corpus.reply(self.case, int(hop[1]), request.kind, dict(headers))
        if "status" not in reply:
            return NetworkError("protocol", "not quite HTTP", at=self.now)
        own = [("Connection", "close")]
        if reply["status"] >= 200 and reply["status"] not in (204, 304):
            own.append(("Content-Length", "5"))
        return HTTPResponse(reply["status"], (*reply["headers"], *own), at=self.now)


def predict(case: dict[str, Any], engine: str) -> tuple[Outcome, list[dict[str, Any]], str | None]:
    """The outcome of the last step, the requests of all steps, and the page's console."""
    server = Server(case)
    cache = PreflightCache(ENGINES[engine].rules)
    console: list[str] = []
    for step in corpus.requests(case):
        server.now += step.get("delay_ms", 0) / 1000 + 0.01
        flow = fetch(
            page_request(case, step), engine, now=server.now, cache=cache, registrable_domain=registrable_domain
        )
        outcome = run(flow, server.answer)
        console += [line for line in (console_text(outcome) or "").split("\n") if line and line not in console]
    return outcome, server.seen, "\n".join(console) or None


@pytest.mark.parametrize("engine", ["chromium", "firefox", "webkit"])
@pytest.mark.parametrize("case_id", corpus.ids())
def test_agrees_with_the_browser(case_id: str, engine: str) -> None:
    outcome, seen, console = predict(corpus.rows("cases")[case_id], engine)
    assert corpus.differences(case_id, engine, outcome.verdict, seen, outcome.readable_headers, console) == {}
