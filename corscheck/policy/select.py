"""Selection of the probes of a run, by check name and by shard. The result is the same on every machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.model.values import ConfigError
from corscheck.policy.complaints import nearest
from corscheck.policy.ignore import matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from corscheck.model.values import Probe
    from corscheck.policy.load import LoadedPolicy
    from corscheck.policy.matrix import Matrix

_MOST_NAMES = 10


def selected(policies: Sequence[LoadedPolicy], patterns: Sequence[str]) -> list[Matrix]:
    """Return the checks whose name matches a pattern, or all if there are no patterns, in the order of the files.

    Raises ``ConfigError`` for a pattern that matches no check.
    """
    checks = [check for policy in policies for check in policy.checks]
    names = [check.ref.name for check in checks]
    for pattern in patterns:
        if not any(matches(pattern, name) for name in names):
            hint = nearest(pattern, names)
            if "did you mean" not in hint and len(names) > _MOST_NAMES:
                hint = f"; there are {', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"
            raise ConfigError(f"--select {pattern}: no check is called that{hint}")
    return [c for c in checks if not patterns or any(matches(p, c.ref.name) for p in patterns)]


class Shard:
    """A shard such as ``2/5``: every fifth probe, starting with the second. Each probe is in exactly one shard."""

    def __init__(self, text: str | None) -> None:
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text) if text is not None else None
        if text is None:
            self.number, self.of = 1, 1
        elif found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise ConfigError(f"--shard {text!r} is not a shard: write 2/5 for the second of five")
        else:
            self.number, self.of = int(found[1]), int(found[2])

    def count(self, total: int) -> int:
        """Return how many of ``total`` probes are in this shard."""
        return len(range(self.number - 1, total, self.of))

    def probes(self, checks: Sequence[Matrix]) -> Iterator[Probe]:
        """Yield this shard's probes in order. ``index`` counts over the whole run, so that shards can be merged."""
        start, wanted = 0, self.number - 1
        for check in checks:
            size = len(check)
            while wanted < start + size:
                yield check.probe(wanted - start, wanted)
                wanted += self.of
            start += size
