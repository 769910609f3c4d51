"""What the pages for developers name is there: paths, modules, the rooms of the package, the formats of reports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from corscheck.cli import guides
from corscheck.cli.app import build
from corscheck.report.formats.registry import WRITERS
from tests import codes_page, readme
from tests.test_architecture import LAYERS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "corscheck"
PAGES = ("corscheck/README.md", ".github/CONTRIBUTING.md", "tests/README.md", "tests/bench/README.md")
OF_USERS = {"corscheck.toml", "report.json"}
PATH = re.compile(r"[\w.*-]*/[\w.*/-]+|[\w.*-]+\.(?:py|md|json|toml)")


def paths(page: str) -> list[str]:
    """The words in backticks that are paths, and the modules that ``python -m`` runs, as paths."""
    text = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    words = [word for span in re.findall(r"`([^`]+)`", text) for word in span.split()]
    modules = [f"{word.replace('.', '/')}.py" for word in words if re.fullmatch(r"tests(\.\w+)+", word)]
    return modules + [word for word in words if PATH.fullmatch(word) and word not in modules and word not in OF_USERS]


@pytest.mark.parametrize("page", PAGES)
def test_paths_exist(page: str) -> None:
    named = paths(page)
    places = (ROOT, (ROOT / page).parent)
    assert [path for path in named if not any(any(place.glob(path.rstrip("/"))) for place in places)] == []
    assert len(named) > 2


def test_the_rooms_are_the_folders_of_the_package_from_the_top() -> None:
    text = (PACKAGE / "README.md").read_text("utf-8")
    rooms = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert set(rooms) == folders
    assert rooms == [room for layer in LAYERS for room in layer if room in folders] + ["schemas"]


def test_the_help_of_report_names_every_format() -> None:
    group = typer.main.get_command(build(["probe"]))
    assert isinstance(group, typer.core.TyperGroup)
    option = next(p for p in group.commands["probe"].params if "--report" in p.opts)
    text = f"{option.metavar} {getattr(option, 'help', '')}"
    assert set(WRITERS) - {"json", "jsonl"} <= set(re.findall(r"[\w-]+", text))


def test_the_page_of_codes_is_made_of_the_records() -> None:
    assert codes_page.PAGE.read_text("utf-8") == codes_page.rendered(), "python -m tests.codes_page writes it"


def test_every_guide_is_a_topic_of_help() -> None:
    assert set(guides.GUIDES) == set(guides.TOPICS.values()) == {*readme.GUIDES, "codes"}
    for topic in guides.GUIDES:
        assert guides.printed(topic)[0].startswith("# ")
        assert f'"examples/{topic}/README.md" = "corscheck/guides/{topic}.md"' in (ROOT / "pyproject.toml").read_text(
            "utf-8"
        )
