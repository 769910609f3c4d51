"""How runs end: with readers that leave, exceptions in the middle, signals at any moment. Nothing known is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from corscheck.cli import run_loop
from corscheck.cli.show.sinks import DocumentSink
from corscheck.model.item import Item
from corscheck.model.values import HelperDied, Probe
from corscheck.report.formats.jsonl import JSONLines
from tests.cli.fakes import Command, Runner
from tests.cli.test_faults import environment, shell
from tests.servers.counting import CountingServer

PAGE = "http://localhost:3000"
COUNT = 3000


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """A directory with targets and a policy: port 9 is blocked before anything is sent, port 9 of nobody is asked."""
    (tmp_path / "targets").write_text("".join(f"http://127.0.0.1:9/{i}\n" for i in range(COUNT)))
    urls = ", ".join(f'"/{i}"' for i in range(400))
    (tmp_path / "corscheck.toml").write_text(
        f'base-url = "http://127.0.0.1:9"\n[defaults]\norigins = ["{PAGE}"]\n[[check]]\nname = "a"\nurls = [{urls}]\n'
    )
    return tmp_path


PROBES = f"corscheck probe --targets targets --origin {PAGE}"

READERS: dict[str, tuple[str, int]] = {
    "a view": (f"{PROBES} -q | head -1", 141),
    "a view of everything": (f"{PROBES} -v | head -1", 141),
    "a report on standard output": (f"{PROBES} --jsonl - | head -1", 141),
    "a document on standard output": (f"{PROBES} --json - | head -c 1", 141),
    "grep -q": ("corscheck run -v | grep -q FAIL", 141),
    "run": ("corscheck run | head -1", 141),
    "run --exit-zero": ("corscheck run --exit-zero | head -1", 141),
    "explain --probe": ("corscheck explain --list | head -1", 0),
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_that_leaves(name: str, where: Path) -> None:
    line, status = READERS[name]
    done = shell(line, where)
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.parametrize("reader", ["head -1", "true", "grep -q BLOCKED"])
def test_reports_are_written_all_the_same(reader: str, where: Path) -> None:
    """The run goes on without printing, and its status is the verdict."""
    done = shell(f"{PROBES} -q --jsonl r.jsonl --json r.json --report html:r.html | {reader}", where)
    assert (done.returncode, done.stderr) == (1, "")
    lines = (where / "r.jsonl").read_bytes().splitlines()
    assert len(lines) == COUNT + 2
    document = json.loads((where / "r.json").read_bytes())
    assert len(document["probes"]) == COUNT
    for summary in (json.loads(lines[-1])["summary"], document["summary"]):
        assert (summary["total"], summary["interrupted"], summary["exit_status"]) == (COUNT, False, 1)
    assert (where / "r.html").stat().st_size > 1000


def test_run_with_a_report(where: Path) -> None:
    done = shell("corscheck run --report junit:r.xml | true", where)
    assert (done.returncode, done.stderr) == (1, "")
    assert (where / "r.xml").read_text().count("<failure") == 400


def test_diff_says_the_same_with_and_without_a_reader(where: Path) -> None:
    shell("corscheck run -q --json new.json", where)
    old = json.loads((where / "new.json").read_bytes())
    for probe in old["probes"]:
        probe.update(verdict="allowed", passed=True, reason=None)
    (where / "old.json").write_text(json.dumps(old))
    assert shell("corscheck report diff old.json new.json", where).returncode == 1
    assert shell("corscheck report diff old.json new.json | true", where).returncode == 1


# ---------------------------------------------------------------------- exceptions


class BugError(Exception):
    """Something that nobody expected."""


@pytest.mark.parametrize(("error", "status"), [(BugError("x"), 4), (MemoryError(), 4), (HelperDied("helper died"), 3)])
def test_an_exception_in_the_middle(
    error: Exception, status: int, tmp_path: Path, command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every report has the results before it, and says that the run did not come to its end."""
    monkeypatch.chdir(tmp_path)

    def before(probe: Probe) -> None:
        if probe.index == 3:
            raise error

    fake.before = before
    Path("targets").write_text("".join(f"http://a.example/{i}\n" for i in range(9)))
    done = command(
        "probe", "--targets", "targets", "--origin", PAGE, "--json", "r.json", "--jsonl", "r.jsonl",
        "--report", "html:r.html",
    )  # fmt: skip
    assert done.status == status
    assert ("Please report it" in done.stderr) is (status == 4)
    assert str(error) in done.stderr
    assert "INTERRUPTED" in done.stdout
    document = json.loads(Path("r.json").read_bytes())
    assert len(document["probes"]) == 3
    assert (document["summary"]["interrupted"], document["summary"]["exit_status"]) == (True, status)
    assert len(Path("r.jsonl").read_bytes().splitlines()) == 5
    assert Path("r.html").exists()


