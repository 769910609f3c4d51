"""One run from the first item to the exit status: asks, hands each result or audit to the sinks, handles errors.

Knows no option and no format. Ctrl-C ends a run with the items so far. If a report cannot be written, the session says so
and goes on with the other reports. If the reader of standard output closes it (``| head``, ``| grep -q``), nothing more is
printed: a run that writes a report to a file goes on and exits by its verdict, any other stops with status 141. An
unexpected exception ends the run like Ctrl-C does, and is then raised again: reports have what was known.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, TypeAlias

from corscheck.cli import signals
from corscheck.cli.ask.inputs import reason
from corscheck.cli.exitcodes import BUG, INCONCLUSIVE, READER_GONE, exit_status
from corscheck.cli.show.progress import Progress
from corscheck.cli.show.sinks import STDOUT, Kept, in_job, inert_lines
from corscheck.model.masking import mask_text
from corscheck.model.printable import printable
from corscheck.model.values import ConfigError, HelperDied, Probe
from corscheck.report.saved.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from corscheck.auditing.plan import AuditPlan
    from corscheck.cli.ask.questions import Question
    from corscheck.cli.show.sinks import Sink
    from corscheck.model.item import Item
    from corscheck.runner.options import RunOptions

Ask: TypeAlias = "Callable[[Callable[[Item], bool | None]], object]"
"""Asks everything, and calls back with each item in order; ends early when it is told True."""


def say(message: str) -> None:
    """Print a message on standard error, prefixed with ``corscheck:`` and with the secrets of its URLs masked."""
    first, *rest = (printable(line) for line in mask_text(message).split("\n"))
    rest = inert_lines(rest) if in_job() else rest
    with contextlib.suppress(OSError):
        sys.stderr.write("\n".join([f"corscheck: {first}", *rest]) + "\n")
        sys.stderr.flush()


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on standard output, as far as its reader reads them: the exit status does not depend on it."""
    try:
        for line in inert_lines(lines) if in_job() else lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


class _ReaderGone(Exception):  # noqa: N818 - the reader has what it wanted
    """The reader of standard output closed it, and no report is written to a file."""


