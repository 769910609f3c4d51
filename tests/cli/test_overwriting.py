"""An output that is also an input: refused before anything is written, whatever its name."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

import pytest

from tests.cli.test_faults import shell

PAGE = "http://localhost:3000"
PROBE = f"corscheck probe http://127.0.0.1:9/ --origin {PAGE}"
LIST = f"corscheck probe --targets targets --origin {PAGE} -q"

FILES = {
    "targets": "http://127.0.0.1:9/a\n",
    "header": "X: 1\n",
    "command": f"curl http://127.0.0.1:9/ -H 'Origin: {PAGE}'\n",
    "corscheck.toml": f'base-url = "http://127.0.0.1:9"\n[defaults]\norigins = ["{PAGE}"]\n[[check]]\nname = "a"\nurls = ["/a"]\n',
    "openapi.json": json.dumps({"openapi": "3.0.0", "servers": [{"url": "http://127.0.0.1:9"}], "paths": {"/a": {"get": {}}}}),
    "main.py": "async def app(scope, receive, send): ...\n",
    "in.txt": f"$ curl -i http://127.0.0.1:9/ -H 'Origin: {PAGE}'\nHTTP/1.1 200 OK\n\n",
    "in.har": json.dumps({"log": {"version": "1.2", "entries": []}}),
}  # fmt: skip

LINES = {
    "--jsonl and --targets": (f"{LIST} --jsonl targets", "targets"),
    "--json and --targets": (f"{LIST} --json ./targets", "targets"),
    "a report and --targets": (f"{LIST} --report html:sub/../targets", "targets"),
    "a symbolic link": (f"{LIST} --json link", "targets"),
    "a hard link": (f"{LIST} --json hard", "targets"),
    "standard output": (f"{LIST} >> targets", "targets"),
    "standard input": (f"corscheck probe --targets - --origin {PAGE} --json targets < targets", "targets"),
    "-H @FILE": (f"{PROBE} -H @header --json header", "header"),
    "-d @FILE": (f"{PROBE} -d @header --jsonl header", "header"),
    "-F @FILE": (f"{PROBE} -F a=@header --report har:header", "header"),
    "--curl @FILE": ("corscheck probe --curl @command --json command", "command"),
    "--openapi": (f"corscheck probe --openapi openapi.json --origin {PAGE} --json openapi.json", "openapi.json"),
    "--cacert": (f"{PROBE} --cacert header --json header", "header"),
    "a policy": ("corscheck run --json corscheck.toml", "corscheck.toml"),
    "a policy by name": ("corscheck run ./corscheck.toml --jsonl corscheck.toml", "corscheck.toml"),
    "--baseline": ("corscheck run --baseline old.json --json old.json", "old.json"),
    "--baseline of an audit": ("corscheck audit http://127.0.0.1:9/ --baseline old.json --json old.json", "old.json"),
    "--poc": ("corscheck audit --targets targets --poc targets", "targets"),
    "transcript": ("corscheck transcript in.txt --jsonl in.txt", "in.txt"),
    "har": ("corscheck har in.har --jsonl in.har", "in.har"),
    "har from standard input": ("corscheck har - --jsonl in.har < in.har", "in.har"),
    "report show": ("corscheck report show old.json --report html:old.json", "old.json"),
    "report merge": ("corscheck report merge old.json -o old.json", "old.json"),
    "--app": (f"corscheck probe /data --app main:app --origin {PAGE} --json ./main.py", "main.py"),
    "--app as a whole": ("corscheck probe --app main:app --json main.py", "main.py"),
    "init": (f"corscheck init --openapi openapi.json --origin {PAGE} -o openapi.json --force", "openapi.json"),
}


@pytest.mark.parametrize("name", LINES)
def test_an_output_that_is_an_input(name: str, tmp_path: Path) -> None:
    line, victim = LINES[name]
    (tmp_path / "sub").mkdir()
    for file, text in FILES.items():
        (tmp_path / file).write_text(text)
    if victim == "old.json":
        shell("corscheck run -q --json old.json", tmp_path)
    (tmp_path / "link").symlink_to("targets")
    (tmp_path / "hard").hardlink_to(tmp_path / "targets")
    before = (tmp_path / victim).read_bytes()
    done = shell(line, tmp_path)
    assert done.returncode == 2, done.stderr
    assert "is the same file as the input of" in done.stderr
    assert (tmp_path / victim).read_bytes() == before


def test_what_is_not_the_same_file(tmp_path: Path) -> None:
    """A copy, a terminal or a device that is read and written, and the report that is continued."""
    for file, text in FILES.items():
        (tmp_path / file).write_text(text)
    assert shell(f"{LIST} --jsonl other.jsonl", tmp_path).returncode == 1
    assert shell(f"{LIST} --jsonl other.jsonl --resume", tmp_path).returncode == 1
    assert shell(f"{PROBE} -H @/dev/null --json /dev/null", tmp_path).returncode == 1


@pytest.mark.parametrize(
    "line", ["--json p --poc p", "--jsonl link --poc p", "--json - --poc -", "--report sarif:p --poc ./p"]
)
def test_two_outputs_in_one_file(line: str, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("kept")
    (tmp_path / "link").symlink_to("p")
    done = shell(f"corscheck audit http://127.0.0.1:9/ {line}", tmp_path)
    assert done.returncode == 2
    assert "both want" in done.stderr
    assert (tmp_path / "p").read_text() == "kept"


def test_a_locked_report_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("kept")
    with (tmp_path / "r").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = shell(f"{PROBE} --json r", tmp_path)
    assert done.returncode == 2
    assert "--json: cannot write r: another run is writing it" in done.stderr
    assert (tmp_path / "r").read_text() == "kept"
