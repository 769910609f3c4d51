"""WebKit's console texts: recorded with WebKitGTK 2.50.6, and read beside CrossOriginAccessControl.cpp and others.

A text is the reason and a last line. The reason has a prefix if a redirect response failed the check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.protocol.blocking import is_bad_port
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.headers import extract_list, get, get_all
from corscheck.protocol.origin import OPAQUE, URL, is_loopback_host, parse_url, same_origin
from corscheck.protocol.preflight import ACAH, ACAM, ACRH, unsafe_names
from corscheck.protocol.redirect import STATUSES, locate
from corscheck.protocol.request import HTTPResponse
from corscheck.protocol.safelist import is_safelisted_method

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Exchange, Failure, Outcome

_LAST = "Fetch API cannot load {url} due to access control checks."
_NOT_ALLOWED = "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}"
_SEVERAL = "Access-Control-Allow-Origin cannot contain more than one origin."
_DENIED = "Cross-origin redirection to {target} denied by Cross-Origin Resource Sharing policy: "
_NON_CORS_SCHEME = "not allowed to follow a cross-origin CORS redirection with non CORS scheme"
_MIXED = "[blocked] The page at {page} requested insecure content from {url}. This content was blocked and must{rest}"
_REST = " be served over HTTPS."
"""The end of that sentence, which WebKit leaves out for a loopback target (measured with WebKitGTK 2.50.6)."""
_NO_RESOURCE = "Not allowed to request resource"

_REASONS = {
    "CORS204": "Cross origin requests are only supported for HTTP.",
    "CORS205": f"No-Cors mode requires follow redirect mode\n{_NO_RESOURCE}",
    "CORS301": _NOT_ALLOWED,
    "CORS302": "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.",
    "CORS303": _SEVERAL,
    "CORS304": _SEVERAL,
    "CORS305": _NOT_ALLOWED,
    "CORS306": _NOT_ALLOWED,
    "CORS307": 'Credentials flag is true, but Access-Control-Allow-Credentials is not "true".',
    "CORS308": "Cancelled load to {url} because it violates the resource's Cross-Origin-Resource-Policy response header.",
    "CORS401": "Preflight response is not successful. Status code: {status}",
    "CORS402": "Preflight response is not successful. Status code: {status}",
    "CORS403": "Header Access-Control-Allow-Methods has an invalid value: {value}",
    "CORS404": "Header Access-Control-Allow-Headers has an invalid value: {value}",
    "CORS405": "Method {value} is not allowed by Access-Control-Allow-Methods.",
    "CORS407": "Request header field {value} is not allowed by Access-Control-Allow-Headers.",
    "CORS503": "Load cannot follow more than 20 redirections",
    "CORS507": "Not allowed to follow a redirection while loading {url}",
}
_CHECKS = ("CORS301", "CORS302", "CORS303", "CORS304", "CORS305", "CORS306", "CORS307", "CORS308")
"""The checks of a response; those of a redirect have a prefix."""

_KNOWN = (
    "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Accept-Ranges", "Age", "Authorization",
    "Cache-Control", "Connection", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
    "Content-Location", "Content-Range", "Content-Security-Policy", "Content-Type", "Cookie", "Cookie2", "DNT", "Date",
    "Default-Style", "ETag", "Expect", "Expires", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
    "If-Unmodified-Since", "Keep-Alive", "Last-Event-ID", "Last-Modified", "Link", "Location", "Origin", "Ping-From",
    "Ping-To", "Pragma", "Proxy-Authorization", "Purpose", "Range", "Referer", "Referrer-Policy", "Refresh", "Report-To",
    "Server-Timing", "Service-Worker", "Set-Cookie", "SourceMap", "TE", "Timing-Allow-Origin", "Trailer",
    "Transfer-Encoding", "Upgrade", "Upgrade-Insecure-Requests", "User-Agent", "Vary", "Via", "X-Content-Type-Options",
    "X-DNS-Prefetch-Control", "X-Frame-Options", "X-SourceMap", "X-Temp-Tablet", "X-XSS-Protection",
)  # fmt: skip
"""Header names that WebKit keeps apart (HTTPHeaderNames.in): it looks at them first and writes them in this spelling."""


def text(outcome: Outcome) -> str | None:
    """Return WebKit's lines, joined by newlines, or None."""
    failure = outcome.failure
    if failure is None or outcome.verdict != "blocked":
        return None
    if failure.code == "CORS203" and failure.hop == 0:
        return f"Fetch API cannot load {failure.url}."
    if failure.code == "CORS203":
        url = _without_userinfo(parse_url(failure.url))
        away = f"Unsafe attempt to load URL {url} from origin {outcome.request.origin}."
        return f"{away} Domains, protocols and ports must match.\n{_LAST.format(url=url)}"
    preflight_refused = failure.hop > 0 and is_bad_port(parse_url(failure.url)) and _needs_preflight(outcome)
    if failure.code == "CORS202" and not preflight_refused:
        return _mixed(outcome, failure)
    if failure.code in ("CORS201", "CORS202"):
        return _restricted_port(failure, preflight_refused=preflight_refused)
    if failure.code == "CORS502" and outcome.request.mode == "no-cors" and not _is_ftp(failure):
        return _opaque_redirect(outcome, failure)
    reason = _reason(outcome, failure)
    return None if reason is None else f"{reason}\n{_LAST.format(url=_blamed(outcome, failure))}"


