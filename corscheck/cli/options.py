"""Options that several commands have: spelling, type and help of each. Commands take them as annotations.

Options that curl has too mean what they mean to curl.
"""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import typer
from typer import Argument, Option

from corscheck._version import __version__
from corscheck.model.values import ENGINE_NAMES, LONGEST_TIME, ConfigError
from corscheck.protocol.request import Credentials

Strings: TypeAlias = Sequence[str]
Expected: TypeAlias = Literal["allowed", "blocked", "invalid"]
ColorMode: TypeAlias = Literal["auto", "always", "never"]


def not_nan(value: float) -> float:
    """Return a number of seconds. NaN passes every comparison with a limit, so it is refused here."""
    if value != value:
        raise typer.BadParameter("nan is not a number of seconds.")
    return value


def _known_browser(name: str | None) -> str | None:
    if name is not None:
        from corscheck.browsers.browsers import get

        try:
            get(name)
        except ConfigError as error:
            raise typer.BadParameter(str(error)) from None
    return name


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"corscheck {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, Option("--version", is_eager=True, callback=_show_version, help="Print the version and exit.")
]

InBrowser = Annotated[
    str | None,
    Option(
        "--in-browser",
        metavar="chromium|chrome|edge|firefox|webkit",
        callback=_known_browser,
        help="Also let a real browser do it; exit 4 if it differs.",
    ),
]

# What is asked
Urls = Annotated[Strings, Argument(metavar="URL...", show_default=False, help="What the page asks for.")]
Origins = Annotated[
    Strings, Option("--origin", metavar="ORIGIN", help="Where the page is: https://app.example. Repeatable.")
]
Methods = Annotated[Strings, Option("-X", "--method", "--request", metavar="METHOD", help="Default GET. Repeatable.")]
HeaderLines = Annotated[
    Strings, Option("-H", "--header", metavar="NAME: VALUE", help="A header that script sets; @FILE: one a line.")
]
CredentialsMode = Annotated[
    Credentials | None, Option("--credentials", show_default="same-origin", help="fetch()'s credentials mode.")
]
Cookies = Annotated[
    Strings, Option("-b", "--cookie", metavar="NAME=VALUE", help="Stored cookies; alone implies include.")
]
User = Annotated[str | None, Option("-u", "--user", metavar="USER:PASS", help="Stored login; alone implies include.")]
Targets = Annotated[
    str | None,
    Option("--targets", metavar="FILE", help="More to ask: a URL or a JSON probe object a line; - is stdin."),
]
AppDir = Annotated[str, Option("--app-dir", metavar="DIR", help="Directory of the module of --app.")]

# What is sent, and what of it counts
Complete = Annotated[bool, Option("--complete", help="Exit 3 if a request was held back (allowed*).")]
Engines = Annotated[
    Strings,
    Option(
        "--engine",
        metavar=f"[{'|'.join(ENGINE_NAMES)}]",
        show_default="chromium, firefox, webkit",
        help="Whose rules must hold; the first one drives. Repeatable.",
    ),
]
Expect = Annotated[Expected | None, Option("--expect", show_default="allowed", help="The verdict that exits 0.")]

# A policy
Config = Annotated[Strings, Option("--config", metavar="FILE", help="A policy file. Repeatable.")]
Environment = Annotated[
    str | None, Option("--env", metavar="NAME", help="The policy's [env.NAME] instead of its defaults.")
]
ExitZero = Annotated[bool, Option("--exit-zero", help="Exit 0 where it would be 1 or 3: report, do not gate.")]
ShardOf = Annotated[
    str | None, Option("--shard", metavar="N/OF", help="Only every OF-th probe: 2/5 is the second of five.")
]
Baseline = Annotated[
    str | None, Option("--baseline", metavar="FILE", help="A saved report: fail only on what is not in it.")
]

# The network
Insecure = Annotated[bool, Option("-k", "--insecure", help="Accept any certificate.")]
MaxTime = Annotated[
    float,
    Option(
        "-m",
        "--max-time",
        metavar="SECONDS",
        min=0.001,
        max=LONGEST_TIME,
        callback=not_nan,
        help="Deadline of one probe.",
    ),
]
Via = Annotated[str | None, Option("--via", metavar="BASE", help="Send to this base URL, judge the URL as written.")]

# The run
Rate = Annotated[str | None, Option("--rate", metavar="N/UNIT", help="Most requests: 10/s, 30/m, 5/h.")]
Concurrency = Annotated[
    int | None,
    Option("--concurrency", metavar="N", min=1, show_default="8 per host", help="Probes at a time."),
]
Cluster = Annotated[
    str | None,
    Option("--cluster", metavar="ADDRESS", help="Let a Dask cluster ask: tcp://HOST:PORT, or local:N processes."),
]

# What comes out
JSONFile = Annotated[str | None, Option("--json", metavar="FILE", help="Save the report; - is stdout.")]
JSONLFile = Annotated[
    str | None, Option("--jsonl", metavar="FILE", help="The same as JSON Lines, as results come; - is stdout.")
]
Reports = Annotated[
    Strings,
    Option(
        "--report",
        metavar="FORMAT:FILE",
        help="junit, sarif, gitlab, github, markdown, html, har; - is stdout. Repeatable.",
    ),
]
Verbose = Annotated[bool, Option("-v", "--verbose", help="Show the exchanges.")]
Quiet = Annotated[bool, Option("-q", "--quiet", help="One line per probe.")]
Color = Annotated[ColorMode, Option("--color", help="Colours; NO_COLOR is honoured.")]
ShowSecrets = Annotated[bool, Option("--show-secrets", help="Mask nothing.")]
DryRun = Annotated[bool, Option("--dry-run", help="Print what would be sent; send nothing.")]
Resume = Annotated[bool, Option("--resume", help="Go on with the run whose --jsonl FILE this is; keep what is in it.")]


def not_needed(why: str, *names: str) -> typer.models.OptionInfo:
    """Return a hidden option that curl has and corscheck has no use for: it prints why, and ends with status 2."""

    def complain(value: bool | str | None) -> None:
        if value:
            typer.echo(f"corscheck: {names[0]} is not needed here: {why}.", err=True)
            raise typer.Exit(2)

    option: typer.models.OptionInfo = Option(*names, hidden=True, callback=complain)
    return option
