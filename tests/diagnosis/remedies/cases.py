"""What is asked of every target, and the target as it is asked: without CORS, and with three configurations."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import corscheck
from corscheck.model.result import Result
from tests.servers.targets import TARGETS, Server, Target

ROOT = Path(__file__).resolve().parents[3]
APP = "https://app.example"
EVIL = "https://evil.example"
LOCAL = ("http://localhost:3000", "http://[::1]:3000")
TOKEN = ("Authorization", "Bearer secret")
JSON = ("Content-Type", "application/json")
TENANT = ("X-Tenant", "7")

FULL = (
    "--origin", APP, "-X", "GET", "-X", "PUT", "-H", "Authorization: Bearer secret", "-H", "Content-Type: application/json",
    "--credentials", "include", "--expose", "X-Total-Count", "--max-age", "600",
)  # fmt: skip
"""Everything that can be asked for, from one origin."""

SMALL = ("--origin", LOCAL[0], "--origin", LOCAL[1], "-X", "PUT", "-H", "X-Tenant: 7")
"""As little as possible, from two origins (one of which looks like a pattern): what is not asked for must be off."""

BARE = ("--origin", LOCAL[0], "-X", "PUT")
"""No header at all: several frameworks allow every header where none is listed."""

FOREIGN = (EVIL, "http://app.example", "https://app.example:8443", "https://app.example.evil.example", "null")
"""Origins that nobody asked for."""

UNLISTED = ("PATCH", "DELETE", "put2")
"""Methods that nobody asked for."""


@dataclass(frozen=True)
class Configured:
    """One target four times: without CORS, with all that can be configured, with little, without any header."""

    name: str
    bare: Server
    full: Server
    small: Server
    headerless: Server


def available(name: str) -> Target:
    """The target of that name; skips where what it runs is not installed, which never happens under CI."""
    target = TARGETS[name]
    # Node.js, the proxies, Ruby and Java are nothing that pip installs: they are used where they are. CI installs them.
    if target.missing and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(target.missing)}")
    return target


def fix(name: str, *wanted: str) -> str:
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", "fix", "--for", name, "http://api.example/data", *wanted],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def ask(server: Server, path: str = "data", *, origin: str = APP, method: str = "GET", **more: object) -> Result:
    """Probe it. Sent even where it changes data: it is our own server."""
    return corscheck.probe(f"{server.url}/{path}", origin=origin, method=method, send="always", **more)  # type: ignore[arg-type]


def from_foreign_origins(configured: Configured, origin: str, method: str) -> list[Result]:
    """From such an origin, of both configurations."""
    return [
        ask(configured.full, origin=origin, method=method, credentials="include"),
        ask(configured.small, origin=origin, method=method),
    ]


def with_unlisted_methods(configured: Configured, method: str) -> list[Result]:
    """By such a method, of both configurations."""
    return [
        ask(configured.full, method=method, credentials="include"),
        ask(configured.small, origin=LOCAL[0], method=method),
    ]


def with_unlisted_headers(configured: Configured) -> list[Result]:
    """With headers that were not asked for, of all three configurations."""
    return [
        ask(configured.full, method="PUT", headers=[TENANT]),
        ask(configured.full, method="PUT", headers=[TOKEN, TENANT]),
        ask(configured.small, origin=LOCAL[0], method="PUT", headers=[TOKEN]),
        ask(configured.headerless, origin=LOCAL[0], method="PUT", headers=[TENANT]),
    ]


def with_unwanted_credentials(configured: Configured) -> list[Result]:
    """With credentials, where they were not asked for."""
    return [
        ask(configured.small, origin=LOCAL[0], method="PUT", headers=[TENANT], credentials="include"),
        ask(configured.small, origin=LOCAL[1], method="PUT", credentials="include"),
    ]
