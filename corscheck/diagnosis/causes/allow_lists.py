"""Causes in the lists of a preflight response: a method or a request header that the server does not allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis import nearness
from corscheck.diagnosis.answers import body_text, line, status_line
from corscheck.diagnosis.causes import spelling
from corscheck.diagnosis.facts import Cause
from corscheck.protocol.headers import Extraction, extract_list, first_bad_element
from corscheck.protocol.preflight import ACAH, ACAM, ACRH, ACRM
from corscheck.protocol.safelist import normalize_method

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.diagnosis.facts import Asking, Facts
    from corscheck.diagnosis.words import Words
    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Headers

TRACING = (
    "traceparent",
    "tracestate",
    "baggage",
    "sentry-trace",
    "b3",
    "uber-trace-id",
    "newrelic",
    "x-cloud-trace-context",
)
_COMMON = ("accept", "authorization", "content-type", "x-requested-with")
_QUOTES = "\"'`[]"
_TRACING_PREFIXES = ("x-b3-", "x-datadog-", "ot-tracer-", "x-ot-")


def unlisted(facts: Facts, *, status: bool = True) -> list[Cause]:
    """Return the causes of a missing method and of missing headers, in this order.

    ``status`` is unset if the error status has a cause of its own.
    """
    said = _says_so(facts) if status else ""
    found: list[Cause] = []
    if facts.failed("CORS405"):
        found.append(spelling.misspelled(facts.headers, ACAM) or _method(facts, said))
    if facts.failed("CORS406") or facts.failed("CORS407"):
        found += _headers(facts, said)
    return found


def method_refused(facts: Facts, evidence: str, *, known: bool = True) -> Generator[Probe, Outcome | None, Cause]:
    """Return the cause of a method that a CORS layer refuses without naming its list.

    ``known`` says that an experiment has shown that the layer allows the origin.
    """
    method = _asked_method(facts)
    if ACAM.lower() in {n.lower() for n, _ in facts.headers}:
        return _method(facts, _says_so(facts))
    other = method.lower() if method == method.upper() else method.upper()
    if normalize_method(method.lower()) == method.lower():
        # Browsers leave the case of such a method as it is, so that a list may have it in the other case.
        control = yield from facts.experiments.preflight_with_method(other)
        if control is not None and control.sign == "allowed":
            return _other_case(method, other, f"{evidence}\n{control}")
    message = f"The server {_but_not(known)} method {method}{_says_so(facts)}."
    return Cause("CORS614", message, evidence, f'Add "{method}" to the server\'s allowed methods{_in_bucket(facts)}.')


def names_a_list(headers: Headers) -> bool:
    """Whether a response says which methods or headers are allowed."""
    return not {ACAM.lower(), ACAH.lower()}.isdisjoint(name.lower() for name, _ in headers)


def _in_bucket(facts: Facts) -> str:
    return ", in a CORSRule of the bucket" if "CORSResponse: " in body_text(facts.response) else ""


def headers_refused(
    facts: Facts, evidence: str, named: tuple[str, ...] = (), *, known: bool = True
) -> Generator[Probe, Outcome | None, Cause]:
    """Return the cause of headers that a CORS layer refuses without naming its list.

    ``named`` are those that it names. If there are several and it names none, experiments ask for each alone.
    ``known`` says that an experiment has shown that the layer allows the origin.
    """
    asked = _asked_headers(facts)
    wrong = spelling.misplaced(asked)
    if wrong:
        return spelling.misplaced_cause(wrong, [_as_typed(facts, n) for n in wrong])
    names = list(named) or asked
    unknown: list[str] = []
    if len(names) > 1 and not named:
        names, unknown = yield from _refused_alone(facts, names)
    which = ", ".join(names)
    header = "header" if len(names) == 1 else "one of the headers" if unknown == names else "headers"
    message = f"The server {_but_not(known)} {header} {which}{_says_so(facts)}."
    if unknown and unknown != names:
        message += f" Whether it allows {', '.join(unknown)} was not tested."
    quoted = ", ".join(f'"{_as_typed(facts, n)}"' for n in names)
    return Cause("CORS612", message, evidence, f"Add {quoted} to the server's allowed headers{_in_bucket(facts)}.")


def refused_silently(facts: Facts, evidence: str) -> Asking:
    """Return the cause where a preflight for GET passes, and this one is refused without a list."""
    method, names = _asked_method(facts), _asked_headers(facts)
    if method == "GET" and not names:
        return []
    if method == "GET" or not names:
        of_method = method != "GET"
        return [(yield from method_refused(facts, evidence) if of_method else headers_refused(facts, evidence))]
    control = yield from facts.experiments.preflight_with_method(method)
    if control is None:
        message = f"The server allows this origin, but refuses either method {method} or one of the headers {', '.join(names)}."
        return [Cause("CORS614", message, evidence, "Add both to the server's allowed methods and headers.")]
    if control.sign == "allowed":
        return [(yield from headers_refused(facts, f"{evidence}\n{control}"))]
    return [(yield from method_refused(facts, f"{evidence}\n{control}"))]


def unparsed(facts: Facts) -> list[Cause]:
    """Return what spoils a list that does not parse, by the first item that is not a name; empty if nothing is known."""
    code, name = facts.failure.code, ACAM if facts.failure.code == "CORS403" else ACAH
    bad = first_bad_element(facts.headers, name) or ""
    residue = nearness.residue(bad)
    if residue is not None:
        what = residue
    elif bad[:1] in ('"', "[", "{") or bad[-1:] in ('"', "]", "}"):
        what = "has quotes or brackets around it; the header takes plain names"
    elif ";" in bad:
        what = "contains a semicolon; separate the items with commas"
    elif " " in bad:
        what = "contains a space; separate the items with commas"
    else:
        return []
    return [Cause(code, f"{name} cannot be parsed: {bad} {what}.", line(facts.headers, name))]


def one_string(facts: Facts, words: Words) -> list[Cause]:
    """Return the cause where a server refuses a header or method that its own answer lists.

    It compares with items of its setting: a list that was given as one string has a single item with commas in it.
    """
    part = "headers" if "headers" in words.parts else "method"
    name = ACAH if part == "headers" else ACAM
    listed = [n.lower() for n in _listed(facts.headers, name)]
    asked = _asked_headers(facts) if part == "headers" else [_asked_method(facts).lower()]
    both = [n for n in asked if n in listed]
    if not both:
        return []
    code = "CORS612" if part == "headers" else "CORS614"
    message = (
        f"The server refuses {', '.join(both)} although its own list contains it. The list is probably configured as "
        "one comma-separated string, which the server treats as a single name."
    )
    advice = f'Configure each name as a separate item: ["{both[0]}", ...], not "{both[0]}, ...".'
    return [Cause(code, message, f"{words.quote}\n{line(facts.headers, name)}", advice)]


def _refused_alone(facts: Facts, names: list[str]) -> Generator[Probe, Outcome | None, tuple[list[str], list[str]]]:
    """Return the headers whose own preflight is refused, and those of which that could not be tested.

    If none that was asked for is refused, it is one of the others: then both lists are these.
    """
    refused: list[str] = []
    unknown: list[str] = []
    values = {n.lower(): v for n, v in facts.probe.headers}
    # A header of the page's own is less likely to be on a list than one that every other page sends.
    for name in sorted(names, key=lambda name: name in _COMMON):
        control = yield from facts.experiments.preflight_with_header((name, values.get(name, "1")))
        if control is None:
            unknown.append(name)
        elif control.sign != "allowed":
            refused.append(name)
    if refused:
        return refused, unknown
    left = [n for n in names if n in unknown] or names
    return left, left if len(left) > 1 else []


def _but_not(known: bool) -> str:
    return "allows this origin, but not" if known else "does not allow"


def is_tracing(name: str) -> bool:
    """Whether a tracing library adds this header (W3C Trace Context, B3, Sentry, Datadog), not the page's own code."""
    return name in TRACING or name.startswith(_TRACING_PREFIXES)


