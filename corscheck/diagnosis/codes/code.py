"""The shape of a record, and the addresses that records point to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from corscheck.protocol.steps import CODES, FETCH

if TYPE_CHECKING:
    from corscheck.model.values import Severity
    from corscheck.protocol.request import ExchangeKind

Kind: TypeAlias = Literal["step", "cause", "remark", "audit"]

MDN_ERRORS = "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS/Errors/"
"""MDN's pages on CORS errors; the page's name follows (that of Firefox's property)."""

CACHES = FETCH + "#cors-protocol-and-http-caches"
LOCAL_NETWORK = "https://wicg.github.io/local-network-access/"


class Record(Struct, frozen=True):
    """All there is to say about a code.

    ``title`` names the fault in a few words; ``meaning`` is one sentence that says more than the title; ``explanation``
    a paragraph. ``step`` is the standard's step (of a root cause: where it mostly shows), ``shows_as`` the step codes
    that a root cause can look like, ``phase`` the only kind of request where it does. ``example`` is an exchange that
    has the fault; ``advice`` what to change, ``help`` where to read on, ``since`` the version that had the code first.
    """

    code: str
    kind: Kind
    title: str
    severity: Severity
    step: str
    meaning: str
    explanation: str
    example: str
    advice: str
    help: str | None
    shows_as: tuple[str, ...] = ()
    phase: ExchangeKind | None = None
    since: str = "0.1.0"


def step_record(
    code: str, meaning: str, explanation: str, example: str, advice: str, *, severity: Severity = "high", mdn: str = ""
) -> Record:
    """The record of a step code: title, step and place in the standard come from the protocol's own table."""
    known = CODES[code]
    return Record(
        code=code,
        kind="step",
        title=known.title,
        severity=severity,
        step=known.step,
        meaning=meaning,
        explanation=explanation,
        example=example,
        advice=advice,
        help=MDN_ERRORS + mdn if mdn else known.url,
    )
