"""``--in-browser``: what a browser was seen to do stands beside the prediction, and decides the exit status."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from msgspec.structs import replace

from corscheck.model.result import Observation
from corscheck.model.values import Probe
from tests.cli.fakes import Command, Runner, answer


def _observe(monkeypatch: pytest.MonkeyPatch, seen: Observation | Exception) -> None:
    from corscheck import browsers

    def fake(probes: list[Probe], browser: str, network: object) -> list[Observation]:
        if isinstance(seen, Exception):
            raise seen
        return [replace(seen, browser=browser) for _ in probes]

    monkeypatch.setattr(browsers, "observe", fake, raising=False)
    monkeypatch.setattr(browsers, "check", lambda probes, browser, network: None, raising=False)


def _compare(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    # By its name in the package it is the function, not the module.
    module = import_module("corscheck.browsers.compare")
    monkeypatch.setattr(module, "compare", lambda result, seen: replace(seen, **changes))


SEEN = Observation("chromium", "1.2", "allowed", ("content-length", "content-type"))


def test_a_browser_that_agrees(command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    _observe(monkeypatch, SEEN)
    _compare(monkeypatch, agrees=True)
    done = command.probe("--in-browser", "chromium")
    assert done.status == 0
    assert "Chromium 1.2 was seen to do the same." in done.stdout


def test_a_browser_that_differs(command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    _observe(monkeypatch, replace(SEEN, verdict="blocked"))
    _compare(monkeypatch, agrees=False, differences=("verdict",))
    done = command.probe("--in-browser", "chromium")
    assert done.status == 4
    assert "Please report" in done.stdout


def test_another_engine_drives(command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The prediction that is compared follows the rules of the browser's engine, and asks without experiments."""
    from corscheck.model.result import Result
    from corscheck.runner.single import Conversation

    asked: list[tuple[str, bool]] = []

    def ask(self: Conversation, probe: Probe) -> Result:
        asked.append((probe.engine, self.options.diagnose))
        return answer(probe)

    compared: list[str] = []

    def compare(result: Result, seen: Observation) -> Observation:
        compared.append(result.engine)
        return replace(seen, agrees=True)

    monkeypatch.setattr(Conversation, "ask", ask)
    _observe(monkeypatch, SEEN)
    monkeypatch.setattr(import_module("corscheck.browsers.compare"), "compare", compare)
    done = command.probe("--in-browser", "webkit", "--engine", "firefox")
    assert done.status == 0
    assert "WebKitGTK 1.2 was seen to do the same." in done.stdout
    assert (asked, compared) == ([("webkit", False)], ["webkit"])
    assert command.probe("--in-browser", "firefox", "--engine", "firefox").status == 0
    assert (asked, compared) == ([("webkit", False)], ["webkit", "firefox"])


def test_what_was_not_compared_has_a_reason(command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    _observe(monkeypatch, replace(SEEN, verdict="blocked", error="X"))
    _compare(monkeypatch, agrees=None, differences=("not compared: libsoup joins several Location headers",))
    done = command.probe("--in-browser", "chromium")
    assert done.status == 0
    assert "Chromium 1.2: blocked (X); not compared: libsoup joins several Location headers." in " ".join(
        done.stdout.split()
    )


def test_no_browser(command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    from corscheck.browsers import BrowserUnavailable

    _observe(monkeypatch, BrowserUnavailable("no Edge in PATH"))
    done = command.probe("--in-browser", "edge")
    assert done.status == 3
    assert "Edge could not be tested: no Edge in PATH" in done.stdout
    assert "ALLOWED" in done.stdout


def test_interrupted_in_the_browser(command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    _observe(monkeypatch, SEEN)
    monkeypatch.setattr("corscheck.browsers.observe", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    done = command.probe("--in-browser", "chromium")
    assert done.status == 130
    assert "ALLOWED" in done.stdout


@pytest.mark.parametrize("more", [("http://b.example/",), ("-X", "GET", "-X", "HEAD")])
def test_a_browser_that_differs_from_one_of_many(
    more: tuple[str, ...], command: Command, fake: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    _observe(monkeypatch, SEEN)
    _compare(monkeypatch, agrees=False, differences=("verdict: predicted allowed, observed blocked",))
    done = command.probe(*more, "--in-browser", "chromium")
    assert done.status == 4
    assert done.stdout.count("- verdict: predicted allowed, observed blocked") == 2
    assert "In 2 the browser was seen to differ" in " ".join(done.stdout.split())
