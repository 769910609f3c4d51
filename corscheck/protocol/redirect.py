"""HTTP-redirect fetch: where a redirect leads, and the method, headers, body and origin of the next request.

Sources: https://fetch.spec.whatwg.org/#concept-http-redirect-fetch (``redirect:1`` to ``22``), and in the same document
``#concept-response-location-url`` and ``#concept-request-tainted-origin``.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.protocol.blocking import is_mixed_content
from corscheck.protocol.engines import STANDARD, Rules
from corscheck.protocol.headers import get_all
from corscheck.protocol.origin import (
    HTTP_SCHEMES,
    OPAQUE,
    URL,
    RegistrableDomain,
    URLError,
    parse_url,
    same_origin,
    same_site,
)
from corscheck.protocol.safelist import strip_authorization, strip_body_headers
from corscheck.protocol.spelling import spelled

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Tainting
    from corscheck.protocol.request import Headers, HTTPRequest, Mode, Redirect, Request

STATUSES = (301, 302, 303, 307, 308)
LIMIT = 20
Taint: TypeAlias = Literal["same-origin", "same-site", "cross-site"]


class Location(Struct, frozen=True):
    """The ``Location`` of a response.

    ``value`` is the field as received, several fields joined with ", ", or None if there is none. ``url`` is the parsed
    target; None with ``value`` set means that the value does not parse.
    """

    value: str | None
    url: URL | None


class Hop(Struct, frozen=True):
    """The request at the time a redirect response arrives. ``count`` is the number of redirects followed so far.

    ``request`` is what the page asked for.
    """

    page_origin: str
    mode: Mode
    tainting: Tainting
    url: URL
    count: int
    method: str
    headers: Headers
    body: bytes | None
    stream: bool
    redirect: Redirect
    request: Request | None = None


class Follow(Struct, frozen=True):
    """Follow the redirect: the next request. Its ``Origin`` and its preflight are decided by main fetch."""

    url: URL
    method: str
    headers: Headers
    body: bytes | None
    stream: bool


class Deliver(Struct, frozen=True):
    """Deliver the response to the page instead of following it.

    ``returned-as-is`` is a redirect status without a usable Location, ``not-a-redirect`` any other status.
    """

    kind: Literal["returned-as-is", "opaque-redirect", "not-a-redirect"]


class Refuse(Struct, frozen=True):
    """Fail with a network error: its code, the offending Location value (None if absent), and a message."""

    code: str
    value: str | None
    message: str


def locate(headers: Headers, base: URL, rules: Rules = STANDARD) -> Location:
    """Parse the ``Location`` header against ``base``: https://fetch.spec.whatwg.org/#concept-response-location-url.

    Returns a ``Location`` without ``url`` if the value does not parse; it does not raise.
    """
    values = get_all(headers, "Location")
    if not values:
        return Location(None, None)
    joined = ", ".join(values)
    # Step 2: Location is a single header; sent twice it is a failure. Chromium and Firefox accept identical fields:
    # identical_locations_count_once in departures.py.
    if len(values) > 1 and not (rules.identical_locations_count_once and len(set(values)) == 1):
        return Location(joined, None)
    text = _escape(values[0], rules)
    try:
        url = spelled(parse_url(text, base.href), rules)
        # Step 4: the target inherits the fragment only if it has none. An empty one ("#") counts as a fragment.
        if base.fragment and not url.fragment and "#" not in text:
            url = parse_url(url.href + base.fragment)
    except URLError:
        return Location(joined, None)
    return Location(values[0], url)


def _escape(value: str, rules: Rules) -> str:
    """Percent-encode the bytes of a ``Location`` that are not ASCII, each by itself: they need not be UTF-8.

    The URL parser would encode U+00E9 as %C3%A9; browsers ask for %E9 (WPT: redirect-location-escape). Firefox encodes
    blanks and control characters too: location_escapes_controls in departures.py.
    """
    lowest = "!" if rules.location_escapes_controls else "\0"
    highest = "~" if rules.location_escapes_controls else "\x7f"
    return "".join(char if lowest <= char <= highest else f"%{ord(char):02X}" for char in value)


def is_redirect(status: int, location: Location, rules: Rules = STANDARD) -> bool:
    """Whether the engine treats a response as a redirect: a redirect status and a ``Location`` header."""
    if status not in STATUSES or location.value is None:
        return False
    # An empty Location resolves to the same URL, which loops. Chromium: empty_location_delivers in departures.py.
    return not (rules.empty_location_delivers and not location.value)


def refused_first(location: Location, request: Request | None, rules: Rules) -> bool:
    """Whether the engine rejects this Location before the CORS check.

    ``request`` is what the page asked for; None for the redirect of a preflight, which is never followed. See
    ``mixed_content_before_redirect_check`` and ``locations_refused_first`` in departures.py.
    """
    url, mixed_first = location.url, rules.mixed_content_before_redirect_check
    if mixed_first and url is not None and request is not None and is_mixed_content(request, url, rules):
        return True
    schemes = rules.locations_refused_first
    if schemes is None or location.value is None:
        return False
    return location.url is None or location.url.scheme in schemes


def is_refused_ftp(location: Location, rules: Rules) -> bool:
    """Whether the engine rejects a Location to ftp: in every redirect mode: ``ftp_location_fails_in_every_mode``."""
    return rules.ftp_location_fails_in_every_mode and location.url is not None and location.url.scheme == "ftp"


def http_redirect_fetch(hop: Hop, status: int, headers: Headers, rules: Rules = STANDARD) -> Follow | Deliver | Refuse:
    """Decide what to do with a response after the CORS check: ``http-fetch:6`` and ``redirect:1`` to ``22``.

    Only a "cors" tainted hop has had a CORS check; a same-origin hop has not.
    """
    # http-fetch:6: 300, 304 and 305 are not redirect statuses, with or without a Location.
    if status not in STATUSES:
        return Deliver("not-a-redirect")
    location = locate(headers, hop.url, rules)
    goes = is_redirect(status, location, rules)
    # Chromium, before it looks at the redirect mode: malformed_location_fails_in_every_mode in departures.py.
    if goes and location.url is None and rules.malformed_location_fails_in_every_mode:
        return _bad_location(location.value)
    if goes and is_refused_ftp(location, rules):
        return _refusal(hop, location.value or "", location.url, rules) or _bad_location(location.value)
    # http-fetch:6, mode "error": the status alone is enough. Chromium: redirect_error_needs_location in departures.py.
    if hop.redirect == "error":
        if rules.redirect_error_needs_location and not (goes and location.value):
            return Deliver("returned-as-is")
        first = _userinfo_refusal(hop, location.url, rules) if rules.userinfo_before_redirect_error else None
        return first or Refuse(
            "CORS507", location.value, f"Redirect mode error: a {status} is a network error (http-fetch:6)."
        )
    # http-fetch:6, mode "manual": the target is not examined, so none of redirect:5 to 11 can fail.
    if hop.redirect == "manual":
        return Deliver("opaque-redirect")
    if not goes:  # redirect:4: a 3xx without Location is the final response, not an error
        return Deliver("returned-as-is")
    target = location.url
    if rules.empty_location_fails and not location.value:  # WebKit
        return Refuse("CORS501", "", "The Location is empty.")
    refusal = _refusal(hop, location.value or "", target, rules)
    if refusal is not None or target is None:
        return refusal or _bad_location(location.value)
    return follow(hop, status, target, rules, value=location.value or "")


def _bad_location(value: str | None) -> Refuse:
    return Refuse("CORS501", value, "The Location is not one valid URL (redirect:5).")


def _refusal(hop: Hop, value: str, target: URL | None, rules: Rules) -> Refuse | None:
    """``redirect:5`` to ``10``: the reason not to follow a redirect, or None."""
    if target is None:  # redirect:5
        return _bad_location(value)
    # redirect:6: data:, blob:, ftp: and the like, although fetch() itself accepts a data: URL.
    if target.scheme not in HTTP_SCHEMES:
        return Refuse("CORS502", target.href, f"A redirect may not lead to {target.scheme}: (redirect:6).")
    # redirect:7: 20 redirects are followed, the 21st fails.
    if hop.count >= LIMIT:
        return Refuse("CORS503", target.href, f"This would be redirect number {LIMIT + 1} (redirect:7).")
    return _userinfo_refusal(hop, target, rules)


def _userinfo_refusal(hop: Hop, target: URL | None, rules: Rules) -> Refuse | None:
    """``redirect:9`` and ``10``: a target URL with a username or password. ``https://@host`` has neither."""
    if target is None or not target.has_credentials:
        return None
    # Main fetch blocks it then: mixed_content_before_userinfo in departures.py.
    before = rules.mixed_content_before_userinfo
    applies = before == "always" or (before == "own-origin" and hop.tainting != "cors")
    if applies and hop.request is not None and is_mixed_content(hop.request, target, rules):
        return None
    # redirect:9 compares the target with the page's origin, not the hop's: within api.example it fails too.
    if hop.mode == "cors" and not same_origin(target.origin, hop.page_origin):
        message = "A redirect to another origin may not have a username or password in its URL (redirect:9)."
        return Refuse("CORS504", target.href, message)
    # redirect:10 catches the case that step 9 passes: a cross-origin URL that redirects back to the page's own origin.
    if hop.tainting == "cors":
        message = "A redirected cross-origin request may not have a username or password in its URL (redirect:10)."
        return Refuse("CORS505", target.href, message)
    # The standard follows it within the page's own origin. Chromium: own_origin_userinfo_blocked in departures.py.
    # Under mode same-origin, a cross-origin target fails in main fetch, whatever its userinfo.
    if rules.own_origin_userinfo_blocked and (hop.mode != "same-origin" or same_origin(target.origin, hop.page_origin)):
        return Refuse("CORS510", target.href, "Chromium refuses any redirect with a username or password in its URL.")
    return None


