"""Causes in the lists of a preflight response: a method or a request header that the server does not allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.facts import Cause, line, status_line
from corscheck.protocol.headers import Extraction, extract_list
from corscheck.protocol.preflight import ACAH, ACAM, ACRH, ACRM

if TYPE_CHECKING:
    from corscheck.diagnosis.facts import Facts
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
_TRACING_PREFIXES = ("x-b3-", "x-datadog-", "ot-tracer-", "x-ot-")


def unlisted(facts: Facts) -> list[Cause]:
    """Return the causes of a missing method and of missing headers, in this order."""
    found: list[Cause] = []
    if facts.failed("CORS405"):
        found.append(_method(facts))
    if facts.failed("CORS406") or facts.failed("CORS407"):
        found.append(_headers(facts))
    return found


def is_tracing(name: str) -> bool:
    """Whether a tracing library adds this header (W3C Trace Context, B3, Sentry, Datadog), not the page's own code."""
    return name in TRACING or name.startswith(_TRACING_PREFIXES)


def _method(facts: Facts) -> Cause:
    method = facts.exchange.request.get(ACRM) or facts.probe.method
    allowed = _listed(facts.headers, ACAM)
    evidence = line(facts.headers, ACAM) or f"no {ACAM}"
    near = next((m for m in allowed if m.upper() == method.upper()), None)
    if near is not None:
        message = f"The page sends {method}, the server allows {near}: methods compare with their case."
        return Cause("CORS624", message, evidence, f"Write the method as {near} in the page's code.")
    if "*" in allowed and facts.credentials:
        message = f"With credentials * in Access-Control-Allow-Methods is no wildcard: {method} must be named."
        return Cause("CORS614", message, evidence, f'Name "{method}" in Access-Control-Allow-Methods.')
    message = f"The server does not allow method {method}{_says_so(facts)}."
    return Cause("CORS614", message, evidence, f'Add "{method}" to the server\'s allowed methods.')


def _headers(facts: Facts) -> Cause:
    allowed = {n.lower() for n in _listed(facts.headers, ACAH)}
    asked = [n.strip().lower() for n in (facts.exchange.request.get(ACRH) or "").split(",") if n.strip()]
    missing = [n for n in dict.fromkeys(asked) if n not in allowed]
    evidence = line(facts.headers, ACAH) or f"no {ACAH}"
    if "*" in allowed and not facts.credentials:
        missing = [n for n in missing if n == "authorization"]
    if "*" in allowed and missing == ["authorization"]:
        message = "The server lists * alone, and that does not cover Authorization."
        return Cause("CORS613", message, evidence)
    names = ", ".join(missing)
    quoted = ", ".join(f'"{_as_typed(facts, n)}"' for n in missing)
    advice = f"Add {quoted} to the server's allowed headers."
    tracing = [n for n in missing if is_tracing(n)]
    if "*" in allowed:
        message = f"With credentials * in Access-Control-Allow-Headers is no wildcard: {names} must be named."
    elif tracing and tracing == missing:
        message = f"Tracing adds {names} to the request, and the server does not allow it{_says_so(facts)}."
        advice += " Or limit tracing to your own origin (tracePropagationTargets, propagateTraceHeaderCorsUrls)."
    else:
        message = f"The server refuses header{'' if len(missing) == 1 else 's'} {names}{_says_so(facts)}."
        message += f" Tracing adds {', '.join(tracing)}." if tracing else ""
    return Cause("CORS612", message, evidence, advice)


def _says_so(facts: Facts) -> str:
    """Return the error status as the end of a sentence, because browsers' messages do not show it; empty for 2xx."""
    return "" if facts.ok else f" and says so with a {status_line(facts.response).partition(' ')[0]}"


def _as_typed(facts: Facts, lower: str) -> str:
    """Return a header name as the probe spells it."""
    return next((n for n, _ in facts.probe.headers if n.lower() == lower), lower)


def _listed(headers: Headers, name: str) -> tuple[str, ...]:
    found = extract_list(headers, name)
    return () if found is None or isinstance(found, Extraction) else found
