"""``corscheck explain``: codes, steps, console texts from arguments and standard input, and asking again."""

from __future__ import annotations

import json

import pytest

from corscheck.diagnosis.codes.registry import RECORDS
from tests.cli.fakes import Command
from tests.servers.raw import READ, RawServer

CHROME = (
    "Access to fetch at '{url}' from origin 'http://app.example' has been blocked by CORS policy: "
    "No 'Access-Control-Allow-Origin' header is present on the requested resource."
)
PREFLIGHT = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. (Reason: "
    "CORS preflight response did not succeed). Status code: 405."
)
BARE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
OPEN = BARE.replace(b"OK\r\n", b"OK\r\nAccess-Control-Allow-Origin: *\r\n", 1)
REFUSED = BARE.replace(b"200 OK\r\n", b"405 No\r\nAccess-Control-Allow-Origin: *\r\n", 1)


@pytest.mark.parametrize("code", RECORDS)
def test_every_code(command: Command, code: str) -> None:
    done = command("explain", code.lower())
    assert done.status == 0
    head = " ".join(done.stdout.partition("\n\n")[0].split())
    assert head == f"{code} {RECORDS[code].title} ({RECORDS[code].step})"
    assert "  fix    " in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if "://" not in line) <= 80


def test_a_step_is_all_its_codes(command: Command) -> None:
    done = command("explain", "cors-check:4")
    heads = [line[:7] for line in done.stdout.splitlines() if line.startswith("CORS")]
    assert heads == ["CORS302", "CORS303", "CORS304", "CORS305", "CORS306"]


def test_list(command: Command) -> None:
    done = command("explain", "--list")
    assert [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  CORS")] == sorted(
        RECORDS, key=lambda code: (["step", "cause", "remark", "audit"].index(RECORDS[code].kind), code)
    )


def test_json(command: Command) -> None:
    (record,) = json.loads(command("explain", "CORS601", "--json").stdout)
    assert {"code", "kind", "title", "severity", "step", "explanation", "example", "advice", "help", "since"} <= set(
        record
    )
    assert len(json.loads(command("explain", "--list", "--json").stdout)) == len(RECORDS)


def test_a_text_as_an_argument(command: Command) -> None:
    done = command("explain", CHROME.format(url="http://api.example/data"))
    assert done.status == 0
    assert "CORS301   Access-Control-Allow-Origin is missing (cors-check:2)" in done.stdout
    assert "corscheck probe http://api.example/data --origin http://app.example" in done.stdout
    # The preflight did not fail, so nothing about preflights is suspected.
    assert "OPTIONS is not routed" not in done.stdout


def test_a_text_on_standard_input(command: Command) -> None:
    text = PREFLIGHT.format(url="http://api.example/data").replace("remote ", "remote\n")
    done = command("explain", stdin=text.encode())
    assert done.status == 0
    assert "This is Firefox." in done.stdout
    assert "CORS401" in done.stdout
    assert "--origin ORIGIN" in done.stdout  # Firefox does not say who asked


def test_a_text_as_json(command: Command) -> None:
    found = json.loads(command("explain", "--json", CHROME.format(url="http://api.example/data")).stdout)
    assert found["codes"] == ["CORS301"]
    assert found["steps"] == ["cors-check:2"]
    assert found["messages"][0]["url"] == "http://api.example/data"
    assert "CORS621" in found["causes"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("CORS399",), "there is no code CORS399; there are CORS301"),
        (("CORS000",), "there is no code CORS000"),
        (("cors-check:77",), "no code belongs to the step"),
        (("gibberish",), "no console message that is known"),
        (("Access to fetch at 'http://a",), "stops before it says why"),
        (("TypeError: Failed to fetch",), "what script sees"),
        ((), "there is no text"),
        (("--list", "CORS301"), "--list shows all codes"),
        (("--probe", "CORS301"), "a code names no URL"),
        (("--probe", PREFLIGHT.format(url="http://a.example/")), "add --origin"),
        (("--probe", "Preflight response is not successful. Status code: 405"), "names no URL"),
        (("--probe", "--json", CHROME.format(url="http://a.example/")), "exclude each other"),
        (("--probe", "--origin", "http://a.example/", PREFLIGHT.format(url="http://a.example/")), "Probably meant"),
    ],
)
def test_what_cannot_be_explained(command: Command, argv: tuple[str, ...], said: str) -> None:
    done = command("explain", *argv)
    assert done.status == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_probe_reproduces(command: Command) -> None:
    with RawServer((READ, BARE)) as server:
        done = command("explain", "--probe", CHROME.format(url=server.url("/data")))
    assert done.status == 0, done.stderr
    assert "REPRODUCED  It is CORS301." in done.stdout
    assert "  cause  " in done.stdout
    assert server.requests[0].startswith(b"GET /data ")
    assert b"\r\nOrigin: http://app.example\r\n" in server.requests[0]


def test_probe_says_when_it_is_mended(command: Command) -> None:
    with RawServer((READ, OPEN)) as server:
        done = command("explain", "--probe", CHROME.format(url=server.url("/data")))
    assert done.status == 1
    assert "NOT REPRODUCED  Asked like this it is allowed." in done.stdout


def test_probe_of_a_preflight_that_does_not_say_why(command: Command) -> None:
    with RawServer((READ, REFUSED)) as server:
        done = command(
            "explain", "--probe", "--origin", "http://app.example", PREFLIGHT.format(url=server.url("/data"))
        )
    assert done.status == 0, done.stderr
    assert "asked with Content-Type: application/json" in done.stdout
    assert b"access-control-request-headers: content-type" in server.requests[0].lower()
    assert "REPRODUCED  It is CORS401." in done.stdout


def test_probe_never_sends_what_may_change_data(command: Command) -> None:
    text = (
        "Access to fetch at '{url}' from origin 'http://app.example' has been blocked by CORS policy: "
        "Method DELETE is not allowed by Access-Control-Allow-Methods in preflight response."
    )
    with RawServer((READ, OPEN.replace(b"OK\r\n", b"OK\r\nAccess-Control-Allow-Methods: DELETE\r\n", 1))) as server:
        done = command("explain", "--probe", text.format(url=server.url("/data")))
    assert done.status == 1
    assert [r.split(b" ")[0] for r in server.requests] == [b"OPTIONS"]


def test_nobody_there(command: Command) -> None:
    import socket

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        assert command("explain", "--probe", CHROME.format(url=url)).status == 3
