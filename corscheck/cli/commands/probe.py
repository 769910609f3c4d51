"""``corscheck probe``: asks a server or an application, shows and saves the results."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from typing import Annotated

import typer
from msgspec.structs import replace
from typer import Option

from corscheck.cli import options as opt
from corscheck.cli.arguments import PaceArguments, ProbeArguments, WatchArguments
from corscheck.cli.ask.inputs import Inputs
from corscheck.cli.ask.questions import question
from corscheck.cli.groups import grouped
from corscheck.cli.habits import CurlHabits
from corscheck.cli.run_loop import Session, asker, check_cluster, judge_of, judging, say
from corscheck.cli.show.outputs import OutputOptions
from corscheck.cli.show.progress import Progress
from corscheck.model.values import ConfigError

SUMMARY = "Say what the browser does with a request, and why."

EXAMPLES = """\b
Examples:
  corscheck probe https://api.example.com/data --origin https://app.example.com
  corscheck probe URL --origin ORIGIN -X PUT -H 'X-Tenant: 7' -v
  corscheck probe URL --origin ORIGIN --origin OTHER -X GET -X PUT
  corscheck probe --app main:app        every route of an app, without a server
  corscheck probe --app main:app --watch       again whenever a file changes

\b
Exit status: 0 as expected, 1 not as expected, 2 wrong usage or files,
3 inconclusive, 4 a bug in corscheck, 130 interrupted.
"""


@grouped
def probe(
    typed: ProbeArguments,
    pace: PaceArguments,
    cluster: opt.Cluster = None,
    *,
    wanted: OutputOptions,
    resume: opt.Resume = False,
    show_secrets: opt.ShowSecrets = False,
    dry_run: opt.DryRun = False,
    print_curl: Annotated[bool, Option("--print-curl", help="Print the equal curl commands; send nothing.")] = False,
    watched: WatchArguments,
    habits: CurlHabits,
) -> None:
    """Say whether a page at ORIGIN may read the response of URL, why, and what to change.

    Sends what a browser would send and judges the responses as it would. Several URLs, origins and methods make a matrix.
    """
    # -q shows no cause: without a report, nobody reads what a control request finds.
    diagnose = not typed.no_diagnose and not (wanted.quiet and not wanted.has_reports)
    run = pace.run_options(typed.network, show_secrets=show_secrets, diagnose=diagnose)
    network = run.network
    wanted.check_outputs()
    if watched.again or watched.until_allowed:
        from corscheck.cli.ask.watch import watch

        raise typer.Exit(watch(typed, wanted, watched, resume=resume, sends=not (dry_run or print_curl)))
    wanted = replace(wanted, in_browser=typed.in_browser, private=show_secrets)
    habits.note(say)
    complete, in_browser = typed.complete, typed.in_browser
    check_cluster(cluster, run, in_browser=in_browser, app=typed.app)
    in_process = None
    if typed.app is not None:
        from corscheck.cli.ask.from_app import InProcess

        in_process = InProcess(typed.app, typed.app_dir)
        wanted.check_inputs([("--app", in_process.file)])
        in_process.check(network, in_browser=in_browser, dry_run=dry_run, curl=print_curl)
        if not (typed.urls or typed.targets or typed.curl or typed.document.source):
            if typed.shard is not None:
                raise ConfigError("--shard needs a URL: without one, --app is tested as a whole")
            status = in_process.verify(typed, run, wanted, complete=complete, resume=resume)
            raise typer.Exit(typed.gate.exit_status(status))
        typed = in_process.typed(typed)
    with Inputs() as inputs:
        if typed.curl:
            from corscheck.cli.ask.from_curl import with_curl

            typed, run = with_curl(typed.curl, typed, run, inputs, say)
        if typed.document.given:
            from corscheck.cli.ask.from_openapi import with_openapi

            typed = with_openapi(typed, network, say, in_process)
        asked = question(typed, inputs, say).part(typed.shard)
        inputs.note(("--openapi", typed.document.source), ("--baseline", typed.gate.baseline), *typed.network.files)
        wanted.check(asked)
        wanted.check_inputs(inputs.files)
        judge = judge_of(typed.gate.baseline)
        if resume:
            from corscheck.cli.ask import resuming

            asked, wanted = resuming.resume(asked, wanted, say, judge)
        if print_curl or dry_run:
            from corscheck.cli.show.preview import preview

            raise typer.Exit(preview(asked, run, curl=print_curl))
        session = Session(
            wanted.sinks(asked),
            complete=complete,
            progress=Progress(asked.total, wanted=not wanted.quiet),
            max_failures=typed.gate.max_failures,
            total=asked.total,
        )
        ask = asker(asked, run, cluster) if in_process is None else in_process.asker(asked, run)
        if in_browser is not None:
            from corscheck.cli.ask.browser import observed

            ask = observed(asked, run, in_browser, ask)
        ask = judging(ask, judge)
        if resume:
            ask = resuming.after(wanted.resumed, ask)
        raise typer.Exit(typed.gate.exit_status(session.run(ask)))
