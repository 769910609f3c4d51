"""The record of a code, and the URLs that records link to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from corscheck.protocol.steps import CODES, FETCH

if TYPE_CHECKING:
    from corscheck.model.values import Severity
    from corscheck.protocol.request import ExchangeKind

Kind: TypeAlias = Literal["step", "cause", "remark", "audit"]

MDN_ERRORS = "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS/Errors/"
"""Prefix of MDN's pages on CORS errors. The page name, which is Firefox's name of the error, follows."""

CACHES = FETCH + "#cors-protocol-and-http-caches"
LOCAL_NETWORK = "https://wicg.github.io/local-network-access/"


class Record(Struct, frozen=True):
    """The texts and metadata of a code.

    ``title`` names the fault in a few words, ``meaning`` adds one sentence, and ``explanation`` a paragraph. ``step``
    is the step of the standard; for a root cause, the step that usually fails. ``shows_as`` are the step codes that a
    root cause can appear as, and ``phase`` is the only kind of request in which it does (None: both). ``example`` is an
    exchange with the fault, ``advice`` what to change, ``help`` the URL of a reference, ``since`` the first version
    with the code.
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
    """Build the record of a step code. Title, step and URL come from ``corscheck.protocol.steps.CODES``."""
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
