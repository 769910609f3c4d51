"""Firefox's console texts (security.properties; Firefox 153).

A request that fails while a preflight or a redirect is under way is logged a second time, as a request that did not
succeed. Header bytes are shown as UTF-8.
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
_DID_NOT_SUCCEED = "CORS request did not succeed"
_ORIGIN = "‘Access-Control-Allow-Origin’"

# Reason texts; {value} is the failure's value, and those in _WITH_STATUS end in the status code.
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
_UNFOLLOWED = ("CORS501", "CORS503", "CORS504", "CORS505", "CORS506")


def text(outcome: Outcome) -> str | None:
    """Firefox's lines, joined by newlines, or None."""
    lines = [_WARNING.format(url=url) for code, url in outcome.notices if code == "CORS406"]
    if outcome.failure is not None and outcome.verdict == "blocked":
        if outcome.failure.code == "CORS402":
            lines += _redirected_preflight(outcome, outcome.failure)
        else:
            lines += _failed(outcome.failure, outcome.request.origin)
    return "\n".join(lines) or None


def _failed(failure: Failure, origin: str) -> list[str]:
    url, code = failure.url, failure.code
    if code in _REASONS:
        lines = [_reason(code, failure.value, failure.status, url)]
        if failure.phase == "preflight" or failure.redirecting:
            lines.append(_unsuccessful(url))
        return lines
    if code in _UNFOLLOWED:
        # A chain that never left the page's own origin is none of CORS's business.
        return [_unsuccessful(url)] if failure.tainting == "cors" or code in ("CORS504", "CORS505") else []
    if code == "CORS502":
        return [*_refused_target(url, failure.value or "", origin), _unsuccessful(url)]
    if code in ("CORS201", "CORS202"):
        return _blocked_before_sending(failure)
    if code == "CORS203":
        return [_security_error(f"{origin}/", url)]
    if code == "CORS204" and url.startswith(("file:", "blob:")):
        return [_security_error(f"{origin}/", url)]
    if code == "CORS204":
        return [_blocked(url, "CORS request not http")]
    return []


def _blocked_before_sending(failure: Failure) -> list[str]:
    """A bad port or mixed content; reached by a redirect, the request that was redirected did not succeed either."""
    lines = [f"Blocked loading mixed active content “{failure.url}”"] if failure.code == "CORS202" else []
    if failure.last_url is not None and failure.tainting == "cors":
        lines.append(_unsuccessful(failure.last_url))
    return lines


def _reason(code: str, value: str | None, status: int | None, url: str) -> str:
    reason = _REASONS[code].replace("{value}", decode(value or ""))
    line = _blocked(f"‘{url}’" if code == "CORS302" else url, reason)
    return f"{line} Status code: {status}." if code in _WITH_STATUS else line


def _redirected_preflight(outcome: Outcome, failure: Failure) -> list[str]:
    """A preflight's redirect is prepared before it is refused, and by then the request's origin may be opaque.

    The answer is then checked once more, for that origin: the line in the middle names what this second look found
    (nsCORSListenerProxy.cpp, AsyncOnChannelRedirect).
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
    """The origin that the second look is for; None where Firefox does not check at all."""
    source = parse_url(url).origin
    if same_origin(source, request.origin):
        return None if same_origin(target, request.origin) else request.origin
    return request.origin if same_origin(source, target) else OPAQUE


def _refused_target(url: str, target: str, origin: str) -> list[str]:
    """What is said of the target of a redirect to something other than http(s).

    For ftp: and unknown schemes Firefox also prints "CORS request not http" with the target alone in it. A console line
    belongs to a request when it names one of the request's own URLs (recordings and observations attribute lines so),
    hence that one is nobody's.
    """
    scheme = target.partition(":")[0]
    if scheme == "blob" and (origin == OPAQUE or same_origin(parse_url(url).origin, parse_url(target).origin)):
        # Where the redirecting URL may load its own blob, the page is asked next, and named. An opaque page's name
        # in Firefox is another one each time.
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
    """Header bytes as Firefox shows them: UTF-8, what does not decode replaced."""
    return value.encode("latin-1", "replace").decode("utf-8", "replace")
