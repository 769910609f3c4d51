"""``--shard`` for targets: the part of the probes or audits that this run asks, so that several machines share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from corscheck.model.values import ConfigError
from corscheck.policy.select import Shard

if TYPE_CHECKING:
    from corscheck.cli.ask.questions import Question

_Q = TypeVar("_Q", bound="Question[Any]")


def part(question: _Q, text: str) -> _Q:
    """Return the question's shard, e.g. ``2/5``. Raises ``ConfigError`` if nothing is in it."""
    shard = Shard(text)
    count = shard.count(question.total)
    if not count:
        raise ConfigError(f"--shard {text}: nothing is left to ask, there are fewer targets than shards")
    return replace(question, shard=(shard.number, shard.of), total=count)
