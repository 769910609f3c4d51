"""What a run yields and a report holds: the result of a probe, or an audit."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

from corscheck.model.audits import Audit
from corscheck.model.result import Result

Item: TypeAlias = Result | Audit

AnyItem = TypeVar("AnyItem", Result, Audit)
"""For functions that return the kind of item that they are given."""
