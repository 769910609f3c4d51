"""Transcripts of curl judged: the installed curl's own, kept ones of other versions, and what they leave out."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corscheck.cli.demo.endpoints import ENDPOINTS, DemoEndpoint
from corscheck.cli.demo.server import DemoServer
from corscheck.model.result import Result
from corscheck.protocol.preflight import unsafe_names
from corscheck.protocol.request import Credentials
from corscheck.protocol.safelist import is_safelisted_method
from corscheck.runner.recorded import Terms
from corscheck.runner.transcript import TranscriptJudge
from corscheck.sources.transcript import exchanges
from corscheck.sources.transcript.lines import is_transcript
from tests.servers.raw import READ, RawServer

DATA = Path(__file__).resolve().parents[1] / "data" / "transcript"
APP, API = "https://app.example.com", "https://api.example.com"
PAGE = f"-H 'Origin: {APP}'"


def judge(text: str, page: str | None = None, credentials: Credentials | None = None) -> list[Result]:
    found = exchanges.parse(text, {})
    return list(TranscriptJudge(found.exchanges, Terms(credentials=credentials), page).results())


def verdicts(text: str, page: str | None = None) -> list[tuple[str, str, str]]:
    return [(r.method, r.url.removeprefix(API), r.verdict) for r in judge(text, page)]


def code(result: Result) -> str | None:
    return result.reason.code if result.reason is not None else None


def terminal(*commands: list[str]) -> str:
    """What a terminal shows of these commands."""
    shown = []
    for argv in commands:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=30)
        shown.append(f"user@host:~$ {shlex.join(argv)}\n{done.stdout.decode()}")
    return "".join(shown) + "user@host:~$ \n"


# ---------------------------------------------------------------------- real curl


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    with DemoServer() as server:
        yield server


def commands_of(endpoint: DemoEndpoint, base: str, *options: str) -> list[list[str]]:
    """What a person types to see what an endpoint answers: the preflight if a browser sends one, and the request."""
    page = ["-H", f"Origin: {endpoint.origin}"]
    names = unsafe_names(endpoint.headers)
    found = []
    if names or not is_safelisted_method(endpoint.method):
        asked = ["-H", f"Access-Control-Request-Method: {endpoint.method}"]
        asked += ["-H", f"Access-Control-Request-Headers: {','.join(names)}"] if names else []
        found.append(["curl", *options, "-X", "OPTIONS", base + endpoint.path, *page, *asked])
    headers = [word for name, value in endpoint.headers for word in ("-H", f"{name}: {value}")]
    method = ["-X", endpoint.method] if endpoint.method != "GET" else []
    return [*found, ["curl", *options, "-L", *method, base + endpoint.path, *page, *headers]]


@pytest.mark.parametrize(
    "options", [("-sv",), ("-v",), ("-si",), ("-siv",), ("-s", "--trace-ascii", "-")], ids=" ".join
)
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[e.path for e in ENDPOINTS])
def test_the_demo_by_the_installed_curl(endpoint: DemoEndpoint, options: tuple[str, ...], demo: DemoServer) -> None:
    """Every endpoint has the verdict that Chromium was recorded to have for it (``tests/data/har/chromium.har``)."""
    shown = terminal(*commands_of(endpoint, demo.url, *options))
    (result,) = judge(shown, credentials=endpoint.credentials)
    assert (result.verdict, code(result)) == (endpoint.verdict, endpoint.code), shown
    assert (result.url, result.method, result.origin) == (demo.url + endpoint.path, endpoint.method, endpoint.origin)


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.method != "GET"], ids=lambda e: e.path)
def test_a_preflight_alone_stands_for_its_request(endpoint: DemoEndpoint, demo: DemoServer) -> None:
    preflight, _ = commands_of(endpoint, demo.url, "-sv")
    (result,) = judge(terminal(preflight), credentials=endpoint.credentials)
    assert result.method == endpoint.method
    if endpoint.verdict == "allowed":
        assert (result.verdict, result.complete) == ("allowed", False)
    elif (endpoint.code or "").startswith("CORS4"):
        assert (result.verdict, code(result)) == ("blocked", endpoint.code)


def test_a_mixed_up_terminal(demo: DemoServer) -> None:
    """Several transfers of one command, a body without an end of line, -i beside -v, and a failure."""
    page = ["-H", "Origin: http://localhost:3000"]
    with RawServer() as server:
        closed = server.url()
    shown = terminal(
        ["curl", "-v", f"{demo.url}/good", f"{demo.url}/no-cors", *page],
        ["curl", "-si", f"{demo.url}/wildcard", f"{demo.url}/wrong-origin", *page],
        ["curl", "-v", closed, *page],
        ["curl", "-sI", f"{demo.url}/no-cors", *page],
    )
    found = [(r.method, r.url.removeprefix(demo.url), r.verdict) for r in judge(shown)]
    assert found == [
        ("GET", "/good", "allowed"),
        ("GET", "/no-cors", "blocked"),
        ("GET", "/wildcard", "allowed"),
        ("GET", "/wrong-origin", "allowed"),
        ("GET", closed, "inconclusive"),
        ("HEAD", "/no-cors", "blocked"),
    ]


def test_an_interim_answer_is_not_the_answer() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\nok"
    for option in ("-sv", "-si"):
        with RawServer((READ, interim + final)) as server:
            (result,) = judge(terminal(["curl", option, server.url("/x"), "-H", f"Origin: {APP}"]))
        assert result.verdict == "allowed"
        assert [e.response.status for e in result.exchanges if e.response is not None] == [200]


def test_a_login_is_the_browsers_not_the_pages() -> None:
    answer = f"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: {APP}\r\nContent-Length: 2\r\n\r\nok".encode()
    for option in ("-sv", "-si"):
        with RawServer((READ, answer)) as server:
            (result,) = judge(terminal(["curl", option, "-u", "me:pw", server.url("/x"), "-H", f"Origin: {APP}"]))
        # No preflight for Authorization; credentials, which the answer does not allow.
        assert (result.verdict, code(result), result.credentials) == ("blocked", "CORS307", "include")


# ---------------------------------------------------------------------- other versions, other terminals


KEPT = {
    # The PUT's own answer has no Access-Control-Allow-Origin.
    "curl-7.88-http2.txt": [("PUT", f"{API}/orders/7", "blocked")],
    "curl-8.5-http2.txt": [("GET", f"{API}/old", "allowed")],
    "curl-8.16-issue.md": [
        ("DELETE", "http://localhost:5000/api/orders", "blocked"),
        ("GET", f"{API}/orders", "inconclusive"),
    ],
    "curl-7.61-windows.txt": [("GET", "http://localhost:6200/api/products/a", "allowed")],
}


def text_of(name: str) -> str:
    return (DATA / name).read_bytes().decode()


@pytest.mark.parametrize("name", KEPT)
def test_kept_transcripts(name: str) -> None:
    assert [(r.method, r.url, r.verdict) for r in judge(text_of(name))] == KEPT[name]


def test_every_kept_transcript_is_tested() -> None:
    assert {path.name for path in DATA.glob("curl-*")} == set(KEPT)


def test_answers_alone_follow_the_redirect_of_their_command() -> None:
    shown = f"$ curl -vL {API}/a {PAGE}\n< HTTP/1.1 302 Found\n< Location: /b\n< {ALLOW}\n<\n< HTTP/1.1 200 OK\n< {ALLOW}\n<\n"
    (result,) = judge(shown)
    assert (result.verdict, len(result.exchanges)) == ("allowed", 2)


def test_a_body_without_an_end_of_line_before_the_next_answer() -> None:
    head = f"HTTP/1.1 200 OK\n{ALLOW}\n\n"
    shown = f'$ curl -si {API}/a {API}/b {PAGE}\n{head}{{"a": "HTTP/1.1 500"}}{head}{{}}'
    assert verdicts(shown) == [("GET", "/a", "allowed"), ("GET", "/b", "allowed")]


def test_a_progress_meter_before_a_request() -> None:
    """As curl 7.88 prints it for the second transfer over a connection, without -s and into a file."""
    meter = "\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0"
    lines = ["GET /x HTTP/1.1", "Host: localhost:9", f"Origin: {APP}", ""]
    sent = "".join(f"> {line}\n" for line in lines)
    found = exchanges.parse(f"{meter}{sent}< HTTP/1.1 200 OK\n< {ALLOW}\n<\n", {})
    assert [(one.url, one.status) for one in found.exchanges] == [("http://localhost:9/x", 200)]


def test_a_long_header_in_trace_ascii() -> None:
    """curl breaks lines after 64 characters."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    for length in (50, 64, 128, 200):
        with RawServer((READ, answer)) as server:
            argv = ["curl", "-s", "--trace-ascii", "-", server.url("/x"), "-H", f"X-Long: {'a' * (length - 8)}"]
            (one,) = exchanges.parse(terminal(argv), {}).exchanges
        assert ("X-Long", "a" * (length - 8)) in one.headers


