"""Hostile input files and option values, and the commands that read them.

``hostile(kind, seed)`` yields mutations of good inputs, the same ones for a seed: cut, doubled, recoded, with pieces put in,
and JSON and YAML with values of other types, deep, long, cyclic and huge. ``COMMANDS`` says which command lines read a kind.
No command sends anything over the network: they dry-run, ask port 9 (which browsers refuse) or an application in process.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from tests.fuzz.targets import SEEDS
from tests.report import audit_samples, saved_reports
from tests.report.samples import ALLOWED, INVALID, PREFLIGHT_ONLY, REFUSED, WILDCARD

DATA = Path(__file__).resolve().parents[1] / "data"

PAGE = ("--origin", "https://app.example")
NOWHERE = "http://127.0.0.1:9/"
APP = """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"access-control-allow-origin", b"*")]})
    await send({"type": "http.response.body"})
"""
SENT = ("probe", "http://app.example/", *PAGE, "--app", "hostile_app:app", "--send", "always", "-q")
"""Sends to the application in ``hostile_app.py`` of the working directory."""

POLICY = f'base-url = "{NOWHERE}"\n[defaults]\norigins = ["https://a.example"]\n[[check]]\nname = "a"\nurls = ["/a"]\n'
FORMATS = ("junit", "sarif", "gitlab", "github", "markdown", "html", "har")

COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "targets": (("probe", "--targets", "§", *PAGE, "--dry-run"), ("audit", "--targets", "§", "--dry-run")),
    "policy": (("run", "§", "--select", "none of this name"), ("run", "§", "--env", "staging", "--select", "none")),
    "openapi": (
        ("probe", "--openapi", "§", *PAGE, "--dry-run"),
        ("probe", "--openapi", "§", *PAGE, "--base-url", NOWHERE, "--dry-run", "--exclude", "tag:x"),
    ),
    "curl": (("probe", "--curl", "@§", *PAGE, "--dry-run"),),
    "headers": ((*SENT, "-H", "@§"),),
    "body": ((*SENT, "-d", "@§"), (*SENT, "-F", "a=@§"), (*SENT, "-F", "a=<§")),
    "baseline": (("run", "policy.toml", "-q", "--baseline", "§"), ("audit", NOWHERE, "-q", "--baseline", "§")),
    "report": (
        ("report", "show", "§", *(word for name in FORMATS for word in ("--report", f"{name}:out.{name}"))),
        ("report", "show", "§", "-v"),
        ("report", "diff", "§", "§"),
        ("report", "merge", "§", "-o", "out.json"),
        ("report", "merge", "§", "-o", "out.jsonl"),
    ),
    "resumed": (("probe", "--targets", "targets", *PAGE, "-q", "--jsonl", "§", "--resume"),),
    "har": (("har", "§", "--report", "html:out.html"),),
    "transcript": (("transcript", "§", "--report", "html:out.html"), ("transcript", "§", *PAGE, "-v")),
    "console": (("explain", "-"),),
}
"""Command lines by kind. ``§`` stands for the file with the input; ``explain`` gets it on standard input as well."""

OPTIONS: dict[str, tuple[str, ...]] = {
    "url": ("probe", "§", *PAGE, "--dry-run"),
    "no-cors": ("probe", "§", *PAGE, "--mode", "no-cors", "--dry-run"),
    "origin": ("probe", NOWHERE, "--origin=§", "-q"),
    "method": (*SENT, "-X", "§"),
    "header": (*SENT, "-H", "§"),
    "header value": (*SENT, "-H", "X-A: §"),
    "cookie": (*SENT, "-b", "a=§"),
    "login": (*SENT, "-u", "§:§"),
    "agent": (*SENT, "-A", "§"),
    "data": (*SENT, "-d", "§"),
    "form": (*SENT, "-F", "a§=b§"),
    "form options": (*SENT, "-F", "a=b;type=§;filename=§"),
    "via": ("probe", NOWHERE, *PAGE, "-q", "--via", "§"),
    "proxy": ("probe", NOWHERE, *PAGE, "-q", "--proxy=§", "--noproxy=§"),
    "resolve": ("probe", NOWHERE, *PAGE, "-q", "--resolve", "§"),
    "connect-to": ("probe", NOWHERE, *PAGE, "-q", "--connect-to", "§"),
    "rate": ("probe", NOWHERE, *PAGE, "-q", "--rate", "§/s"),
    "max-time": ("probe", NOWHERE, *PAGE, "-q", "-m", "§"),
    "wait-for": ("probe", NOWHERE, *PAGE, "-q", "--wait-for", "§"),
    "retry": ("probe", NOWHERE, *PAGE, "-q", "--retry", "§"),
    "concurrency": ("probe", NOWHERE, *PAGE, "-q", "--concurrency", "§"),
    "shard": ("probe", NOWHERE, *PAGE, "-q", "--shard", "§"),
    "curl text": ("probe", "--curl", "curl http://a.example/ §", *PAGE, "--dry-run"),
    "curl options": ("probe", "--curl", "curl http://a.example/ -b a=§ -A § -m § -u §:§", *PAGE, "--dry-run"),
    "select": ("run", "policy.toml", "-q", "--select", "§"),
    "allowed-origin": ("audit", NOWHERE, "--allowed-origin=§", "--dry-run"),
    "explain": ("explain", "§"),
    "fix": ("fix", "--for", "nginx", NOWHERE, "--origin=§"),
}
"""Command lines by what is hostile in them: ``§`` stands for the value."""

VALUES = (
    "", " ", "\t", "a\r\nX: 1", "\u20ac", "\xe9", "\udcff", "\u00b2", "\u2460", "\u0663", "9" * 5000, "-1", "0", "nan", "inf",
    "-inf", "1e308", "1e-320", "1e400", "0x10", "1_0", "true", "null", "*", "::", "[", "]", "[::1", "{", "}", "(", "?", "${X}",
    "%", "%zz", "%00", "\\", "'", '"', "`", "@", "@/nothing/there", "@/", "-", "--", "=", ";", "; ", ",", "a" * 100_000,
    "http://", "http:h", " http://h/ ", "http://[", "http://\u2460/", "http://h:99999/", "http://u:p@h/", "wss://h/",
    "file:///x", "about:blank", "data:,x", "blob:http://h/x", "javascript:1", "urn:x", "ftp://h/", "localhost:1", "\x1b[31m",
    "\u2028", "\u202e", "\ufeff", "\x7f", "\x80", "a:b:c:d:e", "1/0", "0/1", "2/1", "99999999999/1",
)  # fmt: skip

PIECES = (
    b"\x00", b"\xff", b"\xc2\xb2", b"\xe2\x91\xa0", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n", b"\n\n", b"\t", b'"', b"'",
    b"\\", b"\\ud800", b"{", b"}", b"[", b"]", b"(", b")", b",", b":", b";", b"=", b"#", b"$", b"${", b"%", b"*", b"&", b"*a",
    b"&a ", b"!!bool ", b"!!timestamp ", b"!!int ", b"!!float ", b"!!binary ", b"!!set ", b"<<: ", b"- ", b"9" * 5000, b"-1",
    b"1e400", b"0x" + b"f" * 5000, b"null", b"true", b"NaN", b"Infinity", b"://", b"@", b"\x1b[", b"2030-99-99", b"[" * 2000,
    b"{" * 2000, b'{"a":' * 2000, b"a." * 2000, b"#/", b"%00", b"\x1a", b"\x85", b"'''", b'"""',
)  # fmt: skip