def follow(hop: Hop, status: int, target: URL, rules: Rules, *, value: str = "") -> Follow | Refuse:
    """``redirect:11`` to ``18``: build the next request. ``value`` is the ``Location`` as it was sent."""
    # redirect:11: a stream cannot be read twice. 303 passes because step 12 drops the body.
    if status != 303 and hop.stream:
        return Refuse("CORS506", target.href, f"A stream cannot be sent again after a {status} (redirect:11).")
    method, body, stream, headers = hop.method, hop.body, hop.stream, hop.headers
    # redirect:12: 301 and 302 rewrite POST only; PUT and DELETE stay. 303 rewrites every method except GET and HEAD.
    # 307 and 308 rewrite nothing. After a rewrite the next hop may need no preflight.
    away = not same_origin(target.origin, hop.url.origin)
    becomes_get = (status in (301, 302) and method == "POST") or (status == 303 and method not in ("GET", "HEAD"))
    # WebKit: scheme_relative_delete_becomes_get in departures.py.
    lost = rules.scheme_relative_delete_becomes_get and method == "DELETE" and away and value.startswith("//")
    if becomes_get or lost:
        method, body, stream = "GET", None, False
        headers = strip_body_headers(headers)
    # redirect:13 removes Authorization and nothing else: X-Api-Key and other author headers go to the new origin.
    if away:
        headers = strip_authorization(headers)
    # Chromium sends client hints to the page's own origin only: redirect_drops in departures.py.
    if not same_origin(target.origin, hop.page_origin):
        headers = tuple(h for h in headers if h[0].lower() not in rules.redirect_drops)
    return Follow(target, method, headers, body, stream)


