"""Causes that are redirects: to a URL with or without a trailing slash, to https, to a login, or to another URL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.diagnosis.answers import line
from corscheck.diagnosis.causes.refusals import firewall
from corscheck.diagnosis.facts import Cause
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import get
from corscheck.protocol.origin import OPAQUE, URL, parse_url
from corscheck.protocol.redirect import STATUSES, locate

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.diagnosis.facts import Asking, Facts
    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Outcome

_LOGIN_WORDS = {
    "login",
    "logon",
    "signin",
    "sso",
    "oauth",
    "oauth2",
    "authorize",
    "saml",
    "saml2",
    "adfs",
    "idp",
    "oidc",
}
_FORWARD = (
    "Configure the proxy to send X-Forwarded-Proto and the application to trust it (uvicorn --proxy-headers "
    "--forwarded-allow-ips, Django SECURE_PROXY_SSL_HEADER)"
)
_LOGIN_HOSTS = {*_LOGIN_WORDS, "auth", "accounts", "account", "id", "identity"}
_LOGIN_PAIRS = re.compile(r"(log|sign)[-_](in|on)(?![a-z])", re.IGNORECASE)


def leads_on(facts: Facts) -> bool:
    """Whether the response that failed is itself a redirect with a valid Location."""
    return facts.status in STATUSES and locate(facts.headers, parse_url(facts.url)).url is not None


def unfollowed(facts: Facts) -> Asking:
    """Explain a redirect that was not followed: it answers a preflight, or it has no CORS headers itself."""
    source = parse_url(facts.url)
    target = locate(facts.headers, source).url
    assert target is not None
    evidence = line(facts.headers, "Location")
    blocker = firewall(facts.response)
    if blocker is not None:
        return [Cause("CORS619", "An access proxy redirects the request to its own login page.", blocker)]
    if _is_downgrade(source, target):
        return [_downgrade(source, target, evidence)]
    if _permanently_to_itself(facts, source, target):
        return [Cause("CORS627", *_to_itself(source, evidence))]
    if _is_upgrade(source, target):
        outcome = yield from _there(facts, target)
        message = f"The server redirects http to https{_came_to(outcome)}."
        return [Cause("CORS606", message, evidence, f"Request the https URL: {target.href}")]
    if source.origin == target.origin and source.path != target.path and _bare(source) == _bare(target):
        outcome = yield from _there(facts, target)
        how = "with" if target.path.endswith("/") else "without"
        message = f"The server redirects to the same path {how} a trailing slash{_came_to(outcome)}."
        advice = f"Request {target.href} instead, or disable the redirect."
        if outcome is not None and outcome.verdict == "blocked":
            advice += " Then configure CORS for that URL."
        return [Cause("CORS605", message, evidence, advice)]
    if is_login(target):
        what = "the preflight" if facts.in_preflight else "the request"
        return [Cause("CORS607", f"The server redirects {what} to a login page: {_short(target)}.", evidence)]
    what = "A preflight may not be redirected" if facts.in_preflight else "The redirect itself has no CORS headers"
    return [Cause("CORS627", f"{what}, and the server redirects to {_short(target)}.", evidence)]


def downgraded(outcome: Outcome) -> Cause | None:
    """Return the cause if mixed content was refused only because a redirect led from https to http on the same host."""
    failure = outcome.failure
    if failure is None or failure.code != "CORS202" or failure.last_url is None:
        return None
    source, target = parse_url(failure.last_url), parse_url(failure.url)
    return _downgrade(source, target, f"Location: {failure.url}") if _is_downgrade(source, target) else None


def looping(facts: Facts) -> list[Cause]:
    """Return the cause of redirects that do not end, if the last one leads to the URL that sent it."""
    source = parse_url(facts.url)
    target = locate(facts.headers, source).url
    if target is None or not _permanently_to_itself(facts, source, target):
        return []
    return [Cause("CORS503", *_to_itself(source, line(facts.headers, "Location")))]


def _permanently_to_itself(facts: Facts, source: URL, target: URL) -> bool:
    # A temporary one may wait for a cookie that it sets.
    return facts.status in (301, 308) and source.href == target.href and source.scheme == "https"


def _to_itself(url: URL, evidence: str | None) -> tuple[str, str | None, str]:
    message = (
        f"The server redirects {url.href} to itself. It probably requires https but sees the request as http, because "
        "it does not know about the TLS proxy in front of it."
    )
    return message, evidence, f"{_FORWARD}."


def _is_downgrade(source: URL, target: URL) -> bool:
    """Whether a redirect changes https to http, and beside it only the slash at the end or www."""
    (one, *rest), (other, *others) = _bare(source), _bare(target)
    return (
        (source.scheme, target.scheme) == ("https", "http")
        and rest == others
        and bool({one, f"www.{one}"} & {other, f"www.{other}"})
    )


def _downgrade(source: URL, target: URL, evidence: str | None) -> Cause:
    better = f"https{target.href.removeprefix('http')}"
    slash = ""
    if source.path != target.path:
        how = "adding a trailing slash" if target.path.endswith("/") else "removing the trailing slash"
        slash = f" while {how}"
    message = (
        f"The server redirects https to http{slash}: the application assumes that its own scheme is http, because it "
        "does not know about the TLS proxy in front of it. Browsers block the redirect as mixed content."
    )
    advice = f"{_FORWARD}. Or request {better}, which needs no redirect."
    return Cause("CORS633", message, evidence, advice)


def arrived(facts: Facts) -> Asking:
    """Explain a redirect chain that ended at another origin, which does not allow the page to read the response."""
    first, target = parse_url(facts.failure.first_url), parse_url(facts.url)
    if is_login(target):
        message = f"The request was redirected to a login page, {_short(target)}, which scripts are not meant to read."
        return [Cause("CORS607", message, f"redirected to {target.origin}{target.path}")]
    evidence = line(facts.headers, ACAO) or f"redirected to {target.href}"
    page = facts.probe.origin
    if facts.origin == OPAQUE and page != OPAQUE and _is_upgrade(first, target):
        # http and https are different origins, so this redirect between two foreign origins makes the origin opaque.
        outcome = yield from _there(facts, target)
        message = f"The server redirects http to https, after which the browser sends Origin: null{_came_to(outcome)}."
        return [Cause("CORS606", message, evidence, f"Request the https URL: {target.href}")]
    if facts.origin == OPAQUE and page != OPAQUE and get(facts.headers, ACAO) == page:
        message = f"{target.origin} allows {page}, but after the redirect the browser sends Origin: null."
        return [Cause("CORS626", message, evidence)]
    message = f"The request was redirected to {target.origin}, which does not allow this page."
    return [Cause("CORS627", message, evidence)]


def is_login(url: URL) -> bool:
    """Whether a URL looks like a login, by whole words in its path or by the first label of its host."""
    words = {w for w in re.split(r"[^a-z0-9]+", url.path.lower()) if w}
    label = url.host.partition(".")[0].lower()
    return bool(words & _LOGIN_WORDS) or label in _LOGIN_HOSTS or bool(_LOGIN_PAIRS.search(url.path))


def _there(facts: Facts, target: URL) -> Generator[Probe, Outcome | None, Outcome | None]:
    """Run the same request at the redirect target as a control. Return None if it cannot be sent."""
    if facts.probe.via is not None:
        return None
    answered = yield from facts.experiments.at(target.href)
    return answered.outcome if answered is not None else None


def _came_to(outcome: Outcome | None) -> str:
    """Return the result of the control as the end of a sentence."""
    if outcome is None or outcome.verdict == "inconclusive":
        return ""
    if outcome.response is not None and outcome.response.type == "opaqueredirect":
        return "; that URL redirects again"
    if outcome.verdict == "allowed":
        return "; at that URL the page is allowed"
    return "; at that URL the page is blocked too"


def _is_upgrade(source: URL, target: URL) -> bool:
    return (source.scheme, target.scheme) == ("http", "https") and _bare(source) == _bare(target)


def _bare(url: URL) -> tuple[str, str, str]:
    return url.host, url.path.rstrip("/"), url.query


def _short(url: URL) -> str:
    return f"{url.origin}{url.path}"
