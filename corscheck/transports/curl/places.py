"""The places that requests go to: the way there, its addresses, and what is set up for it already."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from corscheck.transports.lookup import literal
from corscheck.transports.routing import cut, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.transports.curl.transfer import Transfer
    from corscheck.transports.exchange import HeaderLines, WireExchange
    from corscheck.transports.lookup import Addresses
    from corscheck.transports.routing import Route, Router, Target

_AUTHORITY_AT = len("https://")
"""From where on a slash ends the part of a URL that names a place."""

_MOST = 1000
"""How many places are remembered."""

_NEVER = float("inf")


class Host:
    """A place to connect to: the way there, its addresses, what waits for them, and handles that are set up for it."""

    __slots__ = ("addresses", "fresh_until", "idle", "route", "target", "waiting")

    def __init__(self, target: Target, route: Route) -> None:
        self.target = target
        self.route = route
        self.addresses: Addresses | None = None
        self.fresh_until = 0.0
        self.waiting: list[tuple[WireExchange, object]] = []
        self.idle: dict[HeaderLines, list[Transfer]] = {}  # by the lines that are set on them already


class Hosts:
    """Finds them; ``forget`` is told of one that makes room for others, and of all at the end."""

    def __init__(self, router: Router, ip_version: int | None, forget: Callable[[Host], None]) -> None:
        self._router = router
        self._ip_version = ip_version
        self._forget = forget
        self._places: OrderedDict[tuple[str, str | None], Host] = OrderedDict()

    def of(self, url: str, send_to: str | None) -> tuple[Host, str]:
        """Where a request for this URL goes, with the path it asks for there; ``send_to`` is the request's."""
        end = url.find("/", _AUTHORITY_AT)
        base, path = (url[:end], url[end:]) if end > 0 and "#" not in url else cut(url)
        key = (base, send_to)
        place = self._places.get(key)
        if place is None:
            target = split(base)
            place = self._places[key] = Host(target, self._router.route(target, send_to))
            if len(self._places) > _MOST:
                # A run may see a million of them: the one that came first is forgotten.
                self._forget(self._places.popitem(last=False)[1])
        return place, path

    def addresses(self, place: Host) -> Addresses | None:
        """The addresses of a place; None if they must be looked up."""
        if place.addresses is not None and time.monotonic() < place.fresh_until:
            return place.addresses
        if place.route.unix_socket is not None:
            found: Addresses | None = [(0, (place.route.unix_socket, 0))]
        else:
            found = literal(place.route, self._ip_version)
        place.addresses, place.fresh_until = found, _NEVER
        return found

    def clear(self) -> None:
        """Forget them all."""
        while self._places:
            self._forget(self._places.popitem()[1])
