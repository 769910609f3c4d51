"""Which request a recorded preflight belongs to.

A preflight asks for one method and a list of header names, and the request that follows has just these. Several requests
to one URL may be under way at once, so every pair that is possible is compared, and the best ones are taken first. After
a failed preflight no request follows: the pair then has a request without an answer, or none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model.secret_names import means_secret
from corscheck.protocol.drive import run
from corscheck.protocol.fetch import fetch
from corscheck.protocol.preflight import unsafe_names
from corscheck.protocol.request import HeldBack, HTTPResponse, Request
from corscheck.protocol.safelist import is_safelisted_method
from corscheck.sources import author_headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.model.values import EngineName
    from corscheck.protocol.request import Answer, HTTPRequest
    from corscheck.sources.har.entries import HAREntry

NEAR = 120.0
"""The maximum time in seconds between a request and its preflight or redirect target."""


def pair(entries: Iterable[HAREntry], engine: EngineName) -> dict[int, int]:
    """Return the number of the preflight of each request, and of the request of each preflight.

    ``entries`` have one URL. ``engine`` is the one whose rules decide whether a preflight failed.
    """
    every = list(entries)
    preflights = [(one, _refuses(one, engine)) for one in every if one.preflight]
    requests = [(one, names_of(one)) for one in every if preflights and not one.preflight]
    rated = [
        (rating, preflight, request)
        for request, names in requests
        for preflight, refused in preflights
        if (rating := _rating(preflight, request, names, refused=refused)) is not None
    ]
    found: dict[int, int] = {}
    for _, preflight, request in sorted(rated, key=lambda one: (one[0], one[1].number, one[2].number)):
        if preflight.number not in found and request.number not in found:
            found[preflight.number], found[request.number] = request.number, preflight.number
    return found


def _rating(
    preflight: HAREntry, request: HAREntry, names: frozenset[str], *, refused: bool
) -> tuple[bool, int, float, int] | None:
    """Rate a pair, the best lowest; None if the two do not belong together."""
    method, asked = preflight.asks_for
    if method != request.method or (request.origin_sent and request.origin != preflight.origin):
        return None
    gap = min(abs(request.at - preflight.at), abs(request.at - preflight.at - preflight.elapsed_ms / 1000))
    if gap > NEAR:
        return None
    sent = {name.lower() for name, _ in request.headers}
    # Exports without secrets lack Authorization; nothing else that a preflight asks about is left out.
    if any(name not in sent and not means_secret(name) for name in asked):
        return None
    unasked = len(names - asked)
    contradicted = refused and request.answered
    if contradicted and (unasked or not (asked or not is_safelisted_method(method))):
        return None
    return contradicted, unasked, gap, abs(request.number - preflight.number)


def names_of(request: HAREntry) -> frozenset[str]:
    """Return the lower-case names of the headers that need a preflight."""
    return frozenset(unsafe_names(author_headers.sort(request.headers, request.method, request.url).author))


def _refuses(preflight: HAREntry, engine: EngineName) -> bool:
    """Whether a preflight fails, in whatever credentials mode the page asked."""
    method, names = preflight.asks_for
    asked = Request(
        url=preflight.url,
        origin=preflight.origin,
        method=method,
        headers=tuple((name, author_headers.sample(name)) for name in names),
        body=None if method in ("GET", "HEAD") else b"",
        use_cors_preflight=not names and is_safelisted_method(method),
    )

    def answer(request: HTTPRequest) -> Answer:
        if request.kind == "actual" or not preflight.answered:
            return HeldBack()
        return HTTPResponse(preflight.status, preflight.answer, preflight.reason)

    return run(fetch(asked, engine), answer).verdict == "blocked"
