"""``corscheck engines``: everything that the data says, at any width."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from corscheck.protocol.departures import DEPARTURES


def run(*argv: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
    env = {"COLUMNS": str(columns), "PYTHONPATH": ".", "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-m", "corscheck", "engines", *argv], capture_output=True, text=True, env=env, check=False
    )


@pytest.mark.parametrize("columns", [80, 160])
def test_the_table_holds_every_departure(columns: int) -> None:
    done = run(columns=columns)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= columns
    words = set(done.stdout.replace("\n", " ").split())
    for departure in DEPARTURES:
        # Cells are folded at blanks; words longer than a column may be folded inside.
        assert [w for w in departure.subject.lower().split() if len(w) < 12 and w not in " ".join(words).lower()] == []
    for name in ("standard", "Chromium", "Firefox", "WebKit"):
        assert name in done.stdout
    assert "recorded from the browser" in done.stdout


def test_json_is_the_data() -> None:
    data = json.loads(run("--format", "json", "firefox", "webkit").stdout)
    assert [entry["engine"] for entry in data] == ["firefox", "webkit"]
    said = [(d["rule"], d["evidence"]) for entry in data for d in entry["departures"]]
    assert said == [(d.rule, d.evidence) for d in DEPARTURES if d.engine in ("firefox", "webkit")]


def test_an_unknown_engine_names_the_known_ones() -> None:
    done = run("blink")
    assert done.returncode == 2
    assert "standard, chromium, firefox, webkit" in " ".join(done.stderr.split())
