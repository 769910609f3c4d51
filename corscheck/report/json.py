"""The report as one JSON document: schema version, tool, run, summary, probes; written probe by probe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.report.saved import Saved


def render(saved: Saved) -> Iterator[str]:
    """The document in pieces: what ``json.dumps(..., indent=2)`` would make of the whole, to the byte.

    ASCII only: no control or bidi character of a server's reaches whoever looks at the file with cat or less.
    """
    document: dict[str, Any] = dict(saved.head)
    if saved.run is not None:
        document["run"] = saved.run
    document["summary"] = dict(saved.summary)
    # Without the brace that ends it.
    yield json.dumps(document, indent=2)[:-2] + ',\n  "probes": ['
    separator = ""
    for probe in saved.probes():
        # A line break stands between values only: those within texts are escaped.
        yield f"{separator}\n    " + json.dumps(probe, indent=2).replace("\n", "\n    ")
        separator = ","
    yield ("\n  ]" if separator else "]") + "\n}\n"
