"""What other engines make of recorded exchanges, and why one of them comes to another verdict.

The reason is found by experiment: each departure that only one of the two engines has is taken back in turn, and the one
without which both come to the same verdict is the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from corscheck.protocol.departures import DEPARTURES
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.protocol.origin import OPAQUE, RegistrableDomain, no_suffixes
from corscheck.protocol.redirect import STATUSES
from corscheck.protocol.replay import NotRecordedError, Recording
from corscheck.protocol.request import HTTPResponse
from corscheck.protocol.safelist import HINTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.protocol.cache import PreflightCache
    from corscheck.protocol.departures import Departure
    from corscheck.protocol.engines import Engine
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Answer

Caches: TypeAlias = "Mapping[str, PreflightCache]"
"""Preflight caches by the name of the engine."""

_ODD_STATUSES = frozenset({*STATUSES, 407, 421})
_JUDGED_BY_VALUE = frozenset(
    {"accept", "accept-language", "content-language", "content-type", "range", "authorization", "user-agent", *HINTS}
)
"""Request headers that engines treat in ways of their own: safelisted by value, covered by a wildcard or not, dropped."""


def all_engines_agree(outcome: Outcome) -> bool:
    """Whether every engine comes to this very outcome, as far as that can be told without a replay.

    Every switch of ``engines.Rules`` is about something that is ruled out here. True is never wrong; False says nothing:
    a replay may still find that the engines agree. ``tests/protocol/test_agreement.py`` holds the two together.
    """
    request, response = outcome.request, outcome.response
    if outcome.verdict != "allowed" or not outcome.complete or outcome.notices:
        return False
    # Redirects, caches, forced preflights, other modes, opaque origins.
    if response is None or response.type != "cors" or response.redirected or outcome.preflight.cached:
        return False
    if request.mode != "cors" or request.origin == OPAQUE or len(outcome.exchanges) > 2:
        return False
    if request.stream or request.use_cors_preflight or not request.unsafe_request:
        return False
    # Mixed content: engines do not agree on loopback.
    if request.origin.startswith("https:") and request.url[:5].lower() == "http:":
        return False
    if "|" in request.url:  # path_pipe_encoded: another request
        return False
    # Which headers a preflight asks about, and what covers them.
    names = [name.lower() for name, _ in request.headers]
    if len(set(names)) < len(names) or not _JUDGED_BY_VALUE.isdisjoint(names):
        return False
    return all(_is_plain(exchange.answer) for exchange in outcome.exchanges)


def _is_plain(answer: Answer) -> bool:
    """Whether all engines read a response alike: well-formed, no status with a meaning of its own, no CORS header twice."""
    if not isinstance(answer, HTTPResponse) or answer.status in _ODD_STATUSES or answer.raw is not None:
        return False
    seen = [lower for name, _ in answer.headers if (lower := name.lower()).startswith("access-control-")]
    return len(set(seen)) == len(seen)


def replay(
    outcome: Outcome,
    engine: Engine,
    registrable_domain: RegistrableDomain = no_suffixes,
    cache: PreflightCache | None = None,
    now: float = 0.0,
) -> Outcome | None:
    """Judge the same exchanges by another engine's rules; None if it would have sent a request that was not recorded."""
    flow = fetch(outcome.request, engine, now=now, cache=cache, registrable_domain=registrable_domain)
    try:
        return run(flow, Recording(outcome.exchanges).answer)
    except NotRecordedError:
        return None


def judge_by_all(
    outcome: Outcome,
    registrable_domain: RegistrableDomain = no_suffixes,
    caches: Caches | None = None,
    now: float = 0.0,
) -> dict[str, Outcome | None]:
    """Judge the same exchanges by the rules of every engine, as ``replay`` does.

    ``caches`` are the preflight caches of the engines, which use and fill them; ``now`` is when the fetch began, in
    seconds.
    """
    if caches is None and all_engines_agree(outcome):
        return dict.fromkeys(ENGINES, outcome)
    return {
        name: outcome
        if name == outcome.engine
        else replay(outcome, engine, registrable_domain, caches[name] if caches is not None else None, now)
        for name, engine in ENGINES.items()
    }


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
