"""The exit status of a run: a pure function of what came of it. DESIGN 4.3 says what each means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corscheck.report.saved.summary import Summary

OK = 0
FAILED = 1
USAGE = 2
INCONCLUSIVE = 3
BUG = 4
INTERRUPTED = 130


def exit_status(summary: Summary, *, complete: bool = False, output_failed: bool = False, faults: bool = False) -> int:
    """What a run exits with; where several apply: 130, 4, 2, 1, 3.

    ``complete`` demands that nothing was held back (``--complete``); ``output_failed`` says that a report could not be
    written, ``faults`` that something failed that is no probe (an ignore that has expired). Nothing tested is a usage
    error: a step of a CI that asks nothing must not be green. An audit is something tested.
    """
    if summary.interrupted:
        return INTERRUPTED
    if summary.differing:
        return BUG
    if output_failed or not summary.tested:
        return USAGE
    if summary.failed or faults:
        return FAILED
    if summary.undecided or summary.unobserved or (complete and summary.allowed_preflight_only):
        return INCONCLUSIVE
    return OK
