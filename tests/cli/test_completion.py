"""What the shell completes, asked as bash asks (``COMP_WORDS``), and where ``--install-completion SHELL`` installs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.diagnosis.remedies.registry import REMEDIES
from corscheck.report.formats.registry import WRITERS

ROOT = Path(__file__).resolve().parents[2]
POLICY = """
[env.staging]
base-url = "http://localhost:1"
[env.production]
base-url = "http://localhost:2"
[[check]]
name = "orders"
urls = ["/orders"]
[[check]]
name = "users"
urls = ["/users"]
"""


def corscheck(folder: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "corscheck", *argv],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), **env},
        timeout=60,
        check=False,
    )


def offered(folder: Path, line: str) -> list[str]:
    """What bash would be offered for the last word of a line (a blank at the end begins a new one)."""
    words = line.split(" ")
    done = corscheck(folder, _CORSCHECK_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("corscheck pro", ["probe"]),
        ("corscheck fix --for fast", [name for name in REMEDIES if name.startswith("fast")]),
        ("corscheck fix --for ", list(REMEDIES)),
        ("corscheck explain CORS30", [code for code in RECORDS if code.startswith("CORS30")]),
        ("corscheck explain spri", ["spring", "spring-cors"]),
        ("corscheck probe --report ", [f"{name}:" for name in WRITERS]),
        ("corscheck report show r.json --report ju", ["junit:"]),
        ("corscheck probe --engine w", ["webkit"]),
        ("corscheck engines fire", ["firefox"]),
        ("corscheck probe --select ", ["tag:", "path:", "method:", "id:"]),
        ("corscheck probe --credentials in", ["include"]),
        ("corscheck run --env ", ["staging", "production"]),
        ("corscheck run --select o", ["orders"]),
        ("corscheck run corscheck.toml --env st", ["staging"]),
        ("corscheck run none.toml --env ", []),
        ("corscheck fix --config corscheck.toml --env pro", ["production"]),
    ],
)
def test_offered(line: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "corscheck.toml").write_text(POLICY)
    assert sorted(offered(tmp_path, line)) == sorted(words)
    assert words or "none.toml" in line


def test_a_policy_at_fault_offers_nothing(tmp_path: Path) -> None:
    (tmp_path / "corscheck.toml").write_text("[env\n")
    assert offered(tmp_path, "corscheck run --env ") == []


@pytest.mark.parametrize(
    ("argv", "file"),
    [
        (("--install-completion", "zsh"), ".zfunc/_corscheck"),
        (("--install-completion=fish",), ".config/fish/completions/corscheck.fish"),
        (("--install-completion", "bash"), ".bash_completions/corscheck.sh"),
    ],
)
def test_install(argv: tuple[str, ...], file: str, tmp_path: Path) -> None:
    done = corscheck(tmp_path, *argv)
    assert done.returncode == 0, done.stderr
    assert file in done.stdout
    script = (tmp_path / file).read_text()
    assert "_CORSCHECK_COMPLETE=complete_" in script
    shell = argv[-1].rpartition("=")[2]
    assert corscheck(tmp_path, "--show-completion", shell).stdout.strip() == script.strip()


def test_another_shell(tmp_path: Path) -> None:
    done = corscheck(tmp_path, "--install-completion", "ksh")
    assert done.returncode == 2
    assert "Choose bash, zsh, fish" in done.stderr
    assert not list(tmp_path.iterdir())
