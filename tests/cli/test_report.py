"""``--report`` and ``corscheck report``: what is written where, merged, compared; what is wrong is said."""

from __future__ import annotations

import html
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from corscheck.model.result import EngineVerdict, Result
from corscheck.report.formats.jsonl import JSONLines
from corscheck.report.formats.registry import WRITERS
from corscheck.report.saved.summary import Summary
from tests.cli.fakes import Command, Runner
from tests.report import samples
from tests.report.saved_reports import EVERYTHING, in_policy, on_disk, saved

PAGE = "https://app.example"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def outside_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


def test_every_format_beside_the_view(command: Command, fake: Runner, tmp_path: Path) -> None:
    argv = [part for name in WRITERS for part in ("--report", f"{name}:{tmp_path / name}")]
    done = command.probe("http://b.example/blocked", *argv, "--json", str(tmp_path / "same.json"))
    assert done.status == 1
    assert "FAILED  1 of 2" in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*WRITERS, "same.json"])
    assert all(path.stat().st_size for path in tmp_path.iterdir())
    assert (tmp_path / "json").read_text() == (tmp_path / "same.json").read_text()


@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"github"}))
def test_a_report_on_standard_output_replaces_the_view(name: str, command: Command, fake: Runner) -> None:
    done = command.probe("--report", f"{name}:-")
    assert done.status == 0
    assert "ALLOWED  The page" not in done.stdout
    assert done.stdout


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--report", "pdf:x"), "no such format: 'pdf'. There are github, gitlab, har, html"),
        (("--report", "junti:x"), "no such format: 'junti' (did you mean junit?)"),
        (("--report", "html"), "--report html has no file: --report html:FILE, or html:- for standard output"),
        (("--report", "html:"), "--report html: has no file"),
        (
            ("--report", "html:-", "--report", "junit:-"),
            "--report html:- and --report junit:- both want standard output",
        ),
        (("--json", "-", "--report", "junit:-"), "--json - and --report junit:- both want standard output"),
        (("--json", "{tmp}/x", "--report", "junit:{tmp}/x"), "--json and --report junit both want {tmp}/x"),
        (("--json", "{tmp}/x", "--report", "junit:{tmp}/../{name}/x"), "both want {tmp}/../{name}/x"),
    ],
)
def test_what_cannot_be_had(argv: tuple[str, ...], said: str, command: Command, fake: Runner, tmp_path: Path) -> None:
    done = command.probe(*(a.format(tmp=tmp_path, name=tmp_path.name) for a in argv))
    assert done.status == 2
    assert said.format(tmp=tmp_path, name=tmp_path.name) in done.stderr
    assert fake.probes == []


def test_one_that_cannot_be_written_leaves_the_others(command: Command, fake: Runner, tmp_path: Path) -> None:
    done = command.probe("--report", f"html:{tmp_path}/no/x.html", "--report", f"junit:{tmp_path}/x.xml")
    assert done.status == 2
    assert f"--report html: cannot write {tmp_path}/no/x.html: no such file or directory" in done.stderr
    assert (tmp_path / "x.xml").exists()


@pytest.fixture
def nobody() -> str:
    """A URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/x"


def test_a_probe_without_an_html_report_does_not_load_jinja(nobody: str) -> None:
    code = (
        "import sys; from corscheck.cli import app; app.run(['probe', sys.argv[1], '--origin', "
        "'https://a.example', '--json', '-', '--report', 'junit:/dev/null']); "
        "print(*sorted({m.partition('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, nobody],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert '"verdict": "inconclusive"' in done.stdout
    assert not {"jinja2", "markupsafe"} & set(done.stderr.split())


# ---------------------------------------------------------------------- GitHub Actions


def test_a_job_of_github_actions(nobody: str, tmp_path: Path) -> None:
    """The whole command, in the environment of a job: annotations beside the view, and the summary's table."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    environment = {**os.environ, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", "probe", nobody, "--origin", PAGE],
        capture_output=True, text=True, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert done.returncode == 3
    url = nobody.replace(":", "%3A")
    assert done.stdout.count(f"\n::warning title=INCONCLUSIVE GET {url} from https%3A//app.example::") == 1
    assert summary.read_text().startswith("before\n## ⚠️ corscheck: INCONCLUSIVE")
    assert "| `https://app.example` | ⚠️ **INCONCLUSIVE** 1 |" in summary.read_text()