FORMS = {
    "Windows line ends": lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"),
    "quoted": lambda text: "".join(f"> {line}" for line in text.splitlines(keepends=True)),
    "indented": lambda text: "".join(f"    {line}" for line in text.splitlines(keepends=True)),
    "escaped": lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "blanks at line ends lost": lambda text: "\n".join(line.rstrip() for line in text.splitlines()),
    "timestamps": lambda text: "".join(
        f"12:34:56.789012 {line}" if line[:2] in ("* ", "> ", "< ", "*\n") else line
        for line in text.splitlines(keepends=True)
    ),
    "numbers of transfers": lambda text: "".join(
        f"[0-0] {line}" if line[:2] in ("* ", "> ", "< ") else line for line in text.splitlines(keepends=True)
    ),
    "colours": lambda text: text.replace("location:", "\x1b[1mlocation\x1b[0m:").replace(
        "HTTP/", "\x1b[1mHTTP/\x1b[0m"
    ),
    "a byte order mark": lambda text: "\ufeff" + text,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", KEPT)
def test_what_pasting_does_to_a_text(name: str, form: str) -> None:
    changed = FORMS[form](text_of(name))
    assert is_transcript(changed)
    assert [(r.method, r.url, r.verdict) for r in judge(changed)] == KEPT[name]


# ---------------------------------------------------------------------- what a browser would have sent


def exchange(command: str, *head: str) -> str:
    return "\n".join([f"$ curl -i {command}", "HTTP/2 200 ", *head, "", "body"]) + "\n"


ALLOW = f"access-control-allow-origin: {APP}"
PREFLIGHT = f"-X OPTIONS {API}/x {PAGE} -H 'Access-Control-Request-Method: PUT'"
PUT = f"-X PUT {API}/x {PAGE}"


def test_a_preflight_belongs_to_the_request_that_needs_it() -> None:
    answers = exchange(PREFLIGHT, ALLOW, "access-control-allow-methods: PUT") + exchange(PUT, ALLOW)
    (result,) = judge(answers)
    assert (result.verdict, [e.kind for e in result.exchanges]) == ("allowed", ["preflight", "actual"])
    # The order does not matter.
    assert verdicts(exchange(PUT, ALLOW) + exchange(PREFLIGHT, ALLOW)) == [("PUT", "/x", "blocked")]


def test_a_request_that_needs_no_preflight_is_not_blocked_by_one() -> None:
    asked = (
        f"-X OPTIONS {API}/x {PAGE} -H 'Access-Control-Request-Method: GET' -H 'Access-Control-Request-Headers: x-a'"
    )
    assert verdicts(exchange(asked, ALLOW) + exchange(f"{API}/x {PAGE}", ALLOW)) == [
        ("GET", "/x", "blocked"),
        ("GET", "/x", "allowed"),
    ]


def test_without_its_preflight_only_its_own_answer_can_block() -> None:
    (result,) = judge(exchange(PUT, ALLOW))
    assert result.verdict == "inconclusive"
    assert result.reason is not None
    assert "A browser sends a preflight before this PUT" in result.reason.message
    assert result.findings[0].advice == (
        "Append the output of this command to the transcript:\n"
        f"  curl -v -X OPTIONS {API}/x -H 'Origin: {APP}' -H 'Access-Control-Request-Method: PUT'"
    )
    # Every engine lacks it.
    assert {engine.verdict for engine in result.engines.values()} == {"inconclusive"}
    assert set(result.console.values()) == {None}
    (blocked,) = judge(exchange(PUT, "content-type: text/plain"))
    assert (blocked.verdict, code(blocked)) == ("blocked", "CORS301")


def test_a_preflight_that_did_not_ask_for_the_headers() -> None:
    put = exchange(f"{PUT} -H 'X-Tenant: 7'", ALLOW)
    methods = "access-control-allow-methods: PUT"
    # The list of the answer has it although nobody asked.
    assert verdicts(exchange(PREFLIGHT, ALLOW, methods, "access-control-allow-headers: x-tenant") + put) == [
        ("PUT", "/x", "allowed")
    ]
    (result,) = judge(exchange(PREFLIGHT, ALLOW, methods) + put)
    assert result.verdict == "inconclusive"
    assert result.reason is not None
    assert "does not request x-tenant" in result.reason.message
    assert (result.findings[0].advice or "").endswith("-H 'Access-Control-Request-Headers: x-tenant'")
    assert {engine.verdict for engine in result.engines.values()} == {"inconclusive"}
    asked = f"{PREFLIGHT} -H 'Access-Control-Request-Headers: X-Tenant'"
    assert verdicts(exchange(asked, ALLOW, methods) + put) == [("PUT", "/x", "blocked")]


def test_the_printed_command_is_quoted_for_a_shell() -> None:
    url = f"{API}/it's?a=1&b=2"
    (result,) = judge(f"""> PUT /it's?a=1&b=2 HTTP/1.1
> Host: {API.partition("//")[2]}
> Origin: {APP}
>
< HTTP/1.1 200 OK
< {ALLOW}
<
""")
    command = (result.findings[0].advice or "").splitlines()[1]
    assert shlex.split(command)[:5] == ["curl", "-v", "-X", "OPTIONS", url]


def test_a_token_that_was_cut_out_of_the_command() -> None:
    """The preflight still tells of it, and the answer does not allow it."""
    asked = f"{PREFLIGHT} -H 'Access-Control-Request-Headers: authorization'"
    assert verdicts(exchange(asked, ALLOW, "access-control-allow-methods: PUT") + exchange(PUT, ALLOW)) == [
        ("PUT", "/x", "blocked")
    ]


def test_options_without_a_requested_method_is_no_preflight() -> None:
    (result,) = judge(exchange(f"-X OPTIONS {API}/x {PAGE}", "allow: GET, PUT"))
    assert (result.method, result.verdict) == ("OPTIONS", "inconclusive")
    assert result.reason is not None
    assert "is not a preflight: it has no Access-Control-Request-Method" in result.reason.message


def redirected(first: str, second: str) -> str:
    return (
        f"$ curl -iL {API}/a {PAGE}\nHTTP/1.1 302 Found\nLocation: https://b.example.net/c\n{first}\n\n"
        f"HTTP/1.1 200 OK\n{second}\nContent-Length: 0\n\n"
    )


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ("Access-Control-Allow-Origin: *", "Access-Control-Allow-Origin: *", "allowed"),
        # A browser sends Origin: null to the second server; one that answers curl's Origin may answer that, too.
        (f"Access-Control-Allow-Origin: {APP}", f"Access-Control-Allow-Origin: {APP}", "inconclusive"),
        ("Access-Control-Allow-Origin: *", "Server: x", "blocked"),
        ("Server: x", "Access-Control-Allow-Origin: *", "blocked"),
    ],
)
def test_a_browser_sends_another_origin_after_a_redirect(first: str, second: str, verdict: str) -> None:
    (result,) = judge(redirected(first, second))
    assert result.verdict == verdict
    if verdict == "inconclusive":
        assert result.reason is not None
        assert "A browser sends Origin: null here" in result.reason.message


