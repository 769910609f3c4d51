"""The record of a running fetch: steps, exchanges, and the failure that ends it.

``fetch.py`` makes the decisions; ``Trace`` stores them and builds the ``Outcome``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from msgspec.structs import replace

from corscheck.protocol.outcome import Exchange, Failure, Outcome, Preflight, Step, StepStatus, Tainting, Verdict
from corscheck.protocol.steps import CODES, HELD_BACK

if TYPE_CHECKING:
    from corscheck.protocol.blocking import Refusal
    from corscheck.protocol.engines import Engine
    from corscheck.protocol.origin import URL
    from corscheck.protocol.outcome import FetchResponse
    from corscheck.protocol.request import Answer, ExchangeKind, Headers, HTTPRequest, Request


class Stopped(Exception):  # noqa: N818 - not an error: the outcome has been decided
    """Ends the fetch after ``Trace.fail`` has recorded why. ``fetch.py`` catches it."""


class Trace:
    """The record of one fetch. ``now`` is the time of the latest answer, or of the call, in seconds."""

    def __init__(self, request: Request, engine: Engine, now: float) -> None:
        self.request = request
        self.engine = engine
        self.now = now
        self.steps: list[Step] = []
        self.exchanges: list[Exchange] = []
        self.notices: list[tuple[str, str]] = []
        self.failure: Failure | None = None
        self.verdict: Verdict = "allowed"
        self.complete = True
        self.response: FetchResponse | None = None
        self.readable: tuple[str, ...] = ()
        self.preflight = Preflight()
        self.tainting: Tainting = "basic"
        self.urls: list[URL] = []
        self.author_headers: Headers = ()

    def outcome(self) -> Outcome:
        """Build the ``Outcome`` from the record."""
        return Outcome(
            request=self.request,
            engine=self.engine.name,
            verdict=self.verdict,
            complete=self.complete,
            failure=self.failure,
            steps=self._decided_steps(),
            exchanges=tuple(self.exchanges),
            response=self.response,
            readable_headers=self.readable,
            preflight=self.preflight,
            author_headers=self.author_headers,
            notices=tuple(self.notices),
        )

    def record(self, request: HTTPRequest, answer: Answer) -> None:
        """Append an exchange and move ``now`` to the answer's time."""
        self.exchanges.append(Exchange(request, answer))
        self.now = max(self.now, answer.at)

    def refuse(self, refusal: Refusal, verdict: Verdict) -> NoReturn:
        """Record a ``Refusal`` as the deciding step and end the fetch."""
        code = CODES[refusal.code]
        self.steps.append(Step(code.step, "fail", refusal.subject, None, refusal.value, refusal.message, refusal.code))
        self.fail(refusal.code, refusal.message, value=refusal.value, verdict=verdict)

    def hold_back(self, message: str) -> NoReturn:
        """End the fetch as ``inconclusive``: the driver sent nothing that could be judged."""
        self.fail(HELD_BACK, message, verdict="inconclusive")

    def fail(
        self,
        code: str,
        message: str,
        *,
        phase: ExchangeKind | None = None,
        value: str | None = None,
        status: int | None = None,
        verdict: Verdict = "blocked",
        redirecting: bool = False,
        exchange: int | None = None,
    ) -> NoReturn:
        """Record the failure and end the fetch. Adds a row for ``code`` unless a failed row with it exists.

        ``exchange`` is the index of the exchange that fails; default: the last one.
        """
        if exchange is None and self.exchanges:
            exchange = len(self.exchanges) - 1
        first = self.urls[0].href if self.urls else self.request.url
        last = self.urls[-1].href if self.urls else self.request.url
        self.verdict = verdict
        self.failure = Failure(
            code=code,
            message=message,
            url=last,
            first_url=first,
            phase=phase,
            hop=max(len(self.urls) - 1, 0),
            status=status,
            value=value,
            exchange=exchange,
            last_url=self.urls[-2].href if len(self.urls) > 1 else None,
            redirecting=redirecting,
            tainting=self.tainting,
        )
        if not any(step.code == code and step.status == "fail" for step in self.steps):
            step = CODES[code].step
            status_: StepStatus = "fail" if verdict != "inconclusive" else "skip"
            self.steps.append(Step(step, status_, "request", None, value, message, code, self.failure.exchange))
        raise Stopped

    def _decided_steps(self) -> tuple[Step, ...]:
        """Return all steps, with the last step of the failure's code marked as decisive."""
        if self.failure is None:
            return tuple(self.steps)
        code = self.failure.code
        last = max((i for i, step in enumerate(self.steps) if step.code == code), default=-1)
        return tuple(replace(s, decisive=True) if i == last else s for i, s in enumerate(self.steps))