def _asked_method(facts: Facts) -> str:
    return facts.exchange.request.get(ACRM) or facts.probe.method


def _asked_headers(facts: Facts) -> list[str]:
    names = (facts.exchange.request.get(ACRH) or "").split(",")
    return list(dict.fromkeys(n.strip().lower() for n in names if n.strip()))


def _method(facts: Facts, said: str) -> Cause:
    method = _asked_method(facts)
    allowed = _listed(facts.headers, ACAM)
    evidence = line(facts.headers, ACAM) or f"no {ACAM}"
    near = next((m for m in allowed if m.upper() == method.upper()), None)
    if near is not None:
        return _other_case(method, near, evidence)
    if "*" in allowed and facts.credentials:
        message = f"With credentials, * in Access-Control-Allow-Methods is not a wildcard: {method} must be listed."
        return Cause("CORS614", message, evidence, f'Add "{method}" to Access-Control-Allow-Methods.')
    quoted = nearness.quoted(allowed, method)
    if quoted is not None:
        return Cause("CORS614", _quoted(ACAM, quoted), evidence, f"Write {quoted.strip(_QUOTES)} without quotes.")
    message = f"The server does not allow method {method}{said}."
    return Cause("CORS614", message, evidence, f'Add "{method}" to the server\'s allowed methods.')


