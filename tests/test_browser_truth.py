"""The whole of corscheck (API, drivers, live transport, masking, console) against everything recorded from two browsers.

Each case is served byte for byte by the replay server, as a proxy so that every host name works, and asked through the
Python API. Agreement is 100 % in all four aspects; ``python -m tests.readme`` writes the figures into the README.
"""

from __future__ import annotations

import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import trustme

import corscheck
from tests import corpus
from tests.servers.replay import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTS = ("app.example", "www.app.example", "api.app.example", "api.example", "third.example", "other.example")


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(*HOSTS, "xn--bcher-kva.example", "localhost").configure_cert(context)
    with ReplayServer(corpus.rows("cases"), tls=context) as running:
        yield running


def arguments(step: dict[str, Any]) -> dict[str, Any]:
    names = ("method", "credentials", "redirect")
    return {
        **{name: step[name] for name in names},
        "headers": [(n, v) for n, v in step["headers"]],
        "body": step.get("body"),
        "mode": step.get("mode", "cors"),
    }


def ask(server: ReplayServer, case_id: str, engine: Any) -> dict[str, tuple[Any, Any]]:
    case = corpus.rows("cases")[case_id]
    common: dict[str, Any] = {"engine": engine, "send": "always", "proxy": server.proxy, "verify": False}
    if "sequence" in case:
        with corscheck.Page(origin=case["page"]["origin"], **common) as page:
            for step in case["sequence"]:
                time.sleep(step.get("delay_ms", 0) / 1000)
                url = step.get("url") or case["url"]
                result = page.fetch(url, cache=step.get("cache", "default"), **arguments(step))
    else:
        result = corscheck.probe(case["url"], origin=case["page"]["origin"], **arguments(case["request"]), **common)
    seen = server.take(case_id)
    return corpus.differences(
        case_id, engine, result.verdict, seen, result.readable_headers, result.console.get(engine)
    )


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_agrees_with_the_browser_on_everything_recorded(server: ReplayServer, engine: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(corpus.ids(), pool.map(lambda i: ask(server, i, engine), corpus.ids()), strict=True))
    assert len(answers) > 880
    assert {case_id: found for case_id, found in answers.items() if found} == {}
