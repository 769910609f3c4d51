"""``corscheck har`` as a command: views, reports, exit status, complaints, and a large file in little memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fakes import Command

DATA = Path(__file__).resolve().parents[1] / "data" / "har"
ROOT = Path(__file__).resolve().parents[2]
CHROMIUM, FIREFOX = str(DATA / "chromium.har"), str(DATA / "firefox.har")


def test_the_list(command: Command) -> None:
    done = command("har", FIREFOX)
    assert done.status == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "  allowed       GET https://api.example.com/orders from https://app.example.com"
    assert "  BLOCKED 1     DELETE https://api.example.com/orders/8 from https://app.example.com" in lines
    assert lines[-1] == "FAILED  2 of 5 blocked, 3 allowed; all 5 expected allowed."
    assert done.stderr == (
        f"corscheck: {FIREFOX}: 5 of 9 entries judged; 2 their preflights or redirects, "
        "2 not in mode cors (navigations, images, scripts)\n"
    )


def test_the_tables(command: Command) -> None:
    said = command("har", CHROMIUM, "-v").stdout
    for line in (
        "PUT http://localhost:8765/good-preflight",
        "* preflight, http://localhost:8765/good-preflight",
        "< Access-Control-Allow-Origin: http://localhost:3000",
        "> FAIL  Allow-Origin        http://localhost:3000   absent",
    ):
        assert line in said


def test_a_recorded_405_without_lists_is_no_refused_header(command: Command) -> None:
    """Nothing can be asked of a recording: a CORS layer that refuses a header names the ones it allows."""
    told = command("har", CHROMIUM).stdout
    number = next(line.split()[1] for line in told.splitlines() if "/options-405" in line)
    finding = next(line for line in told.splitlines() if line.startswith(f"{number} "))
    assert "Nothing at this URL handles OPTIONS: the server responds with 405" in finding


def test_quiet_and_expect(command: Command) -> None:
    done = command("har", CHROMIUM, "-q")
    assert (done.status, len(done.stdout.splitlines())) == (1, 21)
    assert command("har", CHROMIUM, "-q", "--expect", "blocked").status == 1


def test_reports(command: Command, tmp_path: Path) -> None:
    files = {name: str(tmp_path / name) for name in ("json", "html", "junit", "sarif", "har")}
    argv = [part for name in ("html", "junit", "sarif", "har") for part in ("--report", f"{name}:{files[name]}")]
    assert command("har", FIREFOX, "--json", files["json"], *argv, "--jsonl", "-").status == 1
    saved = json.loads(Path(files["json"]).read_text())
    assert saved["summary"]["blocked"] == 2
    assert all(Path(file).stat().st_size > 300 for file in files.values())
    # Its own recording says the same once more.
    again = command("har", files["har"], "--engine", "firefox", "--jsonl", "-", "--reproducible")
    verdicts = [json.loads(line).get("verdict") for line in again.stdout.splitlines()[1:-1]]
    assert verdicts == [probe["verdict"] for probe in saved["probes"]]


def test_standard_input(command: Command) -> None:
    done = command("har", "-", "-q", stdin=Path(FIREFOX).read_bytes())
    assert (done.status, len(done.stdout.splitlines())) == (1, 5)
    assert done.stderr.startswith("corscheck: <stdin>: 5 of 9 entries judged")


def test_an_origin_for_a_recording_that_names_none(command: Command, tmp_path: Path) -> None:
    allowed = {"name": "Access-Control-Allow-Origin", "value": "https://app.example"}
    entry = {"_resourceType": "xhr", "request": {"method": "GET", "url": "https://api.example/a"},
             "response": {"status": 200, "headers": [allowed]}}  # fmt: skip
    (tmp_path / "x.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    without = command("har", str(tmp_path / "x.har"))
    assert (without.status, without.stdout) == (2, "INCONCLUSIVE  nothing was tested.\n")
    assert (
        "none of its 1 entries is a cross-origin request of a page; 1 of a page that the recording does not name"
        in without.stderr
    )
    done = command("har", str(tmp_path / "x.har"), "--origin", "https://app.example", "-q")
    assert (done.status, done.stdout) == (0, "ALLOWED  GET https://api.example/a from https://app.example\n")


def test_inconclusive(command: Command, tmp_path: Path) -> None:
    entry = {"request": {"method": "PUT", "url": "https://api.example/a", "headers": [{"name": "Origin", "value": "https://a.example"}]},
             "response": {"status": 0}}  # fmt: skip
    (tmp_path / "x.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    assert command("har", str(tmp_path / "x.har")).status == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1, byte 0: no HAR file: expected a JSON object"),
        ('{"log": {"entries": []}}', "there are no entries in it"),
        ('{"log": {"entries": [\n{"request": }]}}', "line 2, byte 22: no JSON: expecting value"),
    ],
)
def test_complaints(content: str, message: str, command: Command, tmp_path: Path) -> None:
    (tmp_path / "x.har").write_text(content)
    done = command("har", str(tmp_path / "x.har"))
    assert done.status == 2
    assert message in done.stderr


def test_a_file_that_is_not_there(command: Command) -> None:
    done = command("har", "nowhere.har")
    assert (done.status, done.stderr) == (2, "corscheck: har: cannot read nowhere.har: no such file or directory\n")
    assert "is a directory" in command("har", str(DATA)).stderr


def test_a_file_that_was_cut_is_judged_as_far_as_it_goes(command: Command, tmp_path: Path) -> None:
    text = Path(FIREFOX).read_text()
    (tmp_path / "x.har").write_text(text[: text.index("orders/8")])
    done = command("har", str(tmp_path / "x.har"), "-q")
    assert done.status == 2
    assert [line.partition("http")[0] for line in done.stdout.splitlines()] == [
        "ALLOWED  GET ",
        "ALLOWED  PUT ",
        "ALLOWED  PUT ",
    ]
    assert "the file ends within a text" in done.stderr


MEASURED = """
import sys
from corscheck.cli.app import run
status = run(sys.argv[1:])
# Not ru_maxrss: in that a process starts with what its parent had.
sys.stderr.write(open("/proc/self/status").read())
sys.exit(status)
"""


def test_a_large_recording_needs_little_memory(tmp_path: Path) -> None:
    """200 MB: bodies as one text each, full of escapes, among many small entries."""
    file = tmp_path / "large.har"
    body = json.dumps([{"k": n, "v": 'é\n"'} for n in range(50_000)])

    def entry(number: int, text: str) -> dict[str, Any]:
        headers = [{"name": "Origin", "value": "https://app.example"}, {"name": "Sec-Fetch-Mode", "value": "cors"}]
        return {
            "request": {"method": "GET", "url": f"https://api.example/{number}", "headers": headers},
            "response": {"status": 200, "headers": [{"name": "Access-Control-Allow-Origin", "value": "https://app.example"}],
                         "content": {"size": len(text), "text": text}},
        }  # fmt: skip

    block = "".join(json.dumps(entry(n, "x" * 500 if n else body)) + ",\n" for n in range(20))
    entries = 0
    with file.open("w") as out:
        out.write('{"log": {"entries": [\n')
        while out.tell() < 200_000_000:
            out.write(block)
            entries += 20
        out.write(json.dumps(entry(0, "")) + "]}}")
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "har", str(file), "-q", "--json", str(tmp_path / "out.json")],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert f"{entries + 1} of {entries + 1} entries judged" in done.stderr
    found = re.search(r"VmHWM:\s+(\d+) kB", done.stderr)
    assert found is not None
    assert int(found[1]) < 150 * 1024
    # Read in 4 s where it was written; what takes twenty times as long has lost its way.
    assert time.monotonic() - started < 80
