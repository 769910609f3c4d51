"""Findings of an outcome: the root cause first, then other independent causes, then remarks.

``diagnose`` is a generator that yields control probes and receives their outcomes, so it needs no transport. The rules,
the registry and the stack detection are imported only if there is a finding, so that an allowed probe loads only
``remarks``.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from corscheck.diagnosis.remarks import remarks
from corscheck.model.result import Finding
from corscheck.model.values import Probe
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import HTTPResponse

if TYPE_CHECKING:
    from corscheck.diagnosis.codes.code import Record
    from corscheck.diagnosis.facts import Cause, Facts
    from corscheck.diagnosis.stack import Product

_LONGEST_MESSAGE = 400
_LONGEST_EVIDENCE = 1000
_MESSAGE_IS_ADVICE = ("CORS706", "CORS707", "CORS708", "CORS711", "CORS713", "CORS714")
"""Remarks whose advice would only repeat the message."""

Diagnosis: TypeAlias = Generator[Probe, Outcome | None, tuple[Finding, ...]]


def diagnose(probe: Probe, outcome: Outcome, *, alone: bool = False) -> Diagnosis:
    """Return the findings of an outcome.

    Yields control probes, at most four: if the outcome is blocked unexpectedly, and, for a probe that is asked ``alone``, one
    about the copy in a browser's cache. The caller may send None back.
    """
    found: list[Finding] = []
    if outcome.verdict in ("blocked", "invalid"):
        found += yield from _blocked(probe, outcome)
    if outcome.verdict == probe.expected == "blocked":
        # Nothing is to be mended: advice to allow this origin would undo what is wanted.
        found = [replace(finding, advice=None) for finding in found]
    remarked = remarks(probe, outcome)
    if alone and outcome.verdict == "allowed":
        from corscheck.diagnosis import stored

        remarked += yield from stored.remark(probe, outcome)
    if remarked:
        from corscheck.diagnosis.codes.registry import RECORDS

        found += [_finding(RECORDS[r.code], r.message, r.evidence) for r in remarked]
    return tuple(found)


def without_asking(probe: Probe, outcome: Outcome) -> tuple[Finding, ...]:
    """Return the findings that need no control probe."""
    flow = diagnose(probe, outcome)
    try:
        next(flow)
        while True:
            flow.send(None)
    except StopIteration as done:
        found: tuple[Finding, ...] = done.value
        return found


def _blocked(probe: Probe, outcome: Outcome) -> Generator[Probe, Outcome | None, list[Finding]]:
    from corscheck.diagnosis import causes, stack
    from corscheck.diagnosis.codes.registry import RECORDS
    from corscheck.diagnosis.facts import facts_of

    failure = outcome.failure
    assert failure is not None
    facts = facts_of(probe, outcome)
    seen = _answers(outcome)
    named: list[Cause] = []
    if facts is not None:
        flow = causes.causes(facts)
        try:
            control = next(flow)
            while True:
                # No control for a probe that is expected to be blocked: the cause is not worth another request.
                answered = (yield control) if probe.expected != "blocked" else None
                seen += _answers(answered)
                control = flow.send(answered)
        except StopIteration as done:
            named = done.value
    else:
        named = causes.unanswered(outcome)
    if not named:
        # No root cause found, so the finding is the record of the deciding step.
        record = RECORDS[failure.code]
        step = next((s for s in outcome.steps if s.decisive), None)
        evidence = f"{step.header}: {step.received}" if step is not None and step.received else None
        return [_finding(record, _meaning(record, probe), evidence)]
    products = stack.detect(seen)
    found = [_finding(RECORDS[c.code], c.message, c.evidence, c.advice) for c in named]
    pointer = _pointer(probe, stack.to_fix(products), facts, named)
    if pointer is not None:
        found[0] = replace(found[0], advice=f"{found[0].advice}\n{pointer}")
    if products:
        found.append(_finding(RECORDS["CORS711"], stack.in_words(products), products[0].evidence))
    return found


def _answers(outcome: Outcome | None) -> list[HTTPResponse]:
    return [e.answer for e in outcome.exchanges if isinstance(e.answer, HTTPResponse)] if outcome is not None else []


def _meaning(record: Record, probe: Probe) -> str:
    if record.code == "CORS202" and probe.via is not None:
        # A browser would refuse the URL as written, although --via reaches the server over plain http.
        return f"{record.meaning} corscheck judges {probe.url}, not --via {probe.via}."
    return record.meaning


def _finding(record: Record, message: str, evidence: str | None, advice: str | None = None) -> Finding:
    evidence = _cut(evidence, _LONGEST_EVIDENCE) if evidence is not None else None
    message = _cut(message, _LONGEST_MESSAGE)
    if advice is None and record.code not in _MESSAGE_IS_ADVICE:
        advice = record.advice
    return Finding(record.code, record.severity, record.title, message, evidence, advice, record.help)


def _cut(text: str, limit: int) -> str:
    """Shorten text from a server to ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _pointer(probe: Probe, product: Product | None, facts: Facts | None, named: list[Cause]) -> str | None:
    """Return what to change in a product, or its ``fix`` or ``explain`` command; "If this is ..." if it is only likely."""
    if product is None:
        return None
    lead = "" if product.confidence == "certain" else f"If this is {product.name}:\n"
    if product.fix is None:
        return f"{lead}  corscheck explain {product.guide}"
    from corscheck.diagnosis.remedies.advice import advise

    text = advise(product.fix, probe, facts.exchange if facts is not None else None, [c.code for c in named])
    return f"{lead}{text}" if text is not None else None
