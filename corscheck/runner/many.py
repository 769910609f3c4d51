"""Asks many probes or audits at once: chooses the loop for the transport and hands each item to a callback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corscheck.audit.plan import AuditPlan
from corscheck.runner.audit import wire
from corscheck.runner.conversation import conversation
from corscheck.runner.options import RunOptions, place_of
from corscheck.runner.result import Assembler
from corscheck.transports.choice import chosen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from corscheck.model.result import Result
    from corscheck.model.values import Probe
    from corscheck.runner.conversation import Asking


def run_many(probes: Iterable[Probe], options: RunOptions | None = None) -> AsyncIterator[Result]:
    """Ask many probes; yields each result in the order of the probes. Memory stays bounded."""
    from corscheck.runner.threads import results

    return results(probes, options or RunOptions())


def ask_all(questions: Iterable[Probe | AuditPlan], options: RunOptions, take: Callable[[Any], object]) -> None:
    """Ask many, bounded per host and in all.

    Calls ``take`` with the result of each probe and the audit of each plan, in order; True ends the run.
    """
    assembler = Assembler(show_secrets=options.show_secrets)
    flows = (_flow(question, options, assembler) for question in questions)
    if chosen(options.network) == "curl":
        from corscheck.runner import curl_loop

        curl_loop.hand(curl_loop.drive(flows, options), take)
        return

    import asyncio

    from corscheck.runner import threads

    async def consume() -> None:
        found = threads.drive(flows, options)
        try:
            async for item in found:
                if take(item) is True:
                    return
        finally:
            await found.aclose()

    asyncio.run(consume())


def _flow(question: Probe | AuditPlan, options: RunOptions, assembler: Assembler) -> tuple[str, Asking[Any]]:
    """Return the place that a question goes to, and its conversation."""
    if isinstance(question, AuditPlan):
        return find_place(question), wire(question, options)
    return find_place(question), conversation(question, options, assembler)


def find_place(question: Probe | AuditPlan) -> str:
    """Return the place that a probe or an audit connects to, by which concurrency per host counts."""
    return place_of(question.template if isinstance(question, AuditPlan) else question)
