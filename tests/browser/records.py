"""The format of the stored records: written from what page, server and browser saw, read, and compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests import corpus
from tests.browser.driver import Driver
from tests.browser.server import RecordingServer

Record = dict[str, Any]

_ASKED = (
    "response_type", "status", "redirected", "final_url", "readable_headers", "body_length", "body_error", "error",
    "effective_headers", "upload_events",
)  # fmt: skip

# Of each request, these headers are recorded, CORS headers, and those that the case's script sets.
_RECORDED = frozenset({"origin", "authorization", "content-type", "range"})
# They differ from machine to machine, or say nothing about the rules.
_LEFT_OUT = frozenset(
    {"host", "connection", "content-length", "accept-encoding", "user-agent", "referer", "date", "via", "dnt"}
)

# What may differ between two recordings of the same behaviour, beside the fields that a record calls flaky.
_NOT_COMPARED = frozenset({"version", "flaky"})


def read(folder: Path, name: str) -> dict[str, Record]:
    """The lines of ``name``.jsonl by id; nothing if there is no such file."""
    path = folder / f"{name}.jsonl"
    if not path.exists():
        return {}
    return parse(path.read_text("utf-8"))


def parse(text: str) -> dict[str, Record]:
    """Records from the text of a file, by id."""
    return {record["id"]: record for record in map(json.loads, text.strip().split("\n"))}


def records_of(cases: str, browser: str) -> str:
    """The name of a browser's records of a file of cases: ``more-cases`` and ``firefox`` make ``more-firefox``."""
    return cases.replace("cases", browser)


def write(folder: Path, browser: str, records: dict[str, Record]) -> None:
    """Write records into a browser's files, in the order of the cases. Records of other cases stay.

    A recording of all cases also gets a line in ``recorded.json``: the browser's version, and the date (UTC).
    """
    folder.mkdir(parents=True, exist_ok=True)
    for cases in corpus.CASE_FILES:
        name = records_of(cases, browser)
        merged = read(folder, name) | records
        lines = [json.dumps(merged[i], ensure_ascii=False) + "\n" for i in corpus.stored(cases) if i in merged]
        if lines:
            (folder / f"{name}.jsonl").write_text("".join(lines), "utf-8")
    if records.keys() == corpus.rows("cases").keys():
        path = folder / "recorded.json"
        recorded = json.loads(path.read_text("utf-8")) if path.exists() else {}
        version = next(iter(records.values()))["version"]
        recorded[browser] = {"version": version, "date": datetime.now(UTC).date().isoformat()}
        path.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n", "utf-8")


def assemble(case: dict[str, Any], browser: str, server: RecordingServer, driver: Driver) -> Record:
    """The record of a case, from what all sides saw of it."""
    record: Record = {"id": case["id"], "browser": browser, "version": driver.version}
    steps = server.steps.get(case["id"])
    if steps is None:
        return {**record, "outcome": "missing"}
    log = server.log.get(case["id"], [])
    requests = [_request(case, entry) for entry in log if "kind" in entry]
    record["outcome"] = steps[-1]["outcome"]
    record["preflight_sent"] = any(request["kind"] == "preflight" for request in requests)
    record["requests"] = requests
    record |= {name: steps[-1][name] for name in _ASKED if name in steps[-1]}
    if "sequence" in case:
        kinds: list[list[str]] = []
        for entry in log:
            if "step" in entry:
                kinds.append([])
            else:
                kinds[-1].append(entry["kind"])
        second = any("preflight" in step for step in kinds[1:2])
        record |= {"steps": steps, "kinds_per_step": kinds, "second_preflight_sent": second}
    seen = driver.seen[case["id"]]
    record |= {name: seen[name] or None for name in driver.fields}
    record["console"] = "\n".join(seen["console"]) or None
    return record


def _request(case: dict[str, Any], entry: dict[str, Any]) -> Record:
    scripted = {n.lower() for step in [case["request"], *corpus.requests(case)] for n, _ in step["headers"]}
    headers = []
    for name, value in ((n.lower(), v) for n, v in entry["headers"]):
        if name == "cookie":
            headers.append([name, "(present)"])
        elif name.startswith("access-control-") or name in (_RECORDED | scripted) - _LEFT_OUT:
            headers.append([name, value])
    request = {name: entry[name] for name in ("kind", "hop", "scheme", "host", "method")} | {"headers": headers}
    if "log" in case:
        sent = [[n, v] for n, v in entry["headers"] if n.lower() in case["log"]]
        request |= {"target": entry["target"], "sent": sent}
    return request


def changes(old: Record, new: Record) -> Iterator[tuple[str, Any, Any]]:
    """Yield (field, old value, new value) for every field in which two records of a case differ."""
    skipped = _NOT_COMPARED.union(old.get("flaky", ()), new.get("flaky", ()))
    for name in dict.fromkeys([*old, *new]):
        if name not in skipped and old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)
