"""A saved report as a baseline: a failure or finding that it holds does not fail the run again.

A new failure does, and so does an old one that fails in another way. Keeps a short key for each failure of the baseline
and nothing else of it. Reads both formats one object at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from corscheck.model.audits import Audit, passes
from corscheck.model.json import decode
from corscheck.model.json_stream import JSONStream
from corscheck.model.result import Result
from corscheck.model.values import ConfigError, Excuse
from corscheck.report.formats.problems import finding_key
from corscheck.report.saved.document import kind_of
from corscheck.report.saved.summary import failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from corscheck.model.item import AnyItem

_QUESTION = ("url", "origin", "method", "credentials", "redirect", "mode", "body")
_SINCE = (("upload_listener", False), ("coep", "unsafe-none"), ("secure_context", False))
"""More of a question, with what it is in a report of a version that did not know it."""


class Baseline(Struct, frozen=True):
    """The failures of a saved report (for each request, the ways in which it failed) and the findings of its audits."""

    file: str
    failures: Mapping[tuple[Any, ...], frozenset[str]]
    findings: frozenset[tuple[object, ...]] = field(default=frozenset())

    def judge(self, item: AnyItem) -> AnyItem:
        """Return the item, its failure or findings excused if the baseline holds them."""
        if isinstance(item, Result):
            return self._judge_result(item)
        return self._judge_audit(item)

    def _judge_result(self, result: Result) -> Result:
        if result.excused is not None or result.passed or not failed(result):
            return result
        plain = result.to_dict()
        ways = self.failures.get(_question(plain))
        if ways is None or not _ways(plain) <= ways:
            return result
        return replace(result, excused=Excuse("baseline", "it failed like this before", self.file))

    def _judge_audit(self, audit: Audit) -> Audit:
        """Excuse the findings that were found before, whichever origin proved them this time."""
        found = tuple(
            replace(f, excused=Excuse("baseline", "it was found before", self.file))
            if f.excused is None and finding_key(audit, f) in self.findings
            else f
            for f in audit.findings
        )
        judged = replace(audit, findings=found)
        return replace(judged, passed=audit.passed or passes(judged))


def read(path: str) -> Baseline:
    """Read a report (``--json`` or ``--jsonl``). Raises ``ConfigError`` if it cannot be read or is not a report."""
    failures: dict[tuple[Any, ...], frozenset[str]] = {}
    findings: set[tuple[object, ...]] = set()
    try:
        for probe in _objects(path):
            if kind_of(probe) == "audit":
                audit = decode(probe, Audit)
                findings.update(finding_key(audit, finding) for finding in audit.findings)
                continue
            ways = _ways(probe)
            if probe["passed"] is False and ways:
                failures[_question(probe)] = ways
    except OSError as error:
        raise ConfigError(f"--baseline: cannot read {path}: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f"--baseline {path}: no report of corscheck (what --json or --jsonl wrote)") from None
    return Baseline(path, failures, frozenset(findings))


def _objects(path: str) -> Iterator[dict[str, Any]]:
    """Yield the probe and audit objects. JSON Lines are a series of objects; the first one may hold the others."""
    with Path(path).open(encoding="utf-8") as file:
        stream = JSONStream(file.read)
        names = set()
        for name in stream.names():
            names.add(name)
            if name in ("probes", "audits"):
                yield from stream.items()
            else:
                stream.value()
        if "schema_version" not in names:
            raise ValueError("no head")
        while stream.more():
            found = stream.value()
            if "url" in found:
                yield found


def _question(probe: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what identifies a probe in any run: the name of its check, and the request."""
    check = probe.get("check")
    headers = tuple((name.lower(), value) for name, value in probe["headers"])
    asked = [*(probe[name] for name in _QUESTION), *(probe.get(name, default) for name, default in _SINCE)]
    return (check["name"] if check else None, *asked, headers)


def _ways(probe: Mapping[str, Any]) -> frozenset[str]:
    """Return the ways in which it failed: engines of the gate with another verdict, and expectations not met."""
    found = set()
    for name in probe["gate"]:
        engine = probe["engines"][name]
        if engine["verdict"] not in (probe["expected"], "inconclusive"):
            found.add(f"{name} {engine['verdict']} {engine['code']}")
    check = probe.get("check") or {}
    for one in check.get("expectations", ()):
        if one["passed"] is False and one["name"] != "expect":
            found.add(f"{one['name']} {one['expected']} {one['received'] if one['name'] == 'because' else ''}")
    return frozenset(found)
