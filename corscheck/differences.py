"""Other engines, asked by replay, and why one of them comes to another verdict.

The why is found, not guessed: each departure that only one of the two engines has is taken back in turn, and the one
without which both come to the same verdict is the reason.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from corscheck.drive import run
from corscheck.protocol.engines import DEPARTURES, ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.transports.replay import NotRecordedError, Recording

if TYPE_CHECKING:
    from corscheck.protocol.engines import Departure, Engine
    from corscheck.protocol.outcome import Outcome


def replay(outcome: Outcome, engine: Engine) -> Outcome | None:
    """The same exchanges judged by another engine's rules; None where it would have sent what was not recorded."""
    try:
        return run(fetch(outcome.request, engine), Recording(outcome.exchanges).answer)
    except NotRecordedError:
        return None


def why(outcome: Outcome, other: Outcome) -> str | None:
    """The departure that makes the two engines differ, in a sentence; None where no single one explains it."""
    for engine, aim, reference in (
        (other.engine, outcome.verdict, outcome.engine),
        (outcome.engine, other.verdict, other.engine),
    ):
        described, usual = ENGINES[engine], ENGINES[reference].rules
        for departure in DEPARTURES:
            if departure.engine != engine or getattr(usual, departure.rule) == departure.value:
                continue
            rules = replace(described.rules, **{departure.rule: getattr(usual, departure.rule)})
            without = replay(outcome, replace(described, rules=rules))
            if without is not None and without.verdict == aim:
                return _sentence(departure)
    return None


def _sentence(departure: Departure) -> str:
    engines = [ENGINES[d.engine].title for d in DEPARTURES if (d.rule, d.value) == (departure.rule, departure.value)]
    titles = " and ".join([", ".join(engines[:-1]), engines[-1]] if len(engines) > 1 else engines)
    subject = departure.subject[0].upper() + departure.subject[1:]
    return f"{subject}. Standard: {departure.standard}. {titles}: {departure.differs}."
