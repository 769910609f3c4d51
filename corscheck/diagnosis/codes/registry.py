"""The registry of all codes, used by ``explain``, findings, JSON and the documentation.

Step codes (CORS1xx to 5xx, 9xx) say what the standard decided, root causes (CORS6xx) what is wrong on the server,
remarks (CORS7xx) what is useful to know but does not affect the verdict, and audit codes (CORS8xx) which origins are
allowed but should not be. Codes are never reused. The texts are in the other modules of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.codes.audit import AUDIT
from corscheck.diagnosis.codes.causes import CAUSES
from corscheck.diagnosis.codes.network import NETWORK
from corscheck.diagnosis.codes.remarks import REMARKS
from corscheck.diagnosis.codes.steps import STEPS

if TYPE_CHECKING:
    from corscheck.diagnosis.codes.code import Record

RECORDS: dict[str, Record] = {
    r.code: r for r in sorted((*STEPS, *NETWORK, *CAUSES, *REMARKS, *AUDIT), key=lambda r: r.code)
}
"""Every record by its code, in the order of the codes."""


def causes_of(code: str, *, preflight: bool | None = None) -> tuple[Record, ...]:
    """Return the root causes that can appear as this step code.

    ``preflight`` restricts them to preflights (True) or actual requests (False).
    """
    impossible = None if preflight is None else "actual" if preflight else "preflight"
    return tuple(r for r in CAUSES if code in r.shows_as and (impossible is None or r.phase != impossible))


def of_step(step: str) -> tuple[Record, ...]:
    """Return the records of one step of the standard, e.g. ``cors-check:4``, without root causes and remarks."""
    return tuple(r for r in (*STEPS, *NETWORK) if r.step == step)
