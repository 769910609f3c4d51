"""The commands of the README and of the guides do what the pages show."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pictures, readme
from tests.servers.uvicorn_app import UvicornApp

TEXTS = {page.relative_to(readme.ROOT).as_posix(): page.read_text("utf-8") for page in readme.PAGES}
README = TEXTS["README.md"]
BLOCKS = [(name, block) for name, text in TEXTS.items() for block in readme.blocks(text)]
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def apps() -> Iterator[dict[str, UvicornApp]]:
    """The applications that the marked blocks name."""
    with readme.started({block.marks["app"] for _, block in BLOCKS}) as running:
        yield running


@pytest.mark.parametrize(
    ("page", "block"), BLOCKS, ids=[f"{name}-{i}-{b.marks['app']}" for i, (name, b) in enumerate(BLOCKS)]
)
def test_a_marked_block_runs_as_shown(page: str, block: readme.Block, apps: dict[str, UvicornApp]) -> None:
    results = readme.run(block, apps[block.marks["app"]])
    expected = int(block.marks.get("exit", "0"))
    assert [(expected, output) for _, output in results] == results, page
    if block.language == "console":
        shown = [readme.normalised(command.shown) for command in block.commands()]
        assert shown == [readme.normalised(output) for _, output in results], (
            f"{page}: python -m tests.readme rewrites it"
        )


def test_the_marks_are_read() -> None:
    assert len(BLOCKS) >= 18
    assert len(BLOCKS) == sum(text.count("<!-- run: ") for text in TEXTS.values())


def test_the_readme_is_short() -> None:
    assert README.count("\n") <= 190


def test_the_readme_leads_to_every_guide_and_to_the_pictures() -> None:
    for topic in readme.GUIDES:
        assert f"](examples/{topic}/README.md)" in README
    for picture in (pictures.TERMINAL, pictures.REPORT):
        assert f"]({picture.relative_to(ROOT).as_posix()})" in README
        assert picture.stat().st_size > 1000


def written(svg: str) -> str:
    """The text of an SVG: where it stands depends on how long a response took."""
    body = svg.partition("</defs>")[2] or svg
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_terminal_in_the_picture_is_todays(apps: dict[str, UvicornApp]) -> None:
    today, kept = pictures.terminal(apps["fastapi_cors"]), pictures.TERMINAL.read_text("utf-8")
    assert "BLOCKED" in written(kept)
    assert written(today) == written(kept), "python -m tests.pictures"


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_to_files(page: str) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXTS[page]):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_the_short_report_has_the_fields_of_a_real_one(apps: dict[str, UvicornApp]) -> None:
    """What the README says of the JSON is what a report says, as far as it goes."""
    shown = json.loads(
        TEXTS["examples/ci/README.md"].partition("## The report\n")[2].partition("```json\n")[2].partition("```")[0]
    )
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
    command = re.search(r"^python3 -m venv \.venv && .*pytest$", README, re.MULTILINE)
    assert command is not None
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == command[0]
