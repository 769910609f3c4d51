"""HTTP-redirect fetch as far as CORS cares: where a redirect leads, and with which method, headers and origin.

Source: Fetch, *HTTP-redirect fetch* (steps 1 to 22), *location URL*, *redirect-taint*.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal, TypeAlias

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
from corscheck.records import dataclass

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Tainting
    from corscheck.protocol.request import Headers, Mode, Redirect

STATUSES = (301, 302, 303, 307, 308)
LIMIT = 20
Taint: TypeAlias = Literal["same-origin", "same-site", "cross-site"]


@dataclass(frozen=True, slots=True)
class Location:
    """What a response says about where to go: ``url`` None with ``value`` set means that it does not parse.

    ``value`` is the field as received (several joined), None when there is none.
    """

    value: str | None
    url: URL | None


@dataclass(frozen=True, slots=True)
class Hop:
    """The request as it stands when a redirect response arrives. ``count`` is the number of redirects followed so far."""

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


@dataclass(frozen=True, slots=True)
class Follow:
    """The redirect is followed with this."""

    url: URL
    method: str
    headers: Headers
    body: bytes | None
    stream: bool


@dataclass(frozen=True, slots=True)
class Deliver:
    """The response is the result: as it is, as an opaque redirect, or because it is no redirect at all."""

    kind: Literal["returned-as-is", "opaque-redirect", "not-a-redirect"]


@dataclass(frozen=True, slots=True)
class Refuse:
    """A network error: its code, the Location at fault, a sentence."""

    code: str
    value: str | None
    message: str


def locate(headers: Headers, base: URL, rules: Rules = STANDARD) -> Location:
    """*Location URL*: one field, resolved against the response's URL, inheriting its fragment."""
    values = get_all(headers, "Location")
    if not values:
        return Location(None, None)
    joined = ", ".join(values)
    if len(values) > 1 and not (rules.identical_locations_count_once and len(set(values)) == 1):
        return Location(joined, None)
    text = values[0].encode("latin-1").decode("utf-8", "replace")
    try:
        url = parse_url(text, base.href)
        if base.fragment and not url.fragment and "#" not in text:
            url = parse_url(url.href + base.fragment)
    except URLError:
        return Location(joined, None)
    return Location(values[0], url)


def is_redirect(status: int, location: Location, rules: Rules = STANDARD) -> bool:
    """Whether the engine takes a response for a redirect to go somewhere: a redirect status with a Location."""
    if status not in STATUSES or location.value is None:
        return False
    return not (rules.empty_location_delivers and not location.value)


def refused_first(location: Location, rules: Rules) -> bool:
    """Whether the engine gives up on such a Location before it applies the CORS check to the response."""
    schemes = rules.locations_refused_first
    if schemes is None or location.value is None:
        return False
    return location.url is None or location.url.scheme in schemes


def http_redirect_fetch(hop: Hop, status: int, headers: Headers, rules: Rules = STANDARD) -> Follow | Deliver | Refuse:
    """What becomes of a response that passed the CORS check (where one applies): ``http-fetch:6`` and ``redirect:1-22``."""
    if status not in STATUSES:
        return Deliver("not-a-redirect")
    location = locate(headers, hop.url, rules)
    goes = is_redirect(status, location, rules)
    if goes and location.url is None and rules.malformed_location_fails_in_every_mode:
        return _bad_location(location.value)
    if hop.redirect == "error":
        if rules.redirect_error_needs_location and not goes:
            return Deliver("returned-as-is")
        first = _userinfo_refusal(hop, location.url, rules) if rules.userinfo_before_redirect_error else None
        return first or Refuse(
            "CORS507", location.value, f"Redirect mode error: a {status} is a network error (http-fetch:6)."
        )
    if hop.redirect == "manual":
        return Deliver("opaque-redirect")
    if not goes:
        return Deliver("returned-as-is")
    target = location.url
    refusal = _refusal(hop, location.value or "", target, rules)
    if refusal is not None or target is None:
        return refusal or _bad_location(location.value)
    return _follow(hop, status, target, rules)


