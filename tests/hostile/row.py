"""A row of the table of hostile servers: what a server does, how it is asked, and what must come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from corscheck.protocol.request import ErrorKind

PAGE = "http://localhost:3000"
DEADLINE = 0.6
"""Seconds that each row has (``-m``): long enough for loopback, short enough for a table of this size."""

Server = Literal["plain", "tls", "h2", "expired", "wrong-name", "self-signed", "unknown-issuer", "clients"]
"""What a server's script runs over: TCP, TLS with a good certificate (with ALPN h2), or with a bad one."""

ANYONE = b"Access-Control-Allow-Origin: *\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n" + ANYONE
CLOSE = b"Connection: close\r\n\r\n"
OK = HEAD + b"Content-Length: 2\r\n" + CLOSE + b"ok"
PREFLIGHT = b"HTTP/1.1 204 No Content\r\n" + ANYONE + b"Access-Control-Allow-Headers: *\r\n"
"""The head of a preflight's good answer, still open."""


@dataclass(frozen=True)
class Expected:
    """A verdict; the code that decided (empty: any); the kind of error where there is no answer."""

    verdict: Literal["allowed", "blocked", "inconclusive"]
    code: str = ""
    kind: ErrorKind | None = None


ALLOWED = Expected("allowed")


def blocked(code: str) -> Expected:
    """A browser rule decided: this one."""
    return Expected("blocked", code)


def no_answer(kind: ErrorKind) -> Expected:
    """Nothing that could be judged, and why."""
    return Expected("inconclusive", kind=kind)


@dataclass(frozen=True)
class Row:
    """One behaviour.

    ``scripts`` are a server's (``tests.servers.raw``), a connection each, the last for all further ones; ``PORT`` in
    their bytes stands for the server's port, ``OTHER`` for that of a harmless second server. ``asked`` is passed to the
    probe (method, headers, body ...), ``network`` to the transport. ``url`` has PORT and OTHER as well. ``curl`` is
    what libcurl makes of it where it cannot do the same, ``because`` why. ``warns`` says that the allowed answer's body
    is remarked on (CORS521). ``connections`` and ``sent`` bound what the server saw and gave (bytes); ``sent_by_curl`` where
    libcurl reads on until the time of a body is up, since it hands over nothing that could be counted.
    """

    name: str
    scripts: Sequence[Sequence[object]]
    expected: Expected
    server: Server = "plain"
    url: str = "http://127.0.0.1:PORT/"
    asked: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    curl: Expected | None = None
    because: str = ""
    warns: bool | None = None
    connections: int | None = None
    sent: int | None = None
    sent_by_curl: int | None = None
    never: tuple[bytes, ...] = ()
    """What must be in no request."""
    host: str = "127.0.0.1"
    deadline: float = DEADLINE
    firefox_differs: bool = False
    """Firefox comes to another verdict than Chromium, so that the check fails for one of the two."""

    @property
    def exit(self) -> int:
        """The exit status that DESIGN 4.3 gives to the verdict where ``allowed`` is expected."""
        return 1 if self.firefox_differs else {"allowed": 0, "blocked": 1, "inconclusive": 3}[self.expected.verdict]


def header(name: str, value: str = "1") -> dict[str, Any]:
    """A request with one header of script's."""
    return {"headers": [(name, value)]}


PREFLIGHTED = header("X-A")
"""A request that needs a preflight."""
