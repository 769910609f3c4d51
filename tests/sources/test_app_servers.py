"""Frameworks as they are: in process they give what they give over a real server, verdict by verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corscheck.diagnosis.remedies.code import as_code
from corscheck.diagnosis.remedies.registry import find
from corscheck.diagnosis.remedies.wanted import from_probes
from corscheck.model.values import Probe
from tests.servers.frameworks import FRAMEWORKS, FrameworkServer

pytestmark = pytest.mark.framework

ROOT = Path(__file__).resolve().parents[2]
PAGE = "https://app.example.com"

_DJANGO = """
import os

os.environ["DJANGO_SETTINGS_MODULE"] = "project_settings"
from django.core.{kind} import get_{kind}_application

app = get_{kind}_application()
"""

WAYS = {
    "fastapi": ("fastapi", "app:app", {}),
    "starlette": ("starlette", "app:app", {}),
    "litestar": ("litestar", "app:app", {}),
    "flask": ("flask", "app:app", {}),
    "django-wsgi": ("django", "served:app", {"served.py": _DJANGO.format(kind="wsgi")}),
    "django-asgi": ("django", "served:app", {"served.py": _DJANGO.format(kind="asgi")}),
}
"""A name for each way: the framework, what ``--app`` gets, and files beside the framework's own."""

OF_THE_SERVER = {"date", "server", "connection", "transfer-encoding", "content-length"}
"""Headers that a server adds or leaves out by itself."""


def asked(url: str, *more: str) -> list[dict[str, Any]]:
    """The probes of a matrix that meets preflights, refusals, missing pages and exceptions."""
    arguments = [f"{url}{path}" for path in ("/data", "/broken", "/nowhere")]
    arguments += ["--origin", PAGE, "--origin", "https://evil.example", "-X", "GET", "-X", "PUT", "-X", "DELETE"]
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", "probe", *arguments, "-H", "X-Tenant: 7", "--json", "-", *more],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=90,
    )
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr
    return list(json.loads(done.stdout)["probes"])


def essence(probe: dict[str, Any]) -> dict[str, Any]:
    """What both ways must agree in."""
    return {
        "asked": (probe["url"], probe["origin"], probe["method"]),
        "verdict": (probe["verdict"], probe["complete"], probe["reason"] and probe["reason"]["code"]),
        "engines": {name: (e["verdict"], e["code"]) for name, e in probe["engines"].items()},
        "exchanges": [
            (e["kind"], e["request"]["method"], e["response"] and e["response"]["status"], _cors(e["response"]))
            for e in probe["exchanges"]
        ],
        "readable": set(probe["readable_headers"]) - OF_THE_SERVER,
        "cached": probe["preflight"]["cache_seconds"],
    }


def _cors(response: dict[str, Any] | None) -> list[tuple[str, str]]:
    headers = response["headers"] if response is not None else []
    wanted = [(name.lower(), value) for name, value in headers if name.lower().startswith(("access-control-", "vary"))]
    return sorted(wanted)


@pytest.mark.parametrize("way", WAYS)
def test_in_process_is_as_over_a_server(way: str, tmp_path: Path) -> None:
    name, spelled, files = WAYS[way]
    framework = FRAMEWORKS[name]
    if framework.missing:
        assert not os.environ.get("CI"), f"{framework.missing} must be installed where CI runs"
        pytest.skip(f"{', '.join(framework.missing)} not installed")
    probes = [Probe("", PAGE, method=method, headers=(("X-Tenant", "7"),)) for method in ("GET", "PUT")]
    fix = as_code(find(name), from_probes(probes, ["X-Total-Count"], 600))
    for file, text in {**framework.files(fix), **files}.items():
        (tmp_path / file).write_text(text, "utf-8")
    with FrameworkServer(framework, fix) as server:
        live = [essence(probe) for probe in asked(server.url)]
        inside = [essence(probe) for probe in asked(server.url, "--app", spelled, "--app-dir", str(tmp_path))]
    assert {probe["verdict"][0] for probe in live} == {"allowed", "blocked"}, "a matrix that tells something"
    assert inside == live
