"""Causes in Access-Control-Allow-Origin and Access-Control-Allow-Credentials of a response from the server itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.diagnosis import nearness
from corscheck.diagnosis.answers import body_text, line, speaks_cors, status_line
from corscheck.diagnosis.causes import spelling
from corscheck.diagnosis.facts import Cause
from corscheck.protocol.cors_check import ACAC, ACAO
from corscheck.protocol.headers import delta_seconds, get
from corscheck.protocol.origin import OPAQUE

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.diagnosis.facts import Asking, Facts
    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Headers

_HIT = re.compile(r"\bhit\b", re.IGNORECASE)
_SETTINGS = (
    (re.compile("is not an accepted origin"), "Add the origin to cors_allowed_origins of the Socket.IO server."),
    (
        re.compile("^Invalid Origin header$"),
        "If this is an MCP server (Python SDK): add the origin to allowed_origins of its TransportSecuritySettings.",
    ),
    (re.compile("CORSResponse: "), "Add the origin to AllowedOrigins in a CORSRule of the bucket."),
    (
        re.compile("^Invalid CORS request"),
        "If this is Spring: add the origin to allowedOrigins of its CorsConfiguration.",
    ),
    (re.compile("^Disallowed CORS origin"), "Add the origin to allow_origins of the CORSMiddleware."),
    (
        re.compile("CORS preflight request failed: "),
        "Add the origin to the defaults, or to the route, of aiohttp_cors.setup().",
    ),
)
"""Words of software whose setting is known."""

_CACHE_HEADERS = ("X-Cache", "CF-Cache-Status", "X-Cache-Status", "X-Proxy-Cache", "Cache-Status", "X-Vercel-Cache")


def copy(facts: Facts) -> Generator[Probe, Outcome | None, list[Cause] | None]:
    """Find out whether a cache answers with a copy. Return None if nothing says that a cache answers.

    The list is empty if the response is a copy, but the server itself does not allow the origin either.
    """
    cache = cached(facts.headers)
    if cache is None or not _cacheable(facts):
        return None
    control = yield from facts.experiments.past_caches()
    if control is not None and control.sign == "allowed":
        return [Cause("CORS617", "A cache serves a response that was stored for a request without this Origin.", cache)]
    spoken = speaks_cors(facts.headers)
    # A cached copy says little about the server.
    return [unlisted(facts, spoken)] if spoken is not None else []


def unlisted(facts: Facts, evidence: str | None, *, refused: bool = False) -> Cause:
    """Build the cause "CORS is configured, but not for this origin". If the server names a similar origin, say so.

    ``refused`` says that it answers other origins, or none, with another status.
    """
    responses = [facts.response, *(answered.response for answered in facts.experiments.done)]
    named = next((value for r in responses if (value := get(r.headers, ACAO)) not in (None, "*", facts.origin)), None)
    if named is not None and facts.origin in (parts := re.split(r"[,\s]+", named)) and len(parts) > 1:
        seen = "This response has no CORS headers" if facts.ok else f"This {status_line(facts.response)} bypasses CORS"
        message = f"{seen}, and in other responses {ACAO} appears {len(parts)} times ({named}): two layers add it."
        return Cause("CORS608", message, evidence)
    if facts.origin == OPAQUE:
        message = (
            'The page has an opaque origin ("null", from a file or a sandboxed frame), which the server does not allow.'
        )
        return Cause("CORS632", message, evidence)
    near = _near(named, facts.origin, evidence)
    if near is not None:
        return near
    if named and named != "*":
        return Cause("CORS615", f"The server allows {named}, not {facts.origin}.", evidence)
    text = body_text(facts.response)
    setting = next((setting for pattern, setting in _SETTINGS if pattern.search(text)), None)
    if refused:
        message = f"The server refuses requests from {facts.origin} with a {facts.status}: this origin is not allowed."
        return Cause("CORS615", message, evidence, setting)
    return Cause(
        "CORS615", f"The server has CORS enabled, but {facts.origin} is not an allowed origin.", evidence, setting
    )


def mismatch(facts: Facts) -> Asking:
    """Find out why Access-Control-Allow-Origin is present but is not the page's origin."""
    value, evidence = get(facts.headers, ACAO) or "", line(facts.headers, ACAO)
    odd = nearness.residue(value)
    code = facts.failure.code
    if code == "CORS302":
        return [
            Cause(
                "CORS610",
                'The server allows the origin "*", but a request with credentials needs the exact origin.',
                evidence,
            )
        ]
    parts = [p for p in re.split(r"[,\s]+", value) if p]
    if code == "CORS303" or "*" in parts[1:] or (parts[:1] == ["*"] and len(parts) > 1) or len(parts) > len(set(parts)):
        message = f"{ACAO} appears {len(parts) if len(parts) > 1 else 2} times: two layers add it."
        return [Cause("CORS608", message, evidence)]
    if code == "CORS304" and odd is None:
        listed = facts.origin in parts
        which = "the page's origin is one of them" if listed else "the page's origin is not one of them"
        return [Cause("CORS609", f"The server sends its whole list of origins as the origin; {which}.", evidence)]
    if odd is not None:
        return [
            Cause(
                "CORS616" if odd.startswith("has") else "CORS615",
                f"The server sends {value} as the origin. It {odd}.",
                evidence,
            )
        ]
    if nearness.is_pattern(value):
        return [
            Cause(
                "CORS609",
                f"The server sends the pattern {value} as the origin, but browsers do not match patterns.",
                evidence,
            )
        ]
    if nearness.is_placeholder(value):
        message = f'The server sends "{value}" as the origin: a setting is missing in this environment.'
        return [Cause("CORS615", message, evidence)]
    near = _near(value, facts.origin, evidence)
    if near is not None:
        return [near]
    if code == "CORS305":
        return []
    copy = cached(facts.headers)
    if copy is not None and _cacheable(facts):
        fresh = yield from facts.experiments.past_caches()
        if fresh is not None and fresh.sign == "allowed":
            message = f"A cache serves a response that was stored for {value}."
            return [Cause("CORS617", message, f"{evidence}\n{copy}")]
    return [unlisted(facts, evidence)]


