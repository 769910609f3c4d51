"""Whole commands over hostile input files and option values: no internal error, no hang.

An input that failed is kept in ``tests/data/fuzz/commands/KIND`` under a name that says what it is, together with the mend.
"""

from __future__ import annotations

import io
import itertools
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from corscheck.cli.app import run
from tests.fuzz.commands import APP, COMMANDS, DATA, NOWHERE, OPTIONS, POLICY, VALUES, hostile

SLOWEST = 5.0
"""Seconds that one command may take."""

KEPT = DATA / "fuzz" / "commands"
WELL = (0, 1, 2, 3, 130)


class Hangs(BaseException):
    """A command took too long. No handler of the command line catches it."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with what the commands need, and an alarm for what hangs."""

    def alarm(_number: int, _frame: FrameType | None) -> None:
        raise Hangs

    (tmp_path / "hostile_app.py").write_text(APP)
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "targets").write_text(f"{NOWHERE}\n{NOWHERE}x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = signal.signal(signal.SIGALRM, alarm)
    yield tmp_path
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    sys.modules.pop("hostile_app", None)


def ends_well(argv: tuple[str, ...], data: bytes, capsys: pytest.CaptureFixture[str]) -> str | None:
    """Run a command line in this process. Return what went wrong; None if nothing did."""
    stdin = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data), "utf-8")
    signal.setitimer(signal.ITIMER_REAL, SLOWEST)
    try:
        status = run(argv)
    except Hangs:
        return f"hangs: {argv}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdin = stdin
    said = capsys.readouterr().err
    if status not in WELL or "Traceback" in said:
        return f"ends with {status}: {argv}: {said[:300]}"
    if status == 2 and not said.strip():
        return f"ends with 2 and no word: {argv}"
    return None


def check(kind: str, inputs: Iterator[bytes], place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Run every command of a kind over every input."""
    wrong = []
    path = place / "input"
    for number, data in enumerate(inputs):
        command = COMMANDS[kind][number % len(COMMANDS[kind])]
        path.write_bytes(data)
        said = ends_well(tuple(word.replace("§", "input") for word in command), data, capsys)
        if said is not None:
            kept = place / f"failed-{number}"
            kept.write_bytes(data)
            wrong.append(f"{kept}: {said}")
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("kind", COMMANDS)
def test_some_hostile_files(kind: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(kind, itertools.islice(hostile(kind, 0), 30), place, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMMANDS)
def test_5000_hostile_files(kind: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As many for each kind as make 5,000 in all. CORSCHECK_HOSTILE=SEED tries others."""
    each = 5000 // len(COMMANDS) + 1
    check(kind, itertools.islice(hostile(kind, int(os.environ.get("CORSCHECK_HOSTILE", "1"))), each), place, capsys)


@pytest.mark.parametrize("name", OPTIONS)
def test_hostile_values(name: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [tuple(word.replace("§", value) for word in OPTIONS[name]) for value in VALUES]
    wrong = list(filter(None, (ends_well(command, b"", capsys) for command in commands)))
    assert not wrong, "\n".join(said[:600] for said in wrong[:20])


KEPT_INPUTS = [
    pytest.param(kind, path, command, id=f"{kind}-{path.name}-{number}")
    for kind, commands in COMMANDS.items()
    for path in sorted((KEPT / kind).glob("*"))
    for number, command in enumerate(commands)
]


@pytest.mark.parametrize(("kind", "path", "command"), KEPT_INPUTS)
def test_what_is_kept(
    kind: str, path: Path, command: tuple[str, ...], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = path.read_bytes()
    (place / "input").write_bytes(data)
    assert ends_well(tuple(word.replace("§", "input") for word in command), data, capsys) is None, kind
