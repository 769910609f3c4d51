"""The help pages: options in panels, examples that can be pasted, 80 columns; rich is imported for them only."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import typer

from corscheck.cli import panels
from corscheck.cli.app import COMMANDS, build
from tests.cli.fakes import Command
from tests.test_english import found

PAGES = [*((name,) for name in COMMANDS), ("report", "show"), ("report", "merge"), ("report", "diff")]
IN_PANELS = ("probe", "run", "audit", "init", "fix", "har", "transcript")


def commands() -> dict[str, typer.core.TyperCommand]:
    group = typer.main.get_command(build([]))
    assert isinstance(group, typer.core.TyperGroup)
    return dict(group.commands)  # type: ignore[arg-type]


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_a_page(words: tuple[str, ...], command: Command) -> None:
    done = command(*words, "--help")
    assert (done.status, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert f"Usage: corscheck {' '.join(words)}" in lines[1]
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    assert not any(line != line.rstrip() for line in lines)
    assert "\x1b" not in done.stdout
    assert found(done.stdout) == []
    # A line that is too long for the page is wrapped, and its rest begins in the first column.
    assert [line for line in lines if line and line[0] not in " ╭│╰"] == []


@pytest.mark.parametrize("name", IN_PANELS)
def test_every_option_is_in_a_panel(name: str, command: Command) -> None:
    params = [
        one for one in commands()[name].params if one.opts[0].startswith("-") and not getattr(one, "hidden", False)
    ]
    assert [one.name for one in params if one.rich_help_panel is None and one.name != "version"] == []  # type: ignore[attr-defined]
    page = command(name, "-h").stdout
    shown = re.findall(r"^╭─ (.*?) ─", page, re.MULTILINE)
    assert [title for title in shown if title in panels.ORDER] == [
        title for title in panels.ORDER if any(getattr(one, "rich_help_panel", None) == title for one in params)
    ]
    for one in params:
        assert re.search(
            rf"^│ (-., )?{re.escape(next(o for o in one.opts if o.startswith('--')))}\b", page, re.MULTILINE
        )


def test_every_value_has_a_name() -> None:
    """A list of choices in the place of a name would leave no room for the help."""
    for name, command in commands().items():
        for one in getattr(command, "params", ()):
            if one.opts[0].startswith("-") and not getattr(one, "hidden", False) and not one.is_flag:
                assert one.metavar is not None, (name, one.opts)
                assert one.metavar.isupper() or one.metavar == "FILE|URL", (name, one.opts)


def test_the_first_page_begins_with_four_commands(command: Command) -> None:
    page = command("--help").stdout
    steps = page.partition("First steps:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in steps] == ["corscheck"] * 4
    assert page.index("First steps:") < page.index("─ Commands ─")


def test_the_first_steps_work(command: Command) -> None:
    """What the page tells newcomers to type is understood, as far as it can be without a network."""
    page = command("--help").stdout
    steps = page.partition("First steps:\n")[2].partition("\n\n")[0]
    assert command("explain", re.findall(r'explain "(.*)"', steps)[0]).status == 0
    url, origin = re.findall(r"corscheck (https\S+) --origin (\S+)", steps)[0]
    assert command(url, "--origin", origin, "--dry-run").status == 0


def imported(*argv: str) -> set[str]:
    code = "import sys; from corscheck.cli.app import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, timeout=60, check=True)
    return {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}


@pytest.mark.parametrize(
    "argv", [("probe", "--nope"), ("prob",), ("probe", "http://a.example/"), ("--version",), ("probe", "main.py")]
)
def test_rich_is_not_imported_for_an_error(argv: tuple[str, ...]) -> None:
    assert "rich" not in imported(*argv)


def test_rich_is_imported_for_help() -> None:
    assert "rich" in imported("probe", "-h")


def test_colours_on_a_terminal_only(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    from corscheck.cli.help_page import render

    found = commands()["schema"]
    assert "\x1b[" in render(found, typer.Context(found, info_name="schema"))
