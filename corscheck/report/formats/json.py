"""The report as one JSON document: schema version, tool, run, summary, probes, audits; written object by object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corscheck.report.saved.saved import Saved


def render(saved: Saved) -> Iterator[str]:
    """The document in pieces: what ``json.dumps(..., indent=2)`` would make of the whole, to the byte.

    ASCII only: no control or bidi character of a server's reaches whoever looks at the file with cat or less.
    """
    document: dict[str, Any] = dict(saved.head)
    if saved.run is not None:
        document["run"] = saved.run
    document["summary"] = dict(saved.summary)
    # Without the brace that ends it.
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
        # A line break stands between values only: those within texts are escaped.
        yield f"{separator}\n    " + json.dumps(value, indent=2).replace("\n", "\n    ")
        separator = ","
    yield "\n  ]" if separator else "]"
