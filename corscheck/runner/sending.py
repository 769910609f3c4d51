"""What goes out beside what the protocol demands: a browser's usual headers, stored credentials, and whether to send.

Servers decide on some of these headers, so a probe that left them out would see other answers than a browser does. What
may be sent at all is decided here too: a request that may change data goes out only when it was asked for.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from corscheck._version import __version__
from corscheck.model.masking import is_secret_header
from corscheck.protocol.origin import OPAQUE, is_potentially_trustworthy, parse_url, same_origin, same_site
from corscheck.transports.base import WireRequest

if TYPE_CHECKING:
    from corscheck.model.values import Probe
    from corscheck.protocol.request import Header, Headers, HTTPRequest
from corscheck.model.suffixes import registrable_domain

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


USER_AGENT = f"corscheck/{__version__}"


ACCEPT_LANGUAGE = "en-US,en;q=0.9"


PLACEHOLDER = "withheld-by-corscheck"
"""Stands for a secret-looking custom header on a redirect to another origin: verdicts depend on names only."""


def may_send(request: HTTPRequest, probe: Probe) -> bool:
    """Whether this request may be sent under ``--send`` (DESIGN: safe by default)."""
    if request.kind == "preflight":
        return True
    if probe.send == "never":
        return False
    return probe.send == "always" or request.method in SAFE_METHODS or (probe.body is not None and probe.body_asked)


def dress(request: HTTPRequest, probe: Probe, user_agent: str | None = None) -> WireRequest:
    """The complete request: the protocol's headers, then what a browser adds where script has not set it."""
    url = parse_url(request.url)
    headers = _withhold(request)
    given = {n.lower() for n, _ in headers}
    added: list[Header] = []

    def add(name: str, value: str) -> None:
        if name.lower() not in given:
            added.append((name, value))

    add("Accept", "*/*")
    add("Accept-Language", ACCEPT_LANGUAGE)
    if request.page_origin != OPAQUE:
        add("Referer", request.page_origin + "/")
    if is_potentially_trustworthy(url):
        add("Sec-Fetch-Mode", request.mode)
        add("Sec-Fetch-Site", fetch_site(request))
        add("Sec-Fetch-Dest", "empty")
    add("User-Agent", user_agent or USER_AGENT)
    if request.credentials:
        for name, value in _stored_credentials(request, probe):
            add(name, value)
    return WireRequest(
        method=request.method,
        url=url.without_fragment,
        headers=(*headers, *added),
        body=request.body,
        send_to=probe.via if request.hop == 0 or _same_place(request, probe) else None,
        new_connection=request.new_connection,
    )


def _same_place(request: HTTPRequest, probe: Probe) -> bool:
    """``--via`` stands for the probe's own host: a redirect that stays there goes the same way."""
    return probe.via is not None and parse_url(request.url).origin == parse_url(request.url_list[0]).origin


def fetch_site(request: HTTPRequest) -> str:
    """``Sec-Fetch-Site`` (Fetch Metadata): the worst relation between the page and any URL of the chain."""
    worst = "same-origin"
    for text in request.url_list:
        origin = parse_url(text).origin
        if same_origin(origin, request.page_origin):
            continue
        if not same_site(origin, request.page_origin, registrable_domain):
            return "cross-site"
        worst = "same-site"
    return worst


def _withhold(request: HTTPRequest) -> Headers:
    """On a redirect to another origin, secret-looking custom headers go along with a placeholder for their value."""
    if request.hop == 0 or parse_url(request.url).origin == parse_url(request.url_list[0]).origin:
        return request.headers
    return tuple(
        (n, PLACEHOLDER) if n.lower() != "authorization" and is_secret_header(n) else (n, v) for n, v in request.headers
    )


def _stored_credentials(request: HTTPRequest, probe: Probe) -> list[Header]:
    """``-u`` and ``-b`` stay with the host they were given for."""
    if parse_url(request.url).host != parse_url(request.url_list[0]).host:
        return []
    found: list[Header] = []
    if probe.user is not None:
        pair = f"{probe.user}:{probe.password or ''}".encode()
        found.append(("Authorization", "Basic " + base64.b64encode(pair).decode("ascii")))
    if probe.cookies is not None:
        found.append(("Cookie", probe.cookies))
    return found
