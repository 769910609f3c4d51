"""The response headers that script can read.

Sources: ``main-fetch:14`` (https://fetch.spec.whatwg.org/#concept-main-fetch) and
https://fetch.spec.whatwg.org/#concept-filtered-response-cors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.protocol.headers import Extraction, extract_list

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
