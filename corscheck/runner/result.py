"""From an outcome to the saved model: other engines asked by replay, console texts, reason, masking.

This is where a ``Result`` is made, and the only place: what it holds has passed ``masking``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from msgspec import Struct
from msgspec.structs import replace

from corscheck.diagnosis.console import console_text
from corscheck.model.hidden import MASK
from corscheck.model.masking import mask_body, mask_field, mask_lines, mask_text, mask_url
from corscheck.model.result import (
    EngineVerdict,
    ErrorRecord,
    ExchangeRecord,
    PreflightRecord,
    ReadResponse,
    Reason,
    RequestRecord,
    ResponseRecord,
    Result,
    StepRecord,
)
from corscheck.model.suffixes import registrable_domain
from corscheck.model.values import ENGINE_NAMES, EngineName
from corscheck.protocol.agreement import judge_by_all, why
from corscheck.protocol.cache import max_age
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.request import ErrorKind, HTTPResponse, NetworkError
from corscheck.protocol.steps import CODES, NETWORK_CODES, NOT_RECORDED, standard_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.model.result import Finding, Observation
    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Exchange, Outcome, Step
    from corscheck.protocol.request import Answer, Headers

_MASKED = 16
"""Header lists that are remembered with their masked form: those of one run's requests are mostly the same."""

_KINDS = {NETWORK_CODES[kind]: kind for kind in get_args(ErrorKind)}


class OtherEngines(Struct, frozen=True):
    """What every engine makes of a probe, and the exchanges that were needed for one alone, by its name.

    ``outcomes`` has None for an engine outside of the gate that would have sent another request.
    """

    outcomes: dict[str, Outcome | None]
    exchanges: dict[str, tuple[Exchange, ...]]