_LEAVES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**70, 10**300, 1e308, -0.5, float("nan"), float("inf"), "", "\u00b2", "\u2460", "\ud800", "\x00",
    "\r\n", "a" * 70_000, "9" * 5000, "2026-99-99T99:99:99Z", "CORS999", "critical", "allowed", "http://[", "wss://h/", "null",
    "#/paths", "#", "x#y", [], {}, [[]], [{}], {"a": 1}, [None], ["a", "b"], [["a", "b"]], {"$ref": "#"}, {"$ref": "#/paths/0"},
    {"$ref": "#/x/" + "1" * 5000}, {"$ref": "#/tags/\u00b2"}, {"$ref": "#/tags/-1"}, {"$ref": 1}, {"$ref": "other.yaml#/x"},
)  # fmt: skip


@cache
def good(kind: str) -> tuple[bytes, ...]:
    """Good inputs of a kind."""
    if kind in ("report", "baseline", "resumed"):
        texts = _reports()
        return texts[1:] if kind == "resumed" else texts
    return {
        "targets": (
            b"http://a.example/\nhttp://b.example/x\n",
            (
                b'{"url": "http://a.example/", "origin": "https://b.example", "method": "PUT", "headers": [["A", "1"]]}\n'
                b'{"url": "http://a.example/", "body": "x", "credentials": "include", "mode": "cors", "headers": {"A": ""}}\n'
            ),
        ),
        "policy": SEEDS["policies"],
        "openapi": (
            *SEEDS["openapi-documents"],
            *((DATA / "openapi" / n).read_bytes() for n in ("fastapi.json", "nestjs.json", "drf-spectacular.yaml")),
        ),
        "curl": (*SEEDS["curl-lines"], *SEEDS["fetch-lines"]),
        "headers": (b"X-A: 1\nX-B: 2\n\nContent-Type: application/json\n",),
        "body": (b"a=1&b=2", b"\x89PNG\r\n\x1a\n"),
        "har": SEEDS["har-files"],
        "transcript": SEEDS["transcripts"],
        "console": SEEDS["console-texts"],
    }[kind]


