"""Real browsers: they perform the whole fetch, and corscheck records the result.

``observe(probes, browser, network)`` is the entry point. ``BrowserSession`` keeps the browser running between probes.
``corscheck.browsers.compare.compare`` compares a prediction with an observation. This package needs the extra
``browser`` and an installed browser. Its modules are imported on first use, so that importing the package is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corscheck.browsers.errors import BrowserUnavailable

if TYPE_CHECKING:
    from corscheck.browsers.browsers import BROWSERS, available, find
    from corscheck.browsers.session import BrowserSession, aobserve, check, observe

__all__ = [
    "BROWSERS",
    "BrowserSession",
    "BrowserUnavailable",
    "aobserve",
    "available",
    "check",
    "find",
    "observe",
]

_MODULES = {
    "BROWSERS": "browsers",
    "BrowserSession": "session",
    "aobserve": "session",
    "available": "browsers",
    "check": "session",
    "find": "browsers",
    "observe": "session",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    try:
        module = _MODULES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return value
