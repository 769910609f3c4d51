"""The wheel and the sdist: built twice, in other directories and at other times, they are byte for byte the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
ACTION = ROOT / ".github" / "actions" / "corscheck"


def build(tree: Path, mode: int) -> dict[str, bytes]:
    """Build both from a copy of the project whose files have other times and modes."""
    tree.mkdir()
    for name in ("corscheck", "tests", "examples"):
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / name, tree / name, ignore=ignored, copy_function=shutil.copyfile)
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore"):
        shutil.copyfile(ROOT / name, tree / name)
    for file in tree.rglob("*.py"):
        file.chmod(mode)
        os.utime(file, (mode * 1_000_000, mode * 1_000_000))
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", "dist"],
        cwd=tree,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return {file.name: file.read_bytes() for file in (tree / "dist").iterdir()}


@pytest.mark.slow
def test_builds_are_reproducible(tmp_path: Path) -> None:
    first, second = build(tmp_path / "a", 0o644), build(tmp_path / "other", 0o600)
    assert sorted(map(Path, first)) == sorted(map(Path, second))
    assert len(first) == 2
    assert first == second
    (wheel,) = (tmp_path / "a" / "dist").glob("*.whl")
    inside = zipfile.ZipFile(wheel).namelist()
    assert "corscheck/schemas/report.json" in inside
    assert not [name for name in inside if not re.match(r"corscheck(-[^/]+\.dist-info)?/", name)]
    (sdist,) = (tmp_path / "a" / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert any(name.endswith("/tests/test_distribution.py") for name in names)


def pinned() -> dict[str, str]:
    """The versions that the action installs."""
    lines = (ACTION / "requirements.txt").read_text().splitlines()
    found = (re.match(r"([\w.-]+)==(\S+)", line) for line in lines)
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def test_the_action_installs_what_it_has_hashes_of() -> None:
    """Every dependency is pinned within the bounds of ``pyproject.toml``, with hashes, and without an index to ask."""
    text = (ACTION / "requirements.txt").read_text()
    assert "://" not in text
    versions = pinned()
    blocks = re.split(r"(?m)^(?=[\w.-]+==)", re.sub(r"(?m)^\s*#.*\n", "", text))
    assert len([block for block in blocks if block.strip()]) == len(versions)
    assert all("--hash=sha256:" in block for block in blocks if block.strip())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for requirement in map(Requirement, needed):
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), requirement
    script = (ACTION / "action.yml").read_text()
    assert "--require-hashes" in script
    installs = re.findall(r"(?m)^ *pip install (\S+)", script)
    assert installs == ["--require-hashes", "--no-deps"]
