"""A sample of the recorded cases, run again in the installed browsers: they must still do what was recorded."""

from __future__ import annotations

import json
import re
import ssl
from typing import Any

import pytest
import trustme

from corscheck.browsers import observe
from corscheck.browsers.compare import engine_of
from corscheck.browsers.targets import refusal
from corscheck.transports.base import NetworkOptions
from tests import corpus
from tests.browsers.differential import probe_of
from tests.servers.replay import ReplayServer

pytestmark = pytest.mark.browser

EVERY = 11
"""A case in so many is run again: all of them take four minutes."""


def can_be_run(case: dict[str, Any], browser: str) -> bool:
    """Whether a page of ours can run the case: one request, and nothing at a page's origin or a host without a leaf."""
    if "sequence" in case or corpus.is_odd(case) or case["page"]["kind"] == "null-https":
        return False
    engine = engine_of(browser)
    locations = re.findall(r'\["location", "([^"]*)', json.dumps(case["server"]), re.IGNORECASE)
    if any(re.match(r"https?://(app\.|xn--)|https://third\.", location) for location in locations):
        return False
    if not json.dumps(case["request"], ensure_ascii=False).isascii():
        return False
    return refusal(probe_of(case["page"], case["request"], case["url"], engine), engine) is None


def test_recorded_cases(browser: str) -> None:
    engine = engine_of(browser)
    known = corpus.rows("cases")
    chosen = [i for i in corpus.ids() if can_be_run(known[i], browser)][::EVERY]
    assert len(chosen) > 50
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("api.example", "third.example", "app.example", "api.app.example").configure_cert(tls)
    with ReplayServer(known, tls=tls) as server:
        probes = [probe_of(c["page"], c["request"], c["url"], engine) for c in (known[i] for i in chosen)]
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
            found = corpus.differences(case_id, engine, seen.verdict, requests, seen.readable_headers, seen.console)
            if found:
                wrong[case_id] = found, seen.error
    assert wrong == {}
