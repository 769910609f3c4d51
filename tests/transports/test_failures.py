"""The words of failures that cannot be had for the asking on every machine, and the safety of what servers say."""

from __future__ import annotations

import errno
import os

import pytest

from corscheck.transports import failures
from corscheck.transports.base import NetworkOptions
from corscheck.transports.routing import Router, split

ROUTE = Router(NetworkOptions()).route(split("http://api.example/"), None)
NO_ROUTE = OSError(errno.EHOSTUNREACH, "Connect call failed ('192.0.2.1', 80)")
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
SLOW = TimeoutError()

UNREACHABLE = [
    ([("192.0.2.1", NO_ROUTE)], "connect", "api.example:80 cannot be reached (192.0.2.1): no route to host."),
    (
        [("2001:db8::1", NO_ROUTE), ("192.0.2.1", REFUSED)],
        "connect",
        "api.example:80 cannot be reached (2001:db8::1: no route to host; 192.0.2.1: refused).",
    ),
    ([("192.0.2.1", REFUSED)], "connect", "api.example:80 refused the connection (192.0.2.1)."),
    (
        [("192.0.2.1", SLOW), ("192.0.2.2", SLOW)],
        "timeout",
        "api.example:80 did not take the connection within 10 s (192.0.2.1, 192.0.2.2).",
    ),
]


@pytest.mark.parametrize(("attempts", "kind", "message"), UNREACHABLE)
def test_unreachable(attempts, kind, message):
    failure = failures.unreachable(ROUTE, attempts, 9.999)
    assert (failure.kind, failure.message) == (kind, message)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(errno.EACCES, "x"), os.strerror(errno.EACCES).lower()),
        (OSError("path too long"), "path too long"),
    ],
)
def test_unusable_socket(error, reason):
    route = Router(NetworkOptions(unix_socket="/run/s")).route(split("http://api.example/"), None)
    failure = failures.unreachable(route, [("/run/s", error)], 1)
    assert failure.message == f"The socket /run/s cannot be used ({reason})."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        (b"\x1b[2J\r\n\x00", r"\x1b[2J\r\n\x00"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202eb", r"a\u202eb"),
        ("caf\xe9", "caf\xe9"),
        ("x" * 101, "x" * 100 + "..."),
        (b"x" * 100_000, "x" * 100 + "..."),
    ],
)
def test_printable(text, shown):
    assert failures.printable(text) == shown


@pytest.mark.parametrize(("duration", "shown"), [(0.0512, "0.05 s"), (0.297, "0.3 s"), (2.0, "2 s"), (9.9996, "10 s")])
def test_seconds(duration, shown):
    assert failures.seconds(duration) == shown
