"""Random cases and chains of redirects, asked of the installed browsers: they must not disagree with the prediction.

``python -m tests.browser.differential`` runs as many as one likes; the counts of long runs are in
``tests/data/random-cases.json``.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from corscheck.browsers import BrowserUnavailable
from tests.browser.differential import RECORD, disagreements
from tests.browser.random_cases import cases, redirect_cases
from tests.browser.record import DRIVERS
from tests.browser.server import PortsUnavailableError

SEED = int(os.environ.get("CORSCHECK_DIFFERENTIAL_SEED", "20261126"))
EXPECTED = {"allowed", "CORS202", "CORS301", "CORS302", "CORS306", "CORS307", "CORS308", "CORS405", "CORS407"}


@contextmanager
def where_recordable() -> Iterator[None]:
    try:
        yield
    except (BrowserUnavailable, PortsUnavailableError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.mark.browser
@pytest.mark.parametrize("browser", DRIVERS)
def test_random_cases(browser: str) -> None:
    decided: Counter[str] = Counter()
    with where_recordable():
        assert disagreements(browser, cases(SEED, 500), decided) == {}
    assert set(decided) >= EXPECTED, "they are about something"


@pytest.mark.browser
@pytest.mark.parametrize("browser", DRIVERS)
def test_chains_of_redirects(browser: str) -> None:
    with where_recordable():
        assert disagreements(browser, redirect_cases(), Counter()) == {}


def test_the_long_runs() -> None:
    kept = json.loads(RECORD.read_text("utf-8"))
    assert kept.keys() >= {"firefox", "webkit"}
    for counts in kept.values():
        assert sum(counts["decided"].values()) == counts["cases"] >= 5_000
        assert set(counts["decided"]) >= EXPECTED
