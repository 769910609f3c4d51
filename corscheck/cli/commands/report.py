"""``corscheck report``: shows saved reports in any format, merges shards, compares two runs."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import os
from typing import Annotated

import typer

from corscheck.cli import options as opt
from corscheck.cli.command import Command, Group
from corscheck.cli.exitcodes import FAILED, INCONCLUSIVE, OK, USAGE
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import print_lines
from corscheck.cli.show import sinks
from corscheck.cli.show.outputs import OutputOptions, ReportTarget
from corscheck.cli.show.sinks import STDOUT, Sink, write_document
from corscheck.model.values import ConfigError
from corscheck.report.saved.saved import Saved

SUMMARY = "Show saved reports in any format, merge shards, compare two runs."

report = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=SUMMARY)

_SHOW = """\b
Examples:
  corscheck report show cors.jsonl
  corscheck report show cors.json --report html:a.html --report junit:a.xml

\b
Exit status: 0 shown, whatever came of the run; 2 no report, or a file that
cannot be written.
"""

_MERGE = """\b
Example:
  corscheck report merge shard-*.jsonl -o cors.jsonl

\b
Exit status: 0 merged, whatever came of the runs; 2 files at fault.
"""

_DIFF = """\b
Examples:
  corscheck report diff before.json after.json
  corscheck report diff staging.json production.json --ignore-host

\b
Exit status: 0 nothing that was allowed is blocked, or the other way round, and
no finding of an audit is new or gone; 1 something is; 2 no report, or nothing
to compare; 3 one side is inconclusive.
"""

_FILE = "A report as JSON or JSON Lines."


@report.command("show", cls=Command, epilog=_SHOW)
@grouped
def show(
    file: Annotated[str, typer.Argument(metavar="FILE", show_default=False, help=_FILE)],
    json: opt.JSONFile = None,
    jsonl: opt.JSONLFile = None,
    reports: opt.Reports = (),
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
    color: opt.Color = "auto",
) -> None:
    """Show a saved report as the run showed it, or write it in other formats."""
    wanted = OutputOptions(json=json, jsonl=jsonl, reports=tuple(reports), verbose=verbose, quiet=quiet, color=color)
    wanted.check_inputs([("report show", file)])
    saved = _load(file)
    places = wanted.places()
    if verbose and quiet:
        raise ConfigError("-q and -v exclude each other: one line per probe, or every exchange")
    if not places:
        _show_again(saved, wanted)
    raise typer.Exit(_write(saved, places, [file]))


@report.command("merge", cls=Command, epilog=_MERGE)
@grouped
def merge(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", show_default=False, help=_FILE)],
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE", help="JSON Lines if it ends in .jsonl, else JSON; - is stdout."),
    ],
    reports: opt.Reports = (),
) -> None:
    """Make one report of the shards of a run, in the order of the whole run."""
    from corscheck.report.saved.merge import merge as merged

    lines = output.lower().endswith((".jsonl", ".ndjson")) or (output == STDOUT and files[0].lower().endswith(".jsonl"))
    wanted = OutputOptions(reports=tuple(reports))
    wanted.check_inputs([("report merge", file) for file in files], ("-o", output))
    places = [ReportTarget("jsonl" if lines else "json", output, "-o"), *wanted.places()]
    saved = merged([_load(file) for file in files])
    _say_notes(saved)
    raise typer.Exit(_write(saved, places, files))


@report.command("diff", cls=Command, epilog=_DIFF)
@grouped
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", show_default=False, help=_FILE)],
    new: Annotated[str, typer.Argument(metavar="NEW", show_default=False, help="The report to compare with OLD.")],
    ignore_host: Annotated[
        bool, typer.Option("--ignore-host", help="Compare URLs without scheme, host and port.")
    ] = False,
    color: opt.Color = "auto",
) -> None:
    """Say what came out otherwise in NEW than in OLD, and why then and now."""
    from corscheck.report.text.diff import diff_audits, diff_results

    view = OutputOptions(color=color).view()
    before, after = _load(old), _load(new)
    probes = diff_results(before.results(), after.results(), ignore_host=ignore_host)
    audits = diff_audits(before.audits(), after.audits(), ignore_host=ignore_host)
    if not probes.compared and not audits.compared:
        what = "audited target" if audits.asked and not probes.asked else "probe"
        hint = "" if ignore_host else " (--ignore-host compares the same paths on two hosts)"
        raise ConfigError(f"{old} and {new} have no {what} in common: nothing to compare{hint}")
    shown = [found for found in (probes, audits) if found.asked]
    print_lines(line for number, found in enumerate(shown) for line in [*([""] * bool(number)), *found.lines(view)])
    if any(found.changed for found in shown):
        raise typer.Exit(FAILED)
    raise typer.Exit(INCONCLUSIVE if any(found.unsure for found in shown) else OK)


def _show_again(saved: Saved, wanted: OutputOptions) -> None:
    """Print a report through the sinks of a run. Ends quietly if the reader of standard output closes it."""
    from corscheck.cli.run_loop import silence_stdout

    try:
        sink = _view(saved, wanted)
        for item in saved.items():
            sink.add(item)
        sink.finish(saved.counts())
    except BrokenPipeError:
        silence_stdout()


_MODES = ("credentials", "mode", "redirect", "upload_listener", "coep", "secure_context")


def _view(saved: Saved, wanted: OutputOptions) -> Sink:
    """Return the view that the run had: one probe or audit whole, a matrix as grids, anything else as a list."""
    view = wanted.view()
    if wanted.quiet:
        return sinks.Quiet()
    expected: set[str] = set()
    origins: set[str] = set()
    shared: set[tuple[str, ...]] = set()
    urls: set[tuple[str, ...]] = set()
    total = 0
    for probe in saved.probes():
        total += 1
        expected.add(str(probe.get("expected")))
        origins.add(str(probe["origin"]))
        modes = tuple(str(probe.get(name)) for name in _MODES)
        shared.add(modes)
        urls.add((str(probe["url"]), *modes))
    if not total:
        audits = sum(1 for _ in saved.audit_objects())
        if audits:
            return sinks.Full(view, None) if audits == 1 or wanted.verbose else sinks.AuditList(view)
    one = expected.pop() if len(expected) == 1 else None
    if total == 1 or wanted.verbose:
        return sinks.Full(view, one)
    if len(urls) < total:
        return sinks.Grid(view, one)
    return sinks.Listed(view, one, uniform=len(origins) == 1 and len(shared) == 1)


def _load(path: str) -> Saved:
    from corscheck.report.saved.load import load

    saved = load(path)
    _say_notes(saved)
    return saved


def _say_notes(saved: Saved) -> None:
    from corscheck.cli.run_loop import say

    for note in saved.notes:
        say(note)


def _write(saved: Saved, places: list[ReportTarget], sources: list[str]) -> int:
    """Write every report of the saved ones and return the exit status. An error of one is printed and does not stop the others."""
    from corscheck.cli.ask.inputs import reason
    from corscheck.cli.run_loop import say, silence_stdout
    from corscheck.report.formats.github import add_summary
    from corscheck.report.saved.files import is_private

    status = OK
    # What only the owner may read may hold secrets, and so do its copies.
    private = any(map(is_private, sources))
    for place in places:
        try:
            write_document(saved, place.format, place.path, private=private)
            if place.format == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
                add_summary(saved, summary)
        except BrokenPipeError:
            silence_stdout()
        except OSError as error:
            status = USAGE
            say(f"{place.option}: cannot write {place.path}: {reason(error)}")
    return status
