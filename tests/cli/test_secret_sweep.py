"""At least 250 secrets, each planted once: none comes out, in no stream, file or list of processes.

``test_secrets`` goes through commands and views; here it is names and places. Every secret has a number of its own, and
is planted in what is typed, in a file that a command reads, in the environment or in a server's answer. The last test
counts them.
"""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_secrets import FORMATS, PAGE, ROOT
from tests.servers.raw import READ, RawServer

NAMES = """
Authorization Proxy-Auth Token Secret Password Passwd Pass Pwd Pw Pin Key Api-Key ApiKey Auth_Key Private-Key PrivateKey
Subscription-Key Access-Key Functions-Key Session SessionId PHPSESSID JSESSIONID ASP.NET_SessionId connect.sid Sid Sess Ticket
Assertion SAMLResponse SAMLRequest Signature Sig X-Amz-Signature X-Amz-Credential Hmac Credential Credentials Cookie3 Sso Otp
Mfa State Nonce Code DPoP X-Client-Cert Jwt Bearer Auth Csrf-Token Xsrf client_secret refresh_token id_token RelayState
code_verifier user_password X-Hub-Signature-256
""".split()  # noqa: SIM905
"""Names of secrets, in any place."""

PARAMETERS = (*NAMES, "user[password]", "data%5Btoken%5D", "access%5Ftoken", "%74oken", "a[b][pin]", "login.password")
MARK = re.compile(r"Zq7\d{4}")
REPORTS = ("-v", "--json", "r.json", "--jsonl", "r.jsonl", *(f"--report={f}:r.{f}" for f in FORMATS))
VIEWS: dict[str, tuple[str, ...]] = {
    "reports": REPORTS, "quiet": ("-q",), "dry run": ("--dry-run",), "curl": ("--print-curl",),
    "a report on stdout": ("--transport", "httpx", "--json", "-"),
}  # fmt: skip


class Planting:
    """Hands out secrets, and knows all that it has handed out."""

    def __init__(self) -> None:
        self.count = 0

    def secret(self) -> str:
        self.count += 1
        return f"Zq7{self.count:04d}"

    def jwt(self) -> str:
        """A token that holds a secret where base64 does not hide it."""
        return f"eyJhbGciOiJub25lIn0.eyJ{self.secret()}.c2ln"


PLANTED = Planting()
new = PLANTED.secret
URL_QUERY = "&".join(f"{name}={new()}" for name in PARAMETERS)
HEADERS = [f"{name}: {new()}" for name in NAMES if name != "Authorization"] + [f"Authorization: Bearer {new()}"]
ODD_HEADERS = [
    f"X-Any: Bearer {new()}",
    f"X-Basic: Basic {new()}==",
    f"X-Plain: {PLANTED.jwt()}",
    f"X-Link: https://u:{new()}@h/?key={new()}",
]
LOGIN = ("-u", f"user:{new()}", "-b", f"sid={new()}; theme={new()}")
FORM = [f"{name}={new()}" for name in ("user[password]", "a[b][pin]", *NAMES[:10])]
NESTED = (
    f"?next=https%3A%2F%2Fu%3A{new()}%40h%2F%3Ftoken%3D{new()}&to=https://u:{new()}@h/?key={new()}&j={PLANTED.jwt()}"
)
IN_PATH = f"/open/{PLANTED.jwt()}/x;jsessionid={new()}"