def _needs_preflight(outcome: Outcome) -> bool:
    """Whether the last redirect leads to a preflight, or would."""
    last = outcome.exchanges[-1]
    stays = isinstance(last.answer, HTTPResponse) and last.answer.status != 303
    unsafe = outcome.author_headers and unsafe_names(outcome.author_headers, ENGINES["webkit"].rules)
    return outcome.preflight.needed or bool(unsafe) or (stays and not is_safelisted_method(last.request.method))


def _blamed(outcome: Outcome, failure: Failure) -> str:
    """Return the URL of the last line. A refused redirect to another scheme is told of others than the redirecting one."""
    if failure.code == "CORS308":
        return _without_userinfo(parse_url(failure.url))
    if failure.code != "CORS502":
        # The preflight's own URL has no userinfo (measured with WebKitGTK 2.50.6).
        return _without_userinfo(parse_url(failure.url)) if failure.phase == "preflight" else failure.url
    if not _is_ftp(failure):
        return failure.url
    # The first URL that is not the page's own.
    urls = outcome.exchanges[-1].request.url_list
    return next((url for url in urls if parse_url(url).origin != outcome.request.origin), urls[0])


def _is_ftp(failure: Failure) -> bool:
    return (failure.value or "").startswith("ftp:")


def _opaque_redirect(outcome: Outcome, failure: Failure) -> str:
    """Return the lines for a no-cors redirect to another scheme than HTTP(S) (measured with WebKitGTK 2.50.6)."""
    target = failure.value or ""
    scheme = target.partition(":")[0]
    last = _LAST.format(url=_without_userinfo(parse_url(failure.url)))
    if scheme in ("file", "blob"):
        return f"Not allowed to load local resource: {target}\n{last}"
    if outcome.request.origin.startswith("https:") and scheme not in ("data", "about", "wss"):
        return f"{_MIXED.format(page=f'{outcome.request.origin}/', url=target, rest=_REST)}\n{last}"
    return f"Redirection to URL with a scheme that is not HTTP(S).\n{_LAST.format(url=target)}"


def _mixed(outcome: Outcome, failure: Failure) -> str:
    page = "about:srcdoc" if outcome.request.origin == OPAQUE else f"{outcome.request.origin}/"
    target = parse_url(failure.url)
    rest = "" if is_loopback_host(target.host) and not target.host.endswith(".") else _REST
    lines = [_MIXED.format(page=page, url=_without_userinfo(target), rest=rest)]
    if failure.hop == 0:
        lines.append(_NO_RESOURCE)
    return "\n".join([*lines, _LAST.format(url=failure.last_url or failure.url)])


def _restricted_port(failure: Failure, *, preflight_refused: bool) -> str:
    """Return what WebKitGTK 2.50.6 was measured to print: the preflight of a redirect fails in words of its own."""
    if preflight_refused:
        return f"CORS-preflight request was blocked\n{_LAST.format(url=failure.url)}"
    url = failure.url if failure.hop == 0 else _without_userinfo(parse_url(failure.url))
    return f"Not allowed to use restricted network port {parse_url(failure.url).effective_port}: {url}"


