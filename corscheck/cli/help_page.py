"""The page that ``--help`` prints: usage, options in panels, commands, examples. The only importer of rich for help."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from corscheck.cli.panels import ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDEST = 100
_NAMES = 30
"""The width of the column of names. The help of a longer name begins on the line below it."""

OTHER = "Other"
"""The panel of options that name none."""


def render(command: Any, ctx: Any) -> str:
    """Return the help of a command or group, with colours if standard output is a terminal."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDEST)
    with console.capture() as captured:
        console.print(Text(f"\n {command.get_usage(ctx)}\n", style="bold"))
        if command.help:
            console.print(Padding(_paragraphs(command.help), (0, 1, 1, 1)))
        group = hasattr(command, "list_commands")
        if group and command.epilog:
            console.print(_examples(command.epilog))
        for title, rows in _panels(command, ctx):
            console.print(_panel(title, rows))
        if not group and command.epilog:
            console.print(_examples(command.epilog))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _examples(text: str) -> Text:
    """Return examples with their lines as they are written: a line that wraps could not be pasted."""
    lines = text.replace("\b\n", "").strip("\n").splitlines()
    return Text("".join(f" {line}\n" for line in lines), no_wrap=True, overflow="ignore")


def _paragraphs(text: str) -> Text:
    return Text("\n\n".join(" ".join(part.split()) for part in text.split("\f")[0].strip().split("\n\n")))


def _panels(command: Any, ctx: Any) -> Iterable[tuple[str, Sequence[tuple[Text, str]]]]:
    """Yield each panel with its rows: arguments and options as they are declared, then commands."""
    panels: dict[str, list[tuple[Text, str]]] = {}
    for one in command.get_params(ctx):
        # Arguments are in the usage line; one needs a row only if it has a help text.
        if not getattr(one, "hidden", False) and getattr(one, "help", None):
            option = one.opts[0].startswith("-")
            title = getattr(one, "rich_help_panel", None) or (OTHER if option else "Arguments")
            panels.setdefault(title, []).append((_names(one, ctx), f"{one.help}{_default(one)}"))
    other = panels.pop(OTHER, [])
    commands = [
        (Text(name, style="bold cyan"), found.get_short_help_str(limit=200))
        for name in (command.list_commands(ctx) if hasattr(command, "list_commands") else ())
        if not (found := command.get_command(ctx, name)).hidden
    ]
    arguments = panels.pop("Arguments", None)
    if arguments:
        yield "Arguments", arguments
    yield from ((title, panels[title]) for title in ORDER if title in panels)
    if commands:
        yield "Commands", commands
    if other:
        yield OTHER if panels else "Options", other


def _names(one: Any, ctx: Any) -> Text:
    if not one.opts[0].startswith("-"):
        return Text(one.make_metavar(ctx=ctx), style="bold cyan")
    # An option has one short and one long name in help; further names are accepted, and the README has them.
    short = next((name for name in one.opts if not name.startswith("--")), None)
    long = next((name for name in one.opts if name.startswith("--")), None)
    found = Text(", ".join(filter(None, (short, long))), style="bold cyan")
    if not one.is_flag and not one.count:
        found.append(f" {one.make_metavar(ctx=ctx)}", style="not bold yellow")
    return found


def _default(one: Any) -> str:
    default = getattr(one, "show_default", None)
    if default is True and not getattr(one, "is_flag", False) and one.default not in (None, "", 0, (), []):
        default = f"{one.default:g}" if isinstance(one.default, float) else one.default
    return f" [default: {default}]" if default and default is not True else ""


def _panel(title: str, rows: Sequence[tuple[Text, str]]) -> Panel:
    wide = min(_NAMES, max(len(names) for names, _ in rows))
    blocks: list[Table | Text] = []
    for names, text in rows:
        if len(names) > wide:
            blocks.append(names)
            names = Text()
        row = Table.grid(padding=(0, 2, 0, 0), expand=True)
        row.add_column(width=wide)
        row.add_column(ratio=1)
        row.add_row(names, Text(text))
        blocks.append(row)
    return Panel(Group(*blocks), title=title, title_align="left", border_style="dim", padding=(0, 1))
