"""What the audit finds and does not find, in real browsers: a page at the hostile origin reads the response, or it does not.

The origins are those that audits of the comparisons in ``test_comparisons`` name or ask about. Each page is loaded at its
origin in Chromium and Firefox, and fetches with credentials from a server that compares like the audited one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.auditing.kit import audit_of, make_plan, those
from tests.auditing.test_comparisons import FAULTS, FINE, Fault, Fine

pytestmark = pytest.mark.browser

RULES: tuple[Fault | Fine, ...] = (*FAULTS, *FINE)
EVERY = 12
"""Of the origins that healthy servers refuse, one in so many is tried: they are alike."""


class Comparing(BaseHTTPRequestHandler):
    """``/N`` compares the Origin by the rule N."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        origin = self.headers.get("Origin", "")
        self.send_response(200)
        if origin and RULES[int(self.path.strip("/"))].rule(origin):
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Credentials", "true")
        self.send_header("Vary", "Origin")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Comparing) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def observed(pages: list[tuple[int, str]], server: str, browser: str, file: Path) -> dict[tuple[int, str], str]:
    """The verdict of a browser for each rule and page."""
    lines = [
        json.dumps({"url": f"{server}/{rule}", "origin": origin, "credentials": "include"}) for rule, origin in pages
    ]
    file.write_text("\n".join(lines))
    argv = ["probe", "--targets", str(file), "--in-browser", browser, "--engine", browser, "--json", "-", "-m", "30"]
    done = subprocess.run([sys.executable, "-m", "corscheck", *argv], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    probes = json.loads(done.stdout)["probes"]
    assert all(probe["observed"]["agrees"] for probe in probes)
    return {(int(p["url"].rpartition("/")[2]), p["origin"]): p["observed"]["verdict"] for p in probes}


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_page_at_the_origin_of_each_finding_reads_the_response(browser: str, server: str, tmp_path: Path) -> None:
    pages = []
    for number, fault in enumerate(FAULTS):
        found, _ = audit_of(those(lambda o, f=fault: bool(f.rule(o))), make_plan(fault.target, allowed=fault.allowed))
        pages += [(number, f.origin) for f in found.findings if f.severity != "info"]
    assert len(pages) >= len(FAULTS)
    seen = observed(pages, server, browser, tmp_path / "pages.jsonl")
    assert [page for page in pages if seen[page] != "allowed"] == []


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_page_at_an_origin_that_is_no_finding_is_blocked(browser: str, server: str, tmp_path: Path) -> None:
    pages = []
    for number, fine in enumerate(FINE, len(FAULTS)):
        _, asked = audit_of(those(lambda o, f=fine: bool(f.rule(o))), make_plan(fine.target, allowed=fine.allowed))
        origins = dict.fromkeys(a.origin for a in asked if a.origin is not None and not a.preflight)
        pages += [(number, origin) for origin in origins if not fine.rule(origin)]
    pages = pages[::EVERY]
    assert len(pages) > 60
    seen = observed(pages, server, browser, tmp_path / "pages.jsonl")
    assert [page for page in pages if seen[page] != "blocked"] == []
