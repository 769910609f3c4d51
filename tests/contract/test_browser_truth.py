"""The whole of corscheck (API, drivers, live transport, masking, console) against everything recorded from three browsers.

Each case is served byte for byte by the replay server, as a proxy so that every host name works, and asked through the
Python API. Agreement is 100 % in all four aspects; ``python -m tests.readme`` writes the figures into the README.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

import corscheck
from tests import corpus
from tests.servers.replay import ReplayServer

README = Path(__file__).parents[2] / "README.md"
HOSTS = ("app.example", "www.app.example", "api.app.example", "api.example", "third.example", "other.example")


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    with replaying() as running:
        yield running


def arguments(case: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    names = ("method", "credentials", "redirect")
    return {
        **{name: step[name] for name in names},
        "headers": [(n, v) for n, v in step["headers"]],
        "body": corpus.body_of(step),
        "mode": step.get("mode", "cors"),
        **corpus.page_keywords(case, step),
    }


def ask(server: ReplayServer, case_id: str, engine: Any) -> dict[str, tuple[Any, Any]]:
    case = corpus.rows("cases")[case_id]
    common: dict[str, Any] = {
        "engine": engine,
        "send": "always",
        "proxy": server.proxy,
        "verify": False,
        "show_secrets": True,
    }
    if "sequence" in case:
        with corscheck.Page(origin=case["page"]["origin"], **common) as page:
            for step in case["sequence"]:
                time.sleep(step.get("delay_ms", 0) / 1000)
                url = step.get("url") or case["url"]
                result = page.fetch(url, cache=step.get("cache", "default"), **arguments(case, step))
    else:
        result = corscheck.probe(
            case["url"], origin=case["page"]["origin"], **arguments(case, case["request"]), **common
        )
    seen = server.take(case_id)
    found = corpus.differences(
        case_id, engine, result.verdict, seen, result.readable_headers, result.console.get(engine)
    )
    if "sent" in corpus.judged(case_id, engine):
        theirs, ours = corpus.sent(case, corpus.rows(engine)[case_id]["requests"]), corpus.sent(case, seen)
        if theirs != ours:
            found["sent"] = (theirs, ours)
    return found


def ask_all(server: ReplayServer, engine: str) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Every case; case id to the differences found."""
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(corpus.ids(), pool.map(lambda i: ask(server, i, engine), corpus.ids()), strict=True))


@contextmanager
def replaying() -> Iterator[ReplayServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(*HOSTS, "xn--bcher-kva.example", "localhost").configure_cert(context)
    with ReplayServer(corpus.rows("cases"), tls=context) as running:
        yield running


@pytest.mark.parametrize("engine", ["chromium", "firefox", "webkit"])
def test_agrees_with_the_browser_on_everything_recorded(server: ReplayServer, engine: str) -> None:
    answers = ask_all(server, engine)
    assert len(answers) > 1090
    assert {case_id: found for case_id, found in answers.items() if found} == {}
    assert corpus.claim(engine, answers) in README.read_text("utf-8"), "python -m tests.readme rewrites it"
