"""The WebSocket handshake as a browser sends it, and whether the server accepted it (RFC 6455, 4.1 and 4.2).

CORS does not apply to WebSockets. The browser sends the page's origin and the visitor's cookies, and the page can use
the connection if the server accepts. Only the server can refuse.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.auditing.proof import BROWSERS, Seen
from corscheck.protocol.headers import get
from corscheck.protocol.origin import parse_url
from corscheck.protocol.outcome import Exchange, Outcome
from corscheck.protocol.request import HTTPRequest, HTTPResponse, Request

if TYPE_CHECKING:
    from corscheck.model.values import Probe
    from corscheck.protocol.request import Answer, Headers

SCHEMES = {"ws": "http", "wss": "https"}
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = base64.b64encode(b"corscheck audit.").decode("ascii")
"""Sixteen bytes, as the RFC requires. They protect against nothing here, so they need not be random."""


class Handshake(Struct, frozen=True):
    """A request to the driver for one handshake. ``probe`` holds the page's origin, headers and stored credentials."""

    probe: Probe

    def request(self) -> HTTPRequest:
        """Build the HTTP request."""
        probe = self.probe
        headers: Headers = (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", _KEY),
            ("Origin", probe.origin),
            *probe.headers,
        )
        return HTTPRequest("actual", 0, "GET", (http_url(probe.url),), headers, probe.origin, "cors", True)


def page_origin(url: str) -> str:
    """Return the origin of a target's own pages, which for a WebSocket URL has the scheme of its handshake."""
    target = parse_url(url)
    return f"{SCHEMES.get(target.scheme, target.scheme)}{target.origin[len(target.scheme) :]}"


def http_url(url: str) -> str:
    """Return the URL of the handshake request, with ``http`` for ``ws`` and ``https`` for ``wss``."""
    scheme, _, rest = parse_url(url).without_fragment.partition("://")
    return f"{SCHEMES[scheme]}://{rest}"


def accepted(answer: Answer) -> bool:
    """Whether the server sent 101 with the right ``Sec-WebSocket-Accept``."""
    if not isinstance(answer, HTTPResponse) or answer.status != 101:
        return False
    expected = base64.b64encode(hashlib.sha1(f"{_KEY}{_GUID}".encode("ascii")).digest())  # noqa: S324 - the RFC's
    return (get(answer.headers, "Sec-WebSocket-Accept") or "").strip() == expected.decode("ascii")


def seen(handshake: Handshake, answer: Answer) -> Seen:
    """Turn the response into a ``Seen``. An accepted handshake counts as allowed with credentials."""
    probe, yes = handshake.probe, accepted(answer)
    exchange = Exchange(handshake.request(), answer)
    asked = Request(probe.url, probe.origin)
    outcome = Outcome(asked, "chromium", "allowed" if yes else "blocked", exchanges=(exchange,))
    return Seen(probe.origin, outcome, exchange, BROWSERS if yes else ())
