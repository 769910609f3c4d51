"""The text of a failing test: a sentence, the probe's view, and the configuration that repairs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corscheck.diagnosis.remedies.code import as_code
from corscheck.diagnosis.remedies.registry import find
from corscheck.diagnosis.remedies.wanted import from_probes
from corscheck.model.values import ConfigError
from corscheck.report.text.terminal import render
from corscheck.report.text.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corscheck.model.result import Result
    from corscheck.model.values import Probe

_FRAMEWORKS = ("fastapi", "starlette", "litestar", "flask", "django")
"""Packages of frameworks. Each has a remedy of the same name."""

_WIDTH = 80


def framework_of(app: Any) -> str | None:
    """Return the framework of an application by the package of its class, looking through wrappers around it."""
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


def told(
    probe: Probe,
    result: Result,
    wrong: str,
    framework: str | None,
    exposes: Iterable[str] = (),
    proposal: str | None = None,
) -> str:
    """Return the text of a failing assertion. pytest's summary shows its first line.

    ``proposal`` is what to change in the application, tried on it; without one, a whole configuration is printed.
    """
    parts = [f"{wrong}: {result!s}", "\n".join(render(result, View(_WIDTH)))]
    wanted = [probe] if probe.expected == "allowed" and result.verdict != "inconclusive" else []
    remedy = fix(wanted, framework, exposes) if proposal is None else None
    if proposal is not None and not any(proposal in (finding.advice or "") for finding in result.findings):
        parts.append(proposal)
    if remedy is not None:
        parts.append(f"What `corscheck fix --for {framework}` prints for this:\n\n{remedy}")
    return "\n\n".join([*parts, _caller()])


def fix(probes: Sequence[Probe], framework: str | None, exposes: Iterable[str] = ()) -> str | None:
    """Return the configuration that makes these probes pass, or why there is none; None for an unknown framework."""
    if framework is None or not probes:
        return None
    try:
        return as_code(find(framework), from_probes(probes, exposes)).rstrip("\n")
    except ConfigError as error:
        return f"nothing: {error}"


def _caller() -> str:
    """Return the place of the failing line, because a failure shows no traceback."""
    ours = str(Path(__file__).resolve().parent)
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(ours):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}: in {frame.f_code.co_name}"
