"""Merging of the shards of one run into the report that the whole run would have written.

Probes and audits are in the order of their index. Each shard is sorted already, so a merge reads all of them in parallel
and holds one object of each in memory.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, NamedTuple

from corscheck.model.values import ConfigError
from corscheck.report.saved.saved import Saved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_WORST_FIRST = (130, 4, 2, 1, 3, 0)


def merge(shards: Sequence[Saved]) -> Saved:
    """Merge reports. Raises ``ConfigError`` if they cannot be shards of one run.

    Oddities that may be intended (a gap in the numbers, different versions of corscheck) become notes of the report.
    """
    first = shards[0]
    for shard in shards[1:]:
        if ("run" in shard.head) != ("run" in first.head):
            raise ConfigError(f"{first.name} and {shard.name}: one of them is --reproducible and the other is not")
    notes: list[str] = []
    versions = {str(shard.head["tool"].get("version")) for shard in shards}
    if len(versions) > 1:
        notes.append(f"The shards were written by different versions of corscheck: {', '.join(sorted(versions))}.")
    probes = [_Part(shard.name, shard.probes, "probe") for shard in shards]
    audits = [_Part(shard.name, shard.audit_objects, "audit") for shard in shards]
    for parts in (probes, audits):
        total, last = _walked(parts)
        if last + 1 != total:
            missing = f"{last + 1 - total} {parts[0].kind}" + ("s are" if last + 1 - total != 1 else " is")
            notes.append(f"{missing} missing: a shard is not here, or not whole.")
    head = {name: value for name, value in first.head.items() if name != "run"}
    ended = None
    if "run" in first.head:
        head["run"], ended = _runs([shard.run or {} for shard in shards])
    summary = _summary([shard.summary for shard in shards])
    return Saved(
        head, summary, lambda: _in_order(probes), ended, tuple(notes), "the merged report", lambda: _in_order(audits)
    )


class _Part(NamedTuple):
    """The probes or the audits of a shard. Each kind has its own indexes."""

    name: str
    objects: Callable[[], Iterator[dict[str, Any]]]
    kind: str


def _walked(parts: Sequence[_Part]) -> tuple[int, int]:
    """Return the number of objects and the highest index. Raises ``ConfigError`` if an index occurs twice."""
    total, before = 0, -1
    for value in _in_order(parts):
        index = value["index"]
        if index == before:
            raise ConfigError(
                f"{parts[0].kind} {index} ({value['url']}) is in more than one file: these are not shards of one run"
            )
        total, before = total + 1, index
    return total, before


def _in_order(parts: Sequence[_Part]) -> Iterator[dict[str, Any]]:
    return heapq.merge(*(_checked(part) for part in parts), key=lambda value: value["index"])


def _checked(part: _Part) -> Iterator[dict[str, Any]]:
    before = -1
    for value in part.objects():
        index = value.get("index")
        if not isinstance(index, int) or index < before:
            raise ConfigError(
                f"{part.name}: its {part.kind}s are not in the order of their index: {before}, then {index}"
            )
        yield value
        before = index


def _summary(summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up all counts. The exit status is the most severe one."""
    out: dict[str, Any] = {}
    for summary in summaries:
        for name, value in summary.items():
            if isinstance(value, bool):
                out[name] = out.get(name, False) or value
            elif isinstance(value, int) and name != "exit_status":
                out[name] = out.get(name, 0) + value
            else:
                out.setdefault(name, value)
    # A shard without anything to test has status 2. It counts only if all shards are empty.
    said = [s.get("exit_status") for s in summaries if s["total"] or s.get("audits")] or [2]
    status = next((s for s in _WORST_FIRST if s in said), None)
    out["exit_status"] = 130 if out.get("interrupted") else status
    return out


def _runs(runs: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the run from the first start to the last end, with the runs of the shards."""
    begun = min(runs, key=lambda run: str(run.get("started", "")))
    ended = max(runs, key=lambda run: str(run.get("finished", "")))
    head = {name: value for name, value in begun.items() if name not in ("finished", "elapsed_ms")}
    elapsed = [run["elapsed_ms"] for run in runs if isinstance(run.get("elapsed_ms"), (int, float))]
    tail = {"finished": ended["finished"]} if "finished" in ended else {}
    return {**head, "shards": list(runs)}, {**tail, "elapsed_ms": max(elapsed, default=0)}
