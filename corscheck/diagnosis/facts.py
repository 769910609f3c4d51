"""A blocked outcome in the form that the cause rules need: the response that failed, and its request."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from corscheck.diagnosis.experiments import Experiments
from corscheck.model.values import Probe
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import HTTPResponse

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Exchange, Failure
    from corscheck.protocol.request import Headers


class Cause(Struct, frozen=True):
    """A cause: its code, one line about this case, the header or status that proves it, and advice if specific."""

    code: str
    message: str
    evidence: str | None = None
    advice: str | None = None


Asking: TypeAlias = Generator[Probe, Outcome | None, list[Cause]]
"""A rule that may yield control probes. It receives the outcome of each, or None if controls are switched off."""


class Facts(Struct, frozen=True):
    """A blocked outcome with the response that decided it, and the experiments about it."""

    probe: Probe
    outcome: Outcome
    failure: Failure
    exchange: Exchange
    response: HTTPResponse
    experiments: Experiments

    @property
    def headers(self) -> Headers:
        """The headers of the response that failed."""
        return self.response.headers

    @property
    def status(self) -> int:
        """The status of the response that failed."""
        return self.response.status

    @property
    def ok(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self.response.status <= 299

    @property
    def in_preflight(self) -> bool:
        """Whether the response that failed belongs to a preflight."""
        return self.exchange.request.kind == "preflight"

    @property
    def url(self) -> str:
        """The URL that sent the response."""
        return self.exchange.request.url

    @property
    def origin(self) -> str:
        """The value of the Origin header that the server received, or the probe's origin if there was none."""
        return self.exchange.request.get("Origin") or self.probe.origin

    @property
    def credentials(self) -> bool:
        """Whether this is a credentialed request."""
        return self.outcome.request.credentials == "include"

    def failed(self, code: str) -> bool:
        """Whether a step of this exchange failed with ``code``, decisive or not."""
        index = self.failure.exchange
        return any(s.code == code and s.status == "fail" and s.exchange == index for s in self.outcome.steps)

    @property
    def preflight_passed(self) -> bool:
        """Whether this request was sent after a successful preflight to its URL, so that CORS is configured there."""
        return not self.in_preflight and any(
            e.request.kind == "preflight" and e.request.url == self.url for e in self.outcome.exchanges
        )


def facts_of(probe: Probe, outcome: Outcome) -> Facts | None:
    """Return the facts of a blocked outcome, or None if no response decided it (a bad port, mixed content)."""
    failure = outcome.failure
    if failure is None or outcome.verdict != "blocked" or failure.exchange is None or failure.phase is None:
        return None
    exchange = outcome.exchanges[failure.exchange]
    if not isinstance(exchange.answer, HTTPResponse):
        return None
    experiments = Experiments(probe, exchange.request.url, in_preflight=exchange.request.kind == "preflight")
    return Facts(probe, outcome, failure, exchange, exchange.answer, experiments)
