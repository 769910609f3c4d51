"""Nothing is wrong, so no root cause is named: every allowed case that browsers were recorded with, and hand-made ones."""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.diagnosis.findings import diagnose
from corscheck.model.result import Finding
from corscheck.model.values import Probe
from corscheck.protocol.drive import run
from corscheck.protocol.fetch import fetch
from tests import corpus
from tests.diagnosis.kit import APP, Reply, ask
from tests.protocol.test_corpus import Server, page_request

ALLOW = f"Access-Control-Allow-Origin: {APP}"
GOOD = Reply(200, (ALLOW, "Vary: Origin"))
PREFLIGHT = Reply(
    204,
    (
        ALLOW,
        "Vary: Origin",
        "Access-Control-Allow-Methods: GET, PUT, DELETE, PATCH",
        "Access-Control-Allow-Headers: Content-Type, Authorization, X-Tenant",
        "Access-Control-Allow-Credentials: true",
        "Access-Control-Max-Age: 600",
    ),
)
TRUE = Reply(200, (*GOOD.headers, "Access-Control-Allow-Credentials: true"))

ALLOWED = [
    case_id
    for case_id in corpus.ids()
    if corpus.rows("chromium")[case_id]["outcome"] == "allowed" and "sequence" not in corpus.rows("cases")[case_id]
]


def test_there_are_enough() -> None:
    assert len(ALLOWED) >= 30


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_recorded_allowed_cases_have_no_root_cause(engine: str) -> None:
    named = {}
    for case_id in ALLOWED:
        if corpus.rows(engine)[case_id]["outcome"] != "allowed":
            continue
        case = corpus.rows("cases")[case_id]
        request = page_request(case, case["request"])
        outcome = run(fetch(request, engine), Server(case).answer)
        probe = Probe(request.url, request.origin, request.method, request.headers, request.credentials)
        found = run(diagnose(probe, outcome), _refuse)
        if causes(found) and outcome.verdict == "allowed":
            named[case_id] = found
    assert named == {}


def _refuse(probe: Probe) -> None:
    raise AssertionError(f"a control probe without a blocked outcome: {probe}")


def causes(findings: tuple[Finding, ...]) -> list[str]:
    return [f.code for f in findings if RECORDS[f.code].kind != "remark"]


@pytest.mark.parametrize(
    ("preflight", "actual", "probe"),
    [
        (PREFLIGHT, GOOD, {}),
        (PREFLIGHT, Reply(200, ("Access-Control-Allow-Origin: *",)), {}),
        (PREFLIGHT, TRUE, {"credentials": "include"}),
        (PREFLIGHT, GOOD, {"method": "PUT"}),
        (PREFLIGHT, GOOD, {"headers": (("Authorization", "Bearer x"),)}),
        (PREFLIGHT, Reply(404, GOOD.headers), {}),
        (PREFLIGHT, Reply(401, GOOD.headers), {}),
        (PREFLIGHT, Reply(500, GOOD.headers), {"headers": (("X-Tenant", "7"),)}),
        (PREFLIGHT, Reply(502, (*GOOD.headers, "Server: nginx")), {}),
        (PREFLIGHT, Reply(403, (*GOOD.headers, "Server: cloudflare", "cf-mitigated: challenge")), {}),
        (PREFLIGHT, Reply(200, (*GOOD.headers, "X-Cache: HIT", "Age: 3")), {}),
        (Reply(200, PREFLIGHT.headers), GOOD, {"method": "DELETE"}),
        (Reply(299, PREFLIGHT.headers), GOOD, {"method": "PATCH"}),
        (PREFLIGHT, Reply(200), {"origin": "https://api.example"}),
        (PREFLIGHT, Reply(200), {"mode": "no-cors"}),
        (PREFLIGHT, Reply(302, (*GOOD.headers, "Location: /data")), {"redirect": "manual"}),
    ],
)
def test_hand_made(preflight: Reply, actual: Reply, probe: dict[str, Any]) -> None:
    seen = ask(lambda asked: preflight if asked.preflight else actual, **probe)
    assert seen.outcome.verdict == "allowed"
    assert causes(seen.findings) == []
    assert seen.controls == []


def test_no_answer_is_no_fault_of_cors() -> None:
    """Held back, or nobody there: no finding at all, the verdict says what there is to say."""
    assert ask(lambda asked: GOOD, method="POST").findings == ()