ANSWER_HEADERS = [f"{name}: {new()}" for name in NAMES] + [
    f"Set-Cookie: sid={new()}; Path=/; token={new()}", f"Set-Cookie: theme={new()}",
    f"X-Debug: Bearer {new()}", f"X-Jwt-Less: {PLANTED.jwt()}",
    f"Link: <https://u:{new()}@cdn.example/?sig={new()}>; rel=preload", f"Refresh: 0; url=//u:{new()}@h/?pin={new()}",
    f"WWW-Authenticate: Negotiate {new()}", f"X-Form: user=a&otp={new()}",
]  # fmt: skip
LOCATION = "/there?" + "&".join(f"{name}={new()}" for name in PARAMETERS) + "#" + f"id_token={new()}"
BODY = (
    json.dumps({name: new() for name in NAMES if name not in ("State", "Code")})
    + f" see https://u:{new()}@h/ or token={new()}"
)
REASON = new()
MALFORMED = f"HTTP/1.1 200 OK\r\nX-Api-Key {new()}\r\nContent-Length: 0\r\n\r\n".encode()
PAGE_BODY = (
    f'<meta name="csrf-token" content="{new()}"><input type=hidden name="password" value="{new()}">'
    f"<login><token>{new()}</token><n:secret a='1'>{new()}</n:secret></login> token: Bearer {new()}"
)
VARIABLES = {
    "API_TOKEN": new(), "DB_PASSWORD": new(), "PLAIN": new(), "QUERY": new(), "USERINFO": new(), "BODY": new(), "PIN": new(),
    "PATH_SECRET": new(), "NAME_SECRET": new(), "REASON_KEY": new(), "SIGNING_KEY": new(), "NOWHERE_TOKEN": new(),
}  # fmt: skip


def answers(request: bytes) -> bytes:
    """Answer with a secret in every header; ``/moved`` redirects, ``/refused`` refuses with a body, ``/echo`` repeats."""
    target = request.split(b" ")[1]
    origin = next((line[8:] for line in request.split(b"\r\n") if line.lower().startswith(b"origin: ")), b"*").decode()
    lines = ["HTTP/1.1 200 OK", f"Access-Control-Allow-Origin: {origin}", "Access-Control-Allow-Credentials: true"]
    body = ""
    if request.startswith(b"OPTIONS "):
        asked = re.search(rb"(?i)access-control-request-headers: ([^\r]*)", request)
        lines += [
            f"Access-Control-Allow-Headers: {asked[1].decode() if asked else ''}",
            "Access-Control-Allow-Methods: PUT",
        ]
    elif target.startswith(b"/moved"):
        lines[0] = "HTTP/1.1 302 Found"
        lines.append(f"Location: {LOCATION}")
    elif target.startswith(b"/refused"):
        lines[0:2] = ["HTTP/1.1 403 Forbidden"]
        body = BODY
    elif target.startswith(b"/malformed"):
        return MALFORMED
    elif target.startswith(b"/form"):
        lines[0:2] = [f"HTTP/1.1 403 Bearer {REASON}"]
        body = PAGE_BODY
    elif target.startswith(b"/echo"):
        # What was sent comes back where no name says that it is a secret.
        lines[0:2] = ["HTTP/1.1 403 Forbidden"]
        sent = re.findall(rb"Zq7\d{4}", request)
        body = " ".join(one.decode() for one in sent)
        lines += [f"X-Echo: {body}"]
    if target.split(b"?")[0] != b"/echo":
        lines += ANSWER_HEADERS
    lines += [f"Content-Length: {len(body)}", "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer([READ, answers]) as running:
        yield running


@pytest.fixture
def url(server: RawServer) -> str:
    return server.url("").rstrip("/")


def run(directory: Path, argv: tuple[str, ...], more: dict[str, str] | None = None) -> str:
    """Return what a command leaves behind: its status, its streams, the names and texts of its files."""
    before = {path: path.read_bytes() for path in directory.iterdir()}
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "SYSTEMROOT")}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(directory), "TMPDIR": str(directory), **(more or {})}
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", *argv],
        capture_output=True, encoding="utf-8", cwd=directory, env=environment, timeout=60, check=False,
    )  # fmt: skip
    files = [
        f"--- {path.name}\n{path.read_text('utf-8')}"
        for path in sorted(directory.iterdir())
        if before.get(path) != path.read_bytes()
    ]
    return "\n".join([f"--- exit {done.returncode}", done.stdout, done.stderr, *files])


