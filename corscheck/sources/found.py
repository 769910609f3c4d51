"""What a source says was asked: one request as a page (or curl) made it, sorted into what a probe is made of.

Knows nothing of files, of the network and of the command line. Header text is isomorphic (a character per byte).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from corscheck.protocol.request import Credentials, Headers, Mode, Redirect


class SourceError(ConfigError):
    """The text cannot be read: the message names the place and what to write instead."""


class FoundNetwork(Struct, frozen=True):
    """How a curl command reaches the server, under the names of our own options; None and empty: nothing said."""

    insecure: bool = False
    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    proxy: str | None = None
    noproxy: str | None = None
    connect_to: tuple[str, ...] = ()
    resolve: tuple[str, ...] = ()
    unix_socket: str | None = None
    http2: bool = False
    ipv4: bool = False
    ipv6: bool = False
    max_time: float | None = None
    user_agent: str | None = None


class FoundRequest(Struct, frozen=True):
    """One request. None where the source does not say.

    ``url`` is as written, ``origin`` the page's. ``headers`` are those that script set, ``cookies`` and ``login`` what
    the browser had stored. ``form`` are curl's ``-F`` texts, of which the body is still to be made. ``via`` is another
    base URL to send to. ``notes`` are sentences about what was understood in another way than it was written.
    """

    url: str
    method: str
    origin: str | None = None
    headers: Headers = ()
    body: bytes | None = None
    form: tuple[str, ...] = ()
    credentials: Credentials | None = None
    mode: Mode | None = None
    redirect: Redirect | None = None
    cookies: str | None = None
    login: tuple[str, str] | None = None
    via: str | None = None
    network: FoundNetwork = field(default_factory=FoundNetwork)
    notes: tuple[str, ...] = ()


def place(text: str, offset: int) -> str:
    """``line 3, column 7`` of an offset in a text."""
    line = text.count("\n", 0, offset) + 1
    return f"line {line}, column {offset - (text.rfind(chr(10), 0, offset) + 1) + 1}"


def quoted(text: str) -> str:
    """A text that is not ours, for a message: short, and without what could disturb a terminal."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
