"""Markers in every place where a secret can stand, every command, every output: none comes out unless it is asked for.

The commands are whole processes against a server that answers with secrets of its own. What is looked through is all
that they leave behind: both streams and every file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.raw import READ, RawServer

ROOT = Path(__file__).resolve().parents[2]
PAGE = "http://localhost:3000"
MARK = "Zq7"
"""What every marker begins with: of letters and digits, so that no encoding hides it."""

FORMATS = ("html", "markdown", "junit", "sarif", "gitlab", "github", "har")


def answers(request: bytes) -> bytes:
    """Secrets of a server's, by path: in headers, in a redirect's Location, in the body of a refusal."""
    path = request.split(b" ")[1].partition(b"?")[0]
    origin = next((line[8:] for line in request.split(b"\r\n") if line.startswith(b"Origin: ")), b"*")
    lines = [
        b"HTTP/1.1 200 OK",
        b"Access-Control-Allow-Origin: " + origin,
        b"Access-Control-Allow-Credentials: true",
        b"Set-Cookie: sid=Zq7setcookie; Path=/",
        b"X-Api-Key: Zq7answerkey",
        b"X-Auth-Token: Zq7answertoken",
        b"Authentication-Info: nextnonce=Zq7nonce",
        b"Link: <https://cdn.example/x?access_token=Zq7link>; rel=preload",
        b"Connection: close",
    ]
    body = b"see https://user:Zq7body@docs.example/?api_key=Zq7bodykey"
    if path == b"/moved":
        lines[0] = b"HTTP/1.1 302 Found"
        lines.append(b"Location: /there?token=Zq7location&session=Zq7session")
    elif path == b"/login":
        lines[0] = b"HTTP/1.1 302 Found"
        lines.append(b"Location: http://user:Zq7userinfo@login.example/?code=Zq7code")
    elif path == b"/refused":
        lines[0] = b"HTTP/1.1 403 Forbidden"
        del lines[1]
    elif path == b"/odd":
        lines[1] = b"Access-Control-Allow-Origin: https://user:Zq7acao@app.example/?token=Zq7acaotoken"
    elif path != b"/open" and request.startswith(b"OPTIONS "):
        lines[0] = b"HTTP/1.1 400 Bad Request"
    if request.startswith(b"OPTIONS ") and path == b"/open":
        lines.append(b"Access-Control-Allow-Methods: PUT")
        lines.append(b"Access-Control-Allow-Headers: authorization, x-api-key, x-tenant, x-session-token")
    lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


GIVEN = (
    "-H", "Authorization: Bearer Zq7bearer", "-H", "X-Api-Key: Zq7apikey", "-H", "X-Session-Token: Zq7token",
    "-H", "X-Tenant: 7",
)  # fmt: skip
STORED = ("-u", "user:Zq7login", "-b", "sid=Zq7cookie; theme=Zq7second")
ATTACHED = ("-uuser:Zq7login", "--cookie=sid=Zq7cookie", "--header=Authorization: Basic Zq7basic")
TOKENS = "?access_token=Zq7query&api_key=Zq7key&sig=Zq7sig#token=Zq7fragment"
BODY = ("-X", "PUT", "-d", '{"password": "Zq7password"}')
CURL = (
    "curl 'URL/open?token=Zq7query' -X PUT -H 'Origin: http://localhost:3000' -H 'Authorization: Bearer Zq7bearer' "
    "-H 'Cookie: sid=Zq7cookie' -u user:Zq7login -b a=Zq7second --data-raw 'password=Zq7password'"
)
CONSOLE = (
    "Access to fetch at 'URL/refused?token=Zq7query' from origin 'http://localhost:3000' has been blocked by CORS policy: "
    "No 'Access-Control-Allow-Origin' header is present on the requested resource."
)
BAD = "https://user:Zq7userinfo@[bad/?token=Zq7query"

PROBES: dict[str, tuple[str, ...]] = {
    "headers": ("URL/open", *GIVEN),
    "a refused preflight": ("URL/closed", *GIVEN),
    "a login": ("URL/open", *STORED),
    "attached options": ("URL/open", *ATTACHED),
    "tokens in the URL": (f"URL/open{TOKENS}",),
    "userinfo in the URL": ("http://user:Zq7userinfo@127.0.0.1/",),
    "a redirect with tokens": ("URL/moved", "--credentials", "include"),
    "a redirect with userinfo": ("URL/login", *STORED),
    "a refusal with a body": (f"URL/refused{TOKENS}", *STORED),
    "an odd Allow-Origin": ("URL/odd",),
    "a body": ("URL/open", *BODY),
    "JSON in the URL": ("URL/open?variables=%7B%22password%22%3A%22Zq7password%22%7D",),
    "a form": ("URL/open", "-F", "password=Zq7password"),
    "a proxy": ("http://api.example/", "-x", "http://user:Zq7proxy@127.0.0.1:1/"),
    "several, and a matrix": (f"URL/open{TOKENS}", "URL/refused", *GIVEN, "--origin", "https://other.example"),
    "targets": ("--targets", "targets"),
    "a curl command": ("--curl", CURL),
    "OpenAPI": ("--openapi", "openapi.json", "--base-url", "URL"),
}  # fmt: skip
VIEWS: dict[str, tuple[str, ...]] = {
    "reports": ("-v", "--json", "r.json", "--jsonl", "r.jsonl", *(f"--report={f}:r.{f}" for f in FORMATS)),
    "quiet": ("-q",),
    "dry run": ("--dry-run",),
    "curl": ("--print-curl",),
    "reports over curl": ("--transport", "curl", "--json", "-"),
}

COMMANDS: dict[str, tuple[str, ...]] = {
    "run": ("run", "corscheck.toml", "-v", "--json", "r.json", *(f"--report={f}:r.{f}" for f in FORMATS)),
    "run, and a baseline": ("run", "corscheck.toml", "--baseline", "before.json", "-q"),
    "init": ("init", f"URL/open{TOKENS}", "URL/moved", "--origin", PAGE, *GIVEN, "-o", "made.toml"),
    "init from OpenAPI": ("init", "--openapi", "openapi.json", "--base-url", "URL", "--origin", PAGE, "-o", "made.toml"),
    "explain": ("explain", CONSOLE),
    "explain --json": ("explain", "--format", "json", CONSOLE),
    "explain --probe": ("explain", "--probe", CONSOLE, "-H", "Authorization: Bearer Zq7bearer"),
    "fix": ("fix", "--for", "fastapi", f"URL/open{TOKENS}", "--origin", PAGE, *GIVEN, "-X", "PUT"),
    "har": ("har", "in.har", "-v", "--json", "r.json", "--jsonl", "r.jsonl", *(f"--report={f}:r.{f}" for f in FORMATS)),
    "har -q": ("har", "in.har", "-q"),
    "transcript": ("transcript", "in.txt", "-v", "--json", "r.json", "--jsonl", "r.jsonl",
                   *(f"--report={f}:r.{f}" for f in FORMATS)),
    "transcript -q": ("transcript", "in.txt", "-q"),
    "audit": ("audit", f"URL/open{TOKENS}", *GIVEN, *STORED, "-v", "--json", "r.json", "--jsonl", "r.jsonl",
              "--poc", "poc.html", *(f"--report={f}:r.{f}" for f in FORMATS)),
    "audit -q": ("audit", f"URL/open{TOKENS}", "URL/refused", *STORED, "-q"),
    "audit --dry-run": ("audit", f"URL/open{TOKENS}", *STORED, "--dry-run"),
    "audit of an odd server": ("audit", "URL/odd", "-v"),
    "audit of a redirect": ("audit", "URL/moved", "-v"),
    "an invalid URL": ("probe", BAD, "--origin", PAGE),
    "an invalid URL, audited": ("audit", BAD),
    "an invalid origin": ("probe", "URL/open", "--origin", "https://user:Zq7origin@app.example/?token=Zq7query"),
    "an invalid header": ("probe", "URL/open", "--origin", PAGE, "-H", "Authorization Bearer Zq7bearer"),
    "an invalid cookie": ("probe", "URL/open", "--origin", PAGE, "-b", "Zq7cookie"),
    "an invalid login": ("probe", "URL/open", "--origin", PAGE, "-u", "Zq7login"),
    "an invalid proxy": ("probe", "URL/open", "--origin", PAGE, "-x", "socks4://user:Zq7proxy@p/"),
    "an invalid base": ("probe", "URL/open", "--origin", PAGE, "--via", "http://user:Zq7via@h/?token=Zq7query"),
    "an invalid policy": ("run", "broken.toml"),
    "a header as a method": ("probe", "URL/open", "--origin", PAGE, "-X", "X-Api-Key: Zq7apikey"),
    "a header as an origin": ("probe", "URL/open", "--origin", "Cookie: sid=Zq7cookie"),
    "a method with a login": ("probe", "--origin", PAGE, "--curl", "curl -X https://user:Zq7login@h URL/open", "-v"),
    "a parameter as a URL": ("audit", "token=Zq7query"),
    "a command to explain": ("explain", "curl -u user:Zq7login -H 'X-Api-Key: Zq7apikey' https://h/"),
    "a call to explain": ("explain", "axios.get('https://h/', {headers: {token: 'Zq7token'}})"),
    "a body's file that is not there": ("probe", "URL/open", "--origin", PAGE, "-d", "@none", *STORED),
}  # fmt: skip

POLICY = """
base-url = "URL"
[defaults]
origins = ["http://localhost:3000"]
[[check]]
name = "variables"
urls = ["/open?access_token=${TOKEN}"]
headers = { Authorization = "Bearer ${TOKEN}", X-Plain = "${PLAIN}" }
[[check]]
name = "written"
urls = ["/refused?token=Zq7query", "/moved"]
headers = { X-Api-Key = "Zq7apikey" }
"""
BROKEN = """
base-url = "http://user:Zq7userinfo@h/?token=Zq7query"
[[check]]
name = "a"
urls = ["/a"]
origins = ["https://user:Zq7origin@app.example"]
headers = { Authorization = "Bearer Zq7bearer\\n" }
"""
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "security": [{"bearer": [], "key": []}],
    "components": {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "x-example": "Zq7bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "x-example": "Zq7apikey"},
        }
    },
    "paths": {
        "/open": {
            "get": {
                "operationId": "o",
                "parameters": [
                    {"name": "access_token", "in": "query", "required": True, "example": "Zq7query"},
                    {"name": "X-Api-Key", "in": "header", "required": True, "example": "Zq7apikey"},
                    {"name": "sid", "in": "cookie", "required": True, "example": "Zq7cookie"},
                ],
                "responses": {},
            }
        }
    },
}


TRANSCRIPT = """$ curl -v -u me:Zq7password 'https://api.example/x?access_token=Zq7query' -H 'Origin: http://localhost:3000'
* Server auth using Basic with user 'me'
> GET /x?access_token=Zq7query HTTP/1.1
> Host: api.example
> Authorization: Bearer Zq7bearer
> Cookie: sid=Zq7cookie
> X-Api-Key: Zq7apikey
> Origin: http://localhost:3000
> Referer: http://localhost:3000/?token=Zq7referer
>
< HTTP/1.1 200 OK
< Set-Cookie: sid=Zq7setcookie
< X-Auth-Token: Zq7answertoken
< Access-Control-Allow-Origin: *
<
Zq7body
$ curl -i 'https://u:Zq7userinfo@api.example/y?token=Zq7query' -H 'Cookie: sid=Zq7cookie'
HTTP/1.1 302 Found
Location: /y?token=Zq7location

