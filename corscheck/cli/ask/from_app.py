"""``--app``: asks an application in process. Without a URL, verifies what the application claims about itself."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from corscheck.cli.run_loop import Session, enable_gc, judge_of, judging, say
from corscheck.cli.show.progress import Progress
from corscheck.model.page_origin import check_origin
from corscheck.model.values import ConfigError
from corscheck.runner.app import AppConversation, printing
from corscheck.sources.app.address import absolute
from corscheck.sources.app.loading import load
from corscheck.transports.base import NetworkOptions

Arguments = TypeVar("Arguments", "ProbeArguments", "AuditArguments")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from corscheck.cli.arguments import AuditArguments, ProbeArguments
    from corscheck.cli.ask.audit_targets import AuditQuestion
    from corscheck.cli.ask.questions import ProbeQuestion
    from corscheck.cli.run_loop import Ask
    from corscheck.cli.show.outputs import OutputOptions
    from corscheck.model.item import Item
    from corscheck.model.values import Probe
    from corscheck.runner.options import RunOptions
    from corscheck.sources.app.loading import LoadedApp
    from corscheck.sources.app.questions import Questions

_WITHOUT_URL = {
    "methods": "-X",
    "headers": "-H",
    "has_data": "-d",
    "form": "-F",
    "credentials": "--credentials",
    "cookies": "-b",
    "user": "-u",
}


class InProcess(Struct, frozen=True):
    """An application: its name as typed, and the directory of its module."""

    name: str
    directory: str = "."

    def typed(self, typed: Arguments) -> Arguments:
        """Return the options with paths as URLs. Raises ``ConfigError`` for options without a meaning in process."""
        if typed.via is not None:
            raise ConfigError("--app tests in process: there is no network in between for --via")
        return replace(typed, urls=[absolute(url) for url in typed.urls])

    @property
    def file(self) -> str:
        """The file of its module, if it is not a package."""
        return os.path.join(self.directory, *self.name.partition(":")[0].split(".")) + ".py"  # noqa: PTH118 - as typed

    def schema(self) -> object:
        """Return the OpenAPI document that the application generates, as FastAPI does."""
        from corscheck.sources.app.claims import attribute

        app = self._load().app
        make = attribute(app, "openapi")
        if not callable(make):
            raise ConfigError(f"--openapi app: {self.name} has no openapi(), as a FastAPI has: name a file or a URL")
        with printing(True):
            return make()

    def check(self, network: NetworkOptions, *, in_browser: str | None, dry_run: bool, curl: bool) -> None:
        """Raise ``ConfigError`` for options about a network or a browser: there is none in process."""
        plain = NetworkOptions(timeout=network.timeout, user_agent=network.user_agent)
        if network != plain:
            raise ConfigError("--app tests in process, where network options have no effect: leave them out")
        if in_browser is not None:
            raise ConfigError("--in-browser needs a server: start the application and leave --app out")
        if dry_run or curl:
            option = "--dry-run" if dry_run else "--print-curl"
            raise ConfigError(f"{option} has no use for an application: leave --app out and write the whole URL")

    def asker(self, question: ProbeQuestion, options: RunOptions) -> Ask:
        """Return what asks the probes of a question, as ``run_loop.asker`` does over the network."""
        return lambda take: _ask(self._load(), options, question, take)

    def auditor(self, question: AuditQuestion, options: RunOptions) -> Ask:
        """Return what audits the application, as ``run_loop.asker`` does over the network."""

        def ask(take: Callable[[Item], bool | None]) -> None:
            with _conversing(self._load(), options) as conversation:
                for plan in question:
                    if take(conversation.audit(plan)) is True:
                        return

        return ask

    def verify(
        self, typed: ProbeArguments, options: RunOptions, wanted: OutputOptions, *, complete: bool, resume: bool
    ) -> int:
        """Verify the application's claims. Returns the exit status."""
        if resume:
            raise ConfigError("--resume needs a URL: a run of --app without one cannot be continued")
        judge = judge_of(typed.gate.baseline)
        for field, option in _WITHOUT_URL.items():
            if getattr(typed, field):
                raise ConfigError(f"{option} needs a URL: without one, --app tests every route")
        wanted.check_outputs()
        from corscheck.cli.ask.questions import gate_of
        from corscheck.cli.show.appview import AppView
        from corscheck.sources.app.claims import read
        from corscheck.sources.app.failing import failing_route
        from corscheck.sources.app.questions import Questions

        origins = tuple(dict.fromkeys(check_origin(origin) for origin in typed.origins))
        loaded = self._load()
        with printing(True):
            reading = read(loaded.app)
        if reading is None or not reading.operations:
            raise ConfigError(self._unread(loaded, routes=reading is not None))
        questions = Questions(
            reading,
            origins=origins,
            send=typed.send,
            gate=gate_of(typed.engines) if typed.engines else (),
            expect=typed.expect,
        )
        if not questions.listed:
            raise ConfigError(_nobody(self.name, questions))
        sinks = wanted.sinks_with(lambda view: AppView(view, self.name, questions))
        progress = Progress(len(questions.asked), wanted=not wanted.quiet)
        session = Session(
            sinks,
            complete=complete,
            progress=progress,
            max_failures=typed.gate.max_failures,
            total=len(questions.asked),
        )

        def ask(take: Callable[[Any], bool | None]) -> None:
            def conclude(conversation: AppConversation) -> None:
                questions.proposal = conversation.proposal()

            with failing_route(reading.inner):
                _ask(loaded, options, (one.probe for one in questions.asked), take, conclude)

        return session.run(judging(ask, judge))

    def _load(self) -> LoadedApp:
        with printing(True):
            return load(self.name, self.directory)

    def _unread(self, loaded: LoadedApp, *, routes: bool) -> str:
        kind = type(loaded.app)
        what = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
        lacks = "neither routes nor a CORSMiddleware that can be read, only Starlette and FastAPI have"
        return (
            f"{self.name} ({what}, {loaded.interface.upper()}) has {'no routes' if routes else lacks}: name a URL. "
            f"For example:\n  corscheck probe --app {self.name} /data --origin https://app.example.com"
        )


def _nobody(name: str, questions: Questions) -> str:
    regex = questions.claim.allow_origin_regex if questions.claim is not None else None
    faults = "".join(f"\n  {fault}" for fault in questions.unusable)
    why = "allow_origins names no origin that a page can have" if regex is None else f"allow_origin_regex is {regex!r}"
    return f"{name}: {why}; name a page that should get in: --origin https://app.example.com{faults}"


def _ask(
    loaded: LoadedApp,
    options: RunOptions,
    probes: Iterable[Probe],
    take: Callable[[Any], bool | None],
    conclude: Callable[[AppConversation], None] | None = None,
) -> None:
    """Start the application, ask, ``conclude``, and shut it down."""
    with _conversing(loaded, options) as conversation:
        for probe in probes:
            if take(conversation.ask(probe)) is True:
                break
        if conclude is not None:
            conclude(conversation)


@contextmanager
def _conversing(loaded: LoadedApp, options: RunOptions) -> Iterator[AppConversation]:
    """Start the application, and shut it down afterwards. A failed shutdown is printed; the results stand."""
    enable_gc()
    conversation = AppConversation(loaded.app, options, name=loaded.name, aside=True)
    try:
        yield conversation
    finally:
        try:
            conversation.close()
        except ConfigError as error:
            say(str(error))
