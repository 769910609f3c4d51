"""``python -m corscheck`` and the ``corscheck`` script: runs the command line, quick in and quick out."""

from __future__ import annotations

import atexit
import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    # Ctrl-C must not print a traceback, from the first line on.
    try:
        from corscheck.cli import signals

        signals.leave_at_once()
        # A short process that mostly imports: collecting garbage on the way costs 5 % of it and frees nothing. A run of
        # many probes switches the collector on again (``cli.run_loop``).
        gc.disable()
        if sys.stdin is None or sys.stdout is None or sys.stderr is None:
            _open_what_is_closed()
        from corscheck.cli.app import run

        status = run(sys.argv[1:])
        signals.end_by_default()
    except KeyboardInterrupt:
        status = 130
    _exit(status)


def _exit(status: int) -> None:
    """Flush standard output and end the process."""
    try:
        sys.stdout.flush()
    except OSError as error:
        from corscheck.cli.run_loop import say, silence_stdout

        silence_stdout()
        if status == 0 and not isinstance(error, BrokenPipeError):  # what was asked for did not get there
            from corscheck.cli.ask.inputs import reason
            from corscheck.cli.exitcodes import USAGE

            say(f"standard output: cannot write: {reason(error)}")
            status = USAGE
    # Taking the interpreter apart module by module is 10 % of the wall time of a probe, and the process ends anyway.
    # What has registered itself for the end (coverage, thread pools) has its turn first.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _open_what_is_closed() -> None:
    """Started with ``<&-`` or ``>&-``: nothing is read, what is printed goes nowhere, and nothing fails over it."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115 - open as long as the process
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 - open as long as the process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115 - likewise


if __name__ == "__main__":
    main()
