"""The ways to get corscheck beside the action: a container image, a hook of pre-commit, another Python than the usual one."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.servers.uvicorn_app import UvicornApp

ROOT = Path(__file__).resolve().parents[1]
CONTAINERFILE = ROOT / "examples" / "ci" / "Containerfile"


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, which has no continued lines."""
    lines = [line for line in CONTAINERFILE.read_text().splitlines() if line and not line.startswith("#")]
    assert not [line for line in lines if line.endswith("\\")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def copied() -> list[tuple[list[str], str]]:
    """What the image copies from the checkout, and where to."""
    words = [shlex.split(rest) for name, rest in instructions() if name == "COPY"]
    return [(sources, target) for *sources, target in words if not sources[0].startswith("--from=")]


def test_the_image_copies_what_there_is() -> None:
    sources = [source for sources, _ in copied() for source in sources]
    assert len(sources) > 4
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_image_has_two_stages_and_takes_what_the_first_made() -> None:
    bases = [rest.split() for name, rest in instructions() if name == "FROM"]
    assert len(bases) == 2
    # The environment's interpreter is a link, so that the second stage needs the same one at the same place.
    assert bases[0] == [bases[1][0], "AS", "build"]
    ((source, made, target),) = [rest.split() for name, rest in instructions() if name == "COPY" and "--from" in rest]
    assert source == "--from=build"
    assert made == target
    installs = [rest for name, rest in instructions() if name == "RUN"]
    assert installs[0] == f"python -m venv {made}"
    assert all(line.startswith(f"{made}/bin/pip install ") for line in installs[1:])
    assert ("ENV", f"PATH={made}/bin:$PATH") in instructions()


def test_the_image_runs_corscheck_and_not_as_root() -> None:
    last = dict(instructions())
    user, _, group = last["USER"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert last["ENTRYPOINT"] == '["corscheck"]'
    assert "corscheck" in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert [name for name, _ in instructions()].index("USER") > [name for name, _ in instructions()].index("ENV")


@pytest.mark.slow
def test_the_wheel_is_built_from_what_the_image_copies(tmp_path: Path) -> None:
    """The second installation of the image, with nothing but the files that are copied before it."""
    tree = tmp_path / "src"
    tree.mkdir()
    for sources, target in copied():
        for source in sources:
            place = tree / target / (Path(source).name if target.endswith("/") else "")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(ROOT / source, place)
    assert [rest for name, rest in instructions() if name == "RUN"][-1].endswith(" --no-deps --no-build-isolation .")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=tree, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("corscheck-*.whl")
    assert {"corscheck/__main__.py", "corscheck/guides/ci.md"} <= set(zipfile.ZipFile(wheel).namelist())


def test_the_hook_runs_the_policy(tmp_path: Path) -> None:
    """pre-commit appends ``args``, and, unless ``pass_filenames`` is false, the changed files: those are not policies."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["language"]) == ("corscheck-run", "python")
    assert hook["pass_filenames"] is False
    assert hook["always_run"] is True
    guide = (ROOT / "examples" / "ci" / "README.md").read_text("utf-8")
    shown = yaml.safe_load(guide.partition("```yaml\n")[2].partition("```")[0])["repos"][0]["hooks"][0]
    assert shown["id"] == hook["id"]
    program, *words = shlex.split(hook["entry"])
    assert program in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    shutil.copy(ROOT / "examples" / "ci" / "corscheck.toml", tmp_path)
    command = [sys.executable, "-m", "corscheck", *words]
    with UvicornApp("fastapi_production") as app:
        done = subprocess.run(
            [*command, *shown["args"], f"--base-url={app.url}"], cwd=tmp_path, capture_output=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with UvicornApp("fastapi_no_cors") as app:
        done = subprocess.run(
            [*command, *shown["args"], f"--base-url={app.url}"], cwd=tmp_path, capture_output=True, timeout=60
        )
        assert done.returncode == 1, done.stdout + done.stderr


# Stands in for a Python: notes its words, says what it is asked for, and leaves copies where an environment would be.
PYTHON = """#!/bin/sh
echo "$0 $*" >>"$NOTES"
case "$*" in
  *version_info*"< (3, 11)"*) exit {usable} ;;
  *version_info*) echo {version} ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$0" "$3/bin/corscheck" ;;
  *"-m pytest"*) exit {tests} ;;
esac
"""


def other_python(tmp_path: Path, *, tests: int = 0, **pythons: int) -> tuple[int, str, str]:
    """Run ``.ci/other-python`` of 3.11 where these are in PATH (0: usable); its status, output and what was started."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "sh", "dirname", "mktemp", "rm", "mkdir", "cp"):
        (programs / name).symlink_to(str(shutil.which(name)))
    for name, usable in {"own": 0, **pythons}.items():
        file = programs / ("own" if name == "own" else f"python3.{name[1:]}")
        file.write_text(PYTHON.format(usable=usable, tests=tests, version="3.11"))
        file.chmod(0o755)
    notes = tmp_path / "notes"
    done = subprocess.run(
        ["bash", str(ROOT / ".ci" / "other-python"), str(programs / "own")],
        capture_output=True,
        encoding="utf-8",
        env={"PATH": str(programs), "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "NOTES": str(notes)},
        timeout=30,
    )
    return done.returncode, done.stdout + done.stderr, notes.read_text()


@pytest.mark.parametrize("pythons", [{}, {"v11": 0}, {"v13": 127}, {"v10": 0}])
def test_without_another_python_there_is_nothing_to_do(tmp_path: Path, pythons: dict[str, int]) -> None:
    status, output, started = other_python(tmp_path, **pythons)
    assert (status, output) == (0, "no other Python than 3.11, 3.11 or newer\n")
    assert "-m" not in started.split()


def test_the_newest_other_python_that_works_runs_import_demo_and_tests(tmp_path: Path) -> None:
    status, _, started = other_python(tmp_path, v12=0, v13=0, v14=1)
    assert status == 0
    commands = [line.rpartition("bin/")[2] for line in started.splitlines()]
    assert commands[1].startswith("python3.14 ")
    assert commands[2].startswith("python3.13 ")
    assert not [line for line in commands if line.startswith("python3.12")]
    assert [line for line in commands if line.startswith("python -c import corscheck;")]
    assert "corscheck demo" in commands
    assert commands[-1].endswith("tests/protocol tests/model")
    assert not list(tmp_path.glob("tmp.*"))


def test_tests_that_fail_with_the_other_python_fail_the_gate(tmp_path: Path) -> None:
    assert other_python(tmp_path, v12=0, tests=1)[0] == 1


INSTALL = re.compile(r"\b(?:pip|pipx|uv|uv pip|uv tool) (?:install|add) ([^`\n]+)")


def test_no_command_expects_corscheck_in_a_package_index() -> None:
    folders = [ROOT / ".github", ROOT / "corscheck", ROOT / "examples"]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    pages = [ROOT / name for name in ("README.md", "CHANGELOG.md", "pyproject.toml")]
    commands = [match[1] for file in files + pages for match in INSTALL.finditer(file.read_text("utf-8", "replace"))]
    assert len(commands) > 15
    assert [
        command for command in commands if re.search(r"(?<![\w./-])(?<!checkout of )corscheck(?![\w./-])", command)
    ] == []
