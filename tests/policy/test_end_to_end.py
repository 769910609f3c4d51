"""A policy from the command line to the reports that a CI system reads: shards merged, annotations, every format."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from corscheck.cli.demo.server import DemoServer
from corscheck.report.formats.registry import WRITERS

ROOT = Path(__file__).resolve().parents[2]

POLICY = """\
base-url = "{base}"

[defaults]
origins = ["http://localhost:3000", "https://app.example"]

[[check]]
name = "open to all"
urls = ["/wildcard", "/wildcard-headers"]
methods = ["GET", "HEAD"]

[[check]]
name = "closed"
urls = ["/no-cors"]
expect = "blocked"
because = "CORS301"

[[check]]
name = "orders"
urls = ["/no-cors"]
origins = ["http://localhost:3000"]
"""
VIOLATED = POLICY.splitlines().index('name = "orders"')
"""The index of the line below the violated check's [[check]], which is the line's number counted from one."""


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


@pytest.fixture
def policy(tmp_path: Path, server: DemoServer) -> Path:
    path = tmp_path / "corscheck.toml"
    path.write_text(POLICY.replace("{base}", server.url))
    return path


def corscheck(*argv: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", *argv],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_five_shards_merged_are_the_whole_run(policy: Path, ending: str) -> None:
    folder = policy.parent
    option = f"--{ending}"
    whole = corscheck("run", "--reproducible", option, f"whole.{ending}", "-q", cwd=folder)
    assert whole.returncode == 1, whole.stderr
    for i in range(1, 6):
        shard = corscheck("run", "--reproducible", "--shard", f"{i}/5", option, f"{i}.{ending}", "-q", cwd=folder)
        assert shard.returncode in (0, 1), shard.stderr
    names = [f"{i}.{ending}" for i in (3, 1, 5, 2, 4)]
    merged = corscheck("report", "merge", *names, "-o", f"merged.{ending}", cwd=folder)
    assert merged.returncode == 0, merged.stderr
    assert (folder / f"merged.{ending}").read_bytes() == (folder / f"whole.{ending}").read_bytes()


def test_a_violated_check_is_an_annotation_and_a_row_of_the_summary(policy: Path) -> None:
    summary = policy.parent / "summary.md"
    done = corscheck(
        "run",
        cwd=policy.parent,
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_WORKSPACE=str(policy.parent),
    )
    assert done.returncode == 1
    annotations = re.findall(r"^::error (.*?)::(.*)$", done.stdout, re.MULTILINE)
    assert len(annotations) == 1
    properties = dict(part.split("=", 1) for part in annotations[0][0].split(","))
    assert properties["file"] == "corscheck.toml"
    assert int(properties["line"]) == VIOLATED
    assert "orders" in properties["title"]
    written = summary.read_text("utf-8")
    assert "orders" in written
    assert re.search(r"^\|.*\|$", written, re.MULTILINE)


def test_every_format_of_one_run_and_the_same_again_from_the_saved_report(policy: Path) -> None:
    folder = policy.parent
    formats = sorted(WRITERS)
    wanted = [word for form in formats for word in ("--report", f"{form}:run.{form}")]
    done = corscheck("run", "--reproducible", "--json", "saved.json", *wanted, cwd=folder)
    assert done.returncode == 1, done.stderr
    for form in formats:
        again = corscheck("report", "show", "saved.json", "--report", f"{form}:again.{form}", "-q", cwd=folder)
        assert again.returncode == 0, again.stderr
        assert (folder / f"again.{form}").read_bytes() == (folder / f"run.{form}").read_bytes(), form
    sarif = json.loads((folder / "run.sarif").read_text("utf-8"))
    places = [r["locations"][0]["physicalLocation"] for r in sarif["runs"][0]["results"]]
    assert [(p["artifactLocation"]["uri"], p["region"]["startLine"]) for p in places] == [("corscheck.toml", VIOLATED)]


def test_what_a_baseline_has_already_fails_nothing(policy: Path) -> None:
    folder = policy.parent
    assert corscheck("run", "--json", "before.json", "-q", cwd=folder).returncode == 1
    done = corscheck("run", "--baseline", "before.json", "--report", "gitlab:now.json", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "excused" in done.stdout
    assert json.loads((folder / "now.json").read_text("utf-8")) == []
