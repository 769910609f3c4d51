"""Servers that do what no server should: each comes to a verdict or a kind of error, in time, over every transport.

The expectations are the standard's, the RFCs' and what browsers and curl do; they are written by hand in the table.
"""

from __future__ import annotations

import time

import pytest

from corscheck.cli.exitcodes import exit_status
from corscheck.report.saved.summary import Summary
from corscheck.report.text import terminal
from corscheck.report.text.view import View
from tests.hostile import rows_bodies, rows_connections, rows_heads, rows_http2, rows_redirects, rows_tls
from tests.hostile.row import Row
from tests.hostile.stage import WAYS, Certificates, certificates, question, servers

pytestmark = pytest.mark.hostile

ROWS: tuple[Row, ...] = (
    *rows_heads.ROWS,
    *rows_bodies.ROWS,
    *rows_connections.ROWS,
    *rows_tls.ROWS,
    *rows_redirects.ROWS,
    *rows_http2.ROWS,
)
GRACE = 4.0
"""Seconds beyond the deadline: a server that floods us shares two cores with other tests."""


@pytest.fixture(scope="session")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_hostile(row: Row, way: str, trusted: Certificates) -> None:
    with servers(row, trusted) as (server, fill):
        probe, options = question(row, fill, trusted.ca)
        before = time.monotonic()
        result = WAYS[way](probe, options)
        took = time.monotonic() - before
        sent, requests = server.sent, list(server.requests)
        connections = server.connections
    expected = row.curl if row.curl is not None and way.startswith("curl") else row.expected
    said = "\n".join(terminal.render(result, View(verbose=True)))
    assert result.verdict == expected.verdict, said
    assert (result.error.kind if result.error is not None else None) == expected.kind, said
    if expected.code:
        assert result.reason is not None
        assert result.reason.code == expected.code, said
    if result.error is not None:
        assert result.error.message.isprintable()
        assert result.error.message.endswith((".", "?")), result.error.message
    warned = any(step.status == "warn" and step.code == "CORS521" for step in result.steps)
    assert row.warns is None or expected is not row.expected or warned == row.warns, said
    # A control request after a blocked one has a deadline of its own.
    assert took <= row.deadline * (1 + (result.verdict == "blocked")) + GRACE
    assert row.connections is None or connections == row.connections, requests
    bound = row.sent_by_curl if row.sent_by_curl is not None and way.startswith("curl") else row.sent
    assert bound is None or sent <= bound
    for text in row.never:
        assert not any(text in request for request in requests), requests
    summary = Summary()
    summary.add(result)
    assert expected is not row.expected or exit_status(summary) == row.exit


def test_the_table_is_a_table() -> None:
    """There are many rows, each with its own name, and a row that differs over libcurl says why."""
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
    assert len(names) >= 180
    assert all(row.because for row in ROWS if row.curl is not None)
