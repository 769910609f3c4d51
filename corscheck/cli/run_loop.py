"""One run from the first item to the exit status: asks, hands each result or audit to the sinks, handles errors.

Knows no option and no format. If the reader of standard output closes it, the run ends with status 0. Ctrl-C ends it with
the items so far. If a report cannot be written, the session says so and goes on with the other reports.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from corscheck.cli.ask.inputs import reason
from corscheck.cli.exitcodes import OK, exit_status
from corscheck.cli.show.progress import Progress
from corscheck.cli.show.sinks import STDOUT
from corscheck.model.masking import mask_text
from corscheck.model.printable import printable
from corscheck.model.values import ConfigError, Probe
from corscheck.report.saved.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from corscheck.auditing.plan import AuditPlan
    from corscheck.cli.ask.questions import Question
    from corscheck.cli.show.sinks import Sink
    from corscheck.model.item import Item
    from corscheck.runner.options import RunOptions

Ask: TypeAlias = "Callable[[Callable[[Item], None]], None]"
"""Asks everything, and calls back with each item in order."""


def say(message: str) -> None:
    """Print a message on standard error, prefixed with ``corscheck:`` and with the secrets of its URLs masked."""
    first, *rest = (printable(line) for line in mask_text(message).split("\n"))
    with contextlib.suppress(OSError):
        sys.stderr.write("\n".join([f"corscheck: {first}", *rest]) + "\n")
        sys.stderr.flush()


class _ReaderGone(Exception):  # noqa: N818 - the reader has what it wanted
    """The reader of standard output closed it."""


class Session:
    """The state of a run: its sinks, its summary, and the errors so far."""

    def __init__(
        self, sinks: Sequence[Sink], *, complete: bool = False, progress: Progress | None = None, faults: bool = False
    ) -> None:
        self.sinks = list(sinks)
        self.summary = Summary()
        self.complete = complete
        self.faults = faults
        self.output_failed = False
        self.reader_gone = False
        self.progress = progress or Progress(0)

    def take(self, item: Item) -> None:
        """Count an item and hand it to every sink."""
        self.summary.add(item)
        self.progress.clear()
        for sink in tuple(self.sinks):
            try:
                sink.add(item)
            except OSError as error:
                self._lost(sink, error)
        self.progress.show(self.summary.tested)

    def run(self, ask: Ask) -> int:
        """Ask, end every sink, and return the exit status."""
        config_error: ConfigError | None = None
        try:
            ask(self.take)
        except KeyboardInterrupt:
            self.summary.interrupted = True
        except _ReaderGone:
            pass
        except ConfigError as error:
            config_error = error
        self.progress.clear()
        self._finish(config_error is not None)
        if config_error is not None:
            say(str(config_error))
        return self.status(config_error is not None)

    def status(self, config_error: bool = False) -> int:
        """Return the exit status of the run so far."""
        if self.reader_gone:
            return OK
        failed = self.output_failed or config_error
        return exit_status(self.summary, complete=self.complete, output_failed=failed, faults=self.faults)

    def _finish(self, config_error: bool) -> None:
        self.summary.exit_status = self.status(config_error)
        if config_error and not self.summary.tested:
            # Nothing was asked: there is nothing to sum up, and the error message says why.
            return
        for sink in tuple(self.sinks):
            try:
                sink.finish(self.summary)
            except OSError as error:
                with contextlib.suppress(_ReaderGone):
                    self._lost(sink, error)

    def _lost(self, sink: Sink, error: OSError) -> None:
        """Drop a sink that cannot write. Print an error unless its reader has closed standard output."""
        self.sinks.remove(sink)
        if sink.path == STDOUT:
            silence_stdout()
            if isinstance(error, BrokenPipeError):
                self.reader_gone = True
                raise _ReaderGone from None
        self.output_failed = True
        where = "" if sink.path == STDOUT else f" {sink.path}"
        say(f"{sink.name}: cannot write{where}: {reason(error)}")


def silence_stdout() -> None:
    """Redirect a closed standard output to nowhere, so that the interpreter's last flush does not fail."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def asker(
    question: Question[Any], options: RunOptions, cluster: str | None = None, judge: Callable[[Any], Item] | None = None
) -> Ask:
    """Return what asks a question: a single probe or target by itself, several with ``ask_many``.

    ``judge`` turns each item that comes into the one that is handed on.
    """

    def ask(take: Callable[[Item], None]) -> None:
        judged = take if judge is None else lambda item: take(judge(item))
        if cluster is not None or not question.single:
            ask_many(question, question.left, options, cluster, judged)
            return
        for each in question:
            if isinstance(each, Probe):
                from corscheck.runner.single import run_one

                judged(run_one(each, options))
            else:
                from corscheck.runner.audit import audit_one

                judged(audit_one(each, options))

    return ask


def check_cluster(
    address: str | None, options: RunOptions, *, in_browser: str | None = None, app: str | None = None
) -> None:
    """Raise ``ConfigError`` for an invalid ``--cluster``, and for options that a worker cannot follow."""
    if address is None:
        return
    from corscheck.runner.cluster import is_local

    local = is_local(address)
    if in_browser is not None:
        raise ConfigError("--cluster and --in-browser exclude each other: the browser is on this machine")
    if app is not None:
        raise ConfigError("--cluster and --app exclude each other: the application runs in this process")
    if options.network.unix_socket is not None and not local:
        raise ConfigError(
            "--unix-socket is a place on this machine: --cluster local:N can use it, other workers cannot"
        )


def ask_many(
    questions: Iterable[Probe | AuditPlan],
    total: int,
    options: RunOptions,
    cluster: str | None,
    take: Callable[[Any], object],
) -> None:
    """Ask many at once, here or by the workers of a Dask cluster. Hands on items in order; ``take`` stops it with True."""
    enable_gc()
    if cluster is None:
        from corscheck.runner import many

        many.ask_all(questions, options, take)
        return
    from corscheck.runner.cluster import results

    with contextlib.closing(results(questions, options, cluster, total)) as items:
        for item in items:
            if take(item) is True:
                return


def enable_gc() -> None:
    """Turn on garbage collection, which is off since the start of the process (see ``__main__``), for a long run.

    Freezes the heap, so that garbage collection skips the objects of the start: they live until the end.
    """
    import gc

    gc.freeze()
    gc.enable()
