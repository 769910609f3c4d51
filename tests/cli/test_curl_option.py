"""``--curl``: a copied request becomes the probe, what is typed beside it counts, ``--print-curl`` is its inverse."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corscheck.cli.arguments import ProbeArguments
from corscheck.cli.ask.inputs import Inputs
from corscheck.cli.ask.questions import question
from corscheck.model.values import Probe
from corscheck.report.formats import curl as printed
from corscheck.runner.options import RunOptions
from corscheck.runner.preview import plan_probe
from corscheck.sources import curl
from tests.cli.fakes import Command, Runner
from tests.servers.raw import READ, RawServer

DATA = Path(__file__).resolve().parents[1] / "data" / "curl"
CHROME = str(DATA / "chrome-curl.txt")


def test_a_copy_becomes_the_probe(command: Command, fake: Runner) -> None:
    assert command("probe", "--curl", f"@{CHROME}").status == 0
    probe = fake.probe
    assert (probe.url, probe.method) == ("https://api.example.com/orders?filter=[open]", "PUT")
    assert (probe.origin, probe.credentials) == ("https://app.example.com", "include")
    assert (probe.cookies, probe.user) == ("sid=s3cr3t; theme=dark", None)
    assert [n for n, _ in probe.headers] == ["accept", "authorization", "content-type", "x-empty", "x-tenant"]
    assert probe.body is not None
    assert not probe.body_asked
    assert fake.options is not None
    assert not fake.options.network.verify
    assert (fake.options.network.user_agent or "").startswith("Mozilla/5.0")


def test_the_first_line_says_that_credentials_are_implied(command: Command) -> None:
    said = command("probe", "--curl", f"@{CHROME}", "--dry-run").stdout
    assert said.startswith(
        "PUT https://api.example.com/orders?filter=[open] from https://app.example.com, credentials include "
        "(implied by the copied Cookie)\n"
    )
    # A body that was copied does not count as asking to send it.
    assert said.endswith("PUT itself would not be sent: it may change data (--send always)\n")
    assert "s3cr3t" not in said


def test_standard_input_and_plain_text(command: Command, fake: Runner) -> None:
    text = "curl https://x.example/a -H 'Origin: https://o.example'"
    command("probe", "--curl", "-", stdin=text.encode())
    command("probe", "--curl", text)
    assert [(p.url, p.origin) for p in fake.probes] == [("https://x.example/a", "https://o.example")] * 2


def test_several_requests_are_several_probes(command: Command, fake: Runner) -> None:
    name = str(DATA / "chrome-curl-all.txt")
    done = command("probe", "--curl", f"@{name}", "https://typed.example/", "--origin", "https://o.example")
    assert done.status == 0, done.stderr
    assert [(p.method, p.url, p.origin) for p in fake.probes] == [
        ("GET", "https://typed.example/", "https://o.example"),
        ("GET", "https://app.example.com/", "https://o.example"),
        ("GET", "https://api.example.com/data", "https://o.example"),
        ("POST", "https://api.example.com/upload", "https://o.example"),
    ]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["--origin", "https://o.example"], {"origin": "https://o.example"}),
        (["-X", "PATCH"], {"method": "PATCH"}),
        (["--credentials", "omit"], {"credentials": "omit"}),
        (["-b", "a=1"], {"cookies": "a=1", "credentials": "include"}),
        (["-u", "me:pw"], {"user": "me", "password": "pw", "credentials": "include"}),
        (["--mode", "no-cors"], {"mode": "no-cors"}),
        (["--redirect", "manual"], {"redirect": "manual"}),
        (["-d", "x"], {"body": b"x", "body_asked": True, "method": "PUT"}),
        (["--send", "always"], {"send": "always"}),
        (["--expect", "blocked"], {"expected": "blocked"}),
    ],
)
def test_what_is_typed_counts(typed: list[str], expected: dict[str, object], command: Command, fake: Runner) -> None:
    command("probe", "--curl", f"@{CHROME}", *typed)
    assert {name: getattr(fake.probe, name) for name in expected} == expected


def test_a_typed_header_takes_the_place_of_a_copied_one(command: Command, fake: Runner) -> None:
    command("probe", "--curl", f"@{CHROME}", "-H", "X-Tenant: 8", "-H", "X-New: 1")
    values = [(n, v) for n, v in fake.probe.headers if n.lower() in ("x-tenant", "x-new")]
    assert values == [("X-Tenant", "8"), ("X-New", "1")]


def test_a_navigation_among_several_is_left_out(command: Command, fake: Runner) -> None:
    text = "curl https://x.example/ -H 'sec-fetch-mode: navigate'; curl https://y.example/ -e https://o.example"
    done = command("probe", "--curl", text)
    assert [p.url for p in fake.probes] == ["https://y.example/"]
    assert "'https://x.example/' is left out: it is a navigation" in done.stderr


def test_an_image_is_asked_in_its_mode(command: Command, fake: Runner) -> None:
    text = "curl https://x.example/a.png -H 'sec-fetch-mode: no-cors' -H 'sec-fetch-dest: image' -e https://o.example/"
    command("probe", "--curl", text)
    command("probe", "--curl", text, "--mode", "same-origin")
    assert [probe.mode for probe in fake.probes] == ["no-cors", "same-origin"]


def test_network_options(command: Command, fake: Runner) -> None:
    text = "curl https://x.example -H 'Origin: https://o.example' -x http://p:1 -m 5 --resolve a:1:b -A copied"
    command("probe", "--curl", text)
    assert fake.options is not None
    network = fake.options.network
    assert (network.proxy, network.timeout, network.resolve, network.user_agent) == (
        "http://p:1",
        5,
        ("a:1:b",),
        "copied",
    )
    command("probe", "--curl", text, "-x", "http://q:1", "-m", "7", "--resolve", "c:1:d", "-A", "typed")
    network = fake.options.network
    assert (network.proxy, network.timeout, network.resolve, network.user_agent) == (
        "http://q:1",
        7,
        ("c:1:d",),
        "typed",
    )


def test_a_form_is_made_and_files_are_read(command: Command, fake: Runner, tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("content")
    command("probe", "--curl", f"curl https://x.example -e https://o.example -F a=1 -F f=@{tmp_path}/f.txt")
    assert fake.probe.body is not None
    assert b'filename="f.txt"' in fake.probe.body
    assert fake.probe.headers[0][1].startswith("multipart/form-data; boundary=")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--curl", "curl --nope https://x"], "corscheck: --curl: line 1, column 6: curl has no option --nope"),
        (["--curl", "@nowhere.txt"], "corscheck: --curl: cannot read nowhere.txt: no such file or directory"),
        (["--curl", "curl -d @nowhere https://x"], "--curl: line 1, column 6: @FILE: cannot read nowhere"),
        (["--curl", ""], 'it contains nothing to test: paste what "Copy as cURL (bash)"'),
        (["--curl", "# only a remark"], "there is no curl command in it"),
        (
            ["--curl", 'curl ^"https://x^"'],
            'this is a command for cmd.exe, which is not read here: choose "Copy as cURL (bash)"',
        ),
        (["--curl", 'Invoke-WebRequest -UseBasicParsing -Uri "https://x"'], "this is PowerShell"),
        (["--curl", "axios.get('https://x')"], "this is an axios call, which is not read here: paste"),
        (
            ["--curl", "curl https://x -H 'sec-fetch-mode: navigate'"],
            "'https://x' is a navigation, and CORS does not decide about it: copy the request of a fetch()",
        ),
        (
            ["--curl", "$ curl -i https://x\nHTTP/2 200 \n"],
            "this is what curl printed: corscheck transcript - judges it",
        ),
        (["--curl", "curl: (6) Could not resolve host: x"], "this is what curl printed"),
        (
            ["--curl", "curl https://x.example/a"],
            "corscheck probe https://x.example/a --origin https://app.example.com",
        ),
        (
            ["--curl", "curl https://x -H 'Origin: https://o.example/'"],
            "--curl: origin 'https://o.example/' ends in a slash",
        ),
        (
            ["--curl", "curl -k https://x -e https://o; curl https://y -e https://o"],
            "the commands differ in --insecure",
        ),
        (["--curl", "-", "--targets", "-"], "both read standard input"),
        (["--curl", "curl -d @- https://x -e https://o", "--targets", "-"], "both read standard input"),
    ],
)
def test_complaints(argv: list[str], message: str, command: Command, fake: Runner) -> None:
    done = command("probe", *argv, stdin=b"curl https://x -e https://o" if argv[1] == "-" else b"")
    assert done.status == 2
    assert message in done.stderr
    assert fake.probes == []


def test_a_report_keeps_no_copied_text(command: Command, tmp_path: Path) -> None:
    from corscheck.cli.show.masked_argv import masked

    assert masked(["probe", "--curl", "curl -H 'X-Token: s3cr3t'"]) == ("probe", "--curl", "***")


# ---------------------------------------------------------------------- the inverse of --print-curl

NAMES = st.sampled_from(["X-A", "x-tenant", "Authorization", "Content-Type", "If-Match", "X-Api-Key", "Accept"])
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=12).map(
    str.strip
)
VALUES = VALUES.filter(lambda v: v == v.strip() and not any("\x80" <= c <= "\xa0" for c in v))
PROBES = st.builds(
    Probe,
    url=st.sampled_from(
        ["https://api.example/a", "https://api.example/[1]?b={c}&d=%20", "http://localhost:8000/'\"$x"]
    ),
    origin=st.sampled_from(["https://app.example", "http://localhost:3000", "null"]),
    method=st.sampled_from(["GET", "POST", "PUT", "patch", "HEAD", "DELETE"]),
    headers=st.dictionaries(NAMES, VALUES.filter(lambda v: not v.startswith("*/*")), max_size=3).map(
        lambda d: tuple(d.items())
    ),
    credentials=st.sampled_from(["same-origin", "include", "omit"]),
    body=st.none()
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20).map(str.encode),
    send=st.just("always"),
    cookies=st.none() | st.just("a=1; b=2"),
)


def asked_again(text: str) -> list[Probe]:
    """The probes that a printed command stands for."""
    from corscheck.cli.ask.from_curl import with_curl

    typed = ProbeArguments(
        urls=(), origins=(), methods=(), headers=(), data=(), form=(), credentials=None, cookies=(), user=None, mode="cors",
        redirect="follow", targets=None, send="always", engines=(), expect=None, via=None,
    )  # fmt: skip
    with Inputs() as inputs:
        typed, _ = with_curl([text], typed, RunOptions(), inputs, lambda _: None)
        return list(question(typed, inputs, lambda _: None))


@settings(max_examples=200, deadline=None)
@given(PROBES)
def test_what_is_printed_is_read_back(probe: Probe) -> None:
    """The actual request, printed, is the same request; the preflight, printed, stands for one that needs the same."""
    if probe.body is not None and probe.method in ("GET", "HEAD"):
        return
    planned = plan_probe(probe)
    for wire in planned:
        text = printed.command(printed.CurlRequest(wire.method, wire.url, wire.headers, wire.body), show_secrets=True)
        (again,) = asked_again(text)
        requests = plan_probe(again)
        if wire.method != "OPTIONS":
            # Without credentials nothing tells the modes apart; what is sent is the same all the same.
            assert (requests[-1].url, requests[-1].method, requests[-1].body) == (wire.url, wire.method, wire.body)
            assert sorted(requests[-1].headers) == sorted(wire.headers)
        asked = {n: v for n, v in requests[0].headers if n.startswith("Access-Control-Request")}
        assert asked == {n: v for n, v in planned[0].headers if n.startswith("Access-Control-Request")}


def test_secrets_that_were_printed_as_variables_are_read_from_the_environment() -> None:
    request = printed.CurlRequest(
        "GET", "https://x.example/", (("X-Api-Key", "s3cr3t"), ("Origin", "https://o.example"))
    )
    (asked,) = curl.parse(printed.command(request), lambda path: b"", {"X_API_KEY": "from the environment"})
    assert asked.headers == (("X-Api-Key", "from the environment"),)


# ---------------------------------------------------------------------- real curl


def lines(request: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The request line, the header lines sorted (curl has an order of its own), the body.

    Behind the colon of an empty header one of the two writes a blank, which is not part of the value.
    """
    head, _, body = request.partition(b"\r\n\r\n")
    first, *rest = head.split(b"\r\n")
    return first, sorted(line.rstrip(b" ") for line in rest), body


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("-X", "PUT", "-H", 'X-Tenant: it\'s "7" $HOME', "-H", "X-Empty;", "-d", "a b&c'd\n"),
        ("-X", "DELETE", "-H", "X-A: é", "--send", "always"),
        ("-X", "POST", "-F", "a=1"),
        ("-X", "HEAD"),
        ("--credentials", "include", "-b", "sid=1", "-u", "me:pw"),
    ],
)
def test_real_curl_sends_the_bytes_that_corscheck_sends(argv: tuple[str, ...], command: Command) -> None:
    allow = (
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: http://o.example\r\nAccess-Control-Allow-Credentials: true\r\n"
        b"Access-Control-Allow-Methods: PUT, DELETE\r\nAccess-Control-Allow-Headers: x-tenant, x-empty, x-a\r\n"
        b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    with RawServer([READ, allow]) as ours, RawServer([READ, allow]) as curls:
        asked = ("probe", ours.url("/a?b=[1]"), "--origin", "http://o.example", *argv)
        assert command(*asked, "--show-secrets", "--no-diagnose").status == 0
        script = command(*asked, "--show-secrets", "--print-curl").stdout.replace(f":{ours.port}", f":{curls.port}")
        done = subprocess.run(["bash", "-e", "-c", script], capture_output=True, timeout=30)
        assert done.returncode == 0, done.stderr
        sent = [r.replace(b":%d" % curls.port, b":%d" % ours.port) for r in curls.requests]
    assert len(sent) == len(ours.requests) > 0
    assert [lines(r) for r in sent] == [lines(r) for r in ours.requests]
