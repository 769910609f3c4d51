"""corscheck's own ``--report har`` judged again: every case of the browser corpus comes to the verdict that was reported."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, get_args

import pytest

from corscheck.model.values import EngineName, Probe
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import HeldBack
from corscheck.runner.recorded import Judge, Terms
from corscheck.runner.result import Assembler
from corscheck.sources.har.recording import HARRecording
from tests import corpus
from tests.protocol.test_corpus import predict
from tests.report.saved_reports import saved, text

if TYPE_CHECKING:
    from corscheck.model.result import Result


def probe_of(outcome: Outcome, engine: EngineName) -> Probe:
    asked = outcome.request
    own: dict[str, Any] = {
        name: getattr(asked, name) for name in asked.__struct_fields__ if name in Probe.__struct_fields__
    }
    return Probe(**own, upload_listener=asked.use_cors_preflight, engine=engine, gate=(engine,))


def judge_again(results: list[Result], *, reproducible: bool) -> list[Result]:
    report = saved(results, run=None) if reproducible else saved(results)
    recording = HARRecording(io.BytesIO(text("har", report).encode()), "own.har")
    return list(Judge(recording, Terms()).results())


def sent(outcome: Outcome) -> bool:
    return any(not isinstance(exchange.answer, HeldBack) for exchange in outcome.exchanges)


@pytest.mark.parametrize("engine", [name for name in get_args(EngineName) if name != "standard"])
@pytest.mark.parametrize("masked", [True, False])
def test_the_same_verdicts(engine: EngineName, masked: bool) -> None:
    """Cases of several steps and of stream bodies depend on what a report does not hold: the page's cache, a stream."""
    cases = corpus.rows("cases")
    names = [i for i in corpus.ids() if "sequence" not in cases[i] and not cases[i]["request"].get("stream")]
    outcomes = {i: predict(cases[i], engine)[0] for i in names}
    asked = {i: outcome for i, outcome in outcomes.items() if sent(outcome)}
    assert len(asked) > 800
    assembler = Assembler(show_secrets=not masked)
    results = [assembler.result(probe_of(outcome, engine), outcome) for outcome in asked.values()]
    again = judge_again(results, reproducible=masked)
    differing = {
        i: (first.verdict, then.verdict, then.reason)
        for i, first, then in zip(asked, results, again, strict=True)
        if (first.verdict, first.complete, first.url, first.credentials)
        != (then.verdict, then.complete, then.url, then.credentials)
    }
    # Masked, an empty user name in a Location is one that is not empty.
    assert set(differing) == ({"redirect-0755", "redirect-0756"} if masked else set()), differing
