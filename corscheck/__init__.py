"""corscheck: says what a browser will do with a cross-origin request, why, and what to change.

Everything here is imported when it is first used: ``import corscheck`` alone loads no HTTP library and no asyncio.
"""

from __future__ import annotations

from corscheck._version import __version__

# As type checkers know it; importing typing takes 4 ms, in which Ctrl-C would print a traceback.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from corscheck.api import Page, aprobe, audit, probe, probe_many
    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.model.values import ConfigError, Probe

__all__ = [
    "Audit",
    "ConfigError",
    "Page",
    "Probe",
    "Result",
    "__version__",
    "aprobe",
    "audit",
    "probe",
    "probe_many",
]

_HOMES = {
    "Audit": "corscheck.model.audits",
    "ConfigError": "corscheck.model.values",
    "Page": "corscheck.api",
    "Probe": "corscheck.model.values",
    "Result": "corscheck.model.result",
    "aprobe": "corscheck.api",
    "audit": "corscheck.api",
    "probe": "corscheck.api",
    "probe_many": "corscheck.api",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
