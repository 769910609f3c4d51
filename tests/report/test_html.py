"""The HTML report in a real browser: filter, open a cell, keyboard, no scripts, print, and nothing that acts or calls."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from corscheck.auditing.poc import page as proof_page
from corscheck.browsers import BrowserUnavailable, find
from tests.report import samples
from tests.report.browse import Page
from tests.report.saved_reports import in_policy, saved, text
from tests.report.test_payloads import PAYLOADS, poisoned, poisoned_audits

pytestmark = pytest.mark.browser

RESULTS = (*samples.MATRIX, replace(samples.REFUSED, url="https://b.example/x"), in_policy(samples.WILDCARD))
SHOWN = "[...document.querySelectorAll('.grid a')].filter(a => a.checkVisibility({visibilityProperty: true}))"
FOCUSED = "document.activeElement.getAttribute('href')"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A browser. Where there is none the tests are skipped, but in CI they fail."""
    missing = None if importlib.util.find_spec("websockets") else "websockets is not installed"
    try:
        find("chromium")
    except BrowserUnavailable as error:
        missing = str(error)
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    page = Page()
    yield page
    page.close()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A report of eight results, of which four are not as expected."""
    path = tmp_path / "report.html"
    path.write_text(text("html", saved(RESULTS)), "utf-8")
    return path


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does: nothing on the console, no violation of the policy, nothing fetched."""
    yield
    if "page" in request.fixturenames:
        page = request.getfixturevalue("page")
        assert page.said == []
        assert {url.partition(":")[0] for url in page.asked} <= {"file", "data", "about"}


def test_the_picture(page: Page, report: Path) -> None:
    page.open(report)
    assert page.run(f"{SHOWN}.length") == len(RESULTS)
    assert page.run("document.querySelector('h1').innerText").startswith("FAILED")
    assert page.run("[...document.querySelectorAll('.panel h2')].map(h => h.innerText)") == [
        "https://api.example.com", "https://b.example", "orders",
    ]  # fmt: skip
    rows = page.run("[...document.querySelectorAll('.grid tbody th')].slice(0, 3).map(h => h.innerText)")
    assert rows == [samples.APP, samples.STAGING, samples.PAGE]
    names = page.run(f"{SHOWN}.map(a => a.textContent.replace(/\\s+/g, ' '))")
    assert names[:6] == [
        "✓allowed",
        "✓allowed*",
        "✓allowed",
        "✕BLOCKED, cause 1",
        "✕BLOCKED, cause 2",
        "✕BLOCKED, cause 2",
    ]


@pytest.mark.parametrize(
    ("name", "count"),
    [("bad", 5), ("allowed", 2), ("preflight-only", 1), ("blocked", 4), ("inconclusive", 1), ("all", 8)],
)
def test_filter(name: str, count: int, page: Page, report: Path) -> None:
    page.open(report)
    page.click(f"label:has(#show-{name})")
    assert page.run(f"{SHOWN}.length") == count


def test_a_cell_opens_all_there_is_to_know(page: Page, report: Path) -> None:
    page.open(report)
    page.click(".grid a[href='#p8']")
    page.until("document.getElementById('sheet').open")
    said = page.run("document.getElementById('sheet').innerText")
    for part in ("BLOCKED", "GET http://localhost:8000/data", "corscheck.toml:12", "Steps", "Allow-Origin", "Exchanges",
                 "Answer with the exact origin, and add", "note"):  # fmt: skip
        assert part in said
    page.click("#sheet .exchange summary")
    assert "Access-Control-Allow-Origin: *" in page.run("document.getElementById('sheet').innerText")
    page.click("#sheet .close")
    page.until("!document.getElementById('sheet').open && location.hash === ''")