def test_a_redirect_that_curl_did_not_follow() -> None:
    (result,) = judge(f"$ curl -i {API}/a {PAGE}\nHTTP/1.1 302 Found\nLocation: {API}/b\n{ALLOW}\n\n")
    assert result.verdict == "inconclusive"
    assert result.reason is not None
    assert "curl follows redirects with -L" in result.reason.message


def test_without_an_origin() -> None:
    for star, verdict in (("access-control-allow-origin: *", "allowed"), ("server: x", "inconclusive")):
        text = exchange(f"{API}/x", star)
        judging = TranscriptJudge(exchanges.parse(text, {}).exchanges, Terms())
        assert list(judging.results()) == []
        assert "GET 'https://api.example.com/x' has no Origin header" in judging.left_out[0]
        # Servers may add the headers only where there is an Origin.
        assert verdicts(text, APP) == [("GET", "/x", verdict)]


@pytest.mark.parametrize("origin", [f"{APP}/", "app.example.com", "https://[", "NULL"])
def test_what_is_no_origin(origin: str) -> None:
    judging = TranscriptJudge(exchanges.parse(exchange(f"{API}/x -H 'Origin: {origin}'", ALLOW), {}).exchanges, Terms())
    assert list(judging.results()) == []
    assert f"its Origin '{origin}' " in judging.left_out[0]


