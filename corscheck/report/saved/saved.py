"""A saved report as its readers see it: head, summary, and probes and audits that come one by one, as often as wanted.

Where it lies (a file, the store of a run that just ended, several shards) is its maker's business. Readers that want
all of it at once are the ones that need a machine per run: none here does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from corscheck.model.audits import Audit
from corscheck.model.json import decode
from corscheck.model.result import Result
from corscheck.model.values import ConfigError
from corscheck.report.saved.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


ProbeObject: TypeAlias = dict[str, Any]
AuditObject: TypeAlias = dict[str, Any]


def _none() -> Iterator[AuditObject]:
    return iter(())


class Saved(Struct, frozen=True):
    """A report. ``head`` has ``schema_version``, ``tool`` and, of the run, what was known at its start.

    ``ended`` is what was known of the run only at its end (None in a reproducible report), ``notes`` is what a reader
    should be told of the report itself: that its end is missing, say; ``name`` is what a complaint calls it. ``probes()``
    and ``audit_objects()`` start anew with each call.
    """

    head: Mapping[str, Any]
    summary: Mapping[str, Any]
    source: Callable[[], Iterator[ProbeObject]]
    ended: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    name: str = "report"
    audit_source: Callable[[], Iterator[AuditObject]] = _none

    def probes(self) -> Iterator[ProbeObject]:
        """The probe objects, in order."""
        return self.source()

    def results(self) -> Iterator[Result]:
        """The same as results, for who puts them into words. Raises ``ConfigError`` for what is no probe object."""
        for number, probe in enumerate(self.source(), 1):
            try:
                result = decode(probe, Result)
            except ValueError as error:
                raise ConfigError(f"{self.name}: probe {number} is no probe object of a report: {error}") from None
            yield result

    def audit_objects(self) -> Iterator[AuditObject]:
        """The audit objects, in order. A report whose summary knows of none is not searched for them."""
        return self.audit_source() if self.summary.get("audits") else _none()

    def audits(self) -> Iterator[Audit]:
        """The same as audits. Raises ``ConfigError`` for what is no audit object."""
        for number, value in enumerate(self.audit_objects(), 1):
            try:
                audit = decode(value, Audit)
            except ValueError as error:
                raise ConfigError(f"{self.name}: audit {number} is no audit object of a report: {error}") from None
            yield audit

    def counts(self) -> Summary:
        """The summary's counts; what a later version has added to them is left out."""
        return Summary(**{name: self.summary[name] for name in Summary.__struct_fields__ if name in self.summary})

    @property
    def run(self) -> dict[str, Any] | None:
        """All that is known of the run, or None."""
        begun = self.head.get("run")
        return None if begun is None else {**begun, **(self.ended or {})}
