"""A saved report as its readers see it: head, summary, and its probes and audits, one at a time and as often as needed.

The report may be a file, the store of a run that just ended, or several shards: readers need not know.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from corscheck.model.audits import Audit
from corscheck.model.json import decode
from corscheck.model.result import Result
from corscheck.model.values import ConfigError
from corscheck.report.saved.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from corscheck.model.item import AnyItem, Item

JSONObject: TypeAlias = dict[str, Any]


def _none() -> Iterator[JSONObject]:
    return iter(())


class Saved(Struct, frozen=True):
    """A report. ``head`` has ``schema_version``, ``tool`` and, of the run, what was known at its start.

    ``ended`` is what was known of the run only at its end (None in a reproducible report). ``notes`` are remarks on the
    report itself, e.g. that its end is missing; ``name`` is what error messages call it. ``source()`` and
    ``audit_source()`` return the probe and audit objects from the first one on, each time they are called.
    """

    head: Mapping[str, Any]
    summary: Mapping[str, Any]
    source: Callable[[], Iterator[JSONObject]]
    ended: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    name: str = "report"
    audit_source: Callable[[], Iterator[JSONObject]] = _none

    def probes(self) -> Iterator[JSONObject]:
        """Return the probe objects, in order."""
        return self.source()

    def results(self) -> Iterator[Result]:
        """Return the results of the probes. Raises ``ConfigError`` for an invalid probe object."""
        return self._decoded(self.source(), Result, "probe")

    def audit_objects(self) -> Iterator[JSONObject]:
        """Return the audit objects, in order. A report whose summary counts no audits is not searched for them."""
        return self.audit_source() if self.summary.get("audits") else _none()

    def audits(self) -> Iterator[Audit]:
        """Return the audits. Raises ``ConfigError`` for an invalid audit object."""
        return self._decoded(self.audit_objects(), Audit, "audit")

    def items(self) -> Iterator[Item]:
        """Return the results and then the audits. Raises ``ConfigError`` for an invalid object."""
        return chain(self.results(), self.audits())

    def _decoded(self, objects: Iterable[dict[str, Any]], kind: type[AnyItem], name: str) -> Iterator[AnyItem]:
        for number, value in enumerate(objects, 1):
            try:
                item = decode(value, kind)
            except ValueError as error:
                raise ConfigError(f"{self.name}: {name} {number} is no {name} object of a report: {error}") from None
            yield item

    def counts(self) -> Summary:
        """Return the summary's counts, without those that a later version has added."""
        return Summary(**{name: self.summary[name] for name in Summary.__struct_fields__ if name in self.summary})

    @property
    def run(self) -> dict[str, Any] | None:
        """What is known of the run, or None."""
        begun = self.head.get("run")
        return None if begun is None else {**begun, **(self.ended or {})}
