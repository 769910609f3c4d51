"""Options that several commands have: spelling, type and help of each. Commands take them as annotations.

Options that curl has too mean what they mean to curl.
"""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import typer
from typer import Argument, Option

from corscheck._version import __version__
from corscheck.cli import complete
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
        metavar="NAME",
        callback=_known_browser,
        help="Test in a real browser as well: chromium, chrome, edge, firefox or webkit. Exit 4 if it differs.",
    ),
]

# The request
Urls = Annotated[Strings, Argument(metavar="URL...", show_default=False, help="URL that the page requests.")]
Origins = Annotated[
    Strings,
    Option(
        "--origin", metavar="ORIGIN", help="Origin of the requesting page, e.g. https://app.example.com. Repeatable."
    ),
]
Methods = Annotated[
    Strings,
    Option("-X", "--method", "--request", metavar="METHOD", show_default="GET", help="Request method. Repeatable."),
]
HeaderLines = Annotated[
    Strings,
    Option(
        "-H",
        "--header",
        metavar="NAME: VALUE",
        help="Header that the script sets; @FILE reads one per line. Repeatable.",
    ),
]
CredentialsMode = Annotated[
    Credentials | None,
    Option(
        "--credentials",
        metavar="MODE",
        show_default="same-origin",
        help="fetch()'s credentials mode: omit, same-origin or include.",
    ),
]
RecordedCredentials = Annotated[
    Credentials | None,
    Option(
        "--credentials",
        metavar="MODE",
        help="fetch()'s credentials mode, if the file does not show it: omit, same-origin or include.",
    ),
]
Cookies = Annotated[
    Strings,
    Option("-b", "--cookie", metavar="NAME=VALUE", help="Stored cookie; implies --credentials include. Repeatable."),
]
User = Annotated[
    str | None, Option("-u", "--user", metavar="USER:PASS", help="Stored login; implies --credentials include.")
]
Targets = Annotated[
    str | None,
    Option(
        "--targets", metavar="FILE", help="Read targets from a file: one URL or JSON probe object per line; - is stdin."
    ),
]
AppDir = Annotated[str, Option("--app-dir", metavar="DIR", help="Directory of the module of --app.")]

# What is sent, and what of it counts
Complete = Annotated[bool, Option("--complete", help="Exit 3 if a request was held back (allowed*).")]
Engines = Annotated[
    Strings,
    Option(
        "--engine",
        metavar="NAME",
        show_default="chromium, firefox, webkit",
        help=f"Engine whose rules must hold: {', '.join(ENGINE_NAMES)}. The first one drives. Repeatable.",
        autocompletion=complete.engines,
    ),
]
RecordedEngines = Annotated[
    Strings,
    Option(
        "--engine",
        metavar="NAME",
        show_default="the browser of the recording, or chromium",
        help=f"Engine whose rules must hold: {', '.join(ENGINE_NAMES)}. The first one drives. Repeatable.",
        autocompletion=complete.engines,
    ),
]
Expect = Annotated[
    Expected | None,
    Option(
        "--expect",
        metavar="VERDICT",
        show_default="allowed",
        help="Verdict that exits 0: allowed, blocked or invalid.",
    ),
]

# A policy
Config = Annotated[Strings, Option("--config", metavar="FILE", help="Policy file. Repeatable.")]
Environment = Annotated[
    str | None,
    Option(
        "--env",
        metavar="NAME",
        help="Use the values of the policy's table env.NAME.",
        autocompletion=complete.environments,
    ),
]
ExitZero = Annotated[
    bool, Option("--exit-zero", help="Exit 0 instead of 1 or 3: report failures, do not fail the job.")
]
MaxFailures = Annotated[int | None, Option("--max-failures", metavar="N", min=1, help="Stop after N failures.")]
ShardOf = Annotated[
    str | None,
    Option("--shard", metavar="N/OF", help="Run only one part of the probes: 2/5 is the second of five parts."),
]
Baseline = Annotated[
    str | None,
    Option("--baseline", metavar="FILE", help="Ignore the failures of a saved report: fail only on new ones."),
]

# The network
Insecure = Annotated[bool, Option("-k", "--insecure", help="Accept any TLS certificate.")]
MaxTime = Annotated[
    float,
    Option(
        "-m",
        "--max-time",
        metavar="SECONDS",
        min=0.001,
        max=LONGEST_TIME,
        callback=not_nan,
        help="Time limit of one probe.",
    ),
]
Via = Annotated[
    str | None, Option("--via", metavar="BASE", help="Send to this base URL, but judge the URL as written.")
]

# The run
Rate = Annotated[str | None, Option("--rate", metavar="N/UNIT", help="Limit the request rate, e.g. 10/s, 30/m, 5/h.")]
Concurrency = Annotated[
    int | None,
    Option("--concurrency", metavar="N", min=1, show_default="8 per host", help="Number of probes at a time."),
]
Cluster = Annotated[
    str | None,
    Option("--cluster", metavar="ADDRESS", help="Run on a Dask cluster: tcp://HOST:PORT, or local:N processes."),
]

# What comes out
JSONFile = Annotated[str | None, Option("--json", metavar="FILE", help="Save the report as JSON; - is stdout.")]
JSONLFile = Annotated[
    str | None,
    Option("--jsonl", metavar="FILE", help="Save the report as JSON Lines while results come in; - is stdout."),
]
Reports = Annotated[
    Strings,
    Option(
        "--report",
        metavar="FORMAT:FILE",
        help="Save another report: junit, sarif, gitlab, github, markdown, html or har; - is stdout. Repeatable.",
        autocompletion=complete.reports,
    ),
]
Verbose = Annotated[bool, Option("-v", "--verbose", help="Show the requests and responses.")]
Quiet = Annotated[bool, Option("-q", "--quiet", help="Print one line per probe.")]
Color = Annotated[
    ColorMode, Option("--color", metavar="WHEN", help="Use colours: auto, always or never. NO_COLOR works too.")
]
ShowSecrets = Annotated[bool, Option("--show-secrets", help="Show secrets instead of masking them.")]
DryRun = Annotated[bool, Option("--dry-run", help="Print what would be sent, and send nothing.")]
Resume = Annotated[bool, Option("--resume", help="Continue an interrupted run from its --jsonl file.")]
Format = Annotated[Literal["text", "json"], Option("--format", metavar="FORMAT", help="Output format: text or json.")]
