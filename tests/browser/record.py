"""Records what an installed browser does with every case, onto the stored records.

``python -m tests.browser.record --browser chromium``. It needs the ports 80 and 443, so run it as root or with
CAP_NET_BIND_SERVICE; WebKit also needs the right to mount. ``python -m tests.browser.changes`` then says what changed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from corscheck.browsers import BrowserUnavailable
from corscheck.browsers.errors import BrowserDiedError
from tests import corpus
from tests.browser import records
from tests.browser.chromium import Chromium
from tests.browser.driver import Driver
from tests.browser.firefox import Firefox
from tests.browser.server import PortsUnavailableError, RecordingServer
from tests.browser.webkit import WebKit

DRIVERS: dict[str, type[Driver]] = {"chromium": Chromium, "firefox": Firefox, "webkit": WebKit}

_STALLED_SECONDS = 60.0
"""How long a browser may work on one case, or start. Firefox repeats some requests ten times."""


def record(browser: str, cases: dict[str, dict[str, Any]]) -> dict[str, records.Record]:
    """Run cases in a new browser and return their records.

    Raises ``BrowserUnavailable`` and ``PortsUnavailableError``, whose texts say what is missing, and ``BrowserDiedError``.
    """
    return asyncio.run(_record(browser, cases))


async def _record(browser: str, cases: dict[str, dict[str, Any]]) -> dict[str, records.Record]:
    # An address of its own lets several recordings run at once.
    address = f"127.{random.randint(64, 127)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
    driver = DRIVERS[browser](address)
    try:
        with RecordingServer(cases, address) as server:
            await driver.start(server.first)
            while not server.finished.is_set():
                await asyncio.sleep(0.05)
                status = driver.process and driver.process.exit_status
                if status is not None or time.monotonic() - server.progress > _STALLED_SECONDS:
                    state = "made no progress" if status is None else f"ended with status {status}"
                    said = driver.workspace.log.read_text("utf-8", "replace")[-600:]
                    raise BrowserDiedError(
                        f"{browser} {state} after {len(server.steps)} of {len(cases)} cases. It said: {said}"
                    )
            await driver.collect()
            return {i: records.assemble(case, browser, server, driver) for i, case in cases.items()}
    finally:
        await driver.stop()


def mark_flaky(first: dict[str, records.Record], again: dict[str, records.Record]) -> None:
    """Name in ``flaky`` the fields of the first records that differ in the second ones."""
    for case_id, old in first.items():
        if names := {name for name, _, _ in records.changes(old, again[case_id])}:
            old["flaky"] = sorted({*old.get("flaky", ()), *names})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browser", choices=DRIVERS, required=True)
    parser.add_argument(
        "--out", type=Path, default=corpus.DATA, help="write into this directory, default: the stored records"
    )
    parser.add_argument("--only", default="", help="record only cases whose id matches this regular expression")
    parser.add_argument("--runs", type=int, default=1, help="record N times, and mark fields that differ as flaky")
    options = parser.parse_args()
    cases = {i: case for i, case in corpus.rows("cases").items() if re.search(options.only, i)}
    if not cases:
        sys.exit(f"error: --only {options.only!r} matches no case")
    found: dict[str, records.Record] = {}
    for run in range(1, options.runs + 1):
        started = time.monotonic()
        try:
            recorded = record(options.browser, cases)
        except (BrowserDiedError, BrowserUnavailable, PortsUnavailableError) as error:
            sys.exit(f"error: {error}")
        mark_flaky(found, recorded)
        found = found or recorded
        outcomes = ", ".join(f"{n} {name}" for name, n in Counter(r["outcome"] for r in recorded.values()).items())
        print(f"run {run}: {len(recorded)} cases in {time.monotonic() - started:.0f} s: {outcomes}", flush=True)
    records.write(options.out, options.browser, found)
    print(f"flaky: {', '.join(i for i, r in found.items() if 'flaky' in r) or 'none'}")


if __name__ == "__main__":
    main()
