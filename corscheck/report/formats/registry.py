"""The formats that a report can be written in: a flat table from name to writer, each loaded when it is asked for.

A writer is a module with ``render(saved) -> Iterator[str]``: the text of the file in pieces.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.report.saved.saved import Saved

WRITERS = {
    "github": "corscheck.report.formats.github",
    "gitlab": "corscheck.report.formats.gitlab",
    "har": "corscheck.report.formats.har",
    "html": "corscheck.report.formats.html",
    "json": "corscheck.report.formats.json",
    "jsonl": "corscheck.report.formats.jsonl",
    "junit": "corscheck.report.formats.junit",
    "markdown": "corscheck.report.formats.markdown",
    "sarif": "corscheck.report.formats.sarif",
}
"""Names and the modules of their writers. ``json`` and ``jsonl`` have options of their own (``--json``, ``--jsonl``)."""


def writer(name: str) -> Callable[[Saved], Iterator[str]]:
    """The function that renders a format."""
    render: Callable[[Saved], Iterator[str]] = import_module(WRITERS[name]).render
    return render
