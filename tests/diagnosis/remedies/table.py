"""The table of what was seen when the remedies were executed: ``EXECUTED.md``, from ``tests/data/remedies.json``.

``CORSCHECK_WRITE_TABLE=1`` makes the tests write what they see; without it they hold it against what is written.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from corscheck.diagnosis.remedies.registry import REMEDIES
from corscheck.model.result import Result
from tests.diagnosis.remedies.cases import (
    FOREIGN,
    JSON,
    TOKEN,
    UNLISTED,
    Configured,
    ask,
    from_foreign_origins,
    with_unlisted_headers,
    with_unlisted_methods,
    with_unwanted_credentials,
)
from tests.servers.targets import TARGETS, family_of

DATA = Path(__file__).resolve().parents[2] / "data" / "remedies.json"
TABLE = Path(__file__).with_name("EXECUTED.md")
WRITE = "CORSCHECK_WRITE_TABLE"

_HEAD = f"""# What `corscheck fix` prints, executed

One row for each target of `corscheck fix --for`. The tests start the real thing with a small application that knows
nothing of CORS and probe it (before), paste in what the command printed, start it again and probe it (after). They
write this table, and every run of them holds what it sees against it, but for the versions: those are of the run that
wrote it. To write it again, do not edit it; with everything installed that `.ci/run` installs, run:

```console
CI=true {WRITE}=1 python -m pytest tests/diagnosis/remedies
```

- *Before*: the verdict on a GET, and on a PUT with two headers and credentials; what stopped it (CORS301: there is no
  `Access-Control-Allow-Origin`); then the root cause that was named. {{causes}}
- *After*: the same two, from the origin that was asked for; whether script can read the `X-Total-Count` of the answer.
- *Refused*: how many requests that nobody asked for were blocked, from two configurations, a large and a small one: from
  {len(FOREIGN)} other origins with two methods, by {len(UNLISTED)} other methods, with other headers, with credentials.
- *404*, *500*: whether script can read the answer to an unknown path, and to an unhandled exception. Where it
  cannot, the remedy says so, and what helps.

"""

_COLUMNS = (
    "target", "kind", "versions", "before: GET", "before: PUT", "after: GET", "after: PUT", "`X-Total-Count`",
    "refused: origins", "methods", "headers", "credentials", "404", "500",
)  # fmt: skip


def observe(configured: Configured) -> dict[str, Any]:
    """The row of one target, as it is seen now."""
    many: dict[str, Any] = {"headers": [TOKEN, JSON], "credentials": "include"}
    simple = ask(configured.bare, diagnose=True)
    preflighted = ask(configured.bare, method="PUT", diagnose=True, **many)
    after = {method: ask(configured.full, method=method, **many) for method in ("GET", "PUT")}
    readable = all("x-total-count" in result.readable_headers for result in after.values())
    refused = {
        "origins": [r for o in FOREIGN for m in ("GET", "PUT") for r in from_foreign_origins(configured, o, m)],
        "methods": [r for method in UNLISTED for r in with_unlisted_methods(configured, method)],
        "headers": with_unlisted_headers(configured),
        "credentials": with_unwanted_credentials(configured),
    }
    errors = {"404": "nothing", "500": "broken"}
    return {
        "kind": family_of(configured.name),
        "versions": TARGETS[configured.name].versions,
        "before": {"GET": _blocked(simple), "PUT": _blocked(preflighted)},
        "after": {method: result.verdict for method, result in after.items()},
        "readable": readable,
        "refused": {what: _count(results) for what, results in refused.items()},
        "errors": {
            status: ask(configured.full, path, credentials="include").verdict == "allowed"
            for status, path in errors.items()
        },
    }


def _blocked(result: Result) -> dict[str, str]:
    first = result.findings[0]
    assert result.reason is not None
    return {"verdict": result.verdict, "code": result.reason.code, "cause": first.code, "title": first.title}


def _count(results: Iterable[Result]) -> str:
    verdicts = [result.verdict for result in results]
    return f"{verdicts.count('blocked')} of {len(verdicts)}"


def recorded() -> dict[str, dict[str, Any]]:
    """The rows that are written down, by target."""
    with DATA.open(encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        rows: dict[str, dict[str, Any]] = json.load(file)
        return rows


def without_versions(row: dict[str, Any]) -> dict[str, Any]:
    """A row for comparison: of the versions only what they are versions of, for a release may come any day."""
    return {**row, "versions": sorted(name for name, version in row["versions"].items() if version)}


def write(name: str, row: dict[str, Any]) -> None:
    """Put one row into both files; several processes do so at once."""
    with DATA.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        rows = {**json.loads(file.read() or "{}"), name: row}
        rows = {known: rows[known] for known in REMEDIES if known in rows}
        file.truncate(0)
        file.write(json.dumps(rows, indent=2) + "\n")
        file.flush()
        TABLE.write_text(rendered(rows), "utf-8")


def rendered(rows: dict[str, dict[str, Any]]) -> str:
    """``EXECUTED.md``."""
    causes = {one["cause"]: one["title"] for row in rows.values() for one in row["before"].values()}
    legend = "; ".join(f"{code}: {title}" for code, title in sorted(causes.items()))
    lines = [_COLUMNS, ("---",) * len(_COLUMNS), *(_cells(name, row) for name, row in rows.items())]
    return _HEAD.replace("{causes}", f"{legend}.") + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(name: str, row: dict[str, Any]) -> tuple[str, ...]:
    return (
        name,
        row["kind"],
        ", ".join(f"{package} {version}" for package, version in row["versions"].items()),
        *("{verdict} {code}, {cause}".format(**row["before"][method]) for method in ("GET", "PUT")),
        *(row["after"][method] for method in ("GET", "PUT")),
        _said(row["readable"]),
        *(row["refused"][what] for what in ("origins", "methods", "headers", "credentials")),
        *(_said(row["errors"][status]) for status in ("404", "500")),
    )


def _said(readable: bool) -> str:
    return "readable" if readable else "not readable"
