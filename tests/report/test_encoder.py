"""The encoder of JSON Lines writes to the byte what the json module makes of the whole tree."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from corscheck.model.result import Result
from corscheck.report.saved.compact import Encoder
from corscheck.report.saved.document import probe_object
from tests.report import samples

RESULTS = {name: value for name, value in vars(samples).items() if isinstance(value, Result)}


@pytest.mark.parametrize("reproducible", [False, True])
@pytest.mark.parametrize("name", RESULTS)
def test_a_line(name: str, reproducible: bool) -> None:
    expected = json.dumps(probe_object(RESULTS[name], reproducible=reproducible), separators=(",", ":"))
    encode = Encoder(reproducible=reproducible).encode
    assert [encode(RESULTS[name]) for _ in range(3)] == [expected] * 3
    assert ("elapsed_ms" in expected) is (not reproducible and bool(RESULTS[name].exchanges))


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True, "\u2028é"]}, {"summary": {}}, {}])
def test_plain_values(value: Any) -> None:
    assert Encoder(reproducible=False).encode(value) == json.dumps(value, separators=(",", ":"))


def test_many_results_in_a_row() -> None:
    """Parts come and go: what is remembered must never be another's."""
    encode = Encoder(reproducible=False).encode
    for number in range(1500):
        result = replace(
            samples.ALLOWED, index=number, readable_headers=(f"x-{number}", "a"), console={"chromium": str(number)}
        )
        assert encode(result) == json.dumps(result.to_dict(), separators=(",", ":"))


@pytest.mark.parametrize("reproducible", [False, True])
def test_results_that_share_their_parts(reproducible: bool) -> None:
    """What is kept of an exchange goes around another URL and another time."""
    encode = Encoder(reproducible=reproducible).encode
    for number in range(700):
        base = (samples.ALLOWED, samples.HEADER_REFUSED)[number % 2]
        url = f'http://localhost:8000/{number}?"url":"elapsed_ms":\u2028{number}'
        exchanges = tuple(
            replace(e, request=replace(e.request, url=url), elapsed_ms=None if number % 97 == 0 else number / 7)
            for e in base.exchanges
        )
        result = replace(base, url=url, index=number, exchanges=exchanges)
        expected = json.dumps(probe_object(result, reproducible=reproducible), separators=(",", ":"))
        assert encode(result) == expected
