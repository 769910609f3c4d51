"""TLS: the contexts that the options ask for, built once and only when needed, and the complaints about it in words.

Certificates are verified by OpenSSL against the URL's host. Nothing here opens a connection.
"""

from __future__ import annotations

import contextlib
import ssl
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corscheck.model import ConfigError
from corscheck.transports.failures import Failure, printable

if TYPE_CHECKING:
    from corscheck.protocol.request import ErrorKind
    from corscheck.transports.base import NetworkOptions

NAME_MISMATCH = 62
_NAME_MISMATCH = (NAME_MISMATCH, 64)
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
    """Raise ``ConfigError`` for options that name no file."""
    for name, path in (("cacert", options.cacert), ("cert", options.cert), ("key", options.key)):
        if path is not None and not Path(path).is_file():
            raise ConfigError(f'{name} "{path}" is not a file.')
    if options.key is not None and options.cert is None:
        raise ConfigError("key needs cert: the client certificate that the key belongs to.")


def system_roots() -> tuple[str | None, str | None]:
    """The file and the directory of the system's roots, which browsers and mkcert know; certifi's without any."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and paths.capath is None:
        import certifi

        return certifi.where(), None
    return paths.cafile, paths.capath


class Contexts:
    """The TLS contexts of one set of options. Options that name no readable file are a ``ConfigError`` at once."""

    def __init__(self, options: NetworkOptions) -> None:
        self._options = options
        check_files(options)

    @cached_property
    def target(self) -> ssl.SSLContext:
        """For the server: with the client certificate."""
        context = self._verifying()
        if self._options.cert is not None:
            try:
                # An empty passphrase: OpenSSL would ask for one on the terminal otherwise.
                context.load_cert_chain(self._options.cert, self._options.key, password=lambda: b"")
            except (OSError, ValueError) as error:
                raise ConfigError(
                    f"cert and key cannot be used (PEM, key without a passphrase): {printable(str(error))}."
                ) from None
        return context

    @cached_property
    def proxy(self) -> ssl.SSLContext:
        """For a proxy that is spoken to in TLS: HTTP/1.1, and the client certificate is not for its eyes."""
        context = self._verifying()
        context.set_alpn_protocols(["http/1.1"])
        return context

    @cached_property
    def nameless(self) -> ssl.SSLContext:
        """Verifies the chain but not the name: only to read which names a refused certificate has, never to send."""
        context = self._verifying()
        context.check_hostname = False
        return context

    def _verifying(self) -> ssl.SSLContext:
        if not self._options.verify:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        if self._options.cacert is not None:
            try:
                return ssl.create_default_context(cafile=self._options.cacert)
            except (OSError, ValueError) as error:
                raise ConfigError(f'cacert "{self._options.cacert}" holds no PEM certificate ({error}).') from None
        paths = ssl.get_default_verify_paths()
        if paths.cafile is None and paths.capath is None:
            return ssl.create_default_context(cafile=system_roots()[0])
        return ssl.create_default_context()


def is_name_mismatch(error: Exception) -> bool:
    """Whether a certificate was refused for its names only, so that it is worth asking which ones it has."""
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _NAME_MISMATCH


def certificate_names(certificate: Any) -> tuple[str, ...]:
    """The host names and addresses of a verified certificate, as ``getpeercert()`` gives it."""
    pairs = (certificate or {}).get("subjectAltName", ())
    return tuple(value for kind, value in pairs if kind in ("DNS", "IP Address"))


def refused(peer: str, host: str, error: Exception, names: tuple[str, ...], kind: ErrorKind) -> Failure:
    """The failure for a TLS handshake with ``peer`` as ``host``; ``names`` are the certificate's, if they are known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return certificate_refused(peer, host, error.verify_code, names, kind, error.verify_message)
    return Failure(kind, f"{peer} {complaint(error)}.")


def certificate_refused(
    peer: str, host: str, code: int, names: tuple[str, ...], kind: ErrorKind, message: str = ""
) -> Failure:
    """The failure for a certificate that OpenSSL refuses with ``code`` (X509_V_ERR_...) and ``message``."""
    owner = peer[:1].lower() + peer[1:] if peer.startswith("The ") else peer
    if code in _NAME_MISMATCH:
        has = f", only for {', '.join(printable(name) for name in names[:5])}" if names else ""
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return Failure(kind, f"The certificate of {owner} is not for {host}{has}{more}.")
    fault = _CERTIFICATE_FAULTS.get(code, f"is refused: {printable(message) or f'verification error {code}'}")
    return Failure(kind, f"The certificate of {owner} {fault}.")


def complaint(error: Exception) -> str:
    """What a TLS error says about the peer, as the rest of a sentence that begins with its name."""
    if isinstance(error, ssl.SSLError):
        words = alert(f"{error.reason or ''} {error}")
        return words or f"failed in TLS: {printable((error.reason or str(error)).replace('_', ' ').lower())}"
    if isinstance(error, ValueError):
        return f"cannot be named in TLS: {printable(str(error))}"
    return "closed the connection during the TLS handshake"


def alert(text: str) -> str | None:
    """What a text of OpenSSL's says about the peer, as the rest of a sentence; None for one that is not known."""
    shouted = text.upper().replace(" ", "_")
    return next((words for mark, words in _ALERTS if mark in shouted), None)


def in_words(text: str, number: int) -> str:
    """The same for a handshake that failed with a text and an error number (0: none) of the system's."""
    if number:
        return "closed the connection during the TLS handshake"
    return alert(text) or f"failed in TLS: {printable(text.rpartition(':')[2].strip().lower())}"


def check_name(peer: str, host: str) -> None:
    """Raise ``Failure`` for a host that cannot be named in TLS: one with an empty part, or a part that is too long."""
    if "." in host and any(not 0 < len(part) < 64 for part in host.removesuffix(".").split(".")):
        raise Failure("tls", f"{peer} cannot be named in TLS: a part of the name is empty or too long.")


def is_http2(ssl_object: Any) -> bool:
    """Whether ALPN settled on HTTP/2."""
    with contextlib.suppress(AttributeError):
        return bool(ssl_object.selected_alpn_protocol() == "h2")
    return False
