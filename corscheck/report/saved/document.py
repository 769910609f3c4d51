"""What the JSON formats share: the head of a report, its probe and audit objects, what is known of the run itself."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct, field
from msgspec.structs import replace

from corscheck._version import __version__
from corscheck.model.values import SCHEMA_VERSION

if TYPE_CHECKING:
    from corscheck.model.result import Result


class Run(Struct, frozen=True):
    """All that is volatile: when and where it ran, and how it was called. ``argv`` must hold no secret."""

    argv: tuple[str, ...]
    started: float = field(default_factory=time.time)

    def begun(self) -> dict[str, Any]:
        """What is known when the run starts."""
        return {
            "started": _utc(self.started),
            "host": platform.node(),
            "python": platform.python_version(),
            "platform": platform.system(),
            "argv": list(self.argv),
        }

    def ended(self) -> dict[str, Any]:
        """What is known only now that it ends."""
        now = time.time()
        return {"finished": _utc(now), "elapsed_ms": round((now - self.started) * 1000, 1)}


def head(run: Run | None) -> dict[str, Any]:
    """The first fields of a report."""
    out: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "corscheck", "version": __version__},
    }
    if run is not None:
        out["run"] = run.begun()
    return out


def without_times(result: Result) -> Result:
    """The result as a reproducible report saves it: no exchange has an ``elapsed_ms``."""
    return replace(result, exchanges=tuple(replace(exchange, elapsed_ms=UNSET) for exchange in result.exchanges))


def is_audit(value: dict[str, Any]) -> bool:
    """Whether an object of a report is an audit: both kinds have a ``url``, and only audits have ``allowed_origins``."""
    return "allowed_origins" in value


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"