def test_a_command_can_be_copied(page: Page, tmp_path: Path) -> None:
    command = "corscheck fix --for fastapi http://h/ -H 'X-A: <b>'"
    finding = replace(samples.WILDCARD.findings[0], advice=f"Change it.\n  {command}")
    path = tmp_path / "copy.html"
    path.write_text(text("html", saved([replace(samples.WILDCARD, findings=(finding,))])), "utf-8")
    page.open(path)
    assert page.run("document.querySelectorAll('main button.copy').length") == 1
    page.run("var copied; navigator.clipboard.writeText = (text) => { copied = text; return Promise.resolve(); }")
    page.click("main button.copy")
    page.until("document.querySelector('main button.copy').textContent === 'Copied'")
    assert page.run("copied") == command
    page.run("navigator.clipboard.writeText = () => Promise.reject(new Error('no permission'))")
    page.click("main button.copy")
    page.until("document.querySelector('main button.copy').textContent === 'Press Ctrl+C'")
    assert page.run("getSelection().toString()") == command
    page.open(path, "#p1")
    page.until("document.getElementById('sheet').open")
    assert page.run("document.querySelectorAll('#sheet button.copy').length") == 1
    # The script adds the buttons, so that there are none where it does not run.
    assert "<button" not in path.read_text("utf-8").partition("<script>")[0]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_the_page(width: int, dark: bool, page: Page, report: Path) -> None:
    page.open(report, width=width, dark=dark)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    page.open(report, "#p8", width=width, dark=dark)
    page.until("document.getElementById('sheet').open")
    assert page.run("document.getElementById('sheet').getBoundingClientRect().left") >= 0
    assert page.run("document.getElementById('sheet').scrollWidth <= document.getElementById('sheet').clientWidth")