def leaked(said: str, shown: tuple[str, ...] = ()) -> list[str]:
    """Return the places in which secrets are, also where base64 or another encoding of a URL hides them."""
    for body in shown:
        said = said.replace(body, "")
    found = [said[max(m.start() - 90, 0) : m.end() + 20] for m in MARK.finditer(said)]
    for word in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", said):
        try:
            text = base64.b64decode(word + "=" * (-len(word) % 4)).decode("latin-1")
        except ValueError:
            continue
        found += [f"base64 of {m[0]}" for m in MARK.finditer(text)]
    return found


def headers(lines: list[str]) -> tuple[str, ...]:
    return tuple(part for line in lines for part in ("-H", line))


PROBES: dict[str, tuple[str, ...]] = {
    "parameters": (f"/open?{URL_QUERY}",),
    "a malformed answer": ("/malformed",),
    "a refusal with a form": ("/form",),
    "a refusal": (f"/refused?{URL_QUERY}",),
    "headers": ("/open", *headers(HEADERS), *headers(ODD_HEADERS)),
    "a login": ("/open", *LOGIN),
    "an echo": (f"/echo?{URL_QUERY}", *LOGIN, *headers(HEADERS)),
    "a redirect": ("/moved", "--credentials", "include"),
    "URLs in URLs": (f"/open{NESTED}",),
    "tokens in the path": (IN_PATH,),
    "an echo of a body": ("/echo", "-d", f"password={new()}&pin={new()}"),
    "an echo of JSON": ("/echo", "-d", json.dumps({"user": {"token": new(), "pin": new()}})),
    "an echo of a form": ("/echo", "-F", f"password={new()}"),
    "a form": ("/open", *(part for field in FORM for part in ("-F", field))),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PROBES)
def test_probes(name: str, view: str, server: RawServer, url: str, tmp_path: Path) -> None:
    target, *options = PROBES[name]
    before = len(server.requests)
    said = run(tmp_path, ("probe", url + target, "--origin", PAGE, *options, *VIEWS[view]))
    assert "--- exit 2" not in said, said
    assert "--- exit 4" not in said, said
    bodies = [value for option, value in zip(options[::2], options[1::2], strict=True) if option in ("-d", "-F")]
    # A body is what these two are there to show; it is in no report.
    assert leaked(said, tuple(MARK.findall(repr((FORM, bodies)))) if view in ("dry run", "curl") else ()) == []
    assert (len(server.requests) == before) == (view in ("dry run", "curl"))


@pytest.mark.parametrize("path", ["/open", "/refused", "/moved", "/echo"])
def test_audits(path: str, url: str, tmp_path: Path) -> None:
    argv = ("audit", f"{url}{path}?{URL_QUERY}", *headers(HEADERS[:20]), *LOGIN, *REPORTS, "--poc", "poc.html")
    assert leaked(run(tmp_path, argv)) == []
    assert leaked(run(tmp_path, ("audit", f"{url}{path}?{URL_QUERY}", *LOGIN, "--dry-run"))) == []


def test_saved_reports(url: str, tmp_path: Path) -> None:
    run(
        tmp_path,
        ("probe", f"{url}/moved?{URL_QUERY}", "--origin", PAGE, *headers(HEADERS), *LOGIN, "--jsonl", "one.jsonl"),
    )
    for argv in (("show", "one.jsonl", *REPORTS[1:]), ("show", "one.jsonl", "-v"), ("diff", "one.jsonl", "one.jsonl"),
                 ("merge", "one.jsonl", "-o", "m.json")):  # fmt: skip
        assert leaked(run(tmp_path, ("report", *argv))) == []


# ---------------------------------------------------------------------- options that hold a secret, and mistakes

EVERYTHING = (
    f"curl -u u:{new()} -b a={new()} -H 'X-Api-Key: {new()}' -x u:{new()}@127.0.0.1:1 "
    f"-d 'password={new()}' 'URL/echo?token={new()}'"
)


