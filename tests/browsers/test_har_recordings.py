"""One page, recorded by a proxy while a real browser runs it: no verdict on the recording may differ from what it saw."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from corscheck.browsers.compare import engine_of
from tests.browser.chromium import Chromium
from tests.browser.record import DRIVERS
from tests.browsers.har import Recorder
from tests.browsers.har_cases import CASES, UNTOLD, UNTOLD_BY_CHROMIUM, UNTOLD_BY_WEBKIT, UNTOLD_PREFLIGHT, Case
from tests.browsers.har_proxy import RecordingProxy

if TYPE_CHECKING:
    from corscheck.browsers.channel import Message
    from tests.browser.driver import Driver

pytestmark = pytest.mark.browser

VERDICTS = {"allowed": "read", "blocked": "blocked"}
TOLD = {one.name for one in CASES if one.sees in VERDICTS.values() and one.host != "page"}
"""The cases that have a verdict."""


class RecordedChromium(Chromium):
    """A Chromium whose network events are recorded, too."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.recorder = Recorder()

    def _event(self, message: Message) -> None:
        if message["method"].startswith("Network."):
            self.recorder.events.append((message["method"].removeprefix("Network."), message["params"]))
        super()._event(message)


async def run_page(driver: Driver) -> RecordingProxy:
    async with RecordingProxy() as proxy:
        try:
            await driver.start(proxy.origins["page"] + "/")
            await asyncio.wait_for(proxy.finished.wait(), 20)
            await asyncio.sleep(0.3)  # events of the last case
        finally:
            await driver.stop()
        return proxy


def judge(har: dict[str, Any], file: Path) -> list[dict[str, Any]]:
    file.write_text(json.dumps(har), "utf-8")
    argv = [sys.executable, "-m", "corscheck", "har", str(file), "--json", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["probes"]
    return found


def case_of(result: dict[str, Any]) -> list[Case]:
    """The cases that a result may be about, in their order."""
    path = re.search(r"/c/([^/?]+)", result["url"])
    assert path is not None, result["url"]
    names = {name.lower() for name, _ in result["headers"] if name.lower().startswith("x-")}
    return [
        one
        for one in CASES
        if (one.at or one.name) == path[1]
        and one.init.get("method", "GET") == result["method"]
        and {n.lower() for n in one.init.get("headers", {}) if n.startswith("X-")} == names
    ]


def check(results: list[dict[str, Any]], seen: dict[str, str], engine: str, untold: dict[str, str]) -> set[str]:
    """Check every verdict, and return the names of the cases that were decided."""
    decided: set[str] = set()
    wrong = []
    asked: dict[tuple[str, ...], int] = {}
    for result in results:
        cases = case_of(result)
        assert cases, result["url"]
        assert result["engine"] == engine
        key = tuple(one.name for one in cases)
        one = cases[min(asked.setdefault(key, 0), len(cases) - 1)]
        asked[key] += 1
        verdict, reason = result["verdict"], (result["reason"] or {}).get("message", "")
        if verdict == "inconclusive":
            if untold.get(one.name, "?") not in reason:
                wrong.append((one.name, verdict, reason))
        elif VERDICTS.get(verdict) == seen[one.name]:
            decided.add(one.name)
        else:
            wrong.append((one.name, seen[one.name], verdict, reason, [e["kind"] for e in result["exchanges"]]))
    assert wrong == []
    return decided


@pytest.mark.parametrize("browser", ["chromium", "firefox", "webkit"], indirect=True)
def test_a_recording_proxy(browser: str, tmp_path: Path) -> None:
    proxy = asyncio.run(run_page(DRIVERS[browser]("127.0.0.1")))
    known = {one.name: one.sees for one in CASES}
    assert {name: proxy.seen.get(name) for name in known} == known
    untold = UNTOLD | (UNTOLD_BY_WEBKIT if browser == "webkit" else {} if browser == "firefox" else UNTOLD_PREFLIGHT)
    decided = check(judge(proxy.har, tmp_path / "x.har"), proxy.seen, engine_of(browser), untold)
    # What the browser's cache answered is not on the wire, what is not CORS is not judged.
    assert TOLD - set(untold) - decided == {"stored-again"}


def test_chromiums_own_events(chromium: str, tmp_path: Path) -> None:
    assert chromium
    driver = RecordedChromium("127.0.0.1")
    proxy = asyncio.run(run_page(driver))
    decided = check(
        judge(driver.recorder.har(driver.version), tmp_path / "x.har"), proxy.seen, "chromium", UNTOLD_BY_CHROMIUM
    )
    # The driver hears of the requests of a sandboxed frame only now and then.
    assert TOLD - set(UNTOLD_BY_CHROMIUM) - decided <= {one.name for one in CASES if one.kind == "sandbox"}
