"""What an answer lets an origin do: the full CORS check for that exact origin, by the rules of Chromium and of Firefox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.protocol.cors_check import ACAC, ACAO, cors_check
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.headers import get_all
from corscheck.protocol.request import HeldBack, HTTPResponse

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Exchange, Outcome
    from corscheck.protocol.request import Credentials

BROWSERS = ("chromium", "firefox")


class Seen(Struct, frozen=True):
    """What came of one origin.

    ``credentialed`` are the browsers in which a page at it can read the answer with the victim's credentials, ``plain``
    those in which it can without them because the answer names this very origin. ``star`` says that the answer is open to
    everybody without credentials. ``exchange`` is the one that proves it (the actual request's, else the preflight's).
    """

    origin: str
    outcome: Outcome
    exchange: Exchange | None
    credentialed: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    star: bool = False

    @property
    def response(self) -> HTTPResponse | None:
        """The answer that was judged."""
        if self.exchange is None or not isinstance(self.exchange.answer, HTTPResponse):
            return None
        return self.exchange.answer

    @property
    def let_in(self) -> bool:
        """Whether the answer is for this origin in particular."""
        return bool(self.credentialed or self.plain)

    @property
    def answered(self) -> bool:
        """Whether there is an answer to judge by at all."""
        return self.response is not None

    def like(self, other: Seen) -> bool:
        """Whether the same came of both."""
        return (self.credentialed, self.plain, self.star) == (other.credentialed, other.plain, other.star)


def seen(origin: str, outcome: Outcome, *, by_preflight: bool = False) -> Seen:
    """Judge what came: the actual request of the first hop, or (``by_preflight``) the preflight that let it through."""
    kind = "preflight" if by_preflight else "actual"
    exchange = next((e for e in outcome.exchanges if e.request.kind == kind and e.request.hop == 0), None)
    if exchange is None or not isinstance(exchange.answer, HTTPResponse):
        # A refused preflight is an answer as well; an actual request that was held back is none.
        refused = next((e for e in outcome.exchanges if isinstance(e.answer, HTTPResponse)), None)
        return Seen(origin, outcome, refused)
    if by_preflight and not _preflight_passed(outcome):
        return Seen(origin, outcome, exchange)
    headers = exchange.answer.headers
    if not any(name.lower() == "access-control-allow-origin" for name, _ in headers):
        return Seen(origin, outcome, exchange)

    def passing(credentials: Credentials) -> tuple[str, ...]:
        return tuple(b for b in BROWSERS if cors_check(origin, credentials, headers, ENGINES[b].rules).ok)

    plain = passing("omit")
    star = bool(plain) and [v for v in get_all(headers, ACAO) if v] == ["*"]
    return Seen(origin, outcome, exchange, passing("include"), () if star else plain, star)


def _preflight_passed(outcome: Outcome) -> bool:
    """Whether the browser would have sent the request: it was held back, or sent."""
    return any(e.request.kind == "actual" and e.request.hop == 0 for e in outcome.exchanges)


def sent(outcome: Outcome) -> int:
    """How many requests went out."""
    return sum(not isinstance(e.answer, HeldBack) for e in outcome.exchanges)


def evidence(exchange: Exchange) -> tuple[str, ...]:
    """The lines that prove it: the request's, a blank one, the answer's that CORS and caches look at."""
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
