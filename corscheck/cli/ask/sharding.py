"""``--shard`` for targets: which part of the probes or audits this run asks, so that several machines share them."""

from __future__ import annotations

from corscheck.model.values import ConfigError
from corscheck.policy.select import Shard


def part(text: str, total: int) -> tuple[tuple[int, int], int]:
    """Which shard of how many, and how many of so many probes are in it. Raises ``ConfigError`` if none is."""
    shard = Shard(text)
    count = shard.count(total)
    if not count:
        raise ConfigError(f"--shard {text}: nothing is left to ask, there are fewer targets than shards")
    return (shard.number, shard.of), count
