"""``corscheck explain``: codes, steps, console texts from arguments and standard input, and asking again."""

from __future__ import annotations

import json

import pytest

from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.diagnosis.topics.registry import TOPICS
from corscheck.diagnosis.topics.topic import Topic
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
    (record,) = json.loads(command("explain", "CORS601", "--format", "json").stdout)
    assert {"code", "kind", "title", "severity", "step", "explanation", "example", "advice", "help", "since"} <= set(
        record
    )
    assert len(json.loads(command("explain", "--list", "--format", "json").stdout)) == len(RECORDS)


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
    assert "This message is from Firefox." in done.stdout
    assert "CORS401" in done.stdout
    assert "--origin ORIGIN" in done.stdout  # Firefox does not say who asked


def test_a_text_as_json(command: Command) -> None:
    found = json.loads(command("explain", "--format", "json", CHROME.format(url="http://api.example/data")).stdout)
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
        (("gibberish",), "not a known console message"),
        (("Access to fetch at 'http://a",), "stops before it says why"),
        ((), "there is no text"),
        (("--list", "CORS301"), "--list shows all codes"),
        (("--probe", "CORS301"), "a code does not name one"),
        (("--probe", PREFLIGHT.format(url="http://a.example/")), "add --origin"),
        (("--probe", "Preflight response is not successful. Status code: 405"), "names no URL"),
        (("--probe", "--format", "json", CHROME.format(url="http://a.example/")), "exclude each other"),
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
    assert "tested with Content-Type: application/json" in done.stdout
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


def test_what_is_no_cors_error_is_said_so(command: Command) -> None:
    done = command("explain", "GET https://ads.example/x.js net::ERR_BLOCKED_BY_CLIENT")
    assert done.status == 0
    assert "  url    https://ads.example/x.js" in done.stdout
    assert "Not CORS" in done.stdout
    assert "an ad blocker" in done.stdout
    assert "corscheck probe" not in done.stdout
    network = command("explain", "GET http://localhost:9/ net::ERR_CONNECTION_REFUSED").stdout
    assert "This says nothing about CORS" in " ".join(network.split())


def test_what_to_click(command: Command) -> None:
    said = command("explain", "Permission was denied for this request to access the `local` address space.").stdout
    assert 'set "Local network access" to Allow' in " ".join(said.split())


def test_several_messages_are_several_answers(command: Command) -> None:
    text = "\n".join(CHROME.format(url=f"http://api.example/{name}") for name in ("a", "b"))
    said = command("explain", text).stdout
    assert said.startswith("1 of 2\nThis message is from Chrome")
    assert "\n\n\n2 of 2\nThis message is from Chrome" in said
    assert "corscheck probe http://api.example/a " in said
    assert "corscheck probe http://api.example/b " in said
    plain = json.loads(command("explain", "--format", "json", text).stdout)
    assert [answer["messages"][0]["url"] for answer in plain["answers"]] == [
        "http://api.example/a",
        "http://api.example/b",
    ]


def test_several_messages_are_asked_one_after_the_other(command: Command) -> None:
    with RawServer((READ, lambda request: OPEN if request.startswith(b"GET /open") else BARE)) as server:
        text = "\n".join(CHROME.format(url=f"{server.url}/{name}") for name in ("bare", "open"))
        done = command("explain", "--probe", text)
    assert done.stdout.count("REPRODUCED") == 2
    assert "NOT REPRODUCED" in done.stdout
    assert done.status == 1


def test_many_places_are_listed_briefly(command: Command) -> None:
    said = command("explain", "CORS Failed").stdout
    assert "This message can mean 15 different errors" in said
    assert "     fix" not in said


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_every_topic(command: Command, topic: Topic) -> None:
    done = command("explain", topic.name)
    assert (done.status, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert topic.title in " ".join(done.stdout.split())
    assert "  fix    " in done.stdout
    assert f"  see    {topic.source}" in lines
    assert max(len(line) for line in lines if not line.startswith("  see ")) <= 80


def test_a_topic_as_json(command: Command) -> None:
    assert json.loads(command("explain", "max-age", "--format", "json").stdout)["name"] == "Access-Control-Max-Age"


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        (("max-age",), "Access-Control-Max-Age:"),
        (("preflight",), "preflight:"),
        (("credentials",), "credentials:"),
        (("websocket",), "WebSocket:"),
        (("Access-Control-Allow-Credentials",), "Access-Control-Allow-Credentials:"),
        (("access-control-allow-origin: *",), "Access-Control-Allow-Origin:"),
        (("Simple", "request"), "simple request:"),
        (("'null'",), "null:"),
    ],
)
def test_topics_by_what_people_call_them(command: Command, asked: tuple[str, ...], title: str) -> None:
    assert command("explain", *asked).stdout.startswith(title)


def test_a_misspelt_topic_names_the_right_one(command: Command) -> None:
    done = command("explain", "prefligth")
    assert done.status == 2
    assert "corscheck explain 'preflight'" in done.stderr
