"""A sample of the recorded cases, run again in the installed browsers: they must still do what was recorded."""

from __future__ import annotations

import json
import re
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from msgspec.structs import replace

from corscheck.browsers import observe
from corscheck.browsers.compare import engine_of
from corscheck.browsers.targets import refusal
from corscheck.diagnosis.console.chromium import EMBEDDER
from corscheck.transports.base import NetworkOptions
from tests import corpus
from tests.browsers.differential import probe_of
from tests.servers.replay import ReplayServer

if TYPE_CHECKING:
    from corscheck.model.values import EngineName, Probe

pytestmark = pytest.mark.browser

EVERY = 11
"""A case in so many is run again: all of them take four minutes. Cases whose page or script is special all run."""


def can_be_run(case: dict[str, Any], browser: str) -> bool:
    """Whether a page of ours can run the case: one request, and nothing at a page's origin or a host without a leaf."""
    if "sequence" in case or corpus.is_odd(case):
        return False
    engine = engine_of(browser)
    locations = re.findall(r'\["location", "([^"]*)', json.dumps(case["server"]), re.IGNORECASE)
    if any(re.match(r"https?://(app\.|xn--)|https://third\.", location) for location in locations):
        return False
    if not json.dumps(case["request"], ensure_ascii=False).isascii():
        return False
    return refusal(probe_for(case, engine), engine) is None


def probe_for(case: dict[str, Any], engine: EngineName) -> Probe:
    request = {**case["request"], "body": corpus.body_of(case["request"])}
    return replace(probe_of(case["page"], request, case["url"], engine), **corpus.page_keywords(case, case["request"]))


def is_of_its_own(case: dict[str, Any]) -> bool:
    """Whether the page differs from others of its origin, or script from ``fetch()``."""
    return bool(corpus.page_keywords(case, case["request"]))


def test_recorded_cases(browser: str) -> None:
    engine = engine_of(browser)
    known = corpus.rows("cases")
    able = [i for i in corpus.ids() if can_be_run(known[i], browser)]
    own = [i for i in able if is_of_its_own(known[i])]
    assert len(own) > 40
    chosen = [i for i in able if i not in own][::EVERY]
    assert len(chosen) > 50
    chosen += own
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("api.example", "third.example", "app.example", "api.app.example").configure_cert(tls)
    with ReplayServer(known, tls=tls) as server:
        probes = [probe_for(known[i], engine) for i in chosen]
        # Not as a proxy: to a proxy's 407 a browser would react differently.
        plain, secure = (
            [f":{p}:127.0.0.1:{to}" for p in ports]
            for ports, to in (((80, 8080), server.ports[0]), ((443, 8443), server.tls_port))
        )
        network = NetworkOptions(timeout=15, proxy="", connect_to=(*plain, *secure), verify=False)
        observations = observe(probes, browser, network, fresh_context=False)
        wrong = {}
        for case_id, seen in zip(chosen, observations, strict=True):
            requests = server.take(case_id)
            console = seen.console
            if known[case_id]["page"]["kind"] == "null-https" and console is not None:
                # Our page is at the top and was recorded in a frame, whose text names another page.
                console = re.sub(r"(?<=The page at ')https://127\.0\.0\.1:\d+/", EMBEDDER, console)
                console = re.sub(r"(?<=The page at )https://127\.0\.0\.1:\d+/", "about:srcdoc", console)
            found = corpus.differences(case_id, engine, seen.verdict, requests, seen.readable_headers, console)
            if found:
                wrong[case_id] = found, seen.error
    assert wrong == {}
