"""The outcome of a fetch: the verdict and its reason, every step, every exchange, and what script can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct, field

if TYPE_CHECKING:
    from corscheck.protocol.request import Answer, ExchangeKind, Headers, HTTPRequest, Request

Verdict: TypeAlias = Literal["allowed", "blocked", "invalid", "inconclusive"]
StepStatus: TypeAlias = Literal["pass", "fail", "warn", "skip"]
Tainting: TypeAlias = Literal["basic", "cors", "opaque"]
ResponseType: TypeAlias = Literal["basic", "cors", "opaque", "opaqueredirect"]

VERDICTS: tuple[Verdict, ...] = ("allowed", "blocked", "invalid", "inconclusive")


class Step(Struct, frozen=True):
    """One decision of the algorithm, shown as one row of the table.

    ``step`` is the step name (``cors-check:4``). ``header`` is the full name of the header it examined, or another
    subject such as ``preflight``, ``status`` or ``method``. ``exchange`` is the index into ``Outcome.exchanges``, None
    before the first one. ``code`` is set on failures and warnings (a key of ``steps.CODES``). ``decisive`` marks the
    row that decided the verdict.
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


class Exchange(Struct, frozen=True):
    """One request and its answer. If the driver held the request back, the answer is ``HeldBack``."""

    request: HTTPRequest
    answer: Answer


class Failure(Struct, frozen=True):
    """Why a verdict is not ``allowed``, with the data that a console text or a root cause needs.

    ``code`` is a key of ``steps.CODES``. ``url`` is the URL whose request or response failed, ``first_url`` the first
    URL of the redirect chain, ``last_url`` the one that redirected to ``url`` (None on the first hop). ``hop`` is the
    number of redirects followed. ``value`` is the offending header value, method, header name or URL, unmasked.
    ``redirecting`` is true if the response was a redirect about to be followed. ``tainting`` is the response tainting
    at that time.
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


class FetchResponse(Struct, frozen=True):
    """The ``Response`` that ``fetch()`` resolves to; ``status`` is 0 for ``opaque`` and ``opaqueredirect``."""

    type: ResponseType
    status: int
    url: str
    redirected: bool


class Preflight(Struct, frozen=True):
    """Whether the fetch needed a preflight, why, and whether one was sent.

    Describes the first hop that needs one. ``because`` holds entries such as ``method PUT`` and ``header x-a``.
    ``cached`` is true if the preflight cache covered the request, so that no preflight was sent.
    """

    needed: bool = False
    because: tuple[str, ...] = ()
    sent: bool = False
    cached: bool = False


class Outcome(Struct, frozen=True):
    """The result of one fetch under the rules of one engine.

    ``complete`` is false if the driver held the actual request back after a preflight that passed. ``readable_headers``
    are lower-case and sorted. ``author_headers`` are the request headers that remain after the browser drops forbidden
    ones. ``notices`` holds (code, URL) pairs for console warnings that do not change the verdict, e.g. Firefox's
    warning about Authorization covered by ``*``.
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
