"""A copied text held against the request that it is a copy of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from corscheck.sources import curl, jsfetch
from corscheck.sources.found import FoundRequest, SourceError


def rows(sample: Path) -> list[dict[str, Any]]:
    """The rows of a recorded sample."""
    return list(json.loads(sample.read_text("utf-8")))


def _no_file(path: str) -> bytes:
    raise SourceError(f"cannot read {path}")


def complaints(request: dict[str, Any], text: str, kind: str) -> list[str]:
    """In what the text, read by corscheck, differs from the request."""
    found = list(curl.parse(text, _no_file, {}) if kind == "curl" else jsfetch.parse(text))
    if len(found) != 1:
        return [f"{len(found)} requests"]
    (asked,) = found
    told = {name.lower(): value for name, value in request["headers"]}
    expected: dict[str, Any] = {
        "url": request["url"],
        "method": request["method"],
        # Without an Origin (no-cors) the Referer names the page.
        "origin": told.get("origin") or (told["referer"].rstrip("/") if "referer" in told else None),
        "body": None if request["body"] is None else request["body"].encode(),
        # What script set, of what went out: the rest the browser adds by itself.
        "headers": {
            n: v for n, v in told.items() if n in ("content-type", "x-tenant", "authorization", "x-requested-by")
        },
    }
    if kind != "fetch":
        # fetch() in a page cannot set cookies: the text says include instead.
        expected["cookies"] = told.get("cookie")
    return [
        f"{name}: {_of(asked, name)!r}, not {value!r}" for name, value in expected.items() if _of(asked, name) != value
    ]


def _of(asked: FoundRequest, name: str) -> Any:
    if name != "headers":
        return getattr(asked, name)
    # Safelisted, and what the browser would send anyway: nobody can tell who set it, and no verdict depends on it.
    return {n.lower(): v for n, v in asked.headers if n.lower() != "accept-language"}
