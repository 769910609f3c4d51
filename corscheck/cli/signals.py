"""What Ctrl-C does: before a run it ends the process at once, during a run it raises ``KeyboardInterrupt``.

Most of the time before a run goes to imports, in which an exception would be printed or lost: some libraries swallow
whatever is raised while they are imported.
"""

from __future__ import annotations

import signal
from os import _exit

INTERRUPTED = 130


def leave_at_once() -> None:
    """End the process at once from now on, unless Ctrl-C is ignored (a job in the background)."""
    if callable(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, _leave)
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)


def raise_from_now_on() -> None:
    """Raise ``KeyboardInterrupt`` from now on: the caller handles it."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_by_default() -> None:
    """Let Ctrl-C end the process from now on: the run is over, and its reports are written."""
    if callable(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _leave(_number: int, _frame: object) -> None:
    _exit(INTERRUPTED)  # bound above: while an application is imported, os._exit raises


def _stop(_number: int, _frame: object) -> None:
    """Handle SIGTERM (the end of a CI job or container) and SIGHUP (a closed terminal) as Ctrl-C.

    They go the way of SIGINT, for which asyncio has a handler of its own; a job in the background ignores that one.
    """
    if callable(signal.getsignal(signal.SIGINT)):
        signal.raise_signal(signal.SIGINT)
    else:
        raise KeyboardInterrupt
