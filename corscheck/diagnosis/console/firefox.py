"""Firefox's console texts (security.properties; Firefox 153).

If a request fails during a preflight or a redirect, Firefox also logs "CORS request did not succeed" for it. It shows
header bytes as UTF-8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.protocol.cors_check import cors_check
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.origin import HTTP_SCHEMES, OPAQUE, parse_url, same_origin
from corscheck.protocol.redirect import locate
from corscheck.protocol.request import HTTPResponse

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Failure, Outcome
    from corscheck.protocol.request import Request

_RULES = ENGINES["firefox"].rules

_BLOCKED = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}."
    " (Reason: {reason})."
)
_WARNING = (
    "Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote resource at {url} soon."
    " (Reason: When the `Access-Control-Allow-Headers` is `*`, the `Authorization` header is not covered. To include the"
    " `Authorization` header, it must be explicitly listed in CORS header `Access-Control-Allow-Headers`)."
)
_POLICY = (
    "The resource at “{url}” was blocked due to its Cross-Origin-Resource-Policy header (or lack thereof). See "
    "https://developer.mozilla.org/docs/Web/HTTP/Cross-Origin_Resource_Policy_(CORP)#"
)
_DID_NOT_SUCCEED = "CORS request did not succeed"
_ORIGIN = "‘Access-Control-Allow-Origin’"

# Reason texts. {value} is the failure's value. Firefox appends the status code for the codes in _WITH_STATUS.
_REASONS = {
    "CORS301": f"CORS header {_ORIGIN} missing",
    "CORS302": f"Credential is not supported if the CORS header {_ORIGIN} is ‘*’",
    "CORS303": f"Multiple CORS header {_ORIGIN} not allowed",
    "CORS304": f"CORS header {_ORIGIN} does not match ‘{{value}}’",
    "CORS305": f"CORS header {_ORIGIN} does not match ‘{{value}}’",
    "CORS306": f"CORS header {_ORIGIN} does not match ‘{{value}}’",
    "CORS307": "expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’",
    "CORS401": "CORS preflight response did not succeed",
    "CORS402": "CORS preflight response did not succeed",
    "CORS403": "invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Methods’",
    "CORS404": "invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Headers’",
    "CORS405": "Did not find method in CORS header ‘Access-Control-Allow-Methods’",
    "CORS407": "header ‘{value}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response",
}
_WITH_STATUS = ("CORS301", "CORS401", "CORS402")
_UNEXPLAINED = ("CORS501", "CORS503", "CORS504", "CORS505", "CORS506", "CORS522")


def text(outcome: Outcome) -> str | None:
    """Return Firefox's lines, joined by newlines, or None."""
    lines = [_WARNING.format(url=url) for code, url in outcome.notices if code == "CORS406"]
    if outcome.failure is not None and outcome.verdict == "blocked":
        if outcome.failure.code == "CORS308":
            return _POLICY.format(url=outcome.failure.url)
        if outcome.failure.code == "CORS402":
            lines += _redirected_preflight(outcome, outcome.failure)
        else:
            lines += _failed(outcome.failure, outcome.request)
    return "\n".join(lines) or None


def _failed(failure: Failure, request: Request) -> list[str]:
    url, code, origin = failure.url, failure.code, request.origin
    if code in _REASONS:
        lines = [_reason(code, failure.value, failure.status, url)]
        if failure.phase == "preflight" or failure.redirecting:
            lines.append(_unsuccessful(url))
        return lines
    if code in _UNEXPLAINED:
        # Firefox prints nothing if the requests never left the page's own origin.
        return [_unsuccessful(url)] if failure.tainting == "cors" or code in ("CORS504", "CORS505") else []
    if code == "CORS502" and request.mode == "no-cors":
        return []
    if code == "CORS502":
        lines = _refused_target(url, failure.value or "", origin)
        return [*lines, _unsuccessful(url)] if failure.tainting == "cors" else lines
    if code == "CORS201":
        return _bad_port(failure, request)
    if code == "CORS202":
        return _mixed_content(failure)
    if code == "CORS203" or (code == "CORS204" and url.startswith(("file:", "blob:"))):
        return [_security_error(f"{origin}/", url)]
    if code == "CORS204":
        return [_blocked(url, "CORS request not http")]
    return []


