"""The installed Chromium's developer tools copy requests, and corscheck reads them back: as the sample, but of today."""

from __future__ import annotations

import pytest

from tests.browsers import copied
from tests.sources.copies import complaints

pytestmark = pytest.mark.browser


def test_what_is_copied_today_is_read(chromium: str) -> None:
    asked = copied.requests()
    wrong = [
        (request["url"], kind, said)
        for request, texts in zip(asked, copied.copies(asked), strict=True)
        for kind, text in texts.items()
        if (said := complaints(request, text, kind))
    ]
    assert len(asked) >= 20
    assert wrong == []
