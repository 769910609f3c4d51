"""A throw-away certificate for the page server, and the fingerprints by which browsers are told of a certificate.

The extra ``browser`` is ``websockets`` alone, the standard library cannot make certificates, and an ``openssl``
program is not everywhere a browser is. So the one certificate needed is made here: ECDSA on P-256 (FIPS 186-5) and as
much DER as X.509 (RFC 5280) wants of a self-signed leaf. That is sound because nothing rests on this key: it lives for
one run, serves a blank page on loopback, and only the browser we started accepts it, by fingerprint. Do not use it for
anything else: it is not hardened against timing.

No certificate authority ever comes into being: a CA's key on Chromium's list makes it accept wrong names.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import secrets
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# The curve P-256: y^2 = x^3 - 3x + b over the field of _P, with a generator of order _N.
_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_Point: TypeAlias = tuple[int, int] | None
_G: _Point = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

_EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
_PRIME256V1 = bytes.fromhex("06082a8648ce3d030107")
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_COMMON_NAME = bytes.fromhex("0603550403")
_SUBJECT_ALT_NAME = bytes.fromhex("0603551d11")


def self_signed(hosts: Iterable[str], directory: Path) -> tuple[ssl.SSLContext, bytes]:
    """A server context with a fresh key and a certificate for ``hosts`` (names or IP addresses, no brackets).

    Also returns the certificate as DER. ``ssl`` reads keys from files only: one is written to ``directory``, readable
    by its owner alone, and removed again.
    """
    private = secrets.randbelow(_N - 1) + 1
    public = _public(private)
    certificate = _certificate(private, public, hosts)
    key = _der(
        0x30,
        _integer(1),
        _der(0x04, private.to_bytes(32, "big")),
        _der(0xA0, _PRIME256V1),
        _der(0xA1, _der(0x03, b"\0", public)),
    )
    file = directory / "page.pem"
    file.touch(mode=0o600)
    try:
        file.write_text(_pem("EC PRIVATE KEY", key) + _pem("CERTIFICATE", certificate), encoding="ascii")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
    finally:
        file.unlink()
    context.set_alpn_protocols(["http/1.1"])
    return context, certificate


def spki_hash(certificate: bytes) -> str:
    """The base64 SHA-256 of a certificate's public key, for Chromium's ``--ignore-certificate-errors-spki-list``."""
    return base64.b64encode(hashlib.sha256(public_key_info(certificate)).digest()).decode("ascii")


def fingerprint(certificate: bytes) -> str:
    """The SHA-256 of a whole DER certificate as ``AA:BB:...``: what Firefox's ``cert_override.txt`` takes."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def public_key_info(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a DER certificate, DER itself (RFC 5280, 4.1). ValueError if it is no certificate."""
    try:
        _, start, _ = _element(certificate, 0)  # Certificate
        _, at, end = _element(certificate, start)  # TBSCertificate
        fields = []
        while at < end:
            tag, _, after = _element(certificate, at)
            fields.append((tag, certificate[at:after]))
            at = after
        skip = 1 if fields[0][0] == 0xA0 else 0  # the version is optional
        # After it: serial number, algorithm, issuer, validity, subject, and the key.
        return fields[skip + 5][1]
    except IndexError:
        raise ValueError("not a DER certificate") from None


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start of the content and end of the DER element at an offset."""
    tag, size, at = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size, at = int.from_bytes(data[at : at + count], "big"), at + count
    if at + size > len(data):
        raise IndexError
    return tag, at, at + size


def _certificate(private: int, public: bytes, hosts: Iterable[str]) -> bytes:
    name = _der(0x30, _der(0x31, _der(0x30, _COMMON_NAME, _der(0x0C, b"corscheck test page"))))
    now = datetime.now(UTC)
    validity = [_der(0x17, f"{now + timedelta(days=days):%y%m%d%H%M%SZ}".encode()) for days in (-1, 7)]
    key = _der(0x30, _der(0x30, _EC_PUBLIC_KEY, _PRIME256V1), _der(0x03, b"\0", public))
    names = _der(0x30, *(_general_name(host) for host in hosts))
    extensions = _der(0xA3, _der(0x30, _der(0x30, _SUBJECT_ALT_NAME, _der(0x04, names))))
    to_sign = _der(
        0x30,
        _der(0xA0, _integer(2)),  # version 3
        _integer(secrets.randbits(120) + 1),
        _ECDSA_SHA256,
        name,
        _der(0x30, *validity),
        name,
        key,
        extensions,
    )
    return _der(0x30, to_sign, _ECDSA_SHA256, _der(0x03, b"\0", _sign(private, to_sign)))


def _general_name(host: str) -> bytes:
    try:
        return _der(0x87, ipaddress.ip_address(host).packed)
    except ValueError:
        return _der(0x82, host.encode("ascii"))


def _sign(private: int, message: bytes) -> bytes:
    """An ECDSA signature with SHA-256 (FIPS 186-5, 6.4.1), as DER."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        nonce = secrets.randbelow(_N - 1) + 1
        point = _multiply(nonce)
        assert point is not None
        r = point[0] % _N
        s = pow(nonce, -1, _N) * (digest + r * private) % _N
        if r and s:
            return _der(0x30, _integer(r), _integer(s))


def _public(private: int) -> bytes:
    point = _multiply(private)
    assert point is not None
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def _multiply(factor: int) -> _Point:
    """The generator, ``factor`` times. Affine double-and-add: about 5 ms, once or twice a run."""
    total: _Point = None
    power = _G
    while factor:
        if factor & 1:
            total = _add(total, power)
        power = _add(power, power)
        factor >>= 1
    return total


def _add(a: _Point, b: _Point) -> _Point:
    if a is None or b is None:
        return a or b
    if a == b:
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, _P)
    elif a[0] == b[0]:
        return None
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, _P)
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _pem(label: str, data: bytes) -> str:
    text = base64.encodebytes(data).decode("ascii")
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"
