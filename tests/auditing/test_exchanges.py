"""``corscheck audit -v`` shows and keeps every exchange: held against what the server itself received."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.auditing.test_command import steps
from tests.cli.fakes import Command
from tests.servers.raw import RawServer


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


def lines(raw: bytes) -> tuple[str, str]:
    """The request line and the origin of a request, as the server read them."""
    head = raw.decode("latin-1")
    origin = re.search(r"\r\nOrigin: ([^\r]*)", head)
    return head.partition("\r\n")[0], origin[1] if origin is not None else ""


def test_every_request_is_shown_and_kept(command: Command, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    with RawServer(steps(lambda _: True)) as server:
        done = command("audit", server.url("/me"), "-b", "sid=secret-of-mine", "-v", "--json", str(report))
        received = [lines(raw) for raw in server.requests]
    shown = [line.removeprefix("> ") for line in done.stdout.splitlines() if re.match(r"> [A-Z]+ /", line)]
    assert shown == [line for line, _ in received]
    (audit,) = json.loads(report.read_text())["audits"]
    assert len(audit["exchanges"]) == audit["requests"] == len(received)
    sent = [dict(exchange["request"]["headers"]).get("Origin", "") for exchange in audit["exchanges"]]
    assert sent == [origin for _, origin in received]
    assert "secret-of-mine" not in done.stdout + report.read_text()
    assert done.stdout.count("< HTTP/1.1 200 OK") == len(received)


def test_without_v_an_audit_keeps_its_evidence_only(command: Command, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    with RawServer(steps(lambda _: True)) as server:
        done = command("audit", server.url("/me"), "--json", str(report))
    (audit,) = json.loads(report.read_text())["audits"]
    assert audit["exchanges"] == []
    assert "< HTTP/1.1 200 OK" not in done.stdout


def test_a_reproducible_report_has_no_times(command: Command, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    with RawServer(steps(lambda _: False)) as server:
        command("audit", server.url("/me"), "-v", "--reproducible", "--json", str(report))
    (audit,) = json.loads(report.read_text())["audits"]
    assert audit["exchanges"]
    assert not any("elapsed_ms" in exchange for exchange in audit["exchanges"])


def test_the_html_report_has_them_too(command: Command, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    with RawServer(steps(lambda _: False)) as server:
        command("audit", server.url("/me"), "-v", "--report", f"html:{page}")
        count = len(server.requests)
    assert f"{count} exchanges</summary>" in page.read_text("utf-8")
