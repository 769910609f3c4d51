"""The certificate of the page server, and the fingerprints by which browsers are told to accept a certificate.

The page server needs a key and a certificate for one run. trustme makes both. Only the browser that we start accepts
the certificate, and it accepts it by fingerprint. It never learns of trustme's certificate authority: with a CA's key
on its list Chromium would accept that CA's certificates for every host.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
from datetime import UTC, datetime, timedelta

from corscheck.browsers.errors import BrowserUnavailable

# The certificate is for this name, whatever the page's host is: browsers ignore the name of a certificate that they
# accept by fingerprint, and trustme rejects hosts that browsers open, such as my_app.example.
_NAME = "corscheck.invalid"


def issue() -> tuple[ssl.SSLContext, bytes]:
    """Return a server context with a fresh key, and its certificate as DER.

    Raises ``BrowserUnavailable`` if trustme is not installed.
    """
    try:
        import trustme
    except ImportError as error:
        raise BrowserUnavailable(
            "a page with an https origin, and any page in WebKit, needs the package trustme (1.2 or later): "
            "pip install '.[browser]' in a checkout of corscheck"
        ) from error
    now = datetime.now(UTC)
    leaf = trustme.CA().issue_cert(_NAME, not_before=now - timedelta(days=1), not_after=now + timedelta(days=7))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    return context, ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode("ascii"))


def spki_hash(certificate: bytes) -> str:
    """Return the base64 SHA-256 of a certificate's public key, for ``--ignore-certificate-errors-spki-list``."""
    return base64.b64encode(hashlib.sha256(public_key_info(certificate)).digest()).decode("ascii")


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a whole DER certificate as ``AA:BB:...``, for Firefox's ``cert_override.txt``."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def public_key_info(certificate: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a DER certificate, in DER (RFC 5280, 4.1). Raises ``ValueError`` if invalid.

    ``cryptography`` is not used, because it decodes and re-encodes the key: Chromium hashes the original bytes, and
    with ``--insecure`` a target may have a certificate that ``cryptography`` rejects.
    """
    try:
        _, start, _ = _element(certificate, 0)  # Certificate
        _, at, end = _element(certificate, start)  # TBSCertificate
        fields = []
        while at < end:
            tag, _, after = _element(certificate, at)
            fields.append((tag, certificate[at:after]))
            at = after
        skip = 1 if fields[0][0] == 0xA0 else 0  # the version is optional
        # After the version: serial number, algorithm, issuer, validity, subject, and the key.
        return fields[skip + 5][1]
    except IndexError:
        raise ValueError("not a DER certificate") from None


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, start of the content, and end of the DER element at an offset."""
    tag, size, at = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size, at = int.from_bytes(data[at : at + count], "big"), at + count
    if at + size > len(data):
        raise IndexError
    return tag, at, at + size
