"""``--watch``: asks again when a file of the application changes, or every few seconds, and shows what has changed.

Each round is a process of its own, so that an application is imported afresh and a crash of it ends one round only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.cli import signals
from corscheck.cli.exitcodes import INTERRUPTED, OK
from corscheck.cli.run_loop import print_lines, say, silence_stdout
from corscheck.cli.show.outputs import colored
from corscheck.cli.show.sinks import Quiet
from corscheck.model.audits import Audit
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.cli.arguments import ProbeArguments, WatchArguments
    from corscheck.cli.show.outputs import OutputOptions
    from corscheck.model.result import Result

EVERY = 2.0
"""Seconds between two rounds over the network."""

_POLL = 0.25
"""Seconds between two looks at the files of an application."""

_ENDINGS = (".py", ".toml", ".yaml", ".yml", ".ini", ".cfg", ".env")
_MOST_FILES = 20_000


class Round(Struct, frozen=True):
    """What one round came to: its exit status, what it printed, and the results by their index."""

    status: int
    view: str
    notes: str
    results: dict[int, Result]


def watch(typed: ProbeArguments, wanted: OutputOptions, watched: WatchArguments, *, resume: bool, sends: bool) -> int:
    """Ask again and again until Ctrl-C, or until all is as expected. Returns the exit status."""
    _check(typed, wanted, watched, resume=resume, sends=sends)
    signals.raise_from_now_on()
    waiting = _changed_files(typed.app_dir) if typed.app is not None else _every()
    before: Round | None = None
    try:
        with tempfile.TemporaryDirectory(prefix="corscheck-") as directory:
            for why in waiting:
                now = _ask(os.path.join(directory, "report.json"), wanted)  # noqa: PTH118 - a word of a command line
                _show(before, now, why)
                if watched.until_allowed and now.status == OK:
                    return OK
                before = now
    except KeyboardInterrupt:
        say("stopped")
        return INTERRUPTED
    except BrokenPipeError:
        silence_stdout()
    return OK


def _check(typed: ProbeArguments, wanted: OutputOptions, watched: WatchArguments, *, resume: bool, sends: bool) -> None:
    """Raise ``ConfigError`` for options that cannot be followed again and again."""
    stdin = "-" in (typed.targets, typed.document.source, *typed.curl)
    stdin = stdin or "@-" in (*typed.data, *typed.binary, *typed.headers)
    faults = {
        "--resume continues one run": resume,
        "--dry-run and --print-curl send nothing": not sends,
        "standard input can be read only once: name a file": stdin,
        "a report on standard output would be mixed with the view: name a file": wanted.stdout_taken,
        "with --exit-zero every round looks as expected": watched.until_allowed and typed.gate.exit_zero,
    }
    for fault, applies in faults.items():
        if applies:
            raise ConfigError(f"--watch repeats the request: {fault}")


def _ask(report: str, wanted: OutputOptions) -> Round:
    """Run the command line that was typed once, without ``--watch``."""
    words = [word for word in sys.argv[1:] if word not in ("--watch", "--until-allowed")]
    color = ["--color", "always" if colored(wanted.color) else "never"]
    done = subprocess.run(  # noqa: S603 - the command line that the user typed, not through a shell
        [sys.executable, "-P", "-m", "corscheck", *words, *color, "--report", f"json:{report}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "COLUMNS": str(wanted.view().width), "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    return Round(done.returncode, done.stdout, done.stderr, dict(_results(report)))


def _results(report: str) -> Iterator[tuple[int, Result]]:
    """Yield the results of a round by their index, and delete its report, so that the next round cannot be taken for it."""
    path = Path(report)
    if not path.exists():
        return
    from corscheck.report.saved.load import load

    for item in load(report).items():
        assert not isinstance(item, Audit)
        yield item.index, item
    path.unlink()


def _show(before: Round | None, now: Round, why: str) -> None:
    """Print a round: the first one whole, of a later one what differs."""
    if before is None:
        sys.stderr.write(now.notes)
        print_lines(now.view.splitlines())
        return
    if now.notes != before.notes:
        sys.stderr.write(now.notes)
    changed = [one for index, one in now.results.items() if _brief(before.results.get(index)) != _brief(one)]
    gone = before.results.keys() - now.results.keys()
    if not now.results:
        say(f"{why or 'this time'}: no result (exit status {now.status})")
        return
    if not changed and not gone:
        if why:
            say(f"{why}: the same result")
        return
    total = len(now.results)
    say(f"{time.strftime('%H:%M:%S')} {why or 'the result has changed'}: {len(changed)} of {total} changed")
    if total == 1:
        print_lines(now.view.splitlines())
        return
    quiet = Quiet()
    for result in changed:
        quiet.add(result)
    sys.stdout.flush()


def _brief(result: Result | None) -> object:
    """Return what makes a result another one: not its times, or the date of an answer."""
    if result is None:
        return None
    steps = [(step.step, step.status, step.received) for step in result.steps]
    return result.verdict, result.complete, result.reason, result.engines, result.readable_headers, steps


def _every() -> Iterator[str]:
    """Yield at once, and then every few seconds."""
    while True:
        yield ""
        time.sleep(EVERY)


def _changed_files(directory: str) -> Iterator[str]:
    """Yield at once, and then whenever a file of the application has changed: which one."""
    known = _times(directory)
    yield ""
    while True:
        time.sleep(_POLL)
        times = _times(directory)
        changed = sorted(path for path in times.keys() | known.keys() if times.get(path) != known.get(path))
        if changed:
            known = times
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            yield f"{os.path.relpath(changed[0], directory)}{more} changed"


def _times(directory: str) -> dict[str, tuple[int, int]]:
    """Return the files below a directory with the time and size of each; not those of virtual environments."""
    found: dict[str, tuple[int, int]] = {}
    for folder, folders, names in os.walk(directory):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in ("__pycache__", "node_modules")
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))  # noqa: PTH110, PTH118 - as os.walk has it
        ]
        for name in names:
            if name.endswith(_ENDINGS) and len(found) < _MOST_FILES:
                path = os.path.join(folder, name)  # noqa: PTH118 - as os.walk has it
                try:
                    stat = os.stat(path)  # noqa: PTH116 - as os.walk has it
                except OSError:
                    continue
                found[path] = (stat.st_mtime_ns, stat.st_size)
    return found
