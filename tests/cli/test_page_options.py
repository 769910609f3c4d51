"""``--upload-listener``, ``--coep`` and ``--secure-context``: on the command line, in targets, in policies, in reports.

What the engines do with them was recorded (groups ``upload`` and ``coep`` of ``tests/data/browser-truth``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fakes import Command
from tests.servers.raw import READ, RawServer

ALLOW = b"Access-Control-Allow-Origin: *\r\n"
REFUSED = b"HTTP/1.1 403 Forbidden\r\n" + ALLOW + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
FINE = b"HTTP/1.1 200 OK\r\n" + ALLOW + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
COEP_PAGE = ("--origin", "https://app.example", "--mode", "no-cors", "--coep", "require-corp")


@pytest.fixture(autouse=True)
def in_its_own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def by_engine(found: dict[str, Any]) -> dict[str, str]:
    return {name: found["engines"][name]["verdict"] for name in found["gate"]}


def test_an_upload_listener_forces_a_preflight(command: Command) -> None:
    with RawServer([READ, REFUSED]) as server:
        done = command("probe", server.url("/a"), "--origin", "http://app.example", "-d", "x", "--upload-listener",
                       "--no-diagnose", "--json", "-")  # fmt: skip
        (found,) = json.loads(done.stdout)["probes"]
    assert done.status == 1
    assert [r.split(b" ")[0] for r in server.requests] == [b"OPTIONS"]
    assert by_engine(found) == dict.fromkeys(("chromium", "firefox", "webkit"), "blocked")
    assert found["upload_listener"] is True


def test_without_a_body_chromium_sends_none(command: Command) -> None:
    """Chromium's GET goes out at once; Firefox and WebKit would ask first, so their preflight is sent as well, once."""
    with RawServer([READ, FINE], [READ, REFUSED]) as server:
        done = command("probe", server.url("/a"), "--origin", "http://app.example", "--upload-listener",
                       "--no-diagnose", "--json", "-")  # fmt: skip
        (found,) = json.loads(done.stdout)["probes"]
    assert done.status == 1
    assert [r.split(b" ")[0] for r in server.requests] == [b"GET", b"OPTIONS"]
    assert by_engine(found) == {"chromium": "allowed", "firefox": "blocked", "webkit": "blocked"}


@pytest.mark.parametrize(
    ("policy", "allowed"), [(b"", False), (b"cross-origin", True), (b"same-site", False), (b"same-origin", False)]
)
def test_require_corp(command: Command, policy: bytes, allowed: bool) -> None:
    head = b"Cross-Origin-Resource-Policy: " + policy + b"\r\n" if policy else b""
    with RawServer([READ, PLAIN.replace(b"\r\n\r\n", b"\r\n" + head + b"\r\n")]) as server:
        done = command("probe", server.url("/a"), *COEP_PAGE, "--no-diagnose", "--json", "-")
        (found,) = json.loads(done.stdout)["probes"]
    assert done.status == (0 if allowed else 1)
    assert set(by_engine(found).values()) == {"allowed" if allowed else "blocked"}
    assert found["reason"] is None if allowed else found["reason"]["code"] == "CORS308"


def test_the_table_names_what_is_missing(command: Command) -> None:
    with RawServer([READ, PLAIN]) as server:
        done = command("probe", server.url("/a"), *COEP_PAGE)
    text = " ".join(done.stdout.split())
    assert "COEP require-corp" in text
    assert "Cross-Origin-Resource-Policy is missing and the page requires it (COEP)" in text


@pytest.mark.parametrize(("options", "exit_code"), [((), 0), (("--secure-context",), 1)])
def test_a_null_page_in_https_pages(command: Command, options: tuple[str, ...], exit_code: int) -> None:
    """A sandboxed frame in an https page cannot ask http: nothing is sent."""
    with RawServer([READ, FINE]) as server:
        done = command("probe", "http://api.example/a", "--origin", "null", *options, "--via", server.url(""),
                       "--no-diagnose", "--json", "-")  # fmt: skip
        (found,) = json.loads(done.stdout)["probes"]
    assert done.status == exit_code
    assert len(server.requests) == 1 - exit_code
    assert exit_code == 0 or found["reason"]["code"] == "CORS202"
    assert set(by_engine(found).values()) == {"blocked" if exit_code else "allowed"}


def test_targets_and_resume(command: Command, tmp_path: Path) -> None:
    """A line of a report is a target again, with its options."""
    with RawServer([READ, PLAIN]) as server:
        command("probe", server.url("/a"), *COEP_PAGE, "--no-diagnose", "--jsonl", "r.jsonl")
        line = next(row for row in (tmp_path / "r.jsonl").read_text().splitlines() if '"url"' in row)
        (tmp_path / "targets").write_text(line.replace('"expected": "allowed"', '"expected": "blocked"') + "\n")
        done = command("probe", "--targets", "targets", "--no-diagnose", "--json", "-")
        (found,) = json.loads(done.stdout)["probes"]
    assert (found["coep"], found["mode"], found["verdict"]) == ("require-corp", "no-cors", "blocked")


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"upload_listener": "yes"}, "upload_listener must be true or false"), ({"coep": "x"}, "coep is 'x', not one of")],
)
def test_targets_that_are_wrong(command: Command, tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    (tmp_path / "targets").write_text(json.dumps({"url": "http://api.example/", **fields}) + "\n")
    done = command("probe", "--targets", "targets", "--origin", "https://app.example")
    assert (done.status, message in done.stderr) == (2, True)


def test_a_policy(command: Command, tmp_path: Path) -> None:
    with RawServer([READ, PLAIN], [READ, REFUSED]) as server:
        (tmp_path / "corscheck.toml").write_text(
            f'base-url = "{server.url("")}"\n[defaults]\norigins = ["https://app.example"]\n'
            '[[check]]\nname = "image"\nurls = ["/logo"]\nmode = "no-cors"\ncoep = "require-corp"\nexpect = "blocked"\n'
            '[[check]]\nname = "upload"\nurls = ["/upload"]\nmethods = ["POST"]\nbody = "x"\nupload-listener = true\n'
            'expect = "blocked"\n'
            '[[check]]\nname = "frame"\nurls = ["http://api.example/"]\norigins = ["null"]\nsecure-context = true\n'
            'because = "CORS202"\n'
        )
        done = command("run", "--json", "-")
    found = json.loads(done.stdout)["probes"]
    assert done.status == 0, done.stdout
    assert [(p["coep"], p["upload_listener"], p["secure_context"]) for p in found] == [
        ("require-corp", False, False),
        ("unsafe-none", True, False),
        ("unsafe-none", False, True),
    ]
