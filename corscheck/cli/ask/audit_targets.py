"""Makes audit plans from the options of ``audit``; writes the proof page of ``--poc``."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from corscheck.auditing.plan import AuditPlan
from corscheck.auditing.planning import check_allowed, judge_target, make_plan
from corscheck.cli.ask import inputs as read
from corscheck.cli.ask import mistaken
from corscheck.cli.ask.questions import Question, via_base
from corscheck.cli.ask.targets import TargetFile, with_schemes
from corscheck.model.audits import Audit
from corscheck.model.masking import mask_url
from corscheck.model.values import ConfigError, Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.cli.arguments import AuditArguments
    from corscheck.model.item import Item
    from corscheck.report.saved.summary import Summary


class AuditQuestion(Question[AuditPlan], frozen=True, kw_only=True):
    """The audit plans of a run: their targets, and what they share."""

    urls: tuple[str, ...]
    plan: Callable[..., AuditPlan]

    def unsharded(self) -> Iterator[AuditPlan]:
        """Yield a plan for each target."""
        for index, url in enumerate(self.urls):
            yield self.plan(url, index=index)
        if self.file is None:
            return
        name = self.file.path if self.file.path != "-" else None
        for index, (line, target) in enumerate(self.file.numbered(), len(self.urls)):
            yield self.plan(target.url, index=index, file=name, line=line if name is not None else None)


def question(typed: AuditArguments, inputs: read.Inputs, say: Callable[[str], None]) -> AuditQuestion:
    """Make the question. Raises ``ConfigError`` for an invalid option or target."""
    mistaken.check_words(typed.urls)
    user, password = read.login(typed.user)
    mistaken.check_methods(typed.methods)
    file = TargetFile(typed.targets, inputs, in_process=typed.app is not None) if typed.targets is not None else None
    count = file.check(needs_origin=False) if file is not None else 0
    urls = with_schemes(typed.urls, say, "{} has no scheme: {} is audited")
    for url in (*urls, *(target.url for target in file or ())):
        wrong = judge_target(url)
        if wrong is None and typed.app is not None and url.lower().startswith(("ws:", "wss:")):
            wrong = "cannot be audited in process: start the application and leave --app out"
        if wrong is not None:
            raise ConfigError(f"{mask_url(url)!r} {wrong}")
    if not urls and not count:
        if typed.app is not None:
            raise ConfigError(
                f"Missing a path of the application. For example:\n  corscheck audit --app {typed.app} /data"
            )
        raise ConfigError("Missing a URL. For example:\n  corscheck audit https://api.example.com/me")
    template = Probe(
        url="",
        origin="null",
        headers=read.headers(typed.headers, inputs),
        send=typed.send,
        cookies=read.cookies(typed.cookies),
        user=user,
        password=password,
        via=via_base(typed.via),
    )
    plan = partial(
        make_plan,
        template=template,
        allowed=tuple(dict.fromkeys(check_allowed(origin) for origin in typed.allowed)),
        methods=typed.methods,
        depth=typed.depth,
        fail_on=typed.fail_on,
        max_requests=typed.max_requests,
        seed=typed.seed,
        in_process=typed.app is not None,
    )
    return AuditQuestion(urls=tuple(urls), file=file, plan=plan, total=len(urls) + count)


class Proofs:
    """The sink behind ``--poc``: keeps audits with findings, and writes the page at the end."""

    name = "--poc"

    def __init__(self, path: str, *, private: bool = False) -> None:
        self.path = path
        self._private = private
        self._audits: list[Audit] = []

    def add(self, item: Item) -> None:
        """Keep an audit that found something."""
        if isinstance(item, Audit) and item.findings:
            self._audits.append(item)

    def finish(self, summary: Summary) -> None:  # noqa: ARG002 - the signature of a sink
        """Write the page."""
        from corscheck.auditing.poc import page
        from corscheck.report.saved.files import write_whole

        text = page(self._audits)
        if self.path == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_whole(self.path, text, private=self._private)
