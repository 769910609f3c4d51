"""The servers that requests go to: the route, the addresses, and the curl handles that are set up for each."""

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
"""The offset from which on a slash ends the origin part of a URL."""

_MOST = 1000
"""How many hosts are remembered."""

_NEVER = float("inf")


class Host:
    """A server: its route, its addresses, the exchanges that wait for them, and the idle handles that are set up for it."""

    __slots__ = ("addresses", "fresh_until", "idle", "route", "target", "waiting")

    def __init__(self, target: Target, route: Route) -> None:
        self.target = target
        self.route = route
        self.addresses: Addresses | None = None
        self.fresh_until = 0.0
        self.waiting: list[tuple[WireExchange, object]] = []
        self.idle: dict[HeaderLines, list[Transfer]] = {}  # by the lines that are set on them already


class Hosts:
    """Finds the ``Host`` of a URL. Calls ``forget`` for each one that it drops, and for all at the end."""

    def __init__(self, router: Router, ip_version: int | None, forget: Callable[[Host], None]) -> None:
        self._router = router
        self._ip_version = ip_version
        self._forget = forget
        self._places: OrderedDict[tuple[str, str | None], Host] = OrderedDict()

    def of(self, url: str, send_to: str | None) -> tuple[Host, str]:
        """Return the host for a URL, and the path to request. ``send_to`` is the request's."""
        end = url.find("/", _AUTHORITY_AT)
        base, path = (url[:end], url[end:]) if end > 0 and "#" not in url else cut(url)
        key = (base, send_to)
        place = self._places.get(key)
        if place is None:
            target = split(base)
            place = self._places[key] = Host(target, self._router.route(target, send_to))
            if len(self._places) > _MOST:
                # A run may see a million hosts, so the oldest one is dropped.
                self._forget(self._places.popitem(last=False)[1])
        return place, path

    def addresses(self, place: Host) -> Addresses | None:
        """Return the addresses of a host; None if they must be looked up."""
        if place.addresses is not None and time.monotonic() < place.fresh_until:
            return place.addresses
        if place.route.unix_socket is not None:
            found: Addresses | None = [(0, (place.route.unix_socket, 0))]
        else:
            found = literal(place.route, self._ip_version)
        place.addresses, place.fresh_until = found, _NEVER
        return found

    def clear(self) -> None:
        """Drop all hosts."""
        while self._places:
            self._forget(self._places.popitem()[1])