def test_an_exception_in_a_writer(
    tmp_path: Path, command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other reports are written before it is reported."""
    monkeypatch.chdir(tmp_path)
    finish = DocumentSink.finish

    def broken(self: DocumentSink, summary: object) -> None:
        if self.path == "r.html":
            raise BugError("in a writer")
        finish(self, summary)  # type: ignore[arg-type]

    monkeypatch.setattr(DocumentSink, "finish", broken)
    done = command.probe("--report", "html:r.html", "--json", "r.json", "--report", "junit:r.xml")
    assert done.status == 4
    assert "in a writer" in done.stderr
    assert Path("r.json").exists()
    assert Path("r.xml").exists()


# ---------------------------------------------------------------------- Ctrl-C


class Interrupting:
    """A sink that is interrupted while it takes an item, so often."""

    name = path = "none"

    def __init__(self, times: int) -> None:
        self.times = times
        self.taken: list[str] = []

    def add(self, item: Item) -> None:
        for _ in range(self.times):
            signal.raise_signal(signal.SIGINT)
        self.taken.append("item")

    def finish(self, summary: object) -> None:
        self.taken.append("end")


def samples(count: int) -> Callable[[Callable[[Item], None]], None]:
    from tests.report.samples import ALLOWED

    def ask(take: Callable[[Item], None]) -> None:
        for _ in range(count):
            take(ALLOWED)

    return ask


def test_ctrl_c_never_falls_between_two_sinks() -> None:
    first, last = Interrupting(1), Interrupting(0)
    session = run_loop.Session([first, last])
    assert session.run(samples(3)) == 130
    assert first.taken == last.taken == ["item", "end"]
    assert session.summary.total == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait() -> None:
    """Two in the same item, such as one that waits for a slow disk: the session drops that sink."""
    stuck = Interrupting(2)
    assert run_loop.Session([stuck]).run(samples(3)) == 130
    assert stuck.taken == []


def test_ctrl_c_while_the_reports_are_written() -> None:
    """The run is over and its status known: the reports are finished."""

    class Late(Interrupting):
        def finish(self, summary: object) -> None:
            signal.raise_signal(signal.SIGINT)
            super().finish(summary)

    late, last = Late(0), Interrupting(0)
    assert run_loop.Session([late, last]).run(samples(2)) == 0
    assert late.taken == last.taken == ["item", "item", "end"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    "argv", [("probe", "--targets", "targets", "--origin", PAGE), ("run",), ("audit", "--targets", "targets")]
)
def test_a_signal_at_any_moment_of_the_first_second(
    argv: tuple[str, ...], number: signal.Signals, tmp_path: Path
) -> None:
    """Status 130, no traceback, and a report that is whole, from the first imports to the last request."""
    with CountingServer(pause=0.3) as server:
        (tmp_path / "targets").write_text("".join(f"http://127.0.0.1:{server.port}/{i}\n" for i in range(20)))
        (tmp_path / "corscheck.toml").write_text(
            f'base-url = "http://127.0.0.1:{server.port}"\n[defaults]\norigins = ["{PAGE}"]\n'
            '[[check]]\nname = "a"\nurls = ["/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9"]\n'
        )
        for delay in (0, 0.003, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.4, 0.7):
            report = tmp_path / f"{delay}.jsonl"
            running = subprocess.Popen(
                [sys.executable, "-m", "corscheck", *argv, "-q", "--concurrency", "1", "--jsonl", str(report)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=environment(),
            )  # fmt: skip
            wait_for_handlers(running)
            time.sleep(delay)
            running.send_signal(number)
            _, err = running.communicate(timeout=30)
            assert running.returncode == 130, (delay, err)
            assert err == b"" or err.startswith(b"corscheck: INTERRUPTED after "), err
            if report.exists() and (text := report.read_bytes()):
                assert text.endswith(b"\n")
                last = json.loads(text.splitlines()[-1])
                assert last["summary"]["total"] + last["summary"]["audits"] == len(text.splitlines()) - 2


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_a_finalizer_is_not_lost(number: signal.Signals, *, ignored: bool) -> None:
    """Python drops what is raised there. Every import has such a moment, when the lock of its module is dropped."""
    code = (
        "import signal, time\n"
        f"signal.signal(signal.SIGINT, signal.{'SIG_IGN' if ignored else 'default_int_handler'})\n"
        "from corscheck.cli import signals\n"
        "signals.leave_at_once(); signals.raise_from_now_on()\n"
        "class Finalized:\n"
        "    def __del__(self):\n"
        f"        signal.raise_signal({int(number)})\n"
        "try:\n"
        "    Finalized()\n"
        "    print('dropped')\n"
        "    time.sleep(10)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, env=environment())
    assert (done.returncode, done.stdout, done.stderr) == (0, "dropped\ninterrupted\n", "")


def wait_for_handlers(running: subprocess.Popen[bytes]) -> None:
    """Wait until the process catches SIGTERM, the first thing that ``__main__`` does. Before that it is Python's own start."""
    for _ in range(5000):
        status = Path(f"/proc/{running.pid}/status").read_text()
        caught = next((line for line in status.splitlines() if line.startswith("SigCgt")), "SigCgt: 0")
        if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)
    raise AssertionError("it never began")


