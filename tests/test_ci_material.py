"""What people copy into their CI: the steps run, the action hands its inputs on word by word, the guide shows the policy."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.browser.record import DRIVERS
from tests.servers.uvicorn_app import UvicornApp
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


@pytest.mark.parametrize("name", ["sarif", "junit", "html", "markdown"])
def test_the_action_writes_reports(tmp_path: Path, name: str) -> None:
    status, words = action(tmp_path, **{name.upper(): HOSTILE})
    assert (status, words[1:]) == (0, [f"--report={name}:{HOSTILE}"])
    assert not (tmp_path / "pwned").exists()


# Stands in for Python, and for the environment's: pip notes its words and installs a command that tells its version.
PYTHON = """#!/bin/sh
if [ "$2" = venv ]; then
  mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
else
  printf "%s\\n" "$*" >>words
  printf '#!/bin/sh\\necho 1.2.3\\n' >"$(dirname "$0")/corscheck" && chmod +x "$(dirname "$0")/corscheck"
fi
"""


@pytest.mark.parametrize("version", ["", f"./a wheel {HOSTILE}"], ids=["its own", "another"])
def test_later_steps_find_corscheck_and_the_jobs_own_python(tmp_path: Path, version: str) -> None:
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    runner, path_file = tmp_path / "runner temp", tmp_path / "path"
    install = yaml.safe_load((ACTION / "action.yml").read_text())["runs"]["steps"][0]
    # GitHub puts the whole repository of `uses: OWNER/REPO/FOLDER@REF` on the runner, and names the folder in it.
    folder = tmp_path / "OWNER" / "REPO" / "REF" / ".github" / "actions" / "corscheck"
    environment = {"PATH": os.environ["PATH"], "VERSION": version, "PYTHON": str(python), "RUNNER_TEMP": str(runner),
                   "GITHUB_ACTION_PATH": str(folder), "GITHUB_PATH": str(path_file)}  # fmt: skip
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", install["run"]], cwd=tmp_path, env=environment, check=True, timeout=30
    )
    (line,) = path_file.read_text().splitlines()
    assert [entry.name for entry in Path(line).iterdir()] == ["corscheck"]
    assert subprocess.run([f"{line}/corscheck"], capture_output=True, check=True, timeout=30).stdout == b"1.2.3\n"
    installed = (tmp_path / "words").read_text().splitlines()[-1]
    assert installed.endswith(f"--no-deps --no-build-isolation {version or f'{folder}/../../..'}")
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


WORKFLOWS = [*sorted((ROOT / ".github" / "workflows").glob("*.yml")), ROOT / "examples" / "ci" / "github.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_pin_their_actions_and_keep_no_credentials(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert steps
    for step in steps:
        assert re.fullmatch(r"\$/\S+|[\w-]+/[\w-]+(/[\w.-]+)*@[0-9a-f]{40}", step["uses"]), step
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        if "/.github/actions/corscheck" in step["uses"]:
            assert step["with"].keys() <= yaml.safe_load((ACTION / "action.yml").read_text())["inputs"].keys()


def test_the_workflow_runs_every_python_that_the_project_names() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [match[1] for word in project["classifiers"] if (match := re.search(r":: (3\.\d+)$", word))]
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == named == ["3.11", "3.12", "3.13", "3.14"]
    assert f"for version in {' '.join(reversed(named))}; do" in (ROOT / ".ci" / "other-python").read_text()


def test_the_gitlab_job_writes_the_reports_that_it_declares(tmp_path: Path) -> None:
    """Its command as it stands there, but for the service's address."""
    job = yaml.safe_load((ROOT / "examples" / "ci" / "gitlab.yml").read_text())["cors"]
    program, *words = shlex.split(job["script"][-1])
    assert program == "corscheck"
    shutil.copy(ROOT / "examples" / "ci" / "corscheck.toml", tmp_path)
    with UvicornApp("fastapi_production") as app:
        words[words.index("http://api:8000")] = app.url
        command = [sys.executable, "-m", "corscheck", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    reports = job["artifacts"]["reports"]
    assert reports.keys() == {"junit", "codequality"}
    assert ElementTree.parse(tmp_path / reports["junit"]).getroot().tag == "testsuites"
    assert json.loads((tmp_path / reports["codequality"]).read_text()) == []
    (kept,) = job["artifacts"]["paths"]
    assert json.loads((tmp_path / kept).read_text())["summary"]["total"] == 4


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
