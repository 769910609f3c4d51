"""``corscheck run``: everything that a policy says must hold, asked and judged; exits as a CI step needs it."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from pathlib import Path

import typer

from corscheck.cli import options as opt
from corscheck.cli.network import network_options, run_options
from corscheck.cli.outputs import Wanted
from corscheck.cli.session import say

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
    user_agent: opt.UserAgent = None,
    insecure: opt.Insecure = False,
    proxy: opt.Proxy = None,
    noproxy: opt.NoProxy = None,
    cacert: opt.CACert = None,
    cert: opt.Cert = None,
    key: opt.Key = None,
    resolve: opt.Resolve = None,
    connect_to: opt.ConnectTo = None,
    unix_socket: opt.UnixSocket = None,
    max_time: opt.MaxTime = 10.0,
    http2: opt.HTTP2 = False,
    transport: opt.Transport = "auto",
    ipv4: opt.IPv4 = False,
    ipv6: opt.IPv6 = False,
    requests_rate: opt.Rate = None,
    retry: opt.Retry = 0,
    wait_for: opt.WaitFor = 0.0,
    concurrency: opt.Concurrency = None,
    cluster: opt.Cluster = None,
    json: opt.JSONFile = None,
    jsonl: opt.JSONLFile = None,
    resume: opt.Resume = False,
    reports: opt.Reports = None,
    reproducible: opt.Reproducible = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
    color: opt.Color = "auto",
    show_secrets: opt.ShowSecrets = False,
) -> None:
    """Ask what the checks of a policy ask, and hold the answers against what they expect.

    The policy is corscheck.toml (or [tool.corscheck] in pyproject.toml), here or above up to the repository's root.
    """
    network = network_options(
        max_time=max_time,
        insecure=insecure,
        cacert=cacert,
        cert=cert,
        key=key,
        proxy=proxy,
        noproxy=noproxy,
        connect_to=connect_to,
        resolve=resolve,
        unix_socket=unix_socket,
        http2=http2,
        ipv4=ipv4,
        ipv6=ipv6,
        user_agent=user_agent,
        transport=transport,
    )
    options = run_options(
        network,
        requests_rate=requests_rate,
        retry=retry,
        wait_for=wait_for,
        show_secrets=show_secrets,
        concurrency=concurrency,
    )
    if cluster is not None:
        from corscheck.cli import clustering

        clustering.check(cluster, options)
    wanted = Wanted(
        json=json,
        jsonl=jsonl,
        reports=tuple(reports or ()),
        reproducible=reproducible,
        verbose=verbose,
        quiet=quiet,
        color=color,
    )
    wanted.check_outputs()
    # Here and not at the top: pydantic comes with it, which --help need not wait for.
    from corscheck.cli.checking import Choice, Plan

    plan = Plan.of(
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
