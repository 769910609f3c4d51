"""The response headers that script can read.

Sources: ``main-fetch:14`` (https://fetch.spec.whatwg.org/#concept-main-fetch) and
https://fetch.spec.whatwg.org/#concept-filtered-response-cors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.protocol.headers import FAILURE, Extraction, extract_list, get
from corscheck.protocol.outcome import Step

if TYPE_CHECKING:
    from corscheck.protocol.outcome import ResponseType
    from corscheck.protocol.request import Credentials, Headers

ACEH = "Access-Control-Expose-Headers"
SAFELISTED = frozenset(
    {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}
)
FORBIDDEN = frozenset({"set-cookie", "set-cookie2"})


def readable_headers(type_: ResponseType, credentials: Credentials, headers: Headers) -> tuple[str, ...]:
    """Return the names of the headers that script can read: lower-case and sorted.

    ``headers`` are those of the final response: elsewhere Access-Control-Expose-Headers has no effect.
    """
    # Set-Cookie is unreadable in every response, same-origin ones included; no Expose-Headers value changes that.
    names = {n.lower() for n, _ in headers} - FORBIDDEN
    if type_ == "basic":
        return tuple(sorted(names))
    if type_ != "cors":  # opaque and opaqueredirect: no header at all
        return ()
    listed = extract_list(headers, ACEH)
    # main-fetch:14.1: one bad element voids the list, but the fetch succeeds. In Allow-Methods it would fail (7.3).
    if listed is None or isinstance(listed, Extraction):
        return tuple(sorted(names & SAFELISTED))
    # main-fetch:14.1: in mode "include" * is a literal and exposes only a header with that name.
    if credentials != "include" and "*" in listed:
        return tuple(sorted(names))
    return tuple(sorted(names & (SAFELISTED | {n.lower() for n in listed})))


def exposed_step(headers: Headers) -> Step | None:
    """``main-fetch:14.1``: a list that does not parse exposes nothing. The fetch succeeds, and no browser warns."""
    received = get(headers, ACEH)
    if received is None:
        return None
    if extract_list(headers, ACEH) is FAILURE:
        message = "Access-Control-Expose-Headers is not a list of tokens: it exposes nothing (main-fetch:14.1)."
        return Step("main-fetch:14.1", "warn", ACEH, "a list of names", received, message, "CORS520")
    return Step("main-fetch:14.1", "pass", ACEH, None, received)
