"""``corscheck schema``: the JSON Schemas of what corscheck reads and writes, as they ship with it."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from importlib import resources
from typing import Annotated, Literal

import typer

SUMMARY = "Print the JSON Schema of reports or of policies."

EXAMPLES = """\b
Examples:
  corscheck schema policy > corscheck.schema.json
  and '#:schema ./corscheck.schema.json' as the first line of corscheck.toml
"""


def schema(
    of: Annotated[
        Literal["report", "policy"], typer.Argument(help="Which schema: report or policy.", show_default=False)
    ],
    format_: Annotated[Literal["json"], typer.Option("--format", hidden=True)] = "json",  # noqa: ARG001 - always JSON
) -> None:
    """Print a JSON Schema (draft 2020-12). An editor that knows it completes and checks a policy while you type."""
    text = resources.files("corscheck").joinpath("schemas", f"{of}.json").read_text("utf-8")
    typer.echo(text, nl=False)
