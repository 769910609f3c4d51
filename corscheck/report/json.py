"""The report as one JSON document: schema version, tool, run, summary, probes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from corscheck.report.document import head, probe_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.model import Result
    from corscheck.report.document import Run
    from corscheck.report.summary import Summary


def render(results: Iterable[Result], summary: Summary, run: Run | None) -> str:
    """The document; without a run it is a reproducible one, which holds nothing that two equal runs would not share."""
    document = head(run)
    if run is not None:
        document["run"] |= run.ended()
    document["summary"] = summary.to_dict()
    document["probes"] = [probe_object(result, reproducible=run is None) for result in results]
    # ASCII only: no control or bidi character of a server's reaches whoever looks at the file with cat or less.
    return json.dumps(document, indent=2) + "\n"