def test_a_violated_check_in_a_job(tmp_path: Path) -> None:
    """A policy's result, by the whole command: file, line and title in the annotation, the table in the summary."""
    summary = tmp_path / "summary.md"
    path = on_disk(tmp_path / "run.jsonl", saved([in_policy(samples.WILDCARD), in_policy(samples.ALLOWED)]))
    environment = {**os.environ, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", "report", "show", str(path), "--report", "github:-"],
        capture_output=True, text=True, cwd=tmp_path, env=environment,
    )  # fmt: skip
    (line,) = done.stdout.splitlines()
    assert line.startswith(
        "::error file=corscheck.toml,line=12,title=orders%3A BLOCKED GET http%3A//localhost%3A8000/data"
    )
    assert "### `orders`" in summary.read_text()
    assert "| `http://localhost:3000` | ❌ **BLOCKED** 1 |" in summary.read_text()


def test_annotations_do_not_disturb_a_report(command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = command.probe("http://b.example/blocked", "--json", "-")
    assert json.loads(done.stdout)["summary"]["failed"] == 1
    assert done.stderr.startswith("::error title=BLOCKED")


def test_asking_for_it_is_no_second_time(command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = command.probe("http://b.example/blocked", "--report", "github:-")
    assert done.stdout.count("\n::error ") == 1
    assert "FAILED  1 of 2" in done.stdout


def test_nothing_printed_in_a_job_is_a_command_of_a_servers(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bad = replace(samples.WILDCARD, console={"chromium": "::set-env name=A::b\nx ##[add-mask]y"})
    path = on_disk(tmp_path / "r.json", saved([bad]))
    assert "\n::set-env" in command("report", "show", str(path)).stdout
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    shown = command("report", "show", str(path)).stdout
    assert not re.search(r"^\s*::|##\[", shown, re.MULTILINE)
    assert "\n\\x3a:set-env" in shown
    before = on_disk(tmp_path / "b.json", saved([replace(bad, console={}, method="::error::x")]))
    assert not re.search(r"^\s*::|##\[", command("report", "diff", str(before), str(before)).stdout, re.MULTILINE)


@pytest.mark.parametrize("form", ["json", "jsonl", "html", "markdown", "junit", "sarif", "gitlab", "har"])
def test_no_report_on_standard_output_holds_a_command(
    form: str, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """GitHub reads them from every line, ``##[`` within one as well. A report means the same."""
    hostile = "a\n::error::b ##[add-mask]c"
    finding = replace(samples.WILDCARD.findings[0], message=hostile, advice=hostile, evidence=hostile)
    console = {"chromium": hostile}
    bad = replace(samples.WILDCARD, url="http://a.example/?##[a", method="##[b", findings=(finding,), console=console)
    path = on_disk(tmp_path / "r.json", saved([bad]))
    plain = command("report", "show", str(path), "--report", f"{form}:-").stdout
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    inert = command("report", "show", str(path), "--report", f"{form}:-").stdout
    assert "##[" in plain
    assert not re.search(r"^\s*::|##\[", inert, re.MULTILINE)
    if form in ("json", "sarif", "gitlab", "har"):
        assert json.loads(inert) == json.loads(plain)
    if form == "junit":
        assert html.unescape(inert) == html.unescape(plain)


def test_json_lines_on_standard_output_hold_no_command(
    command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = command.probe("http://b.example/blocked?a=##[add-mask]c", "--jsonl", "-").stdout
    assert "##[" not in said
    assert any("##[add-mask]" in json.loads(line).get("url", "") for line in said.splitlines())


# ---------------------------------------------------------------------- show


@pytest.mark.parametrize(
    ("urls", "argv"),
    [
        (("http://a.example/x",), ()),
        (("http://a.example/x",), ("-v",)),
        (("http://a.example/blocked", "http://b.example/held"), ()),
        (("http://a.example/blocked", "http://b.example/held"), ("-q",)),
        (("http://a.example/blocked",), ("-X", "GET", "-X", "POST", "--origin", "null")),
    ],
    ids=["one", "one with -v", "list", "quiet", "grid"],
)
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_show_is_what_the_run_showed(
    urls: tuple[str, ...], argv: tuple[str, ...], form: str, command: Command, fake: Runner, tmp_path: Path
) -> None:
    path = tmp_path / "r"
    first = command("probe", *urls, "--origin", PAGE, *argv, f"--{form}", str(path))
    shown = command("report", "show", str(path), *(a for a in argv if a in ("-v", "-q")))
    assert (shown.status, shown.stdout, shown.stderr) == (0, first.stdout, "")


def test_show_in_any_format(command: Command, tmp_path: Path) -> None:
    path = on_disk(tmp_path / "r.jsonl", saved(EVERYTHING))
    done = command("report", "show", str(path), "--report", "junit:-", "--report", f"html:{tmp_path}/r.html")
    assert done.status == 0
    assert done.stdout.startswith("<?xml")
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


def test_show_of_a_torn_report_says_so(command: Command, tmp_path: Path) -> None:
    path = on_disk(tmp_path / "r.jsonl", saved([samples.ALLOWED, samples.ALLOWED]))
    path.write_bytes(path.read_bytes()[:-100])
    done = command("report", "show", str(path))
    assert done.status == 0
    assert "is incomplete: its run was killed. It contains 2 results." in done.stderr
    assert "INTERRUPTED" in done.stdout


@pytest.mark.parametrize("argv", [("show", "{}"), ("merge", "{}", "-o", "-"), ("diff", "{}", "{}")], ids=" ".join)
def test_no_report(argv: tuple[str, ...], command: Command, tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("# hello\n")
    done = command("report", *(a.format(path) for a in argv))
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith(f"corscheck: {path}: no report of corscheck's: neither JSON nor JSON Lines")


# ---------------------------------------------------------------------- merge


def shards(tmp_path: Path, results: list[Result], count: int, suffix: str, *, run: bool = False) -> list[str]:
    """The files of a run in shards: each has every ``count``-th probe, with its index in the whole."""
    paths = []
    for shard in range(count):
        path = tmp_path / f"shard-{shard}.jsonl"
        summary = Summary()
        with path.open("wb") as file:
            lines = JSONLines(file, None)
            for index in range(shard, len(results), count):
                result = replace(results[index], index=index)
                summary.add(result)
                lines.add(result)
            summary.exit_status = 1 if summary.failed else 3 if summary.undecided else 0 if summary.total else 2
            lines.finish(summary)
        paths.append(str(path))
    return paths


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
@pytest.mark.parametrize("count", [1, 5, 40], ids=["one", "five", "more shards than probes"])
def test_shards_merged_are_the_unsharded_report_byte_for_byte(
    count: int, suffix: str, command: Command, tmp_path: Path
) -> None:
    results = list(EVERYTHING)
    whole = on_disk(tmp_path / f"whole{suffix}", saved(results, None))
    merged = tmp_path / f"merged{suffix}"
    done = command("report", "merge", *reversed(shards(tmp_path, results, count, suffix)), "-o", str(merged))
    assert (done.status, done.stderr) == (0, "")
    assert merged.read_bytes() == whole.read_bytes()


def test_merge_of_whole_runs(command: Command, fake: Runner, tmp_path: Path) -> None:
    """Reports that are not reproducible keep their runs, from the first start to the last end."""
    for name, url in (("a", "allowed"), ("b", "blocked")):
        command("probe", f"http://a.example/{url}", "--origin", PAGE, "--json", str(tmp_path / name))
    document = json.loads((tmp_path / "b").read_text())
    document["probes"][0]["index"] = 1
    (tmp_path / "b").write_text(json.dumps(document))
    done = command("report", "merge", str(tmp_path / "a"), str(tmp_path / "b"), "-o", "-")
    merged = json.loads(done.stdout)
    assert [p["verdict"] for p in merged["probes"]] == ["allowed", "blocked"]
    assert merged["summary"]["exit_status"] == 1
    assert len(merged["run"]["shards"]) == 2
    assert merged["run"]["started"] <= merged["run"]["finished"]


def test_merge_says_what_is_missing_and_refuses_what_is_double(command: Command, tmp_path: Path) -> None:
    paths = shards(tmp_path, list(EVERYTHING), 5, ".json")
    done = command("report", "merge", *paths[:2], *paths[3:], "-o", str(tmp_path / "out"))
    assert done.status == 0
    assert "probes are missing: a shard is not here, or not whole" in done.stderr
    done = command("report", "merge", *paths, paths[0], "-o", str(tmp_path / "out2"))
    assert done.status == 2
    assert "is in more than one file: these are not shards of one run" in done.stderr
    assert not (tmp_path / "out2").exists()


# ---------------------------------------------------------------------- diff

OTHER_REASON = replace(samples.WILDCARD, reason=replace(samples.WILDCARD.reason, code="CORS301"))  # type: ignore[type-var]
INCLUDED = replace(samples.ALLOWED, credentials="include")
FIREFOX = replace(samples.ALLOWED, engines=samples.engines(firefox=EngineVerdict("blocked", "recorded")), passed=False)
UNJUDGED = replace(samples.REFUSED, credentials="include")


@pytest.mark.parametrize(
    ("old", "new", "status", "said"),
    [
        (samples.ALLOWED, samples.ALLOWED, 0, "SAME  Of 1 compared, 1 the same."),
        (INCLUDED, samples.WILDCARD, 1, "CHANGED  Of 1 compared, 1 now blocked, 0 the same."),
        (samples.WILDCARD, INCLUDED, 1, "CHANGED  Of 1 compared, 1 now allowed, 0 the same."),
        (samples.ALLOWED, FIREFOX, 1, "new    allowed, Firefox blocked: Firefox blocks it."),
        (samples.WILDCARD, OTHER_REASON, 0, "SAME  Of 1 compared, 1 for another reason, 0 the same."),
        (INCLUDED, UNJUDGED, 3, "INCONCLUSIVE  Of 1 compared, 1 not judged on both sides"),
        (UNJUDGED, UNJUDGED, 3, "INCONCLUSIVE"),
        (replace(samples.ALLOWED, method="PUT"), samples.PREFLIGHT_ONLY, 0, "1 for another reason"),
    ],
    ids=["same", "blocked", "allowed", "Firefox alone", "reason", "unjudged", "both unjudged", "preflight only"],
)
def test_diff(old: Result, new: Result, status: int, said: str, command: Command, tmp_path: Path) -> None:
    a, b = on_disk(tmp_path / "a.json", saved([old])), on_disk(tmp_path / "b.jsonl", saved([new]))
    done = command("report", "diff", str(a), str(b))
    assert (done.status, done.stderr) == (status, "")
    assert said in done.stdout


def test_diff_of_two_hosts(command: Command, tmp_path: Path) -> None:
    production = [replace(r, url=r.url.replace("api.", "api.production.")) for r in samples.MATRIX]
    production[0] = replace(samples.blocked(samples.APP, "GET", production[0].url, None), index=0)
    a, b = on_disk(tmp_path / "a.json", saved(samples.MATRIX)), on_disk(tmp_path / "b.json", saved(production))
    done = command("report", "diff", str(a), str(b))
    assert done.status == 2
    assert "have no probe in common: nothing to compare (--ignore-host compares the same paths" in done.stderr
    done = command("report", "diff", str(a), str(b), "--ignore-host")
    assert done.status == 1
    assert done.stdout.splitlines()[:4] == [
        "NOW BLOCKED  GET https://api.production.example.com/orders from https://app.example.com",
        "    was    GET https://api.example.com/orders from https://app.example.com",
        "    old    allowed",
        "    new    blocked: No Access-Control-Allow-Origin in the response",
    ]
    assert done.stdout.endswith("CHANGED  Of 6 compared, 1 now blocked, 5 the same.\n")


def test_diff_says_what_only_one_was_asked(command: Command, tmp_path: Path) -> None:
    a = on_disk(tmp_path / "a.json", saved([samples.ALLOWED, INCLUDED]))
    b = on_disk(tmp_path / "b.json", saved([samples.ALLOWED, samples.PREFLIGHT_ONLY]))
    done = command("report", "diff", str(a), str(b))
    assert done.status == 0
    assert "only in OLD  GET http://localhost:8000/data from http://localhost:3000 (credentials include)" in done.stdout
    assert "only in NEW  PUT http://localhost:8000/data" in done.stdout
