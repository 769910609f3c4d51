"""The proof page in a real Chromium: at the hostile origin it shows what only the visitor may read, elsewhere it does not."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from corscheck.browsers import find
from tests.browsers.conftest import installed

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
APP = "https://app.example.com"
SECRET = "the balance of the visitor is 4711"
COOKIE = "session=1"

POLICIES: dict[str, tuple[str, Callable[[str], object]]] = {
    # path: (the code that is found, which origins are allowed)
    "reflection": ("CORS801", lambda o: True),
    "null": ("CORS802", lambda o: o in (APP, "null")),
    "prefix": ("CORS803", lambda o: o.startswith(APP)),
    "suffix": ("CORS804", lambda o: o.endswith("example.com")),
    "substring": ("CORS805", lambda o: "app.example.com" in o),
    "dot": ("CORS806", lambda o: re.fullmatch("https://app.example.com", o)),
    "truncated": ("CORS807", lambda o: o in f"{APP},https://admin.example.com"),
    "separator": ("CORS808", lambda o: re.fullmatch(r"https://app\.example\.com(-[a-z.]+)?", o)),
    "character": ("CORS809", lambda o: re.match(r"https://app\.example\.com(?![a-z0-9.:-])", o)),
    "public-suffix": ("CORS810", lambda o: o.endswith(".com")),
    "shared-hosting": ("CORS811", lambda o: o == APP or o.endswith(".github.io")),
    "subdomain": ("CORS812", lambda o: re.fullmatch(r"https://[a-z]+\.example\.com", o)),
    "downgrade": ("CORS814", lambda o: o.partition("://")[2] == "app.example.com"),
    "port": ("CORS815", lambda o: re.fullmatch(r"https://app\.example\.com(:\d+)?", o)),
    "localhost": ("CORS816", lambda o: o in (APP, "http://localhost:3000")),
    "localhost-name": ("CORS817", lambda o: o == APP or o.startswith("http://localhost")),
    "private": ("CORS818", lambda o: o == APP or re.fullmatch(r"http://192\.168\.\d+\.\d+", o)),
}
SOCKET = "CORS832"


class Handler(BaseHTTPRequestHandler):
    """The target at api.example.com, the pages at every other name."""

    protocol_version = "HTTP/1.1"
    page: str = ""

    def do_GET(self) -> None:
        path, origin = self.path.strip("/"), self.headers.get("Origin", "")
        if self.headers.get("Host") != "api.example.com":
            self._answer(self.page if not path else "", ("Content-Type", "text/html; charset=utf-8"))
        elif path == "login":
            self._answer("welcome", ("Set-Cookie", f"{COOKIE}; Secure; SameSite=None; Path=/"))
        elif path == "ws":
            self._socket(origin)
        else:
            allows = path in POLICIES and origin and POLICIES[path][1](origin)
            allow = ("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")
            self._answer(SECRET if self._logged_in else "nobody", ("Vary", "Origin"), *(allow if allows else ()))

    def do_OPTIONS(self) -> None:
        self._answer("")

    @property
    def _logged_in(self) -> bool:
        return COOKIE in self.headers.get("Cookie", "")

    def _answer(self, body: str, *headers: tuple[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def _socket(self, origin: str) -> None:
        """Accepts any origin that begins like the allowed one, and sends the secret first."""
        self.close_connection = True
        if not origin.startswith(APP) or not self._logged_in:
            self._answer("", status=403)
            return
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.wfile.write(bytes([0x81, len(SECRET)]) + SECRET.encode())
        self.wfile.flush()
        with contextlib.suppress(OSError):
            self.connection.settimeout(20)
            self.connection.recv(1024)

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is the test's."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Nothing: who has seen enough hangs up."""


class Chromium:
    """One page, driven over its debugging socket."""

    def __init__(self, https: int, http: int) -> None:
        self._ports = (https, http)
        self._session: str | None = None
        self._ids = iter(range(1, 10**6))

    def __enter__(self) -> Chromium:
        with contextlib.ExitStack() as stack:
            folder = tempfile.TemporaryDirectory(prefix="corscheck-proof-", ignore_cleanup_errors=True)
            self._start(Path(stack.enter_context(folder)), stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, folder: Path, stack: contextlib.ExitStack) -> None:
        from websockets.sync.client import connect

        https, http = self._ports
        # This Chromium keeps cookies back from pages of another site unless it is told not to.
        (folder / "Default").mkdir()
        (folder / "Default" / "Preferences").write_text('{"profile": {"cookie_controls_mode": 0}}')
        rules = [f"MAP *:443 127.0.0.1:{https}", f"MAP *:80 127.0.0.1:{http}"]
        # The audit picks the port of the finding "any port" at random.
        rules += [f"MAP localhost:3000 127.0.0.1:{http}", f"MAP app.example.com 127.0.0.1:{https}"]
        argv = [
            find("chromium"), "--headless=new", f"--user-data-dir={folder}", "--remote-debugging-port=0",
            f"--host-resolver-rules={','.join(rules)}", "--ignore-certificate-errors", "--no-proxy-server", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu",
            "--disable-dev-shm-usage", "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
            *(["--no-sandbox"] if os.geteuid() == 0 else []), "about:blank",
        ]  # fmt: skip
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        stack.callback(stop, process)
        place = folder / "DevToolsActivePort"
        until(lambda: place.exists() and place.read_text().count("\n") >= 1)
        port, path = place.read_text().split()
        self._socket = stack.enter_context(connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None))
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method: str, **params: object) -> dict[str, object]:
        number = next(self._ids)
        session = {} if self._session is None else {"sessionId": self._session}
        self._socket.send(json.dumps({"id": number, "method": method, "params": params, **session}))
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    def evaluate(self, expression: str) -> object:
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def open(self, url: str) -> None:
        assert "errorText" not in self.call("Page.navigate", url=url), url
        until(lambda: self.evaluate("document.readyState") == "complete")


