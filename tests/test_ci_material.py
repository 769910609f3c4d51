"""What people copy into their CI: the steps run, the action hands its inputs on word by word, the guide shows the policy."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.browser.record import DRIVERS
from tests.test_examples import free_port

ROOT = Path(__file__).resolve().parents[1]
ACTION = ROOT / ".github" / "actions" / "corscheck"


def test_the_policy_step_runs(tmp_path: Path) -> None:
    port = free_port()
    done = subprocess.run(
        ["bash", str(ROOT / "examples" / "ci" / "policy-step.sh")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable, "PORT": str(port), "REPORTS": "reports",
             "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "reports" / "cors.json").is_file()
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", port)) != 0


def test_the_guide_shows_the_policy_of_the_step() -> None:
    shown = (ROOT / "examples" / "ci" / "README.md").read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    assert shown == (ROOT / "examples" / "ci" / "corscheck.toml").read_text("utf-8")


HOSTILE = "a b'\"$(touch pwned)`touch pwned`;touch pwned|&*\\"


@pytest.mark.parametrize(
    "variable", ["POLICY", "SELECT", "ENVIRONMENT", "BASE_URL", "VIA", "SHARD", "BASELINE", "JSON"]
)
def test_the_action_hands_its_inputs_on_as_they_are(tmp_path: Path, variable: str) -> None:
    status, words = action(tmp_path, **{variable: HOSTILE})
    assert status == 0
    (word,) = words[1:]
    assert word.partition("=")[2] == HOSTILE
    assert not (tmp_path / "pwned").exists()


def test_the_actions_lists_and_status(tmp_path: Path) -> None:
    output = tmp_path / "output"
    status, words = action(
        tmp_path,
        POLICY="a.toml\r\n\nb c.toml\n",
        WAIT_FOR="30",
        EXIT_ZERO="true",
        GITHUB_OUTPUT=str(output),
        STATUS="3",
    )
    assert words == ["run", "--config=a.toml", "--config=b c.toml", "--wait-for=30", "--exit-zero"]
    assert (status, output.read_text()) == (3, "exit-status=3\n")


def action(tmp_path: Path, **environment: str) -> tuple[int, list[str]]:
    """Run the action's script with a stand-in that notes its words; its status and those."""
    stand_in = tmp_path / "corscheck"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >words\nexit "${STATUS:-0}"\n')
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["bash", str(ACTION / "run.sh")],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "CORSCHECK": str(stand_in), **environment},
        timeout=30,
    )
    return done.returncode, (tmp_path / "words").read_text().splitlines()


def test_no_input_is_spliced_into_a_script() -> None:
    text = (ACTION / "action.yml").read_text()
    uses = [line.strip() for line in text.splitlines() if "${{ inputs." in line]
    assert len(uses) > 10
    for line in uses:
        assert re.fullmatch(r"(?:[A-Z_]+|working-directory): \$\{\{ inputs\.[a-z-]+ \}\}", line), line
    declared = set(re.findall(r"^  ([a-z-]+):$", text.partition("outputs:")[0].partition("inputs:")[2], re.MULTILINE))
    assert declared == {re.search(r"inputs\.([a-z-]+)", line)[1] for line in uses}  # type: ignore[index]
    script = (ACTION / "run.sh").read_text()
    handed = set(re.findall(r"^        ([A-Z_]+): ", text.partition("id: run")[2], re.MULTILINE))
    assert all(f"${{{name}:-" in script for name in handed)


def test_ci_runs_what_there_is() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert (ROOT / ".ci" / "run").is_file()
    assert ".ci/run" in text
    assert "examples/corscheck.toml" in text


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_pin_their_actions_and_keep_no_credentials(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert steps
    for step in steps:
        assert re.fullmatch(r"\./\S+|[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), step
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_a_workflow_records_every_browser_each_week() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "browsers.yml").read_text())
    triggers = workflow[True]  # YAML 1.1 reads the key "on" as a boolean
    assert triggers.keys() == {"schedule", "workflow_dispatch"}
    job = workflow["jobs"]["record"]
    assert [entry["browser"] for entry in job["strategy"]["matrix"]["include"]] == list(DRIVERS)
    assert all(entry["packages"] for entry in job["strategy"]["matrix"]["include"])
    script = "\n".join(step.get("run", "") for step in job["steps"])
    recording, comparison = (shlex.split(line)[1:] for line in script.splitlines() if "-m tests.browser." in line)
    assert recording == ["-m", "tests.browser.record", "--browser", "$BROWSER", "--runs", "2", "--out", "recorded"]
    assert comparison == [
        *("-m", "tests.browser.changes", "--browser", "$BROWSER"),
        *("--against", "tests/data/browser-truth", "--new", "recorded"),
    ]
    assert job["env"]["BROWSER"] == "${{ matrix.browser }}"
