"""``corscheck har``: judges recorded traffic offline, with the views, reports and exit statuses of ``probe``."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from corscheck.cli import options as opt
from corscheck.cli.ask.inputs import Inputs, reason
from corscheck.cli.ask.questions import terms_of
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import Session, enable_gc, say
from corscheck.cli.show import sinks
from corscheck.cli.show.outputs import OutputOptions
from corscheck.model.page_origin import check_origin
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from corscheck.model.item import Item
    from corscheck.sources.har.recording import Counts

SUMMARY = "Judge recorded traffic: what a browser blocked in a HAR file, and why."

EXAMPLES = """\b
Examples:
  corscheck har app.example.com.har
  corscheck har app.example.com.har -v --report html:cors.html
  corscheck har - --jsonl - < recording.har

\b
Recordings leave things out: the credentials mode (often), preflights that the
browser had cached, every preflight (Playwright, puppeteer-har, Safari), and
cookies and Authorization (Chrome, unless exported "with sensitive data"). If
that leaves the verdict open, it is inconclusive. --credentials and --origin
say what you know. FILE may be gzip-compressed, and in UTF-16.

\b
Exit status: 0 as expected, 1 not as expected, 2 wrong usage or files, or
nothing to judge, 3 inconclusive, 4 a bug in corscheck, 130 interrupted.
"""


@grouped
def har(
    file: Annotated[str, typer.Argument(metavar="FILE", show_default=False, help="HAR file; - is stdin.")],
    origin: Annotated[
        str | None,
        typer.Option("--origin", metavar="ORIGIN", help="Origin of the page, if the recording does not name it."),
    ] = None,
    credentials: opt.RecordedCredentials = None,
    engine: opt.RecordedEngines = (),
    expect: opt.Expect = None,
    *,
    wanted: OutputOptions,
    show_secrets: opt.ShowSecrets = False,
) -> None:
    """Judge every cross-origin request of a page in FILE by the responses recorded there. Sends nothing.

    The rules are those of the browser that made the recording, unless --engine names others.
    """
    from corscheck.runner.recorded import Judge
    from corscheck.sources.har.recording import HARRecording

    wanted.check_outputs()
    wanted = replace(wanted, private=show_secrets)
    terms = terms_of(engine, credentials, expect, show_secrets=show_secrets)
    page = check_origin(origin) if origin is not None else None
    with Inputs() as inputs, _open(file, inputs) as opened:
        inputs.note(("har", file))
        wanted.check_inputs(inputs.files)
        name = "<stdin>" if file == "-" else file
        judge = Judge(HARRecording(opened, name, page), terms)

        def ask(take: "Callable[[Item], object]") -> None:
            enable_gc()
            try:
                for result in judge.results():
                    take(result)
            except OSError as error:
                raise ConfigError(f"har: cannot read on: {reason(error)}") from None

        # The number of results is not known yet: each is a row, or whole with -v.
        view = sinks.Full if wanted.verbose else partial(sinks.Listed, uniform=False)
        session = Session(wanted.sinks_with(lambda shown: view(shown, expect or "allowed")))
        status = session.run(ask)
        if not session.reader_gone:
            _say_counts(judge.recording.counts, session.summary.total, name)
        raise typer.Exit(status)


def _open(path: str, inputs: Inputs) -> "IO[bytes]":
    if path == "-":
        inputs.take_stdin("har")
        return sys.stdin.buffer
    try:
        return open(path, "rb")  # noqa: PTH123 - closed by the caller
    except OSError as error:
        raise ConfigError(f"har: cannot read {path}: {reason(error)}") from None


def _say_counts(counts: "Counts", judged: int, name: str) -> None:
    """Print how many entries were judged, and why the others were not."""
    words = {
        "same-origin": "within the page's own origin",
        "not-cors": "not in mode cors (navigations, images, scripts)",
        "unknown-mode": "whose mode the recording does not tell",
        "unnamed-page": "of a page that the recording does not name (--origin names it)",
        "extension": "of a browser extension",
        "unreadable": "not readable",
    }
    rest = [f"{counts.skipped[key]} {text}" for key, text in words.items() if counts.skipped[key]]
    theirs = counts.entries - judged - counts.skipped.total()
    if judged and theirs > 0:
        rest.insert(0, f"{theirs} their preflights or redirects")
    said = f"{name}: {judged} of {counts.entries} entries judged"
    if not judged and counts.entries:
        said = f"{name}: none of its {counts.entries} entries is a cross-origin request of a page"
    if judged or counts.entries:
        say(said + (f"; {', '.join(rest)}" if rest else ""))
    elif not counts.entries:
        say(f"{name}: there are no entries in it")
