"""What the command line's tests share."""

from __future__ import annotations

import pytest

from tests.cli.fakes import Command, Runner, install


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """The runner's stand-in."""
    return install(monkeypatch)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command line."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Command(capsys, monkeypatch)
