"""TLS: handshakes that never end, alerts, the wrong protocol on the port, certificates that browsers refuse."""

from __future__ import annotations

from tests.hostile.row import ALLOWED, HEAD, OK, Row, blocked, no_answer
from tests.servers.raw import HOLD, READ, RESET, Repeat

TLS = no_answer("tls")
HTTPS = "https://127.0.0.1:PORT/"


def alert(description: int) -> bytes:
    """A fatal alert record (RFC 8446, section 6)."""
    return bytes((0x15, 3, 3, 0, 2, 2, description))


ALERTS = {"close_notify": 0, "unexpected_message": 10, "handshake_failure": 40, "unknown_ca": 48, "protocol_version": 70,
          "internal_error": 80, "unrecognized_name": 112, "a number that nobody knows": 233}  # fmt: skip


def handshake(name: str, *script: object, **more: object) -> Row:
    """A server that gets a ClientHello, and does this in place of a handshake."""
    return Row(f"TLS: {name}", [[0.05, *script]], more.pop("expected", TLS), url=HTTPS, **more)  # type: ignore[arg-type]


def certificate(server: str, **network: object) -> Row:
    """A good answer behind such a certificate."""
    expected = TLS if "verify" not in network else ALLOWED
    name = f"certificate: {server}{', -k' if network else ''}"
    return Row(name, [[READ, OK]], expected, server=server, url=HTTPS, network=network)  # type: ignore[arg-type]


ROWS = (
    *(handshake(f"alert {name}", alert(number)) for name, number in ALERTS.items()),
    handshake("no answer to ClientHello", HOLD, expected=no_answer("timeout"), connections=1),
    handshake("an answer that drips", Repeat(b"\x16", 1), Repeat(b"\x03", 1000, pause=0.02),
              expected=no_answer("timeout")),
    handshake("a record header, and then nothing", b"\x16\x03\x03\x40\x00", HOLD, expected=no_answer("timeout")),
    handshake("a record of 64 KB", b"\x16\x03\x03\xff\xff" + b"\0" * 65535),
    handshake("garbage", b"\xff" * 1000),
    handshake("plain HTTP on the port", OK),
    handshake("a mail server's greeting", b"220 mail.example ESMTP\r\n", HOLD),
    handshake("end"),
    handshake("reset", RESET),
    handshake("alerts without end", Repeat(bytes((0x15, 3, 3, 0, 2, 1, 90)) * 1000, 10_000), deadline=2),
    Row("TLS: an http URL to a TLS port that hangs up", [[READ, OK]], no_answer("connect"), server="tls"),
    Row("TLS: an http URL to a TLS port that says so", [[READ, alert(70)]], blocked("CORS522")),
    Row("TLS: an http URL to a TLS port that explains", [[READ, b"HTTP/1.1 400 Bad Request\r\n\r\nuse https"]],
        blocked("CORS301")),
    Row("TLS: an answer, and an end without close_notify", [[READ, HEAD + b"\r\nok"]], ALLOWED, server="tls", url=HTTPS,
        warns=False),
    Row("TLS: a length, and an end without close_notify before it", [[READ, HEAD + b"Content-Length: 9\r\n\r\nok"]],
        ALLOWED, server="tls", url=HTTPS, warns=True),
    Row("TLS: a head that ends with the connection", [[READ, HEAD]], blocked("CORS522"), server="tls", url=HTTPS),
    Row("TLS: silence after the handshake", [[READ, HOLD]], no_answer("timeout"), server="tls", url=HTTPS),
    Row("TLS: reset after the request", [[READ, RESET]], no_answer("connect"), server="tls", url=HTTPS),
    Row("TLS: a head without end", [[READ, HEAD, Repeat(b"X: 1\r\n" * 1000, 10_000)]], no_answer("too-large"),
        server="tls", url=HTTPS, sent=20 << 20),
    *(certificate(server) for server in ("expired", "wrong-name", "self-signed", "unknown-issuer")),
    *(certificate(server, verify=False) for server in ("expired", "wrong-name", "self-signed", "unknown-issuer")),
    Row("certificate: a client's is wanted", [[READ, OK]], TLS, server="clients", url=HTTPS),
)  # fmt: skip
