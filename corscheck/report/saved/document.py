"""What the JSON formats share: the head of a report, its probe and audit objects, and the facts about the run."""

from __future__ import annotations

import platform
import shlex
import time
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET, Struct, field
from msgspec.structs import replace

from corscheck._version import __version__
from corscheck.model.printable import printable
from corscheck.model.result import Result
from corscheck.model.values import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.model.item import Item
    from corscheck.model.result import ExchangeRecord


MASK = "***"
"""What stands for a secret in the words of a command line (``corscheck.model.hidden.MASK``)."""


class Run(Struct, frozen=True):
    """What differs from run to run: when and where it ran, and its command line. ``argv`` must hold no secret."""

    argv: tuple[str, ...]
    started: float = field(default_factory=time.time)

    def begun(self) -> dict[str, Any]:
        """Return what is known when the run starts."""
        return {
            "started": _utc(self.started),
            "host": platform.node(),
            "python": platform.python_version(),
            "platform": platform.system(),
            "argv": list(self.argv),
        }

    def ended(self) -> dict[str, Any]:
        """Return what is known only at the end of the run."""
        now = time.time()
        return {"finished": _utc(now), "elapsed_ms": round((now - self.started) * 1000, 1)}


def head(run: Run | None) -> dict[str, Any]:
    """Return the first fields of a report."""
    out: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "corscheck", "version": __version__},
    }
    if run is not None:
        out["run"] = run.begun()
    return out


def command_line(argv: Iterable[str]) -> str:
    """Return the command line of a run, quoted for a POSIX shell. ``<masked>`` stands for each secret."""
    return " ".join(_quoted(word.replace(MASK, "<masked>")) for word in argv)


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    # In $'...' the shell reads the escapes of control characters, and an escape cannot act on a terminal.
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{printable(escaped)}'"


def without_times(item: Item) -> Item:
    """Return an item as a reproducible report saves it: no exchange has an ``elapsed_ms``."""

    def bare(exchanges: tuple[ExchangeRecord, ...]) -> tuple[ExchangeRecord, ...]:
        return tuple(replace(exchange, elapsed_ms=UNSET) for exchange in exchanges)

    if not isinstance(item, Result):
        return replace(item, exchanges=bare(item.exchanges))
    sent_for = {name: bare(exchanges) for name, exchanges in item.sent_for.items()}
    return replace(item, exchanges=bare(item.exchanges), sent_for=sent_for)


def kind_of(value: Any) -> Literal["probe", "audit"]:
    """Return the kind of an object of a report: only audits have ``allowed_origins``."""
    return "audit" if isinstance(value, dict) and "allowed_origins" in value else "probe"


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"
