"""What a failing test says: the sentence, the probe's view, and the configuration that would mend it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corscheck.diagnosis.remedies.code import as_code
from corscheck.diagnosis.remedies.registry import find
from corscheck.diagnosis.remedies.wanted import from_probes
from corscheck.model.values import ConfigError
from corscheck.report.text.terminal import View, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corscheck.model.result import Result
    from corscheck.model.values import Probe

_FRAMEWORKS = ("fastapi", "starlette", "litestar", "flask", "django")
"""Packages of frameworks that there is a remedy of the same name for."""

_WIDTH = 80


def framework_of(app: Any) -> str | None:
    """The framework of an application, by where its class comes from; what is wrapped around it is looked through."""
    seen = app
    for _ in range(20):
        packages = [cls.__module__.partition(".")[0] for cls in type(seen).__mro__]
        found = next((name for name in _FRAMEWORKS if name in packages), None)
        inner = getattr(seen, "app", None)
        if found is not None and (inner is None or found != "starlette"):
            return found
        if inner is None:
            return None
        seen = inner
    return None


def told(probe: Probe, result: Result, wrong: str, framework: str | None, exposes: Iterable[str] = ()) -> str:
    """All that a failing assertion prints: in its first line what pytest's summary shows."""
    parts = [f"{wrong}: {result!s}", "\n".join(render(result, View(_WIDTH)))]
    remedy = (
        fix([probe], framework, exposes) if probe.expected == "allowed" and result.verdict != "inconclusive" else None
    )
    if remedy is not None:
        parts.append(f"What `corscheck fix --for {framework}` prints for this:\n\n{remedy}")
    where = _caller()
    return "\n\n".join([*parts, *([where] if where is not None else [])])


def fix(probes: Sequence[Probe], framework: str | None, exposes: Iterable[str] = ()) -> str | None:
    """The configuration that makes these probes pass, or why there is none; None where the framework is not known."""
    if framework is None or not probes:
        return None
    try:
        return as_code(find(framework), from_probes(probes, exposes)).rstrip("\n")
    except ConfigError as error:
        return f"nothing: {error}"


def _caller() -> str | None:
    """Where the test stands: without a traceback somebody has to say it."""
    ours = str(Path(__file__).resolve().parent)
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(ours):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}: in {frame.f_code.co_name}"
