"""``--resume``: a run that was interrupted or killed goes on, and comes to what it would have come to."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from corscheck.cli.ask import resuming
from corscheck.cli.run_loop import Session
from corscheck.cli.show.outputs import OutputOptions
from corscheck.model.result import Result
from corscheck.model.values import ConfigError, Probe
from tests.cli.fakes import Command, Runner, answer
from tests.report import samples
from tests.servers.counting import CountingServer
from tests.servers.raw import HOLD, OK, READ, RawServer

ROOT = Path(__file__).resolve().parents[2]
PAGE = "https://app.example"


@pytest.fixture(autouse=True)
def outside_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer() as running:
        yield running


def process(*argv: str, cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "corscheck", *argv],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def finish(*argv: str, cwd: Path) -> tuple[int, str]:
    running = process(*argv, cwd=cwd)
    _, said = running.communicate(timeout=120)
    return running.returncode, said.decode()


class Growing:
    """A file that another process writes; each look reads only what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = self._lines = 0

    def whole(self) -> int:
        """How many results in it are whole."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._at)
                new = file.read()
            end = new.rfind(b"\n") + 1
            self._at += end
            self._lines += new.count(b"\n")
        return max(self._lines - 1, 0)


# ---------------------------------------------------------------------- killed


@pytest.mark.slow
def test_killed_twenty_times(server: CountingServer, tmp_path: Path) -> None:
    """Nothing that was written is lost or asked again, and the report is that of a run that was let alone."""
    count = 5_000
    paths = [("/b" if n % 3 == 0 else "/a") + str(n) for n in range(count)]
    (tmp_path / "targets").write_text("".join(f"{server.url}{path}\n" for path in paths))
    argv = ("probe", "--targets", "targets", "--origin", PAGE, "--reproducible", "--no-diagnose")

    assert finish(*argv, "--json", "whole.json", "--jsonl", "whole.jsonl", cwd=tmp_path) == (1, "")
    assert sum(server.asked.values()) == count
    server.asked.clear()

    lines = tmp_path / "r.jsonl"
    growing = Growing(lines)
    moments = sorted(random.Random(20).sample(range(1, count - 1000), 20))
    there: dict[str, int] = {}
    for moment in moments:
        running = process(*argv, "--json", "r.json", "--jsonl", "r.jsonl", "--resume", "-q", cwd=tmp_path)
        while growing.whole() < moment and running.poll() is None:
            time.sleep(0.005)
        running.kill()
        running.communicate()
        assert running.returncode < 0, "it came to its end before it could be killed"
        assert not (tmp_path / "r.json").exists()
        for path in paths[: growing.whole()]:
            there.setdefault(path, server.asked[f"127.0.0.1:{server.port}{path}"])

    status, said = finish(*argv, "--json", "r.json", "--jsonl", "r.jsonl", "--resume", "-q", cwd=tmp_path)
    assert status == 1
    assert said.startswith("corscheck: --resume: ")
    assert (tmp_path / "r.json").read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert lines.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert len(there) >= moments[-1]
    assert {path: server.asked[f"127.0.0.1:{server.port}{path}"] for path in there} == there
    # What was under way when it was killed had to be asked again: that is little.
    assert count <= sum(server.asked.values()) < count + 20 * 300


# ---------------------------------------------------------------------- truncated


def probes(count: int) -> list[Probe]:
    return [Probe(f"http://api.example/{n}", PAGE, index=n) for n in range(count)]


def small(probe: Probe) -> Result:
    """A result with a short line."""
    asked = replace(
        samples.INVALID,
        url=probe.url,
        origin=probe.origin,
        index=probe.index,
        method="GET",
        headers=(),
        gate=probe.gate,
    )
    return replace(asked, steps=(), findings=(), engines={}, console={}, reason=None)


def resumed(path: Path, asked: list[Probe]) -> tuple[int, list[int]]:
    """Resume as the command does, without a network: the exit status, and which probes were asked."""
    wanted = OutputOptions(jsonl=str(path), reproducible=True)
    part = resuming.read_part(wanted, asked, lambda said: None)
    sent: list[int] = []

    def ask(take: Callable[[Result], None]) -> None:
        for probe in asked[part.count :]:
            sent.append(probe.index)
            take(small(probe))

    status = Session(replace(wanted, resumed=part).report_sinks()).run(resuming.after(part, ask))
    return status, sent


@pytest.mark.slow
def test_torn_at_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    asked = probes(2)
    assert resumed(path, asked) == (1, [0, 1])
    whole = path.read_bytes()
    ends = [n + 1 for n, byte in enumerate(whole) if byte == ord("\n")]
    assert len(ends) == 4
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        there = sum(end <= size for end in ends[1:3])
        assert resumed(path, asked) == (1, [0, 1][there:]), size
        assert path.read_bytes() == whole, size


def test_a_finished_run_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    resumed(path, probes(3))
    os.utime(path, (1, 1))
    assert resumed(path, probes(3)) == (1, [])
    assert path.stat().st_mtime == 1


def test_there_is_more_to_ask_than_the_finished_run_asked(tmp_path: Path) -> None:
    path, other = tmp_path / "r.jsonl", tmp_path / "other.jsonl"
    resumed(path, probes(3))
    resumed(other, probes(5))
    assert resumed(path, probes(5)) == (1, [3, 4])
    assert path.read_bytes() == other.read_bytes()


def test_interrupted_while_the_old_results_are_handed_on(tmp_path: Path) -> None:
    """What the file holds stays in it."""
    path = tmp_path / "r.jsonl"
    asked = probes(3)
    resumed(path, asked)
    before = path.read_bytes()
    wanted = OutputOptions(jsonl=str(path), reproducible=True)
    part = resuming.read_part(wanted, asked, lambda said: None)
    session = Session(replace(wanted, resumed=part).report_sinks())

    def interrupted(take: Callable[[Result], None]) -> None:
        def once(result: Result) -> None:
            take(result)
            raise KeyboardInterrupt

        resuming.after(part, lambda _: None)(once)

    assert session.run(interrupted) == 130
    assert path.read_bytes() == before


# ---------------------------------------------------------------------- of another question


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": "http://api.example/x"}, "url http://api.example/1, which is http://api.example/x now"),
        ({"origin": "https://b.example"}, "origin https://app.example, which is https://b.example now"),
        ({"method": "PUT"}, "method GET, which is PUT now"),
        ({"headers": (("X-A", "1"),)}, "headers none, which is X-A now"),
        ({"credentials": "include"}, "credentials same-origin, which is include now"),
        ({"redirect": "error"}, "redirect follow, which is error now"),
        ({"mode": "no-cors"}, "mode cors, which is no-cors now"),
        ({"body": b"abc"}, "body of length none, which is 3 now"),
        ({"engine": "firefox"}, "engine chromium, which is firefox now"),
        ({"gate": ("webkit",)}, "engines chromium, firefox, webkit, which is webkit now"),
        ({"send": "always"}, "send auto, which is always now"),
        ({"expected": "blocked"}, "expected allowed, which is blocked now"),
        ({"via": "http://u:secret@api"}, "via none, which is http://***@api now"),
        ({"index": 7}, "index 1, which is 7 now"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_another_question(change: dict[str, object], says: str, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    resumed(path, probes(3))
    before = path.read_bytes()
    first, second, third = probes(3)
    with pytest.raises(ConfigError) as error:
        resumed(path, [first, replace(second, **change), third])  # type: ignore[arg-type]
    assert str(error.value) == (
        f"--resume: {path}, line 3 is of another question: it has {says}. Omit --resume to overwrite the file"
    )
    assert path.read_bytes() == before


def test_a_header_is_the_same_whatever_its_value(tmp_path: Path) -> None:
    """Values may be masked in the report: they cannot be compared."""
    path = tmp_path / "r.jsonl"
    asked = [replace(probe, headers=(("Authorization", "Bearer abc"),)) for probe in probes(1)]
    wanted = OutputOptions(jsonl=str(path), reproducible=True)
    result = replace(small(asked[0]), headers=(("Authorization", "Bearer ***"),))
    Session(wanted.report_sinks()).run(lambda take: take(result))
    assert resumed(path, asked) == (1, [])


def test_less_is_asked_now(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    resumed(path, probes(3))
    with pytest.raises(ConfigError, match="line 4 belongs to a different run: there is less to test now"):
        resumed(path, probes(2))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no report\n", "was not written by --jsonl, so it is left as it is"),
        (b"no report", "was not written by --jsonl, so it is left as it is"),
        (b'{"a":1}\n', "was not written by --jsonl, so it is left as it is"),
        (b'{"schema_version":"2.0","tool":{}}\n', "written in schema 2.0, which this corscheck cannot read"),
        (b'{"schema_version":"1.0","tool":{},"probes":[],"summary":{}}\n', "was not written by --jsonl"),
        (b'{"schema_version":"1.0","tool":{}}\nnonsense\n', "line 2: no probe or audit object of a report"),
        (b'{"schema_version":"1.0","tool":{}}\n[1]\n', "line 2: no probe or audit object of a report"),
        (
            b'{"schema_version":"1.0","tool":{}}\n{"url":1}\n',
            "line 2: no probe object of a report: Expected `str`, got `int`",
        ),
        (
            b'{"schema_version":"1.0","tool":{}}\n{"url":"x","allowed_origins":[]}\n',
            "line 2 belongs to a different run: it contains one audit, not one probe",
        ),
        (b'{"schema_version":"1.0","tool":{}}\n{"summary":{}}\nmore', "something follows the summary in line 2"),
        (b'{"schema_version":"1.0","tool":{},"run":{}}\n', "is not --reproducible: leave that out, or write another"),
    ],
)
def test_a_file_that_is_something_else(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        resumed(path, probes(3))
    assert says in str(error.value)
    assert path.read_bytes() == content


# ---------------------------------------------------------------------- the commands


def test_without_a_file_to_go_on_with(command: Command, fake: Runner, tmp_path: Path) -> None:
    for argv in ((), ("--jsonl", "-")):
        done = command.probe("--resume", *argv)
        assert (done.status, done.stdout) == (2, "")
        assert done.stderr == "corscheck: --resume goes on with a report: name its file with --jsonl FILE\n"
    assert command.probe("--resume", "--jsonl", str(tmp_path)).status == 2
    assert fake.probes == []


def test_the_first_run_may_say_resume(command: Command, fake: Runner, tmp_path: Path) -> None:
    """The same command line from the first run to the last."""
    done = command.probe("--resume", "--jsonl", str(tmp_path / "r.jsonl"))
    assert (done.status, done.stderr, len(fake.probes)) == (0, "", 1)


MATRIX = ("http://a.example/blocked", "--origin", "https://b.example", "-X", "GET", "-X", "PUT")


def test_everything_covers_old_and_new(command: Command, fake: Runner, tmp_path: Path) -> None:
    """The view, every report, the totals and the status, as if it had been one run."""
    reports = ("--report", f"junit:{tmp_path / 'r.xml'}", "--json", str(tmp_path / "r.json"), "--reproducible")
    lines = tmp_path / "r.jsonl"
    argv = (*MATRIX, *reports, "--jsonl", str(lines))
    first = command.probe(*argv)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert (first.status, len(fake.probes), len(written)) == (1, 8, 3)

    lines.write_bytes(b"".join(lines.read_bytes().splitlines(keepends=True)[:4]) + b'{"url":')
    again = command.probe(*argv, "--resume")
    assert (again.status, again.stdout, len(fake.probes)) == (1, first.stdout, 8 + 5)
    assert again.stderr == f"corscheck: --resume: 3 results of {lines} are kept; the rest is tested now\n"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == written

    once_more = command.probe(*argv, "--resume")
    assert (once_more.status, once_more.stdout, len(fake.probes)) == (1, first.stdout, 13)


def test_the_run_is_the_first_one(command: Command, fake: Runner, tmp_path: Path) -> None:
    lines, document = tmp_path / "r.jsonl", tmp_path / "r.json"
    command.probe(*MATRIX, "--jsonl", str(lines))
    head = lines.read_bytes().splitlines(keepends=True)[0]
    lines.write_bytes(head)
    command.probe(*MATRIX, "--jsonl", str(lines), "--json", str(document), "--resume")
    assert lines.read_bytes().startswith(head)
    run = json.loads(document.read_text())["run"]
    begun = json.loads(head)["run"]
    assert {name: run[name] for name in begun} == begun
    assert run["elapsed_ms"] == pytest.approx(
        json.loads(lines.read_bytes().splitlines()[-1])["run"]["elapsed_ms"], abs=500
    )


def test_interrupted_and_resumed(command: Command, fake: Runner, tmp_path: Path) -> None:
    lines, whole = tmp_path / "r.jsonl", tmp_path / "whole.jsonl"
    command.probe(*MATRIX, "--reproducible", "--jsonl", str(whole))

    def stop(probe: Probe) -> None:
        if probe.index == 5:
            raise KeyboardInterrupt

    fake.before = stop
    assert command.probe(*MATRIX, "--reproducible", "--jsonl", str(lines)).status == 130
    assert json.loads(lines.read_bytes().splitlines()[-1])["summary"]["interrupted"] is True
    fake.before = lambda probe: None
    assert command.probe(*MATRIX, "--reproducible", "--jsonl", str(lines), "--resume").status == 1
    assert lines.read_bytes() == whole.read_bytes()


def test_what_is_left_is_shown_beforehand(command: Command, fake: Runner, tmp_path: Path) -> None:
    lines = tmp_path / "r.jsonl"
    command.probe(*MATRIX, "--jsonl", str(lines))
    kept = b"".join(lines.read_bytes().splitlines(keepends=True)[:8])
    lines.write_bytes(kept)
    done = command.probe(*MATRIX, "--jsonl", str(lines), "--resume", "--print-curl")
    assert (done.status, done.stdout.count("http://a.example/blocked")) == (0, 1)
    assert lines.read_bytes() == kept


def test_asked_of_a_browser_or_not(command: Command, fake: Runner, tmp_path: Path) -> None:
    lines = tmp_path / "r.jsonl"
    command.probe("--jsonl", str(lines))
    done = command.probe("--jsonl", str(lines), "--resume", "--in-browser", "chromium")
    assert done.status == 2
    assert "it was not tested in a browser too (--in-browser)" in done.stderr


def test_a_later_version(command: Command, fake: Runner, tmp_path: Path) -> None:
    lines = tmp_path / "r.jsonl"
    command.probe("--jsonl", str(lines))
    content = json.loads(lines.read_bytes().splitlines()[0])
    content["tool"]["version"] = "0.0.1"
    lines.write_text(json.dumps(content) + "\n")
    # As it is written by another program: with blanks.
    done = command.probe("--jsonl", str(lines), "--resume")
    assert done.status == 0
    assert done.stderr.startswith(f"corscheck: --resume: {lines} was begun by corscheck 0.0.1; this is ")


# ---------------------------------------------------------------------- run

POLICY = """\
base-url = "{url}"
[[check]]
name = "data"
urls = ["/a1", "/b1", "/a2", "/b2", "/a3", "/b3", "/a4"]
origins = ["https://app.example", "https://b.example"]
[[ignore]]
url = "{url}/b1"
reason = "known"
"""


@pytest.fixture
def policy(server: CountingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "corscheck.toml"
    file.write_text(POLICY.format(url=server.url))
    return file


def cut(path: Path, results: int) -> None:
    """As a killed run leaves a file: so many results, and a piece of the next."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: 1 + results]) + lines[1 + results][:50])


