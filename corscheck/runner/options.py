"""Options of a run: concurrency, rate, retries, and the limits that follow from them."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from msgspec import Struct, field

from corscheck.protocol.origin import URLError, parse_url
from corscheck.transports.base import NetworkOptions

if TYPE_CHECKING:
    from corscheck.model.values import Probe


_PER_HOST_TO_TOTAL = 8

_OTHER_FILES = 32
"""Files that a process keeps open beside its connections: reports, libraries, certificates."""

_FILES_EACH = 2
"""Sockets for each probe under way: its connection, and an idle one kept for the next probe."""


def _affordable() -> int:
    """Return how many probes may be under way before the process runs out of file descriptors (``ulimit -n``)."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return sys.maxsize
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if most == resource.RLIM_INFINITY else max((most - _OTHER_FILES) // _FILES_EACH, 1)


class RunOptions(Struct, frozen=True):
    """Options of a run.

    ``concurrency`` is the number of probes under way per host, ``concurrency_total`` in all (eight times as many unless
    it is given); ``rate`` the most requests a second over all; ``retry`` how often a probe without a response is asked
    again; ``wait_for`` the seconds to keep asking a server that is not there yet; ``show_secrets`` switches masking off.
    ``diagnose`` allows a control request after a blocked probe, to tell causes apart; a caller that counts requests leaves
    it off. ``keep_exchanges`` keeps all exchanges of an audit, which otherwise has those of its findings only.
    """

    network: NetworkOptions = field(default_factory=NetworkOptions)
    concurrency: int = 8
    concurrency_total: int | None = None
    rate: float | None = None
    retry: int = 0
    wait_for: float = 0.0
    show_secrets: bool = False
    diagnose: bool = False
    keep_exchanges: bool = False

    @property
    def total(self) -> int:
        """How many probes may be under way in all: what was asked for, or fewer if the process may not open as many files."""
        return min(self.concurrency_total or self.concurrency * _PER_HOST_TO_TOTAL, _affordable())


def place_of(probe: Probe) -> str:
    """Return the origin to connect to, by which concurrency per host counts; empty for an invalid URL."""
    try:
        return parse_url(probe.via or probe.url).origin
    except URLError:
        return ""


class Pace:
    """Limits a run to ``rate`` requests a second (None: no limit). Threads may share it."""

    def __init__(self, rate: float | None) -> None:
        self._every = 1 / rate if rate else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def delay(self) -> float:
        """Take the next place in the line, and return the seconds until it is there."""
        if not self._every:
            return 0.0
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._every
        return start - now
