"""Name resolution with a time limit. ``getaddrinfo`` cannot be interrupted, so it runs in its own thread.

The thread is a daemon, so a slow resolver delays neither the deadline nor the end of the program.
"""

from __future__ import annotations

import queue
import socket
import threading
from typing import TYPE_CHECKING, Any, TypeAlias

from corscheck.transports import failures

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.transports.routing import Route

Addresses: TypeAlias = "list[tuple[int, Any]]"
"""Pairs of family and socket address, in the order to try them, without duplicates."""

_FAMILIES = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}


def look_up(route: Route, ip_version: int | None, timeout: float) -> Addresses | None:
    """Return the addresses to dial, or None after ``timeout`` seconds. Raises ``NetworkFailure`` if there are none."""
    found = literal(route, ip_version)
    if found is not None:
        return found
    results: queue.SimpleQueue[Addresses | failures.NetworkFailure] = queue.SimpleQueue()
    in_background(route, ip_version, results.put)
    try:
        result = results.get(timeout=timeout)
    except queue.Empty:
        return None
    if isinstance(result, failures.NetworkFailure):
        raise result
    return result


def literal(route: Route, ip_version: int | None) -> Addresses | None:
    """Return the addresses of ``--resolve``, or of a host that is itself an address; None if a lookup is needed."""
    found: Addresses = []
    for text in route.addresses or (route.dial.host,):
        try:
            found += _getaddrinfo(text, route.dial.port, None, socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            return None
    wanted = [pair for pair in found if ip_version is None or pair[0] == _FAMILIES[ip_version]]
    if not wanted and ip_version is not None:
        raise failures.no_such_family(route, ip_version)
    return wanted


def in_background(
    route: Route, ip_version: int | None, deliver: Callable[[Addresses | failures.NetworkFailure], None]
) -> None:
    """Resolve the route's host in a thread, which calls ``deliver`` with the addresses or with the failure."""
    threading.Thread(target=lambda: deliver(_ask(route, ip_version)), daemon=True, name="corscheck-lookup").start()


def _ask(route: Route, ip_version: int | None) -> Addresses | failures.NetworkFailure:
    host = route.dial.host
    # "Let localhost be localhost": browsers never query DNS for names below it, but the C library does.
    name = "localhost" if host.removesuffix(".").endswith(".localhost") else host
    try:
        return _getaddrinfo(name, route.dial.port, ip_version)
    except (OSError, UnicodeError) as error:
        return failures.unresolved(route, error)


def _getaddrinfo(host: str, port: int, ip_version: int | None, flags: int = 0) -> Addresses:
    infos = socket.getaddrinfo(host, port, _FAMILIES[ip_version], socket.SOCK_STREAM, 0, flags)
    return list(dict.fromkeys((int(family), address) for family, _, _, _, address in infos))
