"""The recorded browser corpus as data: cases, what each browser did, and how far a prediction agrees with it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from corscheck.diagnosis.console.chromium import EMBEDDER

DATA = Path(__file__).parent / "data" / "browser-truth"
CASE_FILES = ("cases", "more-cases")
ASPECTS = ("verdict", "requests", "readable", "console")
_WIRE = ("origin", "access-control-request-method", "access-control-request-headers")
_ECHO = {
    "{echo:origin}": "origin",
    "{echo:acrm}": "access-control-request-method",
    "{echo:acrh}": "access-control-request-headers",
}


_UNATTRIBUTED = {("encode-0124", "firefox")}
"""The recorder gave a console line to a case by the path in it, which Firefox had changed here (``/c%09/``)."""


@cache
def stored(name: str) -> dict[str, dict[str, Any]]:
    """The lines of one file by case id, e.g. ``more-firefox``."""
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as lines:
        return {row["id"]: row for row in map(json.loads, lines)}


@cache
def rows(name: str) -> dict[str, dict[str, Any]]:
    """``cases``, ``chromium``, ``firefox`` or ``webkit`` of both files, by case id."""
    return {**stored(name), **stored(f"more-{name}")}


def ids() -> list[str]:
    """The cases that can be replayed through a proxy (which would itself answer for a port that nobody listens on)."""
    return [i for i, case in rows("cases").items() if "port nobody listens on" not in case["label"]]


def requests(case: dict[str, Any]) -> list[dict[str, Any]]:
    """What the page asks, one after the other."""
    return case.get("sequence") or [case["request"]]


def page_keywords(case: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    """What a case says beyond ``fetch()``'s arguments: the page's embedder policy, a listener on XMLHttpRequest's upload."""
    found: dict[str, Any] = {"coep": case["page"]["coep"]} if "coep" in case["page"] else {}
    # Opaque origins of https pages: a srcdoc frame in https://app.example.
    if case["page"].get("kind") == "null-https":
        found["secure_context"] = True
    xhr = step.get("xhr", {"listen": "none", "at": ""})
    if xhr["listen"] not in ("none", "null", "removed", "unset", "down") and xhr["at"] != "after":
        found["upload_listener"] = True
    return found


def body_of(step: dict[str, Any]) -> str | None:
    """The body of a request. XMLHttpRequest drops that of GET and HEAD, which ``fetch()`` refuses."""
    return None if "xhr" in step and step["method"] in ("GET", "HEAD") else step.get("body")


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
    lines = re.sub(r"Request header field \S+ is", "Request header field X is", console or "").split("\n")
    return "\n".join(dict.fromkeys(lines)) or None


_ADVICE = " Have the server send the header with a valid value."
_LISTENED_NOTE = (
    " The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials attribute."
)


def _as_fetch(case: dict[str, Any], console: str | None) -> str | None:
    """XMLHttpRequest's console text in the words that ``fetch()`` has for it."""
    if console is None or "xhr" not in requests(case)[0]:
        return console
    console = console.replace("Access to XMLHttpRequest at", "Access to fetch at").replace(_LISTENED_NOTE, "")
    console = re.sub(r'Refused to set unsafe header ".*"\n?', "", console)
    console = console.replace("insecure XMLHttpRequest endpoint", "insecure resource").replace(_ADVICE, "")
    return console.replace("XMLHttpRequest cannot load", "Fetch API cannot load") or None


def sent(case: dict[str, Any], seen: list[dict[str, Any]]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Requests as a case with ``log`` compares them: kind, request target, and the values of the headers it lists.

    Not compared are the headers by which a browser is known, unless script set them: corscheck has a name of its own.
    """
    own = {n.lower(): v for n, v in case["request"]["headers"]}
    names = {n for n in case["log"] if n in own or n not in ("accept", "accept-language")}
    return [
        (
            request["kind"],
            request["target"],
            sorted(
                (n.lower(), v)
                for n, v in request["sent"]
                if n.lower() in names and (n.lower() != "user-agent" or v == own.get("user-agent"))
            ),
        )
        for request in seen
    ]


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
    # What its bytes beyond ASCII stand for, in a Location and in a value that script sets.
    if "log" in case and not all(v.isascii() for v in locations + [v for _, v in case["request"]["headers"]]):
        return frozenset((*ASPECTS, "sent"))
    shown = ("access-control-allow-methods", "access-control-allow-headers", "location")
    return frozenset({"console"} if any(n in shown and not v.isascii() for n, v in fields) else ())


def differences(
    case_id: str, engine: str, verdict: str, seen: list[dict[str, Any]], readable: tuple[str, ...], console: str | None
) -> dict[str, tuple[Any, Any]]:
    """What ``compare`` says of a recorded case."""
    return compare(rows("cases")[case_id], rows(engine)[case_id], verdict, seen, readable, console)


def compare(
    case: dict[str, Any],
    truth: dict[str, Any],
    verdict: str,
    seen: list[dict[str, Any]],
    readable: tuple[str, ...],
    console: str | None,
) -> dict[str, tuple[Any, Any]]:
    """Aspect to (what the browser did, what was predicted), for every aspect in which they differ."""
    engine, odd = truth["browser"], is_odd(case)
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
    said, console = _as_fetch(case, said), _as_fetch(case, console)
    said = said and said.rstrip("\n")
    console = console and console.rstrip("\n")
    if case["page"].get("kind") == "null-https" and engine == "chromium":
        # The recorded page is embedded in this one, which corscheck is not told.
        said = said and re.sub(r"The page at '[^']*'", f"The page at '{EMBEDDER}'", said)
    said = said and re.sub(r"/(page|srcdoc)\?kind=[a-z-]+(&coep=[a-z-]+)?", "/", said)
    # Firefox gives each opaque origin a new identifier in its messages.
    said = said and re.sub(r"moz-nullprincipal:\{[^}]*\}\S*", "null/", said)
    if (case["id"], engine) in _UNATTRIBUTED:
        not_engine |= {"console"}
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
    case, found = rows("cases")[case_id], ["verdict"]
    if not is_odd(case):
        readable = ["readable"] if rows(engine)[case_id]["outcome"] == "allowed" else []
        found += ["requests", *readable, "console", *(["sent"] if "log" in case else [])]
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
