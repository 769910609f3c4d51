"""TLS contexts, built on first use, and the meaning of TLS errors.

OpenSSL verifies certificates against the URL's host. Nothing here opens a connection.
"""

from __future__ import annotations

import ssl
from functools import cached_property
from typing import TYPE_CHECKING, Any

from corscheck.model.values import ConfigError
from corscheck.transports.failures import NetworkFailure, printable
from corscheck.transports.handshakes import NAME_MISMATCHES, alert, certificate_refused, check_files

if TYPE_CHECKING:
    from corscheck.protocol.request import ErrorKind
    from corscheck.transports.base import NetworkOptions


def system_roots() -> tuple[str | None, str | None]:
    """Return file and directory of the system's root certificates, which browsers and mkcert use; or certifi's file."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and paths.capath is None:
        import certifi

        return certifi.where(), None
    return paths.cafile, paths.capath


class Contexts:
    """The TLS contexts for a set of options. Raises ``ConfigError`` for an option that names no file."""

    def __init__(self, options: NetworkOptions) -> None:
        self._options = options
        check_files(options)

    @cached_property
    def target(self) -> ssl.SSLContext:
        """For the server, with the client certificate."""
        context = self._verifying()
        if self._options.cert is not None:
            try:
                # Without a passphrase OpenSSL would ask for one on the terminal.
                context.load_cert_chain(self._options.cert, self._options.key, password=lambda: b"")
            except (OSError, ValueError) as error:
                raise ConfigError(
                    f"cert and key cannot be used (PEM, key without a passphrase): {printable(str(error))}.",
                    option="cert",
                    value=self._options.cert,
                    reason=f"the certificate and its key cannot be loaded: {printable(str(error))}",
                    hint="Both must be PEM files, the key without a passphrase.",
                ) from None
        return context

    @cached_property
    def proxy(self) -> ssl.SSLContext:
        """For a proxy that is reached over TLS: HTTP/1.1, without the client certificate."""
        context = self._verifying()
        context.set_alpn_protocols(["http/1.1"])
        return context

    @cached_property
    def nameless(self) -> ssl.SSLContext:
        """Verifies the chain but not the name. Used only to read the names of a rejected certificate, never to send."""
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
                raise ConfigError(
                    f'cacert "{self._options.cacert}" contains no PEM certificate ({error}).',
                    option="cacert",
                    value=self._options.cacert,
                    reason=f"the file contains no PEM certificate ({error})",
                ) from None
        paths = ssl.get_default_verify_paths()
        if paths.cafile is None and paths.capath is None:
            return ssl.create_default_context(cafile=system_roots()[0])
        return ssl.create_default_context()


def is_name_mismatch(error: Exception) -> bool:
    """Whether a certificate was rejected only because of its names, so that it is worth reading them."""
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in NAME_MISMATCHES


def certificate_names(certificate: Any) -> tuple[str, ...]:
    """Return the host names and addresses of a verified certificate, from the result of ``getpeercert()``."""
    pairs = (certificate or {}).get("subjectAltName", ())
    return tuple(value for kind, value in pairs if kind in ("DNS", "IP Address"))


def refused(peer: str, host: str, error: Exception, names: tuple[str, ...], kind: ErrorKind) -> NetworkFailure:
    """Return the failure for a TLS handshake with ``peer`` as ``host``. ``names`` are the certificate's, if known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return certificate_refused(peer, host, error.verify_code, names, kind, error.verify_message)
    return NetworkFailure(kind, f"{peer} {complaint(error)}.")


def complaint(error: Exception) -> str:
    """Return the meaning of a TLS error, as the rest of a sentence about the peer."""
    if isinstance(error, ssl.SSLError):
        words = alert(f"{error.reason or ''} {error}")
        return words or f"failed in TLS: {printable((error.reason or str(error)).replace('_', ' ').lower())}"
    if isinstance(error, ValueError):
        return f"cannot be named in TLS: {printable(str(error))}"
    return "closed the connection during the TLS handshake"
