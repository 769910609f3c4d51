"""Bad input: one clear message with what was wrong and what to do, exit status 2, nothing sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.fakes import Command, Runner

MEANT = [
    ("https://app.example/", "ends in a slash", "https://app.example"),
    ("https://app.example/path", "has a path", "https://app.example"),
    ("https://app.example?x", "has a query", "https://app.example"),
    ("https://app.example#x", "has a fragment", "https://app.example"),
    ("https://App.Example", "upper-case", "https://app.example"),
    ("HTTPS://app.example", "upper-case", "https://app.example"),
    ("https://app.example:443", "port 443, which is the default", "https://app.example"),
    ("http://app.example:80", "port 80, which is the default", "http://app.example"),
    ("https://me@app.example", "has a username", "https://app.example"),
    ("app.example", "has no scheme", "https://app.example"),
    ("localhost:3000", "has no scheme", "http://localhost:3000"),
    ("127.0.0.1:3000", "has no scheme", "http://127.0.0.1:3000"),
    ("https://bücher.example", "not written as browsers write it", "https://xn--bcher-kva.example"),
    ("http://0x7f.1", "not written as browsers write it", "http://127.0.0.1"),
    ("NULL", "lower case", "null"),
    ("file:///home/me/x.html", "opaque", "null"),
]


@pytest.mark.parametrize(("origin", "fault", "meant"), MEANT, ids=[m[0] for m in MEANT])
def test_the_origin_that_was_probably_meant(
    origin: str, fault: str, meant: str, command: Command, fake: Runner
) -> None:
    done = command("probe", "http://a.example/", "--origin", origin)
    assert done.status == 2
    assert fault in done.stderr
    assert done.stderr.endswith(f". Probably meant: --origin {meant}\n")
    assert fake.probes == []


COMPLAINTS: list[tuple[tuple[str, ...], str]] = [
    (("-H", "X-Tenant"), "-H 'X-Tenant' has no colon: write it as 'Name: value'"),
    (("-H", ": x"), "has no name before the colon"),
    (("-H", "@{tmp}/none"), "-H: cannot read {tmp}/none: no such file or directory"),
    (("-H", "@{tmp}/headers"), "-H @{tmp}/headers, line 3 'broken' has no colon"),
    (("-d", "@{tmp}/none"), "-d: cannot read {tmp}/none: no such file or directory"),
    (("-d", "@{tmp}"), "-d: cannot read {tmp}: is a directory"),
    (("-d", "x", "-F", "a=b"), "-d and -F exclude each other"),
    (("-F", "a"), "-F *** is not part of a form: write name=value, or name=@file"),
    (("-F", "a=@{tmp}/none"), "-F: cannot read {tmp}/none"),
    (("-d", "@-", "-H", "@-"), "-d and -H both read standard input"),
    (("-d", "@-", "--targets", "-"), "--targets and -d both read standard input"),
    (("-b", "cookies.txt"), "-b 'cookies.txt' is not a cookie: write it as 'name=value'"),
    (("-u", "me"), "-u *** has no password: write USER:PASS, or USER: for an empty one"),
    (("--engine", "opera"), "--engine 'opera' is not one of standard, chromium, firefox, webkit"),
    (("--origin", "*"), "--origin '*' is a value that a server may send, not the origin of a page"),
    (("--origin", "https://"), "is not an origin: scheme, host and port, like https://app.example"),
    (("--origin", "javascript:alert(1)"), "is not an origin"),
    # A host of such a scheme is percent-encoded: no page has these.
    (("--origin", "app://caf\u20ac"), "is not an origin"),
    (("--origin", "app://a\x01"), "is not an origin"),
    (("--origin", "http://3\u00b32"), "is not written as browsers write it"),
    (("--rate", "10"), "--rate '10' has no unit: 10/s is a second"),
    (("--rate", "fast"), "--rate 'fast' is not a rate: write 10/s, 30/m or 5/h"),
    (("--rate", "0/s"), "is not a rate"),
    (("--rate", "1/w"), "is not a rate"),
    (("--via", "api:8000"), "--via 'api:8000' is not a base URL: scheme, host and port, like http://api:8000"),
    (("--via", "http://api/x"), "is not a base URL"),
    (("--via", "ftp://api"), "is not a base URL"),
    (("-4", "-6"), "-4 and -6 exclude each other"),
    (("-q", "-v"), "-q and -v exclude each other"),
    (("--json", "-", "--jsonl", "-"), "both want standard output"),
    (("--json", "{tmp}/r", "--jsonl", "{tmp}/r"), "both want {tmp}/r"),
    (("--json", '{"a": 1}'), "--json names the report here"),
    (("--in-browser", "chromium", "-X", "PUT"), "add --send always"),
    (("--targets", "{tmp}/none"), "--targets: cannot read {tmp}/none: no such file or directory"),
    (("--credentials", "yes"), "'omit', 'same-origin', 'include'"),
    (("--mode", "navigate"), "'cors', 'no-cors', 'same-origin'"),
    (("--redirect", "no"), "'follow', 'error', 'manual'"),
    (("--send", "yes"), "'auto', 'always', 'never'"),
    (("--expect", "inconclusive"), "'allowed', 'blocked', 'invalid'"),
    (("--color", "yes"), "'auto', 'always', 'never'"),
    (("--in-browser", "opera"), "no browser is called 'opera': choose from chromium, chrome, edge, firefox, webkit"),
    (("--in-browser", "safari"), "Safari cannot be driven"),
    (("--in-browser", "safari"), "Use webkit"),
    (("-m", "soon"), "'soon' is not a valid float"),
    (("-m", "0"), "-m"),
    (("--concurrency", "0"), "--concurrency"),
    (("--retry", "-1"), "--retry"),
    (("--orign", "x"), "No such option: --orign"),
    (("-H",), "-H"),
]


@pytest.mark.parametrize(("argv", "message"), COMPLAINTS, ids=[" ".join(argv) for argv, _ in COMPLAINTS])
def test_complaints(argv: tuple[str, ...], message: str, command: Command, fake: Runner, tmp_path: Path) -> None:
    (tmp_path / "headers").write_text("X-A: 1\n\nbroken\n")
    done = command.probe(*(word.replace("{tmp}", str(tmp_path)) for word in argv))
    assert done.status == 2, done
    assert message.replace("{tmp}", str(tmp_path)) in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert fake.probes == []


def test_no_origin(command: Command, fake: Runner) -> None:
    done = command("probe", "http://a.example/x")
    assert done.status == 2
    assert done.stderr == (
        "corscheck: --origin is missing: the origin of the page that sends the request. For example:\n"
        "  corscheck probe http://a.example/x --origin https://app.example.com\n"
    )


def test_no_url(command: Command, fake: Runner) -> None:
    done = command("probe", "--origin", "https://app.example")
    assert done.status == 2
    assert "name a URL" in done.stderr
    assert "corscheck probe https://" in done.stderr


@pytest.mark.parametrize("url", ["http://a.example/x", "localhost:3000", "a.example"])
def test_a_url_alone(url: str, command: Command) -> None:
    done = command(url)
    assert done.status == 2
    assert f"corscheck probe {url} --origin" in done.stderr


def test_an_unknown_command(command: Command) -> None:
    done = command("prob")
    assert done.status == 2
    assert "Unknown command 'prob'. Did you mean 'probe'?" in done.stderr


def test_no_command(command: Command) -> None:
    done = command()
    assert done.status == 2
    assert "probe" in done.stdout + done.stderr
    assert "demo" in done.stdout + done.stderr


def test_a_usage_error_says_where_help_is(command: Command) -> None:
    assert "Try 'corscheck probe -h' for help." in command("probe", "--nope").stderr


@pytest.mark.parametrize("argv", [("--version",), ("probe", "--version")])
def test_version(argv: tuple[str, ...], command: Command) -> None:
    from corscheck import __version__

    done = command(*argv)
    assert (done.status, done.stdout) == (0, f"corscheck {__version__}\n")


def test_help(command: Command) -> None:
    done = command("probe", "--help")
    assert done.status == 0
    assert max(map(len, done.stdout.splitlines())) <= 88
    for option in ("--origin", "--send", "--in-browser", "--unix-socket"):
        assert option in done.stdout
    for hidden in ("--location", "--silent", "--head ", "--fail"):
        assert hidden not in done.stdout
