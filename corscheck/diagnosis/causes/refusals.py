"""Causes of an error status: who refuses the request, and why the response has no CORS headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.diagnosis import controls
from corscheck.diagnosis.causes import allow_lists, allow_origin
from corscheck.diagnosis.facts import Cause, allows, body_text, first_answer, line, speaks_cors, status_line
from corscheck.protocol.headers import get
from corscheck.protocol.request import HTTPResponse
from corscheck.protocol.safelist import is_safelisted_method

if TYPE_CHECKING:
    from corscheck.diagnosis.facts import Asking, Facts

GATEWAY_ONLY = (502, 504, *range(520, 528))
"""Statuses that come only from a gateway in front of the application (520 to 527 are Cloudflare's)."""

GATEWAY_OR_NOT = (413, 429, 503)

_IN_FRONT = re.compile(
    r"^(nginx|openresty|cloudflare|cloudfront|awselb|envoy|istio-envoy|haproxy|varnish|akamai|kong|caddy|vercel|fly/)",
    re.IGNORECASE,
)
_CHALLENGE_HEADERS = ("cf-mitigated", "x-amzn-waf-action", "x-sucuri-block", "x-datadome")
_CHALLENGE_BODIES = re.compile(
    r"<title>Just a moment\.\.\.|Attention Required! \| Cloudflare|cf_chl_|cf-error-details|Incapsula incident ID|"
    r"_Incapsula_Resource|awsWafCookieDomainList|Pardon Our Interruption|The requested URL was rejected\. Please consult"
)
_REFUSES_ORIGIN = re.compile(
    r"Disallowed CORS origin|Not allowed by CORS|CORS policy for this site does not allow", re.IGNORECASE
)
_SPRING = re.compile(r"^\s*Invalid CORS request")


def refused(facts: Facts) -> Asking:
    """Return the cause of an error status: a firewall, the CORS layer, a gateway, or the application."""
    blocker = firewall(facts.response)
    if blocker is not None and facts.failed("CORS301"):
        what = "OPTIONS" if facts.in_preflight else "the request"
        return [Cause("CORS619", f"A firewall or bot check answers {what} itself with a {facts.status}.", blocker)]
    text = body_text(facts.response)
    if _REFUSES_ORIGIN.search(text):
        return (yield from _origin_refused(facts))
    if _SPRING.search(text):
        return (yield from _spring(facts))
    gateway = _gateway(facts)
    if gateway is not None:
        return [Cause("CORS604", gateway, _server(facts))]
    if facts.in_preflight:
        return (yield from _preflight(facts))
    return (yield from _error(facts))


def _preflight(facts: Facts) -> Asking:
    listed = allow_lists.unlisted(facts)
    if listed and not facts.failed("CORS301") and (speaks_cors(facts.headers) is not None):
        # The CORS layer itself refuses with an error status.
        return listed
    status, seen = facts.status, status_line(facts.response)
    if status == 401 or (status == 403 and get(facts.headers, "WWW-Authenticate") is not None):
        evidence = line(facts.headers, "WWW-Authenticate") or seen
        message = f"OPTIONS is asked for a login ({status}): authentication runs before CORS."
        return [Cause("CORS601", message, evidence)]
    if status == 403:
        return (yield from _forbidden(facts))
    if status in (404, 405, 501):
        return (yield from _unrouted(facts))
    if status >= 500:
        return [Cause("CORS629", f"The server fails on OPTIONS with a {seen}.", seen)]
    return []


def _forbidden(facts: Facts) -> Asking:
    """Find out whether a 403 comes from an access check before CORS, or from the CORS layer refusing the origin."""
    spoken = speaks_cors(facts.headers)
    if spoken is not None and facts.failed("CORS301"):
        return [allow_origin.unlisted(facts, spoken)]
    answer = first_answer((yield controls.without_origin(facts.probe, facts.url)))
    if answer is not None and (200 <= answer.status <= 299 or answer.status == 401):
        message = f"OPTIONS is refused with a 403, a GET gets a {answer.status}: an access check runs before CORS."
        return [Cause("CORS601", message, status_line(facts.response))]
    return [Cause("CORS630", "Something answers OPTIONS with a 403 and does not say why.", status_line(facts.response))]


def _unrouted(facts: Facts) -> Asking:
    seen = status_line(facts.response)
    allow = line(facts.headers, "Allow")
    if facts.status == 404 and facts.probe.method.upper() in controls.SAFE:
        answer = first_answer((yield controls.without_origin(facts.probe, facts.url)))
        if answer is not None and answer.status == 404:
            return [Cause("CORS631", "There is nothing at this URL: a GET is answered with a 404 too.", seen)]
    message = f"Nobody answers OPTIONS here: the server says {seen}."
    return [Cause("CORS602", message, allow or seen)]


def _error(facts: Facts) -> Asking:
    """Find out whether an error response without CORS headers bypasses CORS or CORS is not configured at all."""
    seen = status_line(facts.response)
    without = f"This {seen} has no CORS headers"
    if facts.preflight_passed:
        return [Cause("CORS603", f"{without}, the preflight had them: the error bypasses CORS.", seen)]
    if speaks_cors(facts.headers) is not None:
        return [allow_origin.unlisted(facts, speaks_cors(facts.headers))]
    control = yield controls.preflight_alone(facts.probe, facts.url)
    if allows(control, facts.probe.origin):
        return [Cause("CORS603", f"{without}, a preflight gets them: the error bypasses CORS.", seen)]
    return allow_origin.by_preflight(facts, control)


def _origin_refused(facts: Facts) -> Asking:
    """Explain a body that says that the origin is refused. A control tries the origin with a trailing slash."""
    said = f"{status_line(facts.response)}: {' '.join(body_text(facts.response).split())[:80]}"
    control = controls.from_origin(facts.probe, f"{facts.probe.origin}/", in_preflight=facts.in_preflight)
    outcome = (yield control) if control is not None and facts.probe.origin != "null" else None
    answer = first_answer(outcome)
    slash = f"{facts.probe.origin}/"
    if answer is not None and get(answer.headers, "Access-Control-Allow-Origin") == slash:
        message = f"The server's list has {slash}, with a slash; browsers send {facts.probe.origin}."
        return [Cause("CORS616", message, said)]
    return [allow_origin.unlisted(facts, said)]


def _spring(facts: Facts) -> Asking:
    """Explain Spring's refusal, which has one text for origin, method and header. A simple GET tells them apart."""
    said = f"{status_line(facts.response)}: Invalid CORS request"
    if facts.in_preflight and allows((yield controls.simple(facts.probe, facts.url)), facts.probe.origin):
        asked = facts.exchange.request.get("Access-Control-Request-Method") or facts.probe.method
        if not is_safelisted_method(asked):
            message = f"The server knows this origin, but refuses method {asked} (or a header) with a {facts.status}."
            return [Cause("CORS614", message, said)]
        names = facts.exchange.request.get("Access-Control-Request-Headers")
        return [Cause("CORS612", f"The server knows this origin, but refuses {names} with a {facts.status}.", said)]
    return [allow_origin.unlisted(facts, said)]


def firewall(response: HTTPResponse) -> str | None:
    """Return what identifies a firewall or bot check that sent the response: a header, its page, or its login URL."""
    for name in _CHALLENGE_HEADERS:
        found = line(response.headers, name)
        if found is not None:
            return found
    location = get(response.headers, "Location")
    if location is not None and ".cloudflareaccess.com/" in location:
        return line(response.headers, "Location")
    said = _CHALLENGE_BODIES.search(body_text(response))
    return f"body: {said.group()}" if said is not None else None


def _gateway(facts: Facts) -> str | None:
    """Return a sentence if a gateway in front of the application sent the response, or None."""
    seen, server = status_line(facts.response), get(facts.headers, "Server") or ""
    if facts.failed("CORS301") and facts.status in GATEWAY_ONLY:
        return f"A gateway answers with a {seen} of its own: the application behind it did not."
    if not facts.failed("CORS301") or facts.status not in GATEWAY_OR_NOT:
        return None
    others = {
        get(e.answer.headers, "Server")
        for e in facts.outcome.exchanges
        if e is not facts.exchange and isinstance(e.answer, HTTPResponse)
    }
    if _IN_FRONT.search(server) or (others - {server, None} and server):
        return f"{server} answers with a {seen} of its own, without CORS headers."
    return None


def _server(facts: Facts) -> str:
    return line(facts.headers, "Server") or status_line(facts.response)
