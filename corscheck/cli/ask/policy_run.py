"""A run of policies: its probes, the judgement of each result, and the messages at the end."""

from __future__ import annotations

import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.cli.ask.questions import via_base
from corscheck.cli.retyped import retyped
from corscheck.cli.run_loop import Session, ask_many, judging, say
from corscheck.cli.show.checkview import CheckView
from corscheck.cli.show.progress import Progress
from corscheck.cli.show.sinks import Full, Quiet
from corscheck.model.masking import mask_login, mask_url
from corscheck.model.values import ConfigError
from corscheck.policy.checks_on_values import base_url as base_url_fault
from corscheck.policy.evaluate import evaluate
from corscheck.policy.ignore import Ignores
from corscheck.policy.load import LoadedPolicy, discover, display, load
from corscheck.policy.select import Shard, selected
from corscheck.report.text.checks import line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.cli.arguments import PolicyArguments
    from corscheck.cli.show.outputs import OutputOptions
    from corscheck.cli.show.sinks import Sink
    from corscheck.model.result import Result
    from corscheck.model.values import Probe
    from corscheck.report.saved.baseline import Baseline
    from corscheck.runner.options import RunOptions


class PolicyRun:
    """The checks of a run, and what judges their results. The first ``done`` probes are not asked again.

    The constructor loads the policies. It raises ``ConfigError`` with the errors of all files.
    """

    def __init__(self, typed: PolicyArguments, tell: Callable[[str], None]) -> None:
        if typed.base_url is not None and (fault := base_url_fault(typed.base_url)) is not None:
            raise ConfigError(f"--base-url {mask_login(typed.base_url)!r} {fault}")
        via = via_base(typed.via)
        self.shard = Shard(typed.shard)
        policies = _loaded(typed, via, tell)
        self.checks = selected(policies, typed.select)
        self.total = self.shard.count(sum(len(check) for check in self.checks))
        if not self.total:
            raise ConfigError(f"--shard {typed.shard}: nothing is left to test, there are fewer probes than shards")
        self.baseline: Baseline | None = None
        if typed.gate.baseline is not None:
            from corscheck.report.saved.baseline import read

            self.baseline = read(typed.gate.baseline)
        today = datetime.datetime.now(datetime.UTC).date()
        self.ignores = {policy.file: Ignores(policy.ignores, today) for policy in policies}
        self.files = tuple(policy.file for policy in policies)
        self.partial = typed.partial
        self.done = 0
        self._wants = {check.ref: check.wants for check in self.checks}

    def probes(self) -> Iterator[Probe]:
        """Return the probes that are left to ask, in order."""
        return islice(self.shard.probes(self.checks), self.done, None)

    def resume(self, wanted: OutputOptions, tell: Callable[[str], None]) -> OutputOptions:
        """Continue the file of ``--jsonl``. Raises ``ConfigError`` if it is of another run."""
        from corscheck.cli.ask import resuming

        part = resuming.read_part(wanted, self.probes(), tell, self.judge)
        self.done = part.count
        return replace(wanted, resumed=part)

    def run(
        self,
        options: RunOptions,
        wanted: OutputOptions,
        *,
        complete: bool,
        max_failures: int | None,
        cluster: str | None = None,
    ) -> int:
        """Ask and judge. Returns the exit status."""
        expired = [entry for ignores in self.ignores.values() for entry in ignores.expired]
        session = Session(
            self._sinks(wanted),
            complete=complete,
            progress=Progress(self.total, wanted=not wanted.quiet),
            faults=bool(expired),
            max_failures=max_failures,
            total=self.total,
        )
        ask = judging(lambda take: ask_many(self.probes(), self.total - self.done, options, cluster, take), self.judge)
        if wanted.resumed is not None:
            from corscheck.cli.ask import resuming

            ask = resuming.after(wanted.resumed, ask)
        status = session.run(ask)
        for entry in expired:
            say(
                f"{entry.place}: this ignore expired on {entry.expires}: repair it, or give it a later day ({entry.reason})"
            )
        if session.summary.total == self.total and not self.partial and not wanted.quiet:
            for ignores in self.ignores.values():
                for entry in ignores.unused:
                    say(f"{entry.place}: this ignore excuses nothing any more: take it out ({entry.reason})")
        return status

    def _sinks(self, wanted: OutputOptions) -> list[Sink]:
        if wanted.verbose:
            return wanted.sinks_with(Full)
        grids = {check.ref: check.grid for check in self.checks}
        return wanted.sinks_with(lambda view: CheckView(view, grids), lambda: Quiet(lambda result: [line(result)]))

    def judge(self, result: Result) -> Result:
        """Judge a result by the expectations of its check, the ignores and the baseline."""
        assert result.check is not None
        file = result.check.file
        result = evaluate(result, self._wants[result.check])
        if file in self.ignores:
            result = self.ignores[file].judge(result)
        return self.baseline.judge(result) if self.baseline is not None else result


def _loaded(typed: PolicyArguments, via: str | None, tell: Callable[[str], None]) -> list[LoadedPolicy]:
    url = next((name for name in typed.policies if "://" in name), None)
    if url is not None:
        raise ConfigError(
            f"Invalid policy {mask_url(url)!r}: this is a URL, and a policy is a file. To test a URL:\n"
            f"  {retyped({'run': ('probe',)})}\nTo write a policy of what it allows today:\n  {retyped({'run': ('init',)})}"
        )
    files = [Path(name) for name in (*typed.policies, *typed.config)]
    if not files:
        found = discover(Path.cwd())
        files = [found]
        if found.parent != Path.cwd():
            tell(f"policy: {display(found)}")
    loaded: list[LoadedPolicy] = []
    complaints: list[str] = []
    for file in dict.fromkeys(files):
        try:
            loaded.append(load(file, env=typed.env, base=typed.base_url, send_via=via))
        except ConfigError as error:
            complaints.append(str(error))
    if complaints:
        raise ConfigError("\n".join(complaints))
    return loaded
