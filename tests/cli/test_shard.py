"""``--shard`` for targets: every probe and every audit is in one shard, and the shards merge into the whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.fakes import Command, Runner
from tests.servers.counting import CountingServer

MATRIX = ("--origin", "https://app.example", "--origin", "https://b.example", "-X", "GET", "-X", "PUT")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("targets").write_text("".join(f"http://h{n}.example/{n}\n" for n in range(5)))


@pytest.mark.parametrize("of", [1, 2, 3, 7, 20])
def test_shards_of_probes_are_the_whole(of: int, command: Command, fake: Runner) -> None:
    argv = ("probe", "--targets", "targets", *MATRIX, "--reproducible")
    whole = command(*argv, "--jsonl", "whole.jsonl")
    assert (whole.status, len(fake.probes)) == (0, 20)
    fake.probes.clear()
    for number in range(1, of + 1):
        assert command(*argv, "--shard", f"{number}/{of}", "--jsonl", f"{number}.jsonl").status == 0
    assert sorted(probe.index for probe in fake.probes) == list(range(20))
    shards = [f"{number}.jsonl" for number in range(1, of + 1)]
    assert command("report", "merge", *shards, "-o", "merged.jsonl").status == 0
    assert Path("merged.jsonl").read_bytes() == Path("whole.jsonl").read_bytes()


def test_a_shard_is_resumed(command: Command, fake: Runner) -> None:
    argv = ("probe", "--targets", "targets", *MATRIX, "--reproducible", "--shard", "2/3", "--jsonl", "r.jsonl")
    command(*argv)
    assert [probe.index for probe in fake.probes] == [1, 4, 7, 10, 13, 16, 19]
    whole = Path("r.jsonl").read_bytes()
    Path("r.jsonl").write_bytes(b"".join(whole.splitlines(keepends=True)[:4]))
    fake.probes.clear()
    assert command(*argv, "--resume").status == 0
    assert [probe.index for probe in fake.probes] == [10, 13, 16, 19]
    assert Path("r.jsonl").read_bytes() == whole
    other = command(*argv, "--resume", "--shard", "3/3")
    assert (other.status, "it has index 1, which is 2 now" in other.stderr) == (2, True)


def test_shards_of_audits_are_the_whole(command: Command) -> None:
    with CountingServer() as server:
        Path("targets").write_text("".join(f"{server.url}/{path}\n" for path in ("a", "reflect", "b")))
        argv = ("audit", "--targets", "targets", "--reproducible", "-q")
        command(*argv, "--jsonl", "whole.jsonl")
        for number in (1, 2):
            command(*argv, "--shard", f"{number}/2", "--jsonl", f"{number}.jsonl")
    assert command("report", "merge", "1.jsonl", "2.jsonl", "-o", "merged.jsonl").status == 0
    assert Path("merged.jsonl").read_bytes() == Path("whole.jsonl").read_bytes()


def test_an_empty_shard(command: Command, fake: Runner) -> None:
    done = command.probe("--shard", "2/2")
    assert (done.status, fake.probes) == (2, [])
    assert done.stderr == "corscheck: --shard 2/2: this shard is empty, because there are fewer targets than shards\n"
    assert command.probe("--shard", "3/2").stderr == (
        "corscheck: --shard '3/2' is not a shard: write 2/5 for the second of five\n"
    )


def test_an_application_as_a_whole(command: Command) -> None:
    done = command("probe", "--app", "main:app", "--shard", "1/2")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == "corscheck: --shard needs a URL: without one, --app is tested as a whole\n"