def test_within_one_origin_there_is_no_cors() -> None:
    text = exchange(f"{API}/x -H 'Origin: {API}'", "server: x")
    judging = TranscriptJudge(exchanges.parse(text, {}).exchanges, Terms())
    assert list(judging.results()) == []
    assert "within the page's own origin" in judging.left_out[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("HTTP/1.1 200 OK\nServer: x\n", "line 1: a response without its request: paste the command line before it"),
        ("curl: (6) Could not resolve host: x\n", "line 1: curl: (6) Could not resolve host: x without its request"),
        ("$ curl -i $URL\nHTTP/1.1 200 OK\n", "line 1: the command cannot be read: the variable $URL is not set"),
        ("> GET /x HTTP/1.1\n>\n< HTTP/1.1 200 OK\n", "line 1: the request has no Host header"),
        ("< Access-Control-Allow-Origin: *\n", "line 1: a response without its status line"),
    ],
)
def test_what_is_missing_is_named(text: str, fault: str) -> None:
    found = exchanges.parse(text, {})
    assert found.exchanges == []
    assert found.faults[0].startswith(fault)


@pytest.mark.parametrize(
    ("host", "scheme"), [("api.example.com", "https"), ("localhost:3000", "http"), ("api.example.com:8443", "https")]
)
def test_a_scheme_that_nothing_tells_is_said(host: str, scheme: str) -> None:
    found = exchanges.parse(f"> GET /x HTTP/1.1\n> Host: {host}\n>\n< HTTP/1.1 200 OK\n", {})
    assert [one.url for one in found.exchanges] == [f"{scheme}://{host}/x"]
    assert f"taken as {scheme}://{host}" in found.notes[0]


