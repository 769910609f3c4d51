"""``corscheck transcript``: judges what curl printed, with the views, reports and exit statuses of ``probe``."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from corscheck.cli import options as opt
from corscheck.cli.ask.inputs import LARGEST_SCRIPT, Inputs
from corscheck.cli.ask.questions import terms_of
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import Session, enable_gc, say
from corscheck.cli.show import sinks
from corscheck.cli.show.outputs import OutputOptions
from corscheck.model.masking import hide_header, hide_url
from corscheck.model.page_origin import check_origin
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.model.item import Item

SUMMARY = "Judge the output of curl -v or curl -i: may a page read these responses, and if not, why?"

EXAMPLES = """\b
Examples:
  curl -v -H 'Origin: https://a.example' URL 2>&1 | corscheck transcript -
  corscheck transcript terminal.txt -v
  corscheck transcript issue.md --report html:cors.html

\b
FILE may hold the output of curl -v or --trace-ascii, or that of curl -i, -I or
-D - with the command line before it. It may hold several commands, prompts and
Markdown. A preflight (-X OPTIONS with Access-Control-Request-Method) belongs
to the request that needs it; without one, it is judged by itself.

\b
Exit status: 0 as expected, 1 not as expected, 2 wrong usage or files, or
nothing to judge, 3 inconclusive, 4 a bug in corscheck, 130 interrupted.
"""


@grouped
def transcript(
    file: Annotated[str, typer.Argument(metavar="FILE", show_default=False, help="Output of curl; - is stdin.")],
    origin: Annotated[
        str | None,
        typer.Option("--origin", metavar="ORIGIN", help="Origin of the page, if the request does not name it."),
    ] = None,
    credentials: opt.RecordedCredentials = None,
    engine: opt.RecordedEngines = (),
    expect: opt.Expect = None,
    *,
    wanted: OutputOptions,
    show_secrets: opt.ShowSecrets = False,
) -> None:
    """Judge the requests in FILE by the responses that curl got, as if a page had sent them. Sends nothing."""
    from corscheck.runner.transcript import TranscriptJudge
    from corscheck.sources.transcript import exchanges

    wanted.check_outputs()
    wanted = replace(wanted, private=show_secrets)
    terms = terms_of(engine, credentials, expect, show_secrets=show_secrets)
    page = check_origin(origin) if origin is not None else None
    with Inputs() as inputs:
        text = inputs.read(file, "transcript", LARGEST_SCRIPT).decode("utf-8", "surrogateescape")
        wanted.check_inputs(inputs.files)
        name = "<stdin>" if file == "-" else file
        found = exchanges.parse(text, os.environ)
        if not found.exchanges:
            raise ConfigError(f"{name}: {found.faults[0] if found.faults else _NOTHING}")
        for one in found.exchanges:
            hide_url(one.url)
            for header in one.headers:
                hide_header(*header)
        judge = TranscriptJudge(found.exchanges, terms, page)
        results = list(judge.results())

        def ask(take: "Callable[[Item], object]") -> None:
            enable_gc()
            for result in results:
                take(result)

        view = sinks.Full if wanted.verbose or len(results) == 1 else partial(sinks.Listed, uniform=False)
        session = Session(wanted.sinks_with(lambda shown: view(shown, expect or "allowed")))
        status = session.run(ask)
        if not session.reader_gone:
            for said in (*found.faults, *judge.left_out, *found.notes):
                say(f"{name}: {said}")
        raise typer.Exit(status)


_NOTHING = (
    "no curl response found: paste the output of curl -v (2>&1 redirects it to the same file), or the output of curl -i "
    "with its command line"
)
