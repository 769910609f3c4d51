"""``corscheck audit --app``: an application in process is audited like a server, by the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APP = "https://app.acme.io"

MODULE = """
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware


def fastapi(**options):
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_credentials=True, **options)

    @app.get("/data")
    def data():
        print("served")
        return {"secret": 1}

    return app


dots = fastapi(allow_origin_regex="https://app.acme.io")
local = fastapi(allow_origins=["https://app.acme.io", "http://localhost:3000"])
star = fastapi(allow_origins=["*"])
exact = fastapi(allow_origins=["https://app.acme.io"])


def suffix(environ, start_response):
    origin = environ.get("HTTP_ORIGIN", "")
    headers = [("Content-Type", "text/plain"), ("Vary", "Origin")]
    if environ["PATH_INFO"] == "/data" and origin.endswith("acme.io"):
        headers += [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
    start_response("200 OK", headers)
    return [b"secret"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(MODULE)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "corscheck", "audit", "--allowed-origin", APP, *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def found(done: subprocess.CompletedProcess[str]) -> list[list[tuple[str, str]]]:
    audits = json.loads(done.stdout)["audits"]
    return [[(f["code"], f["severity"]) for f in audit["findings"] if f["severity"] != "info"] for audit in audits]


@pytest.mark.parametrize(
    ("name", "status", "findings"),
    [
        ("dots", 1, [("CORS806", "high")]),
        ("suffix", 1, [("CORS804", "high")]),
        ("star", 1, [("CORS801", "high")]),
        # Where it will run is not known: a page of localhost is a finding, as it is on a server.
        ("local", 1, [("CORS816", "medium")]),
        ("exact", 0, []),
    ],
)
def test_a_fault_is_found_in_process(folder: Path, name: str, status: int, findings: list[tuple[str, str]]) -> None:
    done = run(folder, "--app", f"shop:{name}", "/data", "--json", "-")
    assert (done.returncode, found(done)) == (status, [findings]), done.stderr
    (audit,) = json.loads(done.stdout)["audits"]
    assert audit["url"] == "http://app.localhost/data"
    assert audit["requests"] <= (12 if name == "star" else 30)


def test_exit_statuses(folder: Path) -> None:
    dots = ("--app", "shop:dots", "/data", "-q")
    assert run(folder, *dots, "--fail-on", "never").returncode == 0
    assert run(folder, *dots, "--exit-zero").returncode == 0
    before = run(folder, *dots, "--json", "before.json")
    assert before.returncode == 1
    assert run(folder, *dots, "--baseline", "before.json").returncode == 0


def test_the_host_may_be_any(folder: Path) -> None:
    done = run(folder, "--app", "shop:suffix", "https://api.acme.io/data", "--json", "-")
    assert found(done) == [[("CORS804", "high")]]
    assert json.loads(done.stdout)["audits"][0]["url"] == "https://api.acme.io/data"


def test_targets_are_paths_too(folder: Path) -> None:
    (folder / "paths.txt").write_text("# what we serve\n/data\nhttp://app.localhost/other\n")
    done = run(folder, "--app", "shop:suffix", "--targets", "paths.txt", "--json", "-")
    assert found(done) == [[("CORS804", "high")], []]
    audits = json.loads(done.stdout)["audits"]
    assert [(a["url"], a["line"]) for a in audits] == [
        ("http://app.localhost/data", 2), ("http://app.localhost/other", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("shop:dots",), "Missing a path of the application"),
        (("shop:dots", "ws://app.localhost/ws"), "cannot be audited in process: start the application"),
        (("shop:dots", "wss://app.localhost/ws", "/data"), "cannot be audited in process"),
        (("shop:dots", "/data", "--dry-run"), "--dry-run has no use for an application"),
        (("shop:dots", "/data", "--via", "http://127.0.0.1:1"), "no network in between for --via"),
        (("shop:dots", "/data", "-x", "http://127.0.0.1:1"), "network options have no effect"),
        (("shop:nothing", "/data"), "has no attribute 'nothing'"),
        (("nowhere:app", "/data"), "nowhere"),
    ],
)
def test_what_cannot_be_asked_in_process_is_a_usage_error(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(folder, "--app", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "served" not in done.stderr