$ curl -i -H 'X-Api-Key Zq7apikey' https://api.example/
HTTP/1.1 200 OK

"""

HAR = {
    "log": {
        "version": "1.2",
        "creator": {"name": "WebInspector", "version": "1"},
        "pages": [
            {"id": "p", "title": "http://localhost:3000/?token=Zq7page", "startedDateTime": "2026-01-01T00:00:00.000Z"}
        ],
        "entries": [
            {
                "startedDateTime": "2026-01-01T00:00:00.000Z",
                "time": 1,
                "pageref": "p",
                "request": {
                    "method": "GET",
                    "url": "https://api.example/x?access_token=Zq7query",
                    "httpVersion": "h2",
                    "headers": [
                        {"name": "Origin", "value": "http://localhost:3000"},
                        {"name": "Referer", "value": "http://localhost:3000/?token=Zq7referer"},
                        {"name": "Authorization", "value": "Bearer Zq7bearer"},
                        {"name": "Cookie", "value": "sid=Zq7cookie"},
                    ],
                    "cookies": [{"name": "sid", "value": "Zq7cookie"}],
                    "queryString": [{"name": "access_token", "value": "Zq7query"}],
                    "postData": {"mimeType": "text/plain", "text": "Zq7password"},
                    "bodySize": 11,
                },
                "response": {
                    "status": 302,
                    "statusText": "Found",
                    "httpVersion": "h2",
                    "headers": [
                        {"name": "Set-Cookie", "value": "sid=Zq7setcookie"},
                        {"name": "Location", "value": "/y?token=Zq7location"},
                        {"name": "X-Auth-Token", "value": "Zq7answertoken"},
                        {"name": "Access-Control-Allow-Origin", "value": "*"},
                    ],
                    "content": {"size": 9, "text": "Zq7body"},
                    "redirectURL": "https://api.example/y?token=Zq7location",
                },
            }
        ],
    }
}


def run(directory: Path, argv: tuple[str, ...], url: str, program: tuple[str, ...] = ("-m", "corscheck")) -> str:
    """All that a command leaves behind: its status, its streams, its files."""
    inputs = {
        "corscheck.toml": POLICY, "broken.toml": BROKEN, "openapi.json": json.dumps(OPENAPI),
        "targets": "URL/open?token=Zq7query\n" + json.dumps({
            "url": "URL/refused?token=Zq7query", "headers": {"Authorization": "Bearer Zq7bearer"}}) + "\n",
        "in.har": json.dumps(HAR), "in.txt": TRANSCRIPT,
        "before.json": json.dumps({"schema_version": "1.0", "tool": {}, "summary": {}, "probes": []}),
    }  # fmt: skip
    for name, text in inputs.items():
        (directory / name).write_text(text.replace("URL", url))
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR", "SYSTEMROOT")}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(directory), "TOKEN": "Zq7variable", "PLAIN": "Zq7plain",
                    "CORSCHECK_TRACEBACK": "1"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, *program, *(word.replace("URL", url) for word in argv)],
        capture_output=True, encoding="utf-8", cwd=directory, env=environment, timeout=60, check=False,
    )  # fmt: skip
    files = {path.name: path.read_text("utf-8") for path in sorted(directory.iterdir()) if path.name not in inputs}
    return "\n".join(
        [f"--- exit {done.returncode}", "--- stdout", done.stdout, "--- stderr", done.stderr]
        + [f"--- {name}\n{text}" for name, text in files.items()]
    )


def leaked(said: str) -> list[str]:
    """The lines in which a marker is."""
    return [line[max(line.index(MARK) - 80, 0) : line.index(MARK) + 40] for line in said.splitlines() if MARK in line]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with RawServer([READ, answers]) as server:
        yield server.url().rstrip("/")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PROBES)
def test_a_probe_keeps_secrets(name: str, view: str, url: str, tmp_path: Path) -> None:
    argv = ("probe", *PROBES[name], *VIEWS[view])
    said = run(tmp_path, argv if name == "a curl command" else (*argv, "--origin", PAGE), url)
    if view in ("dry run", "curl"):
        # What the user typed as a body is what these two are there to show; it is in no report.
        said = said.replace("Zq7password", "")
    assert "--- exit 4" not in said
    assert "--- exit 2" not in said, said
    assert leaked(said) == []


def echoed(request: bytes) -> bytes:
    """A server that puts the login as it is sent into its headers and a redirect."""
    sent = request.split(b"\r\n")
    login = next((line.split()[-1] for line in sent if line.startswith(b"Authorization: ")), b"none")
    lines = [b"HTTP/1.1 302 " + login, b"Access-Control-Allow-Origin: *", b"Location: /login/" + login]
    lines += [b"X-Seen-" + login.strip(b"=") + b": 1", b"Access-Control-Expose-Headers: " + login]
    return b"\r\n".join([*lines, b"Content-Length: 0", b"Connection: close", b"", b""])


@pytest.mark.parametrize(
    "argv",
    [
        ("probe", "URL/", "--origin", PAGE, "-u", "user:Zq7login"),
        ("probe", "--curl", "curl -u user:Zq7login URL/ -H 'Origin: http://localhost:3000'"),
        ("audit", "URL/", "-u", "user:Zq7login"),
    ],
    ids=["probe", "curl", "audit"],
)
def test_a_login_that_a_server_repeats(argv: tuple[str, ...], tmp_path: Path) -> None:
    with RawServer([READ, echoed]) as server:
        reports = ("-v", "--json", "r.json", *(f"--report={f}:r.{f}" for f in FORMATS))
        said = run(tmp_path, (*argv, *reports), server.url().rstrip("/"))
    assert "Location: /login/***" in said
    assert b64encode(b"user:Zq7login").decode().rstrip("=") not in said
    assert leaked(said) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_keeps_secrets(name: str, url: str, tmp_path: Path) -> None:
    said = run(tmp_path, COMMANDS[name], url)
    assert "Traceback" not in said, said
    assert leaked(said) == []


@pytest.mark.slow
@pytest.mark.parametrize("form", [("--json", "o.json"), *(("--report", f"{f}:o.{f}") for f in FORMATS), ("-v",)])
def test_a_saved_report_keeps_secrets(form: tuple[str, str], url: str, tmp_path: Path) -> None:
    run(tmp_path, ("probe", f"URL/moved{TOKENS}", "--origin", PAGE, *GIVEN, "--jsonl", "one.jsonl"), url)
    run(tmp_path, ("audit", f"URL/open{TOKENS}", *STORED, "--jsonl", "two.jsonl"), url)
    said = "".join(
        run(tmp_path, ("report", *argv), url)
        for argv in (
            ("show", "one.jsonl", *form), ("show", "two.jsonl", *form), ("merge", "one.jsonl", "two.jsonl", "-o", "m.json"),
            ("diff", "one.jsonl", "two.jsonl"),
        )
    )  # fmt: skip
    assert leaked(said) == []


def test_they_come_out_when_they_are_asked_for(url: str, tmp_path: Path) -> None:
    """Otherwise the tests above could not fail."""
    said = run(tmp_path, ("probe", f"URL/open{TOKENS}", *GIVEN, "--origin", PAGE, "--json", "-", "--show-secrets"), url)
    for marker in ("bearer", "apikey", "token", "query", "key", "setcookie", "answerkey", "nonce", "link"):
        assert MARK + marker in said, marker
    said = run(tmp_path, ("audit", f"URL/open{TOKENS}", *STORED, "-v", "--show-secrets"), url)
    assert "Zq7query" in said


CRASH = """
import sys
import corscheck.runner, corscheck.runner.result
def broken(self, *given, **more):
    raise RuntimeError("broken on the way to https://user:Zq7userinfo@h.example/?token=Zq7query")