@pytest.mark.parametrize("code", [5, 6, 7, 28, 35, 52, 60])
def test_failures_of_curl_are_no_verdict(code: int) -> None:
    (result,) = judge(f"$ curl -v {API}/x {PAGE}\n*   Trying 192.0.2.1:443...\ncurl: ({code}) it failed\n")
    assert (result.verdict, code) == ("inconclusive", code)


LINES = st.sampled_from(
    [
        f"$ curl -iL {API}/x {PAGE}", "$ curl -v 'http://localhost/", "> GET /x HTTP/1.1", "> Host: a.example", "> ", ">",
        f"> Origin: {APP}", "< HTTP/2 200 ", "< HTTP/1.1 302 Found", "< location: //b", "< ", "* Trying 1", "* [HTTP/2] [1] x",
        "HTTP/1.1 204", "Location: http://[", "", "body", "```", "curl: (7) x", "=> Send header, 5 bytes", "0000: GET / HTTP/1.1",
        "<= Recv header, 5 bytes", "> > x", "< access-control-allow-origin: *", "HTTP/1.1 200 Connection established",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES | st.text(max_size=20), max_size=14))
def test_no_text_breaks_it(lines: list[str]) -> None:
    for result in judge("\n".join(lines), APP):
        assert result.verdict in ("allowed", "blocked", "invalid", "inconclusive")
