"""The handshake of a WebSocket, as a browser sends it, and whether it was accepted (RFC 6455, 4.1 and 4.2).

CORS does not apply here: the browser names the page's origin, sends the visitor's cookies along, and lets the page talk
to whoever says yes. The server alone can refuse.
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
"""Sixteen bytes, as the RFC demands; they guard against nothing here, so they need not be random."""


class Handshake(Struct, frozen=True):
    """Asks for one handshake: ``probe`` has the page's origin, the headers and the stored credentials."""

    probe: Probe


def http_url(url: str) -> str:
    """The URL that the handshake is sent to: ``ws`` is HTTP, ``wss`` HTTPS."""
    scheme, _, rest = parse_url(url).without_fragment.partition("://")
    return f"{SCHEMES[scheme]}://{rest}"


def request(handshake: Handshake) -> HTTPRequest:
    """The request of a handshake."""
    probe = handshake.probe
    headers: Headers = (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", _KEY),
        ("Origin", probe.origin),
        *probe.headers,
    )
    return HTTPRequest("actual", 0, "GET", (http_url(probe.url),), headers, probe.origin, "cors", True)


def accepted(answer: Answer) -> bool:
    """Whether the server switched, and knows what it switched to."""
    if not isinstance(answer, HTTPResponse) or answer.status != 101:
        return False
    expected = base64.b64encode(hashlib.sha1(f"{_KEY}{_GUID}".encode("ascii")).digest())  # noqa: S324 - the RFC's
    return (get(answer.headers, "Sec-WebSocket-Accept") or "").strip() == expected.decode("ascii")


def seen(handshake: Handshake, answer: Answer) -> Seen:
    """What came of the handshake, in the shape of a CORS check: accepted is let in, with credentials."""
    probe, yes = handshake.probe, accepted(answer)
    exchange = Exchange(request(handshake), answer)
    asked = Request(probe.url, probe.origin)
    outcome = Outcome(asked, "chromium", "allowed" if yes else "blocked", exchanges=(exchange,))
    return Seen(probe.origin, outcome, exchange, BROWSERS if yes else ())
