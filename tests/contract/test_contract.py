"""Runs every row of the contract table as a whole command.

The expectations come from the Fetch Standard, from the design of the exit statuses and from what the examples claim;
they are never taken from what the tool printed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract import rows_apps, rows_hostile, rows_production, rows_usage
from tests.contract.matching import mismatches
from tests.contract.row import Row
from tests.contract.world import World, running_world

ROOT = Path(__file__).resolve().parents[2]
ROWS: tuple[Row, ...] = (*rows_apps.ROWS, *rows_production.ROWS, *rows_hostile.ROWS, *rows_usage.ROWS)
SECONDS = 40


def run(row: Row, world: World) -> subprocess.CompletedProcess[str]:
    """The row's command, with nothing of the machine's environment that could matter."""
    argv = [world.fill(part) for part in row.argv]
    if row.verdicts is not None:
        argv += ["--json", "-"]
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT")}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(world.directory), "COLUMNS": "80"}
    environment |= {name: world.fill(value) for name, value in row.environment.items()}
    return subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "corscheck", *argv],
        input=world.fill(row.stdin),
        capture_output=True,
        encoding="utf-8",
        cwd=world.directory,
        env=environment,
        timeout=SECONDS,
    )


class Runs:
    """The selected rows, all under way side by side while the tests look at one after the other."""

    def __init__(self, world: World, pool: ThreadPoolExecutor, rows: list[Row]) -> None:
        self._world = world
        self._futures = {row.name: pool.submit(run, row, world) for row in rows}

    def of(self, row: Row) -> subprocess.CompletedProcess[str]:
        """What came of a row; run now if it was not under way."""
        future = self._futures.get(row.name)
        return future.result() if future is not None else run(row, self._world)


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """The servers, and the commands started against them."""
    selected = [
        item.callspec.params["row"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test_contract
    ]
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Every worker sees all the rows but tests only some of them: each is run when its turn comes.
        selected = []
    with (
        running_world(tmp_path_factory.mktemp("contract")) as world,
        ThreadPoolExecutor((os.cpu_count() or 1) + 2) as pool,
    ):
        yield Runs(world, pool, selected)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_contract(row: Row, runs: Runs) -> None:
    """Exit status, verdicts, the report as far as the row speaks of it, no traceback, nothing secret."""
    done = runs.of(row)
    said = f"\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    assert "Traceback" not in done.stderr, said
    assert done.returncode == row.exit, said
    if row.verdicts is not None:
        report = json.loads(done.stdout)
        assert [probe["verdict"] for probe in report["probes"]] == list(row.verdicts), said
        assert mismatches(row.probe, report["probes"][0], "probe") == [], said
        assert mismatches(row.report, report) == [], said
        assert report["summary"]["exit_status"] == row.exit
    assert re.search(row.stdout, done.stdout), said
    assert re.search(row.stderr, done.stderr), said
    for secret in row.unsaid:
        assert secret not in done.stdout + done.stderr, said


def test_the_table_has_no_two_rows_of_one_name() -> None:
    """The names are the ids, and the key under which a run is found."""
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
    assert len(names) >= 45
