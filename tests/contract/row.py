"""A row of the contract table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PAGE = "http://localhost:3000"
APP = "https://app.example.com"

TENANT = ("-H", "X-Tenant: 7")
JSON = ("-H", "Content-Type: application/json")
TOKEN = ("-H", "Authorization: Bearer secret-token")
FILE = ("-F", "file=@{tmp}/file.txt")
INCLUDE = ("--credentials", "include")


@dataclass(frozen=True)
class Row:
    """One command and what must come of it.

    ``argv`` follows ``corscheck``; ``{name}`` in it is an address or a path that the fixtures know. ``verdicts`` are
    those of all probes in order, or None where no report can come; with them, ``--json -`` is added to the command.
    ``probe`` is matched partially against the first probe object, ``report`` against the whole report. ``stdout`` and
    ``stderr`` are patterns that must be found. ``unsaid`` must be found in neither. ``environment`` is
    added to an otherwise bare one.
    """

    name: str
    argv: tuple[str, ...]
    exit: int
    verdicts: tuple[str, ...] | None = None
    probe: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    stdout: str = ""
    stderr: str = ""
    unsaid: tuple[str, ...] = ()
    stdin: str = ""
    environment: dict[str, str] = field(default_factory=dict)


def ask(url: str, *more: str, origin: str = PAGE) -> tuple[str, ...]:
    """``probe URL --origin ORIGIN ...``"""
    return ("probe", url, "--origin", origin, *more)


def kinds(*names: str) -> dict[str, Any]:
    """The exchanges by kind, in order."""
    return {"exchanges": [{"kind": name} for name in names]}


def decided(code: str, step: str) -> dict[str, Any]:
    """The reason: its code and step, and that it links to the standard and says something."""
    return {"reason": {"code": code, "step": step}}
