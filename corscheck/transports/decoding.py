"""Decodes the part of a compressed body that is kept as evidence. Bodies are otherwise never decoded.

Servers compress for a browser, and the requests ask for what a browser asks for. Every step has a limit on its output,
so that a few bytes cannot become gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.protocol.request import Headers

LIMIT = 64 * 1024
"""The most bytes that one step of decoding may return."""


def decoded(body: bytes, headers: Headers) -> bytes:
    """Return the body without its content codings; empty if it cannot be decoded.

    The body may end early: what its beginning holds is returned.
    """
    if not body:
        return body
    codings = [
        coding.strip().lower()
        for name, value in headers
        if name.lower() == "content-encoding"
        for coding in value.split(",")
    ]
    for coding in reversed(codings):
        if coding in ("", "identity"):
            continue
        decode = _DECODERS.get(coding)
        if decode is None:
            return b""
        try:
            body = decode(body)
        except Exception:  # noqa: BLE001 - each library has errors of its own, and none of them is worth more
            return b""
    return body


def _gzip(body: bytes) -> bytes:
    import zlib

    return zlib.decompressobj(wbits=47).decompress(body, LIMIT)  # 47: gzip or zlib, by its head


def _deflate(body: bytes) -> bytes:
    import zlib

    try:
        return _gzip(body)
    except zlib.error:  # some servers send it without the zlib head
        return zlib.decompressobj(wbits=-15).decompress(body, LIMIT)


def _brotli(body: bytes) -> bytes:
    import brotli

    return bytes(brotli.Decompressor().process(body, output_buffer_limit=LIMIT))


def _zstd(body: bytes) -> bytes:
    import io

    import zstandard

    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body)) as reader:
        return bytes(reader.read(LIMIT))


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
