"""Many at once: probes and audit plans in one run, whichever transport carries them."""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.auditing.labels import Labels
from corscheck.auditing.origins import Suffixes
from corscheck.auditing.plan import AuditPlan
from corscheck.model.audits import Audit
from corscheck.model.result import Result
from corscheck.model.suffixes import known_suffix, registrable_domain
from corscheck.model.values import Probe
from corscheck.runner.many import ask_all
from corscheck.runner.options import RunOptions
from corscheck.transports.base import NetworkOptions
from tests.servers.counting import CountingServer

PAGE = "https://app.example"


@pytest.mark.parametrize("transport", ["httpx", "curl"])
def test_probes_and_audit_plans_alike(transport: Any) -> None:
    found: list[Any] = []
    with CountingServer() as server:
        plan = AuditPlan(
            template=Probe(f"{server.url}/reflect", "null"),
            suffixes=Suffixes(registrable_domain, known_suffix),
            labels=Labels("tests"),
        )
        questions = [Probe(f"{server.url}/a", PAGE), plan, Probe(f"{server.url}/b", PAGE)]
        ask_all(questions, RunOptions(network=NetworkOptions(proxy="", transport=transport)), found.append)
    assert [type(item) for item in found] == [Result, Audit, Result]
    assert [item.passed for item in found] == [True, False, False]
    assert "CORS801" in {finding.code for finding in found[1].findings}


def test_true_ends_the_run() -> None:
    found: list[Any] = []

    def take(item: Any) -> bool:
        found.append(item)
        return len(found) == 2

    with CountingServer() as server:
        probes = [Probe(f"{server.url}/{n}", PAGE, index=n) for n in range(9)]
        ask_all(probes, RunOptions(network=NetworkOptions(proxy="")), take)
    assert [item.index for item in found] == [0, 1]