def _mixed_content(failure: Failure) -> list[str]:
    """Return the lines for mixed content. After a redirect, Firefox also logs the redirected request."""
    lines = [f"Blocked loading mixed active content “{failure.url}”"]
    if failure.last_url is not None and failure.tainting == "cors":
        lines.append(_unsuccessful(failure.last_url))
    return lines


def _bad_port(failure: Failure, request: Request) -> list[str]:
    """Return the line for a bad port: of the redirected request, and nothing without a redirect."""
    return [_unsuccessful(failure.last_url)] if failure.last_url is not None and request.mode != "no-cors" else []


def _reason(code: str, value: str | None, status: int | None, url: str) -> str:
    reason = _REASONS[code].replace("{value}", decode(value or ""))
    line = _blocked(f"‘{url}’" if code == "CORS302" else url, reason)
    return f"{line} Status code: {status}." if code in _WITH_STATUS else line


def _redirected_preflight(outcome: Outcome, failure: Failure) -> list[str]:
    """Return the lines for a preflight that was redirected.

    Firefox prepares the redirect before it refuses it, which may make the request's origin opaque. It then repeats the
    CORS check of the redirect with that origin, and the middle line has the result (nsCORSListenerProxy.cpp,
    AsyncOnChannelRedirect).
    """
    url = failure.url
    answer = outcome.exchanges[failure.exchange or 0].answer
    assert isinstance(answer, HTTPResponse)
    target = locate(answer.headers, parse_url(url), _RULES).url
    if target is None or target.has_credentials:
        return [_unsuccessful(url)]
    if target.scheme not in HTTP_SCHEMES:
        return [*_refused_target(url, target.href, outcome.request.origin), _unsuccessful(url)]
    lines = [_blocked(url, "CORS request external redirect not allowed")]
    origin = _origin_after(outcome.request, url, target.origin)
    check = cors_check(origin, outcome.request.credentials, answer.headers, _RULES) if origin is not None else None
    if check is not None and check.code is not None:
        value = check.allow_credentials if check.code == "CORS307" else check.allow_origin
        lines.append(_reason(check.code, value, answer.status, url))
    else:
        lines.append(_reason("CORS402", None, answer.status, url))
    return [*lines, _unsuccessful(url)]


def _origin_after(request: Request, url: str, target: str) -> str | None:
    """Return the origin that the repeated CORS check uses, or None if Firefox does not check."""
    source = parse_url(url).origin
    if same_origin(source, request.origin):
        return None if same_origin(target, request.origin) else request.origin
    return request.origin if same_origin(source, target) else OPAQUE


def _refused_target(url: str, target: str, origin: str) -> list[str]:
    """Return the lines about a redirect target whose scheme is not http(s).

    For ftp: and unknown schemes Firefox also prints "CORS request not http" with only the target's URL. Recordings and
    observations assign a console line to a request by the request's URLs, so they cannot assign that line, and it is
    left out here.
    """
    scheme = target.partition(":")[0]
    if scheme == "blob" and (origin == OPAQUE or same_origin(parse_url(url).origin, parse_url(target).origin)):
        # The redirecting URL may load its own blob, so Firefox checks the page next and names it. For an opaque page
        # the name that Firefox prints is different each time.
        return [_security_error(f"{origin}/", target)]
    if scheme in ("file", "blob", "view-source"):
        return [_security_error(url, target)]
    return []


def _security_error(source: str, target: str) -> str:
    verb = "load or link to" if target.startswith(("file:", "view-source:")) else "load data from"
    return f"Security Error: Content at {source} may not {verb} {target}."


def _blocked(url: str, reason: str) -> str:
    return _BLOCKED.replace("{url}", url, 1).replace("{reason}", reason, 1)


def _unsuccessful(url: str) -> str:
    return _blocked(url, _DID_NOT_SUCCEED) + " Status code: (null)."


def decode(value: str) -> str:
    """Decode header bytes like Firefox: as UTF-8, with replacement characters for invalid bytes."""
    return value.encode("latin-1", "replace").decode("utf-8", "replace")
