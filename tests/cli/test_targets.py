"""``--targets``: what a file may hold, and how its mistakes are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corscheck.model.values import Probe
from tests.cli.fakes import Command, Runner
from tests.report import samples

PAGE = "https://app.example"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "targets.txt"


def test_urls(file: Path, command: Command, fake: Runner) -> None:
    file.write_text("\ufeffhttp://a.example/\n\n  # a comment\r\napi.example/x\r\n  http://b.example/  ")
    done = command("probe", "http://first.example/", "--targets", str(file), "--origin", PAGE)
    assert [p.url for p in fake.probes] == [
        "http://first.example/", "http://a.example/", "https://api.example/x", "http://b.example/",
    ]  # fmt: skip
    assert [p.index for p in fake.probes] == [0, 1, 2, 3]
    assert done.stderr == "corscheck: api.example/x has no scheme: taken as https://api.example/x\n"
    assert done.status == 0


def test_standard_input(command: Command, fake: Runner) -> None:
    done = command("probe", "--targets", "-", "--origin", PAGE, stdin=b"http://a.example/\nhttp://b.example/\n")
    assert [p.url for p in fake.probes] == ["http://a.example/", "http://b.example/"]
    assert done.status == 0


def test_a_probe_object(file: Path, command: Command, fake: Runner) -> None:
    file.write_text(
        json.dumps({
            "url": "http://a.example/blocked", "origin": "null", "method": "PUT",
            "headers": [["X-A", "1"], ["X-A", "2"]],
            "credentials": "include", "redirect": "error", "mode": "cors", "body": "é", "expected": "blocked",
        })
    )  # fmt: skip
    assert command("probe", "--targets", str(file)).status == 0
    assert fake.probe == Probe(
        url="http://a.example/blocked", origin="null", method="PUT", headers=(("X-A", "1"), ("X-A", "2")),
        credentials="include", redirect="error", mode="cors", body="é".encode(), expected="blocked",
    )  # fmt: skip


def test_what_a_line_leaves_open_the_command_line_decides(file: Path, command: Command, fake: Runner) -> None:
    file.write_text(
        '{"url": "http://a.example/", "headers": {"x-a": "own"}}\n{"url": "http://b.example/", "body": "own"}\n'
    )
    argv = (
        "--origin",
        PAGE,
        "-X",
        "PUT",
        "-H",
        "X-A: common",
        "-H",
        "X-B: common",
        "-d",
        "typed",
        "--expect",
        "blocked",
    )
    command("probe", "--targets", str(file), *argv)
    first, second = fake.probes
    assert first.headers == (("X-B", "common"), ("Content-Type", "text/plain;charset=UTF-8"), ("x-a", "own"))
    assert (first.method, first.origin, first.expected) == ("PUT", PAGE, "blocked")
    assert (first.body, first.body_asked) == (b"typed", True)
    # A body out of a file was not typed on the command line: it does not count as asking to send it.
    assert (second.body, second.body_asked) == (b"own", False)


def test_a_report_is_a_list_of_targets(file: Path, command: Command, fake: Runner) -> None:
    lines = [{"schema_version": "1.0", "tool": {}}, samples.ALLOWED.to_dict(), {"summary": {}}]
    file.write_text("\n".join(map(json.dumps, lines)))
    assert command("probe", "--targets", str(file)).status == 0
    assert (fake.probe.url, fake.probe.origin) == (samples.URL, samples.PAGE)


BAD: list[tuple[str, str]] = [
    ("http://a.example/ http://b.example/", "is not a URL: write one per line, without blanks"),
    ('{"url": ', "not a JSON object"),
    ("{}", "url is missing"),
    ('{"url": 1}', "url must be a text"),
    ('{"url": "x", "orign": "y"}', "unknown field 'orign'"),
    ('{"url": "x", "origin": "https://app.example/"}', "Probably meant: origin https://app.example"),
    ('{"url": "x", "credentials": "yes"}', "credentials is 'yes', not one of omit, same-origin, include"),
    ('{"url": "x", "expected": "inconclusive"}', "expected is 'inconclusive', not one of allowed, blocked, invalid"),
    ('{"url": "x", "headers": "X-A: 1"}', "headers must be pairs"),
    ('{"url": "x", "headers": ["X-A: 1"]}', "headers: expected pairs of a name and a value"),
    ('{"url": "x", "headers": {"X-A": 1}}', "expected pairs of a name and a value"),
    ('{"url": "x", "body": 12}', "body is a length here"),
]


@pytest.mark.parametrize(("line", "message"), BAD)
def test_mistakes(line: str, message: str, file: Path, command: Command, fake: Runner) -> None:
    file.write_text(f"http://good.example/\n# comment\n{line}\n")
    done = command("probe", "--targets", str(file), "--origin", PAGE)
    assert done.status == 2
    assert f"{file}, line 3: " in done.stderr
    assert message in done.stderr
    assert fake.probes == [], "nothing is sent before the whole file is known to be good"


def test_every_mistake_is_named(file: Path, command: Command, fake: Runner) -> None:
    file.write_text("a b\n" * 12)
    done = command("probe", "--targets", str(file), "--origin", PAGE)
    assert done.stderr.count("is not a URL") == 10
    assert "and 2 more" in done.stderr


def test_a_line_without_origin(file: Path, command: Command, fake: Runner) -> None:
    file.write_text('{"url": "http://a.example/", "origin": "null"}\nhttp://b.example/\n')
    done = command("probe", "--targets", str(file))
    assert done.status == 2
    assert f"{file}, line 2: has no origin, and --origin is missing" in done.stderr


@pytest.mark.parametrize("content", ["", "\n# only a comment\n"])
def test_nothing_to_ask(content: str, file: Path, command: Command, fake: Runner) -> None:
    file.write_text(content)
    done = command("probe", "--targets", str(file), "--origin", PAGE)
    assert done.status == 2
    assert "nothing to test" in done.stderr


@pytest.mark.parametrize("value", [None, "null"])
def test_fields_that_are_null_are_left_open(value: Any, file: Path, command: Command, fake: Runner) -> None:
    file.write_text(json.dumps({"url": "http://a.example/", "origin": value, "body": None, "headers": None}))
    assert command("probe", "--targets", str(file), "--origin", PAGE).status == 0
    assert fake.probe.origin == (value or PAGE)


def test_a_list_of_urls_shares_its_origin(file: Path, command: Command, fake: Runner) -> None:
    file.write_text("http://a.example/\nhttp://b.example/\n")
    done = command("probe", "--targets", str(file), "--origin", PAGE)
    assert done.stdout == (
        f"from {PAGE}, credentials same-origin, as Chromium\n\n"
        "  allowed       GET http://a.example/\n  allowed       GET http://b.example/\n\nPASSED  2 of 2 allowed.\n"
    )


def test_a_list_with_origins_of_its_own_names_them(file: Path, command: Command, fake: Runner) -> None:
    file.write_text('http://a.example/\n{"url": "http://b.example/blocked", "origin": "null", "expected": "blocked"}\n')
    done = command("probe", "--targets", str(file), "--origin", PAGE)
    assert done.status == 0
    assert done.stdout == (
        f"  allowed       GET http://a.example/ from {PAGE}\n"
        "  blocked       GET http://b.example/blocked from null\n\n"
        "PASSED  1 of 2 blocked, 1 allowed; all as expected.\n"
    )


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"url,owner\nhttps://a.example/,me\n", 1, "'url,owner' is a line of CSV"),
        (b"url\nhttps://a.example/\n", 1, "'url' is a column's name rather than a URL: delete it"),
        (b"https://a.example/,https://b.example/\n", 1, "is a line of CSV"),
        (b'# mine\n[\n  "https://a.example/"\n]\n', 2, "'[' is a JSON array"),
        (
            b'["https://a.example/"]',
            1,
            "is a JSON array: write one URL or JSON probe object per line (jq -c '.[]' does)",
        ),
        (b'"https://a.example/"\n', 1, "is quoted"),
        (b"<!doctype html>\n", 1, "is HTML or XML"),
        ("https://a.example/\n".encode("utf-16"), 1, "this is UTF-16. Save the file as UTF-8."),
    ],
)
def test_what_is_not_a_list_of_urls(
    content: bytes, line: int, message: str, file: Path, command: Command, fake: Runner
) -> None:
    file.write_bytes(content)
    done = command("probe", "--targets", str(file), "--origin", PAGE)
    assert done.status == 2
    assert f"{file}, line {line}: " in done.stderr
    assert message in done.stderr
    assert fake.probes == []


def test_commas_that_belong_to_a_url(file: Path, command: Command, fake: Runner) -> None:
    urls = ["https://a.example/w_1,h_2/x", "https://a.example/?u=https://b.example,https://c.example", "a.example/x,y"]
    file.write_text("\n".join(urls))
    done = command("probe", "--targets", str(file), "--origin", PAGE)
    assert done.status == 0, done.stderr
    assert len(fake.probes) == 3
