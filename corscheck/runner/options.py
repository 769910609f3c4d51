"""How a run goes about its probes: concurrency, rate, retries, and the limits that follow from them."""

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
"""Files that a process has open beside its connections: reports, libraries, certificates."""


_FILES_EACH = 2
"""A probe under way has a connection, and there may be an idle one for each."""


def _affordable() -> int:
    """How many probes may be under way before the system refuses to open another socket (``ulimit -n``)."""
    try:
        import resource
    except ImportError:  # Windows, where nothing of the kind is limited
        return sys.maxsize
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if most == resource.RLIM_INFINITY else max((most - _OTHER_FILES) // _FILES_EACH, 1)


class RunOptions(Struct, frozen=True):
    """How a run goes about its probes.

    ``concurrency`` is the number of probes under way per host, ``concurrency_total`` in all (eight times as many unless
    it is given); ``rate`` the most requests a second over all; ``retry`` how often a probe without an answer is asked
    again; ``wait_for`` the seconds to keep asking a server that is not there yet; ``show_secrets`` switches masking off.
    ``diagnose`` allows a control request after a blocked probe, to tell causes apart; whoever counts what is sent leaves
    it off.
    """

    network: NetworkOptions = field(default_factory=NetworkOptions)
    concurrency: int = 8
    concurrency_total: int | None = None
    rate: float | None = None
    retry: int = 0
    wait_for: float = 0.0
    show_secrets: bool = False
    diagnose: bool = False

    @property
    def total(self) -> int:
        """The number of probes under way in all: as asked for, as far as the process may open files for it."""
        return min(self.concurrency_total or self.concurrency * _PER_HOST_TO_TOTAL, _affordable())


def place_of(probe: Probe) -> str:
    """The origin to connect to: what the concurrency per host counts by; empty for a URL that nothing is sent to."""
    try:
        return parse_url(probe.via or probe.url).origin
    except URLError:
        return ""


class Pace:
    """At most so many requests a second over all (None: no limit). Threads may share it."""

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
