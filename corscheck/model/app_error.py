"""Failures of an application while it is loaded or run, with its traceback."""

from __future__ import annotations

import traceback
from pathlib import Path

from corscheck.model.values import ConfigError

OURS = str(Path(__file__).resolve().parents[1])
"""The directory of this package."""


class AppError(ConfigError):
    """The application itself failed: it cannot be imported, does not start, or does not stop. The message is its own."""


def own_traceback(error: BaseException) -> str:
    """Return the traceback for the application's author, without frames of corscheck and of the import system."""
    said = traceback.TracebackException.from_exception(error)
    theirs = [frame for frame in said.stack if not _is_ours(frame.filename)]
    said.stack = traceback.StackSummary.from_list(theirs) if theirs else None  # type: ignore[assignment]
    return "".join(said.format()).rstrip("\n")


def _is_ours(filename: str) -> bool:
    return filename.startswith((OURS, "<frozen importlib")) or filename.endswith("importlib/__init__.py")
