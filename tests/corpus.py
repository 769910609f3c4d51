"""The recorded browser corpus as data: cases, what each browser did, and how far a prediction agrees with it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "browser-truth"
CASE_FILES = ("cases", "more-cases")
ASPECTS = ("verdict", "requests", "readable", "console")
_WIRE = ("origin", "access-control-request-method", "access-control-request-headers")
_ECHO = {
    "{echo:origin}": "origin",
    "{echo:acrm}": "access-control-request-method",
    "{echo:acrh}": "access-control-request-headers",
}


@cache
def rows(name: str) -> dict[str, dict[str, Any]]:
    """``cases``, ``chromium``, ``firefox`` or ``webkit``, or these with ``more-`` before them, by case id."""
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as lines:
        return {row["id"]: row for row in map(json.loads, lines)}


def all_cases() -> dict[str, dict[str, Any]]:
    """The cases of both files by id."""
    return {i: case for name in CASE_FILES for i, case in rows(name).items()}


def ids() -> list[str]:
    """The cases that can be replayed through a proxy (which would itself answer for a port that nobody listens on)."""
    return [i for i, case in rows("cases").items() if "port nobody listens on" not in case["label"]]


def requests(case: dict[str, Any]) -> list[dict[str, Any]]:
    """What the page asks, one after the other."""
    return case.get("sequence") or [case["request"]]


def reply(case: dict[str, Any], hop: int, kind: str, request_headers: dict[str, str]) -> dict[str, Any]:
    """The server's reply for a hop, its echoes filled in with what the request (lower-case names) carried."""
    hops = case["server"].get("hops")
    found = (hops[min(hop, len(hops) - 1)] if hops else case["server"])[kind]
    if "headers" not in found:
        return found
    filled = []
    for name, value in found["headers"]:
        for mark, header in _ECHO.items():
            value = value.replace(mark, request_headers.get(header, ""))
        filled.append((name, value))
    return {**found, "headers": filled}


def is_odd(case: dict[str, Any]) -> bool:
    """Whether the server hangs up or answers something that is not quite HTTP: only the verdict counts then."""
    hops = case["server"].get("hops", [case["server"]])
    replies = [hop[kind] for hop in hops for kind in ("preflight", "actual") if kind in hop]
    return any(key in r for r in replies for key in ("close", "raw", "truncate"))


def wire(seen: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Requests as the corpus compares them: kind, method, scheme and host without port, the three headers."""
    found = []
    for request in seen:
        headers = {n.lower(): v for n, v in request["headers"]}
        host = request["scheme"] + "://" + request["host"].split(":")[0]
        found.append((request["kind"], request["method"], host, *(headers.get(name) for name in _WIRE)))
    return found


def _once(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Firefox repeats requests after a hang-up: identical neighbours count once."""
    return [row for n, row in enumerate(found) if n == 0 or row != found[n - 1]]


def _unnamed(console: str | None) -> str | None:
    """Chromium names one of several missing headers by an internal order that nobody can predict."""
    return console and re.sub(r"Request header field \S+ is", "Request header field X is", console)


def _libsoup(case: dict[str, Any]) -> frozenset[str]:
    """The aspects that WebKitGTK's network layer decides, which Safari does not have: they say nothing of the engine."""
    if case["group"] == "malformed":
        return frozenset(ASPECTS)
    hops = case["server"].get("hops", [case["server"]])
    replies = [hop[kind] for hop in hops for kind in ("preflight", "actual") if kind in hop]
    fields = [(n.lower(), v) for r in replies for n, v in r.get("headers", ())]
    locations = [v for n, v in fields if n == "location"]
    several = any(sum(n.lower() == "location" for n, _ in r.get("headers", ())) > 1 for r in replies)
    origin = re.match(r"https?://[^/]*", case["url"])
    assert origin is not None
    # It makes a GET of a DELETE that is redirected to another origin.
    deleted = "DELETE" in {r["method"].upper() for r in requests(case)}
    if several or (deleted and any(not v.startswith((origin[0] + "/", "/")) for v in locations)):
        return frozenset(ASPECTS)
    if any("raw" in r and not re.match(r"HTTP/1\.[01] [0-9]{3}[ \r]", r["raw"]) for r in replies):
        return frozenset(ASPECTS)
    shown = ("access-control-allow-methods", "access-control-allow-headers", "location")
    return frozenset({"console"} if any(n in shown and not v.isascii() for n, v in fields) else ())


def differences(
    case_id: str, engine: str, verdict: str, seen: list[dict[str, Any]], readable: tuple[str, ...], console: str | None
) -> dict[str, tuple[Any, Any]]:
    """Aspect to (what the browser did, what was predicted), for every aspect in which they differ."""
    case, truth = rows("cases")[case_id], rows(engine)[case_id]
    odd = is_odd(case)
    ours = "throws" if verdict == "invalid" else verdict
    found: dict[str, tuple[Any, Any]] = {}
    if ours != truth["outcome"] and not (odd and ours == "inconclusive"):
        found["verdict"] = (truth["outcome"], ours)
    if not_engine := _libsoup(case) if engine == "webkit" else frozenset[str]():
        found = {aspect: both for aspect, both in found.items() if aspect not in not_engine}
    if odd or "requests" in not_engine:
        return found
    theirs, mine = wire(truth["requests"]), wire(seen)
    if engine == "firefox" and "sequence" not in case:
        theirs, mine = _once(theirs), _once(mine)
    if theirs != mine:
        found["requests"] = (theirs, mine)
    if truth["outcome"] == "allowed" and sorted(truth["readable_headers"]) != sorted(readable):
        found["readable"] = (truth["readable_headers"], readable)
    said = truth.get("console")
    # The recording's page had a path of its own; here the page stands at its origin's "/".
    said = said and re.sub(r"/(page|srcdoc)\?kind=[a-z-]+", "/", said)
    if (
        "console" not in not_engine
        and said != console
        and not (engine == "chromium" and _unnamed(said) == _unnamed(console))
    ):
        found["console"] = (said, console)
    return found


def judged(case_id: str, engine: str) -> tuple[str, ...]:
    """The aspects by which this case can be judged."""
    not_engine = _libsoup(rows("cases")[case_id]) if engine == "webkit" else frozenset[str]()
    found = ["verdict"]
    if not is_odd(rows("cases")[case_id]):
        readable = ["readable"] if rows(engine)[case_id]["outcome"] == "allowed" else []
        found += ["requests", *readable, "console"]
    return tuple(aspect for aspect in found if aspect not in not_engine)


def claim(engine: str, answers: dict[str, dict[str, Any]]) -> str:
    """One row of the README's table: what a run over the corpus came to."""
    cells = []
    for aspect in ASPECTS:
        cases = [i for i in answers if aspect in judged(i, engine)]
        agreed = sum(aspect not in answers[i] for i in cases)
        cells.append(f"{agreed} of {len(cases)}")
    title = {"webkit": "WebKit (WebKitGTK {version})"}.get(engine, f"{engine.capitalize()} {{version}}")
    recorded = json.loads((DATA / "recorded.json").read_text("utf-8"))[engine]
    return f"| {title.format(**recorded)} | {recorded['date']} | {' | '.join(cells)} |"