def _loaded(outcome: Outcome, failure: Failure) -> str:
    """Return the URL of a load. A redirect away from the page's own origin removes the userinfo (measured, as above)."""
    url = parse_url(failure.url)
    before = next((e.request.url for e in reversed(outcome.exchanges) if e.request.hop == failure.hop - 1), None)
    own = outcome.request.origin
    leaves = before is not None and same_origin(parse_url(before).origin, own) and not same_origin(url.origin, own)
    return _without_userinfo(url) if leaves else failure.url


def _reason(outcome: Outcome, failure: Failure) -> str | None:
    if failure.code == "CORS501":
        cross_origin = failure.tainting == "cors" and outcome.request.mode == "cors"
        return f"{_DENIED.format(target=failure.value)}{_NON_CORS_SCHEME}" if cross_origin and failure.value else None
    if failure.code == "CORS502":
        if _is_ftp(failure):
            return "FTP URLs are disabled"
        denied = _DENIED.format(target=failure.value)
        return f"{denied}{_NON_CORS_SCHEME}"
    if failure.code in ("CORS504", "CORS505"):
        target = _without_userinfo(parse_url(failure.value or ""))
        return f"{_DENIED.format(target=target)}redirection URL {failure.value} has credentials"
    form = _REASONS.get(failure.code)
    if form is None:
        return None
    exchange = outcome.exchanges[failure.exchange] if failure.exchange is not None else None
    if failure.code == "CORS304" and "," not in (failure.value or ""):
        form = _NOT_ALLOWED
    filled = (
        form.replace("{origin}", _origin(outcome, exchange))
        .replace("{status}", str(failure.status))
        .replace("{url}", _loaded(outcome, failure))
        .replace("{value}", _value(outcome, failure, exchange))
    )
    there = _redirect_target(failure, exchange)
    return filled if there is None else _DENIED.format(target=there) + filled


def _origin(outcome: Outcome, exchange: Exchange | None) -> str:
    """Return the Origin that the request carried: ``null`` after a redirect that tainted it."""
    sent = exchange.request.get("Origin") if exchange is not None else None
    return sent if sent is not None else outcome.request.origin


def _value(outcome: Outcome, failure: Failure, exchange: Exchange | None) -> str:
    """Return the value that the text names: the whole list, or the first header that is not allowed."""
    value = failure.value or ""
    if exchange is None or not isinstance(exchange.answer, HTTPResponse):
        return value
    headers = exchange.answer.headers
    if failure.code in ("CORS403", "CORS404"):
        return ", ".join(get_all(headers, ACAM if failure.code == "CORS403" else ACAH)) or value
    if failure.code != "CORS407":
        return value
    listed = extract_list(headers, ACAH)
    allowed = {n.lower() for n in listed} if isinstance(listed, tuple) else set()
    if "*" in allowed and outcome.request.credentials != "include":
        return value
    asked = {n.strip() for n in (exchange.request.get(ACRH) or "").split(",")}
    spelled = {n.lower(): n for n, _ in reversed(outcome.request.headers)}
    # In the order of script, those that WebKit knows first.
    order = [n for n in dict.fromkeys(n.lower() for n, _ in outcome.request.headers) if n in asked and n not in allowed]
    known = {n.lower(): n for n in _KNOWN}
    first = next((n for n in order if n in known), None) or next(iter(order), None)
    return value if first is None else known.get(first, spelled[first])


def _redirect_target(failure: Failure, exchange: Exchange | None) -> str | None:
    """Return where a response would have redirected to that failed its check; None if it is not a redirect."""
    if failure.code not in _CHECKS or failure.phase != "actual" or exchange is None:
        return None
    answer = exchange.answer
    if not isinstance(answer, HTTPResponse) or answer.status not in STATUSES:
        return None
    location = get(answer.headers, "Location")
    if not location:
        return None
    url = locate(answer.headers, parse_url(failure.url)).url
    return _without_userinfo(url) if url is not None else location


def _without_userinfo(url: URL) -> str:
    if not url.has_credentials:
        return url.href
    return url.href.replace(f"{url.username}:{url.password}@" if url.password else f"{url.username}@", "", 1)
