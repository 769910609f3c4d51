"""Many probes or audits at once: chooses the transport's driver and hands the results to a callback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.runner.audit import wire
from corscheck.runner.options import RunOptions, place_of
from corscheck.transports.choice import chosen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterable

    from corscheck.auditing.plan import AuditPlan
    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.model.values import Probe


def run_many(probes: Iterable[Probe], options: RunOptions | None = None) -> AsyncIterator[Result]:
    """Ask many; yields results in the order of the probes, as soon as each is next. Memory stays bounded."""
    from corscheck.runner.threads import results

    return results(probes, options or RunOptions())


def results(questions: Iterable[Probe], options: RunOptions) -> Generator[Result, None, None]:
    """Results in the order of the questions, each as soon as it is next. Closing the generator cancels the rest."""
    if chosen(options.network) == "curl":
        from corscheck.runner import curl_loop

        yield from curl_loop.results(questions, options)
        return

    from corscheck.runner.single import Conversation

    conversation = Conversation(options)
    try:
        for probe in questions:
            yield conversation.ask(probe)
    finally:
        conversation.close()


def ask_all(probes: Iterable[Probe], options: RunOptions, take: Callable[[Result], object]) -> None:
    """Ask many, bounded as ``run_many``; ``take`` is called with each result, in order, and ends the run with True."""
    if chosen(options.network) == "curl":
        from corscheck.runner import curl_loop

        curl_loop.ask_all(probes, options, take)
        return

    import asyncio

    async def consume() -> None:
        found = run_many(probes, options)
        try:
            async for result in found:
                if take(result) is True:
                    return
        finally:
            close = getattr(found, "aclose", None)
            if close is not None:
                await close()

    asyncio.run(consume())


def audit_all(plans: Iterable[AuditPlan], options: RunOptions, take: Callable[[Audit], object]) -> None:
    """Audit many, bounded per host and in all as probes are.

    ``take`` is called with each audit, in order, and ends the run with True.
    """
    flows = ((place_of(plan.template), wire(plan, options)) for plan in plans)
    if chosen(options.network) == "curl":
        from corscheck.runner import curl_loop

        curl_loop.hand(curl_loop.drive(flows, options), take)
        return

    import asyncio

    from corscheck.runner import threads

    async def consume() -> None:
        found = threads.drive(flows, options)
        try:
            async for audit in found:
                if take(audit) is True:
                    return
        finally:
            await found.aclose()

    asyncio.run(consume())