def blocked() -> str:
    """Return a console text about a URL with secrets."""
    return (
        f"Access to fetch at 'https://u:{new()}@h/?token={new()}' from origin 'http://a' has been blocked by CORS policy: "
        "No 'Access-Control-Allow-Origin' header is present on the requested resource."
    )


MISTYPED: dict[str, tuple[str, ...]] = {
    "proxy without scheme": ("probe", "http://api.example/", "--origin", PAGE, "-x", f"u:{new()}@127.0.0.1:1"),
    "proxy, attached": ("probe", "http://api.example/", "--origin", PAGE, f"-xu:{new()}@127.0.0.1:1"),
    "proxy, with =": ("probe", "http://api.example/", "--origin", PAGE, f"-x=u:{new()}@127.0.0.1:1"),
    "proxy with @ and /": ("probe", "http://api.example/", "--origin", PAGE, "--proxy", f"http://u:a@{new()}/b@127.0.0.1:1"),
    "proxy with a slash": ("probe", "http://api.example/", "--origin", PAGE, "-x", f"u:a/{new()}@127.0.0.1:1"),
    "proxy, curl": ("probe", "http://api.example/", "--origin", PAGE, "-x", f"u:{new()}@127.0.0.1:1", "--print-curl"),
    "socks": ("probe", "http://api.example/", "--origin", PAGE, "-x", f"socks5://u:{new()}@127.0.0.1:1"),
    "certificate": ("probe", "https://api.example/", "--origin", PAGE, "-E", f"cert.pem:{new()}"),
    "certificate, attached": ("probe", "https://api.example/", "--origin", PAGE, f"-Ecert.pem:{new()}"),
    "certificate, curl": ("probe", "https://api.example/", "--origin", PAGE, f"--cert=cert.pem:{new()}", "--print-curl"),
    "certificate, of a curl command": ("probe", "--curl", f"curl -E cert.pem:{new()} https://api.example/", "--origin", PAGE),
    "cluster": ("probe", "URL/open", "URL/refused", "--origin", PAGE, "--cluster", f"tcp://u:{new()}@127.0.0.1:1"),
    "cluster without scheme": ("probe", "URL/open", "--origin", PAGE, "--cluster", f"u:{new()}@127.0.0.1:1"),
    "via": ("probe", "URL/open", "--origin", PAGE, "--via", f"u:{new()}@127.0.0.1:1"),
    "a URL without scheme": ("probe", f"u:{new()}@127.0.0.1:1/x?token={new()}", "--origin", PAGE, "--json", "r.json"),
    "a URL of a user alone": ("probe", f"{new()}@127.0.0.1:1/x?token={new()}", "--origin", PAGE, "--json", "r.json"),
    "a URL with a slash": ("probe", f"http://u:a/{new()}@127.0.0.1:1/", "--origin", PAGE, "--json", "r.json"),
    "a URL with userinfo": ("probe", f"http://u:{new()}@127.0.0.1:1/", "--origin", PAGE, "-v", "--json", "r.json"),
    "a URL, audited": ("audit", f"u:{new()}@127.0.0.1:1/x?token={new()}"),
    "a URL with userinfo, audited": ("audit", f"http://u:{new()}@127.0.0.1:1/x?token={new()}", "--json", "r.json"),
    "a URL in init": ("init", f"u:{new()}@127.0.0.1:1/x?token={new()}", "--origin", PAGE, "-o", "-"),
    "a URL with userinfo in init": ("init", f"http://u:{new()}@127.0.0.1:1/x?token={new()}", "--origin", PAGE, "-o", "-"),
    "a URL without origin": ("probe", f"u:{new()}@127.0.0.1:1/x?token={new()}"),
    "an origin without scheme": ("probe", "URL/open", "--origin", f"u:{new()}@app.example/?token={new()}"),
    "an origin with a path": ("probe", "URL/open", "--origin", f"https://u:{new()}@app.example/?token={new()}"),
    "an allowed origin": ("audit", "URL/open", "--allowed-origin", f"https://u:{new()}@app.example/?token={new()}"),
    "a base": ("probe", "--openapi", "api.json", "--origin", PAGE, "--base-url", f"u:{new()}@h/?token={new()}"),
    "a base of run": ("run", "policy.toml", "--base-url", f"https://u:{new()}@h/?token={new()}"),
    "no command": (f"https://u:{new()}@api.example/?token={new()}",),
    "no command, no scheme": (f"u:{new()}@api.example/?token={new()}",),
    "no command, localhost": (f"u:{new()}@localhost/?token={new()}",),
    "too many arguments": ("run", "policy.toml", "--", "-x", f"u:{new()}@h"),
    "an unexpected argument": ("schema", "policy", f"u:{new()}@h", f"https://h/?token={new()}"),
    "an unknown option": ("probe", "URL/open", f"--http://u:{new()}@h"),
    "a wrong number": ("probe", "URL/open", "-m", f"https://u:{new()}@h"),
    "a wrong choice": ("probe", "URL/open", "--mode", f"Bearer {new()}"),
    "no header": ("probe", "URL/open", "--origin", PAGE, "-H", f"X-Api-Key {new()}"),
    "a header without name": ("probe", "URL/open", "--origin", PAGE, "-H", f": {new()}"),
    "no cookie": ("probe", "URL/open", "--origin", PAGE, "-b", new()),
    "no login": ("probe", "URL/open", "--origin", PAGE, "-u", new()),
    "no form": ("probe", "URL/open", "--origin", PAGE, "-F", new()),
    "curl: no login": ("probe", "--curl", f"curl -u {new()} URL/open", "--origin", PAGE),
    "curl: no header": ("probe", "--curl", f"curl -H 'X-Api-Key {new()}' URL/open", "--origin", PAGE),
    "curl: no form": ("probe", "--curl", f"curl --form-string {new()} URL/open", "--origin", PAGE),
    "curl: a proxy's login": ("probe", "--curl", f"curl -U u:{new()} URL/open", "--origin", PAGE),
    "curl: unknown": ("probe", "--curl", f"curl --oauth u:{new()} URL/open", "--origin", PAGE),
    "curl: a passphrase": ("probe", "--curl", f"curl --pass {new()} URL/open", "--origin", PAGE),
    "curl: oauth2": ("probe", "--curl", f"curl --oauth2-bearer {new()} URL/open", "--origin", PAGE, *REPORTS),
    "curl: a glob": ("probe", "--curl", f"curl 'http://u:{new()}@h/{{a,b}}?token={new()}'", "--origin", PAGE),
    "curl: everything": ("probe", "--curl", EVERYTHING, "--origin", PAGE, *REPORTS),
    "fetch: no header": ("probe", "--curl", f"fetch('URL/open', {{headers: [['X-Api-Key', '{new()}', 1]]}})", "--origin", PAGE),
    "targets": ("probe", "--targets", "targets", "--origin", PAGE),
    "targets, one wrong": ("probe", "--targets", "wrong", "--origin", PAGE),
    "targets, audited": ("audit", "--targets", "wrong"),
    "a document that is not there": ("probe", "--openapi", f"http://u:{new()}@127.0.0.1:1/o.json?token={new()}", "--origin", PAGE),
    "a policy's variables": ("run", "policy.toml", *REPORTS),
    "a policy's variables, shown": ("run", "policy.toml", "-q"),
    "a policy's variables, wrong": ("run", "broken.toml"),
    "a policy that is fixed": ("fix", "--for", "fastapi", "--config", "policy.toml"),
    "fix": ("fix", "--for", "fastapi", f"http://u:{new()}@h/x?token={new()}", "--origin", PAGE, "-H", f"X-Api-Key: {new()}"),
    "har": ("har", "in.har", *REPORTS),
    "explain": ("explain", blocked()),
    "explain: cut in a password": ("explain", f"Access to fetch at 'https://user:{new()}"),
    "explain: cut in a long password": ("explain", "Access to fetch at 'https://user:" + "a" * 70 + new()),
    "explain: cut in a token": ("explain", f"Access to fetch at 'https://h/?a=1&token={new()}"),
    "explain: unknown": ("explain", f"something at https://user:{'b' * 60}{new()}@h/?token={new()} went wrong"),
    "explain: without scheme": ("explain", f"something at user:{new()}@h/?token={new()} went wrong"),
    "explain: a header": ("explain", f"it said Authorization: Bearer {new()} and no"),
    "explain --json": ("explain", "--json", blocked()),
    "an application": ("probe", "--app", f"https://u:{new()}@h/", "--origin", PAGE),
    "a baseline": ("run", "policy.toml", "--baseline", f"https://u:{new()}@h/?token={new()}"),
    "a report": ("probe", "URL/open", "--origin", PAGE, "--report", f"https://u:{new()}@h/?token={new()}"),
    "a user agent": ("probe", "URL/open", "--origin", PAGE, "-A", f"x/1 ({PLANTED.jwt()})", *REPORTS),
    "a referer": ("probe", "URL/open", "--origin", PAGE, "-H", f"X-Referer: https://h/?token={new()}", *REPORTS),
}  # fmt: skip