# ---------------------------------------------------------------------- disks


def test_a_disk_that_takes_a_part_of_a_line() -> None:
    """An unbuffered file may write less than it is given, without an error: the rest is written next."""

    class Narrow:
        def __init__(self) -> None:
            self.content = b""

        def write(self, data: bytes) -> int:
            self.content += data[:7]
            return len(data[:7])

        def flush(self) -> None:
            pass

    narrow = Narrow()
    JSONLines(narrow, None)  # type: ignore[arg-type]
    assert json.loads(narrow.content)["schema_version"]
    assert narrow.content.endswith(b"\n")


def test_a_full_disk_and_resume(where: Path) -> None:
    """What was written before the disk was full is kept, and ``--resume`` adds the rest."""
    plain = shell(f"{PROBES} -q --reproducible --jsonl plain.jsonl", where)
    full = shell(f"(ulimit -f 200; {PROBES} -q --reproducible --jsonl r.jsonl)", where)
    assert (plain.returncode, full.returncode) == (1, 2)
    assert "--jsonl: cannot write r.jsonl: file too large" in full.stderr
    assert 0 < (where / "r.jsonl").stat().st_size <= 200 * 1024
    assert shell(f"{PROBES} -q --reproducible --jsonl r.jsonl --resume", where).returncode == 1
    assert (where / "r.jsonl").read_bytes() == (where / "plain.jsonl").read_bytes()


# ---------------------------------------------------------------------- pipes as files


def test_reports_from_pipes(where: Path) -> None:
    shell("corscheck run -q --json r.json --jsonl r.jsonl", where)
    for name in ("r.json", "r.jsonl"):
        shown = shell(f"corscheck report show <(cat {name})", where)
        assert (shown.returncode, shown.stdout) == (0, shell(f"corscheck report show {name}", where).stdout)
        assert shell(f"corscheck report diff <(cat {name}) <(cat r.json)", where).returncode == 0
        assert shell(f"corscheck run -q --baseline <(cat {name})", where).returncode == 0


