"""The README's commands do what it shows, and it leaves no option out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import readme
from tests.servers.uvicorn_app import UvicornApp

TEXT = readme.README.read_text("utf-8")
BLOCKS = readme.blocks(TEXT)
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def apps() -> Iterator[dict[str, UvicornApp]]:
    """The applications that the marked blocks name."""
    with readme.started({block.marks["app"] for block in BLOCKS}, TEXT) as running:
        yield running


@pytest.mark.parametrize("block", BLOCKS, ids=[f"{i}-{b.marks['app']}" for i, b in enumerate(BLOCKS)])
def test_a_marked_block_runs_as_shown(block: readme.Block, apps: dict[str, UvicornApp]) -> None:
    results = readme.run(block, apps[block.marks["app"]])
    expected = int(block.marks.get("exit", "0"))
    assert [(expected, output) for _, output in results] == results
    if block.language == "console":
        shown = [readme.normalised(command.shown) for command in block.commands()]
        assert shown == [readme.normalised(output) for _, output in results], "python -m tests.readme rewrites it"


def test_the_marks_are_read() -> None:
    assert len(BLOCKS) >= 6
    assert len(BLOCKS) == TEXT.count("<!-- run: ")


def test_every_option_of_probe_is_in_the_readme() -> None:
    table = readme.options_table()
    assert table.count("\n") > 40
    assert table in TEXT, "python -m tests.readme rewrites it"


def test_the_short_report_has_the_fields_of_a_real_one(apps: dict[str, UvicornApp]) -> None:
    """What the README says of the JSON is what a report says, as far as it goes."""
    shown = json.loads(TEXT.partition("## The report\n")[2].partition("```json\n")[2].partition("```")[0])
    command = (
        "corscheck probe http://localhost:8000/data --origin http://localhost:3000 -X PUT -H 'X-Tenant: 7' --json -"
    )
    block = readme.Block("console", {}, f"$ {command}\n", 0, 0)
    ((status, output),) = readme.run(block, apps["fastapi_cors"])
    real = json.loads(output)
    assert status == real["summary"]["exit_status"] == shown["summary"]["exit_status"]
    probe, brief = real["probes"][0], shown["probes"][0]
    literal = ("url", "origin", "method", "verdict", "complete", "expected", "passed", "readable_headers")
    assert {name: probe[name] for name in literal} == {name: brief[name] for name in literal}
    assert brief.keys() <= probe.keys()
    assert (probe["reason"]["code"], probe["reason"]["step"]) == (brief["reason"]["code"], brief["reason"]["step"])
    assert brief["preflight"].items() <= probe["preflight"].items()
    assert brief["engines"]["chromium"].items() <= probe["engines"]["chromium"].items()


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = re.search(r"^python3 -m venv \.venv && .*pytest$", TEXT, re.MULTILINE)
    assert command is not None
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == command[0]