class Assembler:
    """Makes a Result of an outcome. ``show_secrets`` switches masking off."""

    def __init__(self, *, show_secrets: bool = False) -> None:
        self.show_secrets = show_secrets
        self._masked: dict[tuple[Headers, frozenset[str]], Headers] = {}
        self.text = _as_is if show_secrets else mask_text
        self.url = _as_is if show_secrets else mask_url
        self.body = _as_is if show_secrets else mask_body

    def result(
        self,
        probe: Probe,
        outcome: Outcome,
        findings: tuple[Finding, ...] = (),
        others: OtherEngines | None = None,
    ) -> Result:
        """The saved model of one probe, with what diagnosis found. ``others`` is what all engines make of it, if known."""
        if others is not None:
            outcomes = others.outcomes
        elif outcome.failure is not None and outcome.failure.code == NOT_RECORDED:
            # What a recording lacks, it lacks for every engine.
            outcomes = dict.fromkeys(ENGINE_NAMES, outcome)
        else:
            outcomes = judge_by_all(outcome, registrable_domain)
        more = others.exchanges if others is not None else {}
        engines: dict[str, EngineVerdict] = {
            name: self._engine_verdict(name, outcome, outcomes[name]) for name in ENGINE_NAMES
        }
        console: dict[str, str | None] = {}
        for name in ENGINE_NAMES[1:]:
            seen = outcomes[name]
            text = console_text(seen) if seen is not None else None
            console[name] = self.text(text) if text is not None else None
        body = probe.body
        return Result(
            url=self.url(probe.url),
            origin=probe.origin,
            method=self.text(probe.method),
            headers=self._headers(probe.headers, probe.secret_headers),
            credentials=probe.credentials,
            redirect=probe.redirect,
            mode=probe.mode,
            upload_listener=probe.upload_listener,
            coep=probe.coep,
            secure_context=probe.secure_context,
            body=None if body is None else len(body),
            engine=probe.engine,
            send=probe.send,
            index=probe.index,
            check=probe.check,
            verdict=outcome.verdict,
            complete=outcome.complete,
            expected=probe.expected,
            passed=all(engines[name].verdict == probe.expected for name in probe.gate),
            reason=self._reason(outcome),
            engines=engines,
            preflight=self._preflight(outcome, outcomes),
            steps=tuple(self._step(step) for step in outcome.steps),
            exchanges=tuple(self._exchange(exchange, probe) for exchange in outcome.exchanges),
            sent_for={name: tuple(self._exchange(one, probe) for one in sent) for name, sent in more.items()},
            response=self._response(outcome),
            readable_headers=outcome.readable_headers,
            console=console,
            gate=probe.gate,
            via=self.url(probe.via) if probe.via is not None else None,
            findings=tuple(self._finding(finding) for finding in findings),
            error=self._error(outcome),
        )

    def _headers(self, headers: Headers, secret: frozenset[str] = frozenset()) -> Headers:
        masked = self._masked.get((headers, secret))
        if masked is None:
            if len(self._masked) >= _MASKED:
                self._masked.clear()
            shown = headers
            if secret and not self.show_secrets:
                shown = tuple((name, MASK if name.lower() in secret else value) for name, value in headers)
            masked = self._masked[headers, secret] = self._fields(shown)
        return masked

    def _fields(self, headers: Headers) -> Headers:
        """Mask header fields. Most are the same in every exchange of a run, so each is masked once."""
        if self.show_secrets:
            return headers
        return tuple([mask_field(field) for field in headers])

    def _reason(self, outcome: Outcome) -> Reason | None:
        failure = outcome.failure
        if failure is None:
            return None
        code = CODES[failure.code]
        step = next((s.step for s in outcome.steps if s.decisive), code.step)
        return Reason(failure.code, step, standard_url(step), self.text(failure.message))

    def _preflight(self, outcome: Outcome, outcomes: Mapping[str, Outcome | None]) -> PreflightRecord:
        first = outcome.preflight
        seconds: dict[str, int] = {}
        answer = _good_preflight(outcome)
        for name in ENGINE_NAMES:
            seen = outcomes[name]
            if answer is not None and seen is not None and _good_preflight(seen) is not None:
                seconds[name] = max(max_age(answer.headers, ENGINES[name].rules) or 0, 0)
        return PreflightRecord(first.needed, first.because, first.sent, seconds)

    def _step(self, step: Step) -> StepRecord:
        return StepRecord(
            step=step.step,
            header=step.header,
            expected=step.expected,
            received=self.text(step.received) if step.received is not None else None,
            status=step.status,
            message=self.text(step.message),
            code=step.code,
            exchange=step.exchange,
            decisive=step.decisive,
        )

    def observation(self, seen: Observation) -> Observation:
        """What a browser was seen to do, without secrets, as the result that it is compared with."""
        return replace(
            seen,
            console=self.text(seen.console) if seen.console is not None else None,
            error=self.text(seen.error) if seen.error is not None else None,
            differences=tuple(self.text(difference) for difference in seen.differences),
            requests=tuple(
                replace(request, url=self.url(request.url), headers=self._headers(request.headers))
                for request in seen.requests
            ),
        )

    def _exchange(self, exchange: Exchange, probe: Probe) -> ExchangeRecord:
        request = exchange.request
        method, url = self.text(request.method), self.url(request.url)
        return self.exchange(request.kind, request.hop, method, url, request.headers, exchange.answer, probe)

    def exchange(
        self, kind: str, hop: int, method: str, url: str, headers: Headers, answer: Answer, probe: Probe
    ) -> ExchangeRecord:
        """Record one exchange. ``url`` is masked already; ``headers`` are those of a request that was not answered."""
        if isinstance(answer, HTTPResponse):
            body = self.body(answer.body.decode("utf-8", "replace")) if answer.body else None
            request = RequestRecord(method, url, self._headers(answer.sent or headers, probe.secret_headers))
            response = ResponseRecord(
                answer.status, self._fields(answer.headers), self.text(answer.reason), body, answer.http_version
            )
            return ExchangeRecord(kind, hop, request, response, None, round(answer.elapsed_ms, 3))
        if isinstance(answer, NetworkError):
            request = RequestRecord(method, url, self._headers(answer.sent or headers, probe.secret_headers))
            error = ErrorRecord(answer.kind, self.text(answer.message))
            return ExchangeRecord(kind, hop, request, None, error, round(answer.elapsed_ms, 3))
        request = RequestRecord(method, url, self._headers(headers, probe.secret_headers))
        return ExchangeRecord(kind, hop, request, None, None, None, held_back=True)

    def _response(self, outcome: Outcome) -> ReadResponse | None:
        response = outcome.response
        if response is None:
            return None
        return ReadResponse(response.type, response.status, self.url(response.url), response.redirected)

    def _finding(self, finding: Finding) -> Finding:
        advice = self.text(finding.advice) if finding.advice is not None else None
        evidence = finding.evidence
        if evidence is not None and not self.show_secrets:
            evidence = mask_lines(evidence)
        return replace(finding, message=self.text(finding.message), evidence=evidence, advice=advice)

    def _engine_verdict(self, name: EngineName, driven: Outcome, outcome: Outcome | None) -> EngineVerdict:
        basis = ENGINES[name].basis
        if outcome is None:
            message = f"It would have sent other requests than those that were sent (--engine {name} asks for them)."
            return EngineVerdict("inconclusive", basis, NOT_RECORDED, message)
        failure, because = outcome.failure, None
        if outcome.verdict != driven.verdict:
            because = why(driven, outcome)
        if failure is None:
            return EngineVerdict(outcome.verdict, basis, because=because)
        return EngineVerdict(outcome.verdict, basis, failure.code, self.text(failure.message), because)

    def _error(self, outcome: Outcome) -> ErrorRecord | None:
        failure = outcome.failure
        if failure is None or failure.code not in _KINDS:
            return None
        return ErrorRecord(_KINDS[failure.code], self.text(failure.message))


def _good_preflight(outcome: Outcome) -> HTTPResponse | None:
    """The answer of the first preflight, when it passed."""
    exchange = next((e for e in outcome.exchanges if e.request.kind == "preflight"), None)
    if exchange is None or not isinstance(exchange.answer, HTTPResponse):
        return None
    failed_there = outcome.failure is not None and outcome.failure.phase == "preflight" and outcome.failure.hop == 0
    return None if failed_there else exchange.answer


def _as_is(text: str) -> str:
    return text
