"""Nothing is left running, and nothing left behind, however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corscheck.browsers import BrowserSession, BrowserUnavailable, observe
from corscheck.model.values import Probe
from corscheck.transports.base import NetworkOptions
from tests.browsers.conftest import installed, processes_in
from tests.browsers.target import HANG, OPEN, Reply

pytestmark = pytest.mark.browser

SCRIPT = """
import asyncio, sys
from corscheck.model.values import Probe
from corscheck.browsers import BrowserSession
from corscheck.transports.base import NetworkOptions

async def main():
    probe = Probe(sys.argv[2], "http://app.example")
    async with BrowserSession([probe], sys.argv[1], NetworkOptions(timeout=60)) as session:
        print(session.process.group, flush=True)
        await session.ask(probe)

asyncio.run(main())
"""


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_browser_that_dies_in_mid_run(browser, target):
    hang = Probe(target.url("http", target.on("/dies", ANY=HANG)), "http://app.example")
    fine = Probe(target.url("http", target.on("/fine", ANY=Reply(200, OPEN))), "http://app.example")

    async def scene():
        async with BrowserSession([hang, fine], browser, NetworkOptions(timeout=30)) as session:
            before = await session.ask(fine)
            asking = asyncio.create_task(session.ask(hang))
            while not target.rows("/dies"):
                await asyncio.sleep(0.01)
            os.killpg(session.process.group, signal.SIGKILL)
            async with asyncio.timeout(5):
                return before, await asking, await session.ask(fine), session.process

    before, during, after, process = asyncio.run(scene())
    target.log.clear()
    assert before.verdict == "allowed"
    for observation in (during, after):
        assert observation.verdict == "inconclusive"
        assert "died in mid-run (status -9)" in observation.error
    assert processes_in(process.group) == []


@pytest.mark.parametrize("name", ["chromium", "webkit"])
def test_nothing_is_left_after_an_exception(name, target, tmp_path, monkeypatch):
    browser = installed(name)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fine = Probe(target.url("http", target.on("/fine", ANY=Reply(200, OPEN))), "http://app.example")
    groups = []

    async def scene():
        async with BrowserSession([fine], browser, NetworkOptions(timeout=5)) as session:
            groups.append(session.process.group)
            assert processes_in(session.process.group)
            assert list(tmp_path.iterdir())
            await session.ask(fine)
            raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(scene())
    # What ends on its own may take a moment.
    assert until(lambda: [processes_in(group, tmp_path) for group in groups] == [[]])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["chromium", "webkit"])
def test_nothing_is_left_when_we_are_ended(name, target, tmp_path, number):
    check_ended(installed(name), target, tmp_path, number)


def test_nothing_is_left_when_we_are_killed(browser, target, tmp_path):
    check_ended(browser, target, tmp_path, signal.SIGKILL)


def check_ended(browser, target, tmp_path, number):
    url = target.url("http", target.on(f"/ended/{browser}/{number.name}", ANY=HANG))
    root = str(Path(__file__).parents[2])
    argv = [sys.executable, "-c", SCRIPT, browser, url]
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": root}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True) as process:
        try:
            group = int(process.stdout.readline())
            assert until(lambda: target.rows(f"/ended/{browser}/{number.name}"), 20)
            assert processes_in(group)
            process.send_signal(number)
            process.wait(10)
        finally:
            process.kill()
    assert until(lambda: not processes_in(group, tmp_path))
    assert until(lambda: not list(tmp_path.glob("corscheck-*")))


def test_program_that_is_no_browser(browser, tmp_path, monkeypatch):
    fake = tmp_path / "fake"
    fake.write_text("#!/bin/sh\necho cannot open display >&2\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv(f"CORSCHECK_{browser.upper()}", str(fake))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(BrowserUnavailable, match=r"ended at once \(status 3\). It said: cannot open display"):
        observe([Probe("http://127.0.0.1:9/", "http://app.example")], browser, NetworkOptions())
    assert list(tmp_path.iterdir()) == [fake]