def named_headers(hop: Hop, status: int, became: Follow, author_headers: Headers, rules: Rules) -> Headers:
    """Return the headers that a preflight after this redirect asks about: in the standard those of the next request.

    WebKit and Firefox go by what script has set (preflight_names_stay and preflight_names_by_last_redirect in
    departures.py). Firefox takes away what this redirect removes, and forgets what former ones have removed.
    """
    if rules.preflight_names_stay:
        return author_headers
    if not rules.preflight_names_by_last_redirect:
        return became.headers
    again = follow(replace(hop, headers=author_headers, stream=False), status, became.url, rules)
    return again.headers if isinstance(again, Follow) else became.headers


def taints(page_origin: str, last: URL, url: URL) -> bool:
    """Whether the hop from ``last`` to ``url`` taints the request's origin.

    Leaving a foreign origin for a different one does; leaving the page's own origin does not. For a page on A, the hop
    from A to B keeps ``Origin: A``; the hops from B to C and from B back to A send ``null``.
    """
    return not same_origin(url.origin, last.origin) and not same_origin(page_origin, last.origin)


def redirect_taint(page_origin: str, url_list: tuple[str, ...], registrable_domain: RegistrableDomain) -> Taint:
    """*Redirect-taint* of a URL list: https://fetch.spec.whatwg.org/#concept-request-tainted-origin.

    CORS needs only ``same-origin`` or not; SameSite cookies depend on ``cross-site``. ``url_list`` holds absolute URLs
    (``URLError`` otherwise), the first request first. ``registrable_domain`` maps a host to its registrable domain.
    """
    taint: Taint = "same-origin"
    for last, url in itertools.pairwise(url_list):
        a, b = parse_url(last).origin, parse_url(url).origin
        if not same_site(b, a, registrable_domain) and not same_site(page_origin, a, registrable_domain):
            return "cross-site"
        if taints(page_origin, parse_url(last), parse_url(url)):
            taint = "same-site"
    return taint