@pytest.mark.parametrize("option", ["--json ", "--jsonl ", "--report html:"])
def test_reports_into_pipes(option: str, where: Path) -> None:
    """``/dev/stdout`` is ``-``; a pipe, such as bash makes of ``>(...)``, is written to."""
    taken = shell(f"corscheck run --reproducible {option}-", where)
    assert shell(f"corscheck run --reproducible {option}/dev/stdout", where).stdout == taken.stdout
    assert shell(f"corscheck run --reproducible {option}/dev/stdout > out; cat out", where).stdout == taken.stdout
    piped = shell(f"mkfifo pipe; cat pipe > copy & corscheck run -q --reproducible {option}pipe; wait", where)
    assert piped.stderr == ""
    assert (where / "copy").read_text() == taken.stdout
    line = "corscheck run -q --reproducible --json >(cat > copy; touch done); until [ -e done ]; do sleep 0.01; done"
    substituted = shell(line, where)
    assert substituted.stderr == ""
    assert json.loads((where / "copy").read_bytes())["summary"]["total"] == 400


# ---------------------------------------------------------------------- readers that never read


@pytest.mark.parametrize("option", ["--json pipe", "--jsonl pipe"])
def test_a_pipe_without_a_reader(option: str, where: Path) -> None:
    """One signal ends the wait, within a few seconds."""
    os.mkfifo(where / "pipe")
    running = subprocess.Popen(
        [sys.executable, "-m", "corscheck", "run", "-q", *option.split()],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=where, env=environment(),
    )  # fmt: skip
    time.sleep(2)
    assert running.poll() is None
    running.terminate()
    _, said = running.communicate(timeout=15)
    assert running.returncode == 130
    # A report at the end is the only thing that waits: then the run itself was not interrupted.
    assert said == b"" or said.startswith(b"corscheck: INTERRUPTED after "), said


def test_a_reader_that_does_not_read(where: Path) -> None:
    """Standard output is a pipe that is full: one signal ends the run, and the report in a file is whole."""
    read, write = os.pipe()
    running = subprocess.Popen(
        [sys.executable, "-m", "corscheck", "probe", "--targets", "targets", "--origin", PAGE, "--jsonl", "r.jsonl"],
        stdout=write, stderr=subprocess.PIPE, cwd=where, env=environment(),
    )  # fmt: skip
    os.close(write)
    time.sleep(3)
    assert running.poll() is None
    running.terminate()
    _, said = running.communicate(timeout=15)
    os.close(read)
    assert running.returncode == 130
    assert said.startswith(b"corscheck: INTERRUPTED after "), said
    lines = (where / "r.jsonl").read_bytes().splitlines()
    assert json.loads(lines[-1])["summary"]["interrupted"] is True


def test_a_report_to_a_closed_standard_output(where: Path) -> None:
    for option in ("--json -", "--jsonl -", "--report html:-"):
        done = shell(f"corscheck run {option} >&-", where)
        assert (done.returncode, "it is closed" in done.stderr) == (2, True), done.stderr


def test_an_application_that_ends_the_process(tmp_path: Path) -> None:
    (tmp_path / "ending.py").write_text(
        "import os\nasync def app(scope, receive, send):\n    if scope['type'] == 'http': os._exit(0)\n"
    )
    done = shell(f"corscheck probe --app ending:app /a /b --origin {PAGE} -q --json r.json", tmp_path)
    assert done.returncode != 0
    assert len(json.loads((tmp_path / "r.json").read_bytes())["probes"]) == 2


@pytest.mark.parametrize("url", ["http://h:99999", "", "http://[::1", "http://a b/", "http://%/", "http://1.2.3.4.5/"])
def test_init_of_an_invalid_url(url: str, tmp_path: Path) -> None:
    done = shell(f"corscheck init '{url}' --origin {PAGE} -o -", tmp_path)
    assert done.returncode == 2
    assert "Invalid URL" in done.stderr
