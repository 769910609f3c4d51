"""A real Chromium is recorded again, and judged from the recording alone as it was seen to do."""

from __future__ import annotations

import asyncio
import io
import json

import pytest

from corscheck.cli.demo.server import DemoServer
from corscheck.runner.recorded import Judge, Terms
from corscheck.sources.har.recording import HARRecording
from tests.browsers.har import demo_probes, record

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("secrets", [True, False], ids=["with sensitive data", "ordinary export"])
def test_the_demo(chromium: str, secrets: bool) -> None:
    with DemoServer() as demo:
        probes = demo_probes(demo.url)
        recorder, seen, version = asyncio.run(record(probes))
        data = json.dumps(recorder.har(version, secrets=secrets)).encode()
    results = list(Judge(HARRecording(io.BytesIO(data), "recorded"), Terms()).results())
    # The set-up's own marks are asked in mode no-cors; what is left are the probes, in their order.
    assert [(r.method, r.url, r.verdict) for r in results] == [
        (p.method, p.url, o.verdict) for p, o in zip(probes, seen, strict=True)
    ]
    for result, observation in zip(results, seen, strict=True):
        if result.verdict == "blocked" and result.credentials == "same-origin":
            assert result.console["chromium"] == observation.console
