"""What Ctrl-C does: before a run it ends the process at once, during a run it raises ``KeyboardInterrupt``.

Most of the time before a run goes to imports, in which an exception would be printed or lost: some libraries swallow
whatever is raised while they are imported.
"""

from __future__ import annotations

import _thread
import signal
import sys
import time
from os import _exit
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130

_SIGNALS = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))


def leave_at_once() -> None:
    """End the process at once from now on, unless Ctrl-C is ignored (a job in the background)."""
    if callable(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, _leave)
    for number in _SIGNALS[1:]:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)


def raise_from_now_on() -> None:
    """Raise ``KeyboardInterrupt`` from now on: the caller handles it."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.unraisablehook = _repeat


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


def _repeat(lost: UnraisableHookArgs) -> None:
    """Interrupt again if Python dropped a ``KeyboardInterrupt``; handle other unraisable exceptions as Python does.

    It drops what is raised in finalizers and in weakref callbacks, and each import of a module ends in such a callback.
    """
    if lost.exc_type is KeyboardInterrupt:
        # Later, because the handler would run in here at once, and its exception would be dropped again.
        _thread.start_new_thread(_interrupt, (_thread.get_ident(),))
    else:
        sys.__unraisablehook__(lost)


def _interrupt(thread: int) -> None:
    """Send a thread, the main one, the first of the signals that interrupts."""
    time.sleep(0.01)
    number = next((number for number in _SIGNALS if callable(signal.getsignal(number))), signal.SIGINT)
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread, number)
    else:
        _thread.interrupt_main(number)
