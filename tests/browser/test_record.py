"""The recorder reproduces the stored records, and the comparison of two recordings finds what differs and nothing else."""

from __future__ import annotations

import json
import os
import random
import socket
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from corscheck.browsers import BrowserUnavailable
from tests import corpus
from tests.browser import changes, records
from tests.browser.record import DRIVERS, mark_flaky, record
from tests.browser.server import PortsUnavailableError, RecordingServer

BROWSERS = list(DRIVERS)


@cache
def stored(browser: str) -> dict[str, records.Record]:
    return {i: r for name in corpus.CASE_FILES for i, r in corpus.stored(records.records_of(name, browser)).items()}


def features(case: dict[str, Any]) -> set[object]:
    """What a recording of this case exercises."""
    truth = [stored(browser)[case["id"]] for browser in BROWSERS]
    found: set[object] = {case["page"]["kind"], (case["group"], *(record["outcome"] for record in truth))}
    found |= {
        (case["page"]["kind"], name)
        for record in truth
        for request in record["requests"]
        for name, _ in request["headers"]
        if name in ("authorization", "cookie")
    }
    for step in corpus.requests(case):
        found |= {
            (step["credentials"], case["target"]["scheme"]),
            step.get("mode"),
            step.get("cache"),
            str(step.get("xhr")),
        }
    for hop in case["server"].get("hops", [case["server"]]):
        found |= {key for reply in hop.values() for key in reply}
    return found.union(case, case["server"], *truth)


def sample() -> dict[str, dict[str, Any]]:
    """Cases in random order, without those that add no feature."""
    cases = corpus.rows("cases")
    chosen: dict[str, dict[str, Any]] = {}
    covered: set[object] = set()
    for case_id in random.Random(20261126).sample(list(cases), len(cases)):
        if not features(cases[case_id]) <= covered:
            chosen[case_id] = cases[case_id]
            covered |= features(cases[case_id])
    return chosen


@pytest.mark.browser
@pytest.mark.parametrize("browser", BROWSERS)
def test_a_sample_is_recorded_as_it_is_stored(browser: str) -> None:
    cases = sample()
    assert {case["group"] for case in cases.values()} == {case["group"] for case in corpus.rows("cases").values()}
    try:
        recorded = record(browser, cases)
    except (BrowserUnavailable, PortsUnavailableError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    assert recorded.keys() == cases.keys()
    assert changes.compare(stored(browser), recorded) == []


@pytest.mark.parametrize("browser", BROWSERS)
def test_every_case_is_recorded_with_the_version_of_the_last_recording(browser: str) -> None:
    recorded = json.loads((corpus.DATA / "recorded.json").read_text("utf-8"))[browser]
    assert stored(browser).keys() == corpus.rows("cases").keys()
    assert {r["version"] for r in stored(browser).values()} == {recorded["version"]}
    assert "missing" not in {r["outcome"] for r in stored(browser).values()}


def test_ports_in_use_or_forbidden_are_explained() -> None:
    with socket.socket() as taken:
        with suppress(PermissionError):
            taken.bind(("127.91.17.3", 80))
            taken.listen()
        with pytest.raises(PortsUnavailableError, match=r"^Cannot listen on 127\.91\.17\.3:80: .*CAP_NET_BIND_SERVICE"):
            RecordingServer({}, "127.91.17.3")


@pytest.mark.parametrize(
    ("program", "said"), [("false", "ended at once"), ("not-installed", "not a program that can be run")]
)
def test_a_browser_that_does_not_start_leaves_nothing(
    program: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("CORSCHECK_CHROMIUM", program)
    # No ports are needed for this.
    monkeypatch.setattr("tests.browser.server._PORTS", {})
    with pytest.raises(BrowserUnavailable, match=said):
        record("chromium", {})
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------- changes

OLD = {"id": "acao-0008", "version": "1", "outcome": "blocked", "console": "No header"}


def test_a_new_version_alone_is_no_change() -> None:
    assert list(records.changes(OLD, {**OLD, "version": "2"})) == []


def test_fields_that_differ_appear_or_disappear_are_changes() -> None:
    new = {"id": "acao-0008", "version": "2", "outcome": "allowed", "status": 200}
    assert list(records.changes(OLD, new)) == [
        ("outcome", "blocked", "allowed"),
        ("console", "No header", None),
        ("status", None, 200),
    ]


def test_a_field_that_differs_between_two_runs_is_flaky_and_not_compared() -> None:
    first = {"acao-0008": {**OLD, "console": "one"}}
    mark_flaky(first, {"acao-0008": {**OLD, "console": "two"}})
    assert first["acao-0008"]["flaky"] == ["console"]
    assert list(records.changes(OLD, first["acao-0008"])) == []
    assert list(records.changes(first["acao-0008"], {**OLD, "outcome": "allowed"})) == [
        ("outcome", "blocked", "allowed")
    ]


def run_changes(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["changes", *arguments])
    with pytest.raises(SystemExit) as ended:
        changes.main()
    return ended.value.code


def test_the_command_lists_changes_and_says_so_by_its_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case_id, old = next(iter(corpus.stored("firefox").items()))
    against = ("--browser", "firefox", "--against", str(corpus.DATA), "--new", str(tmp_path))
    records.write(tmp_path, "firefox", {case_id: {**old, "version": "999"}})
    assert run_changes(monkeypatch, *against) == 0
    assert capsys.readouterr().out == "no changes\n"
    records.write(tmp_path, "firefox", {case_id: {**old, "outcome": "other"}})
    assert run_changes(monkeypatch, *against) == 1
    assert capsys.readouterr().out == f'firefox {case_id} outcome\n  - "{old["outcome"]}"\n  + "other"\n'


def test_a_partial_recording_replaces_its_records_only(tmp_path: Path) -> None:
    truth = stored("webkit")
    records.write(tmp_path, "webkit", truth)
    written = (tmp_path / "recorded.json").read_text()
    records.write(tmp_path, "webkit", {"corp-0001": {**truth["corp-0001"], "outcome": "other", "version": "999"}})
    assert records.read(tmp_path, "webkit") == corpus.stored("webkit")
    more = records.read(tmp_path, "more-webkit")
    assert list(more) == list(corpus.stored("more-webkit"))
    assert {i for i in more if more[i] != truth[i]} == {"corp-0001"}
    assert (tmp_path / "recorded.json").read_text() == written
