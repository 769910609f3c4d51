"""Each of the twenty failures, answered byte by byte by the raw server, is named first; what follows is not repeated."""

from __future__ import annotations

import pytest

from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.model.values import Probe
from corscheck.protocol.outcome import Verdict
from corscheck.protocol.request import HeldBack
from corscheck.runner.options import RunOptions
from corscheck.runner.single import run_one
from corscheck.transports.base import NetworkOptions
from tests.diagnosis.failures import FAILURES, PAGE, Failure
from tests.diagnosis.kit import ask, read
from tests.servers.raw import READ, RawServer

OPTIONS = RunOptions(network=NetworkOptions(timeout=5.0, proxy=""), diagnose=True)


def test_all_twenty_are_here() -> None:
    assert {failure.number for failure in FAILURES} == set(range(1, 21))


@pytest.mark.parametrize("failure", FAILURES, ids=[f"{f.number}-{f.name}" for f in FAILURES])
def test_is_named_first(failure: Failure) -> None:
    with RawServer() as unstarted:  # only for its port: the replies need to know where they are
        base = unstarted.url("").rstrip("/")
        unstarted._scripts = ((READ, lambda raw: failure.wire(read(raw, base))),)
        probe = Probe(**{"url": f"{base}/data", "origin": PAGE, **failure.probe})
        result = run_one(probe, OPTIONS)
    verdict: Verdict = failure.verdict  # type: ignore[assignment]
    assert result.verdict == verdict
    first = result.findings[0]
    assert first.code == failure.code, [(f.code, f.message) for f in result.findings]
    for said in failure.says:
        assert said in f"{first.message} {first.advice}"
    kinds = [RECORDS[f.code].kind for f in result.findings]
    assert kinds.count("cause") == (1 if failure.verdict == "blocked" else 0)
    assert "step" not in kinds


@pytest.mark.parametrize("failure", FAILURES, ids=[f"{f.number}-{f.name}" for f in FAILURES])
def test_control_is_modest(failure: Failure) -> None:
    """At most four control probes, after a blocked outcome only, with safe methods only and no body."""
    seen = ask(failure.server, **{"url": "http://127.0.0.1/data", "origin": PAGE, **failure.probe})
    assert seen.codes[0] == failure.code
    assert len(seen.controls) <= (4 if failure.verdict == "blocked" else 0)
    for control in seen.controls:
        assert control.body is None
        assert control.send == "never" or control.method.upper() in ("GET", "HEAD", "OPTIONS")
    for request in seen.requests:
        assert request.method in ("GET", "HEAD", "OPTIONS")
        assert request.body is None


@pytest.mark.parametrize("failure", FAILURES, ids=[f"{f.number}-{f.name}" for f in FAILURES])
def test_without_control_nothing_is_asked_and_nothing_breaks(failure: Failure) -> None:
    seen = ask(failure.server, diagnosing=False, **{"url": "http://127.0.0.1/data", "origin": PAGE, **failure.probe})
    assert seen.findings
    sent = [e for e in seen.outcome.exchanges if not isinstance(e.answer, HeldBack)]
    assert [e.request for e in sent] == seen.requests
