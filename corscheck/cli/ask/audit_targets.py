"""What ``corscheck audit`` is made of: from what was typed to the plans, and from there to the audits."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.auditing.planning import check_allowed, judge_target, make_plan
from corscheck.cli.ask import inputs as read
from corscheck.cli.ask.questions import via_base
from corscheck.cli.ask.targets import TargetFile, with_scheme
from corscheck.model.masking import mask_url
from corscheck.model.printable import printable
from corscheck.model.values import ConfigError, Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from corscheck.auditing.plan import AuditPlan
    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.model.values import Depth, FailOn
    from corscheck.report.saved.summary import Summary
    from corscheck.runner.options import RunOptions


class AuditArguments(Struct, frozen=True):
    """The options that make up the question, as typed. With a ``seed`` random names are the same every time."""

    urls: Sequence[str]
    allowed: Sequence[str]
    methods: Sequence[str]
    headers: Sequence[str]
    cookies: Sequence[str]
    user: str | None
    send: str
    depth: Depth
    targets: str | None
    fail_on: FailOn
    max_requests: int | None
    via: str | None
    seed: str | None


class AuditQuestion(Struct, frozen=True):
    """The targets of a run, and what all of them share.

    ``shard`` is which of how many parts is audited: (2, 5) is every fifth target from the second on. The first ``done``
    of them are not audited again.
    """

    urls: tuple[str, ...]
    file: TargetFile | None
    template: Probe
    typed: AuditArguments
    allowed: tuple[str, ...]
    total: int
    done: int = 0
    shard: tuple[int, int] = (1, 1)

    def plans(self) -> Iterator[AuditPlan]:
        """A plan for each target, in order."""
        number, of = self.shard
        return islice(self._plans(), number - 1 + self.done * of, None, of)

    def _plans(self) -> Iterator[AuditPlan]:
        index = 0
        for url in self.urls:
            yield self._plan(url, index, None)
            index += 1
        if self.file is not None:
            for line, target in self.file.numbered():
                yield self._plan(target.url, index, line)
                index += 1

    def _plan(self, url: str, index: int, line: int | None) -> AuditPlan:
        typed = self.typed
        file = self.file.path if self.file is not None and line is not None and self.file.path != "-" else None
        return make_plan(
            url,
            self.template,
            allowed=self.allowed,
            methods=typed.methods,
            depth=typed.depth,
            fail_on=typed.fail_on,
            max_requests=typed.max_requests,
            seed=typed.seed,
            index=index,
            file=file,
            line=line if file is not None else None,
        )


def question(typed: AuditArguments, inputs: read.Inputs, say: Callable[[str], None]) -> AuditQuestion:
    """The question that was typed. Raises ``ConfigError``."""
    file = TargetFile(typed.targets, inputs) if typed.targets is not None else None
    count = file.check(needs_origin=False) if file is not None else 0
    urls = []
    for text in typed.urls:
        url = with_scheme(text)
        if url != text:
            say(f"{text} has no scheme: {url} is audited")
        urls.append(url)
    for url in (*urls, *(target.url for target in file or ())):
        _check(url)
    if not urls and not count:
        raise ConfigError("nothing to audit: corscheck audit URL, or --targets FILE")
    user, password = read.login(typed.user)
    template = Probe(
        url="",
        origin="null",
        headers=read.headers(typed.headers, inputs),
        send="always" if typed.send == "always" else "auto",
        cookies=read.cookies(typed.cookies),
        user=user,
        password=password,
        via=via_base(typed.via),
    )
    allowed = tuple(dict.fromkeys(check_allowed(origin) for origin in typed.allowed))
    return AuditQuestion(tuple(urls), file, template, typed, allowed, len(urls) + count)


def _check(url: str) -> None:
    wrong = judge_target(url)
    if wrong is not None:
        raise ConfigError(f"{mask_url(url)!r} {wrong}")


def judge(baseline: str | None) -> Callable[[Audit], Audit]:
    """What a baseline makes of an audit."""
    if baseline is None:
        return lambda audit: audit
    from corscheck.report.saved.baseline import read as read_baseline

    return read_baseline(baseline).judge_audit


def asker(
    asked: AuditQuestion, options: RunOptions, judged: Callable[[Audit], Audit], cluster: str | None = None
) -> Callable[[Callable[[Audit], None]], None]:
    """What carries the audits out: one after the other, many at once, or the workers of a cluster."""

    def one(take: Callable[[Audit], None]) -> None:
        from corscheck.runner.audit import audit_one

        for plan in asked.plans():
            take(judged(audit_one(plan, options)))

    def many(take: Callable[[Audit], None]) -> None:
        import gc

        from corscheck.runner.many import ask_all

        # Off since the start of the process (see ``__main__``), where it only delays; a long run needs it.
        gc.enable()
        ask_all(asked.plans(), options, lambda found: take(judged(found)))

    def spread(take: Callable[[Audit], None]) -> None:
        from corscheck.cli.ask.clustering import ask_audits

        ask_audits(asked.plans(), options, cluster or "", asked.total - asked.done, lambda found: take(judged(found)))

    if cluster is not None:
        return spread
    return one if asked.total == 1 else many


def preview(asked: AuditQuestion, options: RunOptions) -> int:
    """Print what would be sent to servers that let in the allowed origins and nobody else. Sends nothing."""
    from corscheck.runner.preview import plan_audit

    try:
        for index, plan in enumerate(asked.plans()):
            requests = plan_audit(plan, options)
            lines = [
                *([""] * bool(index)),
                f"{printable(mask_url(plan.url))}, at most as follows if nobody else is let in:",
            ]
            for request in requests:
                origin = next((v for n, v in request.headers if n == "Origin"), "no Origin")
                lines.append(f"  {request.method:<7} {printable(mask_url(request.url))}  {printable(origin)}")
            lines.append(f"{len(requests)} requests")
            sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        from corscheck.cli.run_loop import silence_stdout

        silence_stdout()
    return 0


class Proofs:
    """The sink behind ``--poc``: keeps what can be shown, and writes the page at the end."""

    name = "--poc"

    def __init__(self, path: str) -> None:
        self.path = path
        self._audits: list[Audit] = []

    def add(self, result: Result) -> None:
        """Probes prove nothing here."""

    def add_audit(self, audit: Audit) -> None:
        """Keep it if it found something."""
        if audit.findings:
            self._audits.append(audit)

    def finish(self, summary: Summary) -> None:  # noqa: ARG002 - a sink's
        """Write the page."""
        from pathlib import Path

        from corscheck.auditing.poc import page

        text = page(self._audits)
        if self.path == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            Path(self.path).write_text(text, "utf-8")
