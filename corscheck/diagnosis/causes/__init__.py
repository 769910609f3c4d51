"""Root causes: from a blocked outcome to what is wrong on the server, the one cause first.

Who answered comes before what the answer says: a login, a router or a gateway that answers a preflight explains every
header that is missing from it. At most one control probe is asked, where it decides between two causes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.causes import allow_lists, allow_origin, redirects, refusals
from corscheck.protocol.origin import parse_url, same_origin

if TYPE_CHECKING:
    from corscheck.diagnosis.facts import Asking, Facts


def causes(facts: Facts) -> Asking:
    """The causes of a blocked outcome, the root first; empty where the deciding step already says all there is."""
    code = facts.failure.code
    if code in ("CORS301", "CORS302", "CORS303", "CORS304", "CORS305", "CORS306", "CORS401", "CORS402"):
        elsewhere = _elsewhere(facts)
        if elsewhere and code != "CORS302":
            return (yield from redirects.arrived(facts))
        if redirects.leads_on(facts):
            return (yield from redirects.unfollowed(facts))
    if code == "CORS307":
        return allow_origin.credentials(facts)
    if code in ("CORS405", "CORS406", "CORS407"):
        return allow_lists.unlisted(facts)
    if code in ("CORS301", "CORS401"):
        # The status comes before the headers: an answer that is no answer to the question has none to speak of.
        return (yield from (refusals.refused(facts) if not facts.ok else allow_origin.missing(facts)))
    if code in ("CORS302", "CORS303", "CORS304", "CORS305", "CORS306"):
        return (yield from allow_origin.mismatch(facts))
    return []


def _elsewhere(facts: Facts) -> bool:
    """Whether redirects have led to another origin than the one that was asked."""
    first = parse_url(facts.failure.first_url).origin
    return facts.failure.hop > 0 and not same_origin(first, parse_url(facts.url).origin)