corscheck.runner.result.Assembler.result = broken
sys.argv[0] = "corscheck"
from corscheck.__main__ import main
main()
"""


def test_a_crash_keeps_secrets(url: str, tmp_path: Path) -> None:
    """A traceback shows our own lines and no values; without one the message is masked."""
    argv = ("probe", f"URL/open{TOKENS}", "--origin", PAGE, *GIVEN, *STORED)
    quiet = run(tmp_path, argv, url, program=("-c", "import os; os.environ.pop('CORSCHECK_TRACEBACK')\n" + CRASH))
    assert "--- exit 4" in quiet
    assert "broken on the way" in quiet
    assert leaked(quiet) == []
    plain = CRASH.replace("https://user:Zq7userinfo@h.example/?token=Zq7query", "somewhere")
    loud = run(tmp_path, argv, url, program=("-c", plain))
    assert "Traceback" in loud
    assert leaked(loud) == []


def test_a_written_policy_asks_the_environment(url: str, tmp_path: Path) -> None:
    """What is secret in a URL or a header becomes a variable, and the policy works with it."""
    run(tmp_path, COMMANDS["init"], url)
    written = (tmp_path / "made.toml").read_text()
    assert "/open?access_token=${ACCESS_TOKEN}&api_key=${API_KEY}&sig=${SIG}" in written
    assert "X-Api-Key: ${X_API_KEY}" in written
