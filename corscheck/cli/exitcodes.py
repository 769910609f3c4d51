"""The exit status of a run, a pure function of its summary. DESIGN 4.3 explains each status."""

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
READER_GONE = 141
"""What a shell gives a process that SIGPIPE ended: 128 + 13."""


def exit_status(summary: Summary, *, complete: bool = False, output_failed: bool = False, faults: bool = False) -> int:
    """Return the exit status of a run; if several apply, the first of 130, 4, 2, 1, 3.

    ``complete`` requires that no request was held back (``--complete``). ``output_failed`` means that a report could not
    be written, ``faults`` that something other than a probe failed (an expired ignore). A run that tests nothing is a usage
    error, because a CI step that asks nothing must not pass. An audit counts as a test.
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
