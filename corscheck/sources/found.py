"""A request parsed from a source, such as a curl command, in the terms of a probe.

Nothing here depends on files, the network or the command line. Header text is isomorphic (one character per byte).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from corscheck.model.masking import mask_text
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from corscheck.protocol.request import Credentials, Headers, Mode, Redirect


class SourceError(ConfigError):
    """The text cannot be parsed. The message says where, and what to write instead."""


class FoundNetwork(Struct, frozen=True):
    """The connection settings of a curl command, named like corscheck's own options. None or empty: not set."""

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
    """One request. None: the source does not say.

    ``url`` is as written, ``origin`` the page's. ``headers`` are those that script set; ``cookies`` and ``login``
    (user, password) are what the browser had stored. ``form`` holds the values of curl's ``-F``, not yet encoded as a
    body. ``via`` is a different base URL to send to. ``upload_listener``: there was a preflight for a request that needs none
    by itself, as a listener for upload progress forces one. ``notes`` are sentences about interpretations that differ from the
    text.
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
    upload_listener: bool = False
    not_cors: str | None = None


def place(text: str, offset: int) -> str:
    """Return an offset as ``line 3, column 7``."""
    line = text.count("\n", 0, offset) + 1
    return f"line {line}, column {offset - (text.rfind(chr(10), 0, offset) + 1) + 1}"


def quoted(text: str) -> str:
    """Quote untrusted text for a message: without secrets, shortened, and escaped for terminals."""
    text = mask_text(text)  # before it is shortened: what is cut may no longer look like a URL
    return repr(text if len(text) <= 60 else text[:57] + "...")
