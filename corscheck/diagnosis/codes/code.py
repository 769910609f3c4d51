"""The record of a code, and the URLs that records link to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.protocol.steps import CODES, FETCH, standard_url

if TYPE_CHECKING:
    from corscheck.model.values import Severity
    from corscheck.protocol.request import ExchangeKind

Kind: TypeAlias = Literal["step", "cause", "remark", "audit"]

MDN_ERRORS = "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS/Errors/"
"""Prefix of MDN's pages on CORS errors. The page name, which is Firefox's name of the error, follows."""

CACHES = FETCH + "#cors-protocol-and-http-caches"

_KINDS: dict[str, Kind] = {"6": "cause", "7": "remark", "8": "audit"}
"""The kinds of codes by their first digit. All others are codes of steps."""

_HELP = {
    "http:vary": CACHES,
    "local-network-access": "https://wicg.github.io/local-network-access/",
    "main-fetch:14.1": FETCH + "#http-access-control-expose-headers",
    "preflight:7.9": FETCH + "#http-access-control-max-age",
}
"""The references for steps that say less than another page."""

_PHASES: dict[str, ExchangeKind] = {
    **dict.fromkeys(
        ("CORS601", "CORS602", "CORS612", "CORS613", "CORS614", "CORS624", "CORS629", "CORS630", "CORS631"), "preflight"
    ),
    **dict.fromkeys(("CORS603", "CORS617", "CORS622"), "actual"),
}
"""The root causes that appear in one kind of request only."""


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


def record(
    code: str,
    title: str,
    explanation: str,
    example: str,
    advice: str,
    *,
    step: str = "cors-check:7",
    severity: Severity | None = None,
    shows_as: tuple[str, ...] = (),
    mdn: str = "",
    help_: str | None = None,
) -> Record:
    """Build a record. The first sentence of the explanation is its meaning.

    ``step`` is by default the one at which a browser lets the page read the response. ``mdn`` and ``help_`` replace the
    reference for the step.
    """
    kind = _KINDS.get(code[4], "step")
    return Record(
        code=code,
        kind=kind,
        title=title,
        severity=severity or ("info" if kind == "remark" else "high"),
        step=step,
        meaning=explanation.partition(". ")[0].rstrip(".") + ".",
        explanation=explanation,
        example=example,
        advice=advice,
        help=help_ or (MDN_ERRORS + mdn if mdn else _HELP.get(step) or standard_url(step)),
        shows_as=shows_as,
        phase=_PHASES.get(code),
    )


def step_record(
    code: str, meaning: str, explanation: str, example: str, advice: str, *, severity: Severity = "high", mdn: str = ""
) -> Record:
    """Build the record of a step code. Title, step and URL come from ``corscheck.protocol.steps.CODES``."""
    step = CODES[code]
    help_ = None if mdn else step.url
    made = record(
        code, step.title, explanation, example, advice, step=step.step, severity=severity, mdn=mdn, help_=help_
    )
    return replace(made, meaning=meaning)
