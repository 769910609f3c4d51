"""Evidence in the encodings that browsers ask for: whole, cut short, bent, and far larger than it looks."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from corscheck.transports.decoding import LIMIT, decoded

TEXT = b"Disallowed CORS origin. " * 40
RAW_DEFLATE = zlib.compressobj(wbits=-15)
ENCODED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "DEFLATE": RAW_DEFLATE.compress(TEXT) + RAW_DEFLATE.flush(),
    "br": brotli.compress(TEXT),
    "zstd": zstandard.ZstdCompressor().compress(TEXT),
    "identity": TEXT,
    "": TEXT,
}


@pytest.mark.parametrize("coding", ENCODED)
def test_each_coding(coding: str) -> None:
    assert decoded(ENCODED[coding], (("content-ENCODING", coding),)) == TEXT


def test_several_codings_are_undone_in_reverse() -> None:
    twice = gzip.compress(brotli.compress(TEXT))
    assert decoded(twice, (("Content-Encoding", "br, gzip"),)) == TEXT
    assert decoded(twice, (("Content-Encoding", "br"), ("Content-Encoding", "gzip"))) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_the_beginning_of_a_long_body(coding: str) -> None:
    """Only the first KiB is kept: what is in it is shown."""
    text = bytes(n * n % 251 for n in range(9000))
    encoded = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }[coding](text)
    assert text.startswith(decoded(encoded[: len(encoded) // 2], (("Content-Encoding", coding),)))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb(coding: str) -> None:
    """32 MiB of zeros in a few KiB, and what they become is compressed once more."""
    zeros = bytes(32 * 1024 * 1024)
    bomb = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": lambda data: brotli.compress(data, quality=5),
        "zstd": zstandard.ZstdCompressor().compress,
    }[coding](zeros)
    found = decoded(bomb, (("Content-Encoding", coding),))
    assert len(found) <= 2 * LIMIT
    assert not found.strip(b"\0")


def test_what_cannot_be_decoded_is_left_out() -> None:
    assert decoded(b"raw", (("Content-Encoding", "gzip"),)) == b""
    assert decoded(b"raw", (("Content-Encoding", "compress"),)) == b""
    assert decoded(b"", (("Content-Encoding", "gzip"),)) == b""


@given(st.binary(max_size=200), st.sampled_from(sorted(ENCODED)))
def test_any_bytes(body: bytes, coding: str) -> None:
    assert isinstance(decoded(body, (("Content-Encoding", coding),)), bytes)
