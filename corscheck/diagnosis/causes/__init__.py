"""Root causes of a blocked outcome: what is wrong on the server.

The rules look at who sent the response before they look at its headers: a login, a router or a gateway that responds to
a preflight explains all headers that are missing from it. Where several causes are possible, experiments decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.causes import allow_lists, allow_origin, missing, redirects, refusals, schemes
from corscheck.protocol.origin import parse_url, same_origin

if TYPE_CHECKING:
    from corscheck.diagnosis.facts import Asking, Cause, Facts
    from corscheck.protocol.outcome import Outcome


def causes(facts: Facts) -> Asking:
    """Return the causes of a blocked outcome, the root cause first; empty if the deciding step says everything."""
    code = facts.failure.code
    if code in ("CORS301", "CORS302", "CORS303", "CORS304", "CORS305", "CORS306", "CORS401", "CORS402"):
        elsewhere = _elsewhere(facts)
        if elsewhere and code != "CORS302":
            return (yield from redirects.arrived(facts))
        if redirects.leads_on(facts):
            return (yield from redirects.unfollowed(facts))
    if code == "CORS503":
        return redirects.looping(facts)
    if code == "CORS307":
        return allow_origin.credentials(facts)
    if code in ("CORS405", "CORS406", "CORS407"):
        return allow_lists.unlisted(facts)
    if code in ("CORS403", "CORS404"):
        return allow_lists.unparsed(facts)
    if code == "CORS301":
        return (yield from missing.missing(facts))
    if code == "CORS401":
        return (yield from missing.refused_with_headers(facts))
    if code in ("CORS302", "CORS303", "CORS304", "CORS305", "CORS306"):
        gateway = refusals.in_front(facts) if not facts.ok else None
        return [gateway] if gateway is not None else (yield from allow_origin.mismatch(facts))
    return []


def unanswered(outcome: Outcome) -> list[Cause]:
    """Return the causes of an outcome that no response decided; empty if the deciding step says everything."""
    downgraded = redirects.downgraded(outcome)
    if downgraded is not None:
        return [downgraded]
    failure = outcome.failure
    if failure is not None and failure.code == "CORS204" and failure.hop == 0:
        return schemes.not_http(parse_url(failure.url))
    return []


def _elsewhere(facts: Facts) -> bool:
    """Whether redirects led to an origin other than that of the requested URL."""
    first = parse_url(facts.failure.first_url).origin
    return facts.failure.hop > 0 and not same_origin(first, parse_url(facts.url).origin)
