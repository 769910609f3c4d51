"""Header lists: quoted strings, list grammar, and properties that hold for every list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corscheck.protocol.headers import (
    FAILURE,
    delta_seconds,
    extract_list,
    first_bad_element,
    get,
    get_decode_split,
    is_header_value,
    is_token,
    normalize_value,
    split_value,
)
from corscheck.protocol.mime import essence, gecko_request_essence


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a, b", ["a", "b"]),
        ("", [""]),
        (",", ["", ""]),
        ('"a, b", c', ['"a, b"', "c"]),
        ('"a\\", b", c', ['"a\\", b"', "c"]),
        ('"open, c', ['"open, c']),
        ('x"y,z"w,v', ['x"y,z"w', "v"]),
        ("\ta\t,\t b ", ["a", "b"]),
        ("a\x0b,\x0cb\n", ["a\x0b", "\x0cb\n"]),
    ],
)
def test_split_value(text: str, parts: list[str]) -> None:
    assert split_value(text) == parts


def test_get_joins_in_wire_order_and_ignores_the_case_of_names() -> None:
    headers = (("X-A", " 1 "), ("x-b", "2"), ("x-A", ""), ("X-a", "3\t"))
    assert get(headers, "x-a") == "1, , 3"
    assert get(headers, "x-c") is None
    assert get_decode_split(headers, "X-A") == ["1", "", "3"]
    assert get_decode_split(headers, "x-c") is None


def test_the_first_bad_element_is_named() -> None:
    headers = (("Access-Control-Allow-Methods", "GET, , "), ("access-control-allow-methods", "P UT, @x"))
    assert extract_list(headers, "Access-Control-Allow-Methods") is FAILURE
    assert first_bad_element(headers, "Access-Control-Allow-Methods") == "P UT"
    assert first_bad_element((("a", "b"),), "a") is None


@pytest.mark.parametrize(
    ("value", "valid"), [("", True), ("a b", True), (" a", False), ("a\t", False), ("a\rb", False), ("a\nb", False),
                         ("a\0b", False), ("é", True), ("€", False), ("\x01", True)]
)  # fmt: skip
def test_header_values(value: str, valid: bool) -> None:
    assert is_header_value(value) is valid


def test_normalize_strips_http_whitespace_only() -> None:
    assert normalize_value("\r\n\t a \x0b \n") == "a \x0b"


@pytest.mark.parametrize("byte", [chr(c) for c in range(256)])
def test_token_bytes(byte: str) -> None:
    tchar = byte.isascii() and (byte.isalnum() or byte in "!#$%&'*+-.^_`|~")
    assert is_token(byte) is tchar
    assert is_token("a" + byte) is tchar
    assert not is_token("")


@given(st.lists(st.from_regex(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,8}", fullmatch=True)), st.data())
def test_a_list_is_the_same_however_it_is_written(tokens: list[str], data: st.DataObject) -> None:
    """Commas, blanks, empty elements and field boundaries play no part (RFC 9110, 5.6.1)."""
    fields: list[str] = [""]
    for token in tokens:
        glue = data.draw(st.sampled_from([",", " , ", ",\t,", "\n"]))
        if glue == "\n":
            fields.append(token)
        else:
            fields[-1] += glue + token
    headers = tuple(("X-List", field) for field in fields)
    assert extract_list(headers, "x-list") == tuple(tokens)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("text/plain", "text/plain"),
        ("Text/Plain;x", "text/plain"),
        (" text/plain\r\n", "text/plain"),
        ("text/plain ;x", "text/plain"),
        ("text/plain x;", None),
        ("text", None),
        ("/plain", None),
        ("text/", None),
        ("te xt/plain", None),
    ],
)
def test_essence(text: str, found: str | None) -> None:
    assert essence(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # Each was seen in Firefox 153: preflighted (None) or not.
        ("text/plain", "text/plain"),
        ("text/plain;", "text/plain"),
        ("text/plain;a=b;", None),
        ("text/plain;;", None),
        ("text/plain;a=b;c=d", "text/plain"),
        ("text/plain;;a=b", "text/plain"),
        ("text/plain foo;x=y", "text/plain"),
        ("text/plain foo", None),
        ("text/plain;a,b", None),
        ("text/plain ; a", "text/plain"),
        ("te xt/plain;x", None),
        ("TEXT/plain", "text/plain"),
        ("text /plain;x", None),
        ("text\t/plain", None),
        ("text/plain a b;x", "text/plain"),
        ("text/plain\x0b", "text/plain\x0b"),
        ("text/plain\tfoo;x", "text/plain"),
    ],
)
def test_firefox_reads_a_request_content_type(text: str, found: str | None) -> None:
    assert gecko_request_essence(text) == found


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), ("7200", 7200), ("007", 7), ("2147483648", 1 << 31), ("9" * 5000, 1 << 31),
        (None, None), ("", None), ("-1", None), ("+1", None), ("1.5", None), (" 1", None), ("\xb2", None), ("\u0661", None),
    ],
)  # fmt: skip
def test_delta_seconds(text: str | None, seconds: int | None) -> None:
    """RFC 9111, section 1.2.2: digits alone; what is too large counts as 2^31."""
    assert delta_seconds(text) == seconds
