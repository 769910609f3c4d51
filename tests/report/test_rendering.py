"""A cheap guard of the rendering figures: processor time and memory of a tenth, with room for slow machines.

The figures themselves (10,000 results, under 5 s per format and 150 MiB) are measured by ``tests/bench/rendering.py``.
"""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from corscheck.report.formats.registry import WRITERS, writer
from corscheck.report.saved.load import load
from tests.bench.rendering import write

COUNT = 1000


@pytest.mark.parametrize("form", WRITERS)
def test_a_thousand_results_render_in_time(form: str, tmp_path: Path) -> None:
    write(tmp_path / "r.jsonl", COUNT)
    report = load(str(tmp_path / "r.jsonl"))
    start = time.process_time()
    assert sum(len(piece) for piece in writer(form)(report)) > 1000
    assert time.process_time() - start < 2.5


@pytest.mark.slow
@pytest.mark.parametrize("form", sorted({*WRITERS} - {"json"}))
def test_memory_does_not_grow_with_the_report(form: str, tmp_path: Path) -> None:
    """A pass over a thousand results, of some 2 MB as JSON and four times that as objects, holds a fraction of them."""
    write(tmp_path / "r.jsonl", COUNT)
    report = load(str(tmp_path / "r.jsonl"))
    sum(len(piece) for piece in writer(form)(report))
    tracemalloc.start()
    try:
        sum(len(piece) for piece in writer(form)(report))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * 2**20, peak
