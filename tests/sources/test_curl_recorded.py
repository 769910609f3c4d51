"""What Chromium's own developer tools copied, read back: the request that was copied, whichever of the three texts it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browsers import copied
from tests.sources.copies import complaints, rows

ROWS = rows(copied.SAMPLE)


def test_there_are_enough() -> None:
    assert len(ROWS) >= 20
    assert {row["request"]["method"] for row in ROWS} >= {"GET", "PUT"}


@pytest.mark.parametrize("kind", ["curl", "fetch", "node"])
@pytest.mark.parametrize("row", ROWS, ids=[row["request"]["url"].partition("8765")[2] for row in ROWS])
def test_the_copied_request_is_read(row: dict[str, Any], kind: str) -> None:
    assert complaints(row["request"], row[kind], kind) == []