def _quoted(name: str, item: str) -> str:
    return f"{name} lists {item} with quotes around it, which browsers treat as part of the name."


def _other_case(method: str, listed: str, evidence: str) -> Cause:
    if method == method.upper():
        message = f"The page sends {method}, but the server's list contains {listed}: browsers compare methods case-sensitively."
        return Cause("CORS624", message, evidence, f"Write {method} in uppercase in the server's allowed methods.")
    message = f"The page sends {method}, but the server allows {listed}: browsers compare methods case-sensitively."
    return Cause("CORS624", message, evidence, f"Write the method as {listed} in the page's code.")


def _headers(facts: Facts, said: str) -> list[Cause]:
    misspelled = spelling.misspelled(facts.headers, ACAH)
    if misspelled is not None:
        return [misspelled]
    allowed = {n.lower() for n in _listed(facts.headers, ACAH)}
    missing = [n for n in _asked_headers(facts) if n not in allowed]
    evidence = line(facts.headers, ACAH) or f"no {ACAH}"
    if "*" in allowed and not facts.credentials:
        missing = [n for n in missing if n == "authorization"]
    wrong = spelling.misplaced(missing)
    found = [spelling.misplaced_cause(wrong, [_as_typed(facts, n) for n in wrong])] if wrong else []
    missing = [n for n in missing if n not in wrong]
    if missing:
        found.append(_missing_headers(facts, missing, evidence, said, wildcard="*" in allowed))
    return found


def _missing_headers(facts: Facts, missing: list[str], evidence: str, said: str, *, wildcard: bool) -> Cause:
    if wildcard and missing == ["authorization"]:
        message = "The server lists only *, which does not cover Authorization."
        return Cause("CORS613", message, evidence)
    names = ", ".join(missing)
    quoted = ", ".join(f'"{_as_typed(facts, n)}"' for n in missing)
    advice = f"Add {quoted} to the server's allowed headers."
    tracing = [n for n in missing if is_tracing(n)]
    spoiled = next((q for n in missing if (q := nearness.quoted(_listed(facts.headers, ACAH), n)) is not None), None)
    if spoiled is not None:
        message, advice = _quoted(ACAH, spoiled), f"Write {spoiled.strip(_QUOTES)} without quotes."
    elif wildcard:
        message = f"With credentials, * in Access-Control-Allow-Headers is not a wildcard: {names} must be listed."
    elif tracing and tracing == missing:
        message = f"Tracing adds {names} to the request, but the server does not allow it{said}."
        advice += " Or limit tracing to your own origin (tracePropagationTargets, propagateTraceHeaderCorsUrls)."
    else:
        message = f"The server refuses header{'' if len(missing) == 1 else 's'} {names}{said}."
        message += f" Tracing adds {', '.join(tracing)}." if tracing else ""
    return Cause("CORS612", message, evidence, advice)


def _says_so(facts: Facts) -> str:
    """Return the error status as the end of a sentence, because browsers' messages do not show it; empty for 2xx."""
    return "" if facts.ok else f": it responds with a {status_line(facts.response).partition(' ')[0]}"


def _as_typed(facts: Facts, lower: str) -> str:
    """Return a header name as the probe spells it."""
    return next((n for n, _ in facts.probe.headers if n.lower() == lower), lower)


def _listed(headers: Headers, name: str) -> tuple[str, ...]:
    found = extract_list(headers, name)
    return () if found is None or isinstance(found, Extraction) else found
