"""Why a response lacks Access-Control-Allow-Origin, or why a preflight ends in an error status.

The server's own words come first, then who answers (a firewall, a gateway, a login), then experiments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.answers import line, speaks_cors, status_line
from corscheck.diagnosis.causes import allow_lists, allow_origin, refusals, spelling
from corscheck.diagnosis.causes.hypotheses import decide
from corscheck.diagnosis.facts import Cause
from corscheck.diagnosis.words import quote_of, words_of
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import get

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from corscheck.diagnosis.causes.hypotheses import Hypothesis
    from corscheck.diagnosis.facts import Asking, Facts
    from corscheck.diagnosis.words import Words
    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Outcome


def missing(facts: Facts) -> Asking:
    """Return the cause of a missing Access-Control-Allow-Origin."""
    misspelled = spelling.misspelled(facts.headers, ACAO)
    if misspelled is not None:
        return [misspelled]
    answered_by = refusals.in_front(facts)
    if answered_by is not None:
        return [answered_by]
    other = refusals.not_about_cors(facts)
    if other is not None:
        return [other]
    words = words_of(facts.response, facts.exchange.request) if not facts.ok else None
    if words is not None and words.off:
        control = (yield from facts.experiments.preflight()) if words.unsure else None
        if control is not None and control.sign == "allowed":
            return (yield from allow_lists.refused_silently(facts, f"{words.quote}\n{control}"))
        advice = "Enable CORS there, and allow the page's origin, the method and the headers."
        message = f"The server says that CORS is not enabled{', or that no rule matches' if words.unsure else ''}."
        return [Cause("CORS621", message, words.quote, advice)]
    if words is not None and words.parts and words.layer:
        return (yield from _said(facts, words))
    if facts.preflight_passed:
        return [_after_preflight(facts)]
    copy = yield from allow_origin.copy(facts)
    if copy is not None:
        return copy
    if facts.in_preflight and get(facts.headers, "WWW-Authenticate") is not None:
        return [refusals.by_status(facts)]
    found = yield from decide(facts, layer=words is not None and words.layer)
    if words is not None and "origin" in found:
        found = ("origin",)
    return (yield from _concluded(facts, found, words))


def refused_with_headers(facts: Facts) -> Asking:
    """Return the causes of a preflight that allows the origin, but has an error status."""
    listed = allow_lists.unlisted(facts)
    words = words_of(facts.response, facts.exchange.request)
    if words is not None and ("method" in words.parts or "headers" in words.parts):
        if listed or (listed := allow_lists.one_string(facts, words)):
            return listed
        # A layer may refuse what browsers do not look up on the list, such as POST.
        if "method" in words.parts:
            return [(yield from allow_lists.method_refused(facts, words.quote))]
        return [(yield from allow_lists.headers_refused(facts, words.quote, words.names))]
    front = refusals.in_front(facts)
    beside = allow_lists.unlisted(facts, status=False)
    if front is not None:
        return [front, *beside]
    if facts.status in (404, 410):
        # Is it OPTIONS alone that has no route?
        yield from facts.experiments.simple()
        return [refusals.by_status(facts), *beside]
    if refusals.asks_for_login(facts) or not listed:
        return [refusals.by_status(facts), *beside]
    control = yield from facts.experiments.preflight()
    if control is None and facts.status in (405, 501) and not allow_lists.names_a_list(facts.headers):
        # Nothing can be asked, and a CORS layer that refuses a header or a method says what it allows.
        return [refusals.by_status(facts), *beside]
    if control is not None and control.sign != "allowed":
        # A preflight that asks for nothing unusual gets the same error: the status has a cause of its own.
        return [refusals.by_status(facts, str(control)), *beside]
    return listed


def _said(facts: Facts, words: Words) -> Asking:
    """Return the causes that a CORS layer states."""
    found: list[Cause] = []
    evidence, known = words.quote, False
    if "origin" in words.parts:
        found.append((yield from _origin(facts, evidence)))
    else:
        # A layer may refuse a method before it looks at the origin.
        control = yield from facts.experiments.preflight()
        known = control is not None and control.sign == "allowed"
        evidence = f"{evidence}\n{control}" if known else evidence
        if control is not None and control.refuses_origin:
            found.append((yield from _origin(facts, str(control))))
    if "method" in words.parts:
        found.append((yield from allow_lists.method_refused(facts, evidence, known=known)))
    if "headers" in words.parts:
        found.append((yield from allow_lists.headers_refused(facts, evidence, words.names, known=known)))
    return found


def _after_preflight(facts: Facts) -> Cause:
    seen = status_line(facts.response)
    if facts.status == 304:
        return refusals.not_modified(facts)
    if facts.ok:
        message = "The preflight response has the CORS headers, but the response to the request itself does not."
        return Cause("CORS622", message, f"no {ACAO}")
    return Cause(
        "CORS603",
        f"This {seen} has no CORS headers, but the preflight response has them: the error bypasses CORS.",
        seen,
    )


def _concluded(facts: Facts, found: tuple[Hypothesis, ...], words: Words | None) -> Asking:
    """Return the cause that the experiments leave. Without experiments there may be several, or none is certain."""
    if len(found) != 1:
        return _undecided(facts, found, words)
    hypothesis = found[0]
    if hypothesis == "no CORS" and any(speaks_cors(answered.response.headers) for answered in facts.experiments.done):
        # An error, such as the 405 of a URL that takes no GET, has a header of the CORS layer.
        hypothesis = "origin"
    evidence = _evidence(facts, words)
    if hypothesis == "origin":
        return [(yield from _origin(facts, evidence))]
    if hypothesis == "lists":
        return (yield from allow_lists.refused_silently(facts, evidence))
    seen = status_line(facts.response)
    without = f"The response to {facts.exchange.request.method} has no CORS headers"
    if hypothesis == "errors":
        if facts.status == 304:
            return [refusals.not_modified(facts)]
        message = f"This {seen} has no CORS headers, but a preflight response has them: the error bypasses CORS."
        return [Cause("CORS603", message, evidence)]
    if hypothesis == "preflight only":
        return [Cause("CORS622", f"{without}; only the response to OPTIONS has them.", evidence)]
    if facts.in_preflight and hypothesis in ("status", "nothing here") and _has_own_headers(facts):
        # With the page's own headers, such as a token: a login that is missing from the preflight?
        control = yield from facts.experiments.as_typed_without_origin()
        if hypothesis == "status" or (control is not None and 200 <= control.status <= 299):
            return [refusals.by_status(facts, _evidence(facts, words), logged_in=control)]
    if hypothesis == "nothing here":
        return [Cause("CORS631", f"There is nothing at this URL: a GET gets a {facts.status} too.", evidence)]
    if hypothesis == "handler":
        allow = line(facts.headers, "Allow")
        message = f"OPTIONS gets a {seen}, but not from a CORS layer: only the handler of the request adds {ACAO}."
        return [
            Cause("CORS602", message, f"{allow}\n{evidence}" if allow else evidence, refusals.unrouted_advice(facts))
        ]
    if hypothesis == "no CORS" and facts.in_preflight:
        message = f"OPTIONS gets a {seen} without CORS headers, and the response to a GET has none either."
        return [Cause("CORS621", message, evidence)]
    if hypothesis == "no CORS":
        preflight = next((a for a in facts.experiments.done if a.preflight), None)
        options = f", and neither does the response to OPTIONS ({preflight.status})" if preflight is not None else ""
        unknown = ": CORS is not enabled here" if preflight is not None and preflight.status in (404, 405, 501) else ""
        return [Cause("CORS621", f"{without}{options}{unknown}.", evidence)]
    return [refusals.by_status(facts, evidence)]


def _has_own_headers(facts: Facts) -> bool:
    """Whether the request has headers that a server may take for a login, and was refused as one without a login is."""
    return bool(facts.probe.headers) and facts.status in (400, 403, 404)


def _undecided(facts: Facts, found: Iterable[Hypothesis], words: Words | None) -> list[Cause]:
    """Return what can be said without a decision: each cause that is left is named, with what would decide it."""
    left = tuple(found)
    spoken = speaks_cors(facts.headers)
    if spoken is not None:
        return [allow_origin.unlisted(facts, spoken)]
    if not facts.experiments.done and not facts.in_preflight:
        # Without experiments, any cause would be a guess: not configured, or not for this origin or this response.
        return []
    if "status" in left or not left:
        return [refusals.by_status(facts, _evidence(facts, words), certain=not left or left == ("status",))]
    if "no CORS" in left and facts.in_preflight:
        message = f"OPTIONS gets a {status_line(facts.response)} without CORS headers."
        return [Cause("CORS621", message, line(facts.headers, "Allow") or status_line(facts.response))]
    return []


def _origin(facts: Facts, evidence: str) -> Generator[Probe, Outcome | None, Cause]:
    """Return the cause "not for this origin". An experiment tries the origin with a slash, as lists often have it."""
    silent = speaks_cors(facts.headers) is None and words_of(facts.response, facts.exchange.request) is None
    cause = allow_origin.unlisted(facts, evidence, refused=silent and not facts.ok and _depends_on_origin(facts))
    slashed = f"{facts.origin}/"
    if cause.code == "CORS615" and facts.origin != "null":
        control = yield from facts.experiments.from_origin(slashed)
        if control is not None and control.sign == "allowed":
            message = f"The server's list contains {slashed}, with a trailing slash. Browsers send {facts.origin}."
            return Cause("CORS616", message, str(control))
    return cause


def _depends_on_origin(facts: Facts) -> bool:
    """Whether it is the origin that the error status is about: it is a preflight's, or another request gets another."""
    if facts.in_preflight or words_of(facts.response, facts.exchange.request) is not None:
        return True
    answers = (facts.experiments.answer("without origin"), facts.experiments.answer("as typed"))
    return any(answered.status != facts.status for answered in answers if answered is not None)


def _evidence(facts: Facts, words: Words | None) -> str:
    """Return what shows the cause: the failed response, the server's words, and each experiment."""
    what = "preflight" if facts.in_preflight else facts.exchange.request.method
    first = f"{what}: {quote_of(facts.response)}"
    spoken = speaks_cors(facts.headers)
    told = [str(answered) for answered in facts.experiments.done]
    return "\n".join([words.quote if words is not None else first, *([spoken] if spoken else []), *told])
