"""How far a run has come: rewritten on a terminal, a line every ten seconds in a log."""

from __future__ import annotations

import io

import pytest

from corscheck.cli.show import progress
from corscheck.cli.show.progress import EVERY, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_in_a_log(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    assert EVERY == 10.0
    err = io.StringIO()
    monkeypatch.setattr("sys.stderr", err)
    shown = Progress(40, log=True)
    for second in range(1, 31):
        clock[0] = 100.0 + second
        shown.show(second)
    shown.show(40)
    shown.clear()
    assert err.getvalue() == "".join(f"corscheck: {n} of 40 probes done\n" for n in (10, 20, 30))


@pytest.mark.parametrize(("total", "options"), [(40, {}), (40, {"log": True, "wanted": False}), (1, {"log": True})])
def test_where_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], total: int, options: dict[str, bool]
) -> None:
    err = io.StringIO()
    monkeypatch.setattr("sys.stderr", err)
    shown = Progress(total, **options)
    clock[0] += 60
    shown.show(0)
    assert err.getvalue() == ""


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal()
    monkeypatch.setattr("sys.stderr", err)
    shown = Progress(40, log=True)
    shown.show(12)
    shown.clear()
    assert err.getvalue() == "\r12 of 40\r" + "\r        \r"
