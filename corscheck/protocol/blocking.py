"""Decisions before the first request: what makes ``fetch()`` throw, which headers it drops, what main fetch blocks.

Sources: https://fetch.spec.whatwg.org/#dom-request, ``#concept-headers-append`` and ``#block-bad-port`` in the same
document, and https://www.w3.org/TR/mixed-content/#should-block-fetch (both checks are ``main-fetch:7``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.protocol import safelist
from corscheck.protocol.engines import STANDARD, Rules
from corscheck.protocol.headers import is_header_value, normalize_value
from corscheck.protocol.origin import OPAQUE, URL, URLError, is_potentially_trustworthy, parse_url
from corscheck.protocol.spelling import spelled

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers, Request

BAD_PORTS = frozenset((
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
    109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
    526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
    3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
))  # fmt: skip
"""https://fetch.spec.whatwg.org/#bad-port. The recorded browsers use the same list."""


class Refusal(Struct, frozen=True):
    """Why ``fetch()`` throws or main fetch blocks: code, subject, offending value, message."""

    code: str
    subject: str
    value: str
    message: str


class Dropped(Struct, frozen=True):
    """A header that the browser drops silently: code, header name, message."""

    code: str
    name: str
    message: str


class Constructed(Struct, frozen=True):
    """The result of ``new Request()``: parsed URL, normalized method, remaining headers, dropped headers."""

    url: URL
    method: str
    headers: Headers
    dropped: tuple[Dropped, ...]


def construct(request: Request, rules: Rules = STANDARD) -> Constructed | Refusal:
    """Run ``new Request(url, init)``: https://fetch.spec.whatwg.org/#dom-request.

    Returns a ``Refusal`` where the constructor throws a TypeError.
    """
    try:
        url = spelled(parse_url(request.url), rules)
    except URLError:
        return Refusal("CORS101", "URL", request.url, "The URL does not parse: fetch() throws a TypeError.")
    # Userinfo makes fetch() throw; in a Location it is a matter of redirect:9 and 10.
    if url.has_credentials:
        return Refusal("CORS102", "URL", request.url, "fetch() refuses a URL with a username or password in it.")
    refusal = _method_refusal(request)
    if refusal is not None:
        return refusal
    method = safelist.normalize_method(request.method)
    if request.cache == "only-if-cached" and request.mode != "same-origin":
        return Refusal("CORS109", "cache", request.cache, "Cache mode only-if-cached needs mode same-origin.")
    headers, dropped, refusal = _fill(request, rules)
    if refusal is not None:
        return refusal
    # Only GET and HEAD forbid a body; DELETE and OPTIONS may have one.
    if request.body is not None and method in ("GET", "HEAD"):
        return Refusal("CORS108", "body", method, f"fetch() refuses a body on {method}.")
    return Constructed(url, method, headers, dropped)


def _method_refusal(request: Request) -> Refusal | None:
    method = request.method
    if not safelist.is_method(method):
        return Refusal("CORS103", "method", method, "The method is not a token: fetch() throws a TypeError.")
    # Forbidden methods compare without case, unlike all other uses of a method.
    if safelist.is_forbidden_method(method):
        return Refusal("CORS104", "method", method, f"fetch() forbids {method.upper()}.")
    if request.mode == "no-cors" and not safelist.is_safelisted_method(safelist.normalize_method(method)):
        return Refusal("CORS105", "method", method, f"Mode no-cors does not allow method {method}.")
    return None


def _fill(request: Request, rules: Rules) -> tuple[Headers, tuple[Dropped, ...], Refusal | None]:
    """*Fill* a Headers object: https://fetch.spec.whatwg.org/#concept-headers-fill.

    An invalid name or value throws. A forbidden header does not: it is dropped, and the fetch goes on without it.
    """
    kept: list[tuple[str, str]] = []
    dropped: list[Dropped] = []
    for name, raw in request.headers:
        value = normalize_value(raw)
        if not safelist.is_header_name(name):
            return (
                (),
                (),
                Refusal("CORS106", "header", name, "A header name is not a token: fetch() throws a TypeError."),
            )
        if not is_header_value(value):
            message = f"The value of {name} contains an invalid character: fetch() throws a TypeError."
            return (), (), Refusal("CORS107", "header", name, message)
        if safelist.is_forbidden_request_header(name, value, rules):
            dropped.append(Dropped("CORS120", name, f"Browsers do not let script set {name}: it is dropped."))
        elif request.mode == "no-cors" and not safelist.is_no_cors_safelisted(name, value):
            dropped.append(Dropped("CORS121", name, f"Mode no-cors drops {name}."))
        else:
            kept.append((name, value))
    return tuple(kept), tuple(dropped), None


def is_bad_port(url: URL) -> bool:
    """Whether browsers refuse to connect to the URL's port: https://fetch.spec.whatwg.org/#block-bad-port.

    ws and wss count like http and https. Other schemes, such as ftp, are never blocked here.
    """
    return url.scheme in ("http", "https", "ws", "wss") and url.effective_port in BAD_PORTS


def is_mixed_content(request: Request, url: URL, rules: Rules = STANDARD) -> bool:
    """Whether mixed content blocks the URL: the page is secure, the target is http or ws and not loopback.

    Source: https://www.w3.org/TR/mixed-content/#should-block-fetch. ``null`` does not tell whether a page with an opaque
    origin is secure: ``Request.secure_context`` says so. WebKit does not except loopback: mixed_content_blocks_loopback.
    """
    if url.scheme not in ("http", "ws"):
        return False
    secure = request.secure_context if request.origin == OPAQUE else parse_url(request.origin).scheme == "https"
    return secure and (rules.mixed_content_blocks_loopback or not is_potentially_trustworthy(url))


def blocked(request: Request, url: URL, rules: Rules = STANDARD) -> Refusal | None:
    """``main-fetch:7``: mixed content, then bad port. Returns None if neither blocks the request.

    The standard does not order them. All three browsers name mixed content if both apply (measured). CSP and integrity
    policy depend on the page's own headers: not checked.
    """
    if is_mixed_content(request, url, rules):
        message = "A page loaded over https may not request an insecure http URL (mixed content)."
        return Refusal("CORS202", "mixed content", url.href, message)
    if is_bad_port(url):
        message = f"Port {url.effective_port} is one that browsers never connect to."
        return Refusal("CORS201", "port", str(url.effective_port), message)
    return None
