"""Who may import whom, and what a bare import must not load."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=ROOT, env=ENVIRONMENT, timeout=120
    )


def test_the_import_contracts_hold() -> None:
    done = python(
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True, no_logo=True))"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_corscheck_loads_nothing_heavy() -> None:
    """The start-up figures rest on this."""
    done = python("import corscheck, sys; print(*sorted({m.partition('.')[0] for m in sys.modules}))")
    assert done.returncode == 0, done.stderr
    heavy = {"asyncio", "cryptography", "httpcore", "httpx", "pydantic", "rich", "ssl", "trustme", "typer"}
    assert not heavy & set(done.stdout.split())


def test_no_file_is_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "corscheck").rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > 420  # "about 400"
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    for path in (ROOT / "corscheck").rglob("*.py"):
        assert re.match(r'("""|#)', path.read_text("utf-8")), path
