"""What the audit finds and does not find, in real browsers: a page at the hostile origin reads the response, or it does not.

The origins are those that audits of the comparisons in ``test_comparisons`` name or ask about. Each page is loaded at its
origin in Chromium and Firefox, and fetches with credentials from a server that compares like the audited one. Of origins
that browsers treat alike, one is tried for each class of finding: a page takes half a second.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from corscheck.auditing.preloaded import is_https_only
from corscheck.protocol.origin import is_ip, is_loopback_host, parse_url
from tests.auditing.kit import audit_of, make_plan, those
from tests.auditing.test_comparisons import FAULTS, FINE, Fault, Fine

pytestmark = pytest.mark.browser

EVERY_CODE = {f"CORS{number}" for number in (*range(801, 813), *range(814, 819), 833, 834)}
"""The classes of origins that a page can have at normal depth."""

RULES: tuple[Fault | Fine, ...] = (*FAULTS, *FINE)


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


def shape(origin: str) -> tuple[object, ...]:
    """What a browser can treat differently: the scheme, whether there is a port, what kind of host it is."""
    if origin == "null":
        return (origin,)
    url = parse_url(origin)
    host = str(url.host)
    kind = "local" if is_loopback_host(host) else "address" if is_ip(host) else is_https_only(host)
    return url.scheme, origin.endswith(f"{host}"), kind, *sorted(set(re.findall(r"[^a-z0-9.-]", host)))


def found_pages() -> dict[tuple[object, ...], tuple[int, str]]:
    """The rule and origin of a finding of each class and shape."""
    pages: dict[tuple[object, ...], tuple[int, str]] = {}
    for number, fault in enumerate(FAULTS):
        found, _ = audit_of(those(lambda o, f=fault: bool(f.rule(o))), make_plan(fault.target, allowed=fault.allowed))
        for finding in found.findings:
            if finding.severity != "info":
                pages.setdefault((finding.code, *shape(finding.origin)), (number, finding.origin))
    return pages


def refused_pages() -> dict[tuple[object, ...], tuple[int, str]]:
    """The rule of a healthy server and an origin of each shape that the audit asked about and the server refused."""
    pages: dict[tuple[object, ...], tuple[int, str]] = {}
    for number, fine in enumerate(FINE, len(FAULTS)):
        _, asked = audit_of(those(lambda o, f=fine: bool(f.rule(o))), make_plan(fine.target, allowed=fine.allowed))
        for origin in (a.origin for a in asked if a.origin is not None and not a.preflight):
            if not fine.rule(origin):
                pages.setdefault(shape(origin), (number, origin))
    return pages


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
    assert [probe for probe in probes if not probe["observed"]["agrees"]] == []
    return {(int(p["url"].rpartition("/")[2]), p["origin"]): p["observed"]["verdict"] for p in probes}


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_finding_is_readable_and_what_is_none_is_blocked(browser: str, server: str, tmp_path: Path) -> None:
    findings, refused = found_pages(), refused_pages()
    assert {code for code, *_ in findings} == EVERY_CODE
    assert len(refused) >= 8
    seen = observed([*findings.values(), *refused.values()], server, browser, tmp_path / "pages.jsonl")
    assert [page for page in findings.values() if seen[page] != "allowed"] == []
    assert [page for page in refused.values() if seen[page] != "blocked"] == []
