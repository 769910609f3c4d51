"""The report as one JSON document: schema version, tool, run, summary, probes, audits. It is written object by object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corscheck.report.saved.saved import Saved


def render(saved: Saved) -> Iterator[str]:
    """Yield the document in pieces, byte for byte as ``json.dumps(..., indent=2)`` would write it.

    The output is ASCII, so that control and bidi characters from a server do not reach a terminal that shows the file.
    """
    document: dict[str, Any] = dict(saved.head)
    if saved.run is not None:
        document["run"] = saved.run
    document["summary"] = dict(saved.summary)
    # Without the closing brace.
    yield json.dumps(document, indent=2)[:-2]
    yield from _array("probes", saved.probes())
    yield from _array("audits", saved.audit_objects())
    yield "\n}\n"


def separated(values: Iterable[Any]) -> Iterator[str]:
    """Yield the items of a JSON array, each on a line of its own."""
    for number, value in enumerate(values):
        yield f"{',' if number else ''}\n{json.dumps(value)}"


def _array(name: str, values: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield f',\n  "{name}": ['
    separator = ""
    for value in values:
        # Line breaks inside strings are escaped, so each one separates values.
        yield f"{separator}\n    " + json.dumps(value, indent=2).replace("\n", "\n    ")
        separator = ","
    yield "\n  ]" if separator else "]"
