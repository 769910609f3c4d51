"""``model.json`` writes to the byte what the json module makes of the whole tree, and reads it back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from corscheck.model.json import decode, encode, to_plain
from corscheck.model.result import RequestRecord, Result
from corscheck.report.saved.document import without_times
from tests.report import samples

RESULTS = {name: value for name, value in vars(samples).items() if isinstance(value, Result)}


def tree(value: Any) -> Any:
    """A value's fields as plain data, by a way of its own."""
    if hasattr(value, "__struct_fields__"):
        return {name: tree(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, (tuple, list)):
        return [tree(one) for one in value]
    if isinstance(value, dict):
        return {key: tree(one) for key, one in value.items()}
    return value


def dumped(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


@pytest.mark.parametrize("name", RESULTS)
def test_a_result(name: str) -> None:
    assert encode(RESULTS[name]) == dumped(tree(RESULTS[name]))


@pytest.mark.parametrize("name", RESULTS)
def test_a_reproducible_result_has_no_times(name: str) -> None:
    plain = tree(RESULTS[name])
    for exchange in plain["exchanges"]:
        del exchange["elapsed_ms"]
    assert encode(without_times(RESULTS[name])) == dumped(plain)


@pytest.mark.parametrize("name", RESULTS)
def test_comes_back_as_it_was(name: str) -> None:
    assert decode(json.loads(encode(RESULTS[name])), Result) == RESULTS[name]
    assert to_plain(RESULTS[name]) == tree(RESULTS[name])


@given(st.text(st.characters()))
def test_any_text(text: str) -> None:
    """Control characters, DEL, what is beyond ASCII, lone surrogates."""
    record = RequestRecord("GET", text, ((text, "v"),))
    assert encode(record) == dumped(tree(record))


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True, "\u2028\xe9"]}, {"summary": {}}, {}])
def test_plain_values(value: Any) -> None:
    assert encode(value) == dumped(value)


def test_a_wrong_field_is_named() -> None:
    plain = to_plain(samples.ALLOWED)
    plain["steps"][0]["header"] = 7
    with pytest.raises(ValueError, match=r"Expected `str`, got `int` - at `\$\.steps\[0\]\.header`"):
        decode(plain, Result)


def test_what_a_later_version_added_is_ignored() -> None:
    plain = to_plain(samples.ALLOWED) | {"later": {"deep": [1]}}
    assert decode(plain, Result) == samples.ALLOWED


def test_the_least_that_a_result_has() -> None:
    plain = {"url": "http://a.example/", "origin": "null", "method": "GET", "verdict": "blocked", "passed": False}
    result = decode(plain, Result)
    assert (result.engine, result.send, result.steps, result.preflight.sent) == ("chromium", "auto", (), False)
    assert replace(result, engines=samples.ALLOWED.engines).engines == samples.ALLOWED.engines
