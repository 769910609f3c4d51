"""Records a real Chromium as a HAR: the ``Network`` events of its DevTools protocol, put together as its devtools do.

``python -m tests.browsers.har FILE`` records the demo's endpoints again. What devtools' export does with the events (which
header list counts, what becomes of the status, of redirects and of preflights) is described in tests/data/har/README.md.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from corscheck.browsers import BrowserSession
from corscheck.browsers.chromium import ChromiumDriver
from corscheck.cli.demo.endpoints import ENDPOINTS
from corscheck.cli.demo.server import DemoServer
from corscheck.model.result import Observation
from corscheck.model.values import Probe
from corscheck.transports.base import NetworkOptions


class Recorder:
    """Takes the events of a driver and makes a HAR of them."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def watch(self, driver: ChromiumDriver) -> None:
        """Listen beside the driver itself: its channel calls the method that was given to it."""
        channel = driver._channel
        assert channel is not None
        hear = channel._on_event

        def event(message: dict[str, Any]) -> None:
            if message["method"].startswith("Network."):
                self.events.append((message["method"].removeprefix("Network."), message["params"]))
            hear(message)

        channel._on_event = event

    def har(self, version: str, *, secrets: bool = True) -> dict[str, Any]:
        """The HAR. Without secrets it lacks what Chrome's ordinary export lacks."""
        entries = [_entry(r, secrets=secrets) for r in _requests(self.events) if r["url"].startswith("http")]
        entries.sort(key=lambda e: e["startedDateTime"])
        return {
            "log": {
                "version": "1.2",
                "creator": {"name": "WebInspector", "version": "537.36"},
                "browser": {"name": "Chromium", "version": version},
                "pages": [],
                "entries": entries,
            }
        }


def _requests(events: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The requests, a redirect's hops apart, with the extra info that belongs to each."""
    done: list[dict[str, Any]] = []
    open_: dict[str, dict[str, Any]] = {}
    extras: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name, params in events:
        if name.endswith("ExtraInfo"):
            kind = "sent" if name.startswith("request") else "came"
            extras.setdefault(params["requestId"], {"sent": [], "came": []})[kind].append(params)
    hops: dict[str, int] = {}
    for name, params in events:
        key = params.get("requestId", "")
        if name == "requestWillBeSent":
            if key in open_:
                open_[key]["response"] = params.get("redirectResponse")
                hops[key] = hops.get(key, 0) + 1
            request = params["request"]
            hop = hops.get(key, 0)
            mine = extras.get(key, {"sent": [], "came": []})
            open_[key] = {
                "url": request["url"], "request": request, "type": params.get("type", "Other"), "wall": params["wallTime"],
                "start": params["timestamp"], "end": params["timestamp"], "initiator": params["initiator"], "error": None,
                "response": None, "sent": mine["sent"][hop] if hop < len(mine["sent"]) else None,
                "came": mine["came"][hop] if hop < len(mine["came"]) else None,
            }  # fmt: skip
            done.append(open_[key])
        elif key in open_ and name == "responseReceived":
            open_[key]["response"] = params["response"]
            open_[key]["end"] = params["timestamp"]
        elif key in open_ and name in ("loadingFinished", "loadingFailed"):
            open_[key]["end"] = params["timestamp"]
            open_[key]["error"] = params.get("errorText")
    return done


def _entry(found: dict[str, Any], *, secrets: bool) -> dict[str, Any]:
    request, response = found["request"], found["response"] or {}
    sent = (found["sent"] or request)["headers"]
    came = (found["came"] or response).get("headers", {})
    status = (found["came"] or {}).get("statusCode") or response.get("status", 0)
    preflight = found["initiator"]["type"] == "preflight"
    body = request.get("postData")
    data = {"postData": {"mimeType": sent.get("Content-Type", ""), "text": body}} if body is not None else {}
    initiator = {k: v for k, v in found["initiator"].items() if k in ("type", "url", "requestId", "stack")}
    if preflight:
        initiator["requestId"] = "of the request"
    took = round((found["end"] - found["start"]) * 1000, 3)
    return {
        "_initiator": initiator,
        "_resourceType": "preflight" if preflight else found["type"].lower(),
        "cache": {},
        "request": {
            "method": request["method"],
            "url": found["url"],
            "httpVersion": "http/1.1",
            "headers": _headers(sent, secrets=secrets),
            "queryString": [{"name": n, "value": v} for n, v in parse_qsl(urlsplit(found["url"]).query, True)],
            "cookies": [],
            "headersSize": -1,
            "bodySize": len(body) if body is not None else 0,
            **data,
        },
        "response": {
            "status": status,
            "statusText": response.get("statusText", ""),
            "httpVersion": "http/1.1" if status else "",
            "headers": _headers(came, secrets=secrets),
            "cookies": [],
            "content": {"size": 0, "mimeType": response.get("mimeType") or "x-unknown"},
            "redirectURL": next((v for n, v in came.items() if n.lower() == "location"), ""),
            "headersSize": -1,
            "bodySize": -1,
            "_transferSize": 0,
            "_error": found["error"],
        },
        "startedDateTime": _time(found["wall"]),
        "time": took,
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": took, "receive": 0},
    }


def _headers(found: dict[str, str], *, secrets: bool) -> list[dict[str, str]]:
    """Repeated fields come joined by newlines; devtools takes them apart again."""
    hidden = () if secrets else ("cookie", "set-cookie", "authorization")
    return [
        {"name": name, "value": part}
        for name, value in found.items()
        for part in value.split("\n")
        if name.lower() not in hidden
    ]


def _time(wall: float) -> str:
    moment = datetime.datetime.fromtimestamp(wall, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def demo_probes(base: str) -> list[Probe]:
    """The demo's endpoints as probes: a browser is let loose on them, they change nothing."""
    return [
        Probe(
            base + e.path,
            e.origin,
            e.method,
            e.headers,
            e.credentials,
            send="always",
            body=b"" if e.method == "POST" else None,
        )
        for e in ENDPOINTS
    ]


async def record(probes: list[Probe]) -> tuple[Recorder, list[Observation], str]:
    """Run probes in Chromium and record them; what it was seen to do stands beside."""
    recorder = Recorder()
    async with BrowserSession(probes, "chromium", NetworkOptions(timeout=20.0)) as session:
        recorder.watch(session._driver)  # type: ignore[arg-type]
        seen = [await session.ask(probe) for probe in probes]
        return recorder, seen, session.version


def main(path: str) -> None:
    """Record the demo's endpoints. Pages and marks of the test set-up itself are left out."""
    with DemoServer() as demo:
        probes = demo_probes(demo.url)
        recorder, seen, version = asyncio.run(record(probes))
        har = recorder.har(version)
        bases = {demo.url: "http://localhost:8765", demo.other_url: "http://localhost:8766"}
        har["log"]["entries"] = [e for e in har["log"]["entries"] if e["request"]["url"].startswith(tuple(bases))]
        har["log"]["comment"] = "as seen: " + ", ".join(
            f"{p.method} {p.url.removeprefix(demo.url)} {o.verdict}" for p, o in zip(probes, seen, strict=True)
        )
    text = json.dumps(har, indent=1, ensure_ascii=False)
    for base, shown in bases.items():
        text = text.replace(base, shown).replace(base.partition("://")[2], shown.partition("://")[2])
    Path(path).write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
