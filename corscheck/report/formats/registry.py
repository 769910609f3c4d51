"""The formats that a report can be written in. Each has a module in this package, which is imported when it is needed.

The module has ``render(saved) -> Iterator[str]``, which yields the text of the file in pieces.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.report.saved.saved import Saved

WRITERS = ("github", "gitlab", "har", "html", "json", "jsonl", "junit", "markdown", "sarif")
"""The formats. ``json`` and ``jsonl`` also have options of their own (``--json``, ``--jsonl``)."""


def writer(name: str) -> Callable[[Saved], Iterator[str]]:
    """Return the function that renders a format."""
    render: Callable[[Saved], Iterator[str]] = import_module(f"corscheck.report.formats.{name}").render
    return render
