"""What is typed becomes the probes that were meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corscheck.model.values import Probe
from tests.cli.fakes import Command, Runner

TEXT = ("Content-Type", "text/plain;charset=UTF-8")


def test_the_defaults(command: Command, fake: Runner) -> None:
    assert command.probe().status == 0
    assert fake.probe == Probe("http://api.example/data", "https://app.example")
    assert fake.options is not None
    assert fake.options.network.timeout == 10.0
    assert fake.options.diagnose
    assert not fake.asynchronous


@pytest.mark.parametrize(
    ("argv", "fields"),
    [
        (("-X", "PUT"), {"method": "PUT"}),
        (("--method", "patch"), {"method": "patch"}),
        (("-H", "X-A: 1"), {"headers": (("X-A", "1"),)}),
        (("-H", "X-A:1", "-H", "x-a:  2 "), {"headers": (("X-A", "1"), ("x-a", "2"))}),
        (("-H", "X-A:"), {"headers": (("X-A", ""),)}),
        (("-H", "X-A;"), {"headers": (("X-A", ""),)}),
        (("-H", "X-Time: 10:20"), {"headers": (("X-Time", "10:20"),)}),
        (("-H", "X-A: é"), {"headers": (("X-A", "é"),)}),
        (("-H", "X-A: \udce9"), {"headers": (("X-A", "é"),)}),
        (("-d", "a=1"), {"method": "POST", "body": b"a=1", "body_asked": True, "headers": (TEXT,)}),
        (("-d", "a=1", "-d", "b=2"), {"body": b"a=1&b=2"}),
        (("-d", ""), {"method": "POST", "body": b""}),
        (("-d", "x", "-X", "PUT"), {"method": "PUT", "body": b"x"}),
        (("-d", "{}", "-H", "content-type: application/json"), {"headers": (("content-type", "application/json"),)}),
        (("--credentials", "omit"), {"credentials": "omit"}),
        (("-b", "a=1"), {"cookies": "a=1", "credentials": "include"}),
        (("-b", "a=1", "-b", "b=2;"), {"cookies": "a=1; b=2"}),
        (("-u", "me:p:w"), {"user": "me", "password": "p:w", "credentials": "include"}),
        (("-u", "me:"), {"user": "me", "password": ""}),
        (("-u", "me:pw", "--credentials", "omit"), {"credentials": "omit", "user": "me"}),
        (("--mode", "no-cors"), {"mode": "no-cors"}),
        (("--redirect", "manual"), {"redirect": "manual"}),
        (("--send", "always"), {"send": "always"}),
        (("--send", "never"), {"send": "never"}),
        (("--engine", "firefox"), {"engine": "firefox", "gate": ("firefox",)}),
        (
            ("--engine", "standard", "--engine", "chromium", "--engine", "standard"),
            {"engine": "standard", "gate": ("standard", "chromium")},
        ),
        (("--via", "http://api:8000/"), {"via": "http://api:8000"}),
        (("--via", "https://API:443"), {"via": "https://api"}),
    ],
)
def test_options_of_the_probe(argv: tuple[str, ...], fields: dict[str, Any], command: Command, fake: Runner) -> None:
    done = command.probe(*argv)
    assert done.status == 0, done.stderr
    assert {name: getattr(fake.probe, name) for name in fields} == fields


@pytest.mark.parametrize("verdict", ["allowed", "blocked", "invalid"])
def test_expect(verdict: str, command: Command, fake: Runner) -> None:
    url = f"http://api.example/{verdict}"
    assert command("probe", url, "--origin", "https://app.example", "--expect", verdict).status == 0
    assert fake.probe.expected == verdict


@pytest.mark.parametrize(
    ("argv", "fields"),
    [
        (("-k",), {"verify": False}),
        (("-x", "http://p:1"), {"proxy": "http://p:1"}),
        (("--noproxy", "*"), {"noproxy": "*"}),
        (
            ("--cacert", "ca.pem", "--cert", "c.pem", "--key", "k.pem"),
            {"cacert": "ca.pem", "cert": "c.pem", "key": "k.pem"},
        ),
        (("--resolve", "a:1:127.0.0.1", "--resolve", "b:1:::1"), {"resolve": ("a:1:127.0.0.1", "b:1:::1")}),
        (("--connect-to", "::b:2"), {"connect_to": ("::b:2",)}),
        (("--unix-socket", "/run/s"), {"unix_socket": "/run/s"}),
        (("-m", "2.5"), {"timeout": 2.5}),
        (("--http2",), {"http2": True}),
        (("-4",), {"ip_version": 4}),
        (("-6",), {"ip_version": 6}),
        (("-A", "me/1"), {"user_agent": "me/1"}),
    ],
)
def test_network_options(argv: tuple[str, ...], fields: dict[str, Any], command: Command, fake: Runner) -> None:
    assert command.probe(*argv).status == 0
    assert fake.options is not None
    assert {name: getattr(fake.options.network, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("argv", "fields"),
    [
        ((), {"concurrency": 8, "concurrency_total": None, "rate": None, "retry": 0, "wait_for": 0.0}),
        (("--concurrency", "3"), {"concurrency": 3, "concurrency_total": 3}),
        (("--rate", "10/s"), {"rate": 10.0}),
        (("--rate", "30/m"), {"rate": 0.5}),
        (("--rate", "3600/h"), {"rate": 1.0}),
        (("--rate", "86400/d"), {"rate": 1.0}),
        (("--retry", "2"), {"retry": 2}),
        (("--wait-for", "30"), {"wait_for": 30.0}),
        (("--show-secrets",), {"show_secrets": True}),
        (("--no-diagnose",), {"diagnose": False}),
    ],
)
def test_run_options(argv: tuple[str, ...], fields: dict[str, Any], command: Command, fake: Runner) -> None:
    assert command.probe(*argv).status == 0
    assert fake.options is not None
    assert {name: getattr(fake.options, name) for name in fields} == fields


def test_a_matrix(command: Command, fake: Runner) -> None:
    done = command(
        "probe", "http://a.example/", "http://b.example/", "--origin", "https://x.example", "--origin", "null",
        "-X", "GET", "-X", "PUT", "-X", "GET",
    )  # fmt: skip
    assert done.status == 0
    assert fake.asynchronous
    assert [(p.index, p.url, p.origin, p.method) for p in fake.probes] == [
        (0, "http://a.example/", "https://x.example", "GET"),
        (1, "http://a.example/", "https://x.example", "PUT"),
        (2, "http://a.example/", "null", "GET"),
        (3, "http://a.example/", "null", "PUT"),
        (4, "http://b.example/", "https://x.example", "GET"),
        (5, "http://b.example/", "https://x.example", "PUT"),
        (6, "http://b.example/", "null", "GET"),
        (7, "http://b.example/", "null", "PUT"),
    ]


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("api.example/x", "https://api.example/x"),
        ("localhost:8000/x", "http://localhost:8000/x"),
        ("127.0.0.1", "http://127.0.0.1"),
    ],
)
def test_a_target_without_scheme(typed: str, url: str, command: Command, fake: Runner) -> None:
    done = command("probe", typed, "--origin", "https://app.example")
    assert fake.probe.url == url
    assert done.stderr == f"corscheck: {typed} has no scheme: taken as {url}\n"


@pytest.mark.parametrize("url", ["ftp://a.example/", "data:text/plain,x", "about:blank", "HTTP://a.example/"])
def test_a_scheme_is_left_alone(url: str, command: Command, fake: Runner) -> None:
    done = command("probe", url, "--origin", "https://app.example")
    assert fake.probe.url == url
    assert done.stderr == ""


def test_headers_and_bodies_from_files(command: Command, fake: Runner, tmp_path: Path) -> None:
    headers = tmp_path / "headers"
    headers.write_bytes("X-A: 1\r\n\r\nX-B: é\nX-C: a:b".encode())
    body = tmp_path / "body"
    body.write_bytes(b"one\r\ntwo\n\0")
    assert command.probe("-H", f"@{headers}", "-H", "X-D: 4", "-d", f"@{body}", "-d", "x").status == 0
    assert fake.probe.headers == (("X-A", "1"), ("X-B", "é"), ("X-C", "a:b"), ("X-D", "4"), TEXT)
    assert fake.probe.body == b"onetwo&x"


def test_standard_input(command: Command, fake: Runner) -> None:
    assert command.probe("-d", "@-", stdin=b"\xff from stdin\n").status == 0
    assert fake.probe.body == b"\xff from stdin"


def test_the_first_line_says_why_credentials_are_included(command: Command, fake: Runner) -> None:
    said = command.probe("-u", "me:pw").stdout.splitlines()[1]
    assert said == "from https://app.example, credentials include (implied by -u), as Chromium"
    assert "(implied" not in command.probe("-u", "me:pw", "--credentials", "include").stdout
    assert "(implied by -b and -u)" in command.probe("-u", "me:pw", "-b", "a=1").stdout


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example", "http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:3000", "null",
        "https://xn--bcher-kva.example", "capacitor://localhost", "moz-extension://4a9c8a0e-0000", "app://x",
    ],
)  # fmt: skip
def test_good_origins(origin: str, command: Command, fake: Runner) -> None:
    assert command("probe", "http://a.example/", "--origin", origin).status == 0
    assert fake.probe.origin == origin
