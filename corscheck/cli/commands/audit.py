"""``corscheck audit``: asks as hostile pages would, and reports the origins that are allowed and should not be."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import typer

from corscheck.cli import options as opt
from corscheck.cli.ask.inputs import Inputs
from corscheck.cli.ask.network import run_options
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import Session, asker, say
from corscheck.cli.show.outputs import OutputOptions
from corscheck.cli.show.progress import Progress
from corscheck.transports.base import NetworkOptions

SUMMARY = "Find pages that are let in and should not be."

EXAMPLES = """\b
Examples:
  corscheck audit https://api.example.com/me --allowed-origin https://app.example.com
  corscheck audit https://api.example.com/me -b session=... --depth full
  corscheck audit --targets urls.txt -q --report sarif:cors.sarif
  corscheck audit wss://api.example.com/socket -b session=...

\b
Only for servers that you may test. Exit status: 0 nothing at or above
--fail-on, 1 something, 2 usage or files, 3 no answer, 130 interrupted.
"""


@grouped
def audit(
    urls: opt.Urls = None,
    allowed_origin: opt.AllowedOrigins = None,
    method: opt.AuditMethods = None,
    header: opt.HeaderLines = None,
    cookie: opt.Cookies = None,
    user: opt.User = None,
    send: opt.AuditSend = "auto",
    depth: opt.AuditDepth = "normal",
    targets: opt.Targets = None,
    shard: opt.ShardOf = None,
    fail_on: opt.AuditFailOn = "medium",
    poc: opt.ProofPage = None,
    max_requests: opt.MaxRequests = None,
    baseline: opt.Baseline = None,
    exit_zero: opt.ExitZero = False,
    *,
    network: NetworkOptions,
    via: opt.Via = None,
    requests_rate: opt.Rate = None,
    concurrency: opt.Concurrency = None,
    cluster: opt.Cluster = None,
    wanted: OutputOptions,
    resume: opt.Resume = False,
    show_secrets: opt.ShowSecrets = False,
    dry_run: opt.DryRun = False,
) -> None:
    """Ask each URL as pages that should not be let in would, prove what they can read, and say how to stop it.

    Every finding passed the full CORS check of a browser for exactly that origin, twice.
    """
    options = run_options(network, requests_rate=requests_rate, show_secrets=show_secrets, concurrency=concurrency)
    if cluster is not None:
        from corscheck.cli.ask import clustering

        clustering.check(cluster, options)
    from corscheck.cli.ask import audit_targets

    typed = audit_targets.AuditArguments(
        urls=urls or (),
        allowed=allowed_origin or (),
        methods=method or (),
        headers=header or (),
        cookies=cookie or (),
        user=user,
        send=send,
        depth=depth,
        targets=targets,
        fail_on=fail_on,
        max_requests=max_requests,
        via=via,
        seed="corscheck" if wanted.reproducible else None,
    )
    with Inputs() as inputs:
        question = audit_targets.question(typed, inputs, say)
        if shard is not None:
            from corscheck.cli.ask.sharding import part

            question = part(question, shard)
        judge = audit_targets.judge(baseline)
        if resume:
            from corscheck.cli.ask import resuming

            question, wanted = resuming.resume(question, wanted, say, judge)
        if dry_run:
            from corscheck.cli.show.preview import preview_audits

            raise typer.Exit(preview_audits(question, options))
        proofs = audit_targets.Proofs(poc) if poc is not None else None
        sinks = [*wanted.audit_sinks(question.total), *([proofs] if proofs is not None else [])]
        session = Session(sinks, progress=Progress(question.total, wanted=not wanted.quiet))
        ask = asker(question, options, cluster, judge)
        if resume:
            ask = resuming.after(wanted.resumed, ask)
        status = session.run(ask)
    raise typer.Exit(0 if exit_zero and status in (1, 3) else status)
