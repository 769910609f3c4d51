"""What the policy tests share: a demo server, and whole command lines in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corscheck.cli.demo.server import DemoServer
from tests.cli.fakes import Command


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command line in an empty directory."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)
    return Command(capsys, monkeypatch)


@pytest.fixture
def write(tmp_path: Path, demo: DemoServer) -> Callable[[str], Path]:
    """Writes ``corscheck.toml``; its base URL is the demo's unless the text has one."""

    def one(text: str) -> Path:
        path = tmp_path / "corscheck.toml"
        path.write_text(text if "base-url" in text else f'base-url = "{demo.url}"\n{text}', "utf-8")
        return path

    return one
