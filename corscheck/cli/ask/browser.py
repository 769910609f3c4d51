"""``--in-browser``: lets a real browser perform what has been judged, and puts what was seen beside the prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.model.result import Observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.cli.ask.questions import ProbeQuestion
    from corscheck.model.result import Result
    from corscheck.runner.options import RunOptions


def observed(
    question: ProbeQuestion, options: RunOptions, browser: str, ask: Callable[[Callable[[Result], None]], None]
) -> Callable[[Callable[[Result], None]], None]:
    """Asks first, then the browser, once for all probes; results are handed on with their observation.

    A question that the browser cannot be asked ends the run before anything is sent.
    """

    def both(take: Callable[[Result], None]) -> None:
        from corscheck.browsers import BrowserUnavailable, check, observe
        from corscheck.browsers.compare import compare
        from corscheck.runner.result import Assembler

        probes = list(question.probes())
        check(probes, browser, options.network)
        assembler = Assembler(show_secrets=options.show_secrets)
        results: list[Result] = []
        observations: list[Observation] = []
        try:
            ask(results.append)
            observations = observe(probes, browser, options.network)
        except BrowserUnavailable as error:
            missing = Observation(browser, "", "inconclusive", error=str(error))
            observations = [missing] * len(results)
        finally:
            # What is known so far is worth showing, whatever ends the run.
            for index, result in enumerate(results):
                # Masked as the prediction is, then compared: a mask on one side only would be a difference.
                seen = None
                if index < len(observations):
                    seen = compare(result, assembler.observation(observations[index]))
                take(replace(result, observed=seen))

    return both
