"""Real applications, set up wrongly as people do it, and healthy ones that look odd: what the audit says of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from corscheck.model.audits import Audit
from corscheck.runner.audit import audit_one
from corscheck.runner.options import RunOptions
from corscheck.transports.base import NetworkOptions
from tests.auditing import table
from tests.auditing.cases import APP, FINE, WRONG, Case
from tests.auditing.kit import make_plan
from tests.auditing.servers import SERVERS, server_of
from tests.servers.targets import Server

pytestmark = pytest.mark.framework

HEALTHY = 30
"""Requests at most, for a healthy target, one allowed origin and the normal depth."""
REFLECTING = 12
"""Fewer than that, for one that allows everybody."""


@pytest.fixture(scope="module", params=sorted(SERVERS))
def running(request: pytest.FixtureRequest) -> Iterator[tuple[str, Server]]:
    target, _ = SERVERS[request.param]
    if target.missing and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(target.missing)}")
    server = server_of(request.param)
    server.launch()
    try:
        yield request.param, server.wait()
    finally:
        server.stop()


def audited(case: Case, server: Server) -> Audit:
    """One audit, over the wire."""
    port = urlsplit(server.url).port
    place: dict[str, object] = {"via": server.url}
    authority, resolve = case.host, ()
    if case.scheme == "http":
        # A name of its own network: it is the name's address that counts, not where the connection is sent to.
        authority, place, resolve = f"{case.host}:{port}", {}, (f"{case.host}:{port}:127.0.0.1",)
    plan = make_plan(f"{case.scheme}://{authority}{case.path}", **{"allowed": (APP,), **place, **case.more})
    return audit_one(plan, RunOptions(network=NetworkOptions(proxy="", resolve=resolve)))


def judged(case: Case, found: Audit) -> None:
    assert found.error is None
    assert found.unstable == ()
    told = [(f.code, f.severity) for f in found.findings if f.severity != "info"]
    assert dict(told) == case.finds, found.findings
    assert len(told) == len(case.finds)
    assert tuple(f.code for f in found.findings if f.severity == "info") == case.remarks
    assert case.note in " ".join(found.notes)
    for finding in found.findings:
        assert finding.browsers or finding.severity == "info"


def test_every_planted_fault_is_found_and_named(running: tuple[str, Server]) -> None:
    name, server = running
    for case in (case for case in WRONG if case.server == name):
        found = audited(case, server)
        judged(case, found)
        assert found.passed is not bool({"high", "medium"} & set(case.finds.values()))
        if "CORS801" in case.finds:
            assert found.requests < REFLECTING, case
        recorded(case, found)


def test_no_alarm_where_nothing_is_wrong(running: tuple[str, Server]) -> None:
    name, server = running
    for case in (case for case in FINE if case.server == name):
        found = audited(case, server)
        judged(case, found)
        assert found.passed, case
        assert found.requests <= HEALTHY, case
        recorded(case, found)


def recorded(case: Case, found: Audit) -> None:
    row = table.row(found)
    if os.environ.get(table.WRITE):
        table.write(table.key(case), row)
    assert row == table.recorded()[table.key(case)], case


def test_there_are_enough_of_both() -> None:
    assert len(WRONG) >= 25
    assert len(FINE) >= 20
    assert len(table.KEYS) == len(set(table.KEYS)) == len(WRONG) + len(FINE)
    assert {case.server for case in (*WRONG, *FINE)} == set(SERVERS)
    assert all(case.finds for case in WRONG)
    assert not any(case.finds for case in FINE)


def test_the_table_is_whole_and_made_of_its_data() -> None:
    rows = table.recorded()
    assert tuple(rows) == table.KEYS
    assert table.TABLE.read_text("utf-8") == table.rendered(rows)
