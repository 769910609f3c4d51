"""The items of a run and of a report: results of probes, and audits."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

from corscheck.model.audits import Audit
from corscheck.model.result import Result

Item: TypeAlias = Result | Audit

AnyItem = TypeVar("AnyItem", Result, Audit)
"""For functions that return the kind of item that they get."""