SELDOM = {"a shard": ("probe", "URL/open", "--shard", f"u:{new()}@h", "--origin", PAGE),
          "a rate": ("probe", "URL/open", "--rate", f"u:{new()}@h", "--origin", PAGE),
          "resolve": ("probe", "URL/open", "--resolve", f"u:{new()}@h", "--origin", PAGE),
          "connect-to": ("probe", "URL/open", "--connect-to", f"u:{new()}@h", "--origin", PAGE),
          "an engine": ("probe", "URL/open", "--engine", f"u:{new()}@h", "--origin", PAGE),
          "a remedy": ("fix", "--for", f"u:{new()}@h"),
          "a select": ("run", "policy.toml", "--select", f"u:{new()}@h"),
          "an environment": ("run", "policy.toml", "--env", f"u:{new()}@h")}  # fmt: skip

POLICY = """
[defaults]
origins = ["http://localhost:3000"]
[[check]]
name = "as ${NAME_SECRET}"
urls = ["URL/echo/${PATH_SECRET}?q=${QUERY}&access_token=${API_TOKEN}"]
methods = ["POST"]
send = "always"
body = "${BODY}"
headers = { Authorization = "Bearer ${DB_PASSWORD}", X-Plain = "${PLAIN}", X-Pin = "${PIN}", X-Signed = "a=${SIGNING_KEY}" }
[[check]]
name = "a login in the URL"
urls = ["http://u:${USERINFO}@127.0.0.1:1/"]
expect = "invalid"
[[ignore]]
check = "as ${NAME_SECRET}"
reason = "of ${REASON_KEY}"
"""
BROKEN = """
base-url = "${API_TOKEN}"
via = "${DB_PASSWORD}"
[[check]]
name = "as ${NAME_SECRET}"
urls = ["${PATH_SECRET}"]
origins = ["${PLAIN}", "https://${QUERY}/x"]
methods = ["${PIN} x"]
because = "${BODY}"
max-age = "${SIGNING_KEY}"
headers = ["${USERINFO}"]
[[ignore]]
check = "${NOWHERE_TOKEN}"
reason = "x"
"""
TARGETS = (
    f"URL/open?token={new()}\n"
    + json.dumps({"url": f"URL/echo?key={new()}", "headers": {"X-Api-Key": new(), "Cookie": f"a={new()}"}}) + "\n"
)  # fmt: skip
WRONG = "\n".join(
    [
        f"GET https://u:{new()}@h/",
        f"Authorization: Bearer {new()}",
        f"X-Api-Key: {new()}",
        f"user:{new()}@h/?token={new()} x",
        json.dumps({"url": "URL/open", "headers": [["X-Api-Key", new(), 1]]}),
        json.dumps({"url": "URL/open", "headers": [f"X-Api-Key: {new()}"]}),
        json.dumps({"url": "URL/open", "origin": f"https://u:{new()}@h/"}),
        json.dumps({"url": "URL/open", "mode": f"Bearer {new()}"}),
        f'{{"url": "https://u:{new()}@h/"',
    ]
)
HAR = {
    "log": {
        "version": "1.2",
        "creator": {"name": "WebInspector", "version": "1"},
        "pages": [],
        "entries": [
            {
                "startedDateTime": "2026-01-01T00:00:00.000Z",
                "time": 1,
                "request": {
                    "method": "GET",
                    "url": "https://api.example/x?" + "&".join(f"{name}={new()}" for name in PARAMETERS),
                    "httpVersion": "h2",
                    "headers": [
                        {"name": "Origin", "value": PAGE},
                        *({"name": name, "value": new()} for name in NAMES),
                        {"name": "Cookie", "value": f"sid={new()}"},
                    ],
                    "bodySize": 0,
                },
                "response": {
                    "status": 200,
                    "statusText": "OK",
                    "httpVersion": "h2",
                    "headers": [{"name": name, "value": new()} for name in NAMES],
                    "content": {"size": 9, "text": new()},
                    "redirectURL": "",
                },
            }
        ],
    }
}