@pytest.mark.parametrize("shard", [(), ("--shard", "2/3")], ids=["whole", "shard"])
def test_run(shard: tuple[str, ...], policy: Path, server: CountingServer, command: Command) -> None:
    argv = ("run", "--reproducible", "--json", "r.json", "--jsonl", "r.jsonl", *shard)
    first = command(*argv)
    assert first.status == 1
    document, lines = Path("r.json").read_bytes(), Path("r.jsonl").read_bytes()
    total = lines.count(b"\n") - 2
    assert total == (5 if shard else 14)
    cut(Path("r.jsonl"), 4)
    server.asked.clear()
    again = command(*argv, "--resume")
    # The ignore is of use in what stands: it is not complained of.
    assert (again.status, again.stdout) == (1, first.stdout)
    assert again.stderr == "corscheck: --resume: 4 results of r.jsonl are kept; the rest is tested now\n" + first.stderr
    assert (Path("r.json").read_bytes(), Path("r.jsonl").read_bytes()) == (document, lines)
    assert sum(server.asked.values()) == total - 4
    if shard:
        assert "index" in command("run", "--reproducible", "--jsonl", "r.jsonl", "--resume", "--shard", "1/3").stderr


def test_run_with_a_baseline(policy: Path, server: CountingServer, command: Command) -> None:
    command("run", "--json", "before.json")
    argv = ("run", "--reproducible", "--jsonl", "r.jsonl")
    assert command(*argv, "--baseline", "before.json").status == 0
    lines = Path("r.jsonl").read_bytes()
    cut(Path("r.jsonl"), 9)
    assert command(*argv, "--baseline", "before.json", "--resume").status == 0
    assert Path("r.jsonl").read_bytes() == lines
    done = command(*argv, "--resume")
    assert done.status == 2
    assert "judged otherwise by now: policy, ignores or baseline changed" in done.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [('name = "data"', 'name = "data"\nmax-age = 9'), ("/b1", "/b9"), ('name = "data"', 'name = "other"')],
    ids=["expectation", "path", "name"],
)
def test_run_of_a_policy_that_was_changed(
    old: str, new: str, policy: Path, server: CountingServer, command: Command
) -> None:
    command("run", "--jsonl", "r.jsonl")
    policy.write_text(policy.read_text().replace(old, new))
    server.asked.clear()
    done = command("run", "--jsonl", "r.jsonl", "--resume")
    assert done.status == 2
    assert "is of another question" in done.stderr
    assert not server.asked


