"""A blocked outcome as the rules look at it: which answer failed, what it was asked for, what it says about itself."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from corscheck.model.values import Probe
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import get
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import HTTPResponse

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Exchange, Failure
    from corscheck.protocol.request import Headers


class Cause(Struct, frozen=True):
    """A fault found: its code, one line about this case, the header or status it rests on, advice if it is special."""

    code: str
    message: str
    evidence: str | None = None
    advice: str | None = None


Asking: TypeAlias = Generator[Probe, Outcome | None, list[Cause]]
"""A rule that may need a control probe: it yields it, and is sent its outcome (None where control is switched off)."""


class Facts(Struct, frozen=True):
    """A blocked outcome whose deciding answer is there. ``origin`` is what that request carried in ``Origin``."""

    probe: Probe
    outcome: Outcome
    failure: Failure
    exchange: Exchange
    response: HTTPResponse

    @property
    def headers(self) -> Headers:
        """The headers of the answer that failed."""
        return self.response.headers

    @property
    def status(self) -> int:
        """Its status."""
        return self.response.status

    @property
    def ok(self) -> bool:
        """Whether the status is from 200 to 299."""
        return 200 <= self.response.status <= 299

    @property
    def in_preflight(self) -> bool:
        """Whether the answer to a preflight failed."""
        return self.exchange.request.kind == "preflight"

    @property
    def url(self) -> str:
        """The URL that answered."""
        return self.exchange.request.url

    @property
    def origin(self) -> str:
        """The origin that the server was told."""
        return self.exchange.request.get("Origin") or self.probe.origin

    @property
    def credentials(self) -> bool:
        """Whether the request is made with credentials."""
        return self.outcome.request.credentials == "include"

    def failed(self, code: str) -> bool:
        """Whether a row of this answer failed with that code, decisive or not."""
        index = self.failure.exchange
        return any(s.code == code and s.status == "fail" and s.exchange == index for s in self.outcome.steps)

    @property
    def preflight_passed(self) -> bool:
        """Whether this request was sent after a good preflight to the same URL, so that CORS is configured there."""
        return not self.in_preflight and any(
            e.request.kind == "preflight" and e.request.url == self.url for e in self.outcome.exchanges
        )


def facts_of(probe: Probe, outcome: Outcome) -> Facts | None:
    """The facts of a blocked outcome, None where no answer decided it (a bad port, mixed content)."""
    failure = outcome.failure
    if failure is None or outcome.verdict != "blocked" or failure.exchange is None or failure.phase is None:
        return None
    exchange = outcome.exchanges[failure.exchange]
    if not isinstance(exchange.answer, HTTPResponse):
        return None
    return Facts(probe, outcome, failure, exchange, exchange.answer)


def line(headers: Headers, name: str) -> str | None:
    """A header as received, ``Name: value``, several fields joined by line breaks; None when there is none."""
    lower = name.lower()
    return "\n".join(f"{n}: {v}" for n, v in headers if n.lower() == lower) or None


def status_line(response: HTTPResponse) -> str:
    """``405 Method Not Allowed``."""
    return f"{response.status} {response.reason}".strip()


def speaks_cors(headers: Headers) -> str | None:
    """A header that only a configured CORS layer sends, as evidence; None when there is none."""
    for name, value in headers:
        lower = name.lower()
        if lower.startswith("access-control-") and lower != "access-control-allow-private-network":
            return f"{name}: {value}"
        if lower == "vary" and any(
            v.strip().lower() == "origin" or v.strip().lower().startswith("access-control-request-")
            for v in value.split(",")
        ):
            return f"{name}: {value}"
    return None


def allows(outcome: Outcome | None, origin: str) -> bool:
    """Whether the first answer of a control names the origin, or anyone."""
    answer = first_answer(outcome)
    return answer is not None and get(answer.headers, ACAO) in (origin, "*")


def first_answer(outcome: Outcome | None) -> HTTPResponse | None:
    """The first answer that a control got; None without one."""
    if outcome is None or not outcome.exchanges:
        return None
    answer = outcome.exchanges[0].answer
    return answer if isinstance(answer, HTTPResponse) else None


def body_text(response: HTTPResponse) -> str:
    """What was kept of a failed answer's body."""
    return response.body.decode("utf-8", "replace")
