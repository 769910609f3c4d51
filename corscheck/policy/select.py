"""Which probes of the policies are this run's: by the checks' names, and by shard. Deterministic, whatever the machine."""

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
    """The checks whose name is one of the patterns (all, where there are none), in the order of the files."""
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
    """``2/5``: every fifth probe, from the second on. Each probe is in exactly one of the five."""

    def __init__(self, text: str | None) -> None:
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text) if text is not None else None
        if text is None:
            self.number, self.of = 1, 1
        elif found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise ConfigError(f"--shard {text!r} is no shard: write 2/5 for the second of five")
        else:
            self.number, self.of = int(found[1]), int(found[2])

    def count(self, total: int) -> int:
        """How many of so many probes are in it."""
        return len(range(self.number - 1, total, self.of))

    def probes(self, checks: Sequence[Matrix]) -> Iterator[Probe]:
        """Its probes in order; ``index`` is the place in the whole, so that shards merge into it."""
        start, wanted = 0, self.number - 1
        for check in checks:
            size = len(check)
            while wanted < start + size:
                yield check.probe(wanted - start, wanted)
                wanted += self.of
            start += size
