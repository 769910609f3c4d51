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

    A question that the browser cannot be asked ends the run before anything is sent. If another engine drove a result, the
    probe is asked once more by the rules of the browser's engine, because the engines may send different requests.
    """

    def both(take: Callable[[Item], bool | None]) -> None:
        from corscheck.browsers import BrowserUnavailable, check, observe
        from corscheck.browsers.compare import compare, engine_of
        from corscheck.cli.run_loop import say
        from corscheck.runner.result import Assembler
        from corscheck.runner.single import Conversation

        probes = list(question)
        check(probes, browser, options.network)
        assembler = Assembler(show_secrets=options.show_secrets)
        results: list[Item] = []
        observations: list[Observation] = []
        predictions: list[Result] = []
        engine = engine_of(browser)
        try:
            ask(results.append)
            observations = observe(probes, browser, options.network)
            with Conversation(replace(options, diagnose=False)) as conversation:
                for probe, result in zip(probes, results, strict=True):
                    assert isinstance(result, Result)
                    same = result.engine == engine
                    predictions.append(result if same else conversation.ask(replace(probe, engine=engine)))
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
                    seen = assembler.observation(observations[index])
                if seen is not None and index < len(predictions):
                    seen = compare(predictions[index], seen)
                if take(replace(result, observed=seen)) is True:
                    break

    return both
