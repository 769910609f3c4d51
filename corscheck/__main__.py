"""``python -m corscheck`` and the ``corscheck`` script: runs the command line, quick in and quick out."""

from __future__ import annotations

import atexit
import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    # A short process that mostly imports: collecting garbage on the way costs 5 % of it and frees nothing. A run of
    # many probes switches the collector on again (``cli.session``).
    gc.disable()
    if sys.stdout is None or sys.stderr is None:
        _open_what_is_closed()
    from corscheck.cli.app import run

    status = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        from corscheck.cli.session import silence_stdout

        silence_stdout()
    # Taking the interpreter apart module by module is 10 % of the wall time of a probe, and the process ends anyway.
    # What has registered itself for the end (coverage, thread pools) has its turn first.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _open_what_is_closed() -> None:
    """Started with ``>&-``: what is printed goes nowhere, and nothing fails over it."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 - open as long as the process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115 - likewise


if __name__ == "__main__":
    main()
