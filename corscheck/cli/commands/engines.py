"""``corscheck engines``: the engines, the basis of their rules, and where each departs from the standard."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corscheck.cli import complete
from corscheck.cli import options as opt
from corscheck.cli.groups import grouped
from corscheck.protocol.departures import DEPARTURES
from corscheck.protocol.engines import ENGINES

if TYPE_CHECKING:
    from rich.table import Table

_WIDE = 120

SUMMARY = "Show where each browser engine departs from the standard."
EXAMPLES = "Example: corscheck engines firefox"

BASES = {
    "text": "the standard's text",
    "recorded": "recorded from the browser",
    "source": "read from its source, never run",
}


@grouped
def engines(
    names: Annotated[
        opt.Strings,
        typer.Argument(metavar="[ENGINE]...", help="Show only these engines.", autocompletion=complete.engines),
    ] = (),
    format_: opt.Format = "text",
) -> None:
    """Show where each engine departs from the standard: subject, what differs, the evidence."""
    chosen = list(names) or list(ENGINES)
    unknown = [name for name in chosen if name not in ENGINES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(ENGINES)}")
    sys.stdout.write(json.dumps(as_data(chosen), indent=2) + "\n" if format_ == "json" else as_text(chosen))


def as_data(names: list[str]) -> list[dict[str, Any]]:
    """Return engines with their departures, as data for JSON."""
    return [
        {
            "engine": name,
            "version": ENGINES[name].version,
            "basis": ENGINES[name].basis,
            "departures": [
                {key: getattr(d, key) for key in ("rule", "subject", "standard", "differs", "since", "evidence")}
                for d in DEPARTURES
                if d.engine == name
            ],
        }
        for name in names
    ]


def _stacked(departures: list[dict[str, Any]]) -> "Table":
    """Return the table for a narrow terminal: two columns, because four would be unreadable."""
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column(ratio=1)
    table.add_column(ratio=5, overflow="fold")
    for found in departures:
        since = f" (since {found['since']})" if found["since"] else ""
        subject = found["subject"][0].upper() + found["subject"][1:]
        texts = (subject, found["standard"], found["differs"] + since, found["evidence"], "")
        for label, text in zip(("", "  standard", "  here", "  evidence", ""), texts, strict=True):
            table.add_row(label, text)
    return table


def as_text(names: list[str]) -> str:
    """Return a table for each engine, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=sys.stdout, highlight=False, markup=False)
    with console.capture() as captured:
        for entry in as_data(names):
            engine = ENGINES[entry["engine"]]
            version = f" {engine.version}" if engine.version else ""
            title = engine.title[0].upper() + engine.title[1:]
            console.print(f"{title}{version}: {BASES[engine.basis]}", style="bold")
            if not entry["departures"]:
                console.print("  No departures: this is what the others are held against.\n")
                continue
            table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
            for heading, ratio in (("subject", 3), ("the standard", 2), ("here", 3), ("evidence", 2)):
                table.add_column(heading, ratio=ratio, overflow="fold")
            for found in entry["departures"]:
                since = f" (since {found['since']})" if found["since"] else ""
                table.add_row(found["subject"], found["standard"], found["differs"] + since, found["evidence"])
            if console.width < _WIDE:
                table = _stacked(entry["departures"])
            console.print(table)
            console.print()
    return captured.get()
