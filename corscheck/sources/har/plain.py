"""The bytes of a HAR file in UTF-8, whatever it is stored as: gzip (``.har.gz``, ``.zhar``) and UTF-16 are decoded."""

from __future__ import annotations

import codecs
import zlib
from typing import IO, TYPE_CHECKING

from corscheck.sources.found import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 18
_GZIP = b"\x1f\x8b"
_GZIP_FORMAT = 16 + zlib.MAX_WBITS
_UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"{\0": "utf-16-le", b"\0{": "utf-16-be"}
_OTHERS = {
    b"PK": "it is a ZIP archive. Unpack it and pass the file in it",
    b"\x28\xb5": "it is compressed with zstd. Decompress it first: zstd -d FILE",
    b"BZ": "it is compressed with bzip2. Decompress it first: bunzip2 FILE",
    b"\xfd7": "it is compressed with xz. Decompress it first: unxz FILE",
}


def read_plain(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Yield the file piece by piece, each of bounded size and not empty. Raises ``SourceError`` for what cannot be decoded."""
    return _decoded(iter(lambda: file.read(_CHUNK), b""), name)


def _decoded(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    # A pipe may yield a single byte first.
    first = b""
    while len(first) < 2 and (more := next(pieces, b"")):
        first += more
    start = first[:2]
    if start in _OTHERS:
        raise SourceError(f"{name}: no HAR file: {_OTHERS[start]}")
    if start == _GZIP:
        yield from _decoded(_gunzipped(first, pieces, name), name)
    elif start in _UTF_16:
        yield from _recoded(first, pieces, name, _UTF_16[start])
    elif first:
        yield first
        yield from pieces


def _gunzipped(first: bytes, pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Decompress gzip, also several members one after the other."""
    data, member = first, zlib.decompressobj(_GZIP_FORMAT)
    try:
        while data:
            if member.eof:
                member = zlib.decompressobj(_GZIP_FORMAT)
            if piece := member.decompress(data, _CHUNK):
                yield piece
            data = member.unconsumed_tail or member.unused_data or next(pieces, b"")
    except zlib.error as error:
        raise SourceError(f"{name}: cannot decompress gzip: {error}") from None
    if not member.eof:
        raise SourceError(f"{name}: cannot decompress gzip: the file ends too early")


def _recoded(first: bytes, pieces: Iterator[bytes], name: str, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    data: bytes = first
    try:
        while data:
            if text := decoder.decode(data):
                yield text.encode()
            data = next(pieces, b"")
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise SourceError(f"{name}: not UTF-16: {error}") from None
