"""Asks an installed browser and corscheck's protocol about random cases, and prints every disagreement.

``python -m tests.browser.differential --browser firefox --cases 20000``. It needs what the recorder needs. ``--write`` keeps
the counts of a run in ``tests/data/random-cases.json``, with its seed, as long as nothing disagrees.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from typing import Any

from tests import corpus
from tests.browser.random_cases import cases
from tests.browser.record import DRIVERS, record
from tests.protocol.test_corpus import predict

RECORD = corpus.DATA.parent / "random-cases.json"
BATCH = 1000
"""Cases for each start of the browser: beyond this, preflight caches begin to drop entries."""


def disagreements(
    browser: str, asked: dict[str, dict[str, Any]], decided: Counter[str]
) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Run cases in the browser; return what differs, by case and aspect, and count what decided."""
    truth = record(browser, asked)
    found = {}
    for case_id, case in asked.items():
        outcome, seen, console = predict(case, browser)
        decided[outcome.failure.code if outcome.failure is not None else outcome.verdict] += 1
        differs = corpus.compare(case, truth[case_id], outcome.verdict, seen, outcome.readable_headers, console)
        if differs:
            found[case_id] = differs
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browser", choices=DRIVERS, required=True)
    parser.add_argument("--cases", type=int, default=BATCH)
    parser.add_argument("--seed", type=int, default=1, help="of the first batch; each further batch has the next one")
    parser.add_argument("--show", type=int, default=20, help="print at most so many disagreements")
    parser.add_argument("--write", action="store_true", help="keep the counts")
    options = parser.parse_args()
    decided: Counter[str] = Counter()
    shown = 0
    for number, begin in enumerate(range(0, options.cases, BATCH)):
        seed, count = options.seed + number, min(BATCH, options.cases - begin)
        found = disagreements(options.browser, cases(seed, count), decided)
        for case_id, differs in found.items():
            shown += 1
            if shown <= options.show:
                print(json.dumps(cases(seed, count)[case_id], ensure_ascii=False))
                for aspect, (theirs, ours) in differs.items():
                    print(f"  {aspect}\n    {options.browser}: {theirs}\n    corscheck: {ours}")
        print(f"seed {seed}: {count} cases, {len(found)} disagreements", flush=True)
        if options.write and not shown:
            keep(
                options.browser,
                {"seed": options.seed, "cases": begin + count, "decided": dict(sorted(decided.items()))},
            )
    if shown:
        sys.exit(1)


def keep(browser: str, counts: dict[str, Any]) -> None:
    """Write the counts of a run so far, beside those of other browsers."""
    kept = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    kept[browser] = counts
    RECORD.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