def stop(process: subprocess.Popen[bytes]) -> None:
    """It takes its children along."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def until(look: Callable[[], object], seconds: float = 20.0) -> object:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.03)
    raise AssertionError("it did not happen")


@dataclass
class Stage:
    """What the tests share: the findings by their code, and a browser that is logged in at the target."""

    browser: Chromium
    findings: dict[str, dict[str, object]] = field(default_factory=dict)

    def text(self, code: str) -> str:
        """What the page shows below a finding, once there is something."""
        return str(until(lambda: self.browser.evaluate(f"document.getElementById('{code}').textContent")))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    installed("chromium")
    folder = tmp_path_factory.mktemp("proof")
    certificate = folder / "server.pem"
    trustme.CA().issue_cert("api.example.com").private_key_and_cert_chain_pem.write_to_path(certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    secure, plain = Server(("127.0.0.1", 0), Handler), Server(("127.0.0.1", 0), Handler)
    secure.socket = tls.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    for server in (secure, plain):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        findings = audited(secure.server_port, folder / "proof.html", folder / "report.json")
        Handler.page = (folder / "proof.html").read_text("utf-8")
        with Chromium(secure.server_port, plain.server_port) as browser:
            browser.open("https://api.example.com/login")
            yield Stage(browser, findings)
    finally:
        for server in (secure, plain):
            server.shutdown()
            server.server_close()


def audited(port: int, page: Path, report: Path) -> dict[str, dict[str, object]]:
    """Audit every path with the command, as a user would, and let it write the proof page."""
    urls = [f"https://api.example.com/{path}" for path in POLICIES] + ["wss://api.example.com/ws"]
    command = [sys.executable, "-m", "corscheck", "audit", *urls, "--allowed-origin", APP, "-b", COOKIE, "--insecure"]
    done = subprocess.run(
        [*command, "--connect-to", f"::127.0.0.1:{port}", "--poc", str(page), "--json", str(report), "--quiet"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    audits = json.loads(report.read_text())["audits"]
    found = {f["code"]: f for audit in audits for f in audit["findings"] if f["severity"] != "info"}
    assert sorted(found) == sorted([*(code for code, _ in POLICIES.values()), SOCKET])
    return found


@pytest.mark.parametrize("code", [*(code for code, _ in POLICIES.values()), SOCKET])
def test_at_the_hostile_origin_it_shows_what_only_the_visitor_may_read(stage: Stage, code: str) -> None:
    origin = str(stage.findings[code]["origin"])
    # A sandboxed frame has the origin null wherever the page around it is.
    here = "https://anywhere.example.org" if origin == "null" else origin
    stage.browser.open(f"{here}/")
    assert stage.browser.evaluate("location.origin") == here
    shown = stage.text(code)
    assert shown.startswith("READ"), shown
    assert SECRET in shown


def test_at_a_harmless_origin_nothing_can_be_read(stage: Stage) -> None:
    """Even when told to: every button is pressed."""
    stage.browser.open("https://harmless.example.org/")
    stage.browser.evaluate("document.querySelectorAll('button').forEach((button) => button.click())")
    for code, finding in stage.findings.items():
        shown = stage.text(code)
        if code in ("CORS801", "CORS802"):
            # Anybody is anybody, and anybody can frame a page without an origin.
            assert SECRET in shown, finding
        else:
            assert shown.startswith("BLOCKED"), (finding, shown)
            assert SECRET not in shown


def test_at_the_allowed_origin_nothing_runs_by_itself_but_what_is_null(stage: Stage) -> None:
    stage.browser.open(f"{APP}/")
    assert SECRET in stage.text("CORS802")
    texts = {code: stage.browser.evaluate(f"document.getElementById('{code}').textContent") for code in stage.findings}
    assert [code for code, text in texts.items() if text] == ["CORS802"]


def test_the_page_asks_nobody_else() -> None:
    """All that it loads is in it, and what it reads stays in it."""
    assert urlsplit(APP).hostname is not None
    from corscheck.auditing.poc import page

    assert re.findall(r"""(?:src|href|action)=|@import|url\(|sendBeacon|XMLHttpRequest""", page(())) == []
    assert page(()).count("fetch(") == 1
