"""The Python API: ``probe``, ``aprobe``, ``probe_many``, ``audit`` and ``Page``, which ``corscheck`` exports.

``keywords`` declares the keyword arguments, ``checks`` knows what each may be, and ``arguments`` makes probes and run
options of them. Everything here is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corscheck.api.arguments import make_probe, run_options
    from corscheck.api.audits import audit
    from corscheck.api.page import Page
    from corscheck.api.probes import aprobe, probe, probe_many

__all__ = ["Page", "aprobe", "audit", "make_probe", "probe", "probe_many", "run_options"]

_HOMES = {
    "Page": "page",
    "aprobe": "probes",
    "audit": "audits",
    "make_probe": "arguments",
    "probe": "probes",
    "probe_many": "probes",
    "run_options": "arguments",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