@pytest.mark.parametrize("name", [*MISTYPED, *SELDOM])
def test_options_files_and_mistakes(name: str, url: str, tmp_path: Path) -> None:
    inputs = {
        "policy.toml": POLICY, "broken.toml": BROKEN, "targets": TARGETS, "wrong": WRONG, "in.har": json.dumps(HAR),
        "api.json": json.dumps({"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}),
    }  # fmt: skip
    for file, text in inputs.items():
        (tmp_path / file).write_text(text.replace("URL", url))
    argv = MISTYPED.get(name) or SELDOM[name]
    said = run(tmp_path, tuple(word.replace("URL", url) for word in argv), VARIABLES)
    assert "--- exit 4" not in said, said
    assert "Traceback" not in said, said
    assert leaked(said) == []


PROXIES = (f"http://u:{new()}@127.0.0.1:1", f"u:a/{new()}@127.0.0.1:1", f"socks4://u:{new()}@127.0.0.1:1")


def test_proxies_of_the_environment(tmp_path: Path) -> None:
    for value in PROXIES:
        argv = ("probe", "http://api.example/", "--origin", PAGE, *REPORTS)
        assert leaked(run(tmp_path, argv, {"http_proxy": value})) == []


# ---------------------------------------------------------------------- files and processes


def test_modes(url: str, tmp_path: Path) -> None:
    """What may hold secrets is its owner's; a file that is there keeps its mode."""
    (tmp_path / "r.json").write_text("old")
    (tmp_path / "r.json").chmod(0o640)
    files = ("--json", "r.json", "--jsonl", "r.jsonl", "--report", "html:r.html", "--report", "har:r.har")
    argv = ("probe", f"{url}/open?token=x", "--origin", PAGE, *files)
    said = run(tmp_path, (*argv, "--show-secrets"))
    assert "--- exit 0" in said, said
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"r.json": 0o640, "r.jsonl": 0o600, "r.html": 0o600, "r.har": 0o600}
    # Without secrets the next run does not open them; and copies of a private report are private.
    run(tmp_path, argv)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == modes
    run(tmp_path, ("report", "show", "r.jsonl", "--json", "copy.json"))
    run(tmp_path, ("audit", f"{url}/open", "--show-secrets", "--poc", "poc.html", "--json", "a.json", "-q"))
    assert [stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("copy.json", "poc.html", "a.json")] == [0o600] * 3


@pytest.mark.parametrize("option", ["--jsonl", "--json"])
def test_a_link_that_the_user_names_is_followed(option: str, url: str, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to("real")
    run(tmp_path, ("probe", f"{url}/open", "--origin", PAGE, option, "link", "-q"))
    assert (tmp_path / "link").is_symlink()
    assert "/open" in (tmp_path / "real").read_text()
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600


def children(of: int) -> Iterator[str]:
    """Yield the command line of every process below one, as ``ps`` shows them."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    below = {of}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    own = (Path("/proc") / str(of) / "cmdline").read_bytes()
    for pid in below - {of}:
        try:
            line = (Path("/proc") / str(pid) / "cmdline").read_bytes()
        except OSError:
            continue
        # Between fork and exec a child has the command line of its parent, which the user typed.
        if line != own:
            yield line.replace(b"\0", b" ").decode("utf-8", "replace")


IN_PS = (new(), new(), new(), new(), new())
PROCESSES = {
    "workers": pytest.param(
        ("--cluster", "local:2", "-u", f"user:{IN_PS[3]}", "-b", f"sid={IN_PS[4]}"), marks=pytest.mark.slow
    ),
    "chromium": pytest.param(("--in-browser", "chromium"), marks=pytest.mark.browser),
    "firefox": pytest.param(("--in-browser", "firefox"), marks=pytest.mark.browser),
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", PROCESSES.values(), ids=PROCESSES)
def test_child_processes_and_temporary_files(how: tuple[str, ...], url: str, tmp_path: Path) -> None:
    """``ps`` shows everybody the arguments of every process, and a temporary file is no place for others to look."""
    argv = (
        "probe", f"{url}/open?token={IN_PS[0]}", f"{url}/echo?token={IN_PS[1]}", "--origin", PAGE,
        "-H", f"X-Api-Key: {IN_PS[2]}", *how, "--json", "r.json", "-v",
    )  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")} | {"PYTHONPATH": str(ROOT)}
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    seen: set[str] = set()
    open_to_others: set[str] = set()
    process = subprocess.Popen(
        [sys.executable, "-m", "corscheck", *argv], cwd=tmp_path, env=environment | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.update(children(process.pid))
            for path in temporary.iterdir():
                if path.stat(follow_symlinks=False).st_mode & 0o077 and not path.is_symlink():
                    open_to_others.add(path.name)
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        said = process.communicate(timeout=120)[0]
    finally:
        process.kill()
        done.set()
        watcher.join()
    assert seen, "no child process was seen"
    assert leaked("\n".join(seen)) == []
    assert open_to_others == set()
    assert leaked(said + (tmp_path / "r.json").read_text()) == []
    assert list(temporary.iterdir()) == []


# ---------------------------------------------------------------------- the count


def test_how_many_secrets_there_are() -> None:
    """Each of them is in one of the tables above, whose tests have found none."""
    tables = (
        list(PROBES.values()), ANSWER_HEADERS, LOCATION, BODY, REASON, MALFORMED, PAGE_BODY,
        VARIABLES, [*MISTYPED.values(), *SELDOM.values()],
        TARGETS, WRONG, HAR, IN_PS, PROXIES,
    )  # fmt: skip
    planted = set(MARK.findall(repr(tables)))
    assert len(planted) >= 250
    assert {f"Zq7{number:04d}" for number in range(1, int(max(planted)[3:]) + 1)} == planted, "every one is in a table"


def test_they_come_out_when_they_are_asked_for(url: str, tmp_path: Path) -> None:
    """Otherwise the tests above could not fail."""
    argv = ("probe", f"{url}/open?{URL_QUERY}", "--origin", PAGE, *headers(HEADERS), "--show-secrets", "--json", "-")
    said = run(tmp_path, argv)
    asked = set(MARK.findall(URL_QUERY + repr(HEADERS) + repr(ANSWER_HEADERS)))
    assert len(asked) > 150
    assert asked - set(MARK.findall(said)) == set()
