"""``corscheck run``: checks what a policy says must hold; its exit status gates a CI job."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import typer
from msgspec.structs import replace

from corscheck.cli import options as opt
from corscheck.cli.arguments import NetworkArguments, PaceArguments, PolicyArguments
from corscheck.cli.ask.inputs import Inputs
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import check_cluster, say
from corscheck.cli.show.outputs import OutputOptions

SUMMARY = "Check what a policy file says must hold."

EXAMPLES = """\b
Examples:
  corscheck run                          the corscheck.toml found here or above
  corscheck run --env staging --wait-for 30 --json cors.json
  corscheck run cors/api.toml --select 'orders*' --shard 2/5 --jsonl 2.jsonl
  corscheck run --baseline main.json     fail only on what is new

\b
Exit status: 0 as expected, 1 not as expected, 2 wrong usage or files, or
nothing tested, 3 inconclusive, 4 a bug in corscheck, 130 interrupted.
"""


@grouped
def run(
    typed: PolicyArguments,
    network: NetworkArguments,
    pace: PaceArguments,
    cluster: opt.Cluster = None,
    *,
    wanted: OutputOptions,
    resume: opt.Resume = False,
    show_secrets: opt.ShowSecrets = False,
) -> None:
    """Send the requests of a policy's checks, and compare the results with what they expect.

    The policy is corscheck.toml (or [tool.corscheck] in pyproject.toml), here or above up to the repository's root.
    """
    options = pace.run_options(network, show_secrets=show_secrets)
    wanted.check_outputs()
    wanted = replace(wanted, private=show_secrets)
    check_cluster(cluster, options)
    # Imported here, because it imports pydantic, which --help does not need.
    from corscheck.cli.ask.policy_run import PolicyRun

    plan = PolicyRun(typed, say)
    with Inputs() as inputs:
        policies = [("run", file) for file in plan.files]
        inputs.note(*policies, ("--baseline", typed.gate.baseline), *network.files)
        wanted.check_inputs(inputs.files)
    if resume:
        wanted = plan.resume(wanted, say)
    status = plan.run(options, wanted, complete=typed.complete, max_failures=typed.gate.max_failures, cluster=cluster)
    raise typer.Exit(typed.gate.exit_status(status))
