"""TLS failures as messages: rejected certificates, alerts, and hosts that TLS cannot name.

Used by both live transports. It must not import ssl, which plain HTTP does not need.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from corscheck.model.masking import mask_certificate
from corscheck.model.values import ConfigError
from corscheck.transports.failures import NetworkFailure, printable

if TYPE_CHECKING:
    from corscheck.protocol.request import ErrorKind
    from corscheck.transports.base import NetworkOptions

NAME_MISMATCH = 62
NAME_MISMATCHES = (NAME_MISMATCH, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""

_CERTIFICATE_FAULTS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed, and not among the trusted ones",
    19: "comes from an issuer that is not trusted (its chain ends in a self-signed one)",
    20: "comes from an unknown issuer",
    21: "comes from an unknown issuer",
    23: "has been revoked",
    26: "is not meant for servers",
    66: "has a key that is too weak",
}

_ALERTS = (
    ("CERTIFICATE_REQUIRED", "wants a client certificate"),
    ("UNKNOWN_CA", "does not trust the issuer of our client certificate"),
    ("BAD_CERTIFICATE", "does not accept our client certificate"),
    ("CERTIFICATE_EXPIRED", "says that our client certificate has expired"),
    ("PROTOCOL_VERSION", "speaks no TLS version that is safe to use (1.2 or 1.3)"),
    ("UNSUPPORTED_PROTOCOL", "speaks no TLS version that is safe to use (1.2 or 1.3)"),
    ("UNRECOGNIZED_NAME", "has no certificate for this name"),
    ("HANDSHAKE_FAILURE", "broke off the TLS handshake: no common cipher, or it wants a client certificate"),
    ("WRONG_VERSION_NUMBER", "does not speak TLS on this port: is it an http URL?"),
    ("PACKET_LENGTH_TOO_LONG", "does not speak TLS on this port: is it an http URL?"),
    ("HTTP_REQUEST", "does not speak TLS on this port: is it an http URL?"),
    ("RECORD_LAYER_FAILURE", "does not speak TLS on this port: is it an http URL?"),
    ("UNEXPECTED_EOF", "closed the connection during the TLS handshake"),
)


def check_files(options: NetworkOptions) -> None:
    """Raise ``ConfigError`` for a certificate option that is not the path of a file."""
    for name, path in (("cacert", options.cacert), ("cert", options.cert), ("key", options.key)):
        if path is not None and not Path(path).is_file():
            raise ConfigError(
                f'{name} "{mask_certificate(path)}" is not a file.',
                option=name,
                value=path,
                reason="there is no such file",
            )
    if options.key is not None and options.cert is None:
        raise ConfigError(
            "key needs cert: the client certificate that the key belongs to.",
            option="key",
            value=options.key,
            reason="a key needs the client certificate that it belongs to",
            hint="Pass cert= as well.",
        )


def certificate_refused(
    peer: str, host: str, code: int, names: tuple[str, ...], kind: ErrorKind, message: str = ""
) -> NetworkFailure:
    """Return the failure for a certificate that OpenSSL rejects with ``code`` (X509_V_ERR_...) and ``message``."""
    owner = peer[:1].lower() + peer[1:] if peer.startswith("The ") else peer
    if code in NAME_MISMATCHES:
        has = f", only for {', '.join(printable(name) for name in names[:5])}" if names else ""
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return NetworkFailure(kind, f"The certificate of {owner} is not for {host}{has}{more}.")
    fault = _CERTIFICATE_FAULTS.get(code, f"is refused: {printable(message) or f'verification error {code}'}")
    return NetworkFailure(kind, f"The certificate of {owner} {fault}.")


def alert(text: str) -> str | None:
    """Return the meaning of an OpenSSL message, as the rest of a sentence about the peer; None if it is unknown."""
    shouted = text.upper().replace(" ", "_")
    return next((words for mark, words in _ALERTS if mark in shouted), None)


def in_words(text: str, number: int) -> str:
    """Return the meaning of a failed handshake, from a message and an error number of the system (0: none)."""
    if number:
        return "closed the connection during the TLS handshake"
    return alert(text) or f"failed in TLS: {printable(text.rpartition(':')[2].strip().lower())}"


def check_name(peer: str, host: str) -> None:
    """Raise ``NetworkFailure`` for a host that TLS cannot name: one of its labels is empty or too long."""
    if "." in host and any(not 0 < len(part) < 64 for part in host.removesuffix(".").split(".")):
        raise NetworkFailure("tls", f"{peer} cannot be named in TLS: a part of the name is empty or too long.")
