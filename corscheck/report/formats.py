"""The formats that a report can be written in: a flat table from name to writer, each loaded when it is asked for.

A writer is a module with ``render(saved) -> Iterator[str]``: the text of the file in pieces.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.report.saved import Saved

WRITERS = {
    "github": "corscheck.report.github",
    "gitlab": "corscheck.report.gitlab",
    "har": "corscheck.report.har",
    "html": "corscheck.report.html",
    "json": "corscheck.report.json",
    "jsonl": "corscheck.report.jsonl",
    "junit": "corscheck.report.junit",
    "markdown": "corscheck.report.markdown",
    "sarif": "corscheck.report.sarif",
}
"""Names and the modules of their writers. ``json`` and ``jsonl`` have options of their own (``--json``, ``--jsonl``)."""


def writer(name: str) -> Callable[[Saved], Iterator[str]]:
    """The function that renders a format."""
    render: Callable[[Saved], Iterator[str]] = import_module(WRITERS[name]).render
    return render
