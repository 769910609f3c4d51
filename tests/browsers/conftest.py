"""Fixtures for real browsers: each test that takes ``browser`` runs in Chromium, Firefox and WebKitGTK."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from corscheck.browsers import BrowserUnavailable, find
from tests.browsers.target import Target


@pytest.fixture(scope="session", params=["chromium", "firefox", "webkit"])
def browser(request: pytest.FixtureRequest) -> str:
    """The name of an installed browser."""
    return installed(request.param)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The quicker browser alone, for what does not depend on the browser."""
    return installed("chromium")


def installed(name: str) -> str:
    """The name, if that browser can be asked. Where it cannot the test is skipped, but in CI it fails."""
    missing = None
    try:
        find(name)
    except BrowserUnavailable as error:
        missing = str(error)
    for package in ("trustme", "websockets"):
        if importlib.util.find_spec(package) is None:
            missing = f"{package} is not installed"
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    return name


@pytest.fixture(scope="session")
def target():
    with Target() as server:
        yield server


def installed_version(name: str) -> str:
    """What the installed browser, or the package that it came with, says its version is."""
    # MiniBrowser needs a display even for --version.
    argv = [find(name), "--version"] if name != "webkit" else ["dpkg-query", "-W", "libwebkit2gtk-4.1-0"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def processes_in(group: int, folder: Path | None = None) -> list[int]:
    """The live processes of a group, and those whose command line or environment names a folder.

    Zombies, which only wait for init to reap them, are not alive.
    """
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            said = b"" if folder is None else (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            named = folder is not None and str(folder).encode() in said
        except OSError:
            continue
        if (int(fields[2]) == group or named) and fields[0] != "Z":
            found.append(int(entry.name))
    return found
