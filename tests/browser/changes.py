"""Shows how records of browsers differ from earlier ones: case, field, old and new value. Exit status 1 if they do.

``python -m tests.browser.changes`` compares the stored records with those of the last commit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from tests import corpus
from tests.browser import records

BROWSERS = ("chromium", "firefox", "webkit")


def committed(name: str) -> dict[str, records.Record]:
    """The records of the last commit."""
    done = subprocess.run(
        ["git", "show", f"HEAD:./{name}.jsonl"], cwd=corpus.DATA, capture_output=True, encoding="utf-8", check=True
    )
    return records.parse(done.stdout)


def compare(old: dict[str, records.Record], new: dict[str, records.Record]) -> list[str]:
    """The lines to print for every field that differs, of the cases that the new records contain."""
    lines = []
    for case_id, record in new.items():
        for field, before, after in records.changes(old.get(case_id, {}), record):
            lines += [f"{case_id} {field}", f"  - {json.dumps(before)}", f"  + {json.dumps(after)}"]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browser", choices=BROWSERS, action="append", help="only this browser; repeatable")
    parser.add_argument("--against", type=Path, metavar="DIR", help="earlier records, default: the last commit's")
    parser.add_argument("--new", type=Path, metavar="DIR", default=corpus.DATA, help="default: the stored records")
    options = parser.parse_args()
    found = []
    for browser in options.browser or BROWSERS:
        for cases in corpus.CASE_FILES:
            name = records.records_of(cases, browser)
            old = records.read(options.against, name) if options.against else committed(name)
            lines = compare(old, records.read(options.new, name))
            found += [f"{browser} {line}" if not line.startswith(" ") else line for line in lines]
    print("\n".join(found) or "no changes")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
