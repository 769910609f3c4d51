"""Completes requests as a browser would: its usual headers and stored credentials. Decides whether to send them.

Servers decide on some of these headers, so a probe that left them out would see other answers than a browser does. What
may be sent at all is decided here too: a request that may change data goes out only when it was asked for.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from corscheck._version import __version__
from corscheck.model.masking import is_secret_header, mask_header
from corscheck.model.suffixes import registrable_domain
from corscheck.protocol.cache import effective_mode
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.headers import get
from corscheck.protocol.origin import OPAQUE, is_potentially_trustworthy, parse_url, same_origin, same_site
from corscheck.protocol.preflight import ACRH
from corscheck.transports.base import WireRequest

if TYPE_CHECKING:
    from corscheck.model.values import Probe
    from corscheck.protocol.engines import Rules
    from corscheck.protocol.origin import URL
    from corscheck.protocol.request import CacheMode, Header, Headers, HTTPRequest

_NO_CACHE: Headers = (("Pragma", "no-cache"), ("Cache-Control", "no-cache"))
_CACHE_HEADERS: dict[CacheMode, Headers] = {
    "no-cache": (("Cache-Control", "max-age=0"),),
    "no-store": _NO_CACHE,
    "reload": _NO_CACHE,
}

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

USER_AGENT = f"corscheck/{__version__}"

ACCEPT_LANGUAGE = "en-US,en;q=0.9"

PLACEHOLDER = "withheld-by-corscheck"
"""Replaces the value of a secret-looking custom header on a redirect to another origin; verdicts depend on names only."""


def may_send(request: HTTPRequest, probe: Probe) -> bool:
    """Whether ``--send`` allows this request: by default a request that may change data is held back."""
    if request.kind == "preflight":
        return True
    if probe.send == "never":
        return False
    return probe.send == "always" or request.method in SAFE_METHODS or (probe.body is not None and probe.body_asked)


def dress(request: HTTPRequest, probe: Probe, user_agent: str | None = None) -> WireRequest:
    """Return the complete request: the protocol's headers, then those that a browser adds unless script set them."""
    url = parse_url(request.url)
    rules = ENGINES[probe.engine].rules
    headers = _with_cache_headers(_withhold(request, probe, rules), request, probe, rules)
    given = {n.lower() for n, _ in headers}
    added: list[Header] = []

    def add(name: str, value: str) -> None:
        if name.lower() not in given:
            added.append((name, value))
            given.add(name.lower())

    add("Accept", "*/*")
    add("Accept-Encoding", _encodings(given, url, rules))
    add("Accept-Language", ACCEPT_LANGUAGE)
    if request.page_origin != OPAQUE:
        add("Referer", request.page_origin + "/")
    if is_potentially_trustworthy(url):
        add("Sec-Fetch-Mode", request.mode)
        add("Sec-Fetch-Site", fetch_site(request))
        add("Sec-Fetch-Dest", "empty")
    if rules.priority is not None:
        add("Priority", rules.priority)
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


def _encodings(given: set[str], url: URL, rules: Rules) -> str:
    """Return the Accept-Encoding: none for a part of a resource, the newer ones where no old proxy can be in between."""
    if "range" in given:
        return "identity"
    secure = url.scheme == "https" if rules.encodings_by_scheme else is_potentially_trustworthy(url)
    return rules.encodings_to_trustworthy if secure else "gzip, deflate"


def _with_cache_headers(headers: Headers, request: HTTPRequest, probe: Probe, rules: Rules) -> Headers:
    """Add what the cache mode adds: https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch, before step 8.20."""
    if request.kind == "preflight" and not rules.preflight_has_cache_headers:
        return headers
    # A preflight has no conditional header: it asks for one.
    names = (request.get(ACRH) or "").split(",") if request.kind == "preflight" else [n.lower() for n, _ in headers]
    mode = effective_mode(probe.cache, names, rules)
    for name, value in _CACHE_HEADERS.get(mode, ()):
        if get(headers, name) is None:
            headers = (*headers, (name, value))
    return headers


def _same_place(request: HTTPRequest, probe: Probe) -> bool:
    """Whether a redirect stays at the probe's own origin, which ``--via`` replaces."""
    return probe.via is not None and parse_url(request.url).origin == parse_url(request.url_list[0]).origin


def fetch_site(request: HTTPRequest) -> str:
    """Return ``Sec-Fetch-Site``: the most distant relation between the page and any URL of the redirect chain (Fetch Metadata)."""
    worst = "same-origin"
    for text in request.url_list:
        origin = parse_url(text).origin
        if same_origin(origin, request.page_origin):
            continue
        if not same_site(origin, request.page_origin, registrable_domain):
            return "cross-site"
        worst = "same-site"
    return worst


def _withhold(request: HTTPRequest, probe: Probe, rules: Rules) -> Headers:
    """Return the headers; on a redirect to another origin, a placeholder replaces the values that are masked."""
    headers = request.headers
    if request.kind == "preflight" and rules.preflight_has_user_agent and (own := get(probe.headers, "User-Agent")):
        headers = (*headers, ("User-Agent", own))
    if request.hop == 0 or parse_url(request.url).origin == parse_url(request.url_list[0]).origin:
        return headers
    return tuple(
        (n, PLACEHOLDER) if n.lower() in probe.secret_headers or _is_secret(n, v) else (n, v) for n, v in headers
    )


def _is_secret(name: str, value: str) -> bool:
    # The protocol takes Authorization away itself.
    return name.lower() != "authorization" and (is_secret_header(name) or mask_header(name, value) != value)


def _stored_credentials(request: HTTPRequest, probe: Probe) -> list[Header]:
    """Return the headers for ``-u`` and ``-b`` that belong to this URL.

    Basic credentials belong to scheme, host and port (RFC 9110, section 11.5), cookies to the host with any port
    (RFC 6265, section 8.5). A redirect elsewhere is sent neither.
    """
    url, first = parse_url(request.url), parse_url(request.url_list[0])
    found: list[Header] = []
    if probe.user is not None and url.origin == first.origin:
        pair = f"{probe.user}:{probe.password or ''}".encode("utf-8", "surrogateescape")
        found.append(("Authorization", "Basic " + base64.b64encode(pair).decode("ascii")))
    if probe.cookies is not None and url.host == first.host:
        found.append(("Cookie", probe.cookies))
    return found
