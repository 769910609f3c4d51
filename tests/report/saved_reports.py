"""Saved reports for tests: from results made by hand, in memory or on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from corscheck.model.audits import Audit
from corscheck.model.result import Result
from corscheck.model.values import CheckRef
from corscheck.report.formats import json as json_report
from corscheck.report.formats import jsonl
from corscheck.report.formats.registry import writer
from corscheck.report.saved.document import Run
from corscheck.report.saved.saved import Saved
from corscheck.report.saved.store import Store
from corscheck.report.saved.summary import Summary
from tests.report import samples

RUN = Run(("corscheck", "probe", "x"), started=1_700_000_000.25)


def saved(
    results: Iterable[Result] = (), run: Run | None = RUN, status: int = 1, audits: Iterable[Audit] = ()
) -> Saved:
    """The report of a run with these results and audits, numbered as they come."""
    store, summary = Store(run), Summary(exit_status=status)
    for index, result in enumerate(results):
        numbered = replace(result, index=index)
        store.add(numbered)
        summary.add(numbered)
    for index, audit in enumerate(audits):
        one = replace(audit, index=index)
        store.add(one)
        summary.add(one)
    return store.saved(summary)


def on_disk(path: Path, report: Saved) -> Path:
    """The report as a file: JSON Lines for ``.jsonl``, else the document."""
    path.write_text("".join((jsonl if path.suffix == ".jsonl" else json_report).render(report)), "utf-8")
    return path


def text(form: str, report: Saved) -> str:
    """What a writer makes of a report."""
    return "".join(writer(form)(report))


def in_policy(result: Result, line: int = 12, name: str = "orders", **changes: Any) -> Result:
    """The result as that of a check."""
    return replace(result, check=CheckRef(name, "corscheck.toml", line), **changes)


EVERYTHING = (*samples.MATRIX, *samples.SINGLE.values(), in_policy(samples.WILDCARD))
