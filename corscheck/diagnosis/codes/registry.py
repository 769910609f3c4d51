"""What every code means: one flat registry, from which ``explain``, findings, JSON and the documentation come.

A record of a step code (CORS1xx to 5xx, 9xx) says what the standard decided; of a root cause (CORS6xx) what is wrong on
the server, whichever step noticed it; of a remark (CORS7xx) what is worth knowing although it decides nothing; of the
audit (CORS8xx) who is let in who should not be. Codes are never reused. The texts are data in ``records/``; nothing here
looks at an outcome.
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
    """The root causes that can show themselves as this step's failure, on a preflight or on the request (None: either)."""
    impossible = None if preflight is None else "actual" if preflight else "preflight"
    return tuple(r for r in CAUSES if code in r.shows_as and (impossible is None or r.phase != impossible))


def of_step(step: str) -> tuple[Record, ...]:
    """The records of one step of the standard (``cors-check:4``), root causes and remarks left out."""
    return tuple(r for r in (*STEPS, *NETWORK) if r.step == step)
