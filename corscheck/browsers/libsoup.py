"""What only libsoup decides, WebKitGTK's network layer. Safari has another one, so the engine ``webkit`` does not follow it.

Predictions are for the engine that WebKitGTK and Safari share. Where one of these applies, an observation of WebKitGTK
says nothing about them. All of them were measured with WebKitGTK 2.50.6 and libsoup 3.2.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.browsers.routes import address_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corscheck.model.result import ExchangeRecord
    from corscheck.protocol.request import Headers

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_IN_CONSOLE = frozenset({"access-control-allow-methods", "access-control-allow-headers", "location"})


def decides(exchanges: Sequence[ExchangeRecord]) -> str | None:
    """Return why libsoup decides what happens, or None."""
    for number, exchange in enumerate(exchanges):
        if exchange.kind != "actual" or exchange.response is None or exchange.response.status not in _REDIRECTS:
            continue
        locations = _values(exchange.response.headers, {"location"})
        # libsoup joins the fields to one URL; other network layers reject them or use one.
        if len(locations) > 1:
            return "libsoup joins several Location headers"
        # libsoup replaces bytes that are not UTF-8.
        if not all(value.isascii() for value in locations):
            return "libsoup decodes a Location header that is not ASCII"
        # NetworkDataTaskSoup.cpp, shouldRedirectAsGET.
        after = exchanges[number + 1].request.url if number + 1 < len(exchanges) else None
        if exchange.request.method == "DELETE" and _leaves(exchange.request.url, after, locations):
            return "libsoup turns a DELETE that is redirected to another origin into a GET"
    return None


def rewrites_console(exchanges: Iterable[ExchangeRecord]) -> bool:
    """Whether console lines contain what libsoup made of bytes above 7F in a header."""
    shown = [v for e in exchanges if e.response is not None for v in _values(e.response.headers, _IN_CONSOLE)]
    return not all(value.isascii() for value in shown)


def _values(headers: Headers, names: Iterable[str]) -> list[str]:
    return [value for name, value in headers if name.lower() in names]


def _leaves(url: str, after: str | None, locations: list[str]) -> bool:
    """Whether a redirect leaves the origin; ``after`` is the next request's URL, if there was one."""
    there = after or next(iter(locations), "")
    if "://" not in there:
        return False
    return (url.partition(":")[0], address_of(url)) != (there.partition(":")[0], address_of(there))
