"""The answer of a fetch: a verdict, what decided it, every step on the way, every exchange, what script can read."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal, TypeAlias

from corscheck.records import dataclass

if TYPE_CHECKING:
    from corscheck.protocol.request import Answer, ExchangeKind, Headers, HTTPRequest, Request

Verdict: TypeAlias = Literal["allowed", "blocked", "invalid", "inconclusive"]
StepStatus: TypeAlias = Literal["pass", "fail", "warn", "skip"]
Tainting: TypeAlias = Literal["basic", "cors", "opaque"]
ResponseType: TypeAlias = Literal["basic", "cors", "opaque", "opaqueredirect"]

VERDICTS: tuple[Verdict, ...] = ("allowed", "blocked", "invalid", "inconclusive")


@dataclass(frozen=True, slots=True)
class Step:
    """One decision: a row of the table.

    ``step`` is the standard's name for it (``cors-check:4``); ``header`` the header it looked at (full name), or its
    subject (``preflight``, ``status``, ``method``). ``exchange`` is the index of the exchange it judged, None before
    the first. ``code`` is set on failures and warnings (see ``steps.py``); ``decisive`` on the one that decided.
    """

    step: str
    status: StepStatus
    header: str
    expected: str | None = None
    received: str | None = None
    message: str = ""
    code: str | None = None
    exchange: int | None = None
    decisive: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that was (or would have been) put on the wire, and its answer."""

    request: HTTPRequest
    answer: Answer


@dataclass(frozen=True, slots=True)
class Failure:
    """What decided a verdict other than ``allowed``, with all that a console text or a root cause needs.

    ``code`` is a key of ``steps.CODES``. ``url`` is the URL whose response (or whose request) failed, ``first_url``
    the first of the chain, ``last_url`` the one that redirected to ``url`` (None on the first hop). ``value`` is the
    offending header value, method, header name or URL, in full. ``redirecting`` says that the response was about to be
    followed as a redirect; ``tainting`` is the request's at that moment.
    """

    code: str
    message: str
    url: str
    first_url: str
    phase: ExchangeKind | None = None
    hop: int = 0
    status: int | None = None
    value: str | None = None
    exchange: int | None = None
    last_url: str | None = None
    redirecting: bool = False
    tainting: Tainting = "basic"


@dataclass(frozen=True, slots=True)
class FetchResponse:
    """The response object that the page's promise resolves to; ``status`` is 0 for the two opaque types."""

    type: ResponseType
    status: int
    url: str
    redirected: bool


@dataclass(frozen=True, slots=True)
class Preflight:
    """Whether the first hop needed a preflight, because of what, and what became of it.

    ``because`` holds ``method PUT`` and ``header x-a`` entries. ``cached`` is true when the cache answered.
    """

    needed: bool = False
    because: tuple[str, ...] = ()
    sent: bool = False
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole answer of one fetch under one engine's rules.

    ``complete`` is false when the actual request was held back after a good preflight. ``author_headers`` are the
    headers left after the browser dropped the forbidden ones. ``notices`` are codes of things an engine's console
    remarks on although they decide nothing (Firefox's warning about Authorization under ``*``), with their URL.
    """

    request: Request
    engine: str
    verdict: Verdict
    complete: bool = True
    failure: Failure | None = None
    steps: tuple[Step, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    response: FetchResponse | None = None
    readable_headers: tuple[str, ...] = ()
    preflight: Preflight = field(default_factory=Preflight)
    author_headers: Headers = ()
    notices: tuple[tuple[str, str], ...] = ()
