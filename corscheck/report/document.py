"""What the JSON formats share: the head of a report, its probe and audit objects, what is known of the run itself."""

from __future__ import annotations

import json
import platform
import time
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from corscheck._version import __version__
from corscheck.model import SCHEMA_VERSION, ExchangeRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.model import Audit, Result


@dataclass(frozen=True, slots=True)
class Run:
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


def probe_object(result: Result, *, reproducible: bool) -> dict[str, Any]:
    """The result as it is saved; a reproducible one has no ``elapsed_ms`` anywhere."""
    out = result.to_dict()
    if reproducible:
        for exchange in out["exchanges"]:
            exchange.pop("elapsed_ms", None)
    return out


def encoder(*, reproducible: bool) -> Callable[[object], str]:
    """What writes a result, or plain values, as compact JSON in ASCII: to the byte what ``probe_object`` would give.

    The encoder asks for the fields of one object at a time, so that no tree of dictionaries is built first: that takes
    longer than the writing.
    """
    getters: dict[type, Callable[[Any], dict[str, Any]]] = {}

    def fields_of(value: Any) -> dict[str, Any]:
        kind = type(value)
        getter = getters.get(kind)
        if getter is None:
            left_out = ("elapsed_ms",) if reproducible and kind is ExchangeRecord else ()
            getter = getters[kind] = _getter(tuple(name for name in kind.__slots__ if name not in left_out))
        return getter(value)

    # No circles: a result is a tree of frozen values.
    return json.JSONEncoder(separators=(",", ":"), default=fields_of, check_circular=False).encode


def _getter(names: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    if len(names) == 1:
        return lambda value: {names[0]: getattr(value, names[0])}
    values = attrgetter(*names)
    return lambda value: dict(zip(names, values(value), strict=True))


def audit_object(audit: Audit) -> dict[str, Any]:
    """The audit as it is saved: nothing in it is volatile but the labels of the origins that were made up for it."""
    return audit.to_dict()


def is_audit(value: dict[str, Any]) -> bool:
    """Whether an object of a report is an audit: both kinds have a ``url``, and only audits have ``allowed_origins``."""
    return "allowed_origins" in value


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"
