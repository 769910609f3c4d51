"""The reports on disk: shape, reproducibility, whole files."""

from __future__ import annotations

import io
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from corscheck._version import __version__
from corscheck.model.result import Result
from corscheck.report.formats import json as json_report
from corscheck.report.formats.jsonl import JSONLines
from corscheck.report.saved.document import Run
from corscheck.report.saved.files import write_whole
from corscheck.report.saved.store import Store
from corscheck.report.saved.summary import Summary
from tests.report import samples

RUN = Run(("corscheck", "probe", "x"), started=1_700_000_000.25)
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def counted(*results: object) -> Summary:
    summary = Summary()
    for result in results:
        summary.add(result)  # type: ignore[arg-type]
    summary.exit_status = 1
    return summary


def document(results: tuple[Result, ...], run: Run | None) -> str:
    """The JSON document as a run writes it at its end."""
    store = Store(run)
    for result in results:
        store.add(result)
    return "".join(json_report.render(store.saved(counted(*results))))


def test_the_document() -> None:
    results = (samples.ALLOWED, samples.HEADER_REFUSED)
    report = json.loads(document(results, RUN))
    assert list(report) == ["schema_version", "tool", "run", "summary", "probes", "audits"]
    assert report["schema_version"] == "1.0"
    assert report["tool"] == {"name": "corscheck", "version": __version__}
    assert report["run"]["argv"] == ["corscheck", "probe", "x"]
    assert report["run"]["started"] == "2023-11-14T22:13:20.250Z"
    assert re.fullmatch(TIME, report["run"]["finished"])
    assert report["run"]["elapsed_ms"] > 0
    assert report["summary"] == {
        "total": 2,
        "allowed": 1,
        "allowed_preflight_only": 0,
        "allowed_with_error": 0,
        "blocked": 1,
        "invalid": 0,
        "inconclusive": 0,
        "passed": 1,
        "failed": 1,
        "excused": 0,
        "undecided": 0,
        "differing": 0,
        "unobserved": 0,
        "audits": 0,
        "vulnerable": 0,
        "unstable": 0,
        "unaudited": 0,
        "findings_high": 0,
        "findings_medium": 0,
        "findings_low": 0,
        "findings_info": 0,
        "audit_requests": 0,
        "interrupted": False,
        "exit_status": 1,
    }
    assert report["audits"] == []
    assert report["probes"] == json.loads(json.dumps([r.to_dict() for r in results]))


def test_a_reproducible_document_holds_nothing_volatile() -> None:
    results = (samples.ALLOWED, samples.HEADER_REFUSED)
    text = document(results, None)
    report = json.loads(text)
    assert "run" not in report
    assert "elapsed_ms" not in text
    assert text == document(results, None)


def test_lines() -> None:
    out = io.BytesIO()
    lines = JSONLines(out, RUN)
    header = json.loads(out.getvalue())
    assert header["schema_version"] == "1.0"
    assert header["run"]["argv"] == ["corscheck", "probe", "x"]
    lines.add(samples.ALLOWED)
    assert out.getvalue().count(b"\n") == 2, "a line is there as soon as its probe has come"
    lines.add(samples.HEADER_REFUSED)
    lines.finish(counted(samples.ALLOWED, samples.HEADER_REFUSED))
    _, first, second, last = map(json.loads, out.getvalue().splitlines())
    assert first == json.loads(json.dumps(samples.ALLOWED.to_dict()))
    assert second["verdict"] == "blocked"
    assert last["summary"]["total"] == 2
    assert set(last["run"]) == {"finished", "elapsed_ms"}


def test_reproducible_lines() -> None:
    out = io.BytesIO()
    lines = JSONLines(out, None)
    lines.add(samples.ALLOWED)
    lines.finish(counted(samples.ALLOWED))
    assert b"elapsed_ms" not in out.getvalue()
    assert b'"run"' not in out.getvalue()


def test_a_line_is_one_write() -> None:
    """A killed run leaves complete lines and at most one truncated line."""

    class Counting(io.BytesIO):
        writes: list[bytes]

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.writes = [*getattr(self, "writes", []), bytes(data)]
            return super().write(data)

    out = Counting()
    lines = JSONLines(out, RUN)
    lines.add(samples.ALLOWED)
    lines.finish(counted(samples.ALLOWED))
    assert len(out.writes) == 3
    assert all(w.endswith(b"\n") and w.count(b"\n") == 1 for w in out.writes)


@pytest.mark.parametrize("payload", ["\x1b[2J", "\u202e", "\ud800", "\u2028", "\x9b"])
def test_reports_are_ascii(payload: str) -> None:
    from msgspec.structs import replace

    result = replace(samples.ALLOWED, url=samples.URL + payload)
    text = document((result,), None)
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["probes"][0]["url"] == samples.URL + payload


def test_write_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_whole(str(path), "one")
    write_whole(str(path), "two")
    assert path.read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_write_whole_keeps_the_old_file_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def full(self: Path, target: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(str(path), "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_write_whole_follows_links_and_writes_to_devices(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    link = tmp_path / "link.json"
    link.symlink_to(real)
    write_whole(str(link), "x")
    assert link.is_symlink()
    assert real.read_text() == "x"
    write_whole("/dev/null", "x")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_write_whole_keeps_the_mode(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    path.chmod(mode)
    write_whole(str(path), "new")
    write_whole(str(path), "new", private=True)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text() == "new"


def test_write_whole_of_a_new_file(tmp_path: Path) -> None:
    """Others may read it as the umask says; not what may hold secrets, not even while it is written."""
    modes: list[int] = []

    def text() -> Iterator[str]:
        modes.extend(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir())
        yield "text"

    before = os.umask(0o022)
    try:
        write_whole(str(tmp_path / "public"), "text")
        assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o644
        (tmp_path / "public").unlink()
        write_whole(str(tmp_path / "private"), text(), private=True)
        assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
        write_whole(str(tmp_path / "private"), text())
    finally:
        os.umask(before)
    assert modes == [0o600] * 3


def test_write_whole_opens_no_link_of_others(tmp_path: Path) -> None:
    """A temporary name that can be guessed could be somebody's link to a file of ours."""
    names: set[str] = set()

    def text() -> Iterator[str]:
        names.update(path.name for path in tmp_path.iterdir())
        yield "text"

    for _ in range(2):
        write_whole(str(tmp_path / "report"), text())
    assert len(names - {"report"}) == 2
    victim = tmp_path / "victim"
    victim.write_text("old")
    for number in range(2**8):
        (tmp_path / f".report.{number:016x}.tmp").symlink_to(victim)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "urandom", lambda count: bytes(count))
        with pytest.raises(FileExistsError):
            write_whole(str(tmp_path / "report"), "new")
    assert victim.read_text() == "old"
    assert (tmp_path / f".report.{0:016x}.tmp").is_symlink()


def test_write_whole_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_whole(str(tmp_path / "no" / "report.json"), "x")