def test_run_that_had_failures_enough(policy: Path, server: CountingServer, command: Command) -> None:
    argv = ("run", "--jsonl", "r.jsonl", "--concurrency", "1", "--max-failures", "2")
    first = command(*argv)
    server.asked.clear()
    again = command(*argv, "--resume")
    assert (again.status, sum(server.asked.values())) == (1, 0)
    assert first.stderr in again.stderr
    assert "stopped after 2 failures" in first.stderr


# ---------------------------------------------------------------------- audit


def test_audit(server: CountingServer, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = ["/a1", "/reflect1", "/b1", "/reflect2", "/a2"]
    Path("targets").write_text("".join(f"{server.url}{path}\n" for path in paths))
    argv = (
        "audit",
        "--targets",
        "targets",
        "--reproducible",
        "--jsonl",
        "r.jsonl",
        "--json",
        "r.json",
        "--poc",
        "p.html",
    )
    first = command(*argv)
    assert first.status == 1
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    cut(tmp_path / "r.jsonl", 2)
    server.asked.clear()
    again = command(*argv, "--resume")
    assert (again.status, again.stdout) == (1, first.stdout)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == written
    asked = {key.partition("/")[2] for key in server.asked}
    assert asked & {"a1", "reflect1", "b1", "reflect2", "a2"} == {"b1", "reflect2", "a2"}

    server.asked.clear()
    assert command(*argv, "--resume").status == 1
    for change, says in (
        (("--fail-on", "high"), "fail-on medium, which is high now"),
        (("--depth", "full"), "depth normal, which is full now"),
        (("--allowed-origin", PAGE), f"allowed origins none, which is {PAGE} now"),
        (("--baseline", "base.json"), "would be judged otherwise by now: the baseline has changed"),
        ((f"{server.url}/first",), f"url {server.url}/a1, which is {server.url}/first now"),
    ):
        Path("base.json").write_bytes(written["r.json"])
        done = command(*argv, *change, "--resume")
        assert done.status == 2
        assert says in done.stderr
    assert (
        command("probe", server.url, "--origin", PAGE, "--reproducible", "--jsonl", "r.jsonl", "--resume").status == 2
    )
    assert not server.asked


def test_audit_with_a_baseline(
    server: CountingServer, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("targets").write_text("".join(f"{server.url}/reflect{n}\n" for n in range(3)))
    command("audit", "--targets", "targets", "--json", "base.json")
    argv = ("audit", "--targets", "targets", "--reproducible", "--baseline", "base.json", "--jsonl", "r.jsonl")
    assert command(*argv).status == 0
    lines = Path("r.jsonl").read_bytes()
    cut(tmp_path / "r.jsonl", 2)
    assert command(*argv, "--resume").status == 0
    assert Path("r.jsonl").read_bytes() == lines


def test_the_fakes_answer_is_what_the_file_holds(tmp_path: Path) -> None:
    """The tests above rest on it: a result read back is the result."""
    from corscheck.model.json import decode

    for probe in probes(1):
        assert decode(answer(probe).to_dict(), Result) == answer(probe)


def test_two_runs_begun_at_once(server: CountingServer, tmp_path: Path) -> None:
    """Twenty times: one of the two writes its whole report, the other says why it does not and exits with 2.

    The server answers only the first request of each until one of the two has ended, so that they overlap however
    slowly they start.
    """
    (tmp_path / "targets").write_text("".join(f"{server.url}/a{n}\n" for n in range(30)))
    argv = ("probe", "--targets", "targets", "--origin", PAGE, "-q", "--jsonl", "r.jsonl")
    for _ in range(20):
        server.held = {f"/a{n}" for n in range(1, 30)}
        running = [process(*argv, cwd=tmp_path) for _ in range(2)]
        deadline = time.monotonic() + 60
        while all(one.poll() is None for one in running) and time.monotonic() < deadline:
            time.sleep(0.005)
        server.held.clear()
        ended = [(one.communicate(timeout=60)[1].decode(), one.returncode) for one in running]
        assert sorted(status for _, status in ended) == [0, 2]
        assert "--jsonl r.jsonl: another run is writing it" in max(ended, key=lambda end: end[1])[0]
        lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_bytes().splitlines()]
        assert [line["index"] for line in lines[1:-1]] == list(range(30))
        assert lines[-1]["summary"]["total"] == 30


def test_two_runs_do_not_share_a_file(tmp_path: Path) -> None:
    """The second says so and leaves the file alone, whether it begins or resumes."""
    report = tmp_path / "r.jsonl"
    with RawServer([READ, HOLD]) as silent, RawServer([READ, OK] * 40) as server:
        targets = tmp_path / "targets"
        targets.write_text(f"{server.url('/1')}\n{silent.url('/2')}\n")
        command = [sys.executable, "-m", "corscheck", "probe", "--origin", "http://a.example", "--jsonl", str(report)]
        first = subprocess.Popen([*command, "--targets", str(targets), "--max-time", "20"], stdout=subprocess.DEVNULL)
        try:
            while not report.exists() or report.read_bytes().count(b"\n") < 2:
                assert first.poll() is None
                time.sleep(0.02)
            before = report.read_bytes()
            for more in ([], ["--resume"]):
                second = subprocess.run(
                    [*command, "--targets", str(targets), "--max-time", "1", *more], capture_output=True, text=True
                )
                assert second.returncode == 2
                assert f"--jsonl {report}: another run is writing it" in second.stderr
                assert report.read_bytes() == before
        finally:
            first.terminate()
            first.wait(10)
