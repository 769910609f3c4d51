"""``corscheck audit``: asks as hostile pages would, and reports origins that are allowed and should not be."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import typer
from msgspec.structs import replace

from corscheck.cli import options as opt
from corscheck.cli.arguments import AuditArguments, PaceArguments
from corscheck.cli.ask.inputs import Inputs
from corscheck.cli.groups import grouped
from corscheck.cli.habits import CurlHabits
from corscheck.cli.run_loop import Session, asker, check_cluster, judge_of, judging, say
from corscheck.cli.show.outputs import OutputOptions
from corscheck.cli.show.progress import Progress

SUMMARY = "Find origins that are allowed but should not be."

EXAMPLES = """\b
Examples:
  corscheck audit api.example.com/me --allowed-origin https://app.example.com
  corscheck audit https://api.example.com/me -b session=... --depth full
  corscheck audit --targets urls.txt -q --report sarif:cors.sarif
  corscheck audit wss://api.example.com/socket -b session=...

\b
Only for servers that you may test. Exit status: 0 nothing at or above
--fail-on, 1 a finding, 2 usage or files, 3 inconclusive, 130 interrupted.
"""


@grouped
def audit(
    typed: AuditArguments,
    pace: PaceArguments,
    cluster: opt.Cluster = None,
    *,
    wanted: OutputOptions,
    resume: opt.Resume = False,
    show_secrets: opt.ShowSecrets = False,
    dry_run: opt.DryRun = False,
    habits: CurlHabits,
) -> None:
    """Test each URL with origins that it should not allow, prove what they can read, and say how to fix it.

    Every finding passed the full CORS check of a browser for exactly that origin, twice.
    """
    habits.note(say)
    options = pace.run_options(typed.network, show_secrets=show_secrets)
    wanted.check_outputs()
    wanted = replace(wanted, private=show_secrets)
    options = replace(options, keep_exchanges=wanted.verbose)
    check_cluster(cluster, options, app=typed.app)
    from corscheck.cli.ask import audit_targets

    typed = replace(typed, seed="corscheck" if wanted.reproducible else None)
    in_process = None
    if typed.app is not None:
        from corscheck.cli.ask.from_app import InProcess

        in_process = InProcess(typed.app, typed.app_dir)
        in_process.check(typed.network.options(), in_browser=None, dry_run=dry_run, curl=False)
        typed = in_process.typed(typed)
        wanted.check_inputs([("--app", in_process.file)])
    with Inputs() as inputs:
        question = audit_targets.question(typed, inputs, say).part(typed.shard)
        inputs.note(("--baseline", typed.gate.baseline), *typed.network.files)
        wanted.check_inputs(inputs.files, *([("--poc", typed.poc)] if typed.poc is not None else ()))
        judge = judge_of(typed.gate.baseline)
        if resume:
            from corscheck.cli.ask import resuming

            question, wanted = resuming.resume(question, wanted, say, judge)
        if dry_run:
            from corscheck.cli.show.preview import preview_audits

            raise typer.Exit(preview_audits(question, options))
        sinks = wanted.audit_sinks(question.total)
        if typed.poc is not None:
            sinks.append(audit_targets.Proofs(typed.poc, private=show_secrets))
        session = Session(
            sinks,
            progress=Progress(question.total, wanted=not wanted.quiet),
            max_failures=typed.gate.max_failures,
            total=question.total,
        )
        sent = asker(question, options, cluster) if in_process is None else in_process.auditor(question, options)
        ask = judging(sent, judge)
        if resume:
            ask = resuming.after(wanted.resumed, ask)
        status = session.run(ask)
    raise typer.Exit(typed.gate.exit_status(status))