def test_the_causes_of_many_hosts_open_their_examples(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "many.html"
    path.write_text(
        text("html", saved(replace(samples.WILDCARD, url=f"https://h{n}.example/x") for n in range(50))), "utf-8"
    )
    page.open(path)
    assert page.run(f"{SHOWN}.length") == 0
    page.click(".members a")
    page.until("document.getElementById('sheet').open")
    page.press("Escape")
    page.until("!document.getElementById('sheet').open")
    assert page.run(FOCUSED) == "#p1"
    page.click(".rest > summary")
    assert page.run(f"{SHOWN}.length") == 50


def test_by_keyboard(page: Page, report: Path) -> None:
    page.open(report)
    page.run("document.querySelector('.grid a').focus()")
    visited = []
    for key in (
        "ArrowRight",
        "ArrowDown",
        "ArrowDown",
        "ArrowLeft",
        "ArrowDown",
        "ArrowDown",
        "ArrowUp",
        "ArrowUp",
        "End",
    ):
        page.press(key)
        visited.append(page.run(FOCUSED))
    assert visited == ["#p2", "#p4", "#p6", "#p5", "#p7", "#p8", "#p7", "#p5", "#p6"]
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("Enter")
    page.until("document.getElementById('sheet').open")
    assert page.run("document.activeElement.id") == "sheet-title"
    page.press("Escape")
    page.until("!document.getElementById('sheet').open")
    # The dialog is closed before its event says so.
    page.until("location.hash === ''")
    assert page.run(FOCUSED) == "#p6"


def test_the_tab_key_stops_once_per_table(page: Page, report: Path) -> None:
    page.open(report)
    assert page.run("document.querySelectorAll('.grid a[tabindex=\"0\"]').length") == 3


def test_an_address_opens_its_cell_and_back_closes_it(page: Page, report: Path) -> None:
    page.open(report, "#p4")
    page.until("document.getElementById('sheet').open")
    assert "PUT https://api.example.com/orders" in page.run("document.getElementById('sheet').innerText")
    page.press("Escape")
    page.until("location.hash === ''")
    page.click(".members a[href='#p5']")
    page.until("document.getElementById('sheet').open")
    page.run("history.back()")
    page.until("!document.getElementById('sheet').open")


def test_without_javascript(page: Page, report: Path) -> None:
    page.open(report, "#p8", scripts=False)
    visible = "[...document.querySelectorAll('article.sheet')].filter(a => a.checkVisibility()).map(a => a.id)"
    assert page.run(visible) == ["p8"]
    assert "Answer with the exact origin" in page.run("document.getElementById('p8').innerText")
    page.click("#p8 .close")
    page.until("location.hash === '#matrix'")
    assert page.run(visible) == []
    page.click("label:has(#show-blocked)")
    assert page.run(f"{SHOWN}.length") == 4


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
def test_every_text_can_be_read(width: int, dark: bool, page: Page, report: Path) -> None:
    """Contrast of what is in the cells, the chips and the sheet is at least 4.5 to 1; the page does not scroll sideways."""
    page.open(report, "#p8", width=width, dark=dark)
    page.until("document.getElementById('sheet').open")
    contrasts = page.run(CONTRAST)
    assert contrasts
    assert {what: round(ratio, 2) for what, ratio in contrasts.items() if ratio < 4.5} == {}
    assert page.run("document.documentElement.scrollWidth <= innerWidth")


CONTRAST = """(() => {
  const numbers = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => { const f = (v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const ground = (e) => { for (; e; e = e.parentElement) { const s = getComputedStyle(e);
    if (s.backgroundImage !== 'none') return [217, 167, 34];
    const c = numbers(s.backgroundColor); if (s.backgroundColor.startsWith('rgb') && (c.length < 4 || c[3] > .9)) return c; }
    return [255, 255, 255]; };
  const out = {};
  for (const e of document.querySelectorAll('.cell a, .chip, .badge, .from, .run, .steps td, .number, h1 strong, a, b')) {
    if (!e.checkVisibility() || !e.innerText.trim()) continue;
    const a = light(numbers(getComputedStyle(e).color)), b = light(ground(e));
    out[`${e.tagName}.${e.className} ${e.innerText.slice(0, 12)}`] = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  }
  return out;
})()"""


def test_printed(page: Page, report: Path) -> None:
    page.open(report)
    assert page.pdf().startswith(b"%PDF")
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.run("document.querySelector('.filters').checkVisibility()") is False
    assert page.run(f"{SHOWN}.length") == len(RESULTS)
    assert page.run("document.querySelector('.cause').checkVisibility()") is True


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_nothing_of_a_server_acts(scripts: bool, page: Page, tmp_path: Path) -> None:
    """All payloads in one page, each result opened."""
    results = [result for payload in PAYLOADS.values() for result in poisoned(payload)]
    path = tmp_path / "report.html"
    audits = [audit for payload in PAYLOADS.values() for audit in poisoned_audits(payload)]
    path.write_text(text("html", saved(results, audits=audits)), "utf-8")
    page.open(path, scripts=scripts)
    for number in range(1, len(results) + 1, 1 if scripts else 7):
        page.run(f"location.hash = '#p{number}'")
        page.until("document.getElementById('sheet').open" if scripts else "!!document.querySelector(':target')")
    allowed = page.run("document.querySelectorAll('script, style, img, iframe, object, form').length")
    assert allowed == 2, "the page's own style and script"
    assert page.run("[...document.querySelectorAll('a')].every(a => /^(file|https):/.test(a.href))")


def test_nothing_of_a_server_acts_in_a_proof_page(page: Page, tmp_path: Path) -> None:
    """All payloads in one page: each is shown as text, nothing of them is markup, nothing is asked for by itself."""
    findings = [(p, a) for p in PAYLOADS.values() for a in poisoned_audits(p) if not p.startswith("A" * 1000)]
    path = tmp_path / "proof.html"
    path.write_text(proof_page([audit for _, audit in findings]), "utf-8")
    page.open(path)
    page.until("document.querySelectorAll('section').length > 20")
    assert page.run("document.querySelectorAll('script').length") == 2
    assert page.run("document.querySelectorAll('style, img, iframe, object, form, a, svg').length") == 1, (
        "its own style"
    )
    shown = page.run("[...document.querySelectorAll('h2')].map(h => h.textContent)")
    for payload, _ in findings:
        if payload.isprintable():
            assert f"{payload} {payload}" in shown


def test_ten_thousand_results_stay_usable(page: Page, tmp_path: Path) -> None:
    from tests.bench.rendering import results

    path = tmp_path / "report.html"
    path.write_text(text("html", saved(results(10_000))), "utf-8")
    page.open(path)
    assert page.run("document.querySelectorAll('.grid a').length") == 10_000
    assert page.run("document.querySelectorAll('article.sheet').length") == 0
    assert page.run("document.querySelectorAll('*').length") < 120_000
    page.click(".rest > summary")
    page.click("label:has(#show-inconclusive)")
    assert 0 < page.run(f"{SHOWN}.length") < 100
    page.run("location.hash = '#p9999'")
    page.until("document.getElementById('sheet').open")


def test_the_policy_names_the_only_script_and_style() -> None:
    page = text("html", saved(RESULTS))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert page.count("<script") == page.count("<style") == 1
    assert not re.search(r"(?:src|href)=\"?(?:http:|//)", page.partition("<body>")[0])
