"""``corscheck run``: everything that a policy says must hold, asked and judged; exits as a CI step needs it."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from pathlib import Path

import typer

from corscheck.cli import options as opt
from corscheck.cli.ask.network import run_options
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import say
from corscheck.cli.show.outputs import OutputOptions
from corscheck.transports.base import NetworkOptions

SUMMARY = "Check what a policy file says must hold."

EXAMPLES = """\b
Examples:
  corscheck run                          the corscheck.toml found here or above
  corscheck run --env staging --wait-for 30 --json cors.json
  corscheck run cors/api.toml --select 'orders*' --shard 2/5 --jsonl 2.jsonl
  corscheck run --baseline main.json     fail only on what is new

\b
Exit status: 0 as expected, 1 not so, 2 usage or files or nothing tested,
3 inconclusive, 4 a bug of corscheck's, 130 interrupted.
"""


@grouped
def run(
    policies: opt.Policies = None,
    config: opt.Config = None,
    env: opt.Environment = None,
    base_url: opt.BaseURL = None,
    via: opt.Via = None,
    select: opt.Select = None,
    shard: opt.ShardOf = None,
    max_failures: opt.MaxFailures = None,
    exit_zero: opt.ExitZero = False,
    baseline: opt.Baseline = None,
    complete: opt.Complete = False,
    *,
    network: NetworkOptions,
    requests_rate: opt.Rate = None,
    retry: opt.Retry = 0,
    wait_for: opt.WaitFor = 0.0,
    concurrency: opt.Concurrency = None,
    cluster: opt.Cluster = None,
    wanted: OutputOptions,
    resume: opt.Resume = False,
    show_secrets: opt.ShowSecrets = False,
) -> None:
    """Ask what the checks of a policy ask, and hold the answers against what they expect.

    The policy is corscheck.toml (or [tool.corscheck] in pyproject.toml), here or above up to the repository's root.
    """
    options = run_options(
        network,
        requests_rate=requests_rate,
        retry=retry,
        wait_for=wait_for,
        show_secrets=show_secrets,
        concurrency=concurrency,
    )
    if cluster is not None:
        from corscheck.cli.ask import clustering

        clustering.check(cluster, options)
    # Here and not at the top: pydantic comes with it, which --help need not wait for.
    from corscheck.cli.ask.policy_run import Choice, PolicyRun

    plan = PolicyRun.of(
        Choice(
            files=[Path(p) for p in (*(policies or ()), *(config or ()))],
            env=env,
            base_url=base_url,
            via=via,
            select=select or (),
            shard=shard,
            baseline=baseline,
        ),
        say,
    )
    if resume:
        wanted = plan.resume(wanted, say)
    status = plan.run(options, wanted, complete=complete, max_failures=max_failures, cluster=cluster)
    raise typer.Exit(0 if exit_zero and status in (1, 3) else status)
