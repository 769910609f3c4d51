"""The terminal's view of a saved report: feeds its items to the sinks of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.cli.show import sinks

if TYPE_CHECKING:
    from corscheck.cli.show.outputs import OutputOptions
    from corscheck.cli.show.sinks import Sink
    from corscheck.report.saved.saved import Saved


def show_again(saved: Saved, wanted: OutputOptions) -> None:
    """Print the report. Ends quietly if the reader of standard output closes it."""
    from corscheck.cli.run_loop import silence_stdout

    try:
        sink = _view(saved, wanted)
        for item in saved.items():
            sink.add(item)
        sink.finish(saved.counts())
    except BrokenPipeError:
        silence_stdout()


def _view(saved: Saved, wanted: OutputOptions) -> Sink:
    """Return the view that the run had: one probe or audit whole, a matrix as grids, anything else as a list."""
    view = wanted.view()
    if wanted.quiet:
        return sinks.Quiet()
    expected: set[str] = set()
    origins: set[str] = set()
    shared: set[tuple[str, ...]] = set()
    urls: set[tuple[str, ...]] = set()
    total = 0
    for probe in saved.probes():
        total += 1
        expected.add(str(probe.get("expected")))
        origins.add(probe["origin"])
        modes = tuple(str(probe.get(name)) for name in ("credentials", "mode", "redirect"))
        shared.add(modes)
        urls.add((probe["url"], *modes))
    if not total:
        audits = sum(1 for _ in saved.audit_objects())
        if audits:
            return sinks.Full(view, None) if audits == 1 or wanted.verbose else sinks.AuditList(view)
    one = expected.pop() if len(expected) == 1 else None
    if total == 1 or wanted.verbose:
        return sinks.Full(view, one)
    if len(urls) < total:
        return sinks.Grid(view, one)
    return sinks.Listed(view, one, uniform=len(origins) == 1 and len(shared) == 1)