def is_tainted(page_origin: str, url_list: tuple[URL, ...]) -> bool:
    """Whether any hop of the chain has tainted the origin. The taint is permanent, also back on the page's origin."""
    return any(taints(page_origin, last, url) for last, url in itertools.pairwise(url_list))


def serialized_request_origin(page_origin: str, url_list: tuple[URL, ...]) -> str:
    """*Serializing a request origin*: ``null`` once the chain is tainted, else the page's origin.

    Source: https://fetch.spec.whatwg.org/#serializing-a-request-origin. After a taint, only ``null`` or, without
    credentials, ``*`` passes the CORS check.
    """
    return OPAQUE if is_tainted(page_origin, url_list) else page_origin


def origin_header(
    origin: str, method: str, urls: tuple[URL, ...], tainting: Tainting, before: HTTPRequest | None, rules: Rules
) -> Headers:
    """Return the ``Origin`` of an actual request, if it has one: https://fetch.spec.whatwg.org/#append-a-request-origin-header.

    ``origin`` is the serialized request origin, ``before`` the request of the hop before. Outside of CORS a POST has an
    Origin and a GET has not; an https page does not tell an http server its own (the default referrer policy).
    """
    if tainting == "cors":
        return (("Origin", origin),)
    # WebKit: origin_stays_within_origin in departures.py.
    stays = before is not None and before.get("Origin") is not None and same_origin(urls[-2].origin, urls[-1].origin)
    if method in ("GET", "HEAD") and not (stays and rules.origin_stays_within_origin):
        return ()
    downgrade = origin.startswith("https:") and urls[-1].scheme == "http" and rules.origin_null_on_downgrade
    # Chromium: origin_null_across_origins in departures.py.
    left = any(not same_origin(a.origin, b.origin) for a, b in itertools.pairwise(urls))
    return (("Origin", OPAQUE if downgrade or (left and rules.origin_null_across_origins) else origin),)
