"""Why Access-Control-Allow-Origin is missing: hypotheses, what each predicts, and the experiments that decide.

``TABLES`` holds, for a preflight and for a request itself, one row per hypothesis: what an answer must look like if it is
true. ``decide`` sends the first experiment in whose prediction the rows that are left differ, drops the rows that it
refutes, and goes on until one cause is left, or nothing more can be asked. A refusal's own words are the first evidence.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from corscheck.diagnosis.experiments import sign_of
from corscheck.model.values import Probe
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import get
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.preflight import ACRH, ACRM

if TYPE_CHECKING:
    from corscheck.diagnosis.facts import Facts

Hypothesis: TypeAlias = Literal[
    "origin",  # the CORS layer does not allow this origin
    "lists",  # it refuses a method or a header, without any CORS header
    "status",  # what answers is not the CORS layer: the status says what it is
    "nothing here",  # every request gets a 404
    "no CORS",  # no CORS layer answers anything
    "handler",  # the handler of the request adds the header, nothing handles its preflight
    "preflight only",  # only the preflight has the headers
    "errors",  # error responses lack the headers
]

_ALL = frozenset({"allowed", "absent", "refused", "spoken", "silent"})
_NOT_ALLOWED = _ALL - {"allowed"}
_ERROR = frozenset({"absent", "refused"})
_QUIET = frozenset({"absent", "refused", "silent"})
_ANY = frozenset({"same", "other", "named"})
_SAME = frozenset({"same"})
_OTHER = frozenset({"other", "named"})


class Row(Struct, frozen=True):
    """A hypothesis and what it predicts.

    ``get``: a GET from the page. ``preflight``: a preflight for GET from the page without header names. ``bare``: how
    the status of that GET without Origin compares (``named``: it allows some other origin). ``options``: how the status
    of an OPTIONS request without Access-Control-Request-Method compares with that of the preflight.
    """

    cause: Hypothesis
    get: frozenset[str] = _ALL
    preflight: frozenset[str] = _ALL
    bare: frozenset[str] = _ANY
    options: frozenset[str] = _ANY


_ORIGIN = (
    Row("origin", get=_ERROR, preflight=_NOT_ALLOWED, bare=_OTHER),
    Row("origin", get=frozenset({"spoken"}), preflight=_NOT_ALLOWED),
    Row("origin", get=_QUIET, preflight=frozenset({"spoken"})),
    Row("origin", get=frozenset({"silent"}), preflight=_QUIET, bare=frozenset({"named"})),
)
_LISTS = (
    Row("lists", preflight=frozenset({"allowed"})),
    Row("lists", get=frozenset({"allowed"}), preflight=frozenset({"spoken"})),
)
_STATUS = Row("status", get=_ALL - {"spoken"}, preflight=_QUIET, bare=_SAME, options=_SAME)

TABLES: dict[str, tuple[Row, ...]] = {
    "a preflight with an error status": (
        *_ORIGIN,
        Row("origin", get=frozenset({"silent"}), preflight=_QUIET, options=_OTHER),
        *_LISTS,
        _STATUS,
    ),
    "a preflight with a 404 before a safe method": (
        *_ORIGIN,
        Row("origin", get=frozenset({"silent"}), preflight=_QUIET, options=_OTHER),
        *_LISTS,
        Row("status", get=_ALL - {"spoken", "absent"}, preflight=_QUIET, bare=_SAME, options=_SAME),
        Row("nothing here", get=frozenset({"absent"}), preflight=_QUIET, bare=_SAME),
    ),
    "a preflight with 2xx": (
        *_ORIGIN,
        Row("origin", get=frozenset({"silent"}), preflight=_QUIET, options=_OTHER),
        _LISTS[0],
        Row("handler", get=frozenset({"allowed"}), preflight=_NOT_ALLOWED),
        Row("no CORS", get=_QUIET, preflight=_QUIET, bare=_SAME, options=_SAME),
    ),
    "a request with an error status": (
        *_ORIGIN,
        Row("errors", preflight=frozenset({"allowed"})),
        _STATUS,
    ),
    "a request with 2xx": (
        *_ORIGIN,
        Row("preflight only", preflight=frozenset({"allowed"})),
        Row("no CORS", get=_QUIET, preflight=_QUIET, bare=_SAME),
    ),
}
"""By what failed: the hypotheses, and what they predict."""

Deciding: TypeAlias = Generator[Probe, Outcome | None, tuple[Hypothesis, ...]]


def decide(facts: Facts, *, layer: bool = False) -> Deciding:
    """Return the hypotheses that no experiment refutes; empty if none is left.

    ``layer`` says that a CORS layer has refused in words, so that it is the origin or one of its lists.
    """
    rows = TABLES[_situation(facts)]
    if layer:
        rows = tuple(row for row in (*rows, *_LISTS) if row.cause in ("origin", "lists"))
    known: dict[str, str] = {}
    if not facts.in_preflight and facts.exchange.request.method in ("GET", "HEAD"):
        known["get"] = sign_of(facts.response, facts.origin)
        rows = _left(rows, "get", known["get"])
    if facts.in_preflight and sign_of(facts.response, facts.origin) == "spoken":
        # A CORS layer has answered, or something has added its Vary header to every answer.
        rows = tuple(row for row in rows if row.cause in ("origin", "lists", "handler"))
    for name in ("preflight", "get", "bare", "options") if facts.in_preflight else ("get", "preflight", "bare"):
        if name in known or not _splits(rows, name):
            continue
        found = yield from _ask(facts, name)
        if found is None:
            continue
        known[name] = found
        rows = _left(rows, name, found)
        if name == "get" and facts.in_preflight and (yield from _passes_by_another_method(facts)):
            return ("lists",)
    return tuple(dict.fromkeys(row.cause for row in rows))


def _situation(facts: Facts) -> str:
    if not facts.in_preflight:
        return "a request with 2xx" if facts.ok else "a request with an error status"
    if facts.ok:
        return "a preflight with 2xx"
    if facts.status in (404, 410) and facts.probe.method.upper() in ("GET", "HEAD"):
        return "a preflight with a 404 before a safe method"
    return "a preflight with an error status"


def _splits(rows: tuple[Row, ...], name: str) -> bool:
    """Whether an experiment can tell causes that are left apart."""
    return len({row.cause for row in rows}) > 1 and len({getattr(row, name) for row in rows}) > 1


def _left(rows: tuple[Row, ...], name: str, found: str) -> tuple[Row, ...]:
    return tuple(row for row in rows if found in getattr(row, name))


def _passes_by_another_method(facts: Facts) -> Generator[Probe, Outcome | None, bool]:
    """Return whether an ordinary preflight passes where this URL takes no GET, so that one for GET says nothing."""
    get_answer = yield from facts.experiments.simple()
    preflight = yield from facts.experiments.preflight()
    # Or a CORS layer has refused that preflight: it may know the origin, but not GET.
    layer = preflight is not None and preflight.sign == "spoken"
    if get_answer is None or not (layer or get_answer.status in (404, 405, 410, 501)):
        return False
    method = facts.probe.method if facts.exchange.request.get(ACRH) else "POST"
    if method in ("GET", facts.exchange.request.get(ACRM)) and not facts.exchange.request.get(ACRH):
        return False
    control = yield from facts.experiments.preflight_with_method(method)
    return control is not None and control.sign == "allowed"


def _ask(facts: Facts, name: str) -> Generator[Probe, Outcome | None, str | None]:
    """Run an experiment and return its result in the table's terms; None if there is no answer."""
    experiments = facts.experiments
    if name == "get":
        answered = yield from experiments.simple()
        return answered.sign if answered is not None else None
    if name == "preflight":
        answered = yield from experiments.preflight()
        return answered.sign if answered is not None else None
    if name == "options":
        answered = yield from experiments.own_options()
        if answered is None:
            return None
        # A router's answer, and another than the preflight's: what answers preflights is not the router.
        routed = 200 <= answered.status <= 299 or answered.status in (404, 405, 501)
        return "other" if routed and answered.status != facts.status else "same"
    if facts.in_preflight or facts.exchange.request.method not in ("GET", "HEAD"):
        simple = yield from experiments.simple()
        status = simple.status if simple is not None else None
    else:
        status = facts.status
    answered = yield from experiments.without_origin()
    if answered is None or status is None:
        return None
    if answered.status != status:
        return "other"
    return "named" if get(answered.response.headers, ACAO) not in (None, "*") else "same"