def _reports() -> tuple[bytes, ...]:
    saved = saved_reports.saved(
        (ALLOWED, INVALID, PREFLIGHT_ONLY, REFUSED, WILDCARD), audits=(audit_samples.VULNERABLE, audit_samples.CLEAN)
    )
    return tuple(saved_reports.text(form, saved).encode() for form in ("json", "jsonl"))


def hostile(kind: str, seed: int) -> Iterator[bytes]:
    """Yield hostile inputs without end, the same ones for a seed."""
    chance = random.Random(f"{kind} {seed}")
    while True:
        data = chance.choice(good(kind))
        changed = _other_values(data, chance) if chance.random() < 0.6 else None
        yield changed if changed is not None else _gone_bad(data, chance)


def _gone_bad(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        to = min(at + chance.choice((0, 1, 5, 40)), len(data))
        way = chance.randrange(12)
        if way == 0:
            data = data[:at]
        elif way == 1:
            data = data[:at] + data[at:to] * chance.choice((2, 50, 500)) + data[to:]
        elif way == 2:
            data = data.decode("utf-8", "replace").encode(chance.choice(("utf-16", "utf-16-be", "utf-8-sig", "utf-32")))
        elif way == 3:
            data = data.replace(b"\n", chance.choice((b"\r\n", b"\r", b"")))
        else:
            data = data[:at] + chance.choice(PIECES) + data[to:]
    return data


def _other_values(data: bytes, chance: random.Random) -> bytes | None:
    """Return JSON or JSON Lines with some values replaced by others; None if it is neither."""
    try:
        documents = [json.loads(data)]
        one = True
    except ValueError:
        try:
            documents, one = [json.loads(line) for line in data.splitlines()], False
        except ValueError:
            return None
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        places = list(_places(chance.choice(documents)))
        if not places:
            return None
        holder, key = chance.choice(places)
        way = chance.randrange(10)
        if way == 0:
            del holder[key]
        elif way == 1 and isinstance(holder, list):
            holder.insert(key, deepcopy(chance.choice(_LEAVES)))
        elif way == 2:
            holder[key] = f"nested {chance.choice((10, 150, 300, 480, 900, 5000))} {chance.choice('los')}"
        else:
            holder[key] = deepcopy(chance.choice(_LEAVES))
    text = "\n".join(json.dumps(document, indent=chance.choice((None, 1)) if one else None) for document in documents)
    if chance.random() < 0.1:
        text = re.sub(r"(?<!nested )\b\d+\b", lambda m: chance.choice((m[0], "9" * 5000)), text, count=9)
    # json.dumps writes neither a number of thousands of digits nor deep values.
    return re.sub(r'"nested (\d+) (.)"', _nested, text).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in list(
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield value, key
        yield from _places(inner)


def _nested(marker: re.Match[str]) -> str:
    depth, before, after = int(marker[1]), *{"l": ("[", "]"), "o": ('{"a":', "}"), "s": ('{"items":', "}")}[marker[2]]
    return before * depth + "1" + after * depth
