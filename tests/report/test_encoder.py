"""The encoder of JSON Lines writes to the byte what the json module makes of the whole tree."""

from __future__ import annotations

import json
from typing import Any

import pytest

from corscheck.model import Result
from corscheck.report.document import encoder, probe_object
from tests.report import samples

RESULTS = {name: value for name, value in vars(samples).items() if isinstance(value, Result)}


@pytest.mark.parametrize("reproducible", [False, True])
@pytest.mark.parametrize("name", RESULTS)
def test_a_line(name: str, reproducible: bool) -> None:
    expected = json.dumps(probe_object(RESULTS[name], reproducible=reproducible), separators=(",", ":"))
    encode = encoder(reproducible=reproducible)
    assert [encode(RESULTS[name]) for _ in range(3)] == [expected] * 3
    assert ("elapsed_ms" in expected) is (not reproducible and bool(RESULTS[name].exchanges))


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True, "\u2028é"]}, {"summary": {}}, {}])
def test_plain_values(value: Any) -> None:
    assert encoder(reproducible=False)(value) == json.dumps(value, separators=(",", ":"))
