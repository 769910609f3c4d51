"""Causes of an error status: a firewall, a gateway, a login, a router or the application answers, not the CORS layer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.diagnosis.answers import allows, body_text, line, speaks_cors, status_line
from corscheck.diagnosis.experiments import SAFE
from corscheck.diagnosis.facts import Cause
from corscheck.diagnosis.words import quote_of, refuses_host
from corscheck.protocol.headers import get
from corscheck.protocol.origin import parse_url
from corscheck.protocol.request import HTTPResponse

if TYPE_CHECKING:
    from corscheck.diagnosis.experiments import Answered
    from corscheck.diagnosis.facts import Facts

GATEWAY_ONLY = (502, 504, *range(520, 528), 530)
"""Statuses that come only from a gateway in front of the application (520 to 530 are Cloudflare's)."""

GATEWAY_OR_NOT = (413, 429, 503)

_IN_FRONT = re.compile(
    r"^(nginx|openresty|cloudflare|cloudfront|awselb|envoy|istio-envoy|haproxy|varnish|akamai|kong|caddy|vercel|fly/)",
    re.IGNORECASE,
)
_CHALLENGE_HEADERS = ("cf-mitigated", "x-amzn-waf-action", "x-sucuri-block", "x-datadome")
_CHALLENGE_BODIES = re.compile(
    r"<title>Just a moment\.\.\.|Attention Required! \| Cloudflare|cf_chl_|Incapsula incident ID|"
    r"_Incapsula_Resource|awsWafCookieDomainList|Pardon Our Interruption|The requested URL was rejected\. Please consult"
)
_CLOUDFLARE_ERROR = re.compile(r"cf-error-details|\Aerror code: 1?\d{3}\b")
"""Cloudflare's page, or its one line, for every error: the firewall's and those of the server behind it."""

_CLOUDFLARE_CODE = re.compile(r"(?:>|code: |Error )(1\d{3})\b")
_CLOUDFLARE_FIREWALL = ("1005", "1006", "1007", "1008", "1009", "1010", "1011", "1012", "1020", "1106")
"""Codes by which Cloudflare says that a rule of the site's owner refuses the visitor."""

_OWN_PAGES = ("ngrok-error-code", "x-railway-fallback", "x-vercel-error")
"""Headers of answers that a tunnel or a platform sends in place of the application's."""

_PLAIN_HTTP = re.compile(
    r"plain HTTP request was sent to HTTPS port|sent an HTTP request to an HTTPS server|"
    r"speaking plain HTTP to an SSL-enabled|combination of host and port requires TLS"
)

_NO_OPTIONS = ("script.google.com", "script.googleusercontent.com")
"""Hosts whose users cannot answer OPTIONS: a web app of Google Apps Script has functions for GET and POST only."""

AVOID_PREFLIGHT = (
    "Send a simple request, which needs no preflight: GET, or POST with Content-Type text/plain "
    "(or application/x-www-form-urlencoded) and no custom headers."
)


def in_front(facts: Facts) -> Cause | None:
    """Return the cause if a firewall or a gateway answered instead of the server, or None."""
    if not facts.failed("CORS301"):
        return None
    own = next((found for name in _OWN_PAGES if (found := line(facts.headers, name)) is not None), None)
    if own is not None and not own.endswith(" NOT_FOUND"):
        message = (
            f"A tunnel or platform in front of the application responded with its own {facts.status} ({own}); the "
            "application did not respond."
        )
        return Cause("CORS604", message, own)
    if facts.ok:
        return None
    blocker = firewall(facts.response)
    if blocker is not None:
        what = "OPTIONS" if facts.in_preflight else "the request"
        return Cause("CORS619", f"A firewall or bot check responds to {what} itself with a {facts.status}.", blocker)
    gateway = _gateway(facts)
    if gateway is not None:
        return Cause("CORS604", gateway, line(facts.headers, "Server") or status_line(facts.response))
    return None


def asks_for_login(facts: Facts) -> bool:
    """Whether the response asks for a login."""
    return facts.status == 401 or (facts.status == 403 and get(facts.headers, "WWW-Authenticate") is not None)


def by_status(
    facts: Facts, evidence: str | None = None, *, certain: bool = True, logged_in: Answered | None = None
) -> Cause:
    """Return the cause that the status of an error response names, for a response of which no CORS layer knows.

    ``certain`` is unset if the experiments left other causes possible. ``logged_in`` is a GET with the page's own headers.
    """
    if not facts.in_preflight:
        return _of_request(facts, evidence)
    return _of_preflight(facts, evidence, certain=certain, logged_in=logged_in)


def _of_preflight(facts: Facts, evidence: str | None, *, certain: bool, logged_in: Answered | None) -> Cause:
    status, seen = facts.status, status_line(facts.response)
    if asks_for_login(facts):
        evidence = line(facts.headers, "WWW-Authenticate") or seen
        message = f"The server requires a login for the preflight ({status}): authentication runs before CORS."
        return Cause("CORS601", message, evidence)
    get_status = _status_of_get(facts)
    if logged_in is not None and 200 <= logged_in.status <= 299 and get_status in (400, 401, 403, 404):
        message = (
            f"OPTIONS is refused with a {status}, and a GET with a {get_status}. A GET with the page's own headers, "
            f"which a preflight never carries, gets a {logged_in.status}: authentication runs before CORS."
        )
        return Cause("CORS601", message, evidence or seen)
    api_gateway = "MissingAuthenticationToken" in (get(facts.headers, "x-amzn-errortype") or "")
    if status in (403, 407) and not api_gateway and certain and get_status is not None and get_status != status:
        message = f"OPTIONS is refused with a {status}, but a GET gets a {get_status}: an access rule runs before CORS."
        return Cause("CORS601", message, evidence or seen)
    if status == 429:
        return _too_many(facts, "OPTIONS")
    if api_gateway:
        message = "API Gateway has no OPTIONS method at this path, which it reports as Missing Authentication Token."
        return Cause("CORS602", message, line(facts.headers, "x-amzn-errortype"))
    if status == 403 and certain and get_status == status:
        message = "OPTIONS is refused with a 403, and so is a GET with or without an Origin: an access rule decides, not CORS."
        return Cause(
            "CORS630", message, evidence or seen, "Change the access rule to admit the request, including OPTIONS."
        )
    if status == 403:
        message = (
            "OPTIONS is refused with a 403: either by an access rule before the CORS layer, or by a CORS layer that "
            "does not allow this origin."
        )
        return Cause("CORS630", message, evidence or seen)
    if status >= 500 and status != 501:
        return Cause("CORS629", f"The server fails on OPTIONS: it responds with {seen}.", evidence or seen)
    allow = line(facts.headers, "Allow")
    spoken = speaks_cors(facts.headers)
    get_answer = facts.experiments.answer("simple")
    if (
        spoken is not None
        and get_answer is not None
        and get_answer.sign != "allowed"
        and not allows(facts.response, facts.origin)
    ):
        message = (
            f"The {seen} has the CORS layer's {spoken.partition(':')[0]} header, but allows no origin. Either "
            f"{facts.origin} is not on the server's list and the preflight falls through to the router, or nothing "
            "here handles OPTIONS."
        )
        return Cause("CORS615", message, evidence or seen)
    message = f"Nothing at this URL handles OPTIONS: the server responds with {seen}."
    if status in (404, 410) and get_status in (404, 410):
        if facts.probe.method.upper() in SAFE:
            message = f"There is nothing at this URL: a GET gets a {get_status} too."
            return Cause("CORS631", message, evidence or seen)
        message += f" A GET gets a {get_status} too: either the path is wrong, or it accepts only {facts.probe.method}."
    told = "\n".join(part for part in (allow, evidence) if part)
    return Cause("CORS602", message, told or seen, unrouted_advice(facts))


def _of_request(facts: Facts, evidence: str | None) -> Cause:
    status, seen, method = facts.status, status_line(facts.response), facts.exchange.request.method
    if status in (401, 407) or asks_for_login(facts):
        message = (
            f"The server requires a login for every request ({status}), including preflights: authentication runs "
            "before CORS."
        )
        # A rule that lets OPTIONS pass does not give this answer any CORS header.
        advice = "Put the CORS layer outside authentication, so that refused requests get CORS headers too."
        return Cause("CORS601", message, line(facts.headers, "WWW-Authenticate") or evidence or seen, advice)
    if status == 304:
        return not_modified(facts)
    if status == 429:
        return _too_many(facts, f"this {method}")
    if status in (404, 410):
        message = f"There is nothing at this URL: {method} gets a {status}, and so does OPTIONS."
        return Cause("CORS631", message, evidence or seen)
    if status == 403 and method not in SAFE:
        message = (
            f"The server refuses this {method} with a 403 of its own, for example from an access rule or a CSRF "
            "check. The response has no CORS headers, so the page cannot see the status."
        )
        return Cause(
            "CORS630", message, evidence or seen, "Change that check to admit the request, or send what it requires."
        )
    if status == 403:
        message = (
            f"The server refuses this {method} with a 403, with or without an Origin: an access rule decides, not "
            "CORS. The response has no CORS headers, so the page cannot see the status."
        )
        return Cause(
            "CORS630", message, evidence or seen, "Change the access rule to admit the request, or log in first."
        )
    spoken = speaks_cors(facts.headers)
    if spoken is not None:
        message = (
            f"This {seen} has the CORS layer's {spoken.partition(':')[0]} header, but allows no origin. Either the "
            "origin is not on the server's list, or errors bypass part of CORS. A request that succeeds shows which."
        )
        return Cause("CORS615", message, evidence or seen)
    message = f"The {method} gets a {seen} without CORS headers, and the response to OPTIONS has none either."
    mend_first = (
        "Fix the error first: the server's log says why it fails. Only a successful response tells more about CORS."
    )
    return Cause("CORS621", message, evidence or seen, mend_first if status >= 500 else None)


def _too_many(facts: Facts, what: str) -> Cause:
    message = f"A rate limit rejects {what} with a 429 before the CORS layer runs."
    advice = "Send fewer requests, and apply the limit inside the CORS layer, so that the page can read the 429."
    return Cause("CORS604", message, line(facts.headers, "Retry-After") or quote_of(facts.response), advice)


def not_about_cors(facts: Facts) -> Cause | None:
    """Return the cause where an error says that it is about the host name, or about http where https is spoken."""
    if facts.ok:
        return None
    if _PLAIN_HTTP.search(body_text(facts.response)):
        better = f"https{facts.url.removeprefix('http')}"
        message = "The port expects https, but the request uses http."
        return Cause("CORS606", message, quote_of(facts.response), f"Request the https URL: {better}")
    if not refuses_host(facts.response):
        return None
    name = parse_url(facts.url).host
    message = f"The server refuses the host name of the URL, {name}, before the CORS layer runs: every page gets a {facts.status}."
    advice = (
        f"Add {name} to the server's allowed hosts (Django ALLOWED_HOSTS, Vite server.allowedHosts), or request an "
        "allowed host name."
    )
    return Cause("CORS630", message, quote_of(facts.response), advice)


def not_modified(facts: Facts) -> Cause:
    """Return the cause for a 304 without CORS headers."""
    return Cause("CORS636", "The 304 Not Modified response lacks the CORS headers.", status_line(facts.response))


def unrouted_advice(facts: Facts) -> str | None:
    """Return the advice where no setting can make the server answer OPTIONS; None for the code's own advice."""
    return AVOID_PREFLIGHT if parse_url(facts.url).host in _NO_OPTIONS else None


def _status_of_get(facts: Facts) -> int | None:
    """Return the status of a GET from the page, or else of one without Origin; None if there was none."""
    answered = facts.experiments.answer("simple") or facts.experiments.answer("without origin")
    return answered.status if answered is not None else None


def firewall(response: HTTPResponse) -> str | None:
    """Return what identifies a firewall or bot check that sent the response: a header, its page, or its login URL."""
    for name in _CHALLENGE_HEADERS:
        found = line(response.headers, name)
        if found is not None:
            return found
    location = get(response.headers, "Location")
    if location is not None and ".cloudflareaccess.com/" in location:
        return line(response.headers, "Location")
    text = body_text(response)
    said = _CHALLENGE_BODIES.search(text)
    if said is None and response.status == 403:
        code = _CLOUDFLARE_CODE.search(text)
        said = _CLOUDFLARE_ERROR.search(text) if code is None or code[1] in _CLOUDFLARE_FIREWALL else None
    return f"body: {said.group()}" if said is not None else None


def _gateway(facts: Facts) -> str | None:
    """Return a sentence if a gateway in front of the application sent the response, or None."""
    seen, server = status_line(facts.response), get(facts.headers, "Server") or ""
    page = _CLOUDFLARE_ERROR.search(body_text(facts.response)) is not None
    if facts.status in GATEWAY_ONLY or (page and facts.status != 404):
        return f"A gateway responds with its own {seen}: the application behind it did not respond."
    if facts.status not in GATEWAY_OR_NOT:
        return None
    others = {
        get(e.answer.headers, "Server")
        for e in facts.outcome.exchanges
        if e is not facts.exchange and isinstance(e.answer, HTTPResponse)
    }
    if _IN_FRONT.search(server) or (others - {server, None} and server):
        return f"{server} responds with its own {seen}, without CORS headers."
    return None