def _bad_location(value: str | None) -> Refuse:
    return Refuse("CORS501", value, "The Location is not one valid URL (redirect:5).")


def _refusal(hop: Hop, value: str, target: URL | None, rules: Rules) -> Refuse | None:
    """Steps 5 to 11: why a redirect is not followed."""
    if target is None:
        return _bad_location(value)
    if target.scheme not in HTTP_SCHEMES:
        return Refuse("CORS502", target.href, f"A redirect may not lead to {target.scheme}: (redirect:6).")
    if hop.count >= LIMIT:
        return Refuse("CORS503", target.href, f"This would be redirect number {LIMIT + 1} (redirect:7).")
    return _userinfo_refusal(hop, target, rules)


def _userinfo_refusal(hop: Hop, target: URL | None, rules: Rules) -> Refuse | None:
    """Steps 9 and 10, and what Chromium adds to them."""
    if target is None or not target.has_credentials:
        return None
    if hop.mode == "cors" and not same_origin(target.origin, hop.page_origin):
        if not (rules.userinfo_allowed_on_first_hop and hop.tainting == "basic"):
            message = "A redirect to another origin may not have a username or password in its URL (redirect:9)."
            return Refuse("CORS504", target.href, message)
    elif hop.tainting == "cors":
        message = "A redirected cross-origin request may not have a username or password in its URL (redirect:10)."
        return Refuse("CORS505", target.href, message)
    elif rules.own_origin_userinfo_blocked:
        return Refuse("CORS510", target.href, "Chromium refuses any redirect with a username or password in its URL.")
    return None


def _follow(hop: Hop, status: int, target: URL, rules: Rules) -> Follow | Refuse:
    """Steps 11 to 18: the body, the method, the headers of the next request."""
    if status != 303 and hop.stream:
        return Refuse("CORS506", target.href, f"A stream cannot be sent again after a {status} (redirect:11).")
    method, body, stream, headers = hop.method, hop.body, hop.stream, hop.headers
    if (status in (301, 302) and method == "POST") or (status == 303 and method not in ("GET", "HEAD")):
        method, body, stream = "GET", None, False
        headers = strip_body_headers(headers)
    if not same_origin(target.origin, hop.url.origin):
        headers = strip_authorization(headers)
    headers = tuple(h for h in headers if h[0].lower() not in rules.redirect_drops)
    return Follow(target, method, headers, body, stream)


def taints(page_origin: str, last: URL, url: URL) -> bool:
    """Whether the step from ``last`` to ``url`` makes the request's origin opaque: leaving a foreign origin does."""
    return not same_origin(url.origin, last.origin) and not same_origin(page_origin, last.origin)


def redirect_taint(page_origin: str, url_list: tuple[str, ...], registrable_domain: RegistrableDomain) -> Taint:
    """*Redirect-taint* of a whole URL list; anything but ``same-origin`` makes the serialized request origin ``null``."""
    taint: Taint = "same-origin"
    for last, url in itertools.pairwise(url_list):
        a, b = parse_url(last).origin, parse_url(url).origin
        if not same_site(b, a, registrable_domain) and not same_site(page_origin, a, registrable_domain):
            return "cross-site"
        if taints(page_origin, parse_url(last), parse_url(url)):
            taint = "same-site"
    return taint


def is_tainted(page_origin: str, url_list: tuple[URL, ...]) -> bool:
    """Whether any step of the chain has made the request's origin opaque."""
    return any(taints(page_origin, last, url) for last, url in itertools.pairwise(url_list))


def serialized_request_origin(page_origin: str, url_list: tuple[URL, ...]) -> str:
    """*Serializing a request origin*: ``null`` once the chain is tainted, the page's origin before."""
    return OPAQUE if is_tainted(page_origin, url_list) else page_origin
