"""What script can read of a response: the filtered header list.

Source: Fetch, ``main-fetch:14`` (CORS-exposed header-name list) and *filtered response*.
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
    """The lower-case names that script can read, sorted. A list that does not parse exposes nothing."""
    names = {n.lower() for n, _ in headers} - FORBIDDEN
    if type_ == "basic":
        return tuple(sorted(names))
    if type_ != "cors":
        return ()
    listed = extract_list(headers, ACEH)
    if listed is None or isinstance(listed, Extraction):
        return tuple(sorted(names & SAFELISTED))
    if credentials != "include" and "*" in listed:
        return tuple(sorted(names))
    return tuple(sorted(names & (SAFELISTED | {n.lower() for n in listed})))
