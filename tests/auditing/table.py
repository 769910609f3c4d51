"""The table of what the audit found in real applications: ``AUDITED.md``, from ``tests/data/audited.json``.

``CORSCHECK_WRITE_TABLE=1`` makes the tests write what they see; without it they hold it against what is written.
"""

from __future__ import annotations

import fcntl
import json
import re
from pathlib import Path
from typing import Any

from corscheck.model.audits import Audit
from tests.auditing.cases import FINE, WRONG, Case

DATA = Path(__file__).resolve().parents[1] / "data" / "audited.json"
TABLE = Path(__file__).with_name("AUDITED.md")
WRITE = "CORSCHECK_WRITE_TABLE"

_HEAD = f"""# What `corscheck audit` finds, in real applications

The tests start each of these applications, on a real server and with a real framework where one is named, and audit it:
`https://api.example.com/...`, with `--allowed-origin https://app.example.com` unless another one is meant. They write
this table, and every run of them holds what it sees against it. To write it again, do not edit it; with everything
installed that `.ci/run` installs, run:

```console
CI=true {WRITE}=1 python -m pytest tests/auditing/test_applications.py
```

"""

_WRONG = """## Wrong

*Found* is the class above `info` and its severity, *beside it* what is told as `info`. {titles}

| application | how it is wrong | found | beside it | requests |
| --- | --- | --- | --- | --- |
"""

_FINE = """
## Healthy, but odd-looking

None of them may raise an alarm above `info`. *Said* are the `info` findings and the notes.

| application | what it is | said | requests |
| --- | --- | --- | --- |
"""


def key(case: Case) -> str:
    """What the case is recorded by."""
    return f"{'wrong' if case in WRONG else 'fine'} {case.name}"


KEYS = tuple(key(case) for case in (*WRONG, *FINE))


def row(found: Audit) -> dict[str, Any]:
    """What is recorded of an audit: nothing that is random."""
    return {
        "found": [f"{f.code} {f.severity}" for f in found.findings if f.severity != "info"],
        "beside": [f.code for f in found.findings if f.severity == "info"],
        "notes": [_beginning(note) for note in found.notes],
        "requests": found.requests,
        "titles": {f.code: f.title for f in found.findings},
    }


def _beginning(note: str) -> str:
    """What a note says first, without URLs."""
    words = re.split(r": |, so ", note)[0].split(" ")
    return " ".join("..." if "://" in word else word for word in words)


def recorded() -> dict[str, dict[str, Any]]:
    """The rows that are written down."""
    with DATA.open(encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        rows: dict[str, dict[str, Any]] = json.load(file)
        return rows


def write(name: str, seen: dict[str, Any]) -> None:
    """Put one row into both files; several processes do so at once."""
    with DATA.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        rows = {**json.loads(file.read() or "{}"), name: seen}
        rows = {known: rows[known] for known in KEYS if known in rows}
        file.truncate(0)
        file.write(json.dumps(rows, indent=1) + "\n")
        file.flush()
        TABLE.write_text(rendered(rows), "utf-8")


def rendered(rows: dict[str, dict[str, Any]]) -> str:
    """``AUDITED.md``."""
    titles = {code: title for seen in rows.values() for code, title in seen["titles"].items()}
    legend = "; ".join(f"{code}: {title}" for code, title in sorted(titles.items()))
    lines = [_HEAD, _WRONG.replace("{titles}", f"{legend}.")]
    for case in WRONG:
        if (seen := rows.get(key(case))) is not None:
            cells = (case.name, case.how, ", ".join(seen["found"]), ", ".join(seen["beside"]), str(seen["requests"]))
            lines.append(_line(cells))
    lines.append(_FINE)
    for case in FINE:
        if (seen := rows.get(key(case))) is not None:
            said = "; ".join([*seen["beside"], *seen["notes"]]) or "nothing"
            lines.append(_line((case.name, case.how, said, str(seen["requests"]))))
    return "".join(lines)


def _line(cells: tuple[str, ...]) -> str:
    escaped = (cell.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_") for cell in cells)
    return f"| {' | '.join(escaped)} |\n"
