"""Many probes or audits at once: chooses the driver of the transport, and hands the results over in order."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from corscheck.model.values import Probe
from corscheck.runner.memo import Memo
from corscheck.runner.options import place_of
from corscheck.runner.result import Assembler
from corscheck.transports.choice import chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterable

    from corscheck.auditing.plan import AuditPlan
    from corscheck.model.item import Item
    from corscheck.runner.conversation import Asking
    from corscheck.runner.options import RunOptions

_T = TypeVar("_T")


def results(questions: Iterable[Probe | AuditPlan], options: RunOptions) -> Generator[Item, None, None]:
    """Yield the result of each question, in their order, as soon as it is next.

    Memory does not grow with the number of questions. Closing the generator cancels what is under way. Raises
    ``ConfigError`` for options that contradict each other, and, in its turn, for a question that cannot be put.
    """
    if chosen(options.network) == "curl":
        from corscheck.runner.curl_loop import drive
    else:
        from corscheck.runner.threads import drive

    memo = Memo(options, Assembler(show_secrets=options.show_secrets))

    def asking(question: Probe | AuditPlan) -> tuple[Hashable, Asking[Item]]:
        if isinstance(question, Probe):
            return place_of(question), memo.ask(question)
        from corscheck.runner.audit import wire  # a scan needs nothing of audits

        return place_of(question.template), wire(question, options)

    return drive(map(asking, questions), options)


def ask_all(questions: Iterable[Any], options: RunOptions, take: Callable[[Any], object]) -> None:
    """Ask many: ``take`` is called with each result, in order, and ends the run with True.

    Ctrl-C waits until a result that is being taken has been taken.
    """
    hand(results(questions, options), take)


def hand(found: Generator[_T, None, None], take: Callable[[_T], object]) -> None:
    """Call ``take`` with each value found; see ``ask_all``."""
    with contextlib.closing(found), _Interrupt() as interrupt:
        for one in found:
            with interrupt:
                done = take(one) is True
            if done:
                return


class _Interrupt:
    """Entered once, it holds SIGINT's handler; entered again in there, it keeps Ctrl-C until that is left."""

    def __init__(self) -> None:
        self._depth = 0
        self._pending = False
        self._before: Any = None

    def __enter__(self) -> _Interrupt:
        self._depth += 1
        main = threading.current_thread() is threading.main_thread()
        if self._depth == 1 and main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0 and self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _interrupted(self, _number: int, _frame: object) -> None:
        if self._depth < 2:
            raise KeyboardInterrupt
        self._pending = True