class Session:
    """The state of a run: its sinks, its summary, and the errors so far."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        complete: bool = False,
        progress: Progress | None = None,
        faults: bool = False,
        max_failures: int | None = None,
        total: int = 0,
    ) -> None:
        self.sinks = list(sinks)
        self.summary = Summary()
        self.complete = complete
        self.faults = faults
        self._max_failures = max_failures
        self._total = total
        self.output_failed = False
        self.reader_gone = False
        self.progress = progress or Progress(0)
        self._uninterrupted = _Uninterrupted()
        self._ended: Exception | None = None

    def take(self, item: Item) -> bool:
        """Count an item and hand it to every sink. Returns whether the run has failed often enough to end."""
        with self._uninterrupted:
            self.summary.add(item)
            self.progress.clear()
            for sink in tuple(self.sinks):
                try:
                    sink.add(item)
                except OSError as error:
                    self._lost(sink, error)
                except KeyboardInterrupt:
                    self._abandon(sink)
                    raise
            self.progress.show(self.summary)
        return self._failed_enough

    @property
    def _failed_enough(self) -> bool:
        return self._max_failures is not None and self.summary.failed >= self._max_failures

    def run(self, ask: Ask) -> int:
        """Ask, end every sink, and return the exit status. Raises what is neither an error of the user nor of a helper."""
        signals.raise_from_now_on()
        interrupted = False
        try:
            ask(self.take)
        except KeyboardInterrupt:
            self.summary.interrupted = interrupted = True
        except _ReaderGone:
            self.summary.interrupted = True
        except Exception as error:  # noqa: BLE001 - raised again below, after the reports are written
            self._ended = error
            self.summary.interrupted = not isinstance(error, ConfigError)
        with _Uninterrupted(afterwards=False):
            self.progress.clear()
            self._finish()
        if interrupted and self.progress.total > 1:
            say(self._interrupted())
        if self._failed_enough and self.summary.tested < self._total:
            count = "one failure" if self._max_failures == 1 else f"{self._max_failures} failures"
            what = "targets" if self.summary.audits else "probes"
            say(f"stopped after {count} (--max-failures): {self.summary.tested} of {self._total} {what} were tested")
        if isinstance(self._ended, (ConfigError, HelperDied)):
            say(str(self._ended))
        elif self._ended is not None:
            raise self._ended
        return self.status()

    def _interrupted(self) -> str:
        """Return how far the run came, and how to continue it."""
        said = f"INTERRUPTED after {self.summary.tested:,} of {self.progress.total:,}"
        kept = next((sink.path for sink in self.sinks if sink.name == "--jsonl" and sink.path != STDOUT), None)
        return f"{said}; {kept} has them, --resume continues" if kept is not None and self.summary.tested else said

    def status(self) -> int:
        """Return the exit status of the run so far."""
        if self.reader_gone:
            return READER_GONE
        if isinstance(self._ended, HelperDied):
            return INCONCLUSIVE
        if self._ended is not None and not isinstance(self._ended, ConfigError):
            return BUG
        failed = self.output_failed or self._ended is not None
        return exit_status(self.summary, complete=self.complete, output_failed=failed, faults=self.faults)

    def _files(self) -> bool:
        """Whether a report is written to a file."""
        return any(sink.path != STDOUT and not isinstance(sink, Kept) for sink in self.sinks)

    def _finish(self) -> None:
        self.summary.exit_status = self.status()
        if isinstance(self._ended, ConfigError) and not self.summary.tested:
            # Nothing was asked: there is nothing to sum up, and the error message says why.
            return
        for sink in tuple(self.sinks):
            try:
                sink.finish(self.summary)
            except OSError as error:
                with contextlib.suppress(_ReaderGone):
                    self._lost(sink, error)
            except KeyboardInterrupt:
                self._abandon(sink)
                self.summary.interrupted = True
            except Exception as error:  # noqa: BLE001 - the other reports are written first
                self._ended = self._ended or error

    def _abandon(self, sink: Sink) -> None:
        """Drop a sink that was interrupted while it waited: for the reader of a pipe, or for a disk."""
        self.sinks.remove(sink)
        if sink.path == STDOUT:
            silence_stdout()

    def _lost(self, sink: Sink, error: OSError) -> None:
        """Drop a sink that cannot write. Print an error unless its reader has closed standard output."""
        files = self._files()
        self.sinks.remove(sink)
        if sink.path == STDOUT:
            silence_stdout()
            if isinstance(error, BrokenPipeError):
                if files:
                    return
                self.reader_gone = True
                raise _ReaderGone from None
        self.output_failed = True
        where = "" if sink.path == STDOUT else f" {sink.path}"
        say(f"{sink.name}: cannot write{where}: {reason(error)}")


_PATIENCE = 2.0
"""How long an interrupted write may take, in seconds."""


class _Uninterrupted:
    """Postpones Ctrl-C to the end of a block, so that no sink misses an item that others have.

    A second one is not postponed, and the first one for ``_PATIENCE`` seconds only: a write may wait for a reader that never
    reads. With ``afterwards`` unset the first one is ignored: the run is over, and its reports are being written.
    """

    def __init__(self, *, afterwards: bool = True) -> None:
        self._afterwards = afterwards
        # Only the main thread may set handlers, and only it is interrupted.
        self._able = threading.current_thread() is threading.main_thread()
        self._before: Any = None
        self._alarm: Any = None
        self._noted = False

    def __enter__(self) -> None:
        if self._able:
            self._noted = False
            self._before = signal.signal(signal.SIGINT, self._note)

    def _note(self, _number: int, _frame: object) -> None:
        if self._noted:
            raise KeyboardInterrupt
        self._noted = callable(self._before)
        if self._noted and hasattr(signal, "setitimer"):
            self._alarm = signal.signal(signal.SIGALRM, self._stop)
            signal.setitimer(signal.ITIMER_REAL, _PATIENCE)

    def _stop(self, _number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        if self._able:
            signal.signal(signal.SIGINT, self._before)
            if self._alarm is not None:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, self._alarm)
                self._alarm = None
            if self._noted and self._afterwards:
                raise KeyboardInterrupt


def silence_stdout() -> None:
    """Redirect a closed standard output to nowhere, so that the interpreter's last flush does not fail."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def asker(question: Question[Any], options: RunOptions, cluster: str | None = None) -> Ask:
    """Return what asks a question: a single probe or target by itself, several with ``ask_many``."""

    def ask(take: Callable[[Item], bool | None]) -> None:
        if cluster is not None or not question.single:
            ask_many(question, question.left, options, cluster, take)
            return
        for each in question:
            if isinstance(each, Probe):
                from corscheck.runner.single import run_one

                take(run_one(each, options))
            else:
                from corscheck.runner.audit import audit_one

                take(audit_one(each, options))

    return ask


def judging(ask: Ask, judge: Callable[[Any], Item] | None) -> Ask:
    """Return what hands on the items of ``ask`` as ``judge`` makes them, which knows a baseline."""
    return ask if judge is None else lambda take: ask(lambda item: take(judge(item)))


def judge_of(baseline: str | None) -> Callable[[Any], Item] | None:
    """Return what excuses the failures and findings that the baseline holds; None without one."""
    if baseline is None:
        return None
    from corscheck.report.saved.baseline import read

    return read(baseline).judge


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