def credentials(facts: Facts) -> list[Cause]:
    """Explain why the server allows the origin but not credentials."""
    misspelled = spelling.misspelled(facts.headers, ACAC)
    if misspelled is not None:
        return [misspelled]
    value = get(facts.headers, ACAC)
    where = "The preflight response" if facts.in_preflight else "The response"
    if value is None:
        message = f"{where} does not allow credentials: {ACAC} is missing."
        return [Cause("CORS611", message, f"no {ACAC}")]
    if value.lower() == "true":
        message = f'{where} has {ACAC} "{value}", but only lowercase "true" is valid.'
    else:
        message = f'{where} has {ACAC} "{value}", but only "true" is valid.'
    return [Cause("CORS611", message, line(facts.headers, ACAC))]


def cached(headers: Headers) -> str | None:
    """Return the header that shows that the response came from a cache, or None."""
    for name in _CACHE_HEADERS:
        value = get(headers, name)
        if value is not None and _HIT.search(value):
            return line(headers, name)
    age = get(headers, "Age")
    return line(headers, "Age") if delta_seconds(age) else None


def _cacheable(facts: Facts) -> bool:
    return not facts.in_preflight and facts.exchange.request.method == "GET"


def _near(value: str | None, origin: str, evidence: str | None) -> Cause | None:
    """Return the cause if the server's value is a misspelled form of the page's origin or differs in one part."""
    if not value:
        return None
    fault = nearness.spelling(value, origin)
    if fault is not None:
        advice = f"Configure it as {origin}."
        return Cause("CORS616", f"The server's origin {fault}: {value}. Browsers send {origin}.", evidence, advice)
    part = nearness.difference(value, origin)
    if part is not None:
        return Cause("CORS625", f"The server allows {value}, which differs from the page's origin in {part}.", evidence)
    return None
