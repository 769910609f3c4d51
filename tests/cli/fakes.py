"""A runner that answers from the probe alone, and a way to run a command line in this process."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from corscheck.cli import app
from corscheck.model.result import EngineVerdict, Result
from corscheck.model.values import Probe
from corscheck.protocol.outcome import Verdict
from corscheck.runner import many, single
from corscheck.runner.options import RunOptions
from tests.report import samples


def verdict_of(probe: Probe) -> Verdict:
    """The verdict is the last part of the URL's path: ``/blocked``; anything else is allowed."""
    last = probe.url.rstrip("/").rpartition("/")[2]
    return last if last in ("blocked", "invalid", "inconclusive") else "allowed"  # type: ignore[return-value]


def answer(probe: Probe) -> Result:
    """A result that fits the probe. ``/held`` is held back after a good preflight."""
    verdict = verdict_of(probe)
    sample = {
        "allowed": samples.PREFLIGHT_ONLY if probe.url.endswith("/held") else samples.ALLOWED,
        "blocked": samples.WILDCARD,
        "invalid": samples.INVALID,
        "inconclusive": samples.REFUSED,
    }[verdict]
    return replace(
        sample,
        url=probe.url,
        origin=probe.origin,
        method=probe.method,
        headers=probe.headers,
        credentials=probe.credentials,
        redirect=probe.redirect,
        mode=probe.mode,
        body=None if probe.body is None else len(probe.body),
        engine=probe.engine,
        gate=probe.gate,
        send=probe.send,
        index=probe.index,
        expected=probe.expected,
        passed=verdict == probe.expected,
        engines={name: EngineVerdict(verdict, "recorded") for name in ("standard", "chromium", "firefox", "webkit")},
    )


@dataclass
class Runner:
    """Stands in for ``corscheck.runner``: keeps what it was asked. ``before`` is called ahead of each answer."""

    probes: list[Probe] = field(default_factory=list)
    options: RunOptions | None = None
    before: Callable[[Probe], None] = lambda probe: None
    asynchronous: bool = False

    def one(self, probe: Probe, options: RunOptions | None = None) -> Result:
        self.options = options
        self.before(probe)
        self.probes.append(probe)
        return answer(probe)

    def all(self, probes: Iterable[Probe], options: RunOptions | None, take: Callable[[Result], object]) -> None:
        self.asynchronous = True
        for probe in probes:
            if take(self.one(probe, options)) is True:
                return

    @property
    def probe(self) -> Probe:
        """The only probe."""
        (probe,) = self.probes
        return probe


@dataclass(frozen=True)
class Done:
    """What a command line came to."""

    status: int
    stdout: str
    stderr: str


class Command:
    """Runs command lines in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str, stdin: bytes = b"") -> Done:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        self._monkeypatch.setattr(sys, "argv", ["corscheck", *argv])
        self._capsys.readouterr()
        status = app.run(argv)
        out, err = self._capsys.readouterr()
        return Done(status, out, err)

    def probe(self, *argv: str, stdin: bytes = b"") -> Done:
        """``corscheck probe URL --origin ORIGIN ...``"""
        return self("probe", "http://api.example/data", "--origin", "https://app.example", *argv, stdin=stdin)


def install(monkeypatch: pytest.MonkeyPatch) -> Runner:
    fake = Runner()
    monkeypatch.setattr(single, "run_one", fake.one)
    monkeypatch.setattr(many, "ask_all", fake.all)
    return fake
