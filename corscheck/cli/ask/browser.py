"""``--in-browser``: asks a real browser as well and puts its observation beside each prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.model.result import Observation, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.cli.ask.questions import ProbeQuestion
    from corscheck.cli.run_loop import Ask
    from corscheck.model.item import Item
    from corscheck.runner.options import RunOptions


def observed(question: ProbeQuestion, options: RunOptions, browser: str, ask: Ask) -> Ask:
    """Return what asks first, then the browser once for all probes, and hands on each result with its observation.

    A question that the browser cannot be asked ends the run before anything is sent.
    """

    def both(take: Callable[[Item], None]) -> None:
        from corscheck.browsers import BrowserUnavailable, check, observe
        from corscheck.browsers.compare import compare
        from corscheck.cli.run_loop import say
        from corscheck.runner.result import Assembler

        probes = list(question)
        check(probes, browser, options.network)
        assembler = Assembler(show_secrets=options.show_secrets)
        results: list[Item] = []
        observations: list[Observation] = []
        try:
            ask(results.append)
            observations = observe(probes, browser, options.network)
        except BrowserUnavailable as error:
            say(f"--in-browser: {error}")
            missing = Observation(browser, "", "inconclusive", error=str(error))
            observations = [missing] * len(results)
        finally:
            # Whatever ends the run, the results so far are worth showing.
            for index, result in enumerate(results):
                assert isinstance(result, Result)
                # Mask the observation as the prediction is masked, then compare: else the masks would be a difference.
                seen = None
                if index < len(observations):
                    seen = compare(result, assembler.observation(observations[index]))
                take(replace(result, observed=seen))

    return both
