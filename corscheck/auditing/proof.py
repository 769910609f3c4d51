"""What a response lets an origin do: the CORS check for that exact origin, by the rules of Chromium and of Firefox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.protocol.cors_check import ACAC, ACAO, cors_check
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.headers import get, get_all
from corscheck.protocol.request import HeldBack, HTTPResponse

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Exchange, Outcome
    from corscheck.protocol.request import Credentials

BROWSERS = ("chromium", "firefox")


class Seen(Struct, frozen=True):
    """The result for one origin.

    ``credentialed`` holds the browsers in which a page at this origin can read the response with the victim's
    credentials. ``plain`` holds those in which it can without credentials, because the response names this origin.
    ``star`` means that the response allows every origin without credentials. ``exchange`` is the proof: the actual
    request or the preflight.
    """

    origin: str
    outcome: Outcome
    exchange: Exchange | None
    credentialed: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    star: bool = False

    @property
    def response(self) -> HTTPResponse | None:
        """The response that was judged, or None."""
        if self.exchange is None or not isinstance(self.exchange.answer, HTTPResponse):
            return None
        return self.exchange.answer

    @property
    def allowed(self) -> bool:
        """Whether the response allows this origin by name, not by the wildcard alone."""
        return bool(self.credentialed or self.plain)

    @property
    def answered(self) -> bool:
        """Whether there is a response to judge."""
        return self.response is not None

    def like(self, other: Seen) -> bool:
        """Whether both results allow the same."""
        return (self.credentialed, self.plain, self.star) == (other.credentialed, other.plain, other.star)


def seen(origin: str, outcome: Outcome, *, by_preflight: bool = False) -> Seen:
    """Judge an outcome by the actual request of the first hop, or with ``by_preflight`` by its preflight."""
    kind = "preflight" if by_preflight else "actual"
    exchange = next((e for e in outcome.exchanges if e.request.kind == kind and e.request.hop == 0), None)
    if exchange is None or not isinstance(exchange.answer, HTTPResponse):
        # A refused preflight counts as a response. An actual request that was held back has none.
        refused = next((e for e in outcome.exchanges if isinstance(e.answer, HTTPResponse)), None)
        return Seen(origin, outcome, refused)
    passed = any(e.request.kind == "actual" and e.request.hop == 0 for e in outcome.exchanges)
    if by_preflight and not passed:
        return Seen(origin, outcome, exchange)
    headers = exchange.answer.headers
    if get(headers, ACAO) is None:
        return Seen(origin, outcome, exchange)

    def passing(credentials: Credentials) -> tuple[str, ...]:
        return tuple(b for b in BROWSERS if cors_check(origin, credentials, headers, ENGINES[b].rules).ok)

    plain = passing("omit")
    star = bool(plain) and [v for v in get_all(headers, ACAO) if v] == ["*"]
    return Seen(origin, outcome, exchange, passing("include"), () if star else plain, star)


def sent(outcome: Outcome) -> int:
    """Count the requests that were sent, without those held back."""
    return sum(not isinstance(e.answer, HeldBack) for e in outcome.exchanges)


def evidence(exchange: Exchange) -> tuple[str, ...]:
    """Return the request line, Origin, the status, and the response headers that matter for CORS and caching."""
    request, answer = exchange.request, exchange.answer
    origin = request.get("Origin")
    lines = [f"{request.method} {request.url}"]
    if origin is not None:
        lines.append(f"Origin: {origin}")
    if isinstance(answer, HTTPResponse):
        lines.append(f"HTTP {answer.status}")
        for name, value in answer.headers:
            if name.lower() in _TELLING:
                lines.append(f"{name}: {value}")
    return tuple(lines)


_TELLING = frozenset(
    {ACAO.lower(), ACAC.lower(), "access-control-allow-methods", "access-control-allow-headers",
     "access-control-expose-headers", "access-control-max-age", "vary", "cache-control", "location"}
)  # fmt: skip
