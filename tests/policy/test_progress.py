"""How far a run has come: rewritten on a terminal, a line every ten seconds in a log."""

from __future__ import annotations

import io
import re

import pytest

from corscheck.cli.show import progress
from corscheck.cli.show.progress import EVERY, Progress
from corscheck.report.saved.summary import Summary


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def counted(done: int, blocked: int = 0) -> Summary:
    return Summary(total=done, blocked=blocked)


def test_in_a_log(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    assert EVERY == 10.0
    err = io.StringIO()
    monkeypatch.setattr("sys.stderr", err)
    shown = Progress(4000)
    for second in range(1, 31):
        clock[0] = 100.0 + second
        shown.show(counted(second * 100, second // 10))
    shown.show(counted(4000))
    shown.clear()
    assert err.getvalue() == (
        "corscheck: 1,000 of 4,000 done, 1 blocked\ncorscheck: 2,000 of 4,000 done, 2 blocked\n"
        "corscheck: 3,000 of 4,000 done, 3 blocked\n"
    )


@pytest.mark.parametrize(("total", "options", "after"), [(40, {}, 9), (40, {"wanted": False}, 60), (1, {}, 60)])
def test_where_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], total: int, options: dict[str, bool], after: int
) -> None:
    err = io.StringIO()
    monkeypatch.setattr("sys.stderr", err)
    shown = Progress(total, **options)
    clock[0] += after
    shown.show(counted(0))
    assert err.getvalue() == ""


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    """Nothing in the first second; then done of total, rate, time left and counts; nothing of it is left at the end."""
    monkeypatch.setenv("TERM", "xterm")
    err = Terminal()
    monkeypatch.setattr("sys.stderr", err)
    shown = Progress(2000)
    clock[0] = 100.9
    shown.show(counted(100))
    assert err.getvalue() == ""
    clock[0] = 102.0
    shown.show(counted(400, 3))
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", err.getvalue())
    assert "400/2000 200/s, 0:08 left, 3 blocked" in plain
    shown.clear()
    # rich goes back to the line's start and erases it.
    assert err.getvalue().endswith("\x1b[2K")
