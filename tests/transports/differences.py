"""Where libcurl cannot do what the tables of the conformance tests say, and why. Everything else is the same for all.

Keyed by the case's name. ``kind`` and ``words`` are what the transport over libcurl says instead.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    reason: str
    kind: str
    words: tuple[str, ...]


CURL = {
    "a head of 256 KiB": Difference(
        "libcurl takes no header line of more than 100 KiB, and no more than 5,000 lines",
        "too-large",
        ("a response head that is too large",),
    ),
    "hang-up in the head": Difference(
        "libcurl hands over whole lines: the bytes of the last, cut one are not counted",
        "protocol",
        ("127.0.0.1:PORT", "in the middle of", "17 bytes"),
    ),
    "hang-up in the first line": Difference(
        "libcurl tells an answer cut in its first line like none at all, and asks again if the connection was a kept one",
        "connect",
        ("127.0.0.1:PORT closed the connection without a response.",),
    ),
    "HTTP/1.2": Difference(
        "libcurl reads no HTTP version but 1.0, 1.1, 2 and 3", "protocol", ("malformed response", "version")
    ),
    "a client certificate is refused after the handshake": Difference(
        "libcurl does not read on when it cannot write, so that the alert may be lost; a matter of chance",
        "connect",
        ("reset the connection without a response after the TLS handshake",),
    ),
    "HTTP/2 without the package h2": Difference("libcurl brings its own", "", ()),
}
