"""One run from the first probe to the exit status: asks, hands each result to the sinks, survives what can go wrong.

Knows no option and no format. A reader that closes the pipe ends the run with 0, Ctrl-C with what there is so far, a
report that cannot be written is said and the others go on.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from corscheck.cli.ask.inputs import reason
from corscheck.cli.exitcodes import OK, exit_status
from corscheck.cli.show.progress import Progress
from corscheck.cli.show.sinks import STDOUT
from corscheck.model.masking import mask_text
from corscheck.model.printable import printable
from corscheck.model.values import ConfigError
from corscheck.report.saved.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from corscheck.cli.ask.questions import ProbeQuestion
    from corscheck.cli.show.sinks import Sink
    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.runner.options import RunOptions


def say(message: str) -> None:
    """A message to people, on standard error, in corscheck's name. What it quotes of URLs is masked."""
    first, *rest = (printable(line) for line in mask_text(message).split("\n"))
    with contextlib.suppress(OSError):
        sys.stderr.write("\n".join([f"corscheck: {first}", *rest]) + "\n")
        sys.stderr.flush()


class _ReaderGone(Exception):  # noqa: N818 - the reader has what it wanted
    """Whoever read standard output closed it."""


class Session:
    """The state of a run: its sinks, its summary, and what went wrong on the way."""

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

    def take(self, result: Result) -> None:
        """Count a result and hand it to every sink."""
        self.summary.add(result)
        self.progress.clear()
        for sink in tuple(self.sinks):
            try:
                sink.add(result)
            except OSError as error:
                self._lost(sink, error)
        self.progress.show(self.summary.tested)

    def take_audit(self, audit: Audit) -> None:
        """Count an audit and hand it to every sink."""
        self.summary.add_audit(audit)
        self.progress.clear()
        for sink in tuple(self.sinks):
            try:
                sink.add_audit(audit)
            except OSError as error:
                self._lost(sink, error)
        self.progress.show(self.summary.tested)

    def run(self, ask: Callable[[Callable[[Result], None]], None]) -> int:
        """Ask (``ask`` calls back with each result), end every sink, return the exit status."""
        return self._run(lambda: ask(self.take))

    def run_audits(self, ask: Callable[[Callable[[Audit], None]], None]) -> int:
        """The same with audits."""
        return self._run(lambda: ask(self.take_audit))

    def _run(self, ask: Callable[[], None]) -> int:
        config_error: ConfigError | None = None
        try:
            ask()
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
        """The exit status as things stand."""
        if self.reader_gone:
            return OK
        failed = self.output_failed or config_error
        return exit_status(self.summary, complete=self.complete, output_failed=failed, faults=self.faults)

    def _finish(self, config_error: bool) -> None:
        self.summary.exit_status = self.status(config_error)
        if config_error and not self.summary.tested:
            # Nothing was asked: there is nothing to sum up, and the message says why.
            return
        for sink in tuple(self.sinks):
            try:
                sink.finish(self.summary)
            except OSError as error:
                with contextlib.suppress(_ReaderGone):
                    self._lost(sink, error)

    def _lost(self, sink: Sink, error: OSError) -> None:
        """Drop a sink that cannot write and, unless it was its reader who left, complain."""
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
    """Let nothing more go to a standard output that is gone, so that the interpreter's last flush does not complain."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def asker(question: ProbeQuestion, options: RunOptions) -> Callable[[Callable[[Result], None]], None]:
    """What asks the probes of a question: one after the other, or several at once."""

    def one(take: Callable[[Result], None]) -> None:
        from corscheck.runner import single

        for probe in question.probes():
            take(single.run_one(probe, options))

    def many(take: Callable[[Result], None]) -> None:
        import gc

        from corscheck.runner import many as many_at_once

        # Off since the start of the process (see ``__main__``), where it only delays; a long run needs it. What is there
        # by now stays to the end: nobody needs to look at it, least of all to copy it after a fork.
        gc.freeze()
        gc.enable()

        many_at_once.ask_all(question.probes(), options, take)

    return one if question.single else many
